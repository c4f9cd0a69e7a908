"""Smears in which the classes differ in one thing, or one cell from the others: the explanation names it."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat import Smear
from leukofeat.datasets import make_smears, morphology, smears
from leukofeat.datasets.slides import draw_slide
from leukofeat.explanation import explain
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures, TextureFeatures
from leukofeat.whitening import WithinClassWhitener

PLAIN = replace(morphology.CLASS_TYPES["Early"], nucleus_radius=11.0, density=1.1)


def planted(monkeypatch, n, seed, **changed):
    """Fields of two classes, "plain" and "planted", that differ in what was changed and in nothing else."""
    types = {"Benign": PLAIN, "Early": PLAIN, "Pre": replace(PLAIN, **changed), "Pro": replace(PLAIN, **changed)}
    for name, kind in types.items():
        monkeypatch.setitem(morphology.CLASS_TYPES, name, kind)
    monkeypatch.setattr(morphology, "NEUTROPHIL", PLAIN)
    # one stain and one patient for all: 64 images are too few to learn from them what varies for other reasons
    monkeypatch.setattr(smears, "draw_slide", lambda u, z: draw_slide(np.full_like(u, 0.5), np.zeros_like(z)))
    bunch = make_smears(n, size=128, n_slides=32, random_state=seed)
    records = [Smear(*parts) for parts in zip(bunch.images, bunch.nuclei, bunch.cells, strict=True)]
    return records, np.where(bunch.target < 2, "plain", "planted")


# a few of each kind: with hundreds, 64 images can be told apart by chance
COLUMNS = [
    *("cell_count", "nucleus_area_mean", "nucleus_perimeter_mean", "nucleus_feret_*_mean", "cell_area_mean"),
    *("nucleus_solidity_mean", "nucleus_eccentricity_mean", "nucleus_extent_mean", "nucleus_hu_1_mean"),
    *("nucleus_od_?_p50_mean", "cytoplasm_od_?_p50_mean", "nucleus_lab_?_p50_mean"),
    *("nucleus_haralick_correlation_d1_mean", "nucleus_lbp_8_1_[0-4]"),
]


def pipeline(*steps):
    families = [
        GeometryFeatures(),
        ColorFeatures(regions=("nucleus", "cytoplasm"), summary=("mean",)),
        TextureFeatures(regions=("nucleus",)),
    ]
    chain = (SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), *steps)
    return make_pipeline(FeatureSet(families, columns=COLUMNS), *chain, SVC(kernel="linear", C=0.01))


@pytest.mark.parametrize("steps", [(), (WithinClassWhitener(0.5),)], ids=["scaled", "whitened"])
@pytest.mark.parametrize(
    ("changed", "kind"), [({"nucleus_radius": 16.0}, "size"), ({"density": 0.7}, "colour")], ids=["size", "colour"]
)
def test_the_columns_of_the_planted_cause_carry_the_verdict(monkeypatch, changed, kind, steps):
    model = pipeline(*steps).fit(*planted(monkeypatch, 64, 0, **changed))
    records, y = planted(monkeypatch, 16, 1, **changed)
    found = explain(model, records, max_cells=0)
    right = [why for why, true in zip(found, y, strict=True) if why.verdict == true]
    assert len(right) > 12
    by_kind = [why.columns.groupby("kind")["contribution"].sum() for why in right]
    assert np.mean([sums.idxmax() == kind for sums in by_kind]) > 0.85
    assert sum(sums[kind] for sums in by_kind) > 0.5 * sum(sums[sums > 0].sum() for sums in by_kind)


def test_the_odd_cell_is_named_first(monkeypatch):
    model = pipeline().fit(*planted(monkeypatch, 64, 0, nucleus_radius=17.0))
    kinds = morphology._kinds
    monkeypatch.setattr(morphology, "_kinds", lambda *args: [(k := kinds(*args))[0]] + [PLAIN] * (len(k) - 1))
    records, y = planted(monkeypatch, 32, 2, nucleus_radius=17.0)
    odd = [record for record, true in zip(records, y, strict=True) if true == "planted" and record.n_cells > 2]
    first = []
    for why, record in zip(explain(model, odd), odd, strict=True):
        largest = int(record.region_boxes("nucleus")[:, 4].argmax()) + 1
        labels = why.cells["label"].tolist()
        # what speaks most for "planted" is what speaks least for "plain"
        first.append(largest == labels[0 if why.verdict == "planted" else -1])
    assert len(first) >= 5
    assert np.mean(first) > 0.8
