"""Stain of an image against its empty slide: how much of it there is, and where it is that of nuclei."""

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.opencv import cv2

LEVELS = 500.0  # grey levels of a unit of green density: 255 is .51, more than a single red cell has
# Green density at most that goes with one unit of blue density where haemoglobin and eosin absorb, and the density beyond it
# from which a pixel holds the azure of nuclei; what is more in red than in green is no azure either.
HAEMOGLOBIN, AZURE = 1.75, 0.075
# Level of density, .4 in green, from which a body is denser than red cells on top of each other: a nucleus under any dyes.
_DENSE = 200
_SMOOTHING = 0.8  # Gaussian, in pixels, after a median of 3 x 3
_STEP = 8  # pixels per sample of the light
_BRIGHT = 0.9  # of the brightest around, in green: what may be empty slide
_DIM = 0.75  # of the brightest of all: no slide is lit more unevenly
_LEAST = 40.0  # green of an empty slide, at least
_PULL = 0.02  # share of empty samples around that weighs as much as the slide's colour


def stain_planes(image: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Density of stain in green, and the mask of azure, against the light that falls on an empty slide.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8

    Returns
    -------
    density : ndarray of shape (height, width), dtype uint8
        Optical density in green (base 10) times 500, up to 255.
    azure : ndarray of shape (height, width), dtype uint8
        1 where the stain is that of nuclei: azure, or under other dyes as dense as no red cell is.

    None where the image is dark all over.

    Examples
    --------
    >>> image = np.full((64, 64, 3), 230, np.uint8); image[:16] = (220, 160, 150); image[48:] = (110, 60, 150)
    >>> density, azure = stain_planes(image)
    >>> density[[4, 32, 60], 30], azure[[4, 32, 60], 30]
    (array([ 77,   0, 255], dtype=uint8), array([0, 0, 1], dtype=uint8))
    """
    smooth = cv2.GaussianBlur(cv2.medianBlur(image, 3), (0, 0), _SMOOTHING)
    light = _light(smooth)
    if light is None:
        return None
    height, width = image.shape[:2]
    field = cv2.resize(np.log10(light + 1), (width, height), interpolation=cv2.INTER_LINEAR)
    density, azure = _densities(smooth, field, np.log10(np.arange(256, dtype=np.float32) + 1))
    dense = cv2.morphologyEx((density > _DENSE).view(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    return density, cv2.morphologyEx(azure, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) | dense


def _light(smooth: np.ndarray) -> np.ndarray | None:
    """Colour of the empty slide over the field, one sample for some pixels, (h, w, 3) float32."""
    height, width = smooth.shape[:2]
    size = max(1, width // _STEP), max(1, height // _STEP)
    small = cv2.resize(smooth, size, interpolation=cv2.INTER_AREA)
    # the brightest within a quarter of the field to each side: a leukocyte does not hide the slide, a slope of light does not count
    around = max(3, min(size) // 2 | 1)
    top = cv2.dilate(cv2.blur(small[..., 1], (3, 3)), np.ones((around, around), np.uint8)).astype(np.float32)
    top = np.maximum(top, _DIM * top.max())
    empty = small[..., 1] > _BRIGHT * top
    if not empty.any():
        return None
    slide = np.median(small[empty], axis=0).astype(np.float32)
    if slide[1] < _LEAST:
        return None
    empty &= (np.abs(small - slide) < (1 - _DIM) * slide + 3).all(axis=2)
    weight = empty.astype(np.float32)[..., None]
    sums = cv2.GaussianBlur(np.concatenate([small * weight, weight], axis=2), (0, 0), max(2.0, min(size) / 8))
    return (sums[..., :3] + _PULL * slide) / (sums[..., 3:] + _PULL)


@jit
def _densities(rgb: np.ndarray, field: np.ndarray, logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width, _ = rgb.shape
    density = np.empty((height, width), np.uint8)
    azure = np.empty((height, width), np.uint8)
    none, ratio, least, levels = np.float32(0), np.float32(HAEMOGLOBIN), np.float32(AZURE), np.float32(LEVELS)
    for y in range(height):
        for x in range(width):
            red = field[y, x, 0] - logs[rgb[y, x, 0]]
            green = field[y, x, 1] - logs[rgb[y, x, 1]]
            blue = field[y, x, 2] - logs[rgb[y, x, 2]]
            density[y, x] = np.uint8(min(max(green * levels + np.float32(0.5), none), np.float32(255)))
            azure[y, x] = green - ratio * max(blue, none) - max(red - green, none) > least
    return density, azure
