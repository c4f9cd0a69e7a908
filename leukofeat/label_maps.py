"""Label maps as other tools write them: what they may hold, and the same objects numbered 1 to n."""

from typing import Any

import numpy as np

from leukofeat.opencv import cv2

MOST = 2**53  # greater numbers are no longer told apart in a table of floats


def check_labels(labels: Any, name: str) -> np.ndarray:
    """Label map as an array of the type given.

    Raises
    ------
    TypeError, ValueError
        When it is not of integers (or bool), or holds negative labels or such as no table can tell apart.

    Examples
    --------
    >>> check_labels([[0, -1]], "cells")
    Traceback (most recent call last):
    ...
    ValueError: cells has negative labels; the background is 0.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iub":
        raise TypeError(f"{name} must be an integer label map, not {labels.dtype}.")
    if labels.size and labels.min() < 0:
        raise ValueError(f"{name} has negative labels; the background is 0.")
    if labels.size and labels.max() >= MOST:
        raise ValueError(
            f"{name} has the label {labels.max()}, beyond 2**53: renumber it, as relabel_sequential of scikit-image does."
        )
    return labels


def number_labels(labels: Any, name: str = "labels") -> tuple[np.ndarray, np.ndarray]:
    """Objects of a label map numbered 1 to n in the order of their labels.

    Parameters
    ----------
    labels : array of int, shape (height, width)
        Label map; 0 is background. Any integer type; labels may be missing.
    name : str
        What errors call it.

    Returns
    -------
    numbers : ndarray of shape (height, width), dtype int32
        The map itself where it is such a one already.
    ids : ndarray of shape (n,), dtype int64
        The label that each object had.

    Raises
    ------
    TypeError, ValueError
        As `check_labels`.

    Examples
    --------
    >>> numbers, ids = number_labels([[0, 7], [2**40, 7]])
    >>> numbers.tolist(), ids.tolist()
    ([[0, 1], [2, 1]], [7, 1099511627776])
    """
    labels = check_labels(labels, name)
    if labels.max(initial=0) > labels.size:
        ids, numbers = np.unique(labels, return_inverse=True)
        first = int(ids[0] != 0)
        return (numbers.reshape(labels.shape) + first).astype(np.int32), ids[1 - first :].astype(np.int64)
    # records are made by who reads images, too, which has to be possible without numba
    from leukofeat.kernels.regions.boxes import region_boxes

    numbers = np.ascontiguousarray(labels, np.int32)
    present = region_boxes(numbers)[:, 4] > 0
    if not present.all():
        return np.append(0, np.cumsum(present)).astype(np.int32)[numbers], np.flatnonzero(present) + 1
    return numbers, np.flatnonzero(present) + 1


def is_mask(labels: np.ndarray) -> bool:
    """Whether a map does not tell its objects apart: several in a bool map, or in one whose only value is above 1, such as 255.

    A map of zeros and ones is taken for a label map of one object, of which the lobes of a nucleus may be apart.

    Examples
    --------
    >>> is_mask(np.array([[255, 0, 255]])), is_mask(np.array([[255, 255, 0]])), is_mask(np.array([[1, 0, 1]]))
    (True, False, False)
    """
    labels = np.asarray(labels)
    largest = labels.max(initial=0)
    if labels.dtype != bool and (largest < 2 or ((labels != 0) & (labels != largest)).any()):
        return False
    return in_pieces(labels)


def in_pieces(labels: np.ndarray) -> bool:
    """Whether what is not 0 falls into several parts, 8-connected.

    Examples
    --------
    >>> in_pieces(np.array([[3, 0, 3]]))
    True
    """
    return cv2.connectedComponents((labels != 0).astype(np.uint8), connectivity=8)[0] > 2


def mask_error(name: str) -> ValueError:
    """The error for a mask where a label map is needed.

    Examples
    --------
    >>> str(mask_error("cells"))[:37]
    'cells is a mask, not a label map: its'
    """
    return ValueError(
        f"{name} is a mask, not a label map: its objects are not told apart. Number them, for example by skimage.measure.label(mask)."
    )


def number_nuclei(nuclei: Any, cells: Any, numbers: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Label map of nuclei, numbered as their cells were by `number_labels(cells)`: (height, width) int32.

    Raises
    ------
    TypeError, ValueError
        As `check_labels`, or when a nucleus does not lie in the cell of its label.

    Examples
    --------
    >>> cells = np.array([[3, 3, 0, 9]])
    >>> number_nuclei(np.array([[0, 3, 0, 9]]), cells, *number_labels(cells)).tolist()
    [[0, 1, 0, 2]]
    """
    nuclei, cells = check_labels(nuclei, "nuclei"), np.asarray(cells)
    apart = (nuclei != cells) & (nuclei != 0)
    if apart.any():
        raise _apart_error(nuclei, cells, apart)
    if len(ids) and ids[-1] != len(ids):
        return np.where(nuclei != 0, numbers, np.int32(0))
    return np.ascontiguousarray(nuclei, np.int32)


def name_labels(labels: np.ndarray, label_ids: Any) -> np.ndarray:
    """What the cells with these labels are called, (n,) int64, where label i is called `label_ids[i - 1]`.

    Raises
    ------
    ValueError
        When there are fewer names than labels, or a label's name is no whole number above 0, or that of another label, too.

    Examples
    --------
    >>> name_labels(np.array([2]), [7, 200]).tolist()
    [200]
    """
    names = np.asarray(label_ids)
    if names.ndim != 1 or len(names) < labels.max(initial=0):
        raise ValueError(f"label_ids has shape {names.shape}; it must name each label, up to {labels.max(initial=0)}.")
    names = names[labels - 1]
    if len(names) and (names.dtype.kind not in "iu" or names.min() < 1 or len(np.unique(names)) < len(names)):
        raise ValueError(
            f"label_ids must name each cell by a whole number above 0, none twice; got {np.array2string(names, threshold=6)}. "
            "Without label_ids a cell is called by its label."
        )
    return names.astype(np.int64)


def rate_labels(labels: np.ndarray, confidence: Any) -> np.ndarray:
    """Confidence of the cells with these labels, (n,) float64, where that of label i is `confidence[i - 1]`; NaN for None.

    Raises
    ------
    ValueError
        When there are fewer values than labels, or some outside of 0 to 1.

    Examples
    --------
    >>> rate_labels(np.array([2]), [0.5, 0.75]).tolist()
    [0.75]
    """
    if confidence is None:
        return np.full(len(labels), np.nan)
    values = np.asarray(confidence, np.float64)
    if values.ndim != 1 or len(values) < labels.max(initial=0):
        raise ValueError(
            f"confidence has shape {values.shape}; it must have a value for each label, up to {labels.max(initial=0)}."
        )
    if ((values < 0) | (values > 1)).any():
        raise ValueError("confidence must be between 0 and 1.")
    return values[labels - 1]


def _apart_error(nuclei: np.ndarray, cells: np.ndarray, apart: np.ndarray) -> ValueError:
    row, column = divmod(int(apart.argmax()), apart.shape[1])
    nucleus, cell = int(nuclei[row, column]), int(cells[row, column])
    lies = f"lies in cell {cell}" if cell else "lies in no cell"
    text = f"Nucleus i must lie inside cell i, but nucleus {nucleus} {lies} at row {row}, column {column}"
    if ((nuclei != 0) & (nuclei != nuclei[row, column])).any() or not in_pieces(nuclei):
        return ValueError(
            f"{text}. leukofeat.segmentation.match_labels(nuclei, cells) pairs maps that are numbered apart."
        )
    return ValueError(f"{text}. Where nuclei is a mask, np.where(nuclei != 0, cells, 0) numbers it by the cells.")
