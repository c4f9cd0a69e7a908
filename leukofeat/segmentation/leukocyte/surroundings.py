"""What is known of the field that an image is a part of."""

from typing import NamedTuple

import numpy as np

from leukofeat.scale.record import Scale
from leukofeat.segmentation.leukocyte.cells import Colors
from leukofeat.segmentation.leukocyte.dyes import Dyes, OneDye


class Surroundings(NamedTuple):
    """What is known of the field that an image is a part of."""

    diameter: float  # typical, of a nucleus in pixels
    background: np.ndarray  # (3,) float64, L*a*b* of the empty slide
    scale: Scale
    stain: float  # that one nucleus may hold, see `survey`; infinite where the field does not show it
    outside: Colors
    dyes: Dyes | OneDye | None = None  # where they are other than the usual ones
