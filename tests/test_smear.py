"""The record: what it accepts, what it holds, what it refuses."""

from __future__ import annotations

import dataclasses
import pickle
import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from leukofeat import Smear
from leukofeat.features import FeatureSet, GeometryFeatures
from leukofeat.label_maps import is_mask
from leukofeat.preprocessing import ScaleBarCropper
from leukofeat.segmentation import split_cells
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


def test_missing_labels_are_no_cells():
    cells = np.zeros((6, 8), np.int32)
    cells[0, 0], cells[3:5, 3:5] = 3, 9
    smear = Smear(WHITE, cells)
    assert smear.n_cells == 2
    assert smear.label_ids.tolist() == [3, 9]
    np.testing.assert_array_equal(smear.boxes, [[0, 0, 1, 1], [3, 3, 5, 5]])
    with pytest.raises(ValueError, match="No cell 3"):
        smear.crop(3)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.uint32])
@pytest.mark.parametrize(("first", "second"), [(1, 20_000), (7, 2**31 + 5), (7, 2**32 - 1), (2**31 - 1, 2**31)])
def test_labels_of_any_size(dtype, first, second):
    nuclei, cells = maps()
    names = np.array([0, first, second], dtype)
    for smear in (
        Smear(WHITE, names[nuclei], names[cells]),
        Smear(WHITE, names[nuclei].astype(np.int64), names[cells]),
    ):
        np.testing.assert_array_equal(smear.nuclei, nuclei)
        np.testing.assert_array_equal(smear.cells, cells)
        assert smear.label_ids.tolist() == [first, second]
        assert smear.label_ids.dtype == np.int64


def test_labels_that_differ_by_the_width_of_32_bits_are_two_cells():
    nuclei, _ = maps()
    smear = Smear(WHITE, np.array([0, 7, 2**32 + 7])[nuclei])
    np.testing.assert_array_equal(smear.cells, nuclei)
    with pytest.raises(ValueError, match=r"nuclei has the label 9007199254740993, beyond 2\*\*53.*relabel_sequential"):
        Smear(WHITE, np.array([0, 7, 2**53 + 1])[nuclei])


def test_cost_does_not_follow_the_labels():
    nuclei, _ = maps()
    FeatureSet([GeometryFeatures()]).fit_transform([Smear(WHITE, nuclei)])  # what compiling takes is not meant
    tracemalloc.start()
    smear = Smear(WHITE, np.array([0, 1, 2**31 - 1])[nuclei])
    assert FeatureSet([GeometryFeatures()]).fit_transform([smear]).shape[0] == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


def test_the_numbers_that_were_given_stay_with_the_cells(smear):
    nuclei, cells = maps()
    names = np.array([0, 7, 200])
    smear = Smear(WHITE, names[nuclei], names[cells], "field.png")
    assert FeatureSet([GeometryFeatures()]).measure_cells([smear])["cell"].tolist() == [7, 200]
    assert split_cells([smear]).label.tolist() == [7, 200]
    for copy in (pickle.loads(pickle.dumps(smear)), smear.replace(image=WHITE // 2), smear.replace(source=None)):
        assert copy.label_ids.tolist() == [7, 200]
        np.testing.assert_array_equal(copy.cells, cells)
    assert smear.replace(nuclei=nuclei, cells=cells).label_ids.tolist() == [1, 2]
    assert ScaleBarCropper(height=3).transform([smear])[0].label_ids.tolist() == [7]
    assert Smear(WHITE).label_ids is None


def test_names_for_labels():
    nuclei, _ = maps()
    assert Smear(WHITE, nuclei * (nuclei == 2), label_ids=[7, 200]).label_ids.tolist() == [200]
    with pytest.raises(ValueError, match=r"label_ids has shape \(1,\); it must name each label, up to 2"):
        Smear(WHITE, nuclei, label_ids=[7])


@pytest.mark.parametrize("ids", [[1.7, 2], [5, 5], [-3, 4], [0, 1], [True, 2.0], ["a", "b"]])
def test_names_of_cells_are_whole_numbers_above_0_none_twice(ids):
    nuclei = np.zeros((6, 6), int)
    nuclei[0, 0], nuclei[5, 5] = 1, 2
    image = np.full((6, 6, 3), 255, np.uint8)
    with pytest.raises(
        ValueError, match=r"a\.png: label_ids must name each cell by a whole number above 0, none twice; got"
    ):
        Smear(image, nuclei, label_ids=ids, source="a.png")
    named = Smear(image, nuclei * (nuclei == 2), label_ids=[-1, 7])
    assert named.label_ids.tolist() == [7], "names of labels that are not there are nobody's"


@pytest.mark.parametrize("value", [True, np.uint8(255), np.uint16(65535), np.int64(7)])
def test_a_mask_is_no_label_map(value):
    mask = (maps()[1] > 0) * value
    for names in (("nuclei",), ("cells",), ("nuclei", "cells")):
        with pytest.raises(ValueError, match=rf"field.png: {names[-1]} is a mask.*skimage.measure.label"):
            Smear(WHITE, source="field.png", **dict.fromkeys(names, mask))
    # a single object is the same either way, and ones are a label map
    assert Smear(WHITE, np.where(maps()[1] == 1, mask, 0)).n_cells == 1
    assert Smear(WHITE, (mask > 0).astype(int)).n_cells == 1
    with pytest.raises(ValueError, match=r"np.where\(nuclei != 0, cells, 0\)"):
        Smear(WHITE, (maps()[0] > 0) * value, maps()[1])


@pytest.mark.parametrize(
    ("shape", "dtype", "reason"),
    [
        ((4, 5, 4), np.uint8, r"not \(4, 5, 4\) \(a\.png\); image\[:, :, :3\] leaves transparency out"),
        (
            (3, 4, 5),
            np.uint8,
            r"not \(3, 4, 5\) \(a\.png\); .* np\.moveaxis\(image, 0, -1\) puts colours last; or give the file's path",
        ),
        ((4, 5, 3), np.uint16, r"not uint16 \(a\.png\); .* full 16 bits divided by 257; or give the file's path"),
    ],
)
def test_what_is_no_image_is_refused_with_the_way_out(shape, dtype, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        Smear(np.zeros(shape, dtype), source="a.png")


def test_cells_may_have_no_nucleus():
    nuclei, cells = maps()
    smear = Smear(WHITE, np.where(nuclei == 2, 9, 0), np.where(cells == 2, 9, cells))
    assert smear.label_ids.tolist() == [1, 9]
    np.testing.assert_array_equal(np.unique(smear.nuclei), [0, 2])


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
    with pytest.raises(ValueError, match="nucleus 1 lies in no cell at row 0, column 0"):
        Smear(WHITE, np.where(cells == 0, 1, nuclei), cells)
    with pytest.raises(
        ValueError, match=r"nucleus 2 lies in cell 1 at row 2, column 2\. .*match_labels\(nuclei, cells\)"
    ):
        Smear(WHITE, (3 - nuclei) * (nuclei > 0), cells)


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
    cells = np.array([0, 1, 2, 2**40])[rng.integers(0, 4, (height, width))]
    assume(not is_mask(cells))
    nuclei = np.where(rng.random((height, width)) < 0.5, cells, 0)
    smear = Smear(np.zeros((height, width, 3), np.uint8), nuclei, cells)
    parts = [smear.region(name) > 0 for name in ("nucleus", "cytoplasm", "background")]
    np.testing.assert_array_equal(np.sum(parts, axis=0), 1)
    labels = np.unique(cells[cells > 0])
    assert smear.label_ids.tolist() == labels.tolist()
    for i, (label, box) in enumerate(zip(labels, smear.boxes, strict=True), start=1):
        rows, columns = np.nonzero(cells == label)
        assert box.tolist() == [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
        assert smear.crop(i).region("cell").sum() == len(rows)


def test_planes_come_with_a_copy_of_the_same_image(records):
    smear = records[0]
    assert smear.lab is smear.replace(cells=smear.cells).lab
    assert not np.array_equal(smear.replace(image=255 - smear.image).lab, smear.lab)


@pytest.mark.parametrize("name", ["image", "gray", "lab", "hsv", "ycrcb", "nuclei", "cells", "cytoplasm"])
def test_what_records_share_is_read_only(records, name):
    with pytest.raises(ValueError, match="read-only"):
        getattr(records[0], name)[0, 0] = 0


@pytest.mark.parametrize("shown", ["bars", "eyepiece", "turned"])
@pytest.mark.parametrize("color", [(0, 0, 0), (114, 114, 114)], ids=str)
def test_cells_that_reach_the_edge_of_a_view_touch_the_border(shown, color):
    y, x = np.mgrid[:160, :160] - 79.5
    view = {
        "bars": (np.abs(y) < 60) & (np.abs(x) < 70),
        "eyepiece": np.hypot(y, x) < 78,
        "turned": (np.abs(0.8 * y + 0.6 * x) < 75) & (np.abs(0.8 * x - 0.6 * y) < 75),
    }[shown]
    cells = np.zeros(view.shape, np.int32)
    for label, (top, left, radius) in enumerate([(0, 0, 20), (60, 45, 15), (0, 40, 15), (-30, -30, 12)], start=1):
        cells[(np.hypot(y - top, x - left) < radius) & view] = label
    cut = [label in cells[cv2.dilate((~view).view(np.uint8), np.ones((3, 3))) > 0] for label in range(1, 5)]
    image = np.where(view[..., None], (235, 225, 238), color).astype(np.uint8)
    image[cells > 0] = (120, 80, 160)
    assert any(cut)
    assert not all(cut)
    assert Smear(image, cells).touches_border.tolist() == [cut[label - 1] for label in np.unique(cells[cells > 0])]


def test_a_cell_that_was_cut_out_is_whole():
    angle = np.linspace(0, 2 * np.pi, 300)
    radius = 40 * (1 + 0.05 * np.sin(5 * angle) + 0.03 * np.cos(8 * angle))
    outline = np.rint(np.column_stack([60 + radius * np.cos(angle), 60 + radius * np.sin(angle)])).astype(np.int32)
    cell = cv2.fillPoly(np.zeros((120, 120), np.int32), [outline], 1)
    image = np.where(cell[..., None] > 0, (120, 80, 160), 0).astype(np.uint8)
    top, left, bottom, right = (each(np.nonzero(cell)[k]) for each in (np.min, np.max) for k in (0, 1))
    for window in np.s_[:, :], np.s_[top - 1 : bottom + 2, left - 1 : right + 2]:
        assert Smear(image[window], cell[window]).touches_border.tolist() == [False]


def test_what_is_kept_is_computed_once_and_not_pickled(records):
    smear = records[0].replace()
    assert smear.keep("key", lambda: 1) == smear.keep("key", lambda: 2) == 1
    assert pickle.loads(pickle.dumps(smear)).keep("key", lambda: 3) == 3
    np.testing.assert_array_equal(smear.region_boxes("cell")[:, :4], smear.boxes)


def test_confidence_and_what_was_dropped_travel_with_the_cells():
    labels = np.zeros((6, 8), np.int32)
    labels[1:3, 1:3], labels[4, 4] = 2, 5
    smear = Smear(
        np.full((6, 8, 3), 200, np.uint8), labels, confidence=[0.1, 0.2, 0.3, 0.4, 0.5], dropped=[(1, 2, 3, "small")]
    )
    assert smear.confidence.tolist() == [0.2, 0.5]
    assert smear.dropped[0].reason == "small"
    again = pickle.loads(pickle.dumps(smear))
    assert again.confidence.tolist() == [0.2, 0.5]
    assert again.dropped == smear.dropped
    assert smear.replace(image=smear.image // 2).confidence.tolist() == [0.2, 0.5]
    assert smear.crop(2).confidence.tolist() == [0.5]
    assert np.isnan(smear.replace(cells=labels, nuclei=labels).confidence).all()
    assert smear.replace(cells=labels, nuclei=labels).dropped == ()


@pytest.mark.parametrize("confidence", [[0.5], [[0.5, 0.5]], [0.5, 1.1], [-0.1, 0.5]])
def test_confidence_is_one_value_a_label_between_0_and_1(confidence):
    labels = np.array([[1, 2]], np.int32)
    with pytest.raises(ValueError, match="confidence"):
        Smear(np.full((1, 2, 3), 200, np.uint8), labels, confidence=confidence)
