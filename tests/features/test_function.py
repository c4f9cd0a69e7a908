"""FunctionFeatures: a user's function as a family."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from leukofeat import Smear
from leukofeat.features import FeatureSet, FunctionFeatures, ImageWarning


def redness(smear: Smear) -> float:
    return float(smear.image[:, :, 0].mean())


def area(smear: Smear) -> int:
    return int((smear.region("nucleus") > 0).sum())


def minmax(smear: Smear) -> tuple[int, int]:
    return smear.image.min(), smear.image.max()


def both(smear: Smear) -> dict[str, float]:
    return {"high": smear.image.max(), "low": smear.image.min(), "unused": 0.0}


def returning(value):
    return lambda smear: value


def test_one_number_under_the_functions_own_name(smears):
    family = FunctionFeatures(redness)
    assert family.get_feature_names_out().tolist() == ["redness"]
    expected = [[image[:, :, 0].mean()] for image in smears.images]
    np.testing.assert_allclose(family.fit_transform(smears.images), expected)


def test_several_numbers_by_names(smears):
    family = FunctionFeatures(minmax, names=["low", "high"])
    expected = [[image.min(), image.max()] for image in smears.images]
    np.testing.assert_array_equal(family.fit_transform(smears.images), expected)
    by_key = FunctionFeatures(both, names=["low", "high"])
    np.testing.assert_array_equal(by_key.fit_transform(smears.images), expected)


def test_per_cell(records):
    family = FunctionFeatures(area, per="cell", summary=("mean", "max"))
    assert family.get_feature_names_out().tolist() == ["area_mean", "area_max"]
    expected = []
    for smear in records:
        areas = np.bincount(smear.nuclei.ravel())[1:]
        expected.append([areas.mean(), areas.max()])
    np.testing.assert_allclose(family.fit_transform(records), expected)
    table = FeatureSet([family]).measure_cells(records)
    assert table["area"].tolist() == [n for smear in records for n in np.bincount(smear.nuclei.ravel())[1:]]


def test_per_cell_sees_that_cell_alone(records):
    seen = []
    FunctionFeatures(lambda s: seen.append(s) or 0.0, names=["x"], per="cell").transform(records[:1])
    assert len(seen) == records[0].n_cells
    for i, cell in enumerate(seen):
        assert cell.n_cells == 1
        assert (cell.region("cell") > 0).sum() == (records[0].cells == i + 1).sum()


def test_per_cell_without_a_cell_is_nan():
    blank = Smear(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.int32))
    assert np.isnan(FunctionFeatures(area, per="cell").transform([blank])).all()


@pytest.mark.parametrize("function", [lambda smear: 1.0, functools.partial(redness)])
def test_a_function_without_a_name_needs_names(function, smears):
    with pytest.raises(ValueError, match=r"needs names=\[...\]"):
        FunctionFeatures(function).fit(smears.images)
    assert FunctionFeatures(function, names=["x"]).fit_transform(smears.images).shape == (8, 1)


@pytest.mark.parametrize(
    ("parameters", "error", "reason"),
    [
        ({"function": "mean"}, TypeError, "'function' parameter of FunctionFeatures must be a callable. Got 'mean'"),
        ({"names": "redness"}, ValueError, "names must be a list of one or more names, none twice, not 'redness'"),
        ({"names": []}, ValueError, "one or more names"),
        ({"names": ["a", "a"]}, ValueError, "none twice"),
        ({"per": "pixel"}, ValueError, "must be one of 'image', 'cell'. Got 'pixel'"),
        ({"summary": ["sum"]}, ValueError, "one or more of 'mean'.* Got .'sum'. instead"),
        ({"summary": "mean"}, TypeError, "'summary' parameter of FunctionFeatures must be a list or tuple"),
        ({"summary": []}, ValueError, "one or more"),
    ],
)
def test_bad_parameters(parameters, error, reason, smears):
    family = FunctionFeatures(**{"function": redness, **parameters})
    with pytest.raises(error, match=reason):
        family.fit(smears.images)
    with pytest.raises(error, match=reason):
        family.transform(smears.images)


@pytest.mark.parametrize(
    ("value", "error", "reason"),
    [
        ([1.0, 2.0], ValueError, r"shape \(2,\) for the 1 names x; give names= one for each"),
        ([], ValueError, r"for the 1 names"),
        (np.ones((1, 1)), ValueError, r"shape \(1, 1\)"),
        ({"y": 1.0}, ValueError, "dict has no 'x'"),
        (None, TypeError, "must return a number, or numbers, not None"),
        ("3", TypeError, "not '3'"),
        (1j, TypeError, "must return a number"),
        ([1, [2, 3]], ValueError, "inhomogeneous"),
    ],
)
def test_what_is_no_number_is_refused(value, error, reason, smears):
    with pytest.raises(error, match=reason) as caught:
        FunctionFeatures(returning(value), names=["x"]).transform(smears.images)
    assert "image 0" in "".join(caught.value.__notes__)


@pytest.mark.parametrize("value", [3, np.float32(3), np.array(3), np.array([3]), [3], {"x": 3}, True + 2])
def test_what_counts_as_a_number(value, smears):
    np.testing.assert_array_equal(FunctionFeatures(returning(value), names=["x"]).transform(smears.images[:1]), [[3]])


def test_nan_is_a_value(smears):
    assert np.isnan(FunctionFeatures(returning(np.nan), names=["x"]).transform(smears.images[:1])).all()


def test_a_function_cannot_change_the_image_for_others(smears):
    def paints(smear: Smear) -> float:
        smear.image[:] = 0
        return 0.0

    with pytest.raises(ValueError, match="read-only"):
        FunctionFeatures(paints).transform([smears.images[0].copy()])


def test_a_failing_function_can_be_tolerated(smears):
    with pytest.warns(ImageWarning, match="8 of 8"):
        FeatureSet([FunctionFeatures(returning(None), names=["x"])], on_error="nan").transform(smears.images)
