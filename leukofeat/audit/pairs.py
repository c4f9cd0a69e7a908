"""Pairs of images that show the same: candidates by nearest fingerprints, then compared picture to picture."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, overload

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from leukofeat.audit.alignment import ROUGHLY, Pair, Thumb, align, make_thumb
from leukofeat.audit.fingerprint import THUMB, Fingerprint
from leukofeat.audit.neighbors import near_links
from leukofeat.preprocessing.marks import Box

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
# Up to which number all are compared with all: whole images have many dimensions, in which cells would lose more than they spare.
_WHOLE_EXACT, _PATCH_EXACT = 1 << 16, 1 << 14
_PATCH_AXES = 14
_SCALES = np.geomspace(1 / 1.3, 1.3, 15)
_SLACK = 0.03  # how far two matched points may be apart, as a share of the side
_COPY = 0.9
_BATCH = 256  # pairs, or images, that are worked on at once
_RECENT = 2048  # thumbnails that are kept: two of 9 kB each
_SHRINK = 4
_ROUGHLY_SMALL = 0.5
_MAX_MATCHES = 24


def find_pairs(
    fingerprints: Sequence[Fingerprint],
    boxes: Sequence[Box | None],
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
    Each image looks for the four nearest `symmetric_cosines` of whole images, and each patch for the four nearest patches
    (:func:`~leukofeat.audit.neighbors.near_links`), so that the candidates are as many as the images. One counts when the
    band-passed thumbnails, aligned, correlate. Thumbnails are band-passed when they are looked at: memory, beside the
    fingerprints, is a few kB an image.
    """
    if len(fingerprints) < 2:
        return []
    thumbs = Thumbs(fingerprints, boxes, shapes)
    pairs = _whole_pairs(fingerprints, thumbs)
    return sorted([*pairs, *_part_pairs(fingerprints, thumbs, {(pair.first, pair.second) for pair in pairs})])


class Thumbs(Sequence[Thumb]):
    """Thumbnails with their bands, made when one is asked for; the last ones are kept."""

    def __init__(
        self, fingerprints: Sequence[Fingerprint], boxes: Sequence[Box | None], shapes: Sequence[tuple[int, int]]
    ) -> None:
        self._made_of = list(zip((f.thumb for f in fingerprints), boxes, shapes, strict=True))
        self._recent = lru_cache(_RECENT)(lambda i: self._make(*self._made_of[i]))

    def __len__(self) -> int:
        return len(self._made_of)

    @overload
    def __getitem__(self, i: int) -> Thumb: ...
    @overload
    def __getitem__(self, i: slice) -> list[Thumb]: ...
    def __getitem__(self, i: int | slice) -> Thumb | list[Thumb]:
        return self._recent(i) if isinstance(i, int) else [self._make(*made_of) for made_of in self._made_of[i]]

    @staticmethod
    def _make(thumb: Any, box: Box | None, shape: tuple[int, int]) -> Thumb:
        return make_thumb(np.asarray(thumb), box, shape)

    def bands(self, numbers: np.ndarray) -> np.ndarray:
        """Bands of some, (m, THUMB²) int8."""
        return np.stack([self[i].band.ravel() for i in numbers.tolist()])


def cluster(n: int, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Number of the connected set each of n images belongs to, in order of first appearance."""
    links = np.array(pairs, np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(links), bool), (links[:, 0], links[:, 1])), shape=(n, n))
    return connected_components(graph, directed=False)[1]


def _whole_pairs(fingerprints: Sequence[Fingerprint], thumbs: Thumbs) -> list[Pair]:
    links = near_links(np.stack([f.whole for f in fingerprints]), _NEIGHBORS + 1, _WHOLE_REACH, _WHOLE_EXACT)
    candidates = np.unique(np.sort(links[links[:, 0] != links[:, 1]], axis=1), axis=0)
    # The way one is turned shows in a picture a quarter as large; only what agrees there is worth the full one.
    n = THUMB // _SHRINK
    small = np.empty((len(thumbs), n * n), np.int16)
    for start in range(0, len(thumbs), _BATCH):
        bands = np.stack([thumb.band for thumb in thumbs[start : start + _BATCH]])
        sums = bands.reshape(-1, n, _SHRINK, n, _SHRINK).sum(axis=(2, 4), dtype=np.int16)
        small[start : start + _BATCH] = sums.reshape(-1, n * n)
    orders, small_orders = _symmetric_indices(THUMB), _symmetric_indices(n)
    found: list[Pair | None] = []
    for start in range(0, len(candidates), _BATCH):
        ends = candidates[start : start + _BATCH]
        a, b = (small[ends[:, k]] / np.float32(_SHRINK**2) for k in range(2))
        rough = np.stack([_correlation(a, b[:, order]) for order in small_orders])
        likely = np.flatnonzero(rough.max(axis=0) >= _ROUGHLY_SMALL)
        ends, ways = ends[likely], rough.argmax(axis=0)[likely]
        if not len(ends):
            continue
        turned = np.take_along_axis(thumbs.bands(ends[:, 1]), orders[ways], axis=1)
        scores = _correlation(thumbs.bands(ends[:, 0]).astype(np.float32), turned.astype(np.float32))
        for (i, j), way, score in zip(ends.tolist(), ways, scores, strict=True):
            if score >= _COPY:
                found.append(Pair(i, j, "copy", SYMMETRIES[way], float(score), 1.0))
            elif score >= ROUGHLY and way == 0:  # the stage hardly moved between two shots
                found.append(align(i, j, thumbs, np.eye(2, 3)))
    return [pair for pair in found if pair is not None]


def _symmetric_indices(side: int) -> np.ndarray:
    """Flat pixel order of the eight flips and quarter turns of a square picture, (8, side²), as SYMMETRIES names them."""
    grid = np.arange(side * side).reshape(side, side)
    turned = [np.rot90(grid, turns) for turns in (0, 2, 1, 3)]
    return np.array([order.ravel() for turn in turned for order in (turn, turn[:, ::-1])])


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Row by row, over the pixels where both are known (not 0)."""
    product = np.einsum("ij,ij->i", a, b)
    of_a = np.einsum("ij,ij->i", a * a, (b != 0).astype(np.float32))
    of_b = np.einsum("ij,ij->i", b * b, (a != 0).astype(np.float32))
    return product / np.sqrt(np.maximum(of_a * of_b, 1.0))


def _part_pairs(fingerprints: Sequence[Fingerprint], thumbs: Thumbs, known: set[tuple[int, int]]) -> list[Pair]:
    owner = np.repeat(np.arange(len(fingerprints)), [len(f.points) for f in fingerprints])
    if len(owner) <= _NEIGHBORS + 1:
        return []
    points = np.concatenate([f.points for f in fingerprints])
    axes = _main_axes([f.patches for f in fingerprints], len(owner))
    links = near_links(axes, _NEIGHBORS + 1, _PATCH_REACH, _PATCH_EXACT)
    links = links[owner[links[:, 0]] != owner[links[:, 1]]]
    keys = np.unique(links.min(axis=1) * len(owner) + links.max(axis=1))
    links = np.column_stack([keys // len(owner), keys % len(owner)])
    matches = np.column_stack([owner[links], links])
    matches = matches[np.lexsort(matches.T[::-1])]
    ends, starts = np.unique(matches[:, :2], axis=0, return_index=True)
    found = []
    for (i, j), start, stop in zip(ends.tolist(), starts, [*starts[1:], len(matches)], strict=False):
        if stop - start < 2 or (i, j) in known:
            continue
        matrix = _place(points[matches[start:stop, 2]], points[matches[start:stop, 3]])
        if matrix is not None:
            found.append(align(i, j, thumbs, matrix))
    return [pair for pair in found if pair is not None]


def _main_axes(patches: Sequence[np.ndarray], n: int) -> np.ndarray:
    """All n patches of the images on their principal axes, few enough for blocks and cells, (n, _PATCH_AXES) float32."""
    step = max(1, n // 4_000)
    ends = np.cumsum([len(own) for own in patches])
    sample = np.concatenate([own[-(end - len(own)) % step :: step] for own, end in zip(patches, ends, strict=True)])
    mean = sample.mean(axis=0, dtype=np.float64)
    _, vectors = np.linalg.eigh(np.cov(sample - mean, rowvar=False))
    vectors = vectors[:, ::-1][:, :_PATCH_AXES]
    starts = range(0, len(patches), _BATCH)
    return np.concatenate([
        ((np.concatenate(patches[start : start + _BATCH]) - mean) @ vectors).astype(np.float32) for start in starts
    ])  # fmt: skip


def _place(a: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """Map (2, 3) between thumbnails that carries most points of `a` onto those of `b`, at least two distinct ones."""
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
    x, y = THUMB * shifts[k, near[k, lead]].mean(axis=0) + 0.5 * _SCALES[k] - 0.5
    return np.array([[_SCALES[k], 0, x], [0, _SCALES[k], y]])
