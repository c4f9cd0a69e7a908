"""Per-pixel planes of a stained smear relative to its empty background: colour offset, azure stain, edges."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.kernels._jit import jit

__all__ = ["background_mode", "color_edges", "red_cell_radius", "stain_edges", "stain_planes"]


@jit
def background_mode(lab: Any, quantile: Any, radius: Any) -> Any:
    """Colour around which the light pixels gather: mean shift from their median.

    Parameters
    ----------
    lab : (H, W, 3) uint8
        LAB as OpenCV stores it in 8 bits.
    quantile : float
        Share of the pixels, from dark to light, that is left out.
    radius : float
        Radius of the mean shift in LAB units.

    Returns
    -------
    (3,) float64
        L*, a*, b* of the empty background.
    """
    pixels = lab.reshape(-1, 3)
    n = pixels.shape[0]
    counts = np.zeros((3, 256), np.int64)
    for i in range(n):
        counts[0, pixels[i, 0]] += 1
    light = 0
    seen = counts[0, 0]
    while seen < quantile * n and light < 255:
        light += 1
        seen += counts[0, light]
    counts[:] = 0
    m = 0
    for i in range(n):
        if pixels[i, 0] >= light:
            m += 1
            for c in range(3):
                counts[c, pixels[i, c]] += 1
    center = np.zeros(3)
    for c in range(3):
        seen = 0
        for v in range(256):
            seen += counts[c, v]
            if 2 * seen >= m:
                center[c] = v
                break
    scale = 100.0 / 255.0
    for _ in range(5):
        total = np.zeros(3)
        m = 0
        for i in range(n):
            if pixels[i, 0] < light:
                continue
            d0 = (pixels[i, 0] - center[0]) * scale
            d1 = pixels[i, 1] - center[1]
            d2 = pixels[i, 2] - center[2]
            if d0 * d0 + d1 * d1 + d2 * d2 < radius * radius:
                m += 1
                total[0] += pixels[i, 0]
                total[1] += pixels[i, 1]
                total[2] += pixels[i, 2]
        if m == 0:
            break
        moved = 0.0
        for c in range(3):
            moved = max(moved, abs(total[c] / m - center[c]))
            center[c] = total[c] / m
        if moved < 0.05:
            break
    center[0] *= scale
    center[1] -= 128
    center[2] -= 128
    return center


@jit
def _bin(x: Any, low: Any, step: Any) -> Any:
    # square-root spacing: fine near the background, where pale cytoplasm has to be told from empty glass
    r = np.sqrt(x) if x >= 0 else -np.sqrt(-x)
    k = int((r - low) / step)
    return min(max(k, 0), 15)


@jit
def stain_planes(rgb: Any, lab: Any, field: Any, density: Any, hemoglobin: Any) -> Any:
    """Colour offset, azure stain and colour bin of every pixel.

    Parameters
    ----------
    rgb, lab : (H, W, 3) uint8
        The image in both colour spaces (LAB as OpenCV stores it in 8 bits).
    field : (H, W, 3) float32
        L*, a*, b* of the empty background at each pixel.
    density : (3, 256) float32
        Optical density of each 8-bit value against the empty background, per channel.
    hemoglobin : float
        Weight of the blue density that is taken off the green one.

    Returns
    -------
    offset : (H, W, 3) float32
        LAB minus background.
    azure : (H, W) uint8
        Stain that absorbs green but not blue, saturating: 300 p / (p + 0.3).
    excess : (H, W) uint8
        Green minus blue optical density, from -0.2 to 1 in 255 steps.
    bins : (H, W) uint16
        One of 16 x 16 x 16 bins of the offset.
    """
    h, w, _ = rgb.shape
    offset = np.empty((h, w, 3), np.float32)
    azure = np.empty((h, w), np.uint8)
    excess = np.empty((h, w), np.uint8)
    bins = np.empty((h, w), np.uint16)
    for y in range(h):
        for x in range(w):
            d0 = lab[y, x, 0] * np.float32(100.0 / 255.0) - field[y, x, 0]
            d1 = lab[y, x, 1] - np.float32(128) - field[y, x, 1]
            d2 = lab[y, x, 2] - np.float32(128) - field[y, x, 2]
            offset[y, x, 0] = d0
            offset[y, x, 1] = d1
            offset[y, x, 2] = d2
            bins[y, x] = (_bin(d0, -10.0, 0.72) * 16 + _bin(d1, -4.0, 0.85)) * 16 + _bin(d2, -9.0, 0.85)
            red, green, blue = density[0, rgb[y, x, 0]], density[1, rgb[y, x, 1]], density[2, rgb[y, x, 2]]
            p = green - hemoglobin * blue - max(red - green, 0.0)
            azure[y, x] = min(int(300.0 * p / (p + 0.3)), 255) if p > 0 else 0
            e = min(max(green - blue, -0.2), 1.0)
            excess[y, x] = int((e + 0.2) * 212.5 + 0.5)
    return offset, azure, excess, bins


@jit
def color_edges(offset: Any) -> Any:
    """Gradient magnitude (Sobel, per pixel) of an (H, W, 3) float32 colour offset."""
    h, w, _ = offset.shape
    out = np.zeros((h, w), np.float32)
    for y in range(h):
        up, down = max(y - 1, 0), min(y + 1, h - 1)
        for x in range(w):
            left, right = max(x - 1, 0), min(x + 1, w - 1)
            total = np.float32(0)
            for c in range(3):
                a, b, d = offset[up, left, c], offset[up, x, c], offset[up, right, c]
                e, f = offset[y, left, c], offset[y, right, c]
                g, i, j = offset[down, left, c], offset[down, x, c], offset[down, right, c]
                gx = (d - a) + (j - g) + 2 * (f - e)
                gy = (g - a) + (j - d) + 2 * (i - b)
                total += gx * gx + gy * gy
            out[y, x] = np.sqrt(total) * np.float32(0.125)
    return out


@jit
def stain_edges(azure: Any) -> Any:
    """Gradient magnitude (Sobel) of an (H, W) uint8 plane in steps of 0.3 a pixel, (H, W) uint8."""
    h, w = azure.shape
    out = np.zeros((h, w), np.uint8)
    for y in range(h):
        up, down = max(y - 1, 0), min(y + 1, h - 1)
        for x in range(w):
            left, right = max(x - 1, 0), min(x + 1, w - 1)
            a, b, d = np.int64(azure[up, left]), np.int64(azure[up, x]), np.int64(azure[up, right])
            e, f = np.int64(azure[y, left]), np.int64(azure[y, right])
            g, i, j = np.int64(azure[down, left]), np.int64(azure[down, x]), np.int64(azure[down, right])
            gx = (d - a) + (j - g) + 2 * (f - e)
            gy = (g - a) + (j - d) + 2 * (i - b)
            out[y, x] = min(int(np.sqrt(float(gx * gx + gy * gy)) * (10.0 / 24.0) + 0.5), 255)
    return out


@jit
def red_cell_radius(offset: Any, azure: Any, pale: Any, floor: Any, least: Any) -> Any:
    """Radius in pixels of the stained bodies that are not azure, from area and perimeter; 0 where there are next to none.

    A pallor makes it smaller, overlap larger than that of a single red cell.

    Parameters
    ----------
    offset : (H, W, 3) float32
        LAB minus background.
    azure : (H, W) uint8
        Azure stain.
    pale : float
        Colour distance from the background at which a body begins.
    floor : int
        Azure stain from which a pixel may be nuclear.
    least : float
        Share of the image that the bodies have to fill.
    """
    h, w = azure.shape
    above = np.zeros(w, np.bool_)
    area, steps = 0, 0
    for y in range(h):
        before = False
        for x in range(w):
            a, b, c = offset[y, x, 0], offset[y, x, 1], offset[y, x, 2]
            red = azure[y, x] < floor and a * a + b * b + c * c > pale * pale
            area += red
            steps += (x > 0 and red != before) + (y > 0 and red != above[x])
            before = red
            above[x] = red
    if area < least * h * w:
        return 0.0
    return 8 * area / (np.pi * max(steps, 1))
