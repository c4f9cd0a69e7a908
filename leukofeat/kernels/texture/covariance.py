"""Region covariance: how colour and its changes go together inside every region."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.jit import jit

# at the common size: what gradients and differences of Gaussians are taken of, in pixels
_SIGMAS = (0.8, 1.28, 1.6, 2.56)
_LONGEST = 10  # times the common size that a region's box may measure: a thread through a large field takes no more memory than this
_AROUND = 3  # pixels of the common size that are seen beyond a region's box
# light of an sRGB level, and what X, Y and Z, divided by those of white, take of it (IEC 61966-2-1, D65)
_LEVELS = np.arange(256) / 255
_LIGHT = np.where(_LEVELS > 0.04045, ((_LEVELS + 0.055) / 1.055) ** 2.4, _LEVELS / 12.92)
_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
_RELATIVE = _XYZ / np.array([[0.95047], [1.0], [1.08883]])
# the cube root of LAB, straight where there is next to no light (CIE 15), read between steps: to .001 in a* and b*
_STEPS = 8192
_SHARES = np.arange(_STEPS + 2) / _STEPS
_ROOTS = np.where(_SHARES > 0.008856, np.cbrt(_SHARES), 7.787 * _SHARES + 16 / 116)
# weights of the Gaussians out to three standard deviations
_GAUSSIANS = tuple(
    np.exp(-0.5 * (np.arange(-reach, reach + 1) / s) ** 2) for s in _SIGMAS for reach in [math.ceil(3 * s)]
)
_WEIGHTS = tuple(one / one.sum() for one in _GAUSSIANS)
SIGNALS: tuple[str, ...] = tuple(f"{plane}{kind}" for kind in ("", "_edge", "_fine", "_coarse") for plane in "lab")


@jit
def _root(roots: np.ndarray, share: float) -> float:
    place = share * (roots.size - 2)
    i = min(int(place), roots.size - 2)
    return roots[i] + (place - i) * (roots[i + 1] - roots[i])


@jit
def _shrink_row(values: np.ndarray, planes: int, n: int, out: np.ndarray) -> None:
    """A row of pixels, planes beside each other, averaged to `n` of equal width; a pixel that two share counts for both by its share."""
    width = values.size // planes
    if n == width:
        out[:] = values
        return
    out[:] = 0.0
    step = width / n
    for i in range(n):
        low = i * step
        high = low + step
        for c in range(int(low), min(int(np.ceil(high)), width)):
            share = max(0.0, (min(high, c + 1.0) - max(low, float(c))) / step)
            for p in range(planes):
                out[i * planes + p] += share * values[c * planes + p]


@jit
def _seen(
    image: np.ndarray,
    labels: np.ndarray,
    cells: np.ndarray,
    label: int,
    box: tuple[int, int, int, int],
    small: tuple[int, int],
    light: np.ndarray,
    relative: np.ndarray,
    roots: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """LAB of a box, planes pixel by pixel beside each other, and the share of each pixel that is inside, by area averages at the size `small`.

    With `cells`, which are (0, 0) where all counts, a fourth plane is the share of each pixel that counts: that of no other label; and LAB is
    times that share. The box is read row by row: of a large one there is never more in memory than of a small one.
    """
    r0, c0, r1, c1 = box
    height, width = small
    planes = 4 if cells.size else 3
    colors, inside = np.zeros((height, planes * width)), np.zeros((height, width))
    row, mask = np.empty(planes * (c1 - c0)), np.empty(c1 - c0)
    small_row, small_mask = np.empty(planes * width), np.empty(width)
    step = (r1 - r0) / height
    for r in range(r1 - r0):
        for c in range(c1 - c0):
            red, green = light[image[r0 + r, c0 + c, 0]], light[image[r0 + r, c0 + c, 1]]
            blue = light[image[r0 + r, c0 + c, 2]]
            x = _root(roots, relative[0, 0] * red + relative[0, 1] * green + relative[0, 2] * blue)
            y = _root(roots, relative[1, 0] * red + relative[1, 1] * green + relative[1, 2] * blue)
            z = _root(roots, relative[2, 0] * red + relative[2, 1] * green + relative[2, 2] * blue)
            row[planes * c] = 116 * y - 16
            row[planes * c + 1] = 500 * (x - y)
            row[planes * c + 2] = 200 * (y - z)
            mask[c] = labels[r0 + r, c0 + c] == label
            if planes == 4:
                counts = mask[c] > 0 or cells[r0 + r, c0 + c] == label
                row[4 * c + 3] = counts
                for p in range(3):
                    row[4 * c + p] *= counts
        _shrink_row(row, planes, width, small_row)
        _shrink_row(mask, 1, width, small_mask)
        for i in range(max(0, int(r / step) - 1), min(height, int((r + 1) / step) + 1)):
            share = (min((i + 1) * step, r + 1.0) - max(i * step, float(r))) / step
            if share > 0:
                for j in range(planes * width):
                    colors[i, j] += share * small_row[j]
                for j in range(width):
                    inside[i, j] += share * small_mask[j]
    return colors, inside


@jit
def _blur(values: np.ndarray, planes: int, weights: np.ndarray) -> np.ndarray:
    """Planes that lie pixel by pixel beside each other, (height, planes x width), convolved; beyond the ends, the last pixel goes on."""
    height, width = values.shape
    reach = weights.size // 2
    out = np.empty((height, width))
    row = np.empty(width + 2 * planes * reach)
    inner = row[planes * reach : planes * reach + width]
    for r in range(height):
        row[:] = 0.0
        for t in range(weights.size):
            source = min(max(r + t - reach, 0), height - 1)
            weight = weights[t]
            for j in range(width):
                inner[j] += weight * values[source, j]
        for t in range(reach):
            for p in range(planes):
                row[planes * t + p] = row[planes * reach + p]
                row[planes * (reach + t) + width + p] = row[planes * (reach - 1) + width + p]
        for j in range(width):
            out[r, j] = 0.0
        for t in range(weights.size):
            weight, shifted = weights[t], row[planes * t : planes * t + width]
            for j in range(width):
                out[r, j] += weight * shifted[j]
    return out


@jit
def _of_what_counts(values: np.ndarray) -> np.ndarray:
    """Three of four planes, (height, 4 x width), divided by the fourth; 0 where that is."""
    height, width = values.shape[0], values.shape[1] // 4
    out = np.zeros((height, 3 * width))
    for r in range(height):
        for c in range(width):
            share = values[r, 4 * c + 3]
            if share > 0:
                for p in range(3):
                    out[r, 3 * c + p] = values[r, 4 * c + p] / share
    return out


@jit
def _blurred(colors: np.ndarray, planes: int, weights: np.ndarray) -> np.ndarray:
    """LAB, (height, 3 x width), convolved; with a fourth plane, over what counts alone (normalised convolution)."""
    out = _blur(colors, planes, weights)
    return _of_what_counts(out) if planes == 4 else out


@jit
def _steepness(values: np.ndarray, r: int, j: int) -> float:
    """Length of the gradient of the plane of column `j` there, by Scharr's operator."""
    up, down = max(r - 1, 0), min(r + 1, values.shape[0] - 1)
    left = j - 3 if j >= 3 else j
    right = j + 3 if j + 3 < values.shape[1] else j
    x = 3 * (values[up, right] - values[up, left] + values[down, right] - values[down, left])
    x += 10 * (values[r, right] - values[r, left])
    y = 3 * (values[down, left] - values[up, left] + values[down, right] - values[up, right])
    y += 10 * (values[down, j] - values[up, j])
    return np.sqrt(x * x + y * y) / 32


@jit
def _signals(colors: np.ndarray, inside: np.ndarray, weights: tuple[np.ndarray, ...], sigma: float) -> np.ndarray:
    """The twelve signals of every pixel inside, (n, 12)."""
    n = 0
    for r in range(inside.shape[0]):
        for c in range(inside.shape[1]):
            n += inside[r, c]
    out = np.empty((n, 12))
    planes = colors.shape[1] // inside.shape[1]
    finest, finer = _blurred(colors, planes, weights[0]), _blurred(colors, planes, weights[1])
    coarser, coarsest = _blurred(colors, planes, weights[2]), _blurred(colors, planes, weights[3])
    plain_colors = _of_what_counts(colors) if planes == 4 else colors
    i = 0
    for r in range(inside.shape[0]):
        for c in range(inside.shape[1]):
            if inside[r, c]:
                for p in range(3):
                    j = 3 * c + p
                    out[i, p] = plain_colors[r, j]
                    out[i, 3 + p] = sigma * _steepness(finest, r, j)
                    out[i, 6 + p] = finest[r, j] - finer[r, j]
                    out[i, 9 + p] = coarser[r, j] - coarsest[r, j]
                i += 1
    return out


@jit
def _covariance(samples: np.ndarray) -> np.ndarray:
    n, width = samples.shape
    mean = np.zeros(width)
    for i in range(n):
        for j in range(width):
            mean[j] += samples[i, j]
    mean /= n
    out = np.zeros((width, width))
    row = np.empty(width)
    for i in range(n):
        for j in range(width):
            row[j] = samples[i, j] - mean[j]
        for j in range(width):
            for k in range(width):
                out[j, k] += row[j] * row[k]
    return out / n


@jit
def _covariances(
    image: np.ndarray,
    labels: np.ndarray,
    cells: np.ndarray,
    boxes: np.ndarray,
    shares: np.ndarray,
    light: np.ndarray,
    relative: np.ndarray,
    roots: np.ndarray,
    weights: tuple[np.ndarray, ...],
    sigma: float,
    around: int,
) -> np.ndarray:
    out = np.full((boxes.shape[0], 12, 12), np.nan)
    for k in range(boxes.shape[0]):
        r0, c0, r1, c1, pixels = boxes[k, :5]
        if pixels == 0:
            continue
        margin = int(np.ceil(around / shares[k]))
        r0, c0 = max(r0 - margin, 0), max(c0 - margin, 0)
        r1, c1 = min(r1 + margin, labels.shape[0]), min(c1 + margin, labels.shape[1])
        small = max(1, round((r1 - r0) * shares[k])), max(1, round((c1 - c0) * shares[k]))
        colors, share_inside = _seen(image, labels, cells, k + 1, (r0, c0, r1, c1), small, light, relative, roots)
        # more than half inside, whatever the rounding, whichever way the image is turned; of what is thinner than a pixel, what holds most of it
        inside = share_inside > min(0.5 + 1e-9, 0.999 * share_inside.max())
        out[k] = _covariance(_signals(colors, inside, weights, sigma))
    return out


def region_covariances(
    image: ArrayLike,
    labels: ArrayLike,
    boxes: NDArray[np.int64],
    areas: ArrayLike,
    size: float = 50.0,
    cells: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Covariance of colour and its changes over the pixels of every region, seen at a common size.

    A region, with what lies around it, is shrunk by area averaging until the square of its cell's area has sides of `size` pixels, and its box
    sides of ten times that at most; what is smaller stays as it is. The covariance is that of twelve signals, named by ``SIGNALS``: L*, a* and b* as they are; the length of their
    gradients (``_edge``); and differences of Gaussians that answer to grains of about 2 (``_fine``) and 4 pixels (``_coarse``).

    Parameters
    ----------
    image : array_like of uint8, shape (H, W, 3)
        RGB; its LAB is not rounded, since the finest signals are smaller than a level.
    labels : array_like of int, shape (H, W)
        Label map of the regions; 0 is background.
    boxes : ndarray of int64, shape (n_labels, 7)
        Result of :func:`~leukofeat.kernels.regions.boxes.region_boxes`.
    areas : array_like of float, shape (n_labels,)
        Pixels of the cell that each region is of.
    size : float, default=50.0
    cells : array_like of int, shape (H, W), optional
        Label map of the cells. With one, the gradients and grains of a region see its own cell alone: averages are taken over the pixels that
        carry its label here or in `labels` (normalised convolution). Without, they see what lies around it.

    Returns
    -------
    ndarray of float64, shape (n_labels, 12, 12)
        In units of L*, a* and b*; NaN for a label without a pixel.

    Raises
    ------
    ValueError
        If the image, labels and cells differ in shape, or there is not an area a label.

    References
    ----------
    Tuzel, Porikli, Meer, "Region covariance: a fast descriptor for detection and classification", ECCV 2006.
    Knutsson, Westin, "Normalized and differential convolution", CVPR 1993: averages over `cells`.

    Examples
    --------
    >>> from leukofeat.kernels.regions.boxes import region_boxes
    >>> labels = np.ones((9, 9), int)
    >>> image = np.full((9, 9, 3), 119, np.uint8)  # L* is 50
    >>> image[:, ::2] = 143  # and 59.4
    >>> round(float(region_covariances(image, labels, region_boxes(labels), [81])[0, 0, 0]), 1)
    21.7
    """
    image, labels = plain(image, np.uint8, ndim=3), plain(labels, np.int32, ndim=2)
    areas = plain(areas, np.float64, ndim=1)
    if image.shape != (*labels.shape, 3):
        raise ValueError(f"image {image.shape} and labels {labels.shape} differ in shape")
    alone = np.empty((0, 0), np.int32) if cells is None else plain(cells, np.int32, ndim=2)
    if cells is not None and alone.shape != labels.shape:
        raise ValueError(f"labels {labels.shape} and cells {alone.shape} differ in shape")
    if len(areas) != len(boxes):
        raise ValueError(f"{len(areas)} areas of {len(boxes)} labels")
    longest = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    shares = np.minimum(
        1.0, np.minimum(size / np.sqrt(np.maximum(areas, 1.0)), _LONGEST * size / np.maximum(longest, 1))
    )
    return _covariances(image, labels, alone, boxes, shares, _LIGHT, _RELATIVE, _ROOTS, _WEIGHTS, _SIGMAS[0], _AROUND)


def matrix_logarithms(covariances: np.ndarray, noise: float) -> NDArray[np.float64]:
    """Logarithms of covariances to all of which a variance was added, as vectors whose distance is that of the matrices.

    Parameters
    ----------
    covariances : ndarray of float64, shape (n, k, k)
    noise : float
        Added to the diagonal, more than 0.

    Returns
    -------
    ndarray of float64, shape (n, k (k + 1) / 2)
        The upper triangle, row by row, what is off the diagonal times √2; NaN where there is a NaN.

    References
    ----------
    Arsigny, Fillard, Pennec, Ayache, "Log-Euclidean metrics for fast and simple calculus on diffusion tensors", Magn. Reson. Med. 56, 2006.

    Examples
    --------
    >>> matrix_logarithms(np.diag([0.0, np.e - 1])[None], 1.0).round(9).tolist()
    [[0.0, 0.0, 1.0]]
    """
    n, k = covariances.shape[:2]
    rows, columns = np.triu_indices(k)
    out = np.full((n, len(rows)), np.nan)
    known = np.isfinite(covariances).all(axis=(1, 2))
    values, vectors = np.linalg.eigh(covariances[known] + noise * np.eye(k))
    logarithms = (vectors * np.log(np.maximum(values, noise))[:, None, :]) @ vectors.transpose(0, 2, 1)
    out[known] = logarithms[:, rows, columns] * np.where(rows == columns, 1.0, math.sqrt(2))
    return out
