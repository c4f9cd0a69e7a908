"""Straight cuts: sides of windows are found, round cells and the frame of the image are not taken for them."""

from __future__ import annotations

import numpy as np
import pytest
from outlines.straight import STRAIGHT, longest_straight_side


def disc(size, row, column, radius):
    rows, columns = np.ogrid[:size, :size]
    return (np.hypot(rows - row, columns - column) <= radius).astype(np.int32)


@pytest.mark.parametrize("turns", range(4))
def test_a_disc_cut_inside_the_image_has_a_straight_side(turns):
    cut = disc(100, 50, 50, 30)
    cut[:30] = 0  # a chord 20 above the middle
    share = longest_straight_side(np.rot90(cut, turns))
    assert share.shape == (1,)
    assert share[0] == pytest.approx(45 / np.sqrt(4 * cut.sum() / np.pi), abs=0.03)
    assert share[0] > STRAIGHT


@pytest.mark.parametrize("radius", [12, 20, 50])
def test_round_cells_have_none(radius):
    assert 0 < longest_straight_side(disc(120, 60, 60, radius))[0] < STRAIGHT


@pytest.mark.parametrize("turns", range(4))
def test_the_frame_of_the_image_is_no_cut(turns):
    assert longest_straight_side(np.rot90(disc(100, 10, 50, 30), turns))[0] < STRAIGHT


def test_a_run_ends_at_a_gap():
    labels = np.zeros((20, 30), np.int32)
    labels[5:15, 5:25] = 1
    whole = longest_straight_side(labels)[0]
    labels[5, 14:16] = labels[14, 14:16] = 0
    assert longest_straight_side(labels)[0] == pytest.approx(10 / np.sqrt(4 * 196 / np.pi))
    assert whole == pytest.approx(20 / np.sqrt(4 * 200 / np.pi))


def test_each_label_has_a_figure_also_one_that_is_missing():
    labels = disc(100, 25, 25, 15) + 3 * disc(100, 70, 70, 20)
    shares = longest_straight_side(labels)
    assert shares.shape == (3,)
    assert shares[1] == 0
    assert longest_straight_side(np.zeros((4, 4), np.int32)).shape == (0,)
