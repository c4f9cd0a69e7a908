"""The steps at the working scale, one after the other: cores, lobes, cells, nuclei, selection; and once more under other dyes."""

from functools import cache
from typing import NamedTuple

import numpy as np

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.scale.estimate import estimate_scale
from leukofeat.segmentation.leukocyte.bodies import Bodies, keep_labels
from leukofeat.segmentation.leukocyte.cells import settle_cells
from leukofeat.segmentation.leukocyte.clusters import TYPICAL_NUCLEUS, red_cells_of_cluster, split_clusters
from leukofeat.segmentation.leukocyte.confidence import distinctness, sharpness
from leukofeat.segmentation.leukocyte.cores import split_cores
from leukofeat.segmentation.leukocyte.debris import Debris, are_leukocytes, drop_debris
from leukofeat.segmentation.leukocyte.dyes import Dyes, OneDye, are_usual, in_usual_dyes, other_dyes, stand_out
from leukofeat.segmentation.leukocyte.first_look import look
from leukofeat.segmentation.leukocyte.lobes import join_lobes, join_pairs
from leukofeat.segmentation.leukocyte.nuclei import draw_nuclei
from leukofeat.segmentation.leukocyte.planes import Planes, shows_bodies
from leukofeat.segmentation.leukocyte.surroundings import Surroundings

# where dyes are weak or others, the nuclei of more cells than so many have to be this distinct in the mean: shards of red cells do not
MANY, CLEAR = 3, 0.57
# sureness that has to be passed to count, against that under the dyes as they are: under other dyes, and where weak ones are made stronger
SURE, SURER = 0.7, 1.25


class Outlined(NamedTuple):
    """What is found at the working scale."""

    nuclei: np.ndarray  # (h, w) int32
    cells: np.ndarray  # (h, w) int32
    distinctness: np.ndarray  # (n,) float64, of nuclei in their cells
    sharpness: np.ndarray  # (n,) float64, of the outlines of cells
    debris: Debris

    @property
    def confidence(self) -> np.ndarray:
        """How sure each cell is, (n,) float64, 0 to 1."""
        return self.distinctness * self.sharpness

    @property
    def sureness(self) -> float:
        """Distinctness of a nucleus times the share of the image that its cell has, in the mean: low for shards of one, 0 for none."""
        area = region_boxes(self.cells, len(self.distinctness))[:, 4]
        return float((area * self.distinctness).sum() / max(1, area.size) / self.cells.size)

    @property
    def is_clear(self) -> bool:
        """Whether cells are few, or their nuclei distinct in the mean."""
        return len(self.distinctness) <= MANY or bool(self.distinctness.mean() >= CLEAR)


def find_dyes(
    image: np.ndarray, diameter: float | None = None, *, fine: bool = True
) -> tuple[Outlined | None, Dyes | OneDye | None]:
    """What is found in an image, None where there are no bodies, and its dyes, None where they are the usual ones.

    Other dyes count where what is found with them is clear, and neither falls to pieces nor is less sure by far. Weak ones are made stronger where what is
    found then is surer, and no red cells, and strong ones weaker where fewer cells are found then, as red ones are lost; unless `fine`, where nothing was found.
    """
    seen = look(image, diameter)
    found = outline(image, seen, diameter, None, fine=fine)
    usual = found is not None and are_usual(image, found.nuclei, found.cells, *seen)
    dyes = other_dyes(image, *seen, usual)
    n_found = 0 if found is None else len(found.distinctness)
    if dyes is None or (dyes.scaled and not fine and n_found > 0) or (dyes.strong and n_found == 1):
        return found, None
    stained = in_usual_dyes(image, dyes)
    again = outline(stained, look(stained, diameter), diameter, None, fine=fine)
    if (
        again is None
        or not again.is_clear
        or (dyes.strong and 0 < n_found <= len(again.distinctness))
        or (dyes.scaled and not stand_out(image, again.nuclei, again.cells, dyes.slide))
    ):
        return found, None
    if found is not None and again.sureness <= (SURER if dyes.scaled and not dyes.strong else SURE) * found.sureness:
        return found, None
    return again, dyes


def outline(
    image: np.ndarray,
    seen: tuple[Planes, np.ndarray],
    diameter: float | None,
    field: Surroundings | None,
    *,
    fine: bool,
) -> Outlined | None:
    """Leukocytes of an image that has been looked at, `fine` as of `LeukocyteSegmenter`; None where there are no bodies."""
    background, most, outside = (None,) * 3 if field is None else (field.background, field.stain, field.outside)
    planes, cores = seen
    if not cores.any() or not shows_bodies(planes):
        return None
    debris: Debris = []
    scale = cache(lambda: estimate_scale(image) if field is None else field.scale)
    solid = drop_debris(split_cores(cores, planes.azure), debris)
    bodies, cells, limits = join_lobes(
        solid, planes, lambda: scale().times(_ratio(planes, image)), 0.0, most, outside, fine=fine
    )
    red = red_cells_of_cluster(solid, limits, scale, suppose=field is None and diameter is None)
    if red > 0:
        # several nuclei: they are looked at again, at the scale that the red cells tell
        told = red == limits.red
        red /= _ratio(planes, image)
        closer, cores = look(image, diameter or 2 * TYPICAL_NUCLEUS * red, background)
        red *= _ratio(closer, image)
        pieces: Debris = []
        solid = drop_debris(split_cores(split_clusters(cores, closer, red), closer.azure), pieces)
        if solid.n > 0:
            planes, debris = closer, pieces
            bodies, cells, limits = join_lobes(
                solid,
                planes,
                lambda: scale().times(_ratio(closer, image)),
                red if told else 0.0,
                outside=outside,
                fine=fine,
            )
    bodies = Bodies.measure(draw_nuclei(cells, bodies.labels, planes, fine=fine).labels, planes.azure, bodies.n)
    bodies = drop_debris(join_pairs(bodies, cells, planes.azure, limits), debris)
    if bodies.n == 0:
        return Outlined(bodies.labels, bodies.labels, np.zeros(0), np.zeros(0), debris)
    cells = settle_cells(bodies, planes, outside, fine=fine)
    nuclei, evidence = draw_nuclei(cells, bodies.labels, planes, fine=fine)
    bodies = Bodies.measure(nuclei, planes.azure, bodies.n)
    distinct, sharp = distinctness(evidence, bodies, cells, limits.red), sharpness(cells, bodies.n, planes.offset)
    keep = are_leukocytes(bodies, Bodies.measure(cells, planes.azure, bodies.n), limits.red, debris)
    return Outlined(keep_labels(nuclei, keep), keep_labels(cells, keep), distinct[keep], sharp[keep], debris)


def _ratio(planes: Planes, image: np.ndarray) -> float:
    """Working scale: pixels of the planes per pixel of the image."""
    return planes.azure.shape[1] / image.shape[1]
