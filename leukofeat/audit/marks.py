"""Burned-in bars and text: thin marks of a colour no smear has, on a line, in a corner, at the same place in many images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from scipy.spatial import cKDTree

# What counts as the corner, and how large the whole mark may be, as shares of the height or width.
_BORDER = 0.25
_MAX_WIDTH, _MAX_HEIGHT = 0.5, 0.22
_MIN_WIDTH = 0.04
# Levels of 8-bit RGB: beyond the strict one a mark may stand alone, beyond the loose one it has to recur.
_BLACK, _NEUTRAL, _PURE = (110, 135), (32, 40), (34, 24)
_WHITE = 238
_MAX_STROKES = 4000
_RECURS = 5


class Mark(NamedTuple):
    """A burned-in bar or text: where it is, in pixels (bottom and right exclusive), and what it looks like."""

    top: int
    left: int
    bottom: int
    right: int
    color: str  # "black", "red" or "green"
    boxed: bool  # whether it stands on pure white
    sure: bool  # whether it is drawn beyond doubt, in a white box or with an exact line
    strokes: tuple[int, int, int, int]  # box of the strokes alone

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
    """Strokes in an image that may be a burned-in bar or text; :func:`settle_marks` decides.

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
    spread = cv2.subtract(top, low)
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
    for label in range(1, len(stats)):
        x, y, w, h, _ = (int(value) for value in stats[label])
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
        around = (y, x, y + h, x + w)
        found.append(
            (int(own.sum()), Mark(*(_white_box(low, *around) if boxed else around), color, boxed, sure, around))
        )
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


def _white_box(low: np.ndarray, top: int, left: int, bottom: int, right: int) -> tuple[int, int, int, int]:
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


def settle_marks(traces: Sequence[Traces | None]) -> list[Mark | None]:
    """Decide which strokes are burned in: those drawn beyond doubt, and those that stand at one place in many images.

    Parameters
    ----------
    traces : sequence of Traces or None
        One an image, as :func:`trace_marks` gives; None for an image that could not be read.

    Returns
    -------
    list of Mark or None
        For each image, its bar or text. Marks at one place have one style, that of the majority.
    """
    settled: list[Mark | None] = [None] * len(traces)
    frequent: list[tuple[Mark, np.ndarray]] = []
    kinds = {(t.shape, mark.color) for t in traces if t is not None for mark in t.marks}
    for shape, color in sorted(kinds):
        rows = [i for i, t in enumerate(traces) if t is not None and t.shape == shape]
        candidates = [(i, mark) for i in rows for mark in traces[i].marks if mark.color == color]  # type: ignore[union-attr]
        for members in _places(candidates, min(shape)):
            certain = sum(mark.sure for _, mark in members)
            enough = max(_RECURS, 0.1 * sum(not mark.sure for _, mark in candidates))
            recurs = len({i for i, _ in members}) >= enough or (certain and certain >= 0.2 * len(members))
            if not recurs and not certain:
                continue
            kept = members if recurs else [member for member in members if member[1].sure]
            boxed = 2 * sum(mark.boxed for _, mark in kept) > len(kept)
            for i, mark in kept:
                _settle(settled, i, mark._replace(boxed=boxed, sure=True))
            if len(kept) >= 2 * _RECURS:
                known = kept[0][1]._replace(boxed=boxed, sure=True)
                frequent.append((known, _template(known, shape, [traces[i] for i, _ in kept])))  # type: ignore[misc]
    return [_rescue(t, frequent) if t and not mark else mark for t, mark in zip(traces, settled, strict=True)]


def _settle(settled: list[Mark | None], i: int, mark: Mark) -> None:
    """Keep the larger of two marks, or both as one where they are the line and the text of one bar."""
    before = settled[i]
    if before is None:
        settled[i] = mark
        return
    near = 2 * max(before.bottom - before.top, mark.bottom - mark.top)
    if before.color == mark.color and max(before.top, mark.top) - min(before.bottom, mark.bottom) < near:
        box, strokes = (_union(before[:4], mark[:4]), _union(before.strokes, mark.strokes))
        settled[i] = Mark(*box, mark.color, before.boxed or mark.boxed, True, strokes)
    elif _area(mark) > _area(before):
        settled[i] = mark


def _union(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _area(mark: Mark) -> int:
    top, left, bottom, right = mark.strokes
    return (bottom - top) * (right - left)


def _places(candidates: list[tuple[int, Mark]], side: int) -> list[list[tuple[int, Mark]]]:
    """Candidates whose strokes have the same box, give or take a hundredth of the side; largest set first."""
    boxes = np.array([mark.strokes for _, mark in candidates], float)
    near = cKDTree(boxes).query_ball_point(boxes, max(2.0, 0.015 * side), p=np.inf)
    free = np.ones(len(boxes), bool)
    places = []
    for leader in sorted(range(len(boxes)), key=lambda k: -len(near[k])):
        if free[leader]:
            own = [k for k in near[leader] if free[k]]
            free[own] = False
            places.append([candidates[k] for k in own])
    return places


def _template(mark: Mark, shape: tuple[int, int], traces: list[Traces]) -> np.ndarray:
    """How often each pixel in and around a mark belongs to a stroke, (height, width) float32; NaN further off."""
    seen = np.zeros(shape, np.float32)
    for t in traces:
        seen.ravel()[t.strokes.get(mark.color, ())] += 1.0 / len(traces)
    top, left, bottom, right = mark.strokes
    outside = np.ones(shape, bool)
    outside[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = False
    seen[outside] = np.nan
    return seen


def _rescue(traces: Traces, frequent: list[tuple[Mark, np.ndarray]]) -> Mark | None:
    """Find a recurring mark where it runs into something of its own color, by the pixels that most of its kind share."""
    best: tuple[float, Mark] | None = None
    for mark, template in frequent:
        strokes = traces.strokes.get(mark.color)
        if strokes is None or traces.shape != template.shape:
            continue
        often = template.ravel()[strokes]
        core, hits = int((template >= 0.7).sum()), int((often >= 0.7).sum())
        fits = core and hits >= max(4, 0.25 * core) and hits >= 2 * (often < 0.1).sum()
        if fits and (best is None or hits / core > best[0]):
            best = (hits / core, mark)
    return best[1] if best else None


def name_styles(marks: Sequence[Mark | None], traces: Sequence[Traces | None]) -> list[str]:
    """Style of each image's mark, numbered where marks of one look differ in what they show; "none" without a mark."""
    members: dict[tuple, list[int]] = {}
    for i, mark in enumerate(marks):
        if mark is not None:
            members.setdefault((mark.style, traces[i].shape, mark.strokes), []).append(i)  # type: ignore[union-attr]
    known: dict[str, list[tuple[tuple[int, int], np.ndarray]]] = {}
    number: dict[tuple, int] = {}
    for key, own in sorted(members.items(), key=lambda item: -len(item[1])):
        style, shape, _ = key
        window = _template(marks[own[0]], shape, [traces[i] for i in own[:50]])  # type: ignore[arg-type,misc]
        others = known.setdefault(style, [])
        same = [k for k, (size, other) in enumerate(others) if size == shape and _same_drawing(window, other)]
        if not same:
            others.append((shape, window))
        number[key] = same[0] if same else len(others) - 1
    names = ["none"] * len(marks)
    for (style, *_), own in zip(members, members.values(), strict=True):
        for i in own:
            k = number[(style, traces[i].shape, marks[i].strokes)]  # type: ignore[union-attr]
            names[i] = style if len(known[style]) == 1 else f"{style} ({k + 1})"
    return names


def _same_drawing(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether what one always shows is what the other often shows; a part of the strokes may be hidden in either."""
    for one, other in ((a, b), (b, a)):
        core = one >= 0.7
        if core.any() and (other[core] >= 0.2).mean() >= 0.75:
            return True
    return False
