"""What may be a burned-in bar or text in one image: thin strokes of a colour no smear has, on a line, in a corner."""

from typing import NamedTuple

import numpy as np

from leukofeat.opencv import cv2

# What counts as the corner, and how large the whole mark may be, as shares of the height or width.
_BORDER = 0.25
_MAX_WIDTH, _MAX_HEIGHT = 0.5, 0.22
_MIN_WIDTH = 0.04
# Levels of 8-bit RGB: beyond the strict one a mark may stand alone, beyond the loose one it has to recur.
_BLACK, _NEUTRAL, _PURE = (110, 135), (32, 40), (34, 24)
_WHITE = 238
_MAX_STROKES = 4000


Box = tuple[int, int, int, int]  # top, left, bottom, right in pixels, the last two exclusive


class Mark(NamedTuple):
    """A burned-in bar or text: where it is and what it looks like."""

    box: Box
    color: str  # "black", "red" or "green"
    boxed: bool  # whether it stands on pure white
    sure: bool  # whether it is drawn beyond doubt, in a white box or with an exact line
    strokes: Box  # of the strokes alone, without the white around them

    @property
    def style(self) -> str:
        """The look in words."""
        return f"{self.color} in white box" if self.boxed else f"{self.color}, no box"


class Traces(NamedTuple):
    """What one image holds of possible marks."""

    shape: tuple[int, int]
    marks: list[Mark]  # largest first
    strokes: dict[str, np.ndarray]  # flat positions of the stroke pixels by color


def trace_marks(image: np.ndarray) -> Traces:
    """Strokes in an image that may be a burned-in bar or text; :func:`~leukofeat.preprocessing.recurring.settle_marks` decides.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8

    Returns
    -------
    Traces

    Notes
    -----
    Strokes are what an opening removes of the pixels that are nearly black and neutral, or purely red or green: chromatin is
    dark but blue, debris is neutral but no stroke. Strokes that stand on one line are joined; what remains has to be
    wider than high and to lie in a corner.
    """
    height, width = image.shape[:2]
    traces = Traces((height, width), [], {})
    if min(height, width) < 48:
        return traces
    red, green, blue = cv2.split(image)
    top, low = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    spread = top - low
    redness, greenness = cv2.subtract(red, cv2.max(green, blue)), cv2.subtract(green, cv2.max(red, blue))
    redness[cv2.absdiff(green, blue) >= 45] = 0
    planes = {
        "black": [(top < black) & (spread < neutral) for black, neutral in zip(_BLACK, _NEUTRAL, strict=True)],
        "red": [redness > pure for pure in _PURE],
        "green": [greenness > pure for pure in _PURE],
    }
    found: list[tuple[int, Mark]] = []
    for color, (strict, loose) in planes.items():
        if loose.any():
            strokes = _strokes(loose)
            where = np.flatnonzero(strokes)
            if 0 < len(where) <= _MAX_STROKES:
                traces.strokes[color] = where.astype(np.int32)
            found += _groups(strokes, strict, color, low)
    traces.marks.extend(mark for _, mark in sorted(found, key=lambda group: -group[0]))
    return traces


def _strokes(plane: np.ndarray) -> np.ndarray:
    thick = max(7, round(min(plane.shape) / 40))
    drawn = plane.astype(np.uint8)
    return drawn & ~cv2.morphologyEx(drawn, cv2.MORPH_OPEN, np.ones((thick, thick), np.uint8))


def _groups(strokes: np.ndarray, strict: np.ndarray, color: str, low: np.ndarray) -> list[tuple[int, Mark]]:
    height, width = strokes.shape
    reach = max(7, 2 * round(min(height, width) / 28) + 1)
    padded = cv2.copyMakeBorder(strokes, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    joined = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((max(3, reach // 2), reach), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined[reach:-reach, reach:-reach].copy(), connectivity=8)
    found = []
    for label, (x, y, w, h, _) in enumerate(stats.tolist()[1:], start=1):
        in_corner = min(y, height - y - h) < _BORDER * height and min(x, width - x - w) < _BORDER * width
        wide = _MIN_WIDTH * width <= w <= _MAX_WIDTH * width and w >= 1.1 * h and h <= _MAX_HEIGHT * height
        if not (in_corner and wide):
            continue
        window = np.s_[y : y + h, x : x + w]
        own = (labels[window] == label) & (strokes[window] > 0)
        if own.sum() < 6:
            continue
        boxed = _stands_on_white(own, low[window])
        drawn = (boxed and color == "black") or _has_line(own, y, height, width)
        sure = bool(drawn and own.sum() >= 10 and strict[window][own].mean() > 0.5)
        strokes_box = (y, x, y + h, x + w)
        box = _white_box(low, *strokes_box) if boxed else strokes_box
        found.append((int(own.sum()), Mark(box, color, boxed, sure, strokes_box)))
    return found


def _stands_on_white(own: np.ndarray, low: np.ndarray) -> bool:
    # A pixel beside a stroke is grey from resampling and from JPEG.
    clear = ~cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return clear.sum() >= 8 and float((low[clear] >= _WHITE).mean()) > 0.6


def _has_line(own: np.ndarray, y: int, height: int, width: int) -> bool:
    """Whether there is one exactly horizontal line that begins and ends within a pixel or two."""
    h, w = own.shape
    cover = own.sum(axis=1) / w
    full = np.flatnonzero(cover >= 0.7)
    if w < max(12, 0.08 * width) or not len(full) or len(full) != full[-1] - full[0] + 1 or y + full[-1] + 1 >= height:
        return False
    above, below = full[0] - 2, full[-1] + 2
    return bool((above < 0 or cover[above] < 0.6) and (below >= h or cover[below] < 0.35) and y + full[0] > 1)


def _white_box(low: np.ndarray, top: int, left: int, bottom: int, right: int) -> Box:
    """The box of the strokes, grown as far as whole rows and columns beside it are white."""
    height, width = low.shape
    for _ in range(max(4, round(0.06 * min(height, width)))):
        before = (top, left, bottom, right)
        top -= top > 0 and (low[top - 1, left:right] >= _WHITE).mean() > 0.85
        bottom += bottom < height and (low[min(bottom, height - 1), left:right] >= _WHITE).mean() > 0.85
        left -= left > 0 and (low[top:bottom, left - 1] >= _WHITE).mean() > 0.85
        right += right < width and (low[top:bottom, min(right, width - 1)] >= _WHITE).mean() > 0.85
        if before == (top, left, bottom, right):
            break
    return int(top), int(left), int(bottom), int(right)
