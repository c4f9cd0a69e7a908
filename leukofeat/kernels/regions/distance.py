"""Exact Euclidean distances, squared, of a mask and of every region of a label map."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit


@jit
def _squares(labels: np.ndarray, boxes: np.ndarray, walled: bool, out: np.ndarray) -> None:
    """Squared distance of each pixel to the nearest one of another label, box by box.

    Linear in the number of pixels (Meijster, Roerdink and Hesselink 2000), but for this: between a pixel and a column
    beyond its run lies a nearer pixel of another label, so that every run is a problem of its own and the rest costs
    nothing. What is around a box counts as another label if `walled`.
    """
    for k in range(boxes.shape[0]):
        r0, c0, r1, c1 = boxes[k, 0], boxes[k, 1], boxes[k, 2], boxes[k, 3]
        height, width = r1 - r0, c1 - c0
        far = height + width
        # steps up or down to the nearest pixel outside, in a frame of one pixel
        steps = np.full((height + 2, width + 2), 0 if walled else far, np.int32)
        for r in range(1, height + 1):
            for c in range(1, width + 1):
                inside = labels[r0 + r - 1, c0 + c - 1] == k + 1
                steps[r, c] = min(steps[r - 1, c] + 1, far) if inside else 0
        for r in range(height, 0, -1):
            for c in range(1, width + 1):
                steps[r, c] = min(steps[r, c], steps[r + 1, c] + 1)
        # lower envelope of the parabolas (x - site)^2 + steps^2 = x (x - 2 site) + top: a site is nearest from begin on
        site = np.empty(width + 2, np.int64)
        begin = np.empty(width + 2, np.int64)
        top = np.empty(width + 2, np.int64)
        for r in range(1, height + 1):
            c = 1
            while c <= width:
                if steps[r, c] == 0:
                    c += 1
                    continue
                start = c
                site[0] = start - 1
                begin[0] = start
                top[0] = np.int64(steps[r, start - 1]) ** 2 + (start - 1) ** 2
                q = 0
                while True:
                    up = np.int64(steps[r, c])
                    f = up * up + c * c
                    while q >= 0 and f - top[q] < 2 * begin[q] * (c - site[q]):
                        q -= 1
                    cut = start
                    if q >= 0:
                        cut = 1 + (f - top[q]) // (2 * (c - site[q]))
                    if cut <= width:
                        q += 1
                        site[q] = c
                        begin[q] = cut
                        top[q] = f
                    if up == 0 or c > width:
                        break
                    c += 1
                x = c - 1
                while q >= 0:
                    while x >= begin[q]:
                        out[r0 + r - 1, c0 + x - 1] = x * (x - 2 * site[q]) + top[q]
                        x -= 1
                    q -= 1


def squared_depths(labels: ArrayLike, boxes: NDArray[np.int64]) -> NDArray[np.int32]:
    """Squared Euclidean distance of each pixel to the nearest pixel of another label; beyond the image all is other.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Label map; 0 is background.
    boxes : ndarray of int64, shape (n_labels, 7)
        Result of :func:`~leukofeat.kernels.regions.boxes.region_boxes`.

    Returns
    -------
    ndarray of int32, shape (H, W)
        Exact; 0 on the background. OpenCV's transform is no substitute: its last bits depend on where in memory the
        array lies.

    Examples
    --------
    >>> squared_depths(np.ones((3, 3)), np.array([[0, 0, 3, 3, 9, 9, 9]])).tolist()
    [[1, 1, 1], [1, 4, 1], [1, 1, 1]]
    """
    labels = plain(labels, np.int32, ndim=2)
    out = np.zeros(labels.shape, np.int32)
    _squares(labels, boxes, True, out)
    return out


def squared_distance(mask: ArrayLike) -> NDArray[np.int32]:
    """Squared Euclidean distance of each pixel of a mask to the nearest other pixel; beyond the image is none.

    Parameters
    ----------
    mask : array_like, shape (H, W)
        1 inside, 0 outside.

    Returns
    -------
    ndarray of int32, shape (H, W)
        Exact; 0 outside the mask, and (H + W)^2 where nothing is outside.

    Examples
    --------
    >>> squared_distance([[0, 1, 1, 1]]).tolist()
    [[0, 1, 4, 9]]
    """
    mask = plain(mask, np.int32, ndim=2)
    out = np.zeros(mask.shape, np.int32)
    _squares(mask, np.array([[0, 0, *mask.shape, mask.size, 0, 0]]), False, out)
    return out
