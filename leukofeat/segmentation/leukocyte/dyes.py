"""Other dyes than the usual ones: how they are told, and how an image is brought to the usual ones before nuclei are looked for.

What tells nuclei from red cells is the azure that they hold. A blue or teal slide (alkaline buffer, no eosin, old dye), one that a camera
has drained of colour, or nuclei that are all but black show little of it, and yet a person sees at once which of two colours is
that of nuclei: the darker. Two dyes are two directions of optical density (Ruifrok and Johnston 2001); the image is taken apart into the
two that it has and put together again with the two that stains after Romanowsky have, as normalisation after Macenko (2009) does.
"""

from typing import NamedTuple

import numpy as np

from leukofeat.kernels.color.otsu import otsu_thresholds
from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.first_look import first_scale
from leukofeat.segmentation.leukocyte.frame import reduced
from leukofeat.segmentation.leukocyte.planes import (
    DARKEST,
    GATHER_RADIUS,
    LIGHT_SHARE,
    Planes,
    shows_bodies,
    slide_rgb,
    smoothed,
)
from leukofeat.segmentation.leukocyte.stain import HEMOGLOBIN, background_mode

# optical densities in red, green and blue, of a unit together: nuclei and red cells under May-Grünwald-Giemsa
NUCLEUS, RED_CELL = (0.33, 0.55, 0.12), (0.3, 0.45, 0.25)
USUAL = 1.5  # levels of azure per unit of colour difference that cores hold under the usual dyes: 1.6 to 2.5
# share of the density of nuclei that is azure under other dyes: below is dirt, above are the usual ones
AZURE = (-0.15, 0.2)
DENSE = 0.8  # density of nuclei in all channels together, at least: red cells on top of each other reach .75
DARKER = 1.4  # times as dense as the other is the dye of nuclei, at least
APART = 2.0  # degrees between the two dyes, at least: below, there is but one
SPECK, LEAST_BODIES = 5, 0.5  # pixels that a speck is wide at most, and the share of what is dark that no specks are
LEVELS = 100  # grey levels of a unit of density in all channels together


class Dyes(NamedTuple):
    """Dyes of an image."""

    slide: np.ndarray  # (3,) float32, RGB of the empty slide
    to_usual: np.ndarray  # (3, 3) float32, takes optical densities to those under the usual dyes


def other_dyes(image: np.ndarray, planes: Planes, cores: np.ndarray) -> Dyes | None:
    """Dyes of an (H, W, 3) uint8 image whose planes and cores show them to be other than the usual ones; None where they are not."""
    nuclei = (cores > 0).view(np.uint8)
    azure, difference = cv2.mean(planes.azure, nuclei)[0], cv2.mean(planes.contrast, nuclei)[0]
    if azure > USUAL * difference or not shows_bodies(planes):
        return None
    rgb, lab = smoothed(reduced(image, first_scale(image)))
    slide = slide_rgb(background_mode(lab, LIGHT_SHARE, GATHER_RADIUS))
    density = _densities(rgb, slide)
    level = np.clip(density.sum(axis=2) * LEVELS, 0, 255).astype(np.uint8)
    cuts = otsu_thresholds(np.bincount(level.ravel(), minlength=256), 3)
    if len(cuts) < 2:
        return None
    dark = (level > cuts[1]).view(np.uint8)
    bodies = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((SPECK, SPECK), np.uint8))
    if np.count_nonzero(bodies) < LEAST_BODIES * np.count_nonzero(dark):
        return None
    nucleus, other = density[bodies > 0].mean(axis=0), density[(level > cuts[0]) & (level <= cuts[1])].mean(axis=0)
    alike = float(nucleus @ other / (np.linalg.norm(nucleus) * np.linalg.norm(other)))
    dense = nucleus.sum() > max(DENSE, DARKER * other.sum())
    if not (dense and AZURE[0] < _azure(nucleus) < AZURE[1] and alike < np.cos(np.radians(APART))):
        return None
    return Dyes(slide, (_basis(NUCLEUS, RED_CELL) @ np.linalg.inv(_basis(nucleus, other))).astype(np.float32))


def hold_azure(image: np.ndarray, nuclei: np.ndarray, dyes: Dyes) -> bool:
    """Whether nuclei found in an image, at its scale or a smaller one, are stained as by the usual dyes: what else is dark is no nucleus."""
    if not nuclei.any():
        return False
    small = cv2.resize(image, nuclei.shape[::-1], interpolation=cv2.INTER_AREA)
    color = np.array(cv2.mean(small, (nuclei > 0).view(np.uint8))[:3])
    return _azure(-np.log10(np.maximum(color, DARKEST) / np.maximum(dyes.slide, 1.0))) >= AZURE[1]


def in_usual_dyes(image: np.ndarray, dyes: Dyes | None) -> np.ndarray:
    """The (H, W, 3) uint8 image as the usual dyes would have stained it; as it is where its dyes are not others."""
    if dyes is None:
        return image
    density = cv2.transform(_densities(image, dyes.slide), dyes.to_usual)
    return np.clip(dyes.slide * np.exp(-np.log(np.float32(10)) * density) + 0.5, 0, 255).astype(np.uint8)


def _azure(density: np.ndarray) -> float:
    """Share of a density that only azure dyes absorb."""
    red, green, blue = density.tolist()
    return (green - HEMOGLOBIN * blue - max(red - green, 0)) / max(red + green + blue, 1 / LEVELS)


def _densities(image: np.ndarray, slide: np.ndarray) -> np.ndarray:
    """Optical density of each channel against the empty slide, (H, W, 3) float32."""
    levels = np.maximum(np.arange(256), DARKEST)
    table = -np.log10(levels[:, None] / np.maximum(slide, 1.0)).astype(np.float32)
    return cv2.merge([cv2.LUT(channel, table[:, c].copy()) for c, channel in enumerate(cv2.split(image))])


def _basis(nucleus: np.ndarray | tuple[float, ...], other: np.ndarray | tuple[float, ...]) -> np.ndarray:
    """Directions of two dyes and of what neither absorbs, as columns of length 1."""
    columns = np.array([nucleus, other, np.cross(nucleus, other)], np.float64)
    return (columns / np.linalg.norm(columns, axis=1, keepdims=True)).T
