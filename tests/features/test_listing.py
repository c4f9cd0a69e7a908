"""What list_features says of families that are not in the catalogue."""

from __future__ import annotations

from functools import partial

import pandas as pd
import pytest

from leukofeat.base import FeatureFamily
from leukofeat.features import ChromatinFeatures, FeatureSet, FunctionFeatures, list_features
from leukofeat.features.measure import Measure


def brightness(smear):
    """How light it is.

    More that nobody asked for.
    """


def test_own_functions_are_listed_by_what_they_say_of_themselves():
    families = [
        FunctionFeatures(brightness),
        FunctionFeatures(partial(brightness), names=["darkest_0", "lightest"], per="cell"),
        FunctionFeatures(lambda smear: 0, names=["nothing"]),
    ]
    table = list_features(families)
    assert table["name"].tolist() == ["brightness", "darkest_0", "lightest", "nothing"]
    assert table["meaning"].tolist() == ["How light it is."] * 3 + [""]
    assert table["level"].tolist() == ["image", "cell", "cell", "image"]
    assert set(table["family"]) == {"FunctionFeatures"}
    assert table.columns.tolist() == list_features().columns.tolist()
    assert (table[["unit", "formula", "source", "rotation", "scale", "stain"]] == "").all(axis=None), "nobody knows"


def test_a_set_is_listed_by_its_families():
    whole = FeatureSet([FunctionFeatures(brightness), FeatureSet([ChromatinFeatures()])])
    expected = list_features([FunctionFeatures(brightness), ChromatinFeatures()])
    for families in (whole, [whole]):
        pd.testing.assert_frame_equal(list_features(families), expected)
    pd.testing.assert_frame_equal(list_features("ChromatinFeatures"), list_features(["ChromatinFeatures"]))


def test_an_embedding_is_one_row():
    class Embedding(FeatureFamily):
        """What a network makes of it."""

        def row_names(self):
            return [f"embedding_{i}" for i in range(512)] + ["norm", "part_1", "part_2"]

    table = list_features([Embedding()])
    assert table["name"].tolist() == ["embedding_{i}", "norm", "part_1", "part_2"]
    assert table["meaning"].tolist() == ["What a network makes of it."] * 4
    assert Measure(*table.loc[0, ["name", "meaning", "unit", "formula", "source"]], level="image").matches(
        "embedding_17"
    )


def test_what_cannot_be_listed_is_refused():
    with pytest.raises(ValueError, match="pass an object, as FunctionFeatures"):
        list_features([FunctionFeatures])
    with pytest.raises(TypeError, match=r"wrap a function .* as FunctionFeatures"):
        list_features([len])
    assert not len(list_features([]))
