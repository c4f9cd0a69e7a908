"""Two smooth stained cells by formula, which can be drawn at any angle and magnification."""

from __future__ import annotations

import numpy as np

from leukofeat.smear import Smear

SIZE = 180


def draw(angle: float = 0.0, scale: float = 1.0) -> Smear:
    """A field of view turned by `angle` (degrees) about its centre and magnified; the frame's corners are plain.

    Cells and nuclei are lopsided, chromatin and red cells smooth waves.
    """
    n = round(SIZE * scale)
    rows, columns = (np.indices((n, n)) - (n - 1) / 2) / scale
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    x, y = cosine * columns + sine * rows, cosine * rows - sine * columns
    nuclei, cells = np.zeros((n, n), np.int32), np.zeros((n, n), np.int32)
    for k, (x0, y0, radius) in enumerate([(-30.0, -12.0, 38.0), (38.0, 22.0, 30.0)], start=1):
        u, v = (x - x0) / radius, (y - y0) / radius
        turn = np.arctan2(v, u)
        cells[np.hypot(u / 1.05, v / 0.9) < 1 + 0.05 * np.cos(3 * turn + k)] = k
        u, v = u - 0.1, v + 0.06
        turn = np.arctan2(v, u)
        inside = np.hypot(u / 0.72, v / 0.55) < 1 + 0.14 * np.cos(2 * turn + 0.8) + 0.12 * np.cos(3 * turn + 0.4 * k)
        nuclei[inside & (cells == k)] = k
    wave = np.sin(x / 4.3 + 0.4) * np.cos(y / 5.1) + 0.6 * np.sin((x + 2 * y) / 9.7)
    red = np.sin(x / 13) + np.sin(y / 11 + 1) > 0.9
    inside = np.hypot(x, y) < 0.48 * SIZE
    density = np.where(inside & red, 0.25, 0.05)[..., None] * [0.5, 1.0, 0.9]
    density = np.where((cells > 0)[..., None], (0.17 + 0.02 * wave)[..., None] * [1.0, 1.1, 0.5], density)
    trend = 0.02 * np.hypot(x + 26, y + 14)[..., None] / 10
    density = np.where((nuclei > 0)[..., None], (0.38 + 0.06 * wave)[..., None] * [0.9, 1.1, 0.5] + trend, density)
    intensity = 256 * 10.0**-density - 1
    return Smear(np.clip(intensity, 0, 255).round().astype(np.uint8), nuclei, cells)
