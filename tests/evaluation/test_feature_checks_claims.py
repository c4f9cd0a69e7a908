"""Claims of the catalogue and of one's own, and what must never move a column."""

from __future__ import annotations

import numpy as np
import pytest

from leukofeat.base import FeatureFamily
from leukofeat.evaluation import check_feature, check_invariance
from leukofeat.features import FeatureSet, FunctionFeatures
from leukofeat.features.catalogue import built_in
from leukofeat.features.measure import Measure


def areas(smear):
    return np.bincount(smear.nuclei.ravel(), minlength=smear.n_cells + 1)[1:]


def pixels(smear):
    return smear.image[smear.nuclei > 0].astype(float)


def first_area(smear):
    return areas(smear)[:1].sum()


def brightness(smear):
    return pixels(smear).mean()


def blueness(smear):
    red, green, blue = pixels(smear).mean(axis=0)
    return blue / (red + green + blue)


def mean_area(smear):
    return areas(smear).sum() / smear.n_cells if smear.n_cells else np.nan


# --- claims ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("per", ["image", "cell"])
def test_the_catalogue_keeps_its_claims(per, records):
    families = [family() for family in built_in().values()]
    families = [family for family in families if per == "image" or family.cell_names()]
    report = check_feature(FeatureSet(families), records, per=per, checks=["defined", "same", "claims"])
    severe = report.findings[report.findings["severity"] == "severe"]
    assert severe[["column", "finding"]].to_numpy().tolist() == []
    assert len(report.table) > 800


@pytest.mark.parametrize(
    ("function", "claims", "broken"),
    [
        (brightness, {"rotation": "any", "scale": "same"}, set()),
        (brightness, {"stain": "light"}, {"light"}),
        (brightness, {"stain": "both"}, {"light", "stain"}),
        (blueness, {"stain": "light"}, set()),
        (mean_area, {"rotation": "any", "scale": "area", "stain": "both"}, set()),
        (mean_area, {"scale": "same"}, {"drawn twice as large"}),
        (mean_area, {"scale": "length"}, {"drawn twice as large"}),
        (mean_area, {"rotation": "turns"}, {"mirrored"}),
        (mean_area, {}, set()),
    ],
)
def test_claims_of_ones_own(records, function, claims, broken):
    found = check_invariance(function, records, claims=claims).findings
    assert {
        change
        for change in ("light", "stain", "drawn twice as large", "mirrored", "turned")
        if found["finding"].str.contains(f"but '{change}").any()
    } == broken
    assert (found["severity"] == "severe").all()


def test_a_family_with_a_wrong_entry_is_found_out(records):
    class Left(FeatureFamily):
        measures = (Measure("left", "light on the left", "level", "", "", rotation="quarter", level="image"),)

        def row_names(self):
            return ["left"]

        def row(self, smear):
            return np.array([smear.image[:, :20].mean()])

    report = check_invariance(Left(), records[:4])
    assert set(report.findings["check"]) == {"claims"}
    assert "rotation 'quarter'" in report.findings["finding"][0]


# --- what must never matter --------------------------------------------------------------------------------------


def counted():
    calls = iter(range(10**6))

    def counter(smear):
        return next(calls)

    return counter


def drawn():
    rng = np.random.default_rng(0)

    def draw(smear):
        return rng.random()

    return draw


def name_length(smear):
    return len(smear.source or "")


@pytest.mark.parametrize(
    ("function", "words"),
    [(counted(), "another order"), (drawn(), "another order"), (name_length, "file's name"), (first_area, "numbering")],
)
def test_what_must_never_matter(records, function, words):
    (found,) = check_invariance(function, records).findings.itertuples()
    assert (found.severity, found.check) == ("severe", "same")
    assert words in found.finding


def test_cells_keep_their_values_whatever_their_numbers(records):
    def number(smear):
        return float(smear.image[smear.nuclei > 0].sum())

    report = check_feature(FunctionFeatures(number, per="cell"), records, per="cell", checks=["same", "moves"])
    assert "same" not in set(report.findings["check"])
    assert report.moves.loc["number", "mirrored"] < 1e-9
    assert report.table.index.tolist() == ["number"]
