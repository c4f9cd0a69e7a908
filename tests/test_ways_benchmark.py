"""Further ways to split in the benchmark of honesty: numbered folds, and few images of each class."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from ways import DRAWS, few_images, numbered_folds

TARGET = np.repeat([0, 1, 2], [9, 6, 15])


def test_folds_are_those_that_the_columns_number():
    frame = pd.DataFrame({"fold0": [2, 0, 2, 1], "fold1": ["b", "a", "b", "a"], "fold_other": 0})
    found = numbered_folds(frame, ["fold"])
    assert list(found["fold"]) == ["fold0", "fold1"]
    tested = [[test.tolist() for _, test in cv.split()] for cv, groups in found["fold"].values() if groups is None]
    assert tested == [[[1], [3], [0, 2]], [[1, 3], [0, 2]]]
    assert list(numbered_folds(frame, ["fold1"])["fold1"]) == ["fold1"]


def test_a_column_that_is_not_there_is_named_beside_those_that_are():
    with pytest.raises(ValueError, match=r"'fold'.*slide"):
        numbered_folds(pd.DataFrame({"slide": [0]}), ["fold"])


def test_so_many_of_each_class_are_drawn_and_all_others_tested():
    found = few_images(TARGET, [2, 4])
    assert list(found) == ["2 a class", "4 a class"]
    for size, ways in zip([2, 4], found.values(), strict=True):
        drawn = [cv[0] for cv, _ in ways.values()]
        assert len({tuple(train) for train, _ in drawn}) == len(drawn) == DRAWS
        for train, test in drawn:
            assert np.bincount(TARGET[train]).tolist() == [size] * 3
            assert sorted([*train, *test]) == list(range(len(TARGET)))


@pytest.mark.parametrize("size", [1, 6])
def test_more_than_the_smallest_class_has_is_refused(size):
    with pytest.raises(ValueError, match="from 2 to 5"):
        few_images(TARGET, [size])
