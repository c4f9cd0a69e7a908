"""From an 8-bit RGB image to what a network takes."""

from collections.abc import Sequence

import numpy as np

from leukofeat.opencv import cv2
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
    height, width = image.shape[:2]
    if resize == "crop":
        factor = max(size[0] / height, size[1] / width)
        rows, columns = (
            min(side, max(1, round(wanted / factor))) for side, wanted in zip((height, width), size, strict=True)
        )
        top, left = (height - rows) // 2, (width - columns) // 2
        image = image[top : top + rows, left : left + columns]
        return _scale(image, size, interpolation)
    if resize == "pad":
        factor = min(size[0] / height, size[1] / width)
        inner = (
            min(size[0], max(1, round(height * factor))),
            min(size[1], max(1, round(width * factor))),
        )
        border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        canvas = np.empty((*size, 3), np.uint8)
        canvas[:] = np.median(border, axis=0)
        top, left = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
        canvas[top : top + inner[0], left : left + inner[1]] = _scale(image, inner, interpolation)
        return canvas
    return _scale(image, size, interpolation)


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


def _scale(image: np.ndarray, size: tuple[int, int], interpolation: str) -> np.ndarray:
    height, width = size
    if image.shape[:2] == size:
        return image
    method = INTERPOLATIONS[interpolation]
    if interpolation == "area" and (height > image.shape[0] or width > image.shape[1]):
        method = cv2.INTER_LINEAR  # OpenCV's area is nearest-like when it enlarges
    return cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=method)
