"""Size and shape of every region of a label map, box by box.

The definitions are those of scikit-image's ``regionprops``: the convex hull is that of the pixels' edge midpoints,
its area the number of pixels whose centre it holds.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit
from leukofeat.kernels.shape.hull import feret_diameters, fill_rows, hull_chain

SHAPE_NAMES: tuple[str, ...] = (
    "area",
    "perimeter",
    "equivalent_diameter",
    "major_axis",
    "minor_axis",
    "eccentricity",
    "aspect_ratio",
    "extent",
    "convex_area",
    "solidity",
    "feret_max",
    "feret_min",
    "convexity",
    "circularity",
    "compactness",
    "roundness",
    "hu_1",
    "hu_2",
    "hu_3",
    "hu_4",
    "hu_5",
    "hu_6",
    "hu_7",
)


@jit
def _perimeter(mask: np.ndarray, edge: np.ndarray, height: int, width: int) -> float:
    """Length of the border pixels' chain by Benkrid and Crookes' weights; `mask` has a frame one pixel wide."""
    edge[:] = 0
    for r in range(1, height + 1):
        for c in range(1, width + 1):
            inner = mask[r - 1, c] & mask[r + 1, c] & mask[r, c - 1] & mask[r, c + 1]
            edge[r, c] = mask[r, c] & (inner ^ 1)
    straight, diagonal, corner = 0, 0, 0
    for r in range(1, height + 1):
        for c in range(1, width + 1):
            if edge[r, c]:
                near = edge[r - 1, c] + edge[r + 1, c] + edge[r, c - 1] + edge[r, c + 1]
                far = edge[r - 1, c - 1] + edge[r - 1, c + 1] + edge[r + 1, c - 1] + edge[r + 1, c + 1]
                code = 1 + 2 * near + 10 * far
                if code == 5 or code == 7 or code == 15 or code == 17 or code == 25 or code == 27:
                    straight += 1
                elif code == 21 or code == 33:
                    diagonal += 1
                elif code == 13 or code == 23:
                    corner += 1
    return straight + diagonal * np.sqrt(2.0) + corner * (1.0 + np.sqrt(2.0)) / 2.0


@jit
def _hu(area: float, m: np.ndarray, out: np.ndarray) -> None:
    """Hu's seven invariants from the central moments m = (20, 11, 02, 30, 21, 12, 03)."""
    n20, n11, n02 = m[0] / area**2, m[1] / area**2, m[2] / area**2
    third = area**2.5
    n30, n21, n12, n03 = m[3] / third, m[4] / third, m[5] / third, m[6] / third
    p, q = n30 + n12, n21 + n03
    u, v = n30 - 3 * n12, 3 * n21 - n03
    out[0] = n20 + n02
    out[1] = (n20 - n02) ** 2 + 4 * n11**2
    out[2] = u**2 + v**2
    out[3] = p**2 + q**2
    out[4] = u * p * (p**2 - 3 * q**2) + v * q * (3 * p**2 - q**2)
    out[5] = (n20 - n02) * (p**2 - q**2) + 4 * n11 * p * q
    out[6] = v * p * (p**2 - 3 * q**2) - u * q * (3 * p**2 - q**2)


@jit
def _moments(mask: np.ndarray, height: int, width: int, cr: float, cc: float, out: np.ndarray) -> None:
    """Central moments (20, 11, 02, 30, 21, 12, 03), rows first; (cr, cc) is the centroid within the box."""
    # integer sums about the nearest pixel are exact; only the shift by less than a pixel rounds
    r0 = int(np.rint(cr))
    c0 = int(np.rint(cc))
    s = np.zeros((4, 4), dtype=np.int64)
    for r in range(height):
        n, s1, s2, s3 = 0, 0, 0, 0
        for c in range(width):
            inside = mask[r + 1, c + 1]
            x = (c - c0) * inside
            n += inside
            s1 += x
            s2 += x * x
            s3 += x * x * x
        line = (n, s1, s2, s3)
        power = 1
        for i in range(4):
            for j in range(4 - i):
                s[i, j] += power * line[j]
            power *= r - r0
    area = float(s[0, 0])
    my = s[1, 0] / area
    mx = s[0, 1] / area
    out[0] = s[2, 0] - my * s[1, 0]
    out[1] = s[1, 1] - mx * s[1, 0]
    out[2] = s[0, 2] - mx * s[0, 1]
    out[3] = s[3, 0] - 3 * my * s[2, 0] + 2 * my * my * s[1, 0]
    out[4] = s[2, 1] - 2 * my * s[1, 1] - mx * s[2, 0] + 2 * my * my * s[0, 1]
    out[5] = s[1, 2] - 2 * mx * s[1, 1] - my * s[0, 2] + 2 * mx * mx * s[1, 0]
    out[6] = s[0, 3] - 3 * mx * s[0, 2] + 2 * mx * mx * s[0, 1]


@jit
def _measure(labels: np.ndarray, boxes: np.ndarray, out: np.ndarray) -> None:
    n = boxes.shape[0]
    side = max(labels.shape) + 2
    mask_space = np.zeros((labels.shape[0] + 2) * (labels.shape[1] + 2), dtype=np.int8)
    edge_space = np.zeros(mask_space.size, dtype=np.int8)
    # first and last pixel of each row, and the hull's chain on either side
    ends = np.empty((2, side), dtype=np.int64)
    chains = np.empty((2, 2 * side + 4, 2), dtype=np.int64)
    sizes = np.empty(2, dtype=np.int64)
    points = np.empty((4 * side + 8, 2), dtype=np.int64)
    m = np.empty(7)
    for k in range(n):
        r0, c0, r1, c1, pixels = boxes[k, :5]
        if pixels == 0:
            continue
        h, w = r1 - r0, c1 - c0
        size = (h + 2) * (w + 2)
        mask = mask_space[:size].reshape(h + 2, w + 2)
        edge = edge_space[:size].reshape(h + 2, w + 2)
        mask[:] = 0
        for r in range(h):
            ends[:, r] = -1
            for c in range(w):
                if labels[r0 + r, c0 + c] == k + 1:
                    mask[r + 1, c + 1] = 1
                    ends[1, r] = c
                    if ends[0, r] < 0:
                        ends[0, r] = c
        area = float(pixels)
        perimeter = _perimeter(mask, edge, h, w)
        _moments(mask, h, w, boxes[k, 5] / area - r0, boxes[k, 6] / area - c0, m)

        for s in range(2):
            sizes[s] = hull_chain(ends[s], h, 2 * s - 1, chains[s])
            fill_rows(chains[s], sizes[s], 2 * s - 1, h, ends[s])
        convex = 0
        for r in range(h):
            convex += ends[1, r] - ends[0, r] + 1
            for c in range(ends[0, r], ends[1, r] + 1):
                mask[r + 1, c + 1] = 1
        hull_perimeter = _perimeter(mask, edge, h, w)
        # scikit-image takes Feret's diameter from the hull's pixels, whose own hull is a little wider
        for s in range(2):
            sizes[s] = hull_chain(ends[s], h, 2 * s - 1, chains[s])
        feret_max, feret_min = feret_diameters(chains[0], sizes[0], chains[1], sizes[1], points)

        half_trace = (m[0] + m[2]) / (2 * area)
        root = np.sqrt(((m[0] - m[2]) / (2 * area)) ** 2 + (m[1] / area) ** 2)
        big = half_trace + root
        small = max(half_trace - root, 0.0)
        row = out[k]
        row[0] = area
        row[1] = perimeter
        row[2] = np.sqrt(4 * area / np.pi)
        row[3] = 4 * np.sqrt(big)
        row[4] = 4 * np.sqrt(small)
        row[5] = np.sqrt(1 - small / big) if big > 0 else 0.0
        row[6] = np.sqrt(small / big) if big > 0 else 1.0
        row[7] = area / (h * w)
        row[8] = convex
        row[9] = area / convex
        row[10] = feret_max
        row[11] = feret_min
        if perimeter > 0:
            row[12] = hull_perimeter / perimeter
            row[13] = 4 * np.pi * area / perimeter**2
        row[14] = perimeter**2 / area
        row[15] = 4 * area / (np.pi * feret_max**2)
        _hu(area, m, row[16:23])


def region_shapes(labels: ArrayLike, boxes: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure the shape of every region of a label map.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Label map; 0 is background. A region need not be connected.
    boxes : ndarray of int64, shape (n_labels, 7)
        Result of :func:`~leukofeat.kernels.regions.boxes.region_boxes`.

    Returns
    -------
    values : ndarray of float64, shape (n_labels, len(SHAPE_NAMES))
        In pixels and square pixels, columns named by ``SHAPE_NAMES``; a label without pixels gives a row of NaN.
    centroids : ndarray of float64, shape (n_labels, 2)
        Row and column; NaN for a label without pixels.

    Notes
    -----
    ``area`` to ``feret_max`` and the Hu moments (Hu 1962) are those of ``skimage.measure.regionprops``; ``perimeter``
    is its ``perimeter`` (border pixels of the 4-neighbourhood weighted after Benkrid and Crookes).
    ``aspect_ratio`` is minor / major axis; ``feret_min`` the smallest width of the hull that ``feret_max`` is taken
    from; ``convexity`` the perimeter of the hull's pixels / perimeter; ``circularity`` 4 pi area / perimeter^2;
    ``compactness`` perimeter^2 / area; ``roundness`` 4 area / (pi feret_max^2). A single pixel has perimeter 0 and
    so no convexity and no circularity (NaN). A region without extent has eccentricity 0 and aspect ratio 1.

    Examples
    --------
    >>> from leukofeat.kernels.regions.boxes import region_boxes
    >>> labels = np.zeros((6, 8), dtype=np.int32)
    >>> labels[1:5, 1:7] = 1
    >>> values, centroids = region_shapes(labels, region_boxes(labels))
    >>> dict(zip(SHAPE_NAMES, values[0].tolist()))["area"], centroids[0].tolist()
    (24.0, [2.5, 3.5])
    """
    labels = plain(labels, np.int32, ndim=2)
    values = np.full((len(boxes), len(SHAPE_NAMES)), np.nan)
    _measure(labels, boxes, values)
    area = np.where(boxes[:, 4] > 0, boxes[:, 4], np.nan)[:, None]
    return values, boxes[:, 5:7] / area
