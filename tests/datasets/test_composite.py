import numpy as np
import pytest

from leukofeat import Smear
from leukofeat.datasets import blend_cells, paste_cells
from leukofeat.opencv import cv2


def test_the_background_is_the_other_fields_and_the_cells_keep_their_density(records):
    source, onto = records[0], records[1]
    composite = paste_cells(source, onto, feather=0)
    np.testing.assert_array_equal(composite.cells, source.cells)
    np.testing.assert_array_equal(composite.nuclei, source.nuclei)
    untouched = (source.cells == 0) & (onto.cells == 0)
    near = cv2.dilate((onto.cells > 0).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    clear = untouched & ~near
    np.testing.assert_array_equal(composite.image[clear], onto.image[clear])


def test_pasting_onto_itself_changes_little(records):
    field = records[2]
    composite = paste_cells(field, field, feather=0)
    inside = field.cells > 0
    difference = np.abs(composite.image[inside].astype(int) - field.image[inside].astype(int))
    assert difference.max() <= 3


@pytest.mark.parametrize("combine", [paste_cells, blend_cells])
def test_leukocytes_of_the_other_field_are_gone(combine):
    blank = np.full((40, 40, 3), 230, np.uint8)
    image = blank.copy()
    cells = np.zeros((40, 40), np.int32)
    for label, (top, left) in enumerate(
        [(10, 10), (16, 24), (24, 10)], 1
    ):  # the first and the last are each other's mirror image
        image[top : top + 8, left : left + 8] = (90, 40, 150)
        cells[top : top + 8, left : left + 8] = label
    composite = combine(Smear(blank, np.zeros_like(cells)), Smear(image, cells))
    assert composite.n_cells == 0
    assert composite.image.min() >= 228


@pytest.mark.parametrize("combine", [paste_cells, blend_cells])
def test_sizes_must_agree_and_both_fields_be_segmented(records, combine):
    with pytest.raises(ValueError, match="one size"):
        combine(records[0], Smear(np.zeros((5, 5, 3), np.uint8), np.zeros((5, 5), np.int32)))
    with pytest.raises(ValueError, match="needs a segmented smear"):
        combine(records[0], Smear(records[1].image))
    with pytest.raises(ValueError, match="needs a segmented smear"):
        combine(Smear(records[0].image), records[1])


def test_blended_cells_keep_their_pixels_and_the_rest_is_the_other_field(records):
    source, onto = records[0], records[1]
    composite = blend_cells(source, onto, margin=3)
    np.testing.assert_array_equal(composite.cells, source.cells)
    np.testing.assert_array_equal(composite.nuclei, source.nuclei)
    inside = source.cells > 0
    np.testing.assert_array_equal(composite.image[inside], source.image[inside])
    near = cv2.dilate(((source.cells > 0) | (onto.cells > 0)).astype(np.uint8), np.ones((41, 41), np.uint8)) > 0
    assert (~near).sum() > 100
    np.testing.assert_array_equal(composite.image[~near], onto.image[~near])


def test_a_field_that_is_all_cells_can_still_be_blended_onto():
    image, everywhere = np.full((20, 20, 3), (120, 60, 160), np.uint8), np.ones((20, 20), np.int32)
    corner = np.zeros_like(everywhere)
    corner[:4, :4] = 1
    assert blend_cells(Smear(image, corner), Smear(image, everywhere)).n_cells == 1
    with pytest.raises(ValueError, match="margin"):
        blend_cells(Smear(image, corner), Smear(image, everywhere), margin=0)
