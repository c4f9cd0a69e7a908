"""What the leukocyte segmentation looks at: planes relative to the empty background of the smear."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from leukofeat.segmentation.leukocyte.stain import background_mode, color_edges, stain_planes

HEMOGLOBIN = 1.75  # blue density that goes with one unit of green density in a red cell, at least
CLIPPED = 254  # value from which a channel is saturated
HIDDEN = (0.015, 0.03)  # blue density where green is saturated: noise, and overexposure beyond doubt
HEADROOM = 0.2  # by how much the slide of an overexposed image is taken to be brighter than its saturated channels
BLANK = 8.0  # colour difference from the background under which there is no stain


class Planes(NamedTuple):
    """Planes of one image, all (H, W): see `leukofeat.segmentation.leukocyte.stain`."""

    offset: np.ndarray  # (H, W, 3) float32, LAB minus background
    contrast: np.ndarray  # float32, colour difference from the background
    azure: np.ndarray  # uint8, stain of nuclei
    excess: np.ndarray  # uint8, green minus blue optical density
    bins: np.ndarray  # uint16, colour bin
    edge: np.ndarray  # float32, colour edges


def make_planes(image: np.ndarray) -> Planes:
    """Compute the planes of an (H, W, 3) uint8 RGB image.

    The empty background is a colour (where light pixels gather) plus a smooth field of illumination. In an overexposed image
    it saturates, and densities against it come out too low; it is then taken to be brighter than the camera could show.
    """
    smooth = cv2.GaussianBlur(cv2.medianBlur(image, 3), (0, 0), 0.8)
    lab = cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB)
    background = background_mode(lab, 0.75, 7.0)
    field = _illumination(lab, background)
    rgb = cv2.cvtColor(background.astype(np.float32).reshape(1, 1, 3), cv2.COLOR_LAB2RGB).ravel() * 255
    rgb[rgb >= CLIPPED] *= 1 + HEADROOM * _overexposure(smooth, rgb)
    levels = np.maximum(np.arange(256), 3)
    density = -np.log10(levels[None, :] / np.maximum(rgb[:, None], 1.0)).astype(np.float32)
    offset, contrast, azure, excess, bins = stain_planes(smooth, lab, field, density, HEMOGLOBIN, BLANK)
    return Planes(offset, contrast, azure, excess, bins, color_edges(offset))


def _overexposure(image: np.ndarray, background: np.ndarray) -> float:
    """How surely the camera was driven beyond its range, 0 to 1: stain shows in blue where green is saturated."""
    if background[1] < CLIPPED or background[2] >= CLIPPED:
        return 0.0
    counts = np.bincount(image[..., 2][image[..., 1] >= CLIPPED], minlength=256)
    if not counts.any():
        return 0.0
    level = np.searchsorted(np.cumsum(counts), 0.05 * counts.sum())
    return float(np.interp(np.log10(background[2] / max(level, 1)), HIDDEN, (0, 1)))


def _illumination(lab: np.ndarray, background: np.ndarray, radius: float = 8.0) -> np.ndarray:
    """LAB of the empty slide at each pixel, (H, W, 3) float32: a local mean of near-background pixels, pulled to the mode."""
    h, w = lab.shape[:2]
    size = (max(1, w // 8), max(1, h // 8))
    small = cv2.resize(lab, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], 3)
    scale, zero = np.array([100 / 255, 1, 1], np.float32), np.array([0, 128, 128])
    offset = small * scale - (background + zero).astype(np.float32)
    empty = (cv2.transform(offset * offset, np.ones((1, 3), np.float32)) < radius**2).astype(np.float32)
    # the sums of the near-background pixels and their number, smoothed in one go
    sums = cv2.GaussianBlur(np.dstack([offset * empty[..., None], empty]), (0, 0), 3.0)
    field = sums[..., :3] / (sums[..., 3:] + 0.1) + background.astype(np.float32)
    return cv2.resize(field, (w, h), interpolation=cv2.INTER_LINEAR)
