"""What of an image is no image: the constant colour around cells that were cut out, rotated crops and round fields of view."""

import numpy as np

from leukofeat.opencv import cv2

_FRAME = 0.05  # share of the frame that a padding's colour fills at least
_BLACK, _CONSTANT = 0.02, 0.05  # share of the image that black, or another colour, fills at least
_NEAR = 5  # levels by which compression moves a constant colour
_DARK = 24  # level up to which what borders on black is what compression left there: no stain is so dark
_OUTSHONE = 16  # levels above a colour from which nothing can lie on a slide of that colour
_STEP = 10  # levels by which white padding ends at least, where overexposed glass fades
_SPECKS = 0.04  # specks beside the outline of padding, which overexposed glass is full of, against its length


def find_padding(image: np.ndarray) -> np.ndarray | None:
    """Area of one constant colour, connected to the frame, that stands in place of what was cut away.

    Black counts from 2 % of the image on, with the few levels that compression adds to it; another colour from 5 %, and not
    when it may be the empty slide: light that nothing outshines. Pure white is that too, unless it ends in a clean step.

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
    near = _DARK if color.max() == 0 else _NEAR
    low, high = (tuple(np.clip(color + by, 0, 255).tolist()) for by in (-near, near))
    _, parts = cv2.connectedComponents(cv2.inRange(image, low, high), connectivity=4)
    outer = np.unique(np.concatenate(_frame(parts)))
    padding = np.isin(parts, outer[outer > 0])
    if padding.all():
        return None
    if color.max() == 0:
        is_padding = bool((image[padding].max(axis=1) <= _NEAR).sum() >= _BLACK * padding.size)
    elif (image[padding] == color).all(axis=1).sum() < _CONSTANT * padding.size:
        is_padding = False
    else:
        is_padding = _ends_clean(image, padding) if color.min() == 255 else _is_outshone(image, padding, color)
    return padding if is_padding else None


def _frame(array: np.ndarray) -> tuple[np.ndarray, ...]:
    return array[0], array[-1], array[:, 0], array[:, -1]


def _frame_color(image: np.ndarray) -> np.ndarray | None:
    """The colour that may be padding, (3,) int: black, or the commonest of the frame; None where it varies."""
    frame = np.concatenate(_frame(image)).astype(np.int64)
    if (frame.max(axis=1) <= _NEAR).mean() >= _FRAME:
        return np.zeros(3, np.int64)
    codes, counts = np.unique(frame @ (65536, 256, 1), return_counts=True)
    most = int(counts.argmax())
    if counts[most] < _FRAME * len(frame):
        return None
    code = int(codes[most])
    return np.array([code >> 16, code >> 8 & 255, code & 255])


def _is_outshone(image: np.ndarray, padding: np.ndarray, color: np.ndarray) -> bool:
    """Whether something is brighter than a colour in some channel, as nothing is brighter than the empty slide."""
    brighter = cv2.inRange(image, (0, 0, 0), tuple(np.minimum(color + _OUTSHONE, 255).tolist())) == 0
    return bool((brighter & ~padding).sum() >= 0.02 * (~padding).sum())


def _ends_clean(image: np.ndarray, padding: np.ndarray) -> bool:
    """Whether white ends in a step and in one line, and does not fade in specks as overexposed glass does."""
    plain, square = padding.view(np.uint8), np.ones((3, 3), np.uint8)
    rim = (cv2.dilate(plain, square) > 0) & ~padding
    specks = (cv2.morphologyEx(plain, cv2.MORPH_CLOSE, square) > 0) & ~padding
    return bool(specks.sum() <= _SPECKS * rim.sum() and np.median(255 - image[rim].min(axis=1)) >= _STEP)
