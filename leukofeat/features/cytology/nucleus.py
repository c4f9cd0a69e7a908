"""Nucleoli, condensation of the chromatin, folds and clefts of one nucleus."""

import numpy as np

from leukofeat.features.cytology.patch import Blobs, Patch, Smoother, distance, principal_curvatures
from leukofeat.opencv import cv2

NUCLEUS_NAMES = (
    "nucleoli_count",
    "nucleoli_share",
    "nucleolus_size",
    "nucleolus_contrast",
    "chromatin_dense_share",
    "chromatin_contrast",
    "chromatin_coarseness",
    "nucleus_cleft_depth",
    "nucleus_fold_length",
    "nucleus_fold_contrast",
)
SMALLEST_NUCLEUS = 12.0  # pixels across, below which a nucleolus is a pixel or two

# lengths are shares of the nucleus's diameter, contrasts of its mean density
_GRAIN, _SPOT, _AROUND = 0.03, 0.055, 0.15  # standard deviations: of the finest detail, a nucleolus, what is around it
_RIM = 0.07  # of chromatin around a nucleolus
_NUCLEOLI = 0.10, 0.40  # diameters
_PALER = 0.02
_BLUER = 0.035
_ABOVE_TEXTURE = 1.7  # standard deviations of how blue the chromatin's own spots are
_HOLE = 0.4  # density of what is no nucleolus, but a vacuole upon the nucleus
_ROUND = 0.55  # least ratio of the axes
_FOLD = 0.2  # least length


def nucleus_measures(patch: Patch) -> np.ndarray:
    """Measures of one nucleus by ``NUCLEUS_NAMES``, NaN where it is too small or has no density.

    Examples
    --------
    >>> mask = cv2.circle(np.zeros((50, 50), np.uint8), (25, 25), 20, 1, -1)
    >>> even = Patch(np.full((50, 50, 3), 0.5, np.float32), mask, mask)
    >>> dict(zip(NUCLEUS_NAMES, nucleus_measures(even).tolist()))["nucleoli_count"]
    0.0
    """
    diameter, mean = patch.nucleus_diameter, patch.nuclear_density
    if diameter < SMALLEST_NUCLEUS:
        return np.full(len(NUCLEUS_NAMES), np.nan)
    left, top, width, height = cv2.boundingRect(patch.nucleus)
    box = np.s_[top - 1 : top + height + 1, left - 1 : left + width + 1]
    nucleus = np.ascontiguousarray(patch.nucleus[box])
    cleft = _cleft_depth(nucleus) / diameter
    if np.isnan(mean).any():
        return np.where(np.array(NUCLEUS_NAMES) == "nucleus_cleft_depth", cleft, np.nan)
    planes = cv2.split(np.ascontiguousarray(patch.density[box]))
    red, green = (plane / np.float32(level) for plane, level in zip(planes[:2], mean[:2], strict=True))
    depth, smooth = distance(nucleus), Smoother(nucleus)
    # chromatin stands out in green, where azure B and eosin both absorb
    fine, spot, around = (smooth(green, share * diameter) for share in (_GRAIN, _SPOT, _AROUND))
    blueness = red - green
    bluer = smooth(blueness, _SPOT * diameter) - smooth(blueness, _AROUND * diameter)
    return np.array(
        [
            *_nucleoli(spot, around - spot, bluer, depth, diameter),
            *_condensation(fine, spot, depth > max(1.0, 0.03 * diameter)),
            cleft,
            *_folds(fine, depth, diameter),
        ]
    )


def _nucleoli(
    spot: np.ndarray, paler: np.ndarray, bluer: np.ndarray, depth: np.ndarray, diameter: float
) -> list[float]:
    """Number, share of the nucleus, largest diameter, and how much bluer than its surroundings the bluest pale spot is.

    A nucleolus is full of RNA, which keeps its blue: green falls there, red hardly does. In the gaps between clumps of
    chromatin all colours fall alike.
    """
    inside = depth > max(1.0, _RIM * diameter)
    if not inside.any():
        return [0.0, 0.0, 0.0, 0.0]
    least = max(_BLUER, _ABOVE_TEXTURE * float(cv2.meanStdDev(bluer, mask=inside.view(np.uint8))[1][0, 0]))
    blue = (bluer > least) & (paler > _PALER) & (depth > 0)
    found = Blobs.of(blue.view(np.uint8), edge=~inside | (spot < _HOLE))
    size = found.diameter / diameter
    found = found.where(
        ~found.touches & (size > _NUCLEOLI[0]) & (size < _NUCLEOLI[1]) & (found.minor > _ROUND * found.major)
    )
    bluest = cv2.minMaxLoc(bluer, (inside & (spot > _HOLE) & (paler > 0)).view(np.uint8))[1]
    n = cv2.countNonZero(depth)
    return [len(found.area), found.area.sum() / n, found.diameter.max(initial=0.0) / diameter, max(0.0, bluest)]


def _condensation(fine: np.ndarray, coarse: np.ndarray, where: np.ndarray) -> list[float]:
    """Share of dense chromatin by Otsu's threshold, its density less that of the open, and how coarse it is."""
    values = fine[where]
    if not values.size:
        return [np.nan] * 3
    low, high = values.min(), values.max()
    if high - low < 1e-3:
        return [0.0, 0.0, 1.0]  # even: the coarser smoothing takes nothing away
    levels = ((values - low) * (255 / (high - low))).astype(np.uint8)
    dense = cv2.threshold(levels, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1].ravel() > 0
    n = int(np.count_nonzero(dense))
    contrast = values[dense].mean() - values[~dense].mean()
    return [n / values.size, float(contrast), float(coarse[where].var() / values.var())]


def _cleft_depth(nucleus: np.ndarray) -> float:
    """Pixels that the deepest bay lies within the convex hull of a nucleus and all its parts."""
    contours, _ = cv2.findContours(nucleus, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.fillConvexPoly(np.zeros_like(nucleus), cv2.convexHull(np.concatenate(contours)), 1)
    filled = cv2.drawContours(np.zeros_like(nucleus), contours, -1, 1, -1)
    # a hull drawn on pixels lies a pixel outside here and there
    return max(0.0, cv2.minMaxLoc(distance(hull), hull & (filled ^ 1))[1] - 1)


def _folds(plane: np.ndarray, depth: np.ndarray, diameter: float) -> list[float]:
    """Length of the longest pale line in diameters, and how sharply the deepest valleys are bent."""
    inside = depth > 0.05 * diameter
    across, along = principal_curvatures(plane, max(0.6, _GRAIN * diameter))
    valley = np.where(inside & (cv2.absdiff(along, np.zeros_like(along)) < 0.6 * across), across, 0)
    bends = valley[inside]
    if not bends.size:
        return [0.0, 0.0]
    # a fold stands out from the lines that any chromatin has
    least = max(0.03, 2.5 * float(np.sqrt((bends * bends).mean())))
    found = Blobs.of((valley > least).view(np.uint8))
    folds = found.length[(found.major > 3 * found.minor) & (found.length > _FOLD * diameter)]
    n = bends.size // 50
    return [folds.max(initial=0.0) / diameter, float(np.partition(bends, bends.size - 1 - n)[bends.size - 1 - n])]
