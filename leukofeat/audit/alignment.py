"""Two pictures laid over each other: whether they show the same part of a slide, copied, cropped or shifted."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from leukofeat.audit.fingerprint import THUMB
from leukofeat.opencv import cv2
from leukofeat.preprocessing.marks import Box

ROUGHLY = 0.6
_FINE, _FINE_BLOCKS = 0.92, 0.85
_BLOCK = 16
_MARGIN = 4  # how far the estimated place may be off, in pixels of the thumbnail
_MIN_OVERLAP = 0.25
_WARP = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_WARP_NEAREST = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
_WARP_CUBIC = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 1e-3)


class Pair(NamedTuple):
    """Two images that show the same."""

    first: int
    second: int
    kind: str  # "copy" (whole image, flips and quarter turns included), "crop" or "overlap"
    how: str
    correlation: float
    overlap: float  # share of the first image that the second shows


class Thumb(NamedTuple):
    """A thumbnail, (THUMB, THUMB) uint8, and its band-passed version, int8, 0 where nothing is known."""

    gray: np.ndarray
    band: np.ndarray


def make_thumb(gray: np.ndarray, box: Box | None, shape: tuple[int, int]) -> Thumb:
    """Thumbnail with its band, of standard deviation 24; `box` is a mark burned into the image of that shape."""
    values = gray.astype(np.float32)
    band = cv2.GaussianBlur(values, (0, 0), 0.7) - cv2.GaussianBlur(values, (0, 0), 3.5)
    if box is not None:
        (y0, y1), (x0, x1) = ((box[k] * THUMB // shape[k], -(-box[k + 2] * THUMB // shape[k])) for k in range(2))
        band[max(y0 - 3, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 3] = 0
    # A field without any structure (an empty slide, a black frame) says nothing of what it shows.
    spread = float(band.std())
    gain = 24.0 / spread if spread > 0.7 else 0.0
    return Thumb(gray, np.clip(np.rint(band * gain), -127, 127).astype(np.int8))


def align(first: int, second: int, thumbs: Sequence[Thumb], matrix: np.ndarray) -> Pair | None:
    """Pair of two images that show the same, or None; `matrix` (2, 3) leads roughly from the first thumbnail to the second.

    Cells look alike: fields that share nothing agree in the coarse bands wherever two blobs can be laid over each other.
    Only after exact alignment, and with the finest bands compared block by block, do copies stand apart.
    """
    a, b = thumbs[first], thumbs[second]
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
    moved = cv2.warpAffine(two, exact, (THUMB, THUMB), flags=_WARP_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    shown = cv2.warpAffine((b.band != 0).astype(np.uint8), exact, (THUMB, THUMB), flags=_WARP_NEAREST)
    overlap = float(cv2.warpAffine(np.ones_like(shown), exact, (THUMB, THUMB), flags=_WARP_NEAREST).mean())
    inside = cv2.erode(_close(shown), np.ones((5, 5), np.uint8), borderValue=0)
    valid = (inside > 0) & (_close((a.band != 0).astype(np.uint8)) > 0)
    if overlap < _MIN_OVERLAP or valid.mean() < 0.15:
        return None
    score, blocks = _fine_agreement(one, moved, valid)
    if score < _FINE or len(blocks) < 4 or np.quantile(blocks, 0.25) < _FINE_BLOCKS:
        return None
    scale = float(np.sqrt(stretch))
    if abs(scale - 1) < 0.03:
        return Pair(first, second, "overlap", "shifted field", score, overlap)
    return Pair(first, second, "crop", f"cropped, scale {scale:.2f}", score, overlap)


def _close(known: np.ndarray) -> np.ndarray:
    """Fill single zeros of a band: holes of no meaning, unlike a mark, which is a large one."""
    return cv2.morphologyEx(known, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))


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
    return float(cv2.matchTemplate(around, window, cv2.TM_CCORR_NORMED).max()) >= ROUGHLY


def _fine_agreement(a: np.ndarray, b: np.ndarray, valid: np.ndarray) -> tuple[float, np.ndarray]:
    """Correlation of the finest bands, over all valid pixels and in each block that has some structure."""
    one, two = (cv2.GaussianBlur(x, (0, 0), 0.7) - cv2.GaussianBlur(x, (0, 0), 2.0) for x in (a, b))
    ab, aa, bb = (_blocks(np.where(valid, x * y, 0)) for x, y in ((one, two), (one, one), (two, two)))
    full = _blocks(valid.astype(np.float32))
    use = (full > 0.7 * _BLOCK**2) & (np.maximum(aa, bb) > 1.4 * full)
    score = ab.sum() / np.sqrt(aa.sum() * bb.sum() + 1e-9)
    return float(score), ab[use] / np.sqrt(aa[use] * bb[use] + 1e-9)


def _blocks(values: np.ndarray) -> np.ndarray:
    n = THUMB // _BLOCK
    return values.reshape(n, _BLOCK, n, _BLOCK).sum(axis=(1, 3), dtype=np.float64).ravel()
