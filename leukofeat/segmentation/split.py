"""Cells of a segmented smear that hold several, split by watershed: the stage over `split_touching`."""

from typing import Any, ClassVar

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.constraints import Number, OneOf, Real, check
from leukofeat.kernels.regions.labels import nearest_label, number_in_order
from leukofeat.kernels.regions.watershed import grow
from leukofeat.label_maps import MOST
from leukofeat.segmentation.watershed import SPLIT, Split, marked_parts
from leukofeat.smear import Smear

_REGION = OneOf("nucleus", "cell")


def split_smear(smear: Smear, region: str = "nucleus", *, h: float = 1.0, markers: Split = "extended") -> Smear:
    """Split the cells of a segmented smear at the necks of their nuclei, or of the cells themselves.

    Each label is split by itself, by the watershed of :func:`split_touching` on the Euclidean distance to whatever is not this
    nucleus (or cell): labels are never joined, and the same pixels belong to cells and to nuclei before and after.

    Parameters
    ----------
    smear : Smear
        A segmented record, whoever segmented it.
    region : {"nucleus", "cell"}
        Which map is split; the other follows. "nucleus": each cell is divided among the parts of its nucleus, every pixel going to
        the part nearest on a path inside the cell. "cell": nuclei are cut along the borders of the new cells.
    h : float
        A neck splits when it is narrower than both sides by this much, in pixels of radius.
    markers : {"extended", "h_maxima"}
        How the maxima of the distance are marked, see :func:`split_touching`.

    Returns
    -------
    Smear
        `smear` itself where nothing is split. Otherwise cells that were not split come first, with their `label_ids`; behind them
        the parts of those that were, in the order of the cells and of their first pixels. Parts are called by new ids, counted on from
        the highest in use, and the id of a cell that was split is gone: an id in both records is the same cell.

    Raises
    ------
    ValueError
        When the smear is not segmented, or a parameter is not what it may be.

    Notes
    -----
    What of a label lies apart is a part of its own, unless it is too thin to hold a maximum higher than `h`: then it goes with the
    nearest part, as specks do. The lobes of a granulocyte's nucleus are such parts: where there are granulocytes, split cells.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> nuclei, cells = np.zeros((40, 60), np.uint8), np.zeros((40, 60), np.uint8)
    >>> for x in (20, 38):
    ...     nuclei, cells = cv2.circle(nuclei, (x, 20), 10, 1, -1), cv2.circle(cells, (x, 20), 14, 1, -1)
    >>> smear = Smear(np.full((40, 60, 3), 200, np.uint8), nuclei, cells)
    >>> split_smear(smear), split_smear(smear).label_ids.tolist()
    (Smear(60x40, 2 cells), [2, 3])
    """
    check("region", region, _REGION)
    check("h", h, Number(Real, 0, above=True))
    check("markers", markers, SPLIT)
    cells, nuclei = smear.region("cell"), smear.region("nucleus")
    out, n_before = cells.copy(), smear.n_cells
    n = n_before
    for i, box in enumerate(smear.region_boxes("cell")):
        # one pixel of what is around the cell is kept: the distance is measured to it
        part = np.s_[max(box[0] - 1, 0) : box[2] + 1, max(box[1] - 1, 0) : box[3] + 1]
        inside = (cells[part] == i + 1).astype(np.uint8)
        parts = _parts(inside if region == "cell" else (nuclei[part] == i + 1).astype(np.uint8), inside, h, markers)
        if parts is not None:
            out[part] = np.where(parts > 0, parts + np.int32(n), out[part])
            n += int(parts.max())
    if n == n_before:
        return smear
    given = np.asarray(smear.label_ids)
    if given.max() + n - n_before >= MOST:
        raise ValueError(
            f"No ids are left above the label {given.max()}; renumber the label maps, as Smear does without label_ids."
        )
    ids = np.concatenate([given, given.max() + 1 + np.arange(n - n_before)])
    confidence = np.append(np.asarray(smear.confidence), np.full(n - n_before, np.nan))
    found = smear.of_cells | {"label_ids": ids, "confidence": confidence}
    return smear.replace(nuclei=np.where(nuclei > 0, out, np.int32(0)), cells=out, **found)


def _parts(split: np.ndarray, cell: np.ndarray, h: float, markers: Split) -> np.ndarray | None:
    """The parts of a cell, given the mask that is split and the cell's own: (H, W) int32, 1..n in order of first pixels; None for one."""
    parts = marked_parts(split, h, markers)
    n = int(parts.max(initial=0))
    if n < 2:
        return None
    grow(parts, cell)
    parts = np.where(cell > 0, np.where(parts > 0, parts, nearest_label(parts)[0]), np.int32(0))
    number_in_order(parts.ravel(), n)
    return parts


class WatershedSplitter(ImageStage):
    """Split the cells of segmented smears at their necks, by the watershed on the distance transform.

    For any segmenter that leaves touching cells joined, and for label maps from elsewhere. The segmenters' own
    :class:`Cleanup` does the same to nuclei by default.

    Parameters
    ----------
    region : {"nucleus", "cell"}, default="nucleus"
        Which map is split; the other follows. "nucleus": each cell is divided among the parts of its nucleus; a granulocyte falls
        apart into its lobes. "cell": nuclei are cut along the borders of the new cells; cells need no nucleus.
    h : float, default=1.0
        A neck splits when it is narrower than both sides by this much, in pixels of radius.
    markers : {"extended", "h_maxima"}, default="extended"
        How the maxima of the distance are marked, see :func:`split_touching`.

    See Also
    --------
    split_smear : The same of one smear, and what parts are called.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.segmentation import Cleanup, OtsuSegmenter, WatershedSplitter
    >>> images = make_smears(n_samples=8, random_state=0).images
    >>> joined = OtsuSegmenter(cleanup=Cleanup(split=None)).transform(images)
    >>> split = WatershedSplitter().transform(joined)
    >>> all(after.n_cells >= before.n_cells for before, after in zip(joined, split))
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "region": [_REGION],
        "h": [Number(Real, 0, above=True)],
        "markers": [SPLIT],
    }

    def __init__(self, region: str = "nucleus", *, h: float = 1.0, markers: Split = "extended") -> None:
        self.region = region
        self.h = h
        self.markers = markers

    def apply(self, smear: Smear) -> Smear:
        return split_smear(smear, self.region, h=self.h, markers=self.markers)
