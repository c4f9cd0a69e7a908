"""Which columns have no value, and when: none where a cell with nucleus and cytoplasm was found."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat import Smear
from leukofeat.features import (
    ChromatinFeatures,
    ColorFeatures,
    CovarianceFeatures,
    FeatureSet,
    FractalFeatures,
    GaborFeatures,
    GeometryFeatures,
    GranulometryFeatures,
    HOGFeatures,
    OutlineFeatures,
    RunLengthFeatures,
    TextureFeatures,
    WaveletFeatures,
)
from leukofeat.selection import make_selector

FAMILIES = [
    ChromatinFeatures(),
    CovarianceFeatures(),
    CovarianceFeatures(surroundings=False),
    ColorFeatures(),
    ColorFeatures(summary=("mean", "std")),
    FractalFeatures(),
    GaborFeatures(),
    GeometryFeatures(),
    GranulometryFeatures(),
    HOGFeatures(),
    HOGFeatures(regions=("nucleus", "cytoplasm")),
    OutlineFeatures(signature=True),
    RunLengthFeatures(),
    TextureFeatures(),
    WaveletFeatures(),
]
families = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: type(family).__name__)


def portrait(seed: int = 0, kind: str = "whole") -> Smear:
    """A noisy crop of one cell: a whole one, one that its nucleus fills, or one without nucleus."""
    rng = np.random.default_rng(seed)
    image = np.full((96, 90, 3), (235, 230, 238), np.uint8)
    cells, nuclei = np.zeros((2, 96, 90), np.int32)
    radius = int(rng.integers(24, 30))
    cv2.circle(cells, (44, 50), radius, 1, -1)
    cv2.ellipse(nuclei, (46, 48), (radius - 8, radius - 12), 20, 0, 360, 1, -1)
    if kind == "all nucleus":
        nuclei = cells
    elif kind == "no nucleus":
        nuclei = np.zeros_like(cells)
    image[cells > 0], image[nuclei > 0] = (185, 165, 215), (95, 50, 150)
    noisy = np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)
    return Smear(noisy, nuclei, cells)


def missing(family, smear: Smear) -> list[str]:
    return [name for name, value in zip(family.row_names(), family.row(smear), strict=True) if not np.isfinite(value)]


@families
def test_a_single_cell_has_every_column(family):
    assert missing(family, portrait()) == []


@families
def test_without_cytoplasm_or_nucleus_only_what_is_of_them_is_missing(family):
    for kind, part in (("all nucleus", "cytoplasm"), ("no nucleus", "nucleus")):
        of_it = ("nc_", "nucleus_") if part == "nucleus" else ("cytoplasm_", "nucleus_cytoplasm_ratio")
        names = missing(family, portrait(kind=kind))
        assert all(name.startswith(of_it) for name in names)
        assert not any(name.startswith("cell_") for name in names)


def test_a_cell_alone_has_no_other_within_the_image():
    cells = np.zeros((9, 13), np.int32)
    cells[2:5, 1:4] = 5
    image = np.zeros((9, 13, 3), np.uint8)
    table = FeatureSet([GeometryFeatures()]).measure_cells([Smear(image, cells)])
    assert table["cell_neighbor_distance"].tolist() == [np.hypot(9, 13)]
    row = dict(zip(GeometryFeatures().row_names(), GeometryFeatures().row(Smear(image, cells)), strict=True))
    assert row["cell_neighbor_distance_std"] == 0
    cells[8, 12] = 6
    assert GeometryFeatures(summary=("max",)).row(Smear(image, cells))[-1] == np.hypot(5, 10)


def pipeline(*before_scaling):
    features = FeatureSet([GeometryFeatures(), HOGFeatures(), ColorFeatures()])
    return make_pipeline(features, *before_scaling, StandardScaler(), make_selector("anova", k=100), SVC(C=96))


def test_single_cells_need_no_imputer():
    smears = [portrait(seed) for seed in range(8)]
    assert pipeline().fit(smears, list("ab" * 4)).predict(smears).shape == (8,)


@pytest.mark.parametrize(
    "kinds", [("all nucleus",), ("no nucleus",), ("whole", "all nucleus"), ("whole", "no nucleus")]
)
def test_with_an_imputer_cells_without_a_part_are_learned_from(kinds):
    smears = [portrait(seed, kinds[seed % 3 % len(kinds)]) for seed in range(8)]
    learned = pipeline(SimpleImputer(keep_empty_features=True)).fit(smears, list("ab" * 4))
    assert learned.predict(smears).shape == (8,)
