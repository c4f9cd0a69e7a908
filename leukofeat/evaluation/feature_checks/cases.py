"""Small drawn fields that break careless code."""

import numpy as np

from leukofeat.opencv import cv2
from leukofeat.smear import Smear

# where a column may have no value, because what it is measured on is not there
MAY_BE_NAN = frozenset(
    {
        "no cell",
        "cell without nucleus",
        "nucleus fills its cell",
        "cell fills the image",
        "1×1 image",
        "even image",
        "black image",
        "white image",
    }
)


def odd_smears() -> dict[str, Smear]:
    """Records by what is odd about them, always the same ones.

    Examples
    --------
    >>> odd_smears()["one-pixel cell"]
    Smear(40x36, 1 cell, one-pixel cell)
    """
    none = np.zeros((36, 40), np.int32)
    nucleus, cell = _disc(none, 18, 20, 6), _disc(none, 18, 20, 11)
    dot, ring = none.copy(), none.copy()
    dot[18, 20] = 1
    ring[17:20, 19:22] = 1
    corner, corner_nucleus = _disc(none, 2, 37, 11), _disc(none, 2, 37, 6)
    many, many_nuclei = np.zeros((2, 120, 130), np.int32)
    for k in range(12):
        row, column, radius = 15 + 30 * (k // 4), 16 + 32 * (k % 4), 9 + k % 5
        many, many_nuclei = (
            _disc(many, row, column, radius, k + 1),
            _disc(many_nuclei, row, column + k % 3, 5 + k % 2, k + 1),
        )
    full = np.ones((20, 24), np.int32)
    inner = _disc(np.zeros((20, 24), np.int32), 10, 12, 5)
    found = {
        "one cell": _photograph(nucleus, cell),
        "many cells": _photograph(many_nuclei, many),
        "cell at the border": _photograph(corner_nucleus, corner),
        "one-pixel cell": _photograph(dot, dot),
        "one-pixel nucleus": _photograph(dot, ring),
        "cell without nucleus": _photograph(none, cell),
        "nucleus fills its cell": _photograph(cell, cell),
        "cell fills the image": _photograph(inner, full),
        "no cell": _photograph(none, none),
        "1×1 image": _photograph(np.ones((1, 1), np.int32), np.ones((1, 1), np.int32)),
    }
    for name, level in (("even image", 128), ("black image", 0), ("white image", 255)):
        found[name] = found["one cell"].replace(image=np.full((36, 40, 3), level, np.uint8))
    return {name: smear.replace(source=name) for name, smear in found.items()}


def draw_pair(angle: float = 0.0, scale: float = 1.0) -> Smear:
    """Two lopsided cells given by formulas, so that they can be drawn at any angle (degrees) and magnification.

    Examples
    --------
    >>> draw_pair(scale=0.5)
    Smear(88x88, 2 cells)
    """
    n = round(176 * scale)
    rows, columns = (np.indices((n, n)) - (n - 1) / 2) / scale
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    x, y = cosine * columns + sine * rows, cosine * rows - sine * columns
    nuclei, cells = np.zeros((2, n, n), np.int32)
    for k, (x0, y0, radius) in enumerate([(-31.0, -10.0, 37.0), (37.0, 24.0, 30.0)], start=1):
        u, v = (x - x0) / radius, (y - y0) / radius
        cells[np.hypot(u / 1.08, v / 0.9) < 1 + 0.06 * np.cos(3 * np.arctan2(v, u) + k)] = k
        u, v = u - 0.12, v + 0.05
        turn = np.arctan2(v, u)
        outline = 1 + 0.15 * np.cos(2 * turn + 0.7) + 0.11 * np.cos(3 * turn + 0.5 * k)
        nuclei[(np.hypot(u / 0.7, v / 0.56) < outline) & (cells == k)] = k
    wave = np.sin(x / 4.5) * np.cos(y / 5.0 + 0.3) + 0.6 * np.sin((2 * x + y) / 9.5)
    red = np.where((np.sin(x / 12) + np.sin(y / 12 + 1) > 0.9) & (np.hypot(x, y) < 84), 0.25, 0.05)
    density = red[..., None] * [0.5, 1.0, 0.9]
    density = np.where((cells > 0)[..., None], (0.17 + 0.02 * wave)[..., None] * [1.0, 1.1, 0.5], density)
    dense = 0.38 + 0.06 * wave + 0.002 * np.hypot(x + 25, y + 15)
    density = np.where((nuclei > 0)[..., None], dense[..., None] * [0.9, 1.1, 0.5], density)
    return Smear(np.clip(256 * 10.0**-density - 1, 0, 255).round().astype(np.uint8), nuclei, cells)


def _disc(labels: np.ndarray, row: int, column: int, radius: int, label: int = 1) -> np.ndarray:
    axes = (radius, max(1, radius - 2))
    return cv2.ellipse(labels.copy(), (column, row), axes, 30, 0, 360, label, -1)


def _photograph(nuclei: np.ndarray, cells: np.ndarray) -> Smear:
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 30, (*cells.shape, 3)), (0, 0), 0.8)
    nuclear, stained = nuclei[..., None] > 0, cells[..., None] > 0
    field = np.full((*cells.shape, 3), (230, 215, 225), np.uint8)
    for row, column in np.ndindex(cells.shape[0] // 30 + 2, cells.shape[1] // 32 + 2):
        cv2.circle(field, (32 * column, 30 * row), 5, (215, 140, 150), -1)
    base = np.where(nuclear, [105, 60, 150], np.where(stained, [175, 155, 210], field))
    return Smear(np.clip(base + noise.reshape(base.shape), 0, 255).astype(np.uint8), nuclei, cells)
