"""Which part of the truth counts, against which label."""

from __future__ import annotations

import numpy as np
import pytest
from outlines.scoring import best_label, central_part, every_cell, label_dice, nucleus_shares, one_cell

from leukofeat import Smear


def squares(shape, *corners):
    out = np.zeros(shape, np.int32)
    for label, (top, left, bottom, right) in enumerate(corners, 1):
        out[top:bottom, left:right] = label
    return out


def smear_of(nuclei, cells=None, **known):
    return Smear(np.zeros((*nuclei.shape, 3), np.uint8), nuclei, nuclei if cells is None else cells, **known)


@pytest.mark.parametrize("apart", [7, 8, 9, 20])
def test_the_part_nearest_the_middle_takes_in_those_within_eight_pixels(apart):
    mask = squares((60, 60), (25, 20, 35, 32), (25, 31 + apart, 35, 36 + apart)) > 0
    central = central_part(mask)
    assert central[30, 30]
    assert central[30, 33 + apart] == (apart <= 8)


def test_parts_are_joined_along_a_chain():
    mask = squares((40, 80), (15, 35, 25, 45), (15, 51, 25, 56), (15, 62, 25, 66), (15, 76, 25, 79)) > 0
    assert central_part(mask)[20].nonzero()[0].max() == 65


def test_the_middle_need_not_lie_in_a_part_and_an_empty_mask_has_none():
    ring = squares((41, 41), (10, 10, 31, 31)) - squares((41, 41), (15, 15, 26, 26))
    mask = (ring > 0) | (squares((41, 41), (0, 0, 3, 3)) > 0)
    np.testing.assert_array_equal(central_part(mask), ring > 0)
    assert not central_part(np.zeros((5, 5), bool)).any()


def test_the_label_that_overlaps_most_counts_whole():
    truth = squares((20, 20), (5, 5, 15, 15)) > 0
    labels = squares((20, 20), (5, 5, 15, 8), (5, 8, 15, 20))
    assert best_label(truth, labels) == 2
    assert label_dice(truth, labels) == pytest.approx(2 * 70 / (100 + 120))
    assert label_dice(truth, np.zeros_like(labels)) == 0
    assert best_label(truth, squares((20, 20), (0, 0, 4, 4))) == 0


def test_of_two_drawings_the_better_counts_and_the_mean_is_beside_it():
    nuclei = squares((20, 20), (5, 5, 15, 15))
    half = squares((20, 20), (5, 5, 10, 15)) > 0
    scores = one_cell(smear_of(nuclei, confidence=np.array([0.7])), [half, nuclei > 0])
    assert scores["dice"] == 1
    assert scores["dice_mean"] == pytest.approx((1 + 2 / 3) / 2)
    assert scores["found"] == 1
    assert scores["confidence"] == 0.7


def test_nothing_found_is_a_dice_of_nought():
    scores = one_cell(smear_of(np.zeros((20, 20), np.int32)), [squares((20, 20), (5, 5, 15, 15)) > 0])
    assert scores["dice"] == scores["found"] == 0
    assert np.isnan(scores["nc"])
    assert np.isnan(scores["confidence"])


def test_share_of_nucleus_by_cell():
    smear = smear_of(squares((20, 20), (2, 2, 4, 4)), squares((20, 20), (2, 2, 6, 4), (10, 10, 12, 12)))
    np.testing.assert_allclose(nucleus_shares(smear), [0.5, 0])


def test_a_cell_that_holds_two_nuclei_has_swallowed_both():
    truth = squares((20, 40), (5, 3, 10, 8), (5, 12, 10, 17), (5, 30, 10, 35))
    found = np.where(truth == 2, 1, truth)
    cells = squares((20, 40), (4, 2, 11, 18))
    cells[4:11, 29:36] = 3
    scores = every_cell(smear_of(found, cells), truth)
    assert scores["swallowed"] == pytest.approx(2 / 3)
    assert scores["dice"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert [score for _, score in scores["pairs"]] == pytest.approx([2 / 3, 1])


def test_an_invented_cell_scores_nought_with_its_confidence():
    truth = squares((20, 40), (5, 3, 10, 8))
    found = squares((20, 40), (5, 3, 10, 8), (5, 30, 10, 35))
    assert every_cell(smear_of(found, confidence=np.array([0.9, 0.2])), truth)["pairs"] == [(0.9, 1.0), (0.2, 0.0)]


def test_what_is_drawn_worse_counts_where_both_are_known():
    nuclei, cells = squares((20, 40), (5, 3, 10, 8)), squares((20, 40), (3, 3, 13, 13))
    smear = smear_of(nuclei, squares((20, 40), (3, 3, 13, 8)), confidence=np.array([0.9]))
    assert every_cell(smear, nuclei, cells)["pairs"] == [(0.9, pytest.approx(2 / 3))]
    scores = one_cell(smear, [nuclei > 0], whole=cells > 0)
    assert (scores["dice"], scores["worse"]) == (1.0, pytest.approx(2 / 3))
    assert "worse" not in one_cell(smear, [nuclei > 0])
