"""Made-up cells are what was asked for, on every call."""

from __future__ import annotations

import numpy as np
import pytest
from outlines.made_up import KINDS, make_cell, make_clump
from outlines.made_up_sets import MadeUpCells, MadeUpClumps

from leukofeat.smear import Smear

CASES = [(share, kind, px) for kind in KINDS for share in (0.3, 0.6, 0.9) for px in (20.0, 60.0)]


@pytest.mark.parametrize(("share", "kind", "px"), CASES)
def test_size_and_share_of_the_nucleus_are_those_asked_for(share, kind, px):
    made = make_cell(share, kind, px, 3)
    nucleus, cell = (made.nuclei > 0).sum(), (made.cells > 0).sum()
    assert made.nuclei.max() == made.cells.max() == 1
    assert not (made.nuclei[made.cells == 0]).any()
    assert nucleus / cell == pytest.approx(share, abs=0.05)
    assert 2 * np.sqrt(nucleus / np.pi) == pytest.approx(px, rel=0.12)
    middle = made.cells.shape[0] // 2
    assert made.cells[middle, middle] == 1


@pytest.mark.parametrize("seed", range(4))
def test_the_rim_is_darker_than_the_nucleus_and_bluer_and_no_other_cytoplasm_is(seed):
    for kind in KINDS:
        made = make_cell(0.5, kind, 60.0, seed)
        nucleus = made.image[made.nuclei > 0].mean(axis=0)
        rim = made.image[(made.cells > 0) & (made.nuclei == 0)].mean(axis=0)
        assert (rim[:2].sum() < nucleus[:2].sum()) == (kind == "rim")
        if kind == "rim":
            assert rim[2] - rim[0] > nucleus[2] - nucleus[0]


def test_pale_nuclei_are_paler_than_dark_ones():
    means = {}
    for kind in ("dark", "pale"):
        made = [make_cell(0.6, kind, 40.0, seed) for seed in range(6)]
        means[kind] = np.mean([one.image[one.nuclei > 0].mean() for one in made])
    assert means["pale"] > means["dark"] + 25


def test_no_cytoplasm_at_all():
    made = make_cell(1.0, "pale", 40.0, 0)
    assert (made.nuclei > 0).sum() / (made.cells > 0).sum() > 0.95


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("n", [2, 3])
def test_clumps_touch_and_only_some_are_cut(n, cut):
    for seed in range(3):
        made = make_clump(n, "dark", 30.0, cut, seed)
        assert made.cells.max() == n
        at_frame = Smear(made.image, made.nuclei, made.cells).touches_border
        assert at_frame.any() == cut
        if cut:
            assert not at_frame[made.cells[made.cells.shape[0] // 2, made.cells.shape[1] // 2] - 1]


def test_the_same_number_makes_the_same_bytes_and_another_does_not():
    first = make_cell(0.5, "dark", 30.0, 1)
    make_cell.cache_clear()
    np.testing.assert_array_equal(first.image, make_cell(0.5, "dark", 30.0, 1).image)
    assert (
        first.image.shape != make_cell(0.5, "dark", 31.0, 1).image.shape
        or (first.image != make_cell(0.5, "dark", 30.0, 2).image).any()
    )


def test_the_sets_give_the_truth_full_marks():
    for data in (MadeUpCells(6), MadeUpClumps(6)):
        for i in range(len(data)):
            scores = data.score(i, Smear(data.image(i), **data.truth(i)))
            assert scores["dice"] == 1
            assert scores.get("swallowed", 0) == 0
