"""Vacuoles, granules, rods and basophilia of one cell's cytoplasm."""

import numpy as np

from leukofeat.features.cytology.patch import Blobs, Patch, Smoother, distance, principal_curvatures
from leukofeat.opencv import cv2

CYTOPLASM_NAMES = (
    "vacuole_count",
    "vacuole_share",
    "granule_count",
    "granule_share",
    "granule_contrast",
    "granule_azure",
    "granule_orange",
    "rod_length",
    "rod_elongation",
    "cytoplasm_basophilia",
    "cytoplasm_density",
    "cytoplasm_per_redcell",
    "cytoplasm_rim",
    "cytoplasm_hof",
)
SMALLEST_CELL = 16.0  # pixels across
_FEWEST = 20  # pixels of cytoplasm away from its edges
_SEAM = 0.02  # share of the cell's area, likewise

# lengths are shares of the cell's diameter, contrasts of the nucleus's mean density
_EDGE, _NUCLEAR_EDGE = 0.04, 0.05  # where outside and nucleus shine in
_GRANULE, _AROUND = 0.012, 0.045  # standard deviations of a granule and of what it is compared with
_SPOT = 0.02
_FAINTEST = 0.002  # contrast of granules that have a colour
_RIDGE = 0.03
_RODS = 0.1, 0.04  # least length, greatest width
_WIDE = 0.07  # of a vacuole's or a hof's surroundings
_PALER = 0.08
_VACUOLES = 0.03, 0.25  # diameters
_NEAR = 0.2  # of the nucleus, where the hof is


def cytoplasm_measures(patch: Patch, redcell: float) -> np.ndarray:
    """Measures of one cell's cytoplasm by ``CYTOPLASM_NAMES``, NaN where there is too little or no nucleus.

    Parameters
    ----------
    patch : Patch
    redcell : float
        Green density of the image's red cells, above the slide's; NaN where it has none.

    Examples
    --------
    >>> cell = cv2.circle(np.zeros((60, 60), np.uint8), (30, 30), 25, 1, -1)
    >>> nucleus = cv2.circle(np.zeros((60, 60), np.uint8), (30, 30), 12, 1, -1)
    >>> density = np.where(nucleus[..., None] > 0, np.float32([0.6, 0.8, 0.3]), np.float32([0.3, 0.2, 0.1]))
    >>> found = dict(zip(CYTOPLASM_NAMES, cytoplasm_measures(Patch(density, nucleus, cell), 0.2).tolist()))
    >>> {name: abs(round(found[name], 2)) for name in CYTOPLASM_NAMES[-5:]}
    {'cytoplasm_basophilia': 0.5, 'cytoplasm_density': 0.5, 'cytoplasm_per_redcell': 1.5, 'cytoplasm_rim': 0.0, 'cytoplasm_hof': 0.0}
    """
    diameter, nuclear = patch.cell_diameter, patch.nuclear_density
    nothing = np.full(len(CYTOPLASM_NAMES), np.nan)
    if diameter < SMALLEST_CELL or np.isnan(nuclear).any():
        return nothing
    depth, away = distance(patch.cell), distance(patch.nucleus ^ 1)
    inner = (depth > max(1.0, _EDGE * diameter)) & (away > max(1.0, _NUCLEAR_EDGE * diameter))
    where = inner.view(np.uint8)
    if cv2.countNonZero(where) < max(_FEWEST, _SEAM * cv2.countNonZero(patch.cell)):
        return nothing
    mean = np.array(cv2.mean(patch.density, where)[:3])
    smooth, planes = Smoother(where), cv2.split(patch.density)
    red, green, blue = (smooth(plane, _GRANULE * diameter) for plane in planes)
    excess = [fine - smooth(plane, _AROUND * diameter) for fine, plane in zip((red, green, blue), planes, strict=True)]
    # along a line one of the two curvatures is none, on a spot both are steep
    flatter, steeper = principal_curvatures(green / np.float32(nuclear[1]), max(0.6, _GRANULE * diameter))
    # a rod is denser than cytoplasm, and not for its blue; the walls of vacuoles are neither
    redder = (green > 1.2 * mean[1]) & (red - mean[0] < 0.7 * (green - mean[1]))
    whole = np.float32(1 / nuclear.sum())
    fine, wide = whole * (red + green + blue), smooth(whole * (planes[0] + planes[1] + planes[2]), _WIDE * diameter)
    return np.array(
        [
            *_vacuoles(fine, wide, inner, depth < 2 * _EDGE * diameter, diameter),
            *_granules(excess, np.maximum(-flatter, 0), inner, diameter),
            *_rods(-steeper, flatter, inner & redder, diameter),
            (mean[0] - mean[2]) / max(mean[0] + mean[2], 0.02),
            mean[0] / nuclear[0],
            mean[0] / redcell,
            _rim(planes[0], depth, inner) / nuclear[0],
            _hof(wide, inner, away < _NEAR * diameter),
        ]
    )


def _vacuoles(fine: np.ndarray, wide: np.ndarray, inner: np.ndarray, edge: np.ndarray, diameter: float) -> list[float]:
    """Number of round pale holes, and their share of the cytoplasm."""
    hole = (fine < 0.5 * wide) & (wide - fine > _PALER) & inner
    found = Blobs.of(hole.view(np.uint8), edge=edge)
    size = found.diameter / diameter
    found = found.where(
        ~found.touches & (size > _VACUOLES[0]) & (size < _VACUOLES[1]) & (found.minor > 0.5 * found.major)
    )
    return [len(found.area), found.area.sum() / np.count_nonzero(inner)]


def _granules(excess: list[np.ndarray], spot: np.ndarray, inner: np.ndarray, diameter: float) -> list[float]:
    """Number in a hundredth of the cell's area, share, contrast, and the colour of what they have beyond the cytoplasm."""
    n = np.count_nonzero(inner)
    dense = (spot > _SPOT) & inner
    tops = dense & (spot >= cv2.dilate(spot, np.ones((3, 3), np.uint8)))
    weights = spot[inner]
    # weighted: what is hardly there has no say in the colour
    red, green, blue = (float((weights * plane[inner]).sum()) for plane in excess)
    contrast = float(np.sqrt((weights * weights).mean()))
    has_any = contrast > _FAINTEST and green > 0
    return [
        np.count_nonzero(tops) / n * np.pi * diameter**2 / 400,
        np.count_nonzero(dense) / n,
        contrast,
        red / green if has_any else np.nan,
        blue / green if has_any else np.nan,
    ]


def _rods(ridge: np.ndarray, flatter: np.ndarray, where: np.ndarray, diameter: float) -> list[float]:
    """Length of the longest dark red streak in diameters and its elongation; 0 and 1 where there is none."""
    streak = (ridge > _RIDGE) & (cv2.absdiff(flatter, np.zeros_like(flatter)) < 0.5 * ridge) & where
    found = Blobs.of(streak.view(np.uint8))
    found = found.where(
        (found.length > max(5.0, _RODS[0] * diameter))
        & (found.minor < max(3.0, _RODS[1] * diameter))
        & (found.major > 3.5 * found.minor)
    )
    if not len(found.area):
        return [0.0, 1.0]
    longest = int(found.length.argmax())
    return [found.length[longest] / diameter, found.major[longest] / found.minor[longest]]


def _rim(red: np.ndarray, depth: np.ndarray, inner: np.ndarray) -> float:
    """Mean density of the outer half of the cytoplasm less that of the inner half."""
    depths = depth[inner]
    outer = inner & (depth < np.partition(depths, depths.size // 2)[depths.size // 2])
    if not outer.any():
        return np.nan
    rim, core = (cv2.mean(red, part.view(np.uint8))[0] for part in (outer, inner & ~outer))
    return rim - core


def _hof(wide: np.ndarray, inner: np.ndarray, near: np.ndarray) -> float:
    """How much paler the palest zone beside the nucleus is than the cytoplasm."""
    beside = (inner & near).view(np.uint8)
    if not cv2.countNonZero(beside):
        return np.nan
    return max(0.0, cv2.mean(wide, inner.view(np.uint8))[0] - cv2.minMaxLoc(wide, beside)[0])
