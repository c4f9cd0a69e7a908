"""A synthetic slide: how it was stained and photographed, and how its patient departs from the mean of the class."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

STAIN_NUISANCES = ("azure_hue", "azure_strength", "red_tone", "red_strength", "tint")
NUISANCES = (
    *STAIN_NUISANCES,
    *("brightness", "warmth", "tilt", "vignette", "leukocytes", "neutrophils", "red_cover", "red_radius", "pallor"),
    *("chaining", "crenation", "platelets", "specks", "smudges", "blur", "sharpening", "noise", "quality"),
)

# Standard deviations, from patient to patient, of the logarithm of what a cell type is described by.
PATIENT_SPREAD = {
    "nucleus_radius": 0.03,
    "irregularity": 0.15,
    "density": 0.05,
    "clumping": 0.15,
    "grain": 0.12,
    "rim": 0.18,
    "basophilia": 0.10,
}

# Optical densities (base 10) in R, G, B as they were met on real slides; a slide lies between two neighbours.
_AZURE = ((0.38, 0.54, 0.05), (0.26, 0.55, 0.08), (0.13, 0.40, 0.07))  # blue, violet, magenta
_RED = ((0.20, 0.12, 0.06), (0.115, 0.10, 0.045), (0.05, 0.105, 0.085))  # teal, grey, salmon
_RNA = ((0.180, 0.115, 0.010), (0.130, 0.145, 0.030))
_EOSIN = (0.04, 0.19, 0.05)


@dataclass(frozen=True)
class Slide:
    """One patient's smear; lengths in pixels, counts a field of `_morphology.FIELD` pixels."""

    stains: np.ndarray  # (4, 3) optical density per unit of haemoglobin, azure, RNA and eosin stain in R, G, B
    background: np.ndarray  # (3,) light through clear glass; the sensor clips at 255
    light: np.ndarray  # (3,) tilt in x, tilt in y, vignetting, as fractions of the light at the centre
    leukocytes: float  # expected number
    neutrophils: float  # share of the leukocytes
    red_cover: float  # share of the field under red cells
    red_radius: float
    pallor: float  # depth of the central pallor of a typical red cell
    chaining: float  # share of red cells that touch an earlier one
    crenation: float  # amplitude of the spikes of burr cells, in radii
    platelets: float
    specks: float  # precipitate of stain
    smudges: float  # burst cells
    blur: float  # standard deviation of the point spread
    sharpening: float
    noise: float  # in grey levels
    quality: int  # of the JPEG file
    patient: Mapping[str, float]  # log-factors on the morphology, keys of PATIENT_SPREAD


def _between(low: float, high: float, u: float) -> float:
    return low + (high - low) * u


def _along(colors: tuple[tuple[float, ...], ...], u: float) -> np.ndarray:
    return np.array([np.interp(u, np.linspace(0, 1, len(colors)), channel) for channel in zip(*colors, strict=True)])


def draw_slide(quantiles: np.ndarray, departures: np.ndarray) -> Slide:
    """Make a slide from one quantile a nuisance and one standard normal departure a patient effect."""
    u = dict(zip(NUISANCES, quantiles.tolist(), strict=True))
    chromatin = _along(_AZURE, u["azure_hue"]) * _between(0.62, 1.02, u["azure_strength"])
    eosin = np.array(_EOSIN) * _between(0.8, 1.2, u["azure_strength"])
    haemoglobin = _along(_RED, u["red_tone"]) * _between(0.7, 1.25, u["red_strength"])
    tint = np.array([20.0, 0.0, -12.0]) * (u["tint"] - 0.5) + np.array([2.0, 1.0, -14.0]) * (u["warmth"] - 0.5)
    spread = zip(PATIENT_SPREAD.items(), departures.tolist(), strict=True)
    return Slide(
        stains=np.stack([haemoglobin, chromatin, _along(_RNA, u["azure_hue"]), eosin]),
        background=_between(240, 262, u["brightness"]) + tint + [-1.0, 3.0, 0.0],
        light=np.array([0.12 * (u["tilt"] - 0.5), 0.12 * (u["warmth"] - 0.5), 0.06 * u["vignette"]]),
        leukocytes=_between(3.5, 11.0, u["leukocytes"]),
        neutrophils=0.10 * u["neutrophils"],
        red_cover=_between(0.15, 0.60, u["red_cover"]),
        red_radius=_between(9.0, 11.0, u["red_radius"]),
        pallor=_between(0.3, 0.95, u["pallor"]),
        chaining=_between(0.1, 0.7, u["chaining"]),
        crenation=0.12 * max(u["crenation"] - 0.6, 0.0),
        platelets=_between(0.5, 6.0, u["platelets"]),
        specks=12.0 * max(u["specks"] - 0.5, 0.0),
        smudges=1.2 * u["smudges"] ** 2,
        blur=_between(0.45, 0.95, u["blur"]),
        sharpening=_between(0.0, 0.7, u["sharpening"]),
        noise=_between(0.8, 2.2, u["noise"]),
        quality=round(_between(72, 93, u["quality"])),
        patient={name: sigma * z for (name, sigma), z in spread},
    )


def vary(rng: np.random.Generator, slide: Slide) -> Slide:
    """One field of a slide: thickness, staining and exposure change from place to place."""
    z = rng.standard_normal
    return replace(
        slide,
        stains=(slide.stains * np.exp(0.10 * z((4, 1)) + 0.04 * z((4, 3)))).astype(np.float32),
        background=(slide.background * (1.0 + 0.020 * z() + 0.008 * z(3))).astype(np.float32),
        light=(slide.light + 0.02 * z(3)).astype(np.float32),
        leukocytes=max(slide.leukocytes * float(np.exp(0.3 * z())), 1.0),
        red_cover=float(np.clip(slide.red_cover * np.exp(0.4 * z()), 0.08, 0.75)),
        pallor=float(np.clip(slide.pallor + 0.15 * z(), 0.1, 1.0)),
        chaining=float(np.clip(slide.chaining + 0.15 * z(), 0.0, 0.9)),
        blur=float(np.clip(slide.blur * np.exp(0.2 * z()), 0.4, 1.3)),
    )
