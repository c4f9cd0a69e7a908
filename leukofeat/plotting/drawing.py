"""What the displays share: outlines drawn into a picture, and a grid of axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.smear import Smear

NUCLEUS_COLOR = (255, 214, 10)
CELL_COLOR = (0, 200, 120)
TRUTH_COLOR = (255, 255, 255)
NOTE = "Research use only; not a medical device."


def outline(smear: Smear, *, zoom: int = 2) -> np.ndarray:
    """Image with the outlines of its cells (green) and nuclei (yellow) drawn on it.

    Parameters
    ----------
    smear : Smear
    zoom : int, default=2
        Each pixel becomes a square of this side, so that an outline hides little.

    Returns
    -------
    ndarray of shape (zoom * height, zoom * width, 3), dtype uint8

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.zeros((6, 6), np.int32); labels[2:4, 2:4] = 1
    >>> outline(Smear(np.full((6, 6, 3), 230, np.uint8), labels)).shape
    (12, 12, 3)
    """
    picture = smear.image.repeat(zoom, 0).repeat(zoom, 1)
    if smear.is_segmented:
        draw_edges(picture, smear.region("cell"), CELL_COLOR, zoom)
        draw_edges(picture, smear.region("nucleus"), NUCLEUS_COLOR, zoom)
    return picture


def draw_edges(picture: np.ndarray, labels: np.ndarray, color: tuple[int, int, int], zoom: int) -> None:
    """Colour, in place, the pixels of an already zoomed picture where neighbouring labels differ."""
    labels = labels.repeat(zoom, 0).repeat(zoom, 1)
    edge = np.zeros(labels.shape, bool)
    edge[:-1] |= labels[:-1] != labels[1:]
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    picture[edge] = color


def grid(n_rows: int, n_columns: int, width: float, height: float) -> Any:
    """Axes of a new figure, (n_rows, n_columns); each `width` by `height` inches."""
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(
        n_rows, n_columns, figsize=(width * n_columns, height * n_rows), squeeze=False, layout="constrained"
    )
    return axes
