"""From raw masks to nuclei and cells: the clean-up that every segmenter ends with, and its parameters."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from leukofeat.constraints import Integral, Number, Real
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.labels import number_in_order, renumbered
from leukofeat.kernels.regions.morphology import drop_components
from leukofeat.kernels.regions.watershed import grow
from leukofeat.kernels.shape.region_shapes import SHAPE_NAMES, region_shapes
from leukofeat.opencv import cv2
from leukofeat.segmentation.watershed import SPLIT, Split, as_mask, split_touching


class Cleanup(BaseEstimator):
    """How raw masks become nuclei and cells: specks and holes go, what the frame cuts goes, touching nuclei are split.

    Every segmenter takes one as `cleanup`; its parameters can be searched for like any others, for example
    ``labkmeanssegmenter__cleanup__min_area`` in a pipeline.

    Parameters
    ----------
    min_area : int, default=100
        Objects of fewer pixels than this go (area opening, 4 neighbours).
    min_solidity : float, default=0.0
        Objects of less solidity than this go: pixels against those of the convex hull, before holes are filled and nuclei split. Where a
        segmenter finds cytoplasm without its nucleus, as the k-means do, a thin ring of it has little.
    max_hole : int, default=15
        Background parts of fewer pixels than this are filled.
    clear_border : bool, default=True
        Whether objects that touch the image border go.
    split : {"extended", "h_maxima", None}, default="extended"
        How touching nuclei are split, see `split_touching`; None leaves them joined.
    h : float, default=1.0
        Depth of a neck that splits, in pixels.
    min_nucleus_area : int, default=0
        Nuclei of fewer pixels than this after the split go, with their cells.

    Examples
    --------
    >>> from leukofeat.segmentation import Cleanup, OtsuSegmenter
    >>> stage = OtsuSegmenter(cleanup=Cleanup(min_area=50, clear_border=False))
    >>> stage.set_params(cleanup__split=None).cleanup
    Cleanup(clear_border=False, min_area=50, split=None)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "min_area": [Number(Integral, 0)],
        "min_solidity": [Number(Real, 0, 1)],
        "max_hole": [Number(Integral, 0)],
        "clear_border": ["boolean"],
        "split": [SPLIT, None],
        "h": [Number(Real, 0, above=True)],
        "min_nucleus_area": [Number(Integral, 0)],
    }

    def __init__(
        self,
        *,
        min_area: int = 100,
        min_solidity: float = 0.0,
        max_hole: int = 15,
        clear_border: bool = True,
        split: Split | None = "extended",
        h: float = 1.0,
        min_nucleus_area: int = 0,
    ) -> None:
        self.min_area = min_area
        self.min_solidity = min_solidity
        self.max_hole = max_hole
        self.clear_border = clear_border
        self.split = split
        self.h = h
        self.min_nucleus_area = min_nucleus_area

    def check_params(self) -> None:
        """Raise an error that names the first bad parameter."""
        self._validate_params()


def assemble(
    nucleus_mask: np.ndarray, cell_mask: np.ndarray, cleanup: Cleanup | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Clean two raw masks alike, split the nuclei and give every one its cell.

    Parameters
    ----------
    nucleus_mask, cell_mask : (H, W) array
        Non-zero on nuclei; on cytoplasm or on whole cells. Either may hold anything else, too.
    cleanup : Cleanup, optional
        What goes and what is split; `Cleanup()` by default.

    Returns
    -------
    nuclei, cells : (H, W) int32
        Label maps with shared ids 1..n. Cell i is nucleus i and the cytoplasm that is nearer to it than to any
        other nucleus on a path of 4-connected steps inside the two masks; cytoplasm that no nucleus reaches is
        left out.

    Examples
    --------
    >>> import numpy as np
    >>> nucleus, cell = np.zeros((9, 9)), np.zeros((9, 9))
    >>> nucleus[3:5, 3:5] = 1; cell[2:6, 2:6] = 1; cell[7, 7] = 1
    >>> nuclei, cells = assemble(nucleus, cell, Cleanup(min_area=4))
    >>> int((nuclei == 1).sum()), int((cells == 1).sum()), int(cells.max())
    (4, 16, 1)
    """
    cleanup = Cleanup() if cleanup is None else cleanup
    nucleus = _clean(nucleus_mask, cleanup)
    if not nucleus.any():
        return no_cells(nucleus.shape)
    if cleanup.split is None:
        n, nuclei = cv2.connectedComponents(nucleus, connectivity=4, ltype=cv2.CV_32S)
        number_in_order(nuclei.ravel(), n)
    else:
        nuclei = split_touching(nucleus, cleanup.h, cleanup.split)
    cells = nuclei.copy()
    grow(cells, _clean(cell_mask, cleanup) | nucleus)
    if cleanup.min_nucleus_area > 0:
        keep = np.bincount(nuclei.ravel()) >= cleanup.min_nucleus_area
        keep[0] = False
        table = (np.cumsum(keep) * keep).astype(np.int32)
        return renumbered(nuclei, table), renumbered(cells, table)
    return nuclei, cells


def _clean(mask: np.ndarray, cleanup: Cleanup) -> np.ndarray:
    """Area opening of the objects, then solidity, then the holes, then the border: (H, W) uint8, 0 and 1."""
    mask = as_mask(mask)
    drop_components(mask, 1, cleanup.min_area, False)
    if cleanup.min_solidity > 0:
        mask &= _solid(mask, cleanup.min_solidity)
    if mask.any():
        drop_components(mask, 0, cleanup.max_hole, False)
        if cleanup.clear_border:
            drop_components(mask, 1, 0, True)
    return mask


def _solid(mask: np.ndarray, least: float) -> np.ndarray:
    """Components whose solidity, as `regionprops` of scikit-image has it, is enough: (H, W) uint8, 0 and 1."""
    n, parts = cv2.connectedComponents(mask, connectivity=4, ltype=cv2.CV_32S)
    shapes, _ = region_shapes(parts, region_boxes(parts, n - 1))
    enough = shapes[:, SHAPE_NAMES.index("solidity")] >= least
    return np.concatenate(([False], enough)).astype(np.uint8)[parts]


def no_cells(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Label maps of nuclei and cells of an image that holds none."""
    return np.zeros(shape, np.int32), np.zeros(shape, np.int32)
