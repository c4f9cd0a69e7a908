"""match_labels: every nucleus in its cell, whatever two tools called them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leukofeat import Smear
from leukofeat.label_maps import in_pieces
from leukofeat.segmentation import match_labels

MAPS = arrays(np.int64, (6, 7), elements=st.integers(0, 4)).filter(
    lambda labels: len(set(labels[labels > 0])) != 1 or not in_pieces(labels)
)


@given(MAPS, MAPS)
def test_the_maps_make_a_smear_and_lose_no_cell(nuclei, cells):
    matched, found = match_labels(nuclei, cells)
    smear = Smear(np.zeros((6, 7, 3), np.uint8), matched, found)
    assert smear.n_cells == len(np.unique(found)) - (0 in found)
    np.testing.assert_array_equal(found > 0, (cells > 0) | (nuclei > 0))
    assert not (matched > 0)[nuclei == 0].any()
    for label in np.unique(cells[cells > 0]):
        assert len(np.unique(found[cells == label])) == 1  # no cell is cut or joined


@given(MAPS, MAPS, st.permutations(range(1, 5)), st.permutations(range(1, 5)))
def test_numbers_mean_nothing(nuclei, cells, of_nuclei, of_cells):
    """Other numbers for the nuclei change nothing (but which of two equal cells, and the order of those alone)."""
    matched, found = match_labels(nuclei, cells)
    again, cells_again = match_labels(
        np.array([0, *of_nuclei])[nuclei] * 1000, np.array([0, *of_cells])[cells] + 2**40 * (cells > 0)
    )
    np.testing.assert_array_equal(found > 0, cells_again > 0)
    assert len(np.unique(found)) == len(np.unique(cells_again))
    assert (matched > 0).sum() <= (nuclei > 0).sum() >= (again > 0).sum()


def test_nuclei_numbered_apart():
    cells, nuclei = np.zeros((2, 60, 80), np.int32)
    cells[5:20, 5:20], cells[30:50, 40:70] = 1, 2
    nuclei[8:16, 8:16], nuclei[35:45, 45:60] = 2, 1
    matched, found = match_labels(nuclei, cells)
    np.testing.assert_array_equal(found, cells)
    np.testing.assert_array_equal(matched > 0, nuclei > 0)
    np.testing.assert_array_equal(np.unique(matched[8:16, 8:16]), [1])


def test_two_lobes_of_one_cell_are_its_nucleus():
    cells = np.zeros((9, 9), np.uint16)
    cells[1:8, 1:8] = 5
    nuclei = np.zeros((9, 9), np.uint8)
    nuclei[2, 2:4], nuclei[6, 5:7] = 3, 200
    matched, found = match_labels(nuclei, cells)
    np.testing.assert_array_equal(matched, (nuclei > 0).astype(int))
    np.testing.assert_array_equal(found, cells > 0)


def test_nuclei_of_several_cells_under_one_label_are_a_mask():
    cells = np.array([[1, 1, 0, 2, 2]])
    for mask in (cells > 0, (cells > 0).astype(np.uint8) * 255, (cells > 0).astype(int)):
        with pytest.raises(ValueError, match="nuclei is a mask"):
            match_labels(mask, cells)
        nuclei, _ = match_labels(mask[:, :2], cells[:, :2])
        assert nuclei.tolist() == [[1, 1]]
    with pytest.raises(ValueError, match="cells is a mask"):
        match_labels(cells, cells > 0)


def test_what_is_no_label_map():
    cells = np.array([[1, 1, 0, 2, 2]])
    with pytest.raises(TypeError, match="nuclei must be an integer label map, not float64"):
        match_labels(cells / 1, cells)
    with pytest.raises(ValueError, match="cells has negative labels"):
        match_labels(cells, -cells)


def test_nothing_and_other_shapes():
    for labels in match_labels(np.zeros((3, 4), int), np.zeros((3, 4), int)):
        assert labels.shape == (3, 4)
        assert not labels.any()
    with pytest.raises(ValueError, match=r"nuclei have the shape \(3, 4\) and cells \(4, 3\)"):
        match_labels(np.zeros((3, 4), int), np.zeros((4, 3), int))
