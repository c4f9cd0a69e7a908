"""From an 8-bit RGB image to what a network takes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from leukofeat.constraints import Number, Real, check
from leukofeat.opencv import cv2
from leukofeat.preprocessing.marks import Box
from leukofeat.smear import Smear

RESIZES = ("stretch", "crop", "pad")
INTERPOLATIONS = {
    "area": cv2.INTER_AREA,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "nearest": cv2.INTER_NEAREST,
}
CHANNELS = ("rgb", "bgr")
COLOR_SPACES = ("rgb", "hsv", "ycbcr", "hcbcr")


def fit_image(
    image: np.ndarray, size: tuple[int, int], *, resize: str = "stretch", interpolation: str = "area"
) -> np.ndarray:
    """Image at the size of a network's input.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    size : tuple of int
        Height and width to reach.
    resize : {"stretch", "crop", "pad"}, default="stretch"
        Each side by its own factor; or the whole height or width is kept and the rest cut off around the centre; or
        everything is kept and the rest filled with the median colour of the image's border.
    interpolation : {"area", "linear", "cubic", "nearest"}, default="area"
        "area" averages when the image shrinks and is linear when it grows.

    Returns
    -------
    ndarray of shape (*size, 3), dtype uint8

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((4, 8, 3), np.uint8); image[:, :2] = 200
    >>> [fit_image(image, (4, 4), resize=how)[0, 0, 0].item() for how in ("stretch", "crop", "pad")]
    [200, 0, 0]
    """
    if resize == "crop":
        return _scale(image[_kept(image.shape[:2], size)], size, interpolation)
    if resize == "pad":
        border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        canvas = np.empty((*size, 3), np.uint8)
        canvas[:] = np.median(border, axis=0)
        rows, columns = place = _filled(image.shape[:2], size)
        canvas[place] = _scale(image, (rows.stop - rows.start, columns.stop - columns.start), interpolation)
        return canvas
    return _scale(image, size, interpolation)


def input_box(shape: tuple[int, int], size: tuple[int, int], resize: str = "stretch") -> Box:
    """What of an image's plane a network's input shows that :func:`fit_image` made: a part with "crop", more than the image with "pad".

    Parameters
    ----------
    shape : (height, width)
        Of the image.
    size : (height, width)
        Of the input.
    resize : {"stretch", "crop", "pad"}, default="stretch"

    Returns
    -------
    top, left, bottom, right : int
        In pixels of the image, ends exclusive.

    Examples
    --------
    >>> [input_box((4, 8), (4, 4), how) for how in ("stretch", "crop", "pad")]
    [(0, 0, 4, 8), (0, 2, 4, 6), (-2, 0, 6, 8)]
    """
    if resize == "crop":
        rows, columns = _kept(shape, size)
        return rows.start, columns.start, rows.stop, columns.stop
    if resize == "pad":
        ends = []
        for part, side, wanted in zip(_filled(shape, size), shape, size, strict=True):
            scale = side / (part.stop - part.start)
            ends.append((round(-part.start * scale), round((wanted - part.start) * scale)))
        (top, bottom), (left, right) = ends
        return top, left, bottom, right
    return 0, 0, *shape


def from_input(values: np.ndarray, box: Box, shape: tuple[int, int]) -> np.ndarray:
    """What a network says of the places of its input, at the places of the image.

    Parameters
    ----------
    values : ndarray of shape (rows, columns), dtype float64
        Over the whole input, coarser than it as a rule.
    box : (top, left, bottom, right)
        What the input shows, in pixels of the image; it may reach beyond it.
    shape : (height, width)
        Of the image.

    Returns
    -------
    ndarray of shape `shape`, dtype float64
        By bilinear interpolation; 0 where the input shows nothing of the image.

    Examples
    --------
    >>> from_input(np.array([[0.0, 4.0]]), (0, 0, 1, 4), (1, 4)).tolist()
    [[0.0, 1.0, 3.0, 4.0]]
    >>> from_input(np.ones((2, 2)), (0, 2, 4, 6), (4, 8))[0].tolist()
    [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    """
    inside, there = _overlap(box, shape)
    down, across = (_between(*axis) for axis in zip(there, _sides(box), values.shape, strict=True))
    found = np.zeros(shape)
    found[inside] = down @ values @ across.T
    return found


def onto_input(values: np.ndarray, box: Box, size: tuple[int, int]) -> np.ndarray:
    """What is known of the places of an image, averaged at those of a map over a network's input; 0 beside the image.

    Parameters
    ----------
    values : ndarray of shape (height, width), dtype float64
    box : (top, left, bottom, right)
        As in :func:`from_input`.
    size : (rows, columns)
        Of the map.

    Examples
    --------
    >>> onto_input(np.ones((4, 8)), (-2, 0, 6, 8), (4, 2)).tolist()
    [[0.0, 0.0], [1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]
    """
    inside, there = _overlap(box, values.shape)
    down, across = (_shares(*axis) for axis in zip(there, _sides(box), size, strict=True))
    return down @ values[inside] @ across.T


def to_color_space(image: np.ndarray, space: str) -> np.ndarray:
    """Image in another colour model, each channel over 0 to 255.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
        RGB.
    space : {"rgb", "hsv", "ycbcr", "hcbcr"}
        "hsv" has the hue over the whole range, 255 being nearly red again; "ycbcr" is that of JPEG; "hcbcr" is hue with Cb and Cr.

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    References
    ----------
    Shafique and Tehsin, Technol. Cancer Res. Treat. 17, 2018, for the four.

    Examples
    --------
    >>> import numpy as np
    >>> red = np.array([[[255, 0, 0]]], np.uint8)
    >>> {space: to_color_space(red, space)[0, 0].tolist() for space in ("hsv", "ycbcr", "hcbcr")}
    {'hsv': [0, 255, 255], 'ycbcr': [76, 85, 255], 'hcbcr': [0, 85, 255]}
    """
    if space == "rgb":
        return image
    image = np.ascontiguousarray(image)
    if space == "hsv":
        return cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)[:, :, [0, 2, 1]]
    if space == "hcbcr":
        luma[:, :, 0] = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)[:, :, 0]
    return luma


def fill_outside(smear: Smear, mean: Sequence[float], channels: str = "rgb") -> np.ndarray:
    """Image whose pixels outside the cells have the colour that a network's normalisation takes for zero.

    Parameters
    ----------
    smear : Smear
        A segmented record; the crop of one cell shows that cell alone.
    mean : sequence of 3 float
        In the network's order of channels.
    channels : {"rgb", "bgr"}, default="rgb"
        The network's order.

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Examples
    --------
    >>> smear = Smear(np.full((1, 2, 3), 9, np.uint8), np.array([[1, 0]], np.int32))
    >>> fill_outside(smear, (103.9, 116.8, 123.7), "bgr").tolist()
    [[[9, 9, 9], [124, 117, 104]]]
    """
    color = np.clip(np.rint(mean), 0, 255).astype(np.uint8)
    return np.where(smear.region("cell")[:, :, None] > 0, smear.image, color[::-1] if channels == "bgr" else color)


def to_blob(image: np.ndarray, mean: Sequence[float], scale: Sequence[float], channels: str = "rgb") -> np.ndarray:
    """Image as float32 of shape (1, 3, height, width), (x - mean) * scale, its channels in the order the network wants.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
        RGB.
    mean, scale : sequences of 3 float
        In the network's order of channels.
    channels : {"rgb", "bgr"}, default="rgb"
        The network's order.

    Returns
    -------
    ndarray of shape (1, 3, height, width), dtype float32
    """
    ordered = image[:, :, ::-1] if channels == "bgr" else image
    values = (ordered.astype(np.float32) - np.asarray(mean, np.float32)) * np.asarray(scale, np.float32)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def _kept(shape: tuple[int, int], size: tuple[int, int]) -> tuple[slice, slice]:
    """The middle of an image that "crop" keeps."""
    factor = max(size[0] / shape[0], size[1] / shape[1])
    sides = [min(side, max(1, round(wanted / factor))) for side, wanted in zip(shape, size, strict=True)]
    return _middle(shape, sides)


def _filled(shape: tuple[int, int], size: tuple[int, int]) -> tuple[slice, slice]:
    """The middle of an input that "pad" fills with the image."""
    factor = min(size[0] / shape[0], size[1] / shape[1])
    sides = [min(wanted, max(1, round(side * factor))) for side, wanted in zip(shape, size, strict=True)]
    return _middle(size, sides)


def _sides(box: Box) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]


def _overlap(box: Box, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where image and box have the same places: in the image, and in the box."""
    ends = [(max(0, box[k]), max(0, box[k], min(shape[k], box[k + 2]))) for k in range(2)]
    (top, bottom), (left, right) = ends
    rows, columns = (slice(start - box[k], stop - box[k]) for k, (start, stop) in enumerate(ends))
    return (slice(top, bottom), slice(left, right)), (rows, columns)


# Of each axis by itself, and of the image alone: the box around a long one has many times its pixels.
def _between(part: slice, side: int, n: int) -> np.ndarray:
    """Weights of n places over a side at those of its pixels that are in `part`, by linear interpolation; (pixels, n)."""
    at = np.clip((np.arange(part.start, part.stop) + 0.5) * n / side - 0.5, 0, n - 1)
    return np.clip(1 - np.abs(at[:, None] - np.arange(n)), 0, None)


def _shares(part: slice, side: int, n: int) -> np.ndarray:
    """Shares that a side's pixels in `part` have in the means of n places over the side; (n, pixels)."""
    pixels, ends = np.arange(part.start, part.stop), np.arange(n + 1)[:, None] * side / n
    return np.clip(np.minimum(ends[1:], pixels + 1) - np.maximum(ends[:-1], pixels), 0, None) * n / side


def _middle(outer: tuple[int, int], inner: Sequence[int]) -> tuple[slice, slice]:
    top, left = ((side - part) // 2 for side, part in zip(outer, inner, strict=True))
    return slice(top, top + inner[0]), slice(left, left + inner[1])


def _scale(image: np.ndarray, size: tuple[int, int], interpolation: str) -> np.ndarray:
    height, width = size
    if image.shape[:2] == size:
        return image
    method = INTERPOLATIONS[interpolation]
    if interpolation == "area" and (height > image.shape[0] or width > image.shape[1]):
        method = cv2.INTER_LINEAR  # OpenCV's area is nearest-like when it enlarges
    return cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=method)


def three(name: str, value: Any, default: tuple[float, ...]) -> tuple[float, ...]:
    """A number for each channel, of one or three; the default where there is none."""
    if value is None:
        return default
    values = tuple(value) if isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, str) else (value,) * 3
    if len(values) != 3:
        raise ValueError(f"{name} must be a number or three, not {value!r}.")
    for number in values:
        check(name, number, Number(Real))
    return tuple(map(float, values))
