"""Burned-in scale bars: drawing them, hiding them, and telling their style."""

from __future__ import annotations

import cv2
import numpy as np

from leukofeat.base import check_choice

BAR_STYLES = ("white box", "red", "black")
# The corner that holds the bar in the published sets, as shares of height and width.
_CORNER = (0.125, 0.15)
_LARGE_CORNER = (0.17, 0.26)


def draw_scale_bar(image: np.ndarray, style: str = "white box") -> np.ndarray:
    """Copy of an image with a scale bar in the lower right corner, in the styles of the published data sets.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    style : {"white box", "red", "black"}, default="white box"
        Black lettering in a small white box; red lettering on the image; a large white box that reaches the edges of the
        image, with a black rule.

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Examples
    --------
    >>> import numpy as np
    >>> field = np.full((224, 224, 3), 200, np.uint8)
    >>> barred = draw_scale_bar(field, "red")
    >>> (barred != field).any(axis=2)[:190].any(), (barred != field).any(axis=2)[190:].any()
    (np.False_, np.True_)
    """
    check_choice("style", style, BAR_STYLES)
    height, width = image.shape[:2]
    unit = min(height, width) / 224
    out = np.ascontiguousarray(image).copy()
    if style == "black":
        top, left = height - round(30 * unit), width - round(29 * unit)
        out[max(0, top) :, max(0, left) :] = 255
        row = height - round(9 * unit)
        _lines(out, [(left, row, width, row), (left, row - round(5 * unit), left, height)], (0, 0, 0), unit)
        _write(out, "200", (left + round(6 * unit), height - round(12 * unit)), 0.34 * unit, (0, 0, 0))
        return out
    color = (220, 30, 30) if style == "red" else (40, 40, 40)
    right, bottom = width - round(6 * unit), height - round(7 * unit)
    left, top = right - round(23 * unit), bottom - round(11 * unit)
    if style == "white box":
        out[max(0, top) : bottom + 1, max(0, left) : right + 1] = 255
    tick = max(1, round(4 * unit))
    _lines(out, [(left, bottom - tick, left, bottom), (right, bottom - tick, right, bottom)], color, unit)
    _write(out, "500 px", (left + round(4 * unit), bottom - round(3 * unit)), 0.18 * unit, color)
    return out


def _lines(image: np.ndarray, lines: list[tuple[int, int, int, int]], color: tuple[int, int, int], unit: float) -> None:
    for x0, y0, x1, y1 in lines:
        cv2.line(image, (x0, y0), (x1, y1), color, max(1, round(unit)))


def _write(image: np.ndarray, text: str, origin: tuple[int, int], scale: float, color: tuple[int, int, int]) -> None:
    cv2.putText(image, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, color, 1, cv2.LINE_AA)


def hide_scale_bar(image: np.ndarray) -> np.ndarray:
    """Copy of an image whose lower right corner is the mirror image of what lies above it, bar or not.

    Every image is treated alike, so that hiding leaves no trace of where a bar was.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Examples
    --------
    >>> import numpy as np
    >>> field = np.full((224, 224, 3), 200, np.uint8)
    >>> bool((hide_scale_bar(draw_scale_bar(field)) == 200).all())
    True
    """
    height, width = image.shape[:2]
    rows = min(round(_LARGE_CORNER[0] * height), height // 2)
    columns = slice(width - round(_LARGE_CORNER[1] * width), None)
    out = np.ascontiguousarray(image).copy()
    if rows:
        out[height - rows :, columns] = out[height - 2 * rows : height - rows, columns][::-1]
    return out


def bar_style(image: np.ndarray) -> str:
    """Style of the bar in the lower right corner, by its colours.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8

    Returns
    -------
    str
        "white box", "red", "black" or "none".

    Examples
    --------
    >>> import numpy as np
    >>> bar_style(draw_scale_bar(np.full((224, 224, 3), 200, np.uint8), "red"))
    'red'
    """
    height, width = image.shape[:2]
    corner = image[-max(1, round(_CORNER[0] * height)) :, -max(1, round(_CORNER[1] * width)) :].astype(np.int16)
    red, green, blue = np.moveaxis(corner, 2, 0)
    lowest, highest = corner.min(axis=2), corner.max(axis=2)
    # Lettering covers a few per cent of the corner; more than that is a red cell.
    if 0.003 < np.mean(red - np.maximum(green, blue) > 40) < 0.08:
        return "red"
    white = lowest > 245
    edge = max(1, round(0.018 * min(height, width)))
    if white[:, -edge:].mean() > 0.55 and np.mean((highest < 60) & (highest - lowest < 20)) > 0.01:
        return "black"
    dark = (highest < 140) & (highest - lowest < 30)
    return "white box" if white.mean() > 0.1 and np.mean(dark) > 0.008 else "none"
