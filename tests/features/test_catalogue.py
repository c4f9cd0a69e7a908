"""Every column has one entry in the catalogue, and what the entries claim holds."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leukofeat.features
from leukofeat.base import FeatureFamily
from leukofeat.features import (
    ChromatinFeatures,
    ColorFeatures,
    ContourFeatures,
    CovarianceFeatures,
    CytologyFeatures,
    FeatureSet,
    FractalFeatures,
    FunctionFeatures,
    GaborFeatures,
    GeometryFeatures,
    GranulometryFeatures,
    HOGFeatures,
    OutlineFeatures,
    RelativeColorFeatures,
    RunLengthFeatures,
    TextureFeatures,
    WaveletFeatures,
    list_features,
)
from leukofeat.features.catalogue import built_in
from leukofeat.features.measure import Measure
from leukofeat.features.page import SLACK, TOLERANCE, features_page
from leukofeat.features.summary import summarize, summary_names
from leukofeat.kernels.color.histograms import STATISTIC_NAMES
from leukofeat.kernels.texture.haralick import COOCCURRENCE_NAMES
from leukofeat.smear import REGIONS, Smear
from tests.cells import drawn_field
from tests.features.smooth import draw

DEFAULTS = [
    GeometryFeatures(),
    OutlineFeatures(),
    ContourFeatures(),
    HOGFeatures(),
    ColorFeatures(),
    RelativeColorFeatures(),
    TextureFeatures(),
    RunLengthFeatures(),
    ChromatinFeatures(),
    CovarianceFeatures(),
    CytologyFeatures(),
    GaborFeatures(),
    WaveletFeatures(),
    GranulometryFeatures(),
    FractalFeatures(),
]
OTHERS = [
    GeometryFeatures(pixel_size=0.1, summary=["min", "q25", "median", "q75", "max"]),
    OutlineFeatures(regions=["cell"], degree=12, summary=["median"]),
    HOGFeatures(regions=REGIONS, vector=True),
    ColorFeatures(regions=REGIONS),
    ColorFeatures(summary=["mean", "q25"]),
    TextureFeatures(regions=REGIONS, distances=(1, 5), circles=[(12, 1.5)]),
    RunLengthFeatures(regions=REGIONS),
    CovarianceFeatures(regions=["cytoplasm", "cell"], size=20, surroundings=False, summary=["median"]),
    GaborFeatures(regions=REGIONS, frequencies=[0.125, 0.5], n_angles=16),
    WaveletFeatures(regions=REGIONS, wavelet="db2", levels=4),
    GranulometryFeatures(regions=REGIONS, channels=["gray", "red", "lightness", "saturation"], radii=[2, 11]),
]
# what is off by default and claims something
ASKED_FOR = [
    TextureFeatures(
        circles=[(8, 1)],
        directions=("mean", "range", "0", "45", "90", "135"),
        cooccurrence=COOCCURRENCE_NAMES,
        lbp_method="nri_uniform",
    ),
    TextureFeatures(distances=(), circles=[(8, 1)], lbp_method="default"),
    OutlineFeatures(signature=True, degree=0),
    FractalFeatures(regions=["cytoplasm", "cell"], channel="green", summary=["median"]),
    ColorFeatures(
        spaces=("cmyk", "rgb", "hsv", "od", "hed"), statistics=(*STATISTIC_NAMES, "energy"), summary=("mean",)
    ),
]
OTHERS += ASKED_FOR
each = pytest.mark.parametrize("family", [*DEFAULTS, *OTHERS], ids=repr)
claiming = pytest.mark.parametrize("family", [*DEFAULTS, *ASKED_FOR], ids=lambda family: type(family).__name__)


def entry(family: FeatureFamily, column: str) -> Measure:
    return next(measure for measure in family.measures if measure.matches(column))


# --- entries ------------------------------------------------------------------------------------------------------


def test_every_public_family_is_in_the_catalogue():
    public = {name for name in leukofeat.features.__all__ if name.endswith("Features")} - {
        "FunctionFeatures",
        "ScaledFeatures",
    }
    assert list(built_in().values()) == [type(family) for family in DEFAULTS]
    assert set(built_in()) == public


@each
def test_every_column_has_exactly_one_entry(family):
    for name in [*family.row_names(), *family.cell_names()]:
        found = [measure.name for measure in family.measures if measure.matches(name)]
        assert len(found) == 1, (name, found)


@each
def test_only_what_cells_have_is_in_the_table(family):
    levels = {entry(family, name).level for name in family.cell_names()}
    assert levels <= {"cell", "region"}


def test_no_entry_is_unused():
    columns: dict[str, set[str]] = {}
    for family in [*DEFAULTS, *OTHERS]:
        columns.setdefault(type(family).__name__, set()).update(family.row_names(), family.cell_names())
    for name, family in built_in().items():
        for measure in family.measures:
            assert any(measure.matches(column) for column in columns[name]), measure.name


def test_entries_are_complete_and_use_the_words_of_the_page():
    table = list_features()
    assert table["name"].groupby(table["family"]).apply(lambda names: names.is_unique).all()
    for column in ("meaning", "unit", "formula"):
        assert (table[column].str.len() > 0).all()
    assert set(table["rotation"]) <= {"any", "any, nearly", "quarter", "quarter, nearly", "turns", "no"}
    assert set(table["scale"]) <= {"same", "length", "area", "no"}
    assert set(table["stain"]) <= {"both", "light", "stain", "no"}
    assert set(table["level"]) <= {"cell", "region", "image"}


def test_every_source_has_its_title_on_the_page():
    listed = features_page().split("## Sources")[1]
    for source in set(list_features()["source"]):
        for one in re.findall(r"(?:[A-Z]\w+ )+(?:and \w+ |et al\. )?\d{4}", source):
            assert f"- {one}:" in listed, one


def test_families_by_name_class_and_object():
    names = [list_features([choice]) for choice in ("ChromatinFeatures", ChromatinFeatures, ChromatinFeatures())]
    assert len(names[0]) == len(ChromatinFeatures.measures)
    for other in names[1:]:
        pd.testing.assert_frame_equal(names[0], other)
    with pytest.raises(ValueError, match="ChromatinFeatures"):
        list_features(["Chromatin"])


def test_a_family_of_ones_own_says_what_it_measures():
    class Own(FunctionFeatures):
        measures = (Measure("redness", "redness", "level", "mean R", ""),)

    table = list_features([Own(len), "WaveletFeatures"])
    assert table["family"].tolist() == ["Own", "WaveletFeatures"]
    assert table.loc[0, ["rotation", "scale", "stain", "level"]].tolist() == ["no", "no", "no", "region"]


def test_the_page_is_what_the_code_writes():
    page = Path(__file__).resolve().parents[2] / "docs" / "features.md"
    assert page.read_text(encoding="utf-8") == features_page(), "python -m leukofeat.features > docs/features.md"
    width = {line.count(" | ") for line in features_page().splitlines() if line.startswith("| `")}
    assert width == {8}


# --- invariances --------------------------------------------------------------------------------------------------

QUARTERS = {k: (lambda x, k=k: np.rot90(x, k)) for k in (1, 2, 3)}
MIRRORS = {"left-right": np.fliplr, "up-down": np.flipud, "diagonal": lambda x: x.swapaxes(0, 1)}


def changed(smear, change):
    return Smear(*(np.ascontiguousarray(change(x)) for x in (smear.image, smear.nuclei, smear.cells)))


def with_image(smear, image):
    return Smear(np.clip(image, 0, 255).round().astype(np.uint8), smear.nuclei, smear.cells)


@lru_cache(maxsize=64)
def _measured(family, which):
    return measured(family, {"smooth": draw(), "noisy": Smear(*drawn_field())}[which])


def measured(family, smear):
    """Measure, name and value of each column, of the row and of each cell in the table."""
    row = zip(family.row_names(), family.row(smear), strict=True)
    cells = [
        (name, value) for line in family.cells(smear) for name, value in zip(family.cell_names(), line, strict=True)
    ]
    return [(entry(family, name), name, value) for name, value in [*row, *cells]]


def same(expected, name):
    return pytest.approx(expected, rel=1e-9, abs=0 if "_hu_" in name else 1e-9, nan_ok=True)


def about_the_same(expected, name):
    return pytest.approx(expected, rel=TOLERANCE, abs=0 if "_hu_" in name else SLACK, nan_ok=True)


def is_spread(measure, name):
    """A spread over two cells is a difference of what is about the same, and promises nothing."""
    return measure.level == "cell" and name.endswith("_std")


@pytest.mark.parametrize("which", ["smooth", "noisy"])
@claiming
def test_quarter_turns_and_mirrors(family, which):
    smear = draw() if which == "smooth" else Smear(*drawn_field())
    for changes, is_mirror in ((QUARTERS, False), (MIRRORS, True)):
        for change in changes.values():
            pairs = zip(_measured(family, which), measured(family, changed(smear, change)), strict=True)
            for (measure, name, before), (_, _, after) in pairs:
                if measure.rotation == "turns" and is_mirror:
                    if not is_spread(measure, name):
                        assert after == same(-before, name), name
                elif measure.rotation in ("any", "quarter", "turns"):
                    assert after == same(before, name), name
                elif measure.rotation.endswith("nearly") and not is_spread(measure, name):
                    assert after == about_the_same(before, name), name


@claiming
@settings(max_examples=5, deadline=None)
@given(angle=st.floats(0, 360))
def test_any_angle(family, angle):
    for (measure, name, before), (_, _, after) in zip(
        _measured(family, "smooth"), measured(family, draw(angle)), strict=True
    ):
        if measure.rotation.startswith("any") and not is_spread(measure, name):
            assert after == about_the_same(before, name), name


@claiming
def test_twice_the_magnification(family):
    shapes = isinstance(family, GeometryFeatures | OutlineFeatures)
    large = draw(scale=2) if shapes else changed(draw(), lambda x: x.repeat(2, axis=0).repeat(2, axis=1))
    factors = {"same": 1, "length": 2, "area": 4}
    for (measure, name, before), (_, _, after) in zip(
        _measured(family, "smooth"), measured(family, large), strict=True
    ):
        if measure.scale in factors and not is_spread(measure, name):
            assert after == about_the_same(factors[measure.scale] * before, name), name


@pytest.mark.parametrize("kind", ["light", "stain"])
@claiming
def test_light_and_stain(family, kind):
    smear = draw()
    brighter = 0.8 * smear.image if kind == "light" else 256 * ((smear.image + 1.0) / 256) ** 1.25 - 1
    for (measure, name, before), (_, _, after) in zip(
        _measured(family, "smooth"), measured(family, with_image(smear, brighter)), strict=True
    ):
        if measure.stain in ("both", kind):
            assert after == about_the_same(before, name), name


@each
@settings(max_examples=3, deadline=None)
@given(order=st.permutations(range(4)))
def test_numbers_of_the_cells_do_not_matter(family, order):
    image, nuclei, cells = drawn_field()
    number = np.array([0, *(k + 1 for k in order)], np.int32)
    other = Smear(image, number[nuclei], number[cells])
    smear = Smear(image, nuclei, cells)
    np.testing.assert_allclose(family.row(other), family.row(smear), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(family.cells(other)[list(order)], family.cells(smear), rtol=1e-9, atol=1e-12)


# --- one set of values --------------------------------------------------------------------------------------------


def share(smear):
    return float((smear.region("nucleus") > 0).mean())


SUMMARIZED = [f for f in [*DEFAULTS, *OTHERS] if getattr(f, "summary", ())] + [FunctionFeatures(share, per="cell")]
POOLED = [f for f in [*DEFAULTS, *OTHERS] if not getattr(f, "summary", ()) and f.cell_names()]


@pytest.mark.parametrize("family", SUMMARIZED, ids=lambda family: repr(family).split(" at 0x")[0])
def test_summaries_of_the_table_are_the_row(family):
    smears = [draw(), Smear(*drawn_field())]
    table = FeatureSet([family]).measure_cells(smears)
    rows = family.transform(smears)
    names = summary_names(family.cell_names(), family.summary)
    at = [family.row_names().index(name) for name in names]
    for i, row in enumerate(rows):
        values = table.loc[table["image"] == i, family.cell_names()].to_numpy()
        np.testing.assert_array_equal(summarize(values, family.summary), row[at])
    others = set(family.row_names()) - set(names)
    assert others <= {"cell_count"}
    if others:
        assert rows[:, family.row_names().index("cell_count")].tolist() == table.groupby("image").size().tolist()


@pytest.mark.parametrize("family", POOLED, ids=repr)
def test_the_table_of_a_single_cell_is_the_row(family):
    image, nuclei, cells = drawn_field()
    smear = Smear(image, 1 * (nuclei == 2), 1 * (cells == 2))
    row = dict(zip(family.row_names(), family.row(smear), strict=True))
    table = FeatureSet([family]).measure_cells([smear])
    for name in family.cell_names():
        assert table[name][0] == pytest.approx(row[name], rel=1e-12, abs=1e-12, nan_ok=True), name


MEANS = r".*(_(mean|active|energy)|(bright|dark)_\d+|lbp_\w+)"


@pytest.mark.parametrize(
    "family",
    [f for f in POOLED if not isinstance(f, RelativeColorFeatures | RunLengthFeatures)],
    ids=repr,
)
def test_pooled_means_are_the_means_of_the_table_by_area(family):
    smear = Smear(*drawn_field())
    row = dict(zip(family.row_names(), family.row(smear), strict=True))
    cells = family.cells(smear)
    for k, name in enumerate(family.cell_names()):
        if re.fullmatch(MEANS, name) and "haralick" not in name and "hsv_h" not in name:
            area = np.bincount(smear.region(name.split("_")[0]).ravel(), minlength=5)[1:]
            known = area > 0
            assert np.average(cells[known, k], weights=area[known]) == pytest.approx(row[name], rel=1e-9, abs=1e-12), (
                name
            )


def test_pixel_size_turns_lengths_into_micrometres_and_says_so():
    smear = Smear(*drawn_field())
    plain, sized = GeometryFeatures(), GeometryFeatures(pixel_size=0.25)
    pixels, microns = plain.cells(smear), sized.cells(smear)
    for k, (name, other) in enumerate(zip(plain.cell_names(), sized.cell_names(), strict=True)):
        unit = entry(plain, name).unit
        power, suffix = {"1": (0, ""), "px": (1, "_um"), "px²": (2, "_um2")}[unit]
        assert other == name + suffix
        np.testing.assert_allclose(microns[:, k], pixels[:, k] * 0.25**power, rtol=1e-12)
