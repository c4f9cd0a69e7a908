"""Texts beside boxes in a picture, none over another."""

from collections.abc import Sequence
from typing import Any

import numpy as np

_GAP = 2.0  # points between a box and its text


def place_labels(ax: Any, labels: Sequence[str], boxes: np.ndarray) -> dict[int, Any]:
    """Write each text where no earlier one and no frame is in the way.

    Above, below, right or left of its box where no other box is under it, else in its box where it fits, else beside its box.

    Parameters
    ----------
    ax : matplotlib axes
        With a picture in it; the limits are final.
    labels : sequence of n str
    boxes : ndarray of shape (n, 4)
        Top, left, bottom, right in pixels of the picture; ends exclusive.

    Returns
    -------
    dict of int to Text
        By box; those that had no room are not there. Boxes of larger area come first.
    """
    import matplotlib.patheffects as effects

    figure = ax.figure
    figure.get_figure(root=True).draw_without_rendering()  # so that a layout engine has given the axes their place
    frame, points = ax.get_window_extent(), figure.dpi / 72
    taken = np.empty((0, 4))
    placed: dict[int, Any] = {}
    ends = ax.transData.transform((boxes[:, [1, 2, 3, 0]] - 0.5).reshape(-1, 2)) if len(boxes) else np.empty((0, 2))
    corners = ends.reshape(-1, 4)  # left, bottom, right, top on the screen
    order = np.argsort([-(bottom - top) * (right - left) for top, left, bottom, right in boxes], kind="stable")
    for i in order.tolist():
        x0, y0, x1, y1 = corners[i]
        text = ax.text(
            0, 0, labels[i], fontsize=7, color="black", ha="center", va="center", transform=None, zorder=5,
            path_effects=[effects.withStroke(linewidth=2.2, foreground="white")],
        )  # fmt: skip
        size = text.get_window_extent()
        wide, high = size.width / 2 + points, size.height / 2 + 0.5 * points
        gap, x, y = _GAP * points, (x0 + x1) / 2, (y0 + y1) / 2
        beside = [(x, y1 + gap + high), (x, y0 - gap - high), (x1 + gap + wide, y), (x0 - gap - wide, y)]
        within = [(x, y)] if 2 * wide <= x1 - x0 else []
        others = np.delete(corners, i, axis=0)
        for at, free in [*((at, False) for at in beside), *((at, True) for at in [*within, *beside])]:
            middle = np.clip(at[0], frame.x0 + wide, max(frame.x1 - wide, frame.x0 + wide)), at[1]
            own = np.array([middle[0] - wide, middle[1] - high, middle[0] + wide, middle[1] + high])
            inside = (
                own[1] >= frame.y0 and own[3] <= frame.y1 and own[2] <= frame.x1 + 1 and abs(middle[0] - at[0]) < wide
            )
            if inside and not _meets(own, taken) and (free or not _meets(own, others)):
                taken = np.vstack([taken, own])
                text.set_transform(ax.transData)  # so that it stays with its cell where the figure changes its size
                text.set_position(ax.transData.inverted().transform(middle))
                placed[i] = text
                break
        else:
            text.remove()
    return dict(sorted(placed.items()))


def _meets(box: np.ndarray, others: np.ndarray) -> bool:
    """Whether a box (left, bottom, right, top) has a point in common with one of others, (n, 4)."""
    return bool(((box[:2] < others[:, 2:]) & (others[:, :2] < box[2:])).all(axis=1).any())
