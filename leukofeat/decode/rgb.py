"""Values as files hold them to 8-bit RGB."""

import numpy as np
from PIL import Image

from leukofeat.decode.alpha import on_white
from leukofeat.opencv import cv2

_ROWS = 64
_UNSPECIFIED, _PREMULTIPLIED = (0,), (1,)


def to_rgb(values: np.ndarray, *, inverted: bool = False, extra: tuple[int, ...] = (2,)) -> np.ndarray:
    """8-bit RGB of (height, width) or (height, width, 1 to 4) of bool, uint8 or uint16.

    The rules are those of :func:`leukofeat.read_image`; `inverted` says that 0 is white, and `extra` what TIFF calls a sample beyond grey or
    RGB: 0 anything, which is left out, 1 transparency by which the colours are multiplied, 2 transparency.

    Examples
    --------
    >>> to_rgb(np.array([[0, 65535]], np.uint16))[0, :, 0].tolist()
    [0, 255]
    >>> to_rgb(np.zeros((1, 1, 4), np.uint8)).tolist(), to_rgb(np.zeros((1, 1, 4), np.uint8), extra=(0,)).tolist()
    ([[[255, 255, 255]]], [[[0, 0, 0]]])
    """
    values = values[:, :, None] if values.ndim == 2 else values
    if values.shape[2] in (2, 4) and extra == _UNSPECIFIED:
        values = values[:, :, :-1]
    if values.dtype == bool:
        values = values.astype(np.uint8) * np.uint8(255)
    elif values.dtype.itemsize == 2:  # the high byte; of RGB the nearest of value / 257
        values = (values >> 8).astype(np.uint8) if values.shape[2] < 3 else _nearest(values)
    values = values.astype(np.uint8, copy=False)
    if values.shape[2] == 1:
        grey = np.ascontiguousarray(values[:, :, 0])
        return cv2.merge([255 - grey if inverted else grey] * 3)
    if values.shape[2] == 3:
        return values
    mode = "RGBa" if extra == _PREMULTIPLIED else "RGBA"
    if values.shape[2] == 2:
        grey, alpha = cv2.split(np.ascontiguousarray(values))
        if inverted:
            grey = cv2.subtract(alpha, grey) if mode == "RGBa" else 255 - grey
        values = cv2.merge([grey, grey, grey, alpha])
    values = np.ascontiguousarray(values)
    return on_white(Image.frombuffer(mode, values.shape[1::-1], values, "raw", mode, 0, 1))


def _nearest(values: np.ndarray) -> np.ndarray:
    """Of value / 257 the nearest whole number, a few rows at a time: four bytes a value are taken meanwhile."""
    rounded = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), _ROWS):
        rounded[top : top + _ROWS] = (values[top : top + _ROWS].astype(np.uint32) * 2 + 257) // 514
    return rounded
