import numpy as np
import pandas as pd
import pytest

from leukofeat.evaluation import make_splitter, published_split
from leukofeat.evaluation.splits import SPLITTERS

GROUPED = ("grouped", "stratified-grouped", "leave-one-slide-out")
# Files of each class in the ALL image data set as published (Aria et al. 2021).
PUBLISHED_SIZES = {"Benign": 504, "Early": 985, "Pre": 963, "Pro": 804}


@pytest.mark.parametrize(("name", "held_out"), [("60-20-20", 100), ("80-10-10", 50)])
def test_published_splits_are_ranges_of_equal_size_in_every_class(name, held_out):
    y = np.repeat(list(PUBLISHED_SIZES), list(PUBLISHED_SIZES.values()))
    split = published_split(name, y)
    assert np.array_equal(np.sort(np.concatenate(list(split.values()))), np.arange(3256))
    for label in PUBLISHED_SIZES:
        own = np.flatnonzero(y == label)
        for part in ("valid", "test"):
            assert np.isin(own, split[part]).sum() == held_out
        inside = np.flatnonzero(np.isin(own, split["train"]))
        assert np.array_equal(inside, np.arange(held_out, len(own) - held_out))


def test_published_split_of_the_manifest(data_folder):
    manifest = pd.read_csv(data_folder / "leukemia4" / "manifest.csv")
    y = np.repeat(list(PUBLISHED_SIZES), list(PUBLISHED_SIZES.values()))
    number = np.concatenate([np.arange(1, n + 1) for n in PUBLISHED_SIZES.values()])
    ours = pd.Series("", index=pd.MultiIndex.from_arrays([y, number]))
    for part, rows in published_split("60-20-20", y).items():
        ours.iloc[rows] = part
    at_hand = pd.MultiIndex.from_arrays(
        [manifest["label"], manifest["path"].str.extract(r"(\d+)\.jpg$")[0].astype(int)]
    )
    np.testing.assert_array_equal(ours[at_hand].to_numpy(), manifest["split"].to_numpy())
    assert set(ours[~ours.index.isin(at_hand)]) == {"test"}  # what is not at hand is the test part, all 400 of it


def test_codes_with_names_split_like_names():
    y = np.repeat([0, 1, 2, 3], 40)
    named = published_split("60-20-20", np.array(list(PUBLISHED_SIZES))[y])
    coded = published_split("60-20-20", y, target_names=list(PUBLISHED_SIZES))
    for part in named:
        np.testing.assert_array_equal(named[part], coded[part])


def test_what_cannot_be_split_is_refused():
    with pytest.raises(ValueError, match="60-20-20"):
        published_split("70-30", [0, 1])
    with pytest.raises(ValueError, match="too few"):
        published_split("80-10-10", [0, 0, 1])
    with pytest.raises(ValueError, match="published_split"):
        make_splitter("60-20-20")
    with pytest.raises(ValueError, match="leave-one-slide-out"):
        make_splitter("by moonlight")


@pytest.mark.parametrize("name", SPLITTERS)
def test_splitters_test_what_they_did_not_train_on(name):
    y = np.arange(80) % 4
    groups = np.arange(80) // 8 * 4 + y  # 40 slides of one class each
    given = groups if name in GROUPED else None
    for train, test in make_splitter(name, n_repeats=2).split(np.zeros(80), y, given):
        assert not np.intersect1d(train, test).size
        shared = np.intersect1d(groups[train], groups[test]).size
        assert shared == 0 or name not in GROUPED


def test_shares_of_the_single_splits():
    y = np.arange(100) % 4
    for name, share in (("80-20", 20), ("60-40", 40)):
        ((_, test),) = make_splitter(name).split(y, y)
        assert len(test) == share
        assert (np.bincount(y[test]) == share // 4).all()
