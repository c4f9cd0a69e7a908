"""Step one: planes relative to the empty background of the smear, which every later step looks at.

An empty slide is a colour, where light pixels gather, plus a smooth field of illumination. Against it each pixel has an
optical density (Beer and Lambert) and a colour difference. The azure dyes that bind to DNA absorb green but hardly blue,
haemoglobin and eosin absorb both: green minus 1.75 times blue is high in nuclei and near zero in red cells.
"""

from typing import NamedTuple

import numpy as np

from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.stain import (
    LAB_SCALE,
    LAB_ZERO,
    PER_CHANNEL,
    background_mode,
    color_edges,
    relative_planes,
)

# colour differences (CIE 1976, in L*a*b* units) from the empty background
NOISE = 4.0  # up to here nothing speaks for a cell: the noise of a JPEG
FAINT = 6.0  # cytoplasm between lobes differs at least by so much
NEAR_EMPTY = 8.0  # pixels up to here show how the slide is lit
PALE = 12.0  # under this a colour is background; a red cell begins here
AZURE_FLOOR = 60  # azure, of 255: below this a pixel is no nucleus under any stain at hand; red cells stay below
PURE = 3.0  # edge strength under which a pixel shows the pure colour of its body; rims have mixed colours
LEAST_PURE = 0.1  # share of such pixels, of which any smear has a third at least: under this the image is noise

LIGHT_SHARE = 0.25  # share of the pixels, the lightest, among which the colour of the empty slide is looked for
GATHER_RADIUS = 7.0  # radius of the mean shift that finds it, in L*a*b* units
SMOOTHING = 0.8  # Gaussian, in pixels, after a median of 3 x 3
FIELD_STEP, FIELD_BLUR = 8, 3.0  # pixels per sample of the illumination, and its smoothing in samples
FIELD_PULL = 0.1  # share of near-empty samples, around, that weighs as much as the colour of the whole slide
DARKEST = 3  # value that darker ones count as, so that densities are finite
CLIPPED = 254  # value from which a channel is saturated
# blue density where green is saturated: up to the first it is noise, from the second on overexposure beyond doubt
HIDDEN_STAIN = (0.015, 0.03)
HIDDEN_SHARE = 0.05  # share of the saturated pixels that have to show it
HEADROOM = 0.2  # by how much the slide of an overexposed image is taken to be brighter than its saturated channels


class Planes(NamedTuple):
    """Planes of one image, all (H, W) but for the offset and the slide: see `leukofeat.segmentation.leukocyte.stain.relative_planes`."""

    offset: np.ndarray  # (H, W, 3) float32, LAB minus background
    contrast: np.ndarray  # float32, colour difference from the background
    azure: np.ndarray  # uint8, stain of nuclei
    excess: np.ndarray  # uint8, green minus blue optical density
    violet: np.ndarray  # uint8, green minus 0.9 red optical density
    bins: np.ndarray  # uint16, colour bin
    edge: np.ndarray  # float32, colour edges
    slide: np.ndarray  # (3,) float32, RGB of the empty slide

    def within(self, window: tuple[slice, slice]) -> "Planes":
        """The planes of a window of the image."""
        return self._replace(**{name: np.ascontiguousarray(getattr(self, name)[window]) for name in self._fields[:-1]})


def make_planes(image: np.ndarray, background: np.ndarray | None = None) -> Planes:
    """Compute the planes of an (H, W, 3) uint8 RGB image; the L*a*b* of its empty slide is estimated where it is not given.

    In an overexposed image the background saturates, and densities against it come out too low; it is then taken to be
    brighter than the camera could show.
    """
    smooth, lab = smoothed(image)
    if background is None:
        background = background_mode(lab, LIGHT_SHARE, GATHER_RADIUS)
    slide = slide_rgb(background)
    rgb = slide.copy()
    rgb[rgb >= CLIPPED] *= 1 + HEADROOM * _overexposure(smooth, rgb)
    levels = np.maximum(np.arange(256), DARKEST)
    density = -np.log10(levels[None, :] / np.maximum(rgb[:, None], 1.0)).astype(np.float32)
    field = _illumination(lab, background)
    planes = relative_planes(smooth, lab, field, density, np.tile(PER_CHANNEL, image.shape[1]))
    return Planes(*planes, edge=color_edges(planes[0]), slide=slide)


def slide_color(image: np.ndarray) -> np.ndarray:
    """L*a*b* of the empty slide of an (H, W, 3) uint8 RGB image, (3,) float64."""
    return background_mode(smoothed(image)[1], LIGHT_SHARE, GATHER_RADIUS)


def slide_rgb(background: np.ndarray) -> np.ndarray:
    """RGB of an empty slide, 0 to 255, (3,) float32, from its L*a*b*."""
    return cv2.cvtColor(background.astype(np.float32).reshape(1, 1, 3), cv2.COLOR_LAB2RGB).ravel() * 255


def smoothed(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An (H, W, 3) uint8 RGB image without the noise of single pixels, and in L*a*b* as OpenCV stores it in 8 bits."""
    smooth = cv2.GaussianBlur(cv2.medianBlur(image, 3), (0, 0), SMOOTHING)
    return smooth, cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB)


def _overexposure(image: np.ndarray, background: np.ndarray) -> float:
    """How surely the camera was driven beyond its range, 0 to 1: stain shows in blue where green is saturated."""
    if background[1] < CLIPPED or background[2] >= CLIPPED:
        return 0.0
    counts = np.bincount(image[..., 2][image[..., 1] >= CLIPPED], minlength=256)
    if not counts.any():
        return 0.0
    level = np.searchsorted(np.cumsum(counts), HIDDEN_SHARE * counts.sum())
    return float(np.interp(np.log10(background[2] / max(level, 1)), HIDDEN_STAIN, (0, 1)))


def _illumination(lab: np.ndarray, background: np.ndarray) -> np.ndarray:
    """LAB of the empty slide at each pixel, (H, W, 3) float32: a local mean of near-empty pixels, pulled to the mode."""
    h, w = lab.shape[:2]
    size = (max(1, w // FIELD_STEP), max(1, h // FIELD_STEP))
    small = cv2.resize(lab, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], 3)
    offset = small * LAB_SCALE - (background + LAB_ZERO).astype(np.float32)
    empty = (cv2.transform(offset * offset, np.ones((1, 3), np.float32)) < NEAR_EMPTY**2).astype(np.float32)
    # the sums of the near-empty pixels and their number, smoothed in one go
    sums = cv2.GaussianBlur(np.dstack([offset * empty[..., None], empty]), (0, 0), FIELD_BLUR)
    field = sums[..., :3] / (sums[..., 3:] + FIELD_PULL) + background.astype(np.float32)
    return cv2.resize(field, (w, h), interpolation=cv2.INTER_LINEAR)


def shows_bodies(planes: Planes) -> bool:
    """Whether there is anything in the image that has a colour, rather than noise from edge to edge."""
    return bool(np.count_nonzero(planes.edge < PURE) >= LEAST_PURE * planes.edge.size)
