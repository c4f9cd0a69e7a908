"""What of an image is no image: the constant colour around cells that were cut out, rotated crops and round fields of view."""

import numpy as np

from leukofeat.content.view import is_view, view_box
from leukofeat.opencv import cv2

_FRAME = 0.05  # share of the frame that a padding's colour fills at least
_BLACK, _CONSTANT = 0.02, 0.05  # share of the image that black, or another colour, fills at least
_NEAR = 5  # levels by which compression moves a constant colour
_ROUNDED = 1  # levels by which it moves white at most, far from any edge
_DARK = 24  # level up to which what borders on black is what compression left there: no stain is so dark
_OUTSHONE = 16  # levels above a colour from which nothing can lie on a slide of that colour
_OUTSHINING = 0.02  # share of the rest of the image that does, at least, or the colour is that of the slide
_STEP = 10  # levels by which white padding ends at least, where overexposed glass fades
_RIPPLES = 7  # pixels that what compression leaves of an edge is wide at most, on white
_MOST = 0.95  # share of what is not white that is one view, at least
_SPECKS = 0.04  # specks beside the outline of padding, which overexposed glass is full of, against its length


def find_padding(image: np.ndarray) -> np.ndarray | None:
    """Area of one constant colour, connected to the frame, that stands in place of what was cut away.

    Black counts from 2 % of the image on, with the few levels that compression adds to it; another colour from 5 %, and not
    when it may be the empty slide: light that nothing outshines. White is that too, unless it ends in a clean step, or what it leaves is a
    rectangle, a disc or a turned image, as cells on overexposed glass are not.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8

    Returns
    -------
    ndarray of shape (height, width), dtype bool, or None
        None for an ordinary image, and for one that is nothing else.

    Examples
    --------
    >>> import numpy as np
    >>> cell = np.zeros((40, 40, 3), np.uint8); cell[10:30, 10:30] = (185, 165, 215)
    >>> int(find_padding(cell).sum()), find_padding(cell[10:30, 10:30])
    (1200, None)
    """
    color = _frame_color(image)
    if color is None:
        return None
    black, white = color.max() == 0, color.min() >= 255 - _ROUNDED
    # padding holds no more than the whole image, which is quick to look through
    constant = _within(image, color, _NEAR if black else _ROUNDED if white else 0)
    least = (_BLACK if black else _CONSTANT) * constant.size
    if cv2.countNonZero(constant) < least:
        return None
    near = _within(image, color, _DARK if black else _NEAR)
    # nothing of padding outshines it
    n_brighter = 0 if black or white else constant.size - cv2.countNonZero(_up_to(image, color + _OUTSHONE))
    if not (black or white) and n_brighter < _OUTSHINING * (near.size - cv2.countNonZero(near)):
        return None
    n, parts = cv2.connectedComponents(near, connectivity=4)
    outer = np.zeros(n, bool)
    outer[np.concatenate(_frame(parts))] = True
    outer[0] = False
    padding = outer[parts]
    area = cv2.countNonZero(padding.view(np.uint8))
    if area == padding.size or cv2.countNonZero(cv2.bitwise_and(constant, padding.view(np.uint8))) < least:
        return None
    if white:
        return padding if _ends_clean(image, padding) else _around_view(padding)
    # something is brighter in some channel, as nothing is brighter than the empty slide
    return padding if black or n_brighter >= _OUTSHINING * (padding.size - area) else None


def find_content(image: np.ndarray) -> np.ndarray | None:
    """Pixels that are no padding, bool; None for all of them."""
    padding = find_padding(image)
    return None if padding is None else ~padding


def find_view(image: np.ndarray) -> np.ndarray | None:
    """Pixels of the smear where bars, or what is around a field of view or a turned image, cut it: cells that reach its edge may lack a part.

    Returns
    -------
    ndarray of shape (height, width), dtype bool, or None
        None for an image that is all smear, and for cells that were cut out, which are whole.

    Examples
    --------
    >>> view = np.full((60, 80, 3), 230, np.uint8); view[20:40, 30:50] = (90, 50, 150)
    >>> int(find_view(np.pad(view, ((10, 10), (0, 0), (0, 0)))).sum()), find_view(view)
    (4800, None)
    """
    content = find_content(image)
    return content if content is not None and (view_box(content) is not None or is_view(content)) else None


def _within(image: np.ndarray, color: np.ndarray, levels: int) -> np.ndarray:
    """Mask of the pixels up to so many levels from a colour, (H, W) uint8."""
    return cv2.inRange(image, *(tuple(np.clip(color + by, 0, 255).tolist()) for by in (-levels, levels)))


def _up_to(image: np.ndarray, color: np.ndarray) -> np.ndarray:
    """Mask of the pixels that no channel is brighter in than a colour, (H, W) uint8."""
    return cv2.inRange(image, (0, 0, 0), tuple(np.minimum(color, 255).tolist()))


def _frame(array: np.ndarray) -> tuple[np.ndarray, ...]:
    return array[0], array[-1], array[:, 0], array[:, -1]


def _frame_color(image: np.ndarray) -> np.ndarray | None:
    """The colour that may be padding, (3,) int: black, or the commonest of the frame; None where it varies."""
    frame = np.concatenate(_frame(image))
    if cv2.countNonZero(cv2.inRange(frame[None], (0, 0, 0), (_NEAR,) * 3)) >= _FRAME * len(frame):
        return np.zeros(3, np.int64)
    # a colour in one number is quicker to sort
    codes = np.zeros((len(frame), 4), np.uint8)
    codes[:, :3] = frame[:, ::-1]
    values, counts = np.unique(codes.view("<u4"), return_counts=True)
    most = int(counts.argmax())
    if counts[most] < _FRAME * len(frame):
        return None
    return values[most : most + 1].view(np.uint8)[2::-1].astype(np.int64)


def _ends_clean(image: np.ndarray, padding: np.ndarray) -> bool:
    """Whether white ends in a step and in one line, and does not fade in specks as overexposed glass does."""
    plain, square = padding.view(np.uint8), np.ones((3, 3), np.uint8)
    rim = cv2.subtract(cv2.dilate(plain, square), plain)
    specks = cv2.subtract(cv2.morphologyEx(plain, cv2.MORPH_CLOSE, square), plain)
    if cv2.countNonZero(specks) > _SPECKS * cv2.countNonZero(rim):
        return False
    return bool(np.median(255 - image[rim > 0].min(axis=1)) >= _STEP)


def _around_view(padding: np.ndarray) -> np.ndarray | None:
    """What lies around a view, without the ripples that compression left on white; None where that is no view."""
    content = cv2.morphologyEx((~padding).view(np.uint8), cv2.MORPH_OPEN, np.ones((_RIPPLES, _RIPPLES), np.uint8))
    n, parts, stats, _ = cv2.connectedComponentsWithStats(content, connectivity=4)
    if n == 1:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA]
    if areas.max() < _MOST * areas.sum():  # cells, and a scale bar
        return None
    view = parts == 1 + areas.argmax()
    return ~view if view_box(view) is not None or is_view(view) else None
