"""From raw masks to nuclei and cells: the clean-up that every segmenter ends with."""

from __future__ import annotations

import cv2
import numpy as np

from leukofeat.kernels.regions.labels import number_in_order
from leukofeat.kernels.regions.morphology import drop_components
from leukofeat.kernels.regions.watershed import grow
from leukofeat.segmentation.watershed import Split, as_mask, split_touching

__all__ = ["area_opening", "assemble", "clean_mask", "fill_small_holes", "remove_border_objects"]


def area_opening(mask: np.ndarray, min_area: int) -> np.ndarray:
    """Drop the 4-connected objects of fewer than `min_area` pixels from a (H, W) mask; uint8, 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> area_opening(np.array([[1, 1, 0, 1]]), 2)
    array([[1, 1, 0, 0]], dtype=uint8)
    """
    mask = as_mask(mask)
    drop_components(mask, 1, min_area, False)
    return mask


def fill_small_holes(mask: np.ndarray, max_hole: int) -> np.ndarray:
    """Fill the 4-connected background parts of fewer than `max_hole` pixels in a (H, W) mask; uint8, 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> fill_small_holes(np.array([[1, 0, 1, 0, 0]]), 2)
    array([[1, 1, 1, 0, 0]], dtype=uint8)
    """
    mask = as_mask(mask)
    if mask.any():
        drop_components(mask, 0, max_hole, False)
    return mask


def remove_border_objects(mask: np.ndarray) -> np.ndarray:
    """Drop the 4-connected objects that touch the image border from a (H, W) mask; uint8, 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> remove_border_objects(np.eye(3))
    array([[0, 0, 0],
           [0, 1, 0],
           [0, 0, 0]], dtype=uint8)
    """
    mask = as_mask(mask)
    drop_components(mask, 1, 0, True)
    return mask


def clean_mask(mask: np.ndarray, *, min_area: int = 100, max_hole: int = 15, clear_border: bool = True) -> np.ndarray:
    """Area opening of the objects, then of the holes, then the border: a (H, W) uint8 mask of 0 and 1.

    Parameters
    ----------
    mask : (H, W) array
        Non-zero on the objects.
    min_area, max_hole : int
        Objects, then background parts, of fewer pixels than this go.
    clear_border : bool
        Whether objects that touch the image border go, too.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.zeros((7, 7)); mask[2:5, 2:5] = 1; mask[3, 3] = 0; mask[0, 0] = 1
    >>> int(clean_mask(mask, min_area=1).sum())
    9
    """
    mask = as_mask(mask)
    drop_components(mask, 1, min_area, False)
    if mask.any():
        drop_components(mask, 0, max_hole, False)
        if clear_border:
            drop_components(mask, 1, 0, True)
    return mask


def assemble(
    nucleus_mask: np.ndarray,
    cell_mask: np.ndarray,
    *,
    min_area: int = 100,
    max_hole: int = 15,
    clear_border: bool = True,
    split: Split | None = "extended",
    h: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Clean two raw masks, split the nuclei and give every one its cell.

    Parameters
    ----------
    nucleus_mask, cell_mask : (H, W) array
        Non-zero on nuclei; on cytoplasm or on whole cells. Either may hold anything else, too.
    min_area, max_hole, clear_border
        See `clean_mask`; both masks are cleaned alike.
    split : {"extended", "h_maxima", None}
        How touching nuclei are split, see `split_touching`; None leaves them joined.
    h : float
        Depth of a neck that splits, in pixels.

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
    >>> nuclei, cells = assemble(nucleus, cell, min_area=4)
    >>> int((nuclei == 1).sum()), int((cells == 1).sum()), int(cells.max())
    (4, 16, 1)
    """
    nucleus = clean_mask(nucleus_mask, min_area=min_area, max_hole=max_hole, clear_border=clear_border)
    if not nucleus.any():
        return np.zeros(nucleus.shape, np.int32), np.zeros(nucleus.shape, np.int32)
    if split is None:
        n, nuclei = cv2.connectedComponents(nucleus, connectivity=4, ltype=cv2.CV_32S)
        number_in_order(nuclei.ravel(), n)
    else:
        nuclei = split_touching(nucleus, h, split)
    cell = clean_mask(cell_mask, min_area=min_area, max_hole=max_hole, clear_border=clear_border) | nucleus
    cells = nuclei.copy()
    grow(cells, cell)
    return nuclei, cells
