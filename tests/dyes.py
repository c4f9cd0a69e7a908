"""Smears as other dyes would have stained them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from outlines.changed import DRAINED, TEAL
from outlines.changed import dyed as dyed_by

BROWN = [[1, 0, 0], [0, 1, 0], [0, 0.3, 1]]
DYES = {"teal": (TEAL, (0.55, 0.88, 0.92)), "drained": (DRAINED, (1, 1, 1)), "brown": (BROWN, (1, 1, 1))}


def dyed(image, name):
    return dyed_by(image, *DYES[name])
