"""Bodies that are seen and are no leukocytes: platelets, precipitate, smudges; kept with the reason."""

from collections.abc import Callable

import numpy as np

from leukofeat.dropped import Dropped
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.segmentation.leukocyte.bodies import Bodies, keep_labels, weighted_mean
from leukofeat.segmentation.leukocyte.frame import enlarged

LITTLE_STAIN = "too little stain for a nucleus: a platelet or precipitate"
PALE_BODY = "too pale for a nucleus beside the others: a red cell or a smudge"
SMALL = "too small for a leukocyte against the red cells: a platelet or precipitate"
LEAST_RADIUS = 0.5  # radius of a leukocyte, in red cells, at least
LEAST_DENSITY = 0.3  # mean stain of a nucleus, against that of the others, at least

Debris = list[tuple[np.ndarray, str]]  # label maps of what was dropped, at the working scale, and why


def drop_debris(bodies: Bodies, debris: Debris) -> Bodies:
    """Drop bodies with too little stain for a nucleus, against the others."""
    stained = bodies.stained
    _note(debris, bodies.labels, stained, LITTLE_STAIN)
    return bodies.keep(stained)


def are_leukocytes(nuclei: Bodies, cells: Bodies, red: float, debris: Debris) -> np.ndarray:
    """Whether each is a leukocyte by its stain and its size in red cells, of this radius or of 0 for unknown, (n,) bool."""
    stained, dark = nuclei.stained, nuclei.density >= LEAST_DENSITY * weighted_mean(nuclei.density, nuclei.stain + 1)
    large = (cells.radius >= LEAST_RADIUS * red) | cells.cut
    for seen, reason in (stained, LITTLE_STAIN), (dark | ~stained, PALE_BODY), (large | ~dark | ~stained, SMALL):
        _note(debris, nuclei.labels, seen, reason)
    return stained & dark & large


def dropped_bodies(
    debris: Debris, shape: tuple[int, int], back: Callable[[np.ndarray], np.ndarray]
) -> tuple[Dropped, ...]:
    """What was dropped of an image of this shape, turned back."""
    dropped: list[Dropped] = []
    for labels, reason in debris:
        table = region_boxes(back(labels if labels.shape == shape else enlarged(labels, shape[::-1])))
        dropped += [Dropped(y / area, x / area, int(area), reason) for area, y, x in table[:, 4:7].tolist() if area]
    return tuple(sorted(dropped))


def _note(debris: Debris, labels: np.ndarray, keep: np.ndarray, reason: str) -> None:
    """Add what is not kept of labels 1..n to the debris."""
    if not keep.all():
        debris.append((keep_labels(labels, ~keep), reason))
