"""How an image is looked at, and how what is found in it is brought back: orientation, scale, what was cut away."""

from collections.abc import Callable

import numpy as np

from leukofeat.content.padding import find_content
from leukofeat.content.view import is_view
from leukofeat.opencv import cv2
from leukofeat.preprocessing.shading import fit_light, light_at, relit
from leukofeat.segmentation.leukocyte.planes import slide_color, slide_rgb

GLANCE = 64  # pixels of the shorter side that light is glanced at in
# light, against the brightest in the image, under which it is looked at closely, and fall of it from which on it is evened
LIT, FALL = 0.8, 0.3
DIM = 160  # green of an empty slide under which it is dim: everywhere else it is 195 or more
SLIDE = 235  # grey that stands in for an empty slide that has been cut away
SMOOTH_OUTLINE = 0.8  # Gaussian, in pixels of the small map, that takes the steps off an enlarged outline


def on_slide(image: np.ndarray) -> np.ndarray:
    """The image, with empty slide in place of what was cut away."""
    content = find_content(image)
    return image if content is None else with_slide_around(image, content)


def with_slide_around(image: np.ndarray, content: np.ndarray) -> np.ndarray:
    """The image with empty slide in place of all but its content, (H, W) bool: its own around a view of a slide, a usual one around a cell."""
    slide = np.uint8(SLIDE)
    if is_view(content):
        slide = np.rint(slide_rgb(slide_color(image[content][:, None]))).astype(np.uint8)
    return np.where(content[..., None], image, slide)


def in_even_light(image: np.ndarray, content: np.ndarray | None) -> np.ndarray:
    """The image as bright everywhere as where it is brightest, or as a usual one, if its slide is much darker in places or all over.

    `content`, (H, W) bool, is what was not cut away, if anything was; of a cell that was cut out, no slide is seen.
    """
    small = _glance(cv2.extractChannel(image, 1))
    # the brightest of what is around, which cells hardly ever fill
    around = cv2.dilate(small, np.ones((GLANCE // 3, GLANCE // 3), np.uint8))
    darkest, brightest = int(np.min(around)), int(np.max(around))
    dim = brightest < DIM
    if (darkest >= LIT * brightest and not dim) or (content is not None and not is_view(content)):
        return image
    shown = np.ones(small.shape, bool) if content is None else _glance(content.view(np.uint8) * np.uint8(255)) == 255
    surface = fit_light(cv2.merge([small] * 3), 2, shown)
    if surface is not None:
        light = light_at(surface, *(np.arange(n) / n - 0.5 for n in image.shape[:2]))
        if light.min() < (1 - FALL) * light.max():
            return relit(image, light, SLIDE if dim else float(light.max()))
    return relit(image, np.full(image.shape[:2], max(brightest, 1), np.float32), SLIDE) if dim else image


def _glance(plane: np.ndarray) -> np.ndarray:
    """A uint8 plane shrunken by a whole number, which is quick, to `GLANCE` pixels or a few more on its shorter side."""
    h, w = plane.shape
    times = max(1, min(h, w) // GLANCE)
    size = (w // times, h // times)
    return cv2.resize(plane[: times * size[1], : times * size[0]], size, interpolation=cv2.INTER_AREA)


def orientation(image: np.ndarray) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]:
    """Turns that bring an image to a standard orientation, landscape with more light to the right and below, and back.

    What breaks ties by position later on then breaks them alike in all eight orientations of the same image.
    """
    green = cv2.extractChannel(image, 1)
    h, w = green.shape
    columns, rows = (cv2.reduce(green, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() for axis in (0, 1))
    right, below = int(columns @ np.arange(1 - w, w, 2)), int(rows @ np.arange(1 - h, h, 2))
    swap = h > w or (h == w and abs(below) > abs(right))
    # OpenCV's code of a flip up and down, left to right, or both
    flip = {(True, False): 0, (False, True): 1, (True, True): -1}.get((below < 0, right < 0))

    def flipped(array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array if flip is None else cv2.flip(array, flip))

    def turn(array: np.ndarray) -> np.ndarray:
        array = flipped(array)
        return cv2.transpose(array) if swap else array

    def back(array: np.ndarray) -> np.ndarray:
        return flipped(cv2.transpose(array) if swap else array)

    return turn, back


def reduced(image: np.ndarray, scale: float) -> np.ndarray:
    """The image at a scale of 1 or less, 8 pixels wide and high at least."""
    if scale >= 1:
        return image
    h, w = image.shape[:2]
    size = (max(8, round(w * scale)), max(8, round(h * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR if scale > 0.5 else cv2.INTER_AREA)


def enlarged(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Labels at full size (width, height), with the union's outline interpolated; only the box that holds them is worked on."""
    out = np.zeros(size[::-1], np.int32)
    mask = (labels > 0).view(np.uint8)
    x, y, w, h = cv2.boundingRect(mask)
    if w == 0:
        return out
    scale = np.array([size[0] / labels.shape[1], size[1] / labels.shape[0]])
    low = np.maximum(np.floor(scale * (x - 2, y - 2)), 0).astype(int)
    high = np.minimum(np.ceil(scale * (x + w + 2, y + h + 2)), size).astype(int)
    # pixel centres of the box, in the small image
    where = np.column_stack([np.diag(1 / scale), (low + 0.5) / scale - 0.5])

    def sample(plane: np.ndarray, how: int) -> np.ndarray:
        flags = how | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(plane, where, (high - low).tolist(), flags=flags, borderMode=cv2.BORDER_REPLICATE)

    union = sample(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), SMOOTH_OUTLINE), cv2.INTER_LINEAR)
    real = labels.astype(np.float32)
    wider = cv2.copyTo(real, mask, cv2.dilate(real, np.ones((3, 3), np.uint8)))
    out[low[1] : high[1], low[0] : high[0]] = sample(wider, cv2.INTER_NEAREST) * (union > 0.5)
    return out
