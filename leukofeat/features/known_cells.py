"""What a per-cell table says of every cell beside its features: which it is, where, how whole and how sure."""

from typing import Any

import numpy as np

from leukofeat.smear import Smear


class CellBoxes:
    """Label, box, whether the border cuts it, and confidence: what stands before the features.

    Examples
    --------
    >>> CellBoxes().cells(Smear(np.zeros((2, 3, 3), np.uint8), cells=np.array([[0, 0, 0], [0, 7, 7]])))[:, :6]
    array([[7., 1., 1., 2., 3., 1.]])
    """

    names = ("cell", "bbox_top", "bbox_left", "bbox_bottom", "bbox_right", "touches_border", "confidence")

    def cell_names(self) -> list[str]:
        return list(self.names)

    def cells(self, smear: Smear) -> np.ndarray:
        known = np.asarray(smear.label_ids), smear.boxes, smear.touches_border, np.asarray(smear.confidence)
        return np.column_stack(known)


class CellCenters:
    """Centre of a cell's pixels: what stands behind the features.

    Examples
    --------
    >>> CellCenters().cells(Smear(np.zeros((2, 3, 3), np.uint8), cells=np.array([[0, 0, 0], [0, 7, 7]]), pixel_size=0.5))
    array([[1.5 , 1.  , 0.75, 0.5 ]])
    """

    names = ("centroid_x", "centroid_y", "centroid_x_um", "centroid_y_um")

    def cell_names(self) -> list[str]:
        return list(self.names)

    def cells(self, smear: Smear) -> np.ndarray:
        return centers(smear)


def centers(smear: Smear, top: int = 0, left: int = 0) -> np.ndarray:
    """Places, x and y, of each cell's centre, in pixels and in micrometres, (n_cells, 4) float64.

    Parameters
    ----------
    smear : Smear
    top, left : int
        Where the image lies in a larger field; centres are those in the field.

    Examples
    --------
    >>> centers(Smear(np.zeros((1, 2, 3), np.uint8), cells=np.array([[1, 1]])), left=10)
    array([[10.5,  0. ,  nan,  nan]])
    """
    area, rows, columns = smear.region_boxes("cell")[:, 4:7].T
    # whole numbers up to the division, so that a tile gives the same bytes as the field
    places = np.column_stack([(columns + left * area) / area, (rows + top * area) / area])
    return np.hstack([places, places * (np.nan if smear.pixel_size is None else smear.pixel_size)])


# of the columns of a per-cell table that are no features
CELL_KINDS: dict[str, Any] = dict.fromkeys(CellBoxes.names, np.int64) | {
    "touches_border": bool,
    "confidence": np.float64,
}
