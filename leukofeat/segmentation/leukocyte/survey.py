"""What a field shows of itself: sizes, colours and stains that its parts are looked at with."""

import numpy as np

from leukofeat.segmentation.leukocyte.cores import core_gaps, solitary_stains, split_cores
from leukofeat.segmentation.leukocyte.frame import on_slide, reduced
from leukofeat.segmentation.leukocyte.planes import slide_color
from leukofeat.segmentation.leukocyte.segment import LEAST_SEEN_RADIUS, LEAST_SIDE, WORK_RADIUS, first_look, look


def typical_diameter(image: np.ndarray) -> float | None:
    """Typical diameter of a nucleus in pixels, as it is estimated from an (H, W, 3) uint8 image; None where none is seen."""
    if min(image.shape[:2]) < LEAST_SIDE:
        return None
    _, cores, _, radius = first_look(on_slide(image))
    return 2 * radius if cores.any() and radius >= LEAST_SEEN_RADIUS else None


def slide_of(image: np.ndarray, factor: int, diameter: float) -> np.ndarray:
    """L*a*b* of the empty slide of a field, (3,) float64, as nuclei of this diameter are looked at.

    `image` is the field, shrunken `factor` times.
    """
    return slide_color(reduced(on_slide(image), min(1.0, 2 * WORK_RADIUS / diameter * factor)))


def stains_seen(image: np.ndarray, diameter: float, background: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stain of the solitary cores and of all cores of a part of a field: what all parts show gives `most_stain` of the field."""
    planes, cores = look(on_slide(image), diameter, background)
    if not cores.any():
        return np.zeros(0), np.zeros(0)
    bodies = split_cores(cores, planes.azure)
    solid = bodies.keep(bodies.stained)
    return solitary_stains(solid, core_gaps(solid)), solid.stain
