"""Red cells whose size can be told: those that stand alone, and arcs of the outlines of those that touch or are cut by the frame."""

from typing import NamedTuple

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.kernels.shape.arcs import circular_arcs, smooth_outlines
from leukofeat.opencv import cv2

LEAST_RADIUS = 4.0  # pixels: below this an outline has no shape
LEAST_ARC = 2.0  # radians: the radius of a shorter arc says little
SOLID, OBLONG = 0.94, 1.5  # a single cell: least share of its convex hull, most length by breadth
_RATIO = 1.35  # radii that belong together differ by such a factor at most
_STEP = 1.2  # from one radius that is tried to the next
_WIDEST = 0.6  # of the image's shorter side, a radius
_RESIDUE = (0.25, 0.04)  # distance of an arc's points from the circle: pixels, and share of the radius
_SETTLING = 2
_LEAST_SHARE = 0.02  # of all outlines, that red cells explain: heaps of them hide most, noise has arcs by chance
_ROUNDS = (0.0, 0.3, 0.6, 0.85)  # circles of a cell, as shares of its radius, that are looked at
_AZURE, _STAINED = 0.1, 0.85  # most azure in the inner ones, least stain on the outermost
_COSINES, _SINES = np.cos(np.arange(24) * np.pi / 12), np.sin(np.arange(24) * np.pi / 12)


class Discs(NamedTuple):
    """Red cells or parts of them, k of them: what was seen of each."""

    radius: np.ndarray  # (k,) float64, pixels
    seen: np.ndarray  # (k,) float64, share of the outline, 1 for a whole cell

    @property
    def weight(self) -> np.ndarray:
        """Weight of each: a radius is the less sure the shorter the arc."""
        return self.seen**2

    def median(self) -> float:
        """Weighted median of the radii."""
        order = np.argsort(self.radius, kind="stable")
        total = np.cumsum(self.weight[order])
        return float(self.radius[order][np.searchsorted(total, total[-1] / 2)])


def find_discs(stained: np.ndarray, azure: np.ndarray, least: float) -> Discs | None:
    """Red cells of one size in a mask of stain: the size that explains the longest outlines.

    Parameters
    ----------
    stained, azure : ndarray of shape (height, width), dtype uint8
        1 where there is stain, and where it is that of nuclei.
    least : float
        Least radius in pixels.

    Returns
    -------
    Discs or None

    Examples
    --------
    >>> stained = np.zeros((90, 140), np.uint8)
    >>> for x, y in ((30, 30), (80, 40), (105, 40), (138, 80)):
    ...     _ = cv2.circle(stained, (x, y), 16, 1, -1)
    >>> discs = find_discs(stained, 0 * stained, 4.0)
    >>> len(discs.radius), round(discs.median(), 1)
    (3, 16.0)
    """
    contours, tree = cv2.findContours(stained, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    whole, outlines = [], []
    for contour, (_, _, _, parent) in zip(contours, tree[0] if tree is not None else (), strict=True):
        if len(contour) < 2 * LEAST_RADIUS:
            continue
        disc = _whole_cell(contour, azure, least) if parent < 0 else None
        if disc is None:
            outlines.append(contour[:, 0])
        else:
            whole.append(disc)
    finder = _Finder(np.array(whole), outlines, stained, azure, least)
    best, most = None, 0.0
    radius, end = least, _WIDEST * min(stained.shape)
    while radius <= end:
        discs = finder.near(radius)
        length = float((discs.weight * discs.radius).sum())
        if length > most:
            best, most = discs, length
        radius *= _STEP
    if best is None:
        return None
    for _ in range(_SETTLING):
        settled = finder.near(best.median())
        best = settled if len(settled.radius) else best
    outline = len(finder.points) + 2 * np.pi * finder.whole.sum()
    return best if 2 * np.pi * (best.seen * best.radius).sum() >= _LEAST_SHARE * outline else None


def _whole_cell(contour: np.ndarray, azure: np.ndarray, least: float) -> float | None:
    """Radius of the circle of the same area, for a body that is a single cell inside the frame."""
    height, width = azure.shape
    x, y, w, h = cv2.boundingRect(contour)
    if min(x, y) < 2 or x + w > width - 2 or y + h > height - 2:
        return None
    hull = cv2.convexHull(contour)
    area = cv2.contourArea(contour)
    if area < SOLID * cv2.contourArea(hull):
        return None
    (cx, cy), (length, breadth), _ = cv2.minAreaRect(hull)
    # the outline runs through the centres of the outermost pixels
    radius = float(np.sqrt((area + cv2.arcLength(hull, True) / 2 + np.pi / 4) / np.pi))
    if max(length, breadth) > OBLONG * min(length, breadth) or radius < least:
        return None
    return radius if _is_red(azure, azure, cx, cy, radius, 0.0) else None


class _Finder:
    """Discs of about one radius, for one radius after another."""

    def __init__(
        self, whole: np.ndarray, outlines: list[np.ndarray], stained: np.ndarray, azure: np.ndarray, least: float
    ) -> None:
        self.whole, self.stained, self.azure, self.least = whole, stained, azure, least
        height, width = stained.shape
        raw = np.concatenate(outlines) if outlines else np.zeros((0, 2), np.int32)
        x, y = raw.T
        self.free = (x > 1) & (x < width - 2) & (y > 1) & (y < height - 2)
        self.ends = np.cumsum([len(points) for points in outlines], dtype=np.int64)
        self.points = smooth_outlines(raw, self.ends)

    def near(self, radius: float) -> Discs:
        low, high = max(radius / _RATIO, self.least), radius * _RATIO
        whole = self.whole[(self.whole >= low) & (self.whole <= high)]
        arcs = circular_arcs(self.points, self.ends, self.free, radius, LEAST_ARC, low - 0.5)
        radii, seen = _red_arcs(self.stained, self.azure, arcs, low, high)
        return Discs(np.concatenate([whole, radii]), np.concatenate([np.ones(len(whole)), seen]))


@jit
def _is_red(stained: np.ndarray, azure: np.ndarray, x: float, y: float, radius: float, least: float) -> bool:
    """Whether a disc, as far as it lies in the image, holds no nucleus and is stained at its rim."""
    height, width = azure.shape
    seen, blue = 0, 0
    for share in _ROUNDS:
        rim, red = 0, 0
        for k in range(_COSINES.size):
            column = int(np.rint(x + share * radius * _COSINES[k]))
            row = int(np.rint(y + share * radius * _SINES[k]))
            if 0 <= column < width and 0 <= row < height:
                rim += 1
                red += stained[row, column]
                if share < _ROUNDS[-1]:
                    blue += azure[row, column]
        if share < _ROUNDS[-1]:
            seen += rim
        elif red < least * rim:
            return False
    return blue <= _AZURE * seen


@jit
def _red_arcs(
    stained: np.ndarray, azure: np.ndarray, arcs: np.ndarray, low: float, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """Radius, from `low` to `high`, and share of the outline of the arcs (k, 5) that run around red cells."""
    radii, seen = np.empty(arcs.shape[0]), np.empty(arcs.shape[0])
    k = 0
    for i in range(arcs.shape[0]):
        # half a pixel from the centres of the outermost pixels to their edge
        radius = arcs[i, 2] + 0.5
        fits = low <= radius <= high and arcs[i, 3] <= _RESIDUE[0] + _RESIDUE[1] * radius
        if fits and _is_red(stained, azure, arcs[i, 0], arcs[i, 1], arcs[i, 2], _STAINED):
            radii[k], seen[k] = radius, min(arcs[i, 4] / (2 * np.pi), 1.0)
            k += 1
    return radii[:k], seen[:k]
