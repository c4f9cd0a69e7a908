"""How much is held out, that every class stays to be learned, and what is a group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier as Tree

from leukofeat.calibration import CalibratedClassifier
from leukofeat.classification import GatedClassifier, GroupClassifier
from leukofeat.statistics.held_out import group_codes, hold_out


@pytest.mark.parametrize("model", [GatedClassifier(SVC(), SVC()), CalibratedClassifier(SVC()), GroupClassifier(Tree())])
@pytest.mark.parametrize(
    "y",
    [
        ["a", "b", None, "b"],
        np.array([0, 1, np.nan, 1], object),
        np.array([[0.0], [1], [np.nan], [1]]),
        pd.array(["a", "b", None, "b"], dtype="string"),
        pd.Series(["a", "b", np.nan, "b"], index=[7, 8, 9, 1]),
        ["a", "b", "", "b"],
        np.array(["a", "b", " ", "b"]),
    ],
    ids=["None", "object", "column", "string", "series", "empty", "blank"],
)
def test_a_row_without_a_class_is_named(model, y):
    groups = {"groups": list("pqrs")} if isinstance(model, GroupClassifier) else {}
    with pytest.raises(ValueError, match=r"y has no class for row 2 \(1 in all\)"):
        clone(model).fit(np.eye(4), y, **groups)


@pytest.mark.parametrize("model", [GatedClassifier(SVC(), SVC()), CalibratedClassifier(SVC()), GroupClassifier(Tree())])
@pytest.mark.parametrize("container", [list, pd.Series, lambda y: np.array(y, object)])
def test_classes_of_several_types_are_refused(model, container):
    groups = {"groups": list("pqrs")} if isinstance(model, GroupClassifier) else {}
    with pytest.raises(ValueError, match=r"y mixes values of several types \(int, str\)"):
        clone(model).fit(np.eye(4), container(["a", 1, "a", 1]), **groups)


@pytest.mark.parametrize("missing", ["", "  ", None, np.nan, pd.NA])
@pytest.mark.parametrize("container", [list, pd.Series])
def test_a_blank_is_no_group(missing, container):
    with pytest.raises(ValueError, match=r"groups has none for image 1 \(2 in all\)"):
        group_codes(container(["a", missing, "b", missing]))
    assert group_codes(container(["b", "nan", "b", "0"])).tolist() == [0, 1, 0, 2]
    assert group_codes([]).tolist() == []


def test_a_rare_class_leaves_the_share_as_it_is():
    codes = np.repeat([0, 1, 2], [100, 100, 2])
    train, test = hold_out(codes, None, 0.1)
    assert 18 <= len(test) <= 24
    assert set(codes[train]) == {0, 1, 2}


@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=5), st.sampled_from([0.0, 0.05, 0.1, 0.25, 0.5]), st.booleans()
)
def test_parts_are_whole_and_every_class_is_learned(sizes, share, grouped):
    codes = np.repeat(np.arange(len(sizes)), sizes)
    groups = np.arange(len(codes)) // 2 if grouped else None
    train, test = hold_out(codes, groups, share)
    assert sorted([*train, *test]) == list(range(len(codes)))
    assert set(codes[train]) == set(codes)
    assert len(test) <= max(len(sizes) + share * len(codes), 1.5 * share * len(codes))
    if grouped:
        assert not set(groups[train]) & set(groups[test])
    elif share and max(sizes) > 1:
        assert len(test)
