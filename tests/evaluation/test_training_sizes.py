"""Ever more of the same training images, on the same test images."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from leukofeat.evaluation import compare, compare_training_sizes
from leukofeat.evaluation import training_sizes as module
from leukofeat.features import ColorFeatures


@pytest.fixture
def seen(monkeypatch):
    """Protocols that compare was given."""
    calls = {}

    def watch(pipelines, X, y, **options):
        calls.update(options, target=y)
        return dict.fromkeys(options["cv"])

    monkeypatch.setattr(module, "compare", watch)
    return calls


def test_parts_grow_by_whole_groups_and_keep_every_class(seen):
    target = np.repeat(["a", "b"], [60, 20])
    groups = np.arange(80) // 4
    compare_training_sizes(
        {}, [np.zeros((4, 4, 3), np.uint8)] * 80, target, groups=groups, cv=4, train_sizes=(1, 0.5, 0.1)
    )
    ways = seen["cv"]
    assert list(ways) == ["10 %", "50 %", "100 %"]
    assert seen["groups"].keys() == ways.keys()
    for small, middle, whole in zip(*ways.values(), strict=True):
        for train, test in (small, middle, whole):
            np.testing.assert_array_equal(test, whole[1])
            assert set(target[train]) == {"a", "b"}
            outside = np.setdiff1d(whole[0], train)
            assert not set(groups[train]) & set(groups[outside]), "groups come whole"
        assert set(small[0]) <= set(middle[0]) <= set(whole[0])
        assert len(middle[0]) == pytest.approx(len(whole[0]) / 2, abs=4)


def test_without_groups_every_class_keeps_its_share(seen):
    target = np.tile(["a", "a", "a", "b"], 20)
    compare_training_sizes({}, [np.zeros((4, 4, 3), np.uint8)] * 80, target, cv=2, train_sizes=[0.25])
    for train, _ in seen["cv"]["25 %"]:
        assert np.unique(target[train], return_counts=True)[1].tolist() == [8, 3]
    assert seen["groups"] is None


def test_all_of_the_training_images_are_what_compare_takes(smears):
    model = {"colours": make_pipeline(ColorFeatures(regions=("image",)), GaussianNB())}
    options = {"cv": 2, "n_bootstrap": 10}
    found = compare_training_sizes(model, smears.images, smears.target, train_sizes=(0.5, 1), **options)
    whole = compare(model, smears.images, smears.target, **options)
    columns = ["accuracy", "accuracy_low", "accuracy_high", "auc"]
    assert found["100 %"].table[columns].equals(whole.table[columns])
    assert found["50 %"].by_fold["n_train"].tolist() == [4, 4], "one of each class at least"


@pytest.mark.parametrize("sizes", [(), (0,), (-0.5,), (1.5,), ("half",)])
def test_shares_are_between_0_and_1(sizes, smears):
    with pytest.raises((ValueError, TypeError), match="train_sizes"):
        compare_training_sizes({}, smears.images, smears.target, train_sizes=sizes)
    with pytest.raises(ValueError, match="one way to split"):
        compare_training_sizes({}, smears.images, smears.target, cv={"a": 5})


def test_every_class_is_there_where_groups_mix_them(seen):
    """Patients with a few blasts among many normal cells, of which the first image shows none."""
    rng = np.random.default_rng(0)
    for seed in range(5):
        groups = np.repeat(np.arange(40), 4)
        target = np.zeros(160, int)
        target[3 + 4 * rng.choice(40, 6, replace=False)] = 1
        everything = [(np.arange(160), np.arange(160))]
        options = {"cv": everything, "groups": groups, "random_state": seed, "train_sizes": (0.05, 0.5)}
        compare_training_sizes({}, np.zeros((160, 8, 8, 3), np.uint8), target, **options)
        for ((train, _),) in seen["cv"].values():
            assert set(target[train]) == {0, 1}
