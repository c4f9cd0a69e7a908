"""All that the audit measures of one image, in one visit: file, pixels, marks, fingerprint, and what may give the class away."""

import hashlib
import io
import warnings
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from leukofeat.audit.fingerprint import Fingerprint, fingerprint
from leukofeat.content.padding import find_padding
from leukofeat.kernels.color.otsu import otsu_thresholds
from leukofeat.opencv import cv2
from leukofeat.preprocessing.marks import Traces, trace_marks
from leukofeat.preprocessing.slide import edge_sharpness, stained_mask
from leukofeat.remote import read_bytes, read_once
from leukofeat.sequence import ImageSequence

_SMALL = 224  # side at which the background is measured
_QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
_HEADER = ("dpi", "progressive", "comment", "compression", "Software")
# Characters that are kept of each entry; of a date, the day.
_EXIF = dict.fromkeys(("Make", "Model", "Software", "Artist", "ImageDescription", "Orientation"), 80) | {"DateTime": 10}
_nothing = partial(np.empty, 0)


@dataclass(frozen=True)
class Description:
    """What is known of one image; only `error` and the file's own values where it could not be decoded."""

    error: str | None = None
    n_bytes: int | None = None
    format: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    file_hash: str | None = None
    pixel_hash: str = ""
    shape: tuple[int, int] = (0, 0)
    is_gray: bool = False
    level: float = np.nan  # mean luma, 0 to 255
    contrast: float = np.nan  # standard deviation of the luma
    sharpness: float = np.nan  # 0 (out of focus) to about 1.5, whatever the number of cells
    red_cell_sharpness: float = np.nan  # the same outside leukocytes
    brightness: float = np.nan  # luma of the empty slide
    cell_size: float = np.nan  # diameter of a typical red cell in pixels
    colors: np.ndarray = field(default_factory=_nothing)
    corner: np.ndarray = field(default_factory=_nothing)
    background: np.ndarray = field(default_factory=_nothing)
    traces: Traces = field(default_factory=lambda: Traces((0, 0), [], {}))
    fingerprint: Fingerprint = field(default_factory=lambda: Fingerprint(*(_nothing() for _ in Fingerprint._fields)))


def describe(images: ImageSequence, i: int) -> Description:
    """Measure image `i`; a broken one gives its error instead of raising it."""
    with read_once():
        file = describe_file(images.source(i))
        try:
            image = images.smear(i).image
        except (ValueError, TypeError, OSError) as error:
            return Description(error=str(error), **file)
    return Description(**file, **describe_pixels(image))


def describe_file(source: str | None) -> dict:
    """What the file of an image says of itself, by the names of :class:`Description`; nothing of an image without a file."""
    if source is None:
        return {}
    suffix = Path(source).suffix.lower().lstrip(".")
    try:
        data = read_bytes(source)
    except OSError:
        return {"format": suffix}
    kind, metadata = _read_header(data)
    digest = hashlib.sha256(data).hexdigest()
    return {"n_bytes": len(data), "format": kind or suffix, "metadata": metadata, "file_hash": digest}


def _read_header(data: bytes) -> tuple[str, dict[str, str]]:
    """Format and what a camera or a program left in the file besides the pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            header = Image.open(io.BytesIO(data))
            exif = header.getexif()
        except Exception:  # Pillow raises many kinds for a damaged header; decoding says what is wrong
            return "", {}
    found = {"mode": header.mode}
    if tables := getattr(header, "quantization", None):
        found["jpeg tables"] = hashlib.md5(repr(sorted(tables.items())).encode(), usedforsecurity=False).hexdigest()[:8]
    found |= {key: str(header.info[key])[:80] for key in _HEADER if header.info.get(key)}
    told = {ExifTags.TAGS.get(number): str(value) for number, value in exif.items()}
    found |= {name: told[name][:length] for name, length in _EXIF.items() if name in told}
    return (header.format or "").lower(), found


def describe_pixels(image: np.ndarray) -> dict:
    """All measurements of one RGB image that need its pixels only, by the names of :class:`Description`."""
    height, width = image.shape[:2]
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    traces = trace_marks(image)
    box = traces.marks[0].box if traces.marks else None
    small = _shrink(image)
    padding = find_padding(image)
    seen = _seen(padding, small)
    known = seen.copy()
    if box is not None:
        scale = small.shape[0] / height
        known[int(box[0] * scale) : int(box[2] * scale) + 2, int(box[1] * scale) : int(box[3] * scale) + 2] = 0
    rest = known & (1 - find_leukocytes(small, seen))
    if rest.sum() < 0.05 * seen.sum():  # cells all over: better the whole field than nothing
        rest = known
    slide = _slide_color(small, rest)
    mean, deviation = cv2.meanStdDev(gray, mask=None if padding is None else (~padding).view(np.uint8))
    digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16)
    digest.update(repr(image.shape).encode())
    return {
        "pixel_hash": digest.hexdigest(),
        "shape": (height, width),
        "is_gray": bool((image[:, :, 0] == image[:, :, 1]).all() and (image[:, :, 1] == image[:, :, 2]).all()),
        "level": float(mean[0, 0]),
        "contrast": float(deviation[0, 0]),
        "sharpness": edge_sharpness(gray, seen),
        "red_cell_sharpness": edge_sharpness(gray, rest),
        "brightness": float(slide @ (0.299, 0.587, 0.114)),
        "cell_size": measure_cell_size(small, rest, slide) * height / small.shape[0],
        "colors": np.array([*cv2.mean(image)[:3], cv2.meanStdDev(cv2.cvtColor(image, cv2.COLOR_RGB2LAB))[1][0, 0]]),
        "corner": _corner_colors(image),
        "background": _background_colors(small, rest),
        "traces": traces,
        "fingerprint": fingerprint(image, box),
    }


def _shrink(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    scale = _SMALL / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _seen(padding: np.ndarray | None, small: np.ndarray) -> np.ndarray:
    """Mask of a shrunken image without its padding and the edge that this makes, uint8 0 or 1."""
    if padding is None:
        return np.ones(small.shape[:2], np.uint8)
    content = cv2.resize((~padding).view(np.uint8), small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    inside = cv2.erode(content, np.ones((5, 5), np.uint8), borderValue=1)
    return inside if inside.any() else np.ones_like(inside)


def find_leukocytes(image: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Generous mask of leukocytes, uint8 0 or 1: the bluest dark class of three by Otsu, widened over the cytoplasm.

    `seen` is 1 where there is an image and no padding.
    """
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    score = cv2.addWeighted(lab[:, :, 2], -1.0, lab[:, :, 0], -0.5, 255.0)
    levels = otsu_thresholds(np.bincount(score[seen > 0], minlength=256), 3)
    if len(levels) < 2:
        return np.zeros(image.shape[:2], np.uint8)
    chromatin = (score > levels[-1]).astype(np.uint8) & seen
    side = min(image.shape[:2])
    chromatin = cv2.morphologyEx(chromatin, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    reach = 2 * max(2, round(0.05 * side)) + 1
    return cv2.dilate(chromatin, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))


def _slide_color(image: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """`background_color` outside leukocytes, and between whole levels: images are ranked by it, and it sets a threshold."""
    level = _quantiles(image, 1, rest, (0.75,))[0]
    bright = rest & (image[:, :, 1] >= np.floor(level)).astype(np.uint8)
    return np.array([_quantiles(image, c, bright, (0.5,))[0] for c in range(3)])


def _quantiles(image: np.ndarray, channel: int, mask: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """Quantiles of 8-bit values, interpolated within a level, so that they do not move in steps."""
    counts = cv2.calcHist([image], [channel], mask, [256], (0, 256)).ravel()
    total = np.r_[0.0, np.cumsum(counts, dtype=np.float64)]
    if not total[-1]:
        return np.full(len(shares), np.nan)
    return np.interp(np.array(shares) * total[-1], total, np.arange(257) - 0.5)


def measure_cell_size(image: np.ndarray, rest: np.ndarray, slide: np.ndarray) -> float:
    """Diameter of a typical red cell in pixels, by the ridge of the distance to the empty slide; NaN without cells."""
    stained = stained_mask(image, slide, 0.12).view(np.uint8)
    # The pale centre of a red cell belongs to it: clear islands that are small and round, unlike the gaps between cells.
    _, islands, stats, _ = cv2.connectedComponentsWithStats(1 - stained, connectivity=4)
    width, height, area = (stats[:, k] for k in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    pale = (area < 0.03 * stained.size) & (area > 0.6 * width * height) & (width < 2 * height) & (height < 2 * width)
    pale[0] = False  # what is stained
    stained[pale[islands]] = 1
    if stained.all():  # nothing pale from which to measure
        return float("nan")
    distance = cv2.distanceTransform(stained, cv2.DIST_L2, 5)
    peaks = (distance >= cv2.dilate(distance, np.ones((7, 7), np.uint8))) & (rest > 0) & (distance >= 2.5)
    values = np.sort(distance[peaks])
    if len(values) < 3:
        return float("nan")
    # Weighted by area, so that platelets and specks do not outvote cells.
    share = np.cumsum(values**2)
    return 2.0 * float(np.interp(0.5 * share[-1], share, values))


def _corner_colors(image: np.ndarray) -> np.ndarray:
    """Means, deviations, extremes and share of pure white of the four corners, (36,)."""
    height, width = image.shape[:2]
    h, w = max(1, round(0.15 * height)), max(1, round(0.3 * width))
    out = []
    for part in (image[:h, :w], image[:h, width - w :], image[height - h :, :w], image[height - h :, width - w :]):
        redness = cv2.subtract(part[:, :, 0], cv2.max(part[:, :, 1], part[:, :, 2]))
        white = (part.min(axis=2) >= 250).mean()
        out.append([*np.ravel(cv2.meanStdDev(part)), part.max(axis=2).min(), white, redness.max()])
    return np.ravel(out)


def _background_colors(image: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Quantiles of L*, a* and b* and the fine structure outside leukocytes, (16,)."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    colors = [_quantiles(lab, c, rest, _QUANTILES) for c in range(3)]
    fine = cv2.mean(cv2.convertScaleAbs(cv2.Laplacian(lab[:, :, 0], cv2.CV_16S)), mask=rest)[0]
    return np.array([*np.ravel(colors), np.log1p(fine)])
