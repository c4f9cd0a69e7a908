"""Made-up cells with exact truth: any share of nucleus, dark or pale, or with a rim of cytoplasm darker than the nucleus; and clumps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from leukofeat.datasets.morphology import N_ANGLES, Cells, outlines
from leukofeat.datasets.render import HAEMOGLOBIN, POOL, draw_leukocytes, draw_red_cells, photograph
from leukofeat.datasets.slides import NUISANCES, PATIENT_SPREAD, Slide, draw_slide


@dataclass(frozen=True)
class Stain:
    """Ranges of what a kind of cell is stained by, as in `leukofeat.datasets.morphology.CellType`."""

    density: tuple[float, float]
    clumping: tuple[float, float]
    basophilia: tuple[float, float]
    nucleoli: int


KINDS = {
    "dark": Stain((1.2, 1.5), (0.12, 0.2), (0.25, 0.6), 0),
    "pale": Stain((0.6, 0.75), (0.08, 0.15), (0.25, 0.6), 2),
    # so much RNA that the cytoplasm is darker than the chromatin in red and in green, and bluer
    "rim": Stain((0.55, 0.7), (0.08, 0.15), (3.6, 4.6), 1),
}
_GRAIN = 28.0  # diameter of a nucleus, in pixels, at which the grains of chromatin are those of `make_smears`


@dataclass(frozen=True, eq=False)
class MadeUp:
    """An image, (H, W, 3) uint8, with the label maps of its nuclei and cells, (H, W) int32."""

    image: np.ndarray
    nuclei: np.ndarray
    cells: np.ndarray


@lru_cache(maxsize=4)
def make_cell(nc: float, kind: str = "dark", diameter: float = 40.0, random_state: int = 0) -> MadeUp:
    """One cell in the middle of a slide of red cells.

    Parameters
    ----------
    nc : float
        N:C, area of the nucleus over that of the cell, above 0 to 1. Pixels and outlines shift it by a few hundredths.
    kind : {"dark", "pale", "rim"}
        Chromatin dark or pale on little-stained cytoplasm; or pale within cytoplasm that is darker and bluer.
    diameter : float
        Of the nucleus, in pixels. Red cells have their natural size beside it.
    random_state : int
        The same value gives the same bytes.
    """
    rng = np.random.default_rng([random_state, round(1000 * nc), list(KINDS).index(kind), round(10 * diameter)])
    width = diameter / np.sqrt(nc)
    size = round(max(2.3 * width, width + 2.2 * diameter, 72))
    centre = size / 2 + rng.uniform(-0.05, 0.05, (1, 2)) * size
    cells = _cells(rng, centre, np.array([nc]), kind, diameter)
    return _photograph(rng, cells, diameter, size, np.zeros((0, 2)))


@lru_cache(maxsize=4)
def make_clump(
    n: int = 2, kind: str = "dark", diameter: float = 40.0, cut: bool = False, random_state: int = 0
) -> MadeUp:
    """Two or three cells that touch or nearly do, with red cells in the notches between them.

    Parameters
    ----------
    n : {2, 3}
    kind, diameter, random_state
        As in :func:`make_cell`.
    cut : bool
        Whether the first cell lies in the middle and the frame cuts the others, or the clump is whole.
    """
    rng = np.random.default_rng([random_state, n, list(KINDS).index(kind), round(10 * diameter), int(cut)])
    shares = rng.uniform(0.6, 0.85, n)
    radius = 0.5 * diameter / np.sqrt(shares)
    gap = rng.uniform(1.0, 1.2)
    turn = rng.uniform(0, 2 * np.pi) + np.array([0.0, np.pi / 3])
    reach = gap * (radius[0] + radius[1:])
    spokes = reach[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)[: n - 1]
    centres = np.concatenate([np.zeros((1, 2)), spokes])
    centres -= centres[0] if cut else centres.mean(axis=0)
    size = round(2.0 * (radius[0] + 0.9 * reach.max())) if cut else round(2.4 * reach.max() + 2.4 * radius.max())
    centres += size / 2
    notches = [
        notch
        for i in range(n)
        for j in range(i + 1, n)
        for notch in _notches(centres[i], centres[j], radius[i], radius[j], 0.375 * diameter)
    ]
    return _photograph(rng, _cells(rng, centres, shares, kind, diameter), diameter, size, np.array(notches))


def _notches(a: np.ndarray, b: np.ndarray, radius_a: float, radius_b: float, red: float) -> list[np.ndarray]:
    """Centres of the two discs of radius `red` that touch both of two discs."""
    across = b - a
    distance = float(np.hypot(*across))
    to_a, to_b = radius_a + red, radius_b + red
    along = (distance**2 + to_a**2 - to_b**2) / (2 * distance)
    aside = np.sqrt(max(to_a**2 - along**2, 0.0))
    unit = across / distance
    return [a + along * unit + sign * aside * np.array([-unit[1], unit[0]]) for sign in (-1, 1)]


def _cells(rng: np.random.Generator, centres: np.ndarray, shares: np.ndarray, kind: str, diameter: float) -> Cells:
    n, stain, radius = len(centres), KINDS[kind], diameter / 2
    wide = 1 / np.sqrt(shares)
    nucleus = outlines(rng, np.full(n, radius), rng.uniform(0.02, 0.06, n))
    # the rim is nowhere thin, so that the nucleus stays inside
    rim = outlines(rng, np.ones(n), np.full(n, 0.12))
    cell = nucleus * (1 + (wide[:, None] - 1) * rim)
    turn = rng.uniform(0, 2 * np.pi, n)
    aside = 0.5 * (wide - 1) * radius * rng.random(n)
    nucleoli = np.zeros((n, 3, 4))
    for dot in range(stain.nucleoli):
        bearing, reach = rng.uniform(0, 2 * np.pi, n), 0.55 * radius * np.sqrt(rng.random(n))
        size = radius * rng.uniform(0.15, 0.24, n)
        nucleoli[:, dot] = np.stack([reach * np.cos(bearing), reach * np.sin(bearing), size, np.full(n, 0.3)], axis=1)
    columns = {
        "centre": centres,
        "cell": cell,
        "nucleus": nucleus,
        "offset": np.stack([aside * np.cos(turn), aside * np.sin(turn)], axis=1),
        "lobes": np.zeros((n, 4, 3)),
        "nucleoli": nucleoli,
        "density": rng.uniform(*stain.density, n),
        "clumping": rng.uniform(*stain.clumping, n),
        "grain": rng.uniform(0.06, 0.1, n),
        "basophilia": rng.uniform(*stain.basophilia, n),
        "granularity": np.zeros(n),
    }
    assert nucleus.shape == (n, N_ANGLES)
    return Cells(**{name: np.asarray(values, np.float32) for name, values in columns.items()})


def _photograph(rng: np.random.Generator, cells: Cells, diameter: float, size: int, reds: np.ndarray) -> MadeUp:
    slide = _slide(rng, diameter)
    pad = int(max(80, 3.2 * slide.red_radius, cells.cell.max() + 8)) + 8
    planes = np.zeros((4, size + 2 * pad, size + 2 * pad), np.float32)
    draw_red_cells(planes, rng, slide, cells, size)
    for x, y in reds:
        _draw_red_cell(planes[HAEMOGLOBIN], x + pad, y + pad, slide)
    nuclei, labels = draw_leukocytes(planes, rng, cells, _noise(diameter / _GRAIN), size)
    image = photograph(planes[:, pad : pad + size, pad : pad + size], rng, slide, _noise(1.0))
    return MadeUp(image, nuclei, labels)


def _slide(rng: np.random.Generator, diameter: float) -> Slide:
    """A slide of any tint, sharp as an objective that suits the size of its cells."""
    slide = draw_slide(rng.random(len(NUISANCES)), rng.standard_normal(len(PATIENT_SPREAD)))
    stains = np.asarray(slide.stains, np.float32)
    soft = rng.uniform(0.5, 0.9) * max(1.0, diameter / 60)
    cover, noise = rng.uniform(0.2, 0.5), rng.uniform(0.8, 2.5)
    background = np.asarray(slide.background, np.float32)
    light = np.asarray(slide.light, np.float32)
    return replace(
        slide,
        stains=stains,
        background=background,
        light=light,
        red_cover=cover,
        red_radius=0.375 * diameter,
        blur=soft,
        noise=noise,
    )


def _draw_red_cell(plane: np.ndarray, x: float, y: float, slide: Slide) -> None:
    rows, columns = np.ogrid[: plane.shape[0], : plane.shape[1]]
    distance = np.hypot(columns - x, rows - y)
    disc = 1 - 0.7 * slide.pallor * np.exp(-((distance / (0.5 * slide.red_radius)) ** 4))
    # where red cells overlap the deeper one shows, as one has slid under the other
    np.maximum(plane, disc * np.clip(slide.red_radius - distance + 0.5, 0, 1), out=plane)


@lru_cache(maxsize=8)
def _noise(scale: float) -> np.ndarray:
    """Unit-variance noise of four grain sizes as `leukofeat.datasets.render.noise_pool` makes, coarser by a factor."""
    rng = np.random.default_rng(0)
    pool = []
    for sigma in (0.0, 0.75 * scale, 1.7 * scale, 6.0 * scale):
        field = rng.standard_normal((POOL, POOL), dtype=np.float32)
        if sigma:
            field = cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
            field -= cv2.GaussianBlur(field, (0, 0), 2.0 * sigma, borderType=cv2.BORDER_REFLECT)
        pool.append(field / field.std())
    return np.stack(pool)
