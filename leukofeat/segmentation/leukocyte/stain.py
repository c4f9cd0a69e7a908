"""Per-pixel planes of a stained smear relative to its empty background: colour offset, azure stain, edges."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.kernels.jit import jit

__all__ = ["background_mode", "color_edges", "red_cell_radius", "stain_edges", "stain_planes"]

# 16 bins each of the signed square roots of the L*, a* and b* offsets: where they begin, and their width
BIN_LOW, BIN_STEP = (-10.0, -4.0, -9.0), (0.72, 0.85, 0.85)


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
    # neighbours are much alike: counted in turns, none waits for the one before
    for i in range(n):
        counts[i & 1, pixels[i, 0]] += 1
    light = 0
    seen = counts[0, 0] + counts[1, 0]
    while seen < quantile * n and light < 255:
        light += 1
        seen += counts[0, light] + counts[1, light]
    # the light pixels by themselves, plane by plane
    bright = np.empty((3, n), np.uint8)
    for c in range(3):
        for v in range(256):
            counts[c, v] = 0
    m = 0
    for i in range(n):
        if pixels[i, 0] >= light:
            for c in range(3):
                bright[c, m] = pixels[i, c]
                counts[c, pixels[i, c]] += 1
            m += 1
    n = m
    center = np.zeros(3)
    for c in range(3):
        seen = 0
        for v in range(256):
            seen += counts[c, v]
            if 2 * seen >= n:
                center[c] = v
                break
    scale = 100.0 / 255.0
    lightness, green_red, blue_yellow = bright[0], bright[1], bright[2]
    for _ in range(5):
        total = np.zeros(3)
        m = 0
        for i in range(n):
            d0 = (lightness[i] - center[0]) * scale
            d1 = green_red[i] - center[1]
            d2 = blue_yellow[i] - center[2]
            if d0 * d0 + d1 * d1 + d2 * d2 < radius * radius:
                m += 1
                total[0] += lightness[i]
                total[1] += green_red[i]
                total[2] += blue_yellow[i]
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
def stain_planes(rgb: Any, lab: Any, field: Any, density: Any, hemoglobin: Any, blank: Any) -> Any:
    """Colour offset, its length, azure stain and colour bin of every pixel.

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
    blank : float
        Colour difference from the background under which there is no azure stain.

    Returns
    -------
    offset : (H, W, 3) float32
        LAB minus background.
    contrast : (H, W) float32
        Length of the offset: the colour difference from the background.
    azure : (H, W) uint8
        Stain that absorbs green but not blue, saturating: 300 p / (p + 0.3).
    excess : (H, W) uint8
        Green minus blue optical density, from -0.2 to 1 in 255 steps.
    bins : (H, W) uint16
        One of 16 x 16 x 16 bins of the offset, in steps of its square root: fine near the background, where pale cytoplasm
        has to be told from empty glass.
    """
    h, w, _ = rgb.shape
    offset = np.empty((h, w, 3), np.float32)
    contrast = np.empty((h, w), np.float32)
    azure = np.empty((h, w), np.uint8)
    excess = np.empty((h, w), np.uint8)
    bins = np.empty((h, w), np.uint16)
    # one value per channel of a row, so that it runs in vector registers
    scale = np.empty(3 * w, np.float32)
    zero = np.empty(3 * w, np.float32)
    low = np.empty(3 * w, np.float32)
    per_unit = np.empty(3 * w, np.float32)
    for x in range(w):
        for c in range(3):
            scale[3 * x + c] = 100.0 / 255.0 if c == 0 else 1.0
            zero[3 * x + c] = 0 if c == 0 else 128
            low[3 * x + c] = BIN_LOW[c]
            per_unit[3 * x + c] = 1 / BIN_STEP[c]
    lab_rows, field_rows, offset_rows = lab.reshape(h, 3 * w), field.reshape(h, 3 * w), offset.reshape(h, 3 * w)
    place = np.empty(3 * w, np.int32)
    square = np.empty(3 * w, np.float32)
    reds, greens, blues = density[0], density[1], density[2]
    three, brown, none = np.float32(0.3), np.float32(hemoglobin), np.float32(0)
    for y in range(h):
        values, empty, row = lab_rows[y], field_rows[y], offset_rows[y]
        for i in range(3 * w):
            d = np.float32(values[i]) * scale[i] - zero[i] - empty[i]
            row[i] = d
            square[i] = d * d
            place[i] = np.int32(
                min(max((np.copysign(np.sqrt(abs(d)), d) - low[i]) * per_unit[i], none), np.float32(15))
            )
        for x in range(w):
            length = none + square[3 * x] + square[3 * x + 1] + square[3 * x + 2]
            contrast[y, x] = np.sqrt(length)
            bins[y, x] = 256 * place[3 * x] + 16 * place[3 * x + 1] + place[3 * x + 2]
            green, blue = greens[rgb[y, x, 1]], blues[rgb[y, x, 2]]
            stain = 0
            if length >= blank * blank:
                p = max(green - brown * blue - max(reds[rgb[y, x, 0]] - green, none), none)
                stain = min(int(np.float32(300) * p / (p + three)), 255)
            azure[y, x] = stain
            e = min(max(green - blue, np.float32(-0.2)), np.float32(1))
            excess[y, x] = np.int32((e + np.float32(0.2)) * np.float32(212.5) + np.float32(0.5))
    return offset, contrast, azure, excess, bins


@jit
def color_edges(offset: Any) -> Any:
    """Gradient magnitude (Sobel, per pixel) of an (H, W, 3) float32 colour offset, C-contiguous."""
    h, w, _ = offset.shape
    rows = offset.reshape(h, 3 * w)
    out = np.empty((h, w), np.float32)
    # columns -1 and w repeat the outermost ones
    smooth = np.empty(3 * w + 6, np.float32)
    slope = np.empty(3 * w + 6, np.float32)
    square = np.empty(3 * w, np.float32)
    for y in range(h):
        up, mid, down = rows[max(y - 1, 0)], rows[y], rows[min(y + 1, h - 1)]
        for i in range(3 * w):
            smooth[i + 3] = up[i] + (mid[i] + mid[i]) + down[i]
            slope[i + 3] = down[i] - up[i]
        for c in range(3):
            smooth[c], slope[c] = smooth[c + 3], slope[c + 3]
            smooth[3 * w + 3 + c], slope[3 * w + 3 + c] = smooth[3 * w + c], slope[3 * w + c]
        for i in range(3 * w):
            gx = smooth[i + 6] - smooth[i]
            gy = slope[i] + (slope[i + 3] + slope[i + 3]) + slope[i + 6]
            square[i] = gx * gx + gy * gy
        for x in range(w):
            out[y, x] = np.sqrt(square[3 * x] + square[3 * x + 1] + square[3 * x + 2]) * np.float32(0.125)
    return out


@jit
def stain_edges(azure: Any) -> Any:
    """Gradient magnitude (Sobel) of an (H, W) uint8 plane in steps of 0.3 a pixel, (H, W) uint8."""
    h, w = azure.shape
    out = np.empty((h, w), np.uint8)
    smooth = np.empty(w + 2, np.int32)
    slope = np.empty(w + 2, np.int32)
    for y in range(h):
        up, mid, down = azure[max(y - 1, 0)], azure[y], azure[min(y + 1, h - 1)]
        for x in range(w):
            smooth[x + 1] = np.int32(up[x]) + 2 * np.int32(mid[x]) + np.int32(down[x])
            slope[x + 1] = np.int32(down[x]) - np.int32(up[x])
        smooth[0], slope[0], smooth[w + 1], slope[w + 1] = smooth[1], slope[1], smooth[w], slope[w]
        for x in range(w):
            gx = np.float32(smooth[x + 2] - smooth[x])
            gy = np.float32(slope[x] + 2 * slope[x + 1] + slope[x + 2])
            steep = np.sqrt(gx * gx + gy * gy) * np.float32(10 / 24) + np.float32(0.5)
            out[y, x] = np.uint8(np.int32(min(steep, np.float32(255))))
    return out


@jit
def red_cell_radius(contrast: Any, azure: Any, pale: Any, floor: Any, least: Any) -> Any:
    """Radius in pixels of the stained bodies that are not azure, from area and perimeter; 0 where there are next to none.

    A pallor makes it smaller, overlap larger than that of a single red cell.

    Parameters
    ----------
    contrast : (H, W) float32
        Colour difference from the background.
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
            red = (azure[y, x] < floor) & (contrast[y, x] > pale)
            area += red
            steps += (x > 0 and red != before) + (y > 0 and red != above[x])
            before = red
            above[x] = red
    if area < least * h * w:
        return 0.0
    return 8 * area / (np.pi * max(steps, 1))
