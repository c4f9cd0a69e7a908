"""From the red cells in an image to its scale."""

import numpy as np

from leukofeat.opencv import cv2
from leukofeat.scale.record import Scale
from leukofeat.scale.red_cells import LEAST_RADIUS, Discs, find_discs
from leukofeat.scale.stain import stain_planes

_LONGEST = 1600  # pixels: larger images are shrunk; where red cells become too small by that, their middle is looked at
_SMALLEST = 24  # pixels: a side that is shorter holds no red cell
_FAINTEST = 10  # level of density, .02, below which there is no stain
_PALE, _HALF = (
    0.3,
    0.5,
)  # an outline runs at half the density that .3 of the stained pixels stay under: pale single cells
# No nucleus is thicker than two and a half red cells, no leukocyte, nor heap of red cells, than five.
_NUCLEI, _BODIES = 0.4, 0.2
_LEAST_SEEN = 0.12  # outlines seen at least, in red cells
_LEAST_MEDIAN = 1.25 * LEAST_RADIUS  # below this the smaller half of the cells would go unseen
# Spread of diameters in one smear (anisocytosis, and the error of a single disc), which weighs as much as that of so many discs.
_SPREAD, _WEIGHT = 0.12, 4.0
_LOST = np.pi / 2  # variance of a median against that of a mean
_SYSTEMATIC, _EDGE = 0.05, 1.0  # what more cells do not mend: share of the diameter, and pixels for where an edge lies


def estimate_scale(image: np.ndarray) -> Scale:
    """Diameter of the red cells in an image, measured on those whose size can be told.

    A red cell that stands alone has the diameter of the circle of its area, its pallor filled. Of those that touch, overlap or are
    cut by the frame, arcs of the outline count that bend like one circle over a third of it at least. Nuclei and what lies around
    them are left out by the azure that they hold. Of all radii the one is taken that explains the longest outlines, and then the
    median, weighted by how much of each cell is seen.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
        RGB. Of a :class:`~leukofeat.Smear`, :attr:`~leukofeat.Smear.scale` also knows the size of a pixel.

    Returns
    -------
    Scale
        Unknown for an image without red cells or with such of less than 10 pixels, without colour, or with a side below 24 pixels. The error takes in the spread of the
        cells over their number, 5 % of the diameter and 1 pixel.

    Raises
    ------
    TypeError
        For an image that is not 8-bit RGB.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> image = make_smears(n_samples=1, random_state=0).images[0]
    >>> scale = estimate_scale(image)
    >>> scale.source, abs(scale.pixels - 2.8 * 7.2) < 2 * scale.error
    ('red cells', True)
    >>> estimate_scale(np.full((64, 64, 3), 230, np.uint8)).source
    'unknown'
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise TypeError(
            f"The image must be uint8 RGB of shape (height, width, 3), not {image.dtype} of shape {image.shape}; "
            "of a Smear, take smear.scale or estimate_scale(smear.image)."
        )
    if min(image.shape[:2]) < _SMALLEST or _is_gray(image):
        return Scale.unknown()
    image = np.ascontiguousarray(image)
    factor = min(1.0, _LONGEST / max(image.shape[:2]))
    if factor == 1:
        return _summary(_red_cells(image), 1.0)
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    scale = _summary(_red_cells(small), factor)
    if scale.known:
        return scale
    top, left = (max(0, (side - _LONGEST) // 2) for side in image.shape[:2])
    middle = image[top : top + _LONGEST, left : left + _LONGEST]
    return _summary(_red_cells(np.ascontiguousarray(middle)), 1.0)


def _is_gray(image: np.ndarray) -> bool:
    red, green, blue = cv2.split(image)
    return np.array_equal(red, green) and np.array_equal(green, blue)


def _red_cells(image: np.ndarray) -> Discs | None:
    planes = stain_planes(image)
    level = None if planes is None else _outline_level(*planes)
    if planes is None or level is None:
        return None
    density, azure = planes
    stained = (density > level).astype(np.uint8)
    least = max(LEAST_RADIUS, _NUCLEI * _thickness(azure), _BODIES * _thickness(stained))
    discs = find_discs(stained, azure, least)
    if discs is None or discs.weight.sum() < _LEAST_SEEN or discs.median() < _LEAST_MEDIAN:
        return None
    return discs


def _outline_level(density: np.ndarray, azure: np.ndarray) -> float | None:
    """Level of density at which the outlines of red cells run; None where nothing else than nuclei is stained."""
    counts = cv2.calcHist([density], [0], 1 - azure, [256], (0, 256)).ravel().astype(np.float64)
    below, sums = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):  # Otsu's criterion
        between = (sums[-1] * below / max(below[-1], 1) - sums) ** 2 / (below * above)
    between[(below == 0) | (above == 0)] = -1
    split = int(between.argmax())
    if between[split] < 0:
        return None
    pale = np.searchsorted(below, below[split] + _PALE * above[split])
    return max(_FAINTEST, _HALF * float(pale))


def _thickness(mask: np.ndarray) -> float:
    """Radius of the largest circle in a mask."""
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return 0.0
    framed = cv2.copyMakeBorder(mask[y : y + height, x : x + width], 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return float(cv2.distanceTransform(framed, cv2.DIST_L2, 3).max())


def _summary(discs: Discs | None, factor: float) -> Scale:
    """Scale that red cells have shown, seen `factor` times as large as they are."""
    if discs is None:
        return Scale.unknown()
    middle, n = discs.median(), float(discs.weight.sum())
    # a mean of absolute deviations is .8 standard deviations
    spread = 1.25 * float((discs.weight * np.abs(discs.radius / middle - 1)).sum()) / n
    variance = (n * spread**2 + _WEIGHT * _SPREAD**2) / (n + _WEIGHT) * _LOST / n
    diameter = 2 * middle
    error = np.hypot(diameter * np.sqrt(variance + _SYSTEMATIC**2), _EDGE)
    return Scale(round(diameter / factor, 3), round(float(error) / factor, 3), "red cells", len(discs.radius))
