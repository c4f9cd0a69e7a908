"""Which strokes are burned in: those drawn beyond doubt, and those that stand at the same place in many images."""

from collections.abc import Sequence
from operator import itemgetter

import numpy as np
from scipy.spatial import cKDTree

from leukofeat.preprocessing.marks import Box, Mark, Traces

_RECURS = 5


def settle_marks(traces: Sequence[Traces]) -> list[Mark | None]:
    """Decide which strokes are burned in.

    Parameters
    ----------
    traces : sequence of Traces
        One an image, as :func:`~leukofeat.preprocessing.marks.trace_marks` gives.

    Returns
    -------
    list of Mark or None
        For each image, its bar or text. Marks at one place have one style, that of the majority.
    """
    settled: list[Mark | None] = [None] * len(traces)
    frequent: list[tuple[Mark, np.ndarray]] = []
    alike: dict[tuple[tuple[int, int], str], list[tuple[int, Mark]]] = {}
    for i, t in enumerate(traces):
        for mark in t.marks:
            alike.setdefault((t.shape, mark.color), []).append((i, mark))
    for (shape, _), candidates in sorted(alike.items(), key=itemgetter(0)):
        enough = max(_RECURS, 0.1 * sum(not mark.sure for _, mark in candidates))
        for members in _places(candidates, min(shape)):
            certain = [(i, mark) for i, mark in members if mark.sure]
            recurs = len({i for i, _ in members}) >= enough or len(certain) >= max(1, 0.2 * len(members))
            kept = members if recurs else certain
            boxed = 2 * sum(mark.boxed for _, mark in kept) > len(kept)
            for i, mark in kept:
                settled[i] = _join(settled[i], mark._replace(boxed=boxed, sure=True))
            if len(kept) >= 2 * _RECURS:
                known = kept[0][1]._replace(boxed=boxed, sure=True)
                frequent.append((known, _template(known.color, known.strokes, [traces[i] for i, _ in kept])))
    return [mark or _rescue(t, frequent) for t, mark in zip(traces, settled, strict=True)]


def _places(candidates: list[tuple[int, Mark]], side: int) -> list[list[tuple[int, Mark]]]:
    """Candidates whose strokes have the same box, give or take a hundredth of the side; largest set first."""
    boxes = np.array([mark.strokes for _, mark in candidates], float)
    # Each box once: thousands of images may have their bar at one place.
    boxes, first, box_of, counts = np.unique(boxes, axis=0, return_index=True, return_inverse=True, return_counts=True)
    members = np.split(np.argsort(box_of.ravel(), kind="stable"), np.cumsum(counts)[:-1])
    near = cKDTree(boxes).query_ball_point(boxes, max(2.0, 0.015 * side), p=np.inf)
    sizes = np.array([counts[own].sum() for own in near])
    free = np.ones(len(boxes), bool)
    places = []
    for leader in np.lexsort([first, -sizes]).tolist():
        if free[leader]:
            own = [k for k in near[leader] if free[k]]
            free[own] = False
            places.append([candidates[k] for k in np.sort(np.concatenate([members[k] for k in own])).tolist()])
    return places


def _join(before: Mark | None, mark: Mark) -> Mark:
    """The larger of two marks, or both as one where they are the line and the text of one bar."""
    if before is None:
        return mark
    gap = max(before.box[0], mark.box[0]) - min(before.box[2], mark.box[2])
    if before.color == mark.color and gap < 2 * max(m.box[2] - m.box[0] for m in (before, mark)):
        box, strokes = _union(before.box, mark.box), _union(before.strokes, mark.strokes)
        return Mark(box, mark.color, before.boxed or mark.boxed, True, strokes)
    return max(before, mark, key=_area)


def _union(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _area(mark: Mark) -> int:
    top, left, bottom, right = mark.strokes
    return (bottom - top) * (right - left)


def _template(color: str, strokes: Box, traces: Sequence[Traces]) -> np.ndarray:
    """How often each pixel in and around the box belongs to a stroke, (height, width) float32; NaN further off."""
    seen = np.zeros(traces[0].shape, np.float32)
    for t in traces:
        seen.ravel()[t.strokes.get(color, ())] += 1.0 / len(traces)
    top, left, bottom, right = strokes
    outside = np.ones(seen.shape, bool)
    outside[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = False
    seen[outside] = np.nan
    return seen


def _rescue(traces: Traces, frequent: list[tuple[Mark, np.ndarray]]) -> Mark | None:
    """Find a recurring mark where it runs into something of its own color, by the pixels that most of its kind share."""
    best, found = 0.0, None
    for mark, template in frequent:
        if mark.color not in traces.strokes or traces.shape != template.shape:
            continue
        often = template.ravel()[traces.strokes[mark.color]]
        core, hits = int((template >= 0.7).sum()), int((often >= 0.7).sum())
        fits = hits >= max(4, 0.25 * core) and hits >= 2 * (often < 0.1).sum()
        if fits and hits / core > best:
            best, found = hits / core, mark
    return found


def name_styles(marks: Sequence[Mark | None], traces: Sequence[Traces]) -> list[str]:
    """Style of each image's mark, numbered where marks of one look differ in what they show; "none" without a mark."""
    members: dict[tuple[str, str, Box, tuple[int, int]], list[int]] = {}
    for i, mark in enumerate(marks):
        if mark is not None:
            members.setdefault((mark.style, mark.color, mark.strokes, traces[i].shape), []).append(i)
    known: dict[str, list[np.ndarray]] = {}
    numbers = np.zeros(len(marks), np.int64)
    for (style, color, strokes, _), own in sorted(members.items(), key=lambda item: -len(item[1])):
        drawing, others = _template(color, strokes, [traces[i] for i in own[:50]]), known.setdefault(style, [])
        numbers[own] = next((k for k, other in enumerate(others) if _same_drawing(drawing, other)), len(others))
        if numbers[own[0]] == len(others):
            others.append(drawing)
    names = []
    for mark, k in zip(marks, numbers, strict=True):
        style = "none" if mark is None else mark.style
        names.append(f"{style} ({k + 1})" if len(known.get(style, ())) > 1 else style)
    return names


def _same_drawing(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether what one always shows is what the other often shows; a part of the strokes may be hidden in either."""
    if a.shape != b.shape:
        return False
    cores = ((one >= 0.7, other) for one, other in ((a, b), (b, a)))
    return any(core.any() and (other[core] >= 0.2).mean() >= 0.75 for core, other in cores)
