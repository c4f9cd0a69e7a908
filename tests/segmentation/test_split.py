"""WatershedSplitter: what falls apart, what follows, and what everything is called afterwards."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leukofeat import Smear
from leukofeat.features import GeometryFeatures
from leukofeat.segmentation import WatershedSplitter, split_smear, split_touching
from tests.cells import real_cells
from tests.segmentation.test_watershed import random_blobs, reference_basins

REGIONS = ("nucleus", "cell")


def smear_of(nuclei, cells=None, **more):
    cells = nuclei if cells is None else cells
    return Smear(np.full((*np.shape(cells), 3), 200, np.uint8), nuclei, cells, **more)


def discs(shape, *circles):
    mask = np.zeros(shape, np.uint8)
    for x, y, radius in circles:
        cv2.circle(mask, (x, y), radius, 1, -1)
    return mask.astype(np.int32)


def pair():
    """Two touching nuclei in one cell, called 7, and a lone cell, called 4, whose nucleus is one pixel."""
    nuclei, cells = discs((60, 90), (20, 25, 9), (36, 25, 9)), discs((60, 90), (20, 25, 13), (36, 25, 13))
    lone = discs((60, 90), (75, 45, 8))
    cells, nuclei = 7 * cells + 4 * lone, 7 * nuclei
    nuclei[45, 75] = 4
    return smear_of(nuclei, cells, source="pair.png")


def connected(mask):
    return cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[0] == 2


@pytest.mark.parametrize("region", REGIONS)
def test_a_pair_falls_apart_and_the_other_map_follows(region):
    before = pair()
    after = WatershedSplitter(region).transform([before])[0]
    assert after.label_ids.tolist() == [4, 8, 9]
    assert after.source == "pair.png"
    for name in ("nucleus", "cell"):
        np.testing.assert_array_equal(after.region(name) > 0, before.region(name) > 0)
        np.testing.assert_array_equal(after.region(name) == 1, before.region(name) == 1)
        for label in (2, 3):
            assert connected(after.region(name) == label)
    assert (after.cells[25, 20], after.cells[25, 36]) == (2, 3), "in the order of first pixels"
    sizes = np.bincount(after.nuclei.ravel())[2:]
    assert abs(int(sizes[0]) - int(sizes[1])) < 25


def test_only_the_map_that_is_named_is_looked_at():
    apart = smear_of(
        discs((40, 70), (20, 20, 6), (48, 20, 6)), discs((40, 70), (20, 20, 12), (34, 20, 12), (48, 20, 12))
    )
    assert split_smear(apart, "nucleus").n_cells == 2
    assert split_smear(apart, "cell", h=3.0) is apart


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 400), st.sampled_from([0.4, 1.0, 2.0]), st.sampled_from(["extended", "h_maxima"]))
def test_each_label_is_split_as_scikit_image_splits_it_alone(seed, h, markers):
    """Touching labels: what one label becomes does not depend on the others, and no part holds two of them."""
    mask = random_blobs(seed)
    halves = np.where(np.arange(mask.shape[1]) < 40, 1, 2) * mask.astype(np.int32)
    whole = smear_of(halves, label_ids=[1, 2])
    after = split_smear(whole, "cell", h=h, markers=markers)
    pairs = np.unique(np.stack([whole.cells.ravel(), after.cells.ravel()], 1)[whole.cells.ravel() > 0], axis=0)
    assert len(pairs) == after.n_cells
    for label in range(1, whole.n_cells + 1):
        # what is too thin for a marker goes with some part
        basins = reference_basins(whole.cells == label, h, markers)
        together = np.unique(np.stack([basins, after.cells])[:, basins > 0], axis=1)
        assert together.shape[1] == len(set(together[0])) == len(set(together[1]))


maps = arrays(np.int32, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.sampled_from([0, 0, 1, 3, 9]))


@settings(max_examples=150, deadline=None)
@given(maps, st.integers(0, 2**30), st.sampled_from(REGIONS), st.sampled_from([0.3, 1.0]))
def test_laws(cells, seed, region, h):
    """Pixels stay cells or nuclei, labels are never joined, ids in both are the same cell, and the rest is new and called so."""
    nuclei = np.where(np.random.default_rng(seed).random(cells.shape) < 0.6, cells, 0)
    ids = np.array([10, 0, 30, 0, 0, 0, 0, 0, 20])
    before = smear_of(nuclei, cells, label_ids=ids)
    after = split_smear(before, region, h=h)
    for name in ("nucleus", "cell"):
        np.testing.assert_array_equal(after.region(name) > 0, before.region(name) > 0)
    assert len(set(after.label_ids.tolist())) == after.n_cells >= before.n_cells
    called = np.append(0, before.label_ids)[before.cells], np.append(0, after.label_ids)[after.cells]
    for name in set(called[0].ravel().tolist()) & set(called[1].ravel().tolist()):
        np.testing.assert_array_equal(called[0] == name, called[1] == name)
    new = called[1] > before.label_ids.max(initial=0)
    assert np.array_equal(new, called[1] != called[0])
    parents = {(int(b), int(a)) for a, b in zip(called[0].ravel(), called[1].ravel(), strict=True)}
    assert len(parents) == len({b for b, _ in parents}), "a part of two cells"
    kept = after.label_ids <= before.label_ids.max(initial=0)
    assert np.all(np.diff(kept.astype(int)) <= 0), "new parts come last"
    if region == "nucleus":
        for label in np.flatnonzero(~kept) + 1:
            assert (after.nuclei == label).any()


@pytest.mark.parametrize("region", REGIONS)
def test_nothing_to_split_is_the_same_record(region):
    one = np.zeros((9, 9), np.int32)
    one[4, 4] = 1
    for labels in (np.zeros((9, 9), np.int32), one, np.ones((5, 6), np.int32), np.ones((1, 1), np.int32), 5 * one):
        smear = smear_of(labels)
        assert split_smear(smear, region) is smear


def test_cells_without_nucleus():
    before = smear_of(np.zeros((60, 90), np.int32), discs((60, 90), (20, 25, 13), (40, 25, 13)))
    assert split_smear(before, "nucleus") is before
    after = split_smear(before, "cell")
    assert after.n_cells == 2
    assert not after.nuclei.any()


def test_a_part_may_have_no_nucleus():
    cells = discs((60, 90), (20, 25, 13), (42, 25, 13))
    after = split_smear(smear_of(cells * discs((60, 90), (20, 25, 5)), cells), "cell")
    assert np.unique(after.nuclei).tolist() == [0, 1]
    assert np.isnan(GeometryFeatures().cells(after)[1, 0])


def test_specks_go_with_the_nearest_part_and_lobes_are_parts():
    cells = discs((60, 90), (20, 25, 13), (42, 25, 13))
    cells[2, 60] = cells[50, 5] = 1
    after = split_smear(smear_of(cells), "cell")
    assert after.n_cells == 2
    assert (after.cells[2, 60], after.cells[50, 5]) == (after.cells[25, 42], after.cells[25, 20])
    lobes = discs((60, 90), (20, 25, 6), (40, 25, 6))
    assert split_smear(smear_of(lobes), "nucleus").n_cells == 2


def test_at_the_border_the_frame_is_no_background():
    left = discs((40, 60), (0, 20, 12), (20, 20, 12))
    after = split_smear(smear_of(left), "cell")
    np.testing.assert_array_equal(after.cells, split_touching(left))
    assert after.n_cells == 2


def test_ids_from_elsewhere():
    labels = discs((40, 60), (20, 20, 12), (38, 20, 12)).astype(np.int64)
    after = split_smear(smear_of(2**40 * labels))
    assert after.label_ids.tolist() == [2**40 + 1, 2**40 + 2]
    with pytest.raises(ValueError, match="No ids are left above"):
        split_smear(smear_of((2**53 - 1) * labels))


def test_markers_are_passed_on():
    level = np.zeros((20, 40), np.int32)
    level[4:13, 4:13] = level[4:13, 22:31] = level[6:11, 12:23] = 1
    counts = [split_smear(smear_of(level), h=2.0, markers=m).n_cells for m in ("extended", "h_maxima")]
    assert counts == [split_touching(level, 2.0, m).max() for m in ("extended", "h_maxima")]


def test_real_maps_keep_their_pixels():
    for image, nuclei, cells in real_cells(20):
        joined = np.where(nuclei > 0, 1, 0), np.where(cells > 0, 1, 0)
        before = Smear(image, joined[0] * (joined[1] > 0), joined[1])
        for region in REGIONS:
            after = split_smear(before, region)
            np.testing.assert_array_equal(after.cells > 0, before.cells > 0)
            np.testing.assert_array_equal(after.nuclei > 0, before.nuclei > 0)


def test_an_image_that_is_not_segmented_says_what_to_do(smears):
    stage = WatershedSplitter().fit(smears.images)
    with pytest.raises(ValueError, match=r"needs a segmented smear.*put a segmenter"):
        _ = stage.transform(smears.images)[0]


@pytest.mark.parametrize("wrong", [{"region": "image"}, {"h": 0}, {"markers": "all"}])
def test_wrong_parameters(wrong, smears):
    (name,) = wrong
    with pytest.raises(ValueError, match=name):
        WatershedSplitter(**wrong).fit(smears.images)
    with pytest.raises(ValueError, match=name):
        split_smear(pair(), **wrong)
