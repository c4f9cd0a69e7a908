"""Texts beside boxes in a picture, none over another."""

from collections.abc import Sequence
from typing import Any

import numpy as np

_GAP = 2.0  # points between a box and its text


def place_labels(ax: Any, labels: Sequence[str], boxes: np.ndarray) -> dict[int, Any]:
    """Write each text above, below, right or left of its box, or in it, where no earlier text and no frame is in the way.

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
    order = np.argsort([-(bottom - top) * (right - left) for top, left, bottom, right in boxes], kind="stable")
    for i in order.tolist():
        top, left, bottom, right = boxes[i] - 0.5
        (x0, y1), (x1, y0) = ax.transData.transform([(left, top), (right, bottom)])
        text = ax.text(
            0, 0, labels[i], fontsize=7, color="black", ha="center", va="center", transform=None, zorder=5,
            path_effects=[effects.withStroke(linewidth=2.2, foreground="white")],
        )  # fmt: skip
        size = text.get_window_extent()
        wide, high = size.width / 2 + points, size.height / 2 + 0.5 * points
        gap, x, y = _GAP * points, (x0 + x1) / 2, (y0 + y1) / 2
        for at in ((x, y1 + gap + high), (x, y0 - gap - high), (x1 + gap + wide, y), (x0 - gap - wide, y), (x, y)):
            middle = np.clip(at[0], frame.x0 + wide, max(frame.x1 - wide, frame.x0 + wide)), at[1]
            own = np.array([middle[0] - wide, middle[1] - high, middle[0] + wide, middle[1] + high])
            inside = (
                own[1] >= frame.y0 and own[3] <= frame.y1 and own[2] <= frame.x1 + 1 and abs(middle[0] - at[0]) < wide
            )
            if inside and not _meets(own, taken):
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
