"""Cells that are cut by a straight line, as if a working window had ended there."""

from __future__ import annotations

import numpy as np

from leukofeat.kernels.regions.boxes import region_boxes

STRAIGHT = 0.45


def longest_straight_side(label_map: np.ndarray) -> np.ndarray:
    """Longest run of each label on a side of its own box, as a share of its diameter.

    A side that lies on the border of the image does not count: the image ends there. The diameter is that of a disc of the
    label's area. A disc of 20 pixels has a run of a third of its diameter, one of 100 pixels a seventh.

    Parameters
    ----------
    label_map : (H, W) int array
        0 is background; labels run from 1 to n.

    Returns
    -------
    (n,) float64 array
        0 for a label that does not occur.
    """
    labels = np.ascontiguousarray(label_map, np.int32)
    height, width = labels.shape
    boxes = region_boxes(labels, None)
    shares = np.zeros(len(boxes))
    for i, (top, left, bottom, right, area) in enumerate(boxes[:, :5].tolist()):
        if not area:
            continue
        sides = []
        if top > 0:
            sides.append(labels[top, left:right])
        if bottom < height:
            sides.append(labels[bottom - 1, left:right])
        if left > 0:
            sides.append(labels[top:bottom, left])
        if right < width:
            sides.append(labels[top:bottom, right - 1])
        longest = max((_longest_run(side == i + 1) for side in sides), default=0)
        shares[i] = longest / np.sqrt(4 * area / np.pi)
    return shares


def _longest_run(member: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], member.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))
