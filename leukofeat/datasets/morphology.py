"""What lies in a synthetic field: the types of leukocytes, the cells that are drawn from them, and where cells sit."""

from dataclasses import dataclass

import numpy as np

from leukofeat.datasets.slides import Slide

FIELD = 224  # side in pixels of the field that counts and densities are stated for
N_ANGLES = 256
LARGEST_NUCLEUS = 26.0  # radius; bounds the patches that cells are drawn on
STRANGERS = 0.06  # share of a field's leukocytes that belong to a class drawn at random


@dataclass(frozen=True)
class CellType:
    """Morphology of one kind of leukocyte: the means that cells of a slide scatter around (lengths in pixels)."""

    nucleus_radius: float
    size_spread: float  # coefficient of variation from cell to cell
    irregularity: float  # amplitude of the nuclear outline's low harmonics, in radii
    cleft: float  # typical depth of the deepest fold of the nuclear outline, in radii
    density: float  # chromatin optical density relative to the slide's stain strength
    clumping: float  # amplitude of coarse chromatin blocks
    grain: float  # amplitude of fine chromatin
    nucleoli: float  # expected number
    nucleolus_contrast: float
    rim: float  # typical width of the cytoplasm, in radii of the nucleus
    basophilia: float  # cytoplasmic RNA stain
    granularity: float = 0.0  # eosinophilic granules of the cytoplasm
    segmented: bool = False


# Haematogones and mature lymphocytes are small, round, dense and smooth with a bare rim of cytoplasm; from early pre-B
# over pre-B to pro-B the nucleus grows and opens, nucleoli appear, the outline folds and the cytoplasm widens.
CLASS_TYPES = {
    "Benign": CellType(10.3, 0.09, 0.030, 0.01, 1.36, 0.14, 0.04, 0.05, 0.25, 0.12, 0.45),
    "Early": CellType(12.8, 0.10, 0.060, 0.08, 1.12, 0.12, 0.09, 0.40, 0.30, 0.13, 0.70),
    "Pre": CellType(15.2, 0.12, 0.040, 0.02, 0.98, 0.20, 0.11, 1.00, 0.28, 0.20, 1.15),
    "Pro": CellType(14.6, 0.11, 0.080, 0.20, 0.85, 0.05, 0.08, 2.00, 0.40, 0.28, 0.75),
}
NEUTROPHIL = CellType(11.5, 0.08, 0.05, 0.0, 1.15, 0.28, 0.06, 0.0, 0.0, 0.40, 0.12, 0.5, True)


@dataclass(frozen=True)
class Cells:
    """The n leukocytes of a field as parallel float32 arrays; positions and radii in pixels, x before y."""

    centre: np.ndarray  # (n, 2)
    cell: np.ndarray  # (n, N_ANGLES) radius of the cell at each angle
    nucleus: np.ndarray  # (n, N_ANGLES) radius of the nucleus about its own centre
    offset: np.ndarray  # (n, 2) nuclear centre minus cell centre
    lobes: (
        np.ndarray
    )  # (n, 4, 3) x, y about the nuclear centre and radius of lobes on a thread; all 0 for one round body
    nucleoli: np.ndarray  # (n, 3, 4) x, y about the nuclear centre, radius and contrast; radius 0 for none
    density: np.ndarray  # (n,) and so on, as in CellType
    clumping: np.ndarray
    grain: np.ndarray
    basophilia: np.ndarray
    granularity: np.ndarray


def outlines(rng: np.random.Generator, radius: np.ndarray, amplitude: np.ndarray, decay: float = 2.0) -> np.ndarray:
    """Draw closed smooth curves r(angle) from a decaying random Fourier series; (n,) radii give (n, N_ANGLES)."""
    orders = np.arange(2, 14)
    spectrum = np.zeros((len(radius), N_ANGLES // 2 + 1), np.complex128)
    weight = (orders / 2.0) ** -decay
    shape = (len(radius), len(orders))
    spectrum[:, 2:14] = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) * weight
    wave = np.fft.irfft(spectrum * (N_ANGLES / 2), n=N_ANGLES, axis=1)
    return (radius[:, None] * np.clip(1.0 + amplitude[:, None] * wave, 0.55, 1.6)).astype(np.float32)


def place(rng: np.random.Generator, radius: np.ndarray, size: int, chaining: float) -> np.ndarray:
    """Put leukocytes into a field without overlap of more than a tenth; returns (n, 2) with NaN where none fits."""
    centres = np.full((len(radius), 2), np.nan)
    margin = min(5.0, size / 4)
    for i, r in enumerate(radius):
        before = np.flatnonzero(~np.isnan(centres[:i, 0]))
        for _ in range(12):
            centre = rng.uniform(margin, size - margin, 2)
            if len(before) and rng.random() < chaining:
                j = before[rng.integers(len(before))]
                angle = rng.uniform(0, 2 * np.pi)
                centre = centres[j] + (r + radius[j]) * np.array([np.cos(angle), np.sin(angle)])
            if not (margin <= centre.min() and centre.max() <= size - margin):
                continue
            gap = np.hypot(*(centres[before] - centre).T) / (radius[before] + r)
            if not len(gap) or gap.min() > 0.93:
                centres[i] = centre
                break
    return centres


def _thread_of_lobes(rng: np.random.Generator, radius: float) -> np.ndarray:
    many = int(rng.integers(2, 5))
    angle = rng.uniform(0, 2 * np.pi) + np.arange(4) * rng.uniform(1.1, 1.6) + 0.2 * rng.standard_normal(4)
    reach = radius * rng.uniform(0.5, 0.75, 4)
    size = radius * rng.uniform(0.34, 0.46, 4) * (1.25 if many == 2 else 1.0)
    lobes = np.stack([reach * np.cos(angle), reach * np.sin(angle), size], 1)
    lobes[many:] = lobes[many - 1]
    return lobes


def _kinds(rng: np.random.Generator, slide: Slide, label: int, n: int) -> list[CellType]:
    types = list(CLASS_TYPES.values())
    kinds = [types[label]]  # one cell is always of the class, so that a field can be told at all
    for draw in rng.random(n - 1):
        if draw < slide.neutrophils:
            kinds.append(NEUTROPHIL)
        elif draw < slide.neutrophils + STRANGERS:
            kinds.append(types[rng.integers(len(types))])
        else:
            kinds.append(types[label])
    return kinds


def draw_cells(rng: np.random.Generator, slide: Slide, label: int, size: int) -> Cells:
    """Draw the leukocytes of one field of a slide whose class is `label`."""
    n = 1 + int(rng.poisson(max(slide.leukocytes * (size / FIELD) ** 2 - 1.0, 0.0)))
    kinds = _kinds(rng, slide, label, n)

    def column(name: str) -> np.ndarray:
        return np.array([getattr(kind, name) for kind in kinds])

    def scattered(name: str, spread: float | np.ndarray, effect: str = "") -> np.ndarray:
        return column(name) * np.exp(slide.patient[effect or name] + spread * rng.standard_normal(n))

    radius = np.minimum(scattered("nucleus_radius", column("size_spread")), LARGEST_NUCLEUS)
    rim = np.minimum(scattered("rim", 0.35), 0.6)
    irregularity = scattered("irregularity", 0.35)
    centres = place(rng, radius * (1.0 + rim), size, 0.25 + 0.3 * slide.chaining)

    angle = np.linspace(0, 2 * np.pi, N_ANGLES, endpoint=False)
    fold = np.angle(np.exp(1j * (angle - rng.uniform(0, 2 * np.pi, (n, 1))))) / rng.uniform(0.25, 0.5, (n, 1))
    cleft = np.minimum(scattered("cleft", 0.5, "irregularity"), 0.45)[:, None] * np.exp(-(fold**2))
    nucleus = outlines(rng, radius, irregularity) * (1.0 - cleft)
    cell = outlines(rng, radius * (1.0 + rim), 0.5 * irregularity + 0.02)
    lobes = np.zeros((n, 4, 3))
    for i in np.flatnonzero(column("segmented")):
        lobes[i] = _thread_of_lobes(rng, radius[i])

    eccentric, turn = 0.75 * radius * rim * np.sqrt(rng.random(n)), rng.uniform(0, 2 * np.pi, n)
    nucleoli = np.zeros((n, 3, 4))
    present = np.arange(3) < rng.poisson(column("nucleoli"))[:, None]
    reach, bearing = 0.6 * radius[:, None] * np.sqrt(rng.random((n, 3))), rng.uniform(0, 2 * np.pi, (n, 3))
    nucleoli[..., 0], nucleoli[..., 1] = reach * np.cos(bearing), reach * np.sin(bearing)
    nucleoli[..., 2] = present * radius[:, None] * rng.uniform(0.15, 0.26, (n, 3))
    nucleoli[..., 3] = column("nucleolus_contrast")[:, None] * rng.uniform(0.6, 1.3, (n, 3))

    placed = ~np.isnan(centres[:, 0])
    columns = {
        "centre": centres,
        "cell": cell,
        "nucleus": nucleus,
        "offset": np.stack([eccentric * np.cos(turn), eccentric * np.sin(turn)], 1),
        "lobes": lobes,
        "nucleoli": nucleoli,
        "density": scattered("density", 0.08),
        "clumping": scattered("clumping", 0.25),
        "grain": scattered("grain", 0.2),
        "basophilia": scattered("basophilia", 0.2),
        "granularity": column("granularity"),
    }
    return Cells(**{name: values[placed].astype(np.float32) for name, values in columns.items()})


def scatter_red_cells(rng: np.random.Generator, slide: Slide, cells: Cells, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Centres (n, 2) and radii (n,) of red cells: best of a few candidates, many of them beside an earlier cell."""
    side = size + 2 * slide.red_radius
    n = int(rng.poisson(slide.red_cover * side**2 / (np.pi * slide.red_radius**2)))
    radius = slide.red_radius * np.exp(0.07 * rng.standard_normal(n))
    centres = np.empty((n, 2))
    uniform = rng.uniform(-slide.red_radius, size + slide.red_radius, (n, 5, 2))
    chained = rng.random(n) < slide.chaining
    parent = (rng.random((n, 5)) * np.arange(n)[:, None]).astype(int)
    turn, reach = rng.uniform(0, 2 * np.pi, (n, 5)), rng.uniform(1.6, 2.1, (n, 5))
    step = np.stack([np.cos(turn), np.sin(turn)], 2) * (reach * radius[:, None])[..., None]
    white_radius = cells.cell.mean(1) + 0.85 * slide.red_radius
    for i in range(n):
        candidates = centres[parent[i]] + step[i] if chained[i] and i else uniform[i]
        cost = np.zeros(5)
        if i:
            away = np.sqrt(((candidates[:, None] - centres[None, :i]) ** 2).sum(2))
            cost += np.maximum(1.85 * slide.red_radius - away, 0).sum(1)
        away = np.sqrt(((candidates[:, None] - cells.centre[None]) ** 2).sum(2))
        cost += 4.0 * np.maximum(white_radius - away, 0).sum(1)
        centres[i] = np.clip(candidates[cost.argmin()], -slide.red_radius, size + slide.red_radius)
    return centres, radius
