"""Light and haze of a poor microscope, as benchmarks/segmentation.py makes them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from outlines.changed import veiled, vignetted

__all__ = ["veiled", "vignetted"]
