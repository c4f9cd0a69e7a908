"""The benchmark of segmentation: what it counts and how; its modules lie in benchmarks/outlines."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
