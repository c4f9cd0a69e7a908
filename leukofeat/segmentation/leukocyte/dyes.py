"""Other dyes than the usual ones: how they are told, and how an image is brought to the usual ones before nuclei are looked for.

What tells nuclei from red cells is the azure that they hold. A blue or teal slide (alkaline buffer, no eosin, old dye), one that a camera
has drained of colour, or nuclei that are all but black show little of it, and yet a person sees at once which of two colours is
that of nuclei: the darker. Two dyes are two directions of optical density (Ruifrok and Johnston 2001); the image is taken apart into the
two that it has and put together again with the two that stains after Romanowsky have, as normalisation after Macenko (2009) does. Where there is but one, as in a grey image, the denser is nucleus.

The usual dyes may also be weak: a short stain, a bleached slide, stray light in the microscope. All densities are low there, and in proportion
(Beer and Lambert), so that one factor brings them to the usual ones. It is told by the bodies that hold most azure, or by the darkest ones.
Likewise strong: a long stain, or contrast and saturation turned up after the fact, which make red cells look like nuclei.
"""

from typing import NamedTuple

import numpy as np

from leukofeat.kernels.color.otsu import otsu_thresholds
from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.first_look import first_scale
from leukofeat.segmentation.leukocyte.frame import reduced
from leukofeat.segmentation.leukocyte.planes import DARKEST, Planes, shows_bodies, smoothed
from leukofeat.segmentation.leukocyte.stain import AZURE_HALF, AZURE_SCALE, HEMOGLOBIN

# optical densities in red, green and blue, of a unit together: nuclei and red cells under May-Grünwald-Giemsa
NUCLEUS, RED_CELL = (0.33, 0.55, 0.12), (0.3, 0.45, 0.25)
USUAL = 1.5  # levels of azure per unit of colour difference that cores hold under the usual dyes: 1.6 to 2.5
WEAK = 100  # levels of azure that cores hold in the mean below which dyes are weak, but for a few images that are overexposed
NUCLEAR_AZURE = 0.23  # density of azure in nuclei under usual dyes
# density of azure in nuclei above which dyes are strong, and that to which they are brought then: what others hold is lost first
VIVID, LESS_VIVID = 0.8, 0.6
MOST_GAIN = 3.2  # times as strong as they are dyes are made at most: beyond, dirt and thick red cells look like nuclei
# weak nuclei differ so much in the share of azure from what is outside of cells, or so much and are as much darker as `DARKER` says
MORE_AZURE, SOME_MORE_AZURE = 0.25, 0.04
# density, against that of nuclei, of what is no slide, and share of the image of it that can be compared
STAINED, ENOUGH = 0.25, 0.05
# share of the density of nuclei that is azure under the usual dyes, at least, and where cores do not say so, too
AZURE, AZURE_ALONE = 0.15, 0.2
# likewise of what is dark under two others: below is dirt, which absorbs all colours, unless what is less dark has a colour that hides azure, as where each channel was stretched
DIRT = -0.25
# times as dense as the rest of their cells nuclei are, at least, or they hold a larger share of azure than that
AS_DENSE = 0.7
DENSE = 0.8  # density of nuclei in all channels together, at least: red cells on top of each other reach .75
DENSEST = 2.5  # likewise, at most, once they are brought to the usual dyes: what is denser is black, and shows nothing
# nuclei that are less dense than that hold a share of azure that is so much above that of what is less dark
MORE_AZURE_THAN_OTHER = 0.1
APART = 2.0  # degrees between two dyes, at least: below, there is but one
DARKER, MUCH_DARKER = 1.4, 1.6  # times as dense as the other is what is nucleus, at least, by two dyes and by one
SPECK, LEAST_BODIES = 5, 0.5  # pixels that a speck is wide at most, and the share of what is dark that no specks are
LEVELS = 100  # grey levels of a unit of density in all channels together
AZURE_LEVELS, FAINT_AZURE = 500, 5  # likewise of azure, and those that are no more than noise


# density of azure at each of its grey levels, and that in 255 equal steps
AZURE_DENSITY = AZURE_HALF * np.arange(256) / (AZURE_SCALE - np.arange(256))
AZURE_LEVEL = (AZURE_DENSITY * (255 / AZURE_DENSITY[-1])).astype(np.uint8)


class Dyes(NamedTuple):
    """Two dyes of an image."""

    slide: np.ndarray  # (3,) float32, RGB of the empty slide
    to_usual: np.ndarray  # (3, 3) float32, takes optical densities to those under the usual dyes

    @property
    def scaled(self) -> bool:
        """Whether they are the usual ones, but for their strength."""
        return not (self.to_usual - np.diag(np.diag(self.to_usual))).any()

    @property
    def strong(self) -> bool:
        """Whether they are the usual ones, but stronger."""
        return self.scaled and bool(self.to_usual[0, 0] < 1)

    def usual(self, density: np.ndarray) -> np.ndarray:
        """Densities, (H, W, 3) float32, as they would be under the usual dyes."""
        return cv2.transform(density, self.to_usual)


class OneDye(NamedTuple):
    """The only dye of an image, as of a grey camera: the denser, the more of a nucleus."""

    slide: np.ndarray  # (3,) float32, RGB of the empty slide
    red_cell: float  # density in all channels together up to which nothing is nucleus
    nucleus: float  # likewise from which all is

    @property
    def scaled(self) -> bool:
        """It is no usual one."""
        return False

    @property
    def strong(self) -> bool:
        """Nor is it one made stronger."""
        return False

    def usual(self, density: np.ndarray) -> np.ndarray:
        """Densities, (H, W, 3) float32, as they would be under the usual dyes."""
        total = density.sum(axis=2, keepdims=True)
        share = np.clip((total - self.red_cell) / (self.nucleus - self.red_cell), 0, 1)
        red_cell, nucleus = (np.array(dye, np.float32) / np.float32(sum(dye)) for dye in (RED_CELL, NUCLEUS))
        return total * ((1 - share) * red_cell + share * nucleus)


def are_usual(image: np.ndarray, nuclei: np.ndarray, cells: np.ndarray, planes: Planes, cores: np.ndarray) -> bool:
    """Whether nuclei found in an image, at its scale or a smaller one, and the cores they were found by, are stained as by the usual dyes.

    They hold azure then, and a larger share of it than a rest of their cells that is much denser: rims of basophilic cytoplasm hold less.
    Under other dyes it is cytoplasm that looks like a nucleus, or nothing does.
    """
    if not nuclei.any():
        return False
    small = cv2.resize(image, nuclei.shape[::-1], interpolation=cv2.INTER_AREA)
    own, rest = (
        -np.log10(np.maximum(cv2.mean(small, mask.view(np.uint8))[:3], DARKEST) / np.maximum(planes.slide, 1.0))
        for mask in (nuclei > 0, (cells > 0) & (nuclei == 0))
    )
    azure, difference = (cv2.mean(plane, (cores > 0).view(np.uint8))[0] for plane in (planes.azure, planes.contrast))
    least = AZURE if azure > USUAL * difference else AZURE_ALONE
    return _azure(own) >= least and (own.sum() >= AS_DENSE * rest.sum() or _azure(own) > _azure(rest))


def other_dyes(image: np.ndarray, planes: Planes, cores: np.ndarray, usual: bool) -> Dyes | OneDye | None:
    """Dyes of an (H, W, 3) uint8 image whose planes and cores were looked at, other than the usual ones, weak or strong; None where they are not.

    `usual` says that nuclei were found that are stained as by the usual dyes.
    """
    azure = cv2.mean(planes.azure, (cores > 0).view(np.uint8))[0]
    if not shows_bodies(planes):
        return None
    if usual and azure >= WEAK:
        return _scaled(planes.slide, _loss(planes.azure))
    density = _densities(smoothed(reduced(image, first_scale(image)))[0], planes.slide)
    dark = _dark_and_other(density)
    if not usual and dark is not None and (dyes := _dyes_of(planes.slide, *dark)) is not None:
        return dyes
    gain = _gain(density, dark) if azure < WEAK else 1.0
    return _scaled(planes.slide, gain) if 1 < gain <= MOST_GAIN else None


def _scaled(slide: np.ndarray, gain: float) -> Dyes | None:
    """The usual dyes, where they are made so many times as strong; None where they stay as they are."""
    return None if gain == 1 else Dyes(slide, np.float32(gain) * np.eye(3, dtype=np.float32))


def _dark_and_other(density: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Mean densities, (3,) each, of the dark bodies of an image and of what is neither dark nor slide; None where there are no bodies."""
    level = np.clip(density.sum(axis=2) * LEVELS, 0, 255).astype(np.uint8)
    cuts = otsu_thresholds(np.bincount(level.ravel(), minlength=256), 3)
    if len(cuts) < 2:
        return None
    bodies = _bodies(level > cuts[1])
    if bodies is None:
        return None
    return density[bodies].mean(axis=0), density[(level > cuts[0]) & (level <= cuts[1])].mean(axis=0)


def _dyes_of(slide: np.ndarray, nucleus: np.ndarray, other: np.ndarray) -> Dyes | OneDye | None:
    """Dyes under which dark bodies of these densities are nuclei, and what is less dark is not; None where they are no nuclei."""
    dense, red_cell = float(nucleus.sum()), float(other.sum())
    if dense <= DARKER * red_cell:
        return None
    alike = float(nucleus @ other / (np.linalg.norm(nucleus) * np.linalg.norm(other)))
    if alike >= np.cos(np.radians(APART)):
        return OneDye(slide, red_cell, dense) if dense > max(DENSE, MUCH_DARKER * red_cell) else None
    azure, others = _azure(nucleus), _azure(other)
    least = min(DIRT, others + SOME_MORE_AZURE) if dense > DENSE else max(DIRT, others + MORE_AZURE_THAN_OTHER)
    if azure <= least:
        return None
    weaker = min(1.0, DENSEST / dense)
    return Dyes(
        slide,
        np.float32(weaker) * (_basis(NUCLEUS, RED_CELL) @ np.linalg.inv(_basis(nucleus, other))).astype(np.float32),
    )


def _gain(density: np.ndarray, dark: tuple[np.ndarray, np.ndarray] | None) -> float:
    """How many times stronger dyes usually are, told by what holds most azure, or else by the dark bodies; 0 where neither tells it."""
    azure = np.maximum(_azure_density(density), 0)
    bodies = _most_azure(np.minimum(azure * AZURE_LEVELS, 255).astype(np.uint8))
    if bodies is not None and (gain := NUCLEAR_AZURE / float(azure[bodies].mean())) <= MOST_GAIN:
        return gain
    if dark is None or dark[0].sum() <= DARKER * dark[1].sum() or _azure(dark[0]) <= 0:
        return 0.0
    return float(sum(NUCLEUS) / dark[0].sum())


def _loss(azure: np.ndarray) -> float:
    """How many times as strong strong dyes should be, told by the bodies that hold most azure; 1 where they are not strong."""
    most = AZURE_DENSITY[np.max(azure)]  # nothing is vivid in most images
    bodies = _most_azure(cv2.LUT(azure, AZURE_LEVEL)) if most > VIVID else None
    if bodies is None:
        return 1.0
    held = float(AZURE_DENSITY[azure[bodies]].mean())
    return LESS_VIVID / held if held > VIVID else 1.0


def _most_azure(level: np.ndarray) -> np.ndarray | None:
    """Bodies, (H, W) bool, that hold most azure, by its (H, W) uint8 level; None where there are none."""
    counts = np.bincount(level.ravel(), minlength=256)
    counts[:FAINT_AZURE] = 0
    cuts = otsu_thresholds(counts, 2)
    return _bodies(level > cuts[0]) if len(cuts) else None


def _bodies(mask: np.ndarray) -> np.ndarray | None:
    """What of an (H, W) mask is no specks; None where most is."""
    bodies = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, np.ones((SPECK, SPECK), np.uint8))
    return None if np.count_nonzero(bodies) < max(1, LEAST_BODIES * np.count_nonzero(mask)) else bodies > 0


def stand_out(image: np.ndarray, nuclei: np.ndarray, cells: np.ndarray, slide: np.ndarray) -> bool:
    """Whether nuclei found where dyes are weak hold more azure than what lies outside of their cells: red cells do not, however dark."""
    if not nuclei.any():
        return False
    density = _densities(cv2.resize(image, nuclei.shape[::-1], interpolation=cv2.INTER_AREA), slide)
    own = density[nuclei > 0].mean(axis=0)
    others = density[(cells == 0) & (density.sum(axis=2) > STAINED * own.sum())]
    if len(others) < ENOUGH * nuclei.size:
        return True
    other = others.mean(axis=0)
    more = _azure(own) - _azure(other)
    return bool(more > MORE_AZURE or (more > SOME_MORE_AZURE and own.sum() > DARKER * other.sum()))


def in_usual_dyes(image: np.ndarray, dyes: Dyes | OneDye | None) -> np.ndarray:
    """The (H, W, 3) uint8 image as the usual dyes would have stained it; as it is where its dyes are not others."""
    if dyes is None:
        return image
    density = dyes.usual(_densities(image, dyes.slide))
    return np.clip(dyes.slide * np.exp(-np.log(np.float32(10)) * density) + 0.5, 0, 255).astype(np.uint8)


def _azure(density: np.ndarray) -> float:
    """Share of a density, (3,), that only azure dyes absorb."""
    return float(_azure_density(density) / max(density.sum(), 1 / LEVELS))


def _azure_density(density: np.ndarray) -> np.ndarray:
    """The part of densities, (..., 3), that only azure dyes absorb; below 0 where there is more of others."""
    red, green, blue = np.moveaxis(density, -1, 0)
    return green - HEMOGLOBIN * blue - np.maximum(red - green, 0)


def _densities(image: np.ndarray, slide: np.ndarray) -> np.ndarray:
    """Optical density of each channel against the empty slide, (H, W, 3) float32."""
    levels = np.maximum(np.arange(256), DARKEST)
    table = -np.log10(levels[:, None] / np.maximum(slide, 1.0)).astype(np.float32)
    return cv2.merge([cv2.LUT(channel, table[:, c].copy()) for c, channel in enumerate(cv2.split(image))])


def _basis(nucleus: np.ndarray | tuple[float, ...], other: np.ndarray | tuple[float, ...]) -> np.ndarray:
    """Directions of two dyes and of what neither absorbs, as columns of length 1."""
    columns = np.array([nucleus, other, np.cross(nucleus, other)], np.float64)
    return (columns / np.linalg.norm(columns, axis=1, keepdims=True)).T
