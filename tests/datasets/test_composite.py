import numpy as np
import pytest

from leukofeat import Smear
from leukofeat.datasets import paste_cells


def test_the_background_is_the_other_fields_and_the_cells_keep_their_density(records):
    source, onto = records[0], records[1]
    composite = paste_cells(source, onto, feather=0)
    np.testing.assert_array_equal(composite.cells, source.cells)
    np.testing.assert_array_equal(composite.nuclei, source.nuclei)
    untouched = (source.cells == 0) & (onto.cells == 0)
    import cv2

    near = cv2.dilate((onto.cells > 0).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    clear = untouched & ~near
    np.testing.assert_array_equal(composite.image[clear], onto.image[clear])


def test_pasting_onto_itself_changes_little(records):
    field = records[2]
    composite = paste_cells(field, field, feather=0)
    inside = field.cells > 0
    difference = np.abs(composite.image[inside].astype(int) - field.image[inside].astype(int))
    assert difference.max() <= 3


def test_leukocytes_of_the_other_field_are_gone():
    blank = np.full((40, 40, 3), 230, np.uint8)
    image = blank.copy()
    image[10:20, 10:20] = (90, 40, 150)
    cells = np.zeros((40, 40), np.int32)
    cells[10:20, 10:20] = 1
    composite = paste_cells(Smear(blank, np.zeros_like(cells)), Smear(image, cells))
    assert composite.n_cells == 0
    assert composite.image.min() >= 228


def test_sizes_must_agree_and_both_fields_be_segmented(records):
    with pytest.raises(ValueError, match="one size"):
        paste_cells(records[0], Smear(np.zeros((5, 5, 3), np.uint8), np.zeros((5, 5), np.int32)))
    with pytest.raises(ValueError, match="needs a segmented smear"):
        paste_cells(records[0], Smear(records[1].image))
