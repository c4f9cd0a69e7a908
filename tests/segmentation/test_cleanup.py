"""The clean-up against scikit-image's area opening and border clearing, and the way cells get their cytoplasm."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import label
from skimage.morphology import area_closing, area_opening
from skimage.segmentation import clear_border

from leukofeat.segmentation import cleanup
from leukofeat.segmentation.cleanup import assemble, clean_mask, fill_small_holes, remove_border_objects

masks = arrays(np.uint8, (11, 13), elements=st.integers(0, 1))


@given(masks, st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_binary_area_opening_and_closing(mask, area):
    np.testing.assert_array_equal(cleanup.area_opening(mask, area), area_opening(mask, area, connectivity=1))
    if mask.any():
        np.testing.assert_array_equal(fill_small_holes(mask, area), area_closing(mask, area, connectivity=1))


@given(masks)
@settings(max_examples=60, deadline=None)
def test_border_objects(mask):
    expected = clear_border(label(mask, connectivity=1)) > 0
    np.testing.assert_array_equal(remove_border_objects(mask), expected)


def test_an_empty_mask_is_no_hole():
    assert not fill_small_holes(np.zeros((3, 3)), 100).any()
    assert not clean_mask(np.zeros((3, 3))).any()
    assert clean_mask(np.ones((3, 3)), min_area=1, clear_border=False).all()
    assert not clean_mask(np.ones((3, 3)), min_area=1).any()


def test_input_is_left_alone():
    mask = np.ones((5, 5), np.uint8)
    mask.flags.writeable = False
    assert not clean_mask(mask).any()
    assert mask.all()


@given(masks, masks, st.sampled_from(["extended", "h_maxima", None]), st.booleans())
@settings(max_examples=100, deadline=None)
def test_cells_hold_their_nuclei(nucleus, cell, split, border):
    nuclei, cells = assemble(nucleus, cell, min_area=2, max_hole=2, clear_border=border, split=split)
    assert nuclei.dtype == cells.dtype == np.int32
    np.testing.assert_array_equal(np.where(nuclei > 0, cells, 0), nuclei)
    assert set(np.unique(cells)) | {0} == set(np.unique(nuclei)) | {0} == set(range(nuclei.max() + 1))
    for i in range(1, cells.max() + 1):
        assert label(cells == i, connectivity=2).max() == 1


def test_cytoplasm_goes_to_the_nearer_nucleus_on_a_path_inside_it():
    nucleus = np.zeros((9, 21))
    nucleus[3:6, 3:6] = nucleus[3:6, 15:18] = 1
    cell = np.zeros((9, 21))
    cell[2:7, 2:19] = 1
    cell[:, 8] = 0  # a gap: the strip beyond it belongs to the right nucleus, although the left one is nearer
    cell[8, 20] = 1
    nuclei, cells = assemble(nucleus, cell, min_area=1, max_hole=1, clear_border=False)
    assert nuclei.max() == 2
    assert set(cells[2:7, 2:8].ravel()) == {1}
    assert set(cells[2:7, 9:19].ravel()) == {2}
    assert cells[8, 20] == 0


def test_without_split_touching_nuclei_stay_joined():
    nucleus = np.zeros((30, 50))
    rows, columns = np.ogrid[:30, :50]
    for x in (16, 32):
        nucleus[(rows - 15) ** 2 + (columns - x) ** 2 <= 100] = 1
    assert assemble(nucleus, nucleus)[0].max() == 2
    assert assemble(nucleus, nucleus, split=None)[0].max() == 1


def test_masks_of_different_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape|broadcast"):
        assemble(np.ones((40, 40)), np.ones((40, 41)), clear_border=False)
