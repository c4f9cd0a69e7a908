"""Pairs of images that show the same: candidates by nearest fingerprints, then compared picture to picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from leukofeat.audit.fingerprint import THUMB, Fingerprint

SYMMETRIES = (
    "identical",
    "mirrored",
    "turned by 180°",
    "turned by 180° and mirrored",
    "turned by 90°",
    "turned by 90° and mirrored",
    "turned by 270°",
    "turned by 270° and mirrored",
)
_NEIGHBORS = 4
_WHOLE_REACH = 0.40  # between unit vectors; fields that have nothing in common stand near 0.5
_PATCH_REACH = 0.28
_PATCH_AXES = 14
_SCALES = np.geomspace(1 / 1.3, 1.3, 15)
_SLACK = 0.03  # how far two matched points may be apart, as a share of the side
_COPY = 0.9
_ROUGHLY = 0.6
_FINE, _FINE_BLOCKS = 0.92, 0.85
_BLOCK = 16
_MARGIN = 4  # how far the estimated place may be off, in pixels of the thumbnail
_MIN_OVERLAP = 0.25
_BATCH = 1024
_SHRINK = 4
_ROUGHLY_SMALL = 0.5
_MAX_MATCHES = 24
_WARP = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_WARP_NEAREST = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 1e-3)


class Thumb(NamedTuple):
    """A thumbnail, (THUMB, THUMB) uint8, and its band-passed version, int8, 0 where nothing is known."""

    gray: np.ndarray
    band: np.ndarray


class Pair(NamedTuple):
    """Two images that show the same; x_second = scale * x_first + shift, in shares of the width and height."""

    first: int
    second: int
    kind: str  # "copy" (whole image, flips and quarter turns included), "crop" or "overlap"
    how: str
    correlation: float
    overlap: float  # share of the first image that the second shows


def find_pairs(
    fingerprints: Sequence[Fingerprint],
    boxes: Sequence[tuple[int, int, int, int] | None],
    shapes: Sequence[tuple[int, int]],
) -> list[Pair]:
    """Near-duplicates and overlapping fields among images that are no exact duplicates.

    Parameters
    ----------
    fingerprints : sequence of Fingerprint
    boxes : sequence of (top, left, bottom, right) or None
        Burned-in marks, in pixels; they are left out of the comparison.
    shapes : sequence of (height, width)

    Returns
    -------
    list of Pair
        first < second, sorted.

    Notes
    -----
    Each image looks for the nearest `symmetric_cosines` of whole images and for the nearest patches in k-d trees, so the
    time grows a little faster than the number of images. A candidate counts when the band-passed thumbnails, aligned,
    correlate.
    """
    if len(fingerprints) < 2:
        return []
    bands = np.stack([_band(f.thumb, box, shape) for f, box, shape in zip(fingerprints, boxes, shapes, strict=True)])
    pairs = {(pair.first, pair.second): pair for pair in _whole_pairs(fingerprints, bands)}
    for pair in _part_pairs(fingerprints, bands, set(pairs)):
        pairs[pair.first, pair.second] = pair
    return [pairs[key] for key in sorted(pairs)]


def cluster(n: int, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Number of the connected set each of n images belongs to, in order of first appearance."""
    links = np.array(pairs, np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(links), bool), (links[:, 0], links[:, 1])), shape=(n, n))
    return connected_components(graph, directed=False)[1]


def _band(thumb: np.ndarray, box: tuple[int, int, int, int] | None, shape: tuple[int, int]) -> np.ndarray:
    """Band-passed thumbnail, int8, standard deviation 24; 0 where a mark is burned in."""
    gray = thumb.astype(np.float32)
    band = cv2.GaussianBlur(gray, (0, 0), 0.7) - cv2.GaussianBlur(gray, (0, 0), 3.5)
    if box is not None:
        (y0, y1), (x0, x1) = ((box[k] * THUMB // shape[k], -(-box[k + 2] * THUMB // shape[k])) for k in range(2))
        band[max(y0 - 3, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 3] = 0
    # A field without any structure (an empty slide, a black frame) says nothing of what it shows.
    spread = float(band.std())
    return (
        np.clip(np.rint(band * (24.0 / spread)), -127, 127).astype(np.int8)
        if spread > 0.7
        else np.zeros_like(band, np.int8)
    )


def _symmetric_indices(side: int) -> np.ndarray:
    """Flat pixel order of the eight flips and quarter turns of a square picture, (8, side²), as SYMMETRIES names them."""
    grid = np.arange(side * side).reshape(side, side)
    out = []
    for turns in (0, 2, 1, 3):
        turned = np.rot90(grid, turns)
        out += [turned.ravel(), turned[:, ::-1].ravel()]
    return np.array(out)


def _whole_pairs(fingerprints: Sequence[Fingerprint], bands: np.ndarray) -> list[Pair]:
    whole = np.stack([f.whole for f in fingerprints]).astype(np.float64)
    k = min(_NEIGHBORS + 1, len(whole))
    distance, other = cKDTree(whole).query(whole, k=k, distance_upper_bound=_WHOLE_REACH)
    first = np.repeat(np.arange(len(whole)), k)[np.isfinite(distance).ravel()]
    candidates = _unique(first, other[np.isfinite(distance)])
    # The way one is turned shows in a picture a quarter as large; only what agrees there is worth the full one.
    n = THUMB // _SHRINK
    small = bands.reshape(-1, n, _SHRINK, n, _SHRINK).mean(axis=(2, 4), dtype=np.float32).reshape(-1, n * n)
    flat, orders, small_orders = bands.reshape(len(bands), -1), _symmetric_indices(THUMB), _symmetric_indices(n)
    found = []
    for start in range(0, len(candidates), _BATCH):
        part = candidates[start : start + _BATCH]
        a, b = small[part[:, 0]], small[part[:, 1]]
        rough = np.stack([_correlation(a, b[:, order]) for order in small_orders])
        likely = np.flatnonzero(rough.max(axis=0) >= _ROUGHLY_SMALL)
        ways = rough.argmax(axis=0)[likely]
        ends = part[likely]
        turned = np.take_along_axis(flat[ends[:, 1]], orders[ways], axis=1)
        scores = _correlation(flat[ends[:, 0]].astype(np.float32), turned.astype(np.float32))
        for (i, j), way, score in zip(ends, ways, scores, strict=True):
            if score >= _COPY:
                found.append(Pair(int(i), int(j), "copy", SYMMETRIES[way], float(score), 1.0))
            elif score >= _ROUGHLY and way == 0:  # the stage hardly moved between two shots
                same = _compare_parts(
                    Thumb(fingerprints[i].thumb, bands[i]), Thumb(fingerprints[j].thumb, bands[j]), np.eye(2, 3)
                )
                if same is not None:
                    found.append(_part_pair(int(i), int(j), *same))
    return found


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Row by row, over the pixels where both are known (not 0)."""
    product = np.einsum("ij,ij->i", a, b)
    energy = np.einsum("ij,ij->i", a * a, (b != 0).astype(np.float32)) * np.einsum(
        "ij,ij->i", b * b, (a != 0).astype(np.float32)
    )
    return product / np.sqrt(np.maximum(energy, 1.0))


def _unique(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    keep = first != second
    ends = np.sort(np.column_stack([first[keep], second[keep]]), axis=1)
    return np.unique(ends, axis=0)


def _part_pairs(fingerprints: Sequence[Fingerprint], bands: np.ndarray, known: set[tuple[int, int]]) -> list[Pair]:
    owner = np.repeat(np.arange(len(fingerprints)), [len(f.points) for f in fingerprints])
    if len(owner) <= _NEIGHBORS + 1:
        return []
    points = np.concatenate([f.points for f in fingerprints])
    axes = _main_axes(np.concatenate([f.patches for f in fingerprints]))
    distance, other = cKDTree(axes).query(axes, k=_NEIGHBORS + 1, eps=1.0, distance_upper_bound=_PATCH_REACH)
    one = np.repeat(np.arange(len(owner)), _NEIGHBORS + 1)[np.isfinite(distance).ravel()]
    two = other[np.isfinite(distance)]
    keep = owner[one] != owner[two]
    one, two = one[keep], two[keep]
    swap = owner[one] > owner[two]
    one, two = np.where(swap, two, one), np.where(swap, one, two)
    matches = np.unique(np.column_stack([owner[one], owner[two], one, two]), axis=0)
    if not len(matches):
        return []
    starts = np.flatnonzero(np.r_[True, (np.diff(matches[:, :2], axis=0) != 0).any(axis=1)])
    found = []
    for start, stop in zip(starts, np.r_[starts[1:], len(matches)], strict=True):
        i, j = (int(v) for v in matches[start, :2])
        if stop - start < 2 or (i, j) in known:
            continue
        placed = _place(points[matches[start:stop, 2]], points[matches[start:stop, 3]])
        if placed is None:
            continue
        scale, shift = placed
        offset = THUMB * shift + 0.5 * scale - 0.5
        matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]])
        same = _compare_parts(Thumb(fingerprints[i].thumb, bands[i]), Thumb(fingerprints[j].thumb, bands[j]), matrix)
        if same is not None:
            found.append(_part_pair(i, j, *same))
    return found


def _part_pair(i: int, j: int, score: float, overlap: float, scale: float) -> Pair:
    if abs(scale - 1) < 0.03:
        return Pair(i, j, "overlap", "shifted field", score, overlap)
    return Pair(i, j, "crop", f"cropped, scale {scale:.2f}", score, overlap)


def _main_axes(patches: np.ndarray) -> np.ndarray:
    """Patches on their principal axes, few enough for a k-d tree."""
    sample = patches[:: max(1, len(patches) // 4_000)].astype(np.float64)
    mean = sample.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(sample - mean, rowvar=False))
    return (patches - mean) @ vectors[:, ::-1][:, :_PATCH_AXES]


def _place(a: np.ndarray, b: np.ndarray) -> tuple[float, np.ndarray] | None:
    """Scale and shift that carry most points of `a` onto those of `b`, at least two distinct ones."""
    _, distinct = np.unique(np.round(np.column_stack([a, b]), 2), axis=0, return_index=True)
    a, b = a[distinct][:_MAX_MATCHES], b[distinct][:_MAX_MATCHES]
    if len(a) < 2:
        return None
    shifts = b - _SCALES[:, None, None] * a  # (scales, matches, 2)
    apart = np.abs(shifts[:, :, None] - shifts[:, None])
    near = (apart < _SLACK).all(axis=3)
    counts = near.sum(axis=2)
    miss = (apart.sum(axis=3) * near).sum(axis=2) / counts
    k, lead = np.unravel_index((counts - miss).argmax(), counts.shape)
    if counts[k, lead] < 2:
        return None
    return float(_SCALES[k]), shifts[k, near[k, lead]].mean(axis=0)


def _roughly(a: np.ndarray, b: np.ndarray, matrix: np.ndarray) -> bool:
    """Whether the band-passed thumbnails correlate somewhere near the estimated place."""
    moved = cv2.warpAffine(b.astype(np.float32), matrix, (THUMB, THUMB), flags=_WARP)
    ends = np.sort((np.array([[0, 0], [THUMB, THUMB]]) - matrix[:, 2]) / matrix[0, 0], axis=0)
    low, high = np.maximum(np.ceil(ends[0]), 0).astype(int), np.minimum(np.floor(ends[1]), THUMB).astype(int)
    low, high = low + _MARGIN, high - _MARGIN
    if (high - low < THUMB // 6).any():
        return False
    window = a[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    around = moved[low[1] - _MARGIN : high[1] + _MARGIN, low[0] - _MARGIN : high[0] + _MARGIN]
    if (window != 0).mean() < 0.5 or window.std() < 4:
        return False
    return float(cv2.matchTemplate(around, window, cv2.TM_CCORR_NORMED).max()) >= _ROUGHLY


def _compare_parts(a: Thumb, b: Thumb, matrix: np.ndarray) -> tuple[float, float, float] | None:
    """Correlation, overlap and scale of two pictures that show the same, or None; `matrix` leads from `a` to `b` roughly.

    Cells look alike: fields that share nothing agree in the coarse bands wherever two blobs can be laid over each other.
    Only after exact alignment, and with the finest bands compared block by block, do copies stand apart.
    """
    if not _roughly(a.band, b.band, matrix):
        return None
    one, two = a.gray.astype(np.float32), b.gray.astype(np.float32)
    try:
        _, exact = cv2.findTransformECC(one, two, matrix.astype(np.float32), cv2.MOTION_AFFINE, _STOP, None, 5)
    except cv2.error:  # does not converge
        return None
    stretch = abs(float(np.linalg.det(exact[:, :2])))
    if not 0.8 < stretch / matrix[0, 0] ** 2 < 1.25:
        return None
    moved = cv2.warpAffine(
        two, exact, (THUMB, THUMB), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    shown = cv2.warpAffine((b.band != 0).astype(np.uint8), exact, (THUMB, THUMB), flags=_WARP_NEAREST)
    covered = cv2.warpAffine(np.ones_like(shown), exact, (THUMB, THUMB), flags=_WARP_NEAREST)
    # Single zeros of the band are holes of no meaning; a mark is a large one.
    shown = cv2.morphologyEx(shown, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    valid = (cv2.erode(shown, np.ones((5, 5), np.uint8), borderValue=0) > 0) & (
        cv2.morphologyEx((a.band != 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
    )
    overlap = float(covered.mean())
    if overlap < _MIN_OVERLAP or valid.mean() < 0.15:
        return None
    score, blocks = _fine_agreement(one, moved, valid)
    if score < _FINE or len(blocks) < 4 or np.quantile(blocks, 0.25) < _FINE_BLOCKS:
        return None
    return score, overlap, float(np.sqrt(stretch))


def _fine_agreement(a: np.ndarray, b: np.ndarray, valid: np.ndarray) -> tuple[float, np.ndarray]:
    """Correlation of the finest bands, over all valid pixels and in each block that has some structure."""
    fine = [cv2.GaussianBlur(x, (0, 0), 0.7) - cv2.GaussianBlur(x, (0, 0), 2.0) for x in (a, b)]
    ab, aa, bb = (
        _blocks(np.where(valid, x * y, 0)) for x, y in ((fine[0], fine[1]), (fine[0], fine[0]), (fine[1], fine[1]))
    )
    full = _blocks(valid.astype(np.float32))
    use = (full > 0.7 * _BLOCK**2) & (np.maximum(aa, bb) > 1.4 * full)
    score = ab.sum() / np.sqrt(aa.sum() * bb.sum() + 1e-9)
    return float(score), ab[use] / np.sqrt(aa[use] * bb[use] + 1e-9)


def _blocks(values: np.ndarray) -> np.ndarray:
    n = THUMB // _BLOCK
    return values.reshape(n, _BLOCK, n, _BLOCK).sum(axis=(1, 3), dtype=np.float64).ravel()
