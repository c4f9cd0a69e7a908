"""Ways to split that a manifest allows, and what is said where they show nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from leukofeat.evaluation.known_protocols import by_group, flat, known_protocols, published_rows
from leukofeat.evaluation.protocols import make_protocols

TARGET = np.repeat([0, 1], 6)


def bunch(images=(), groups=None, **columns):
    return Bunch(images=images, target=TARGET, groups=groups, frame=pd.DataFrame(columns, index=range(12)))


def test_every_column_that_holds_groups_is_a_way_to_split():
    own = np.arange(12)
    found = known_protocols(
        bunch(
            groups=own,
            split=["train", "test"] * 6,
            block=own,
            cluster0=own,
            cluster10=own,
            clusters=own,
            stream=own,
            slide=own,
        ),
        columns=["slide"],
    )
    assert {name: list(ways) for name, ways in found.items()} == {
        "random": ["random"],
        "published": ["published"],
        "blocks": ["block"],
        "coarse clusters": ["cluster0", "cluster10"],
        "slides": ["group"],
        "unseen streams": ["stream"],
        "slide": ["slide"],
    }
    made = make_protocols(**flat(found), target=TARGET, random_state=0)
    assert [len(protocol.splits) for protocol in made.values()] == [5, 1, 5, 5, 5, 5, 12, 5]
    assert [protocol.groups is None for protocol in made.values()] == [True, True, *[False] * 6]


def test_slides_are_estimated_where_nothing_is_known(smears):
    found = known_protocols(Bunch(images=smears.images, target=smears.target, groups=None))
    assert list(found) == ["random", "estimated slides"]
    assert all(len(groups) == len(smears.target) for _, groups in found["estimated slides"].values())


def test_a_column_with_a_single_group_is_no_way_to_split():
    own = np.arange(12)
    assert list(known_protocols(bunch(groups=["a"] * 12, block=0, cluster0=own, stream="s"))) == [
        "random",
        "coarse clusters",
    ]


@pytest.mark.parametrize(
    ("split", "train", "test"),
    [
        (["train", "valid", "test"], [0], [1]),
        (["test", "train", "test"], [1], [0, 2]),
    ],
)
def test_the_published_part_is_the_validation_part_or_else_the_test_part(split, train, test):
    rows = published_rows(split)
    assert [part.tolist() for part in rows] == [train, test]


@pytest.mark.parametrize("split", [["train", "train"], ["a", "b"], ["valid", "test"]])
def test_without_two_parts_there_is_nothing_published(split):
    assert published_rows(split) is None


@pytest.mark.parametrize(("groups", "n"), [(np.arange(12), 5), (np.arange(12) // 2, 3), (np.arange(12) // 6, 2)])
def test_no_more_folds_than_a_class_has_groups(groups, n):
    assert by_group(TARGET, groups)[0].get_n_splits() == n


def test_a_class_that_is_tested_but_not_trained_on_is_noted():
    notes = make_protocols(*by_group(TARGET, TARGET), TARGET, 0)["cv"].notes()
    assert notes == [
        "0, 1: tested in folds that train on no image of the class, so that its figures say nothing there; it has too few groups."
    ]
    assert make_protocols(*by_group(TARGET, np.arange(12)), TARGET, 0)["cv"].notes() == []
