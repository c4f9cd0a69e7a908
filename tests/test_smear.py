"""The record: what it accepts, what it holds, what it refuses."""

from __future__ import annotations

import dataclasses
import pickle

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leukofeat import Smear
from leukofeat.smear import REGIONS

WHITE = np.full((6, 8, 3), 230, np.uint8)


def maps() -> tuple[np.ndarray, np.ndarray]:
    """Two cells of 3 x 3 with a nucleus of one pixel; the second touches the border."""
    nuclei, cells = np.zeros((6, 8), np.int32), np.zeros((6, 8), np.int32)
    cells[1:4, 1:4], nuclei[2, 2] = 1, 1
    cells[3:6, 5:8], nuclei[4, 6] = 2, 2
    return nuclei, cells


@pytest.fixture
def smear() -> Smear:
    return Smear(WHITE, *maps(), source="field.png")


def test_repr_says_what_is_known(smear):
    assert repr(smear) == "Smear(8x6, 2 cells, field.png)"
    assert repr(Smear(WHITE)) == "Smear(8x6, not segmented)"
    assert repr(Smear(WHITE, np.zeros((6, 8), int))) == "Smear(8x6, 0 cells)"


def test_it_cannot_be_changed(smear):
    with pytest.raises(dataclasses.FrozenInstanceError):
        smear.image = WHITE
    for array in (smear.image, smear.nuclei, smear.cells):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_the_callers_arrays_stay_writable():
    image, (nuclei, cells) = WHITE.copy(), maps()
    Smear(image, nuclei, cells)
    image[:] = 1
    nuclei[:] = 0
    cells[:] = 0


def test_regions(smear):
    nuclei, cells = maps()
    np.testing.assert_array_equal(smear.region("nucleus"), nuclei)
    np.testing.assert_array_equal(smear.region("cell"), cells)
    np.testing.assert_array_equal(smear.region("cytoplasm"), np.where(nuclei > 0, 0, cells))
    np.testing.assert_array_equal(smear.region("background"), cells == 0)
    assert smear.region("image").min() == 1
    for name in REGIONS:
        assert smear.region(name).dtype == np.int32
        assert smear.region(name).shape == (6, 8)


def test_region_by_a_wrong_name(smear):
    with pytest.raises(ValueError, match="Unknown region 'plasma'; choose from nucleus, cytoplasm"):
        smear.region("plasma")


@pytest.mark.parametrize("region", ["nucleus", "cytoplasm", "cell", "background"])
def test_region_before_segmentation_names_file_and_way_out(region):
    with pytest.raises(ValueError, match=rf"'{region}' needs a segmented smear \(field.png\); put a segmenter"):
        Smear(WHITE, source="field.png").region(region)
    assert Smear(WHITE).region("image").all()


def test_boxes(smear):
    assert smear.n_cells == 2
    np.testing.assert_array_equal(smear.boxes, [[1, 1, 4, 4], [3, 5, 6, 8]])


def test_cells_at_the_border(smear):
    assert smear.touches_border.tolist() == [False, True]
    assert Smear(WHITE, np.ones((6, 8), int)).touches_border.tolist() == [True]
    assert Smear(WHITE, np.zeros((6, 8), int)).touches_border.shape == (0,)


def test_a_label_that_is_missing_has_no_box():
    cells = np.zeros((6, 8), np.int32)
    cells[0, 0] = 3
    smear = Smear(WHITE, cells)
    assert smear.n_cells == 3
    np.testing.assert_array_equal(smear.boxes, [[-1] * 4, [-1] * 4, [0, 0, 1, 1]])
    with pytest.raises(ValueError, match="No cell 2"):
        smear.crop(2)


def test_no_cell():
    smear = Smear(WHITE, np.zeros((6, 8), np.int32))
    assert (smear.n_cells, smear.boxes.shape, smear.is_segmented) == (0, (0, 4), True)
    assert smear.region("background").all()


def test_crop(smear):
    cell = smear.crop(2)
    assert cell.image.shape == (3, 3, 3)
    assert cell.n_cells == 1
    assert cell.region("cell").all()
    assert cell.region("nucleus").sum() == 1
    assert cell.source == "field.png"
    wide = smear.crop(2, margin=2)
    assert wide.image.shape == (5, 5, 3)
    assert wide.region("cell").sum() == 9, "the neighbour in the box is not part of the cell"


@pytest.mark.parametrize("label", [0, 3, -1])
def test_crop_of_no_cell(smear, label):
    with pytest.raises(ValueError, match=f"No cell {label}; this smear has 2"):
        smear.crop(label)


def test_replace_keeps_the_rest(smear):
    darker = smear.replace(image=WHITE // 2)
    assert darker.n_cells == 2
    assert darker.source == "field.png"
    assert darker.gray.max() < smear.gray.min()


def test_one_map_only():
    nuclei, cells = maps()
    from_nuclei = Smear(WHITE, nuclei)
    np.testing.assert_array_equal(from_nuclei.cells, nuclei)
    assert not from_nuclei.cytoplasm.any()
    from_cells = Smear(WHITE, cells=cells)
    assert from_cells.n_cells == 2
    assert not from_cells.nuclei.any()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint16, bool])
def test_label_maps_of_any_integer_type(dtype):
    cells = np.zeros((6, 8), dtype)
    cells[1, 1] = 1
    assert Smear(WHITE, cells).nuclei.dtype == np.int32


def test_bad_label_maps():
    nuclei, cells = maps()
    with pytest.raises(ValueError, match=r"nuclei has shape \(3, 8\); the image has \(6, 8\)"):
        Smear(WHITE, nuclei[:3], cells)
    with pytest.raises(TypeError, match="cells must be an integer label map, not float64"):
        Smear(WHITE, nuclei, cells.astype(float))
    with pytest.raises(ValueError, match="negative labels"):
        Smear(WHITE, -cells)
    with pytest.raises(ValueError, match="Nucleus i must lie inside cell i"):
        Smear(WHITE, nuclei[::-1], cells)
    with pytest.raises(ValueError, match="Nucleus i must lie inside cell i"):
        Smear(WHITE, np.where(nuclei == 1, 2, nuclei), cells)


@pytest.mark.parametrize(
    ("image", "error", "reason"),
    [
        (WHITE / 255, TypeError, r"uint8 RGB, not float64.*astype\(np.uint8\)"),
        (WHITE.astype(np.uint16), TypeError, "uint8 RGB, not uint16"),
        (WHITE > 0, TypeError, "uint8 RGB, not bool"),
        (np.zeros((6, 8, 4), np.uint8), ValueError, r"\(height, width, 3\), not \(6, 8, 4\)"),
        (np.zeros(6, np.uint8), ValueError, r"not \(6,\)"),
        (np.zeros((0, 8, 3), np.uint8), ValueError, "image is empty"),
    ],
)
def test_bad_images_say_why_and_name_the_file(image, error, reason):
    with pytest.raises(error, match=reason):
        Smear(image)
    with pytest.raises(error, match=r"\(field\.png\)"):
        Smear(image, source="field.png")


def test_grey_image_becomes_rgb():
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8)
    np.testing.assert_array_equal(Smear(grey).image, np.repeat(grey[:, :, None], 3, axis=2))


def test_views_and_read_only_arrays(rng):
    base = rng.integers(0, 256, (12, 16, 3), np.uint8)
    view = base[::2, ::-2]
    view.flags.writeable = False
    smear = Smear(view)
    np.testing.assert_array_equal(smear.image, view)
    assert smear.image.flags.c_contiguous
    assert smear.lab.shape == view.shape


def test_shared_planes_are_computed_once_and_as_documented(rng):
    image = rng.integers(0, 256, (9, 7, 3), np.uint8)
    smear = Smear(image)
    for name, code in [
        ("gray", cv2.COLOR_RGB2GRAY),
        ("lab", cv2.COLOR_RGB2LAB),
        ("hsv", cv2.COLOR_RGB2HSV_FULL),
        ("ycrcb", cv2.COLOR_RGB2YCrCb),
    ]:
        np.testing.assert_array_equal(getattr(smear, name), cv2.cvtColor(image, code))
        assert getattr(smear, name) is getattr(smear, name)


def test_pickle_holds_the_record_and_not_what_was_computed_from_it(smear):
    before = len(pickle.dumps(smear))
    assert smear.lab.size
    assert smear.boxes.size
    assert len(pickle.dumps(smear)) == before
    again = pickle.loads(pickle.dumps(smear))
    for name in ("image", "nuclei", "cells", "source"):
        np.testing.assert_array_equal(getattr(again, name), getattr(smear, name))
    assert not again.image.flags.writeable
    assert pickle.loads(pickle.dumps(Smear(WHITE))).is_segmented is False


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), height=st.integers(1, 12), width=st.integers(1, 12))
def test_regions_partition_the_image(seed, height, width):
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 4, (height, width)).astype(np.int32)
    nuclei = np.where(rng.random((height, width)) < 0.5, cells, 0)
    smear = Smear(np.zeros((height, width, 3), np.uint8), nuclei, cells)
    parts = [smear.region(name) > 0 for name in ("nucleus", "cytoplasm", "background")]
    np.testing.assert_array_equal(np.sum(parts, axis=0), 1)
    assert smear.n_cells == cells.max()
    for label, (top, left, bottom, right) in enumerate(smear.boxes, start=1):
        rows, columns = np.nonzero(cells == label)
        if len(rows):
            assert (top, left, bottom, right) == (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
            assert smear.crop(label).region("cell").sum() == len(rows)
        else:
            assert top == -1


def test_planes_come_with_a_copy_of_the_same_image(records):
    smear = records[0]
    assert smear.lab is smear.replace(cells=smear.cells).lab
    assert not np.array_equal(smear.replace(image=255 - smear.image).lab, smear.lab)


@pytest.mark.parametrize("name", ["image", "gray", "lab", "hsv", "ycrcb", "nuclei", "cells", "cytoplasm"])
def test_what_records_share_is_read_only(records, name):
    with pytest.raises(ValueError, match="read-only"):
        getattr(records[0], name)[0, 0] = 0


def test_what_is_kept_is_computed_once_and_not_pickled(records):
    smear = records[0].replace()
    assert smear.keep("key", lambda: 1) == smear.keep("key", lambda: 2) == 1
    assert pickle.loads(pickle.dumps(smear)).keep("key", lambda: 3) == 3
    np.testing.assert_array_equal(smear.region_boxes("cell")[:, :4], smear.boxes)
