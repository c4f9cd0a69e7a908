"""What a field shows of itself: sizes, colours and stains that its parts are looked at with."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from leukofeat.segmentation.leukocyte.cell_fit import BINS, fit_cells
from leukofeat.segmentation.leukocyte.cells import BOLD, ROUNDS, Colors, find_seeds
from leukofeat.segmentation.leukocyte.cores import core_gaps, solitary_stains, split_cores
from leukofeat.segmentation.leukocyte.dyes import Dyes, OneDye, are_usual, other_dyes
from leukofeat.segmentation.leukocyte.first_look import LEAST_SEEN_RADIUS, WORK_RADIUS, first_look, look
from leukofeat.segmentation.leukocyte.frame import on_slide, reduced
from leukofeat.segmentation.leukocyte.planes import slide_color
from leukofeat.segmentation.leukocyte.segment import LEAST_SIDE
from leukofeat.segmentation.leukocyte.steps import find_dyes


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


def dyes_of(image: np.ndarray) -> Dyes | OneDye | None:
    """Dyes of an (H, W, 3) uint8 field, as it is seen from afar; None where they are the usual ones."""
    if min(image.shape[:2]) < LEAST_SIDE:
        return None
    image = on_slide(image)
    planes, cores = look(image, None)
    usual = are_usual(image, cores, cores, planes, cores)
    return None if other_dyes(image, planes, cores, usual) is None else find_dyes(image)[1]


class Seen(NamedTuple):
    """What a part of a field shows: what all parts show together is known of the field."""

    solitary: np.ndarray  # (m,) stain of the solitary cores, and
    stain: np.ndarray  # (n,) of all, for `most_stain`
    outside: Colors


def survey(image: np.ndarray, diameter: float, background: np.ndarray) -> Seen:
    """Look at a part of a field for what segmenting takes from the whole of it.

    Parameters
    ----------
    image : (H, W, 3) uint8
    diameter : float
        Typical, of a nucleus in pixels.
    background : (3,) float64
        L*a*b* of the empty slide.
    """
    planes, cores = look(on_slide(image), diameter, background)
    bodies = split_cores(cores, planes.azure) if cores.any() else None
    solid = None if bodies is None else bodies.keep(bodies.stained)
    if solid is None or solid.n == 0:
        colors = np.bincount(planes.bins.ravel(), minlength=BINS).astype(np.float32)
        return Seen(np.zeros(0), np.zeros(0), (colors, colors))
    seeds = find_seeds(solid, planes)
    cells = fit_cells(planes, seeds, BOLD, ROUNDS)
    later = np.bincount(planes.bins[cells == 0], minlength=BINS).astype(np.float32)
    return Seen(solitary_stains(solid, core_gaps(solid)), solid.stain, (seeds.rest, later))


def together(seen: Sequence[Seen]) -> Seen:
    """What several parts of a field show."""
    first, later = (np.stack([one.outside[k] for one in seen]).sum(axis=0, dtype=np.float32) for k in (0, 1))
    return Seen(
        np.concatenate([one.solitary for one in seen]), np.concatenate([one.stain for one in seen]), (first, later)
    )
