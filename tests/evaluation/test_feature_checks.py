"""Planted faults are found, clean columns pass, and the catalogue's columns keep what they claim."""

from __future__ import annotations

import numpy as np
import pytest

from leukofeat import Smear
from leukofeat.datasets import make_smears
from leukofeat.evaluation import (
    check_background,
    check_defined,
    check_feature,
    check_gain,
    check_invariance,
    check_moves,
    check_repeats,
)
from leukofeat.features import (
    FeatureSet,
    FunctionFeatures,
    GeometryFeatures,
    HOGFeatures,
    TextureFeatures,
)


@pytest.fixture(scope="module")
def fields():
    bunch = make_smears(n_samples=40, size=112, random_state=1)
    bunch.smears = [Smear(*parts) for parts in zip(bunch.images, bunch.nuclei, bunch.cells, strict=True)]
    return bunch


def areas(smear):
    return np.bincount(smear.nuclei.ravel(), minlength=smear.n_cells + 1)[1:]


def pixels(smear):
    return smear.image[smear.nuclei > 0].astype(float)


# --- five faults, and columns without them -----------------------------------------------------------------------


def first_area(smear):
    return areas(smear)[:1].sum()


def largest_area(smear):
    return areas(smear).max(initial=0)


def sample_variance(smear):
    return pixels(smear)[:, 0].var(ddof=1)


def variance(smear):
    return pixels(smear)[:, 0].var()


def brightness(smear):
    return pixels(smear).mean()


def blueness(smear):
    red, green, blue = pixels(smear).mean(axis=0)
    return blue / (red + green + blue)


def mean_area(smear):
    return areas(smear).sum() / smear.n_cells if smear.n_cells else np.nan


def log_area(smear):
    return np.log1p(mean_area(smear))


def glass(smear):
    return smear.image[smear.cells == 0].mean()


def least_box_share(smear):
    """Smallest share of the box of its cell that a nucleus fills: nothing here moves it, and no built-in family has it."""
    boxes = smear.boxes
    shares = areas(smear) / ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    return shares.min() if len(shares) else np.nan


COLUMNS = (
    *(least_box_share, first_area, largest_area, sample_variance, variance),
    *(brightness, blueness, mean_area, log_area, glass),
)


@pytest.fixture(scope="module")
def report(fields):
    """All columns in one pass."""
    columns = FeatureSet([FunctionFeatures(function) for function in COLUMNS])
    return check_feature(columns, fields.smears, fields.target, fields.groups)


def checks_of(report, column):
    return set(report.findings.loc[report.findings["column"] == column, "check"])


def test_a_clean_column_passes_every_check(report):
    assert checks_of(report, "least_box_share") == set()
    row = report.table.loc["least_box_share"]
    assert row["severity"] == "passed"
    assert row[["moves", "background", "correlation", "auc", "gain", "gain_low", "gain_high"]].notna().all()
    assert report.table.index[-1] == "least_box_share"  # the worst come first


@pytest.mark.parametrize(
    ("fault", "clean", "check"),
    [
        (first_area, largest_area, "same"),
        (sample_variance, variance, "defined"),
        (brightness, blueness, "moves"),
        (mean_area, largest_area, "repeats"),
        (log_area, largest_area, "repeats"),
        (glass, brightness, "background"),
    ],
    ids=lambda part: getattr(part, "__name__", part),
)
def test_a_planted_fault_is_found_and_its_clean_sister_is_not_accused_of_it(report, fault, clean, check):
    assert check in checks_of(report, fault.__name__)
    assert check not in checks_of(report, clean.__name__)
    assert not report.passed


def test_what_a_finding_says(report):
    found = report.findings.set_index(["column", "check"])["finding"]
    assert "numbering" in found["first_area", "same"]
    assert "one-pixel cell, one-pixel nucleus" in found["sample_variance", "defined"]
    assert "sd under light" in found["brightness", "moves"]
    assert "nucleus_area_mean (rank correlation 1.000)" in found["mean_area", "repeats"]
    assert "and reads its pixels" in found["glass", "background"]
    assert report.findings["severity"][0] == "severe"
    assert report.moves.loc["brightness"].idxmax() == "light"
    assert report.moves.loc["brightness", "turned 90°"] < 1e-9


def test_each_check_alone_says_what_it_says_among_the_others(fields, report):
    columns = FeatureSet([FunctionFeatures(function) for function in COLUMNS])
    alone = {
        "same": check_invariance(columns, fields.smears),
        "defined": check_defined(columns, fields.smears),
        "moves": check_moves(columns, fields.smears),
        "background": check_background(columns, fields.smears, fields.target, fields.groups),
    }
    for check, single in alone.items():
        expected = report.findings[report.findings["check"] == check]
        assert set(single.findings["finding"]) == set(expected["finding"]), check
    without_images = check_defined(columns).findings
    assert set(without_images["finding"]) == set(alone["defined"].findings["finding"])


def test_a_copy_within_one_family_is_named(fields):
    def both(smear):
        return smear.image.std(), 3 * smear.image.std()

    report = check_repeats(FunctionFeatures(both, names=["contrast", "tripled"]), fields.smears)
    assert report.table.loc["tripled", "repeats"] == "contrast"
    assert report.table.loc["contrast", "repeats"] != "tripled"
    assert report.findings["column"].tolist() == ["tripled"]


def test_what_goes_along_with_the_background_is_told_from_what_reads_it(fields):
    smears = [s.replace(image=(s.image * (0.2 + 0.02 * k)).astype(np.uint8)) for k, s in enumerate(fields.smears)]
    (found,) = check_background(brightness, smears).findings.itertuples()
    assert (found.severity, "hardly reads" in found.finding) == ("note", True)
    (found,) = check_background(glass, smears).findings.itertuples()
    assert (found.severity, "and reads" in found.finding) == ("warning", True)


def test_what_reads_a_part_of_the_background_is_found(fields):
    """The whole background tells little of the brightness of four corners."""

    def corners(smear):
        return np.mean(
            [smear.image[y, x] for y in (slice(0, 6), slice(-6, None)) for x in (slice(0, 6), slice(-6, None))]
        )

    report = check_background(corners, fields.smears, fields.target, fields.groups)
    assert report.table.loc["corners", "background"] < 0.5
    (found,) = report.findings.itertuples()
    assert (found.severity, found.finding[:21]) == ("warning", "reads the background:")
    assert check_background(corners, fields.smears, fields.target, limits={"moves": 9.0}).passed


def test_with_classes_the_background_is_asked_within_them(fields):
    """On a set whose backgrounds go along with the class, so does every column that tells the class."""
    smears = [
        s.replace(image=np.where(s.cells[..., None] > 0, s.image, np.uint8(60 + 40 * y)))
        for s, y in zip(fields.smears, fields.target, strict=True)
    ]

    def of_class(smear):
        return np.median(smear.image[smear.cells == 0]) / 40 + pixels(smear).sum() % 17 / 17

    without = check_background(of_class, smears).table.loc["of_class", "background"]
    within = check_background(of_class, smears, fields.target).table.loc["of_class", "background"]
    assert without > 0.8
    assert within < 0.2


# --- what adds to the class --------------------------------------------------------------------------------------


def test_gain_beside_a_reference_and_its_interval_over_groups(fields):
    target = dict(zip([s.image.tobytes() for s in fields.smears], fields.target, strict=True))
    rng = np.random.default_rng(0)

    def told(smear):
        return target.get(smear.image.tobytes(), 0) == 2

    def chance(smear):
        return rng.normal()

    y = np.asarray(fields.target_names)[fields.target]
    columns = FeatureSet([FunctionFeatures(told), FunctionFeatures(chance)])
    plain = check_gain(columns, fields.smears, y, reference=TextureFeatures()).table
    assert plain.loc["told", "auc"] == 1
    assert plain.loc["told", "gain_low"] > 0
    assert plain.loc["told", "gain"] > 5
    assert plain.loc["chance", "gain_low"] < 0
    grouped = check_gain(columns, fields.smears, y, fields.groups, reference=TextureFeatures()).table
    assert grouped.loc["told", "gain_low"] > 0
    assert not np.allclose(grouped["gain_low"], plain["gain_low"])


def test_a_copy_adds_less_than_what_is_new(fields):
    copy = check_gain(mean_area, fields.smears, fields.target, reference=GeometryFeatures()).table
    alone = check_gain(mean_area, fields.smears, fields.target, reference=HOGFeatures()).table
    assert copy.loc["mean_area", "gain"] < alone.loc["mean_area", "gain"]
    assert alone.loc["mean_area", "gain_low"] > 0
