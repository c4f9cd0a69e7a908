"""Run lengths of COCO: a mask column by column, background first."""

from typing import Any

import numpy as np

from leukofeat.interchange.polygons import Polygon, trace_labels


def encode(mask: np.ndarray, top: int, left: int, height: int) -> list[int]:
    """Run lengths of a mask within a picture.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
    top, left : int
        Where it lies in the picture.
    height : int
        Of the picture; the last run, of background, is left to the caller.

    Returns
    -------
    list of int
        Lengths of background and mask by turns.

    Examples
    --------
    >>> encode(np.array([[True, True], [True, False]]), top=0, left=1, height=2)
    [2, 3]
    """
    steps = np.diff(np.pad(mask.T.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    (columns, first), (_, last) = np.nonzero(steps == 1), np.nonzero(steps == -1)
    offset = (columns + left) * height + top
    starts, ends = offset + first, offset + last
    joined = np.flatnonzero(ends[:-1] == starts[1:])  # from the foot of a column to the head of the next
    starts, ends = np.delete(starts, joined + 1), np.delete(ends, joined)
    return np.diff(np.column_stack([starts, ends]).ravel(), prepend=0).tolist()


def counts_of(value: Any) -> np.ndarray:
    """Run lengths from a list, or from the text that pycocotools packs them into.

    Raises
    ------
    ValueError
        For anything else.

    Examples
    --------
    >>> counts_of("22"), counts_of([2, 2])
    (array([2, 2]), array([2, 2]))
    """
    if isinstance(value, list):
        if not all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one < 2**53 for one in value):
            raise ValueError("run lengths are whole numbers, 0 or above")
        return np.array(value, np.int64)
    if not isinstance(value, str) or not value.isascii():
        raise ValueError("run lengths are a list or a text")
    bits = np.frombuffer(value.encode(), np.uint8).astype(np.int64) - 48
    if ((bits < 0) | (bits > 63)).any() or (len(bits) and bits[-1] & 32):
        raise ValueError("the text of run lengths is damaged")
    if not len(bits):
        return bits
    ends = np.flatnonzero((bits & 32) == 0)
    starts = np.append(0, ends[:-1] + 1)
    if (ends - starts).max() > 9:
        raise ValueError("the text of run lengths is damaged")
    shifts = 5 * (np.arange(len(bits)) - np.repeat(starts, ends - starts + 1))
    counts = np.add.reduceat((bits & 31) << shifts, starts)
    counts -= np.where(bits[ends] & 16, np.int64(1) << (5 * (ends - starts + 1)), 0)
    # from the fourth on, what is written is the difference to the last but one
    for turn in (1, 2):
        counts[turn::2] = np.cumsum(counts[turn::2])
    if (counts < 0).any():
        raise ValueError("the text of run lengths is damaged")
    return counts


def decode(counts: np.ndarray, shape: tuple[int, int]) -> tuple[list[Polygon], int]:
    """Polygons around the mask that run lengths stand for, and the pixels of the box around it.

    Raises
    ------
    ValueError
        When they are of a picture of another size.

    Examples
    --------
    >>> decode(np.array([2, 1, 1]), (2, 2))[0][0][0].tolist()
    [[1, 0], [2, 0], [2, 1], [1, 1]]
    """
    height, width = shape
    edges = np.cumsum(counts.astype(np.float64))
    if (edges[-1] if len(edges) else 0) != height * width:
        raise ValueError(f"run lengths do not fill {width} x {height} pixels")
    edges = edges.astype(np.int64)
    starts, ends = edges[0::2][: len(edges) // 2], edges[1::2]
    filled = ends > starts
    starts, ends = starts[filled], ends[filled]
    if not len(starts):
        return [], 0
    left, right = int(starts[0] // height), int((ends[-1] - 1) // height) + 1
    whole = (starts // height != (ends - 1) // height).any()  # a run over several columns reaches both ends
    top = 0 if whole else int((starts % height).min())
    bottom = height if whole else int(((ends - 1) % height).max()) + 1
    flips = np.zeros((right - left) * height + 1, np.int8)
    flips[starts - left * height] = 1
    flips[ends - left * height] -= 1
    mask = np.cumsum(flips[:-1], dtype=np.int8).reshape(right - left, height).T[top:bottom]
    found = trace_labels(np.ascontiguousarray(mask, np.int32))
    offset = np.array([left, top])
    return [[ring + offset for ring in polygon] for polygons in found for polygon in polygons], mask.size
