"""One stained cell by formula, with the structures that are asked for, at any magnification, angle, stain and light."""

from __future__ import annotations

import numpy as np

from leukofeat.smear import Smear

# optical densities of R, G and B above the slide
SLIDE, REDCELL = np.array([0.02, 0.04, 0.03]), np.array([0.08, 0.30, 0.34])
CYTOPLASM, NUCLEUS, NUCLEOLUS = np.array([0.26, 0.22, 0.09]), np.array([0.55, 0.72, 0.28]), np.array([0.50, 0.46, 0.20])
GRANULES = {
    "azurophil": np.array([0.14, 0.30, 0.10]),
    "eosinophil": np.array([0.01, 0.28, 0.22]),
    "basophil": np.array([0.40, 0.45, 0.15]),
}
_CENTER = (-0.18, 0.05)  # of the nucleus, in radii of the cell


def portrait(
    diameter: int = 150,
    *structures: str,
    angle: float = 0.0,
    stain: float = 1.0,
    light: float = 1.0,
    noise: float = 0.0,
) -> Smear:
    """A cell of that diameter in pixels, with any of "nucleoli", "clumps", "cleft", "fold", "vacuoles", "rod", "rim", "hof" and granules."""
    n = round(1.5 * diameter)
    unit = diameter / 2
    rows, columns = (np.indices((n, n)) - (n - 1) / 2) / unit
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    x, y = cosine * columns + sine * rows, cosine * rows - sine * columns

    def disc(x0: float, y0: float, radius: float) -> np.ndarray:
        return np.clip(0.5 + (radius - np.hypot(x - x0, y - y0)) * unit, 0, 1)

    def bar(x0: float, y0: float, length: float, width: float, slope: float) -> np.ndarray:
        u = np.cos(slope) * (x - x0) + np.sin(slope) * (y - y0)
        v = np.cos(slope) * (y - y0) - np.sin(slope) * (x - x0)
        return np.clip(0.5 + (length / 2 - np.abs(u)) * unit, 0, 1) * np.clip(
            0.5 + (width / 2 - np.abs(v)) * unit, 0, 1
        )

    x0, y0 = _CENTER
    cell, nucleus = disc(0, 0, 1), disc(x0, y0, 0.62)
    if "cleft" in structures:
        nucleus = nucleus * (1 - bar(x0 - 0.45, y0, 0.7, 0.12, 0.0))
    density = np.zeros((n, n, 3)) + SLIDE
    for k in range(8):
        turn = k * np.pi / 4
        density += disc(1.55 * np.cos(turn), 1.55 * np.sin(turn), 0.28)[..., None] * REDCELL
    inside = CYTOPLASM + np.zeros_like(density)
    if "rim" in structures:
        inside += np.clip((np.hypot(x, y) - 0.72) * 5, 0, 1)[..., None] * CYTOPLASM
    if "hof" in structures:
        inside -= 0.55 * np.exp(-(np.hypot(x - 0.58, y) ** 2) / 0.03)[..., None] * CYTOPLASM
    rng = np.random.default_rng(0)
    for kind, extra in GRANULES.items():
        if kind in structures:
            for turn, radius in zip(rng.uniform(-1.9, 1.9, 60), rng.uniform(0.66, 0.88, 60), strict=True):
                spot = disc(radius * np.cos(turn), radius * np.sin(turn), 0.035)[..., None]
                inside += spot * extra
    if "rod" in structures:
        inside += bar(0.68, -0.05, 0.42, 0.05, 1.4)[..., None] * [0.12, 0.40, 0.16]
    if "vacuoles" in structures:
        for turn in (-0.9, 0.0, 0.9):
            inside *= 1 - 0.95 * disc(0.70 * np.cos(turn), 0.70 * np.sin(turn), 0.1)[..., None]
    chromatin = NUCLEUS + np.zeros_like(density)
    if "clumps" in structures:
        wave = np.sin(11 * (x - x0)) * np.sin(11 * (y - y0))
        chromatin *= 1 + 0.3 * np.clip(6 * wave, -1, 1)[..., None]
    if "nucleoli" in structures:
        for turn in (0.3, 2.4, 4.5):
            spot = disc(x0 + 0.3 * np.cos(turn), y0 + 0.3 * np.sin(turn), 0.11)[..., None]
            chromatin = (1 - spot) * chromatin + spot * NUCLEOLUS
    if "fold" in structures:
        chromatin *= 1 - 0.45 * bar(x0, y0, 0.9, 0.06, 0.5)[..., None]
    inside = (1 - nucleus[..., None]) * inside + nucleus[..., None] * chromatin
    density = (1 - cell[..., None]) * density + cell[..., None] * (SLIDE + inside)
    image = light * (256 * 10.0 ** (-stain * density) - 1)
    image += noise * rng.normal(size=image.shape)
    labels = (nucleus * cell > 0.5).astype(np.int32), (cell > 0.5).astype(np.int32)
    return Smear(np.clip(image, 0, 255).round().astype(np.uint8), *labels)
