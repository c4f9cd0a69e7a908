import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.shape.box_counting import box_dimensions, marked_dimensions
from tests.cells import degenerate_masks, drawn_field


def dimensions(labels):
    return box_dimensions(labels, region_boxes(labels))


def oracle(mask):
    points = np.argwhere(mask & ~binary_erosion(mask))
    points = points - np.argwhere(mask).min(axis=0)
    side = (np.ptp(np.argwhere(mask), axis=0) + 1).max()
    sizes = 2 ** np.arange(int(np.log2(side)))
    counts = [len(np.unique(points // size, axis=0)) for size in sizes]
    return np.polyfit(-np.log2(sizes), np.log2(counts), 1)[0]


def test_matches_counting():
    for labels in drawn_field()[1:]:
        got = dimensions(labels)
        for k in np.unique(labels)[1:]:
            assert got[k - 1] == pytest.approx(oracle(labels == k), rel=1e-9)


@pytest.mark.parametrize("name", [n for n in degenerate_masks() if n not in ("one pixel", "1x1")])
def test_degenerate_masks(name):
    labels = degenerate_masks()[name]
    assert dimensions(labels)[0] == pytest.approx(oracle(labels > 0), rel=1e-9, abs=1e-12)


def test_too_small_or_missing_is_nan():
    labels = np.zeros((5, 5), int)
    labels[0, 0] = 1
    labels[3:, 3:] = 3
    assert np.isnan(dimensions(labels)).all()


def test_outline_of_a_disc_is_a_line_and_scattered_pixels_fill_more():
    rows, columns = np.indices((130, 130)) - 64
    disc = dimensions(rows**2 + columns**2 < 60**2)[0]
    dust = dimensions(np.random.default_rng(0).random((128, 128)) < 0.5)[0]
    assert 0.95 < disc < 1.25
    assert dust > 1.7


# --- what is marked in a region ----------------------------------------------------------------------------------


def marked(marks, labels=None):
    labels = np.ones(np.shape(marks), int) if labels is None else labels
    return marked_dimensions(marks, labels, region_boxes(labels))


def marked_oracle(marks, mask):
    inside = np.argwhere(mask)
    points = np.argwhere(mask & marks) - inside.min(axis=0)
    sizes = 2 ** np.arange(int(np.log2((np.ptp(inside, axis=0) + 1).max())))
    counts = [len(np.unique(points // size, axis=0)) for size in sizes]
    return np.polyfit(-np.log2(sizes), np.log2(counts), 1)[0] if len(points) else 0.0


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 1.0])
def test_marks_match_counting(share, rng):
    for labels in drawn_field()[1:]:
        marks = rng.random(labels.shape) < share
        got = marked(marks, labels)
        for k in np.unique(labels)[1:]:
            assert got[k - 1] == pytest.approx(marked_oracle(marks, labels == k), rel=1e-9, abs=1e-12)


def test_known_sets():
    side = np.arange(64)
    line, nothing = np.zeros((2, 64, 64), bool)
    line[20] = True
    carpet = np.ones((1, 1), bool)
    for _ in range(6):  # a triangle of Sierpinski's
        carpet = np.block([[carpet, np.zeros_like(carpet)], [carpet, carpet]])
    dot = nothing.copy()
    dot[9, 40] = True
    assert marked(line)[0] == marked(line.T)[0] == marked(side[:, None] == side)[0] == pytest.approx(1)
    assert marked(~nothing)[0] == pytest.approx(2)
    assert marked(carpet)[0] == pytest.approx(np.log2(3))
    assert marked(dot)[0] == marked(nothing)[0] == 0


def test_marks_outside_the_region_and_its_place_do_not_matter(rng):
    marks = rng.random((60, 50)) < 0.3
    labels = np.zeros((60, 50), int)
    labels[10:31, 5:33] = rng.random((21, 28)) < 0.9
    moved = [np.roll(plane, (17, 11), (0, 1)) for plane in (marks, labels)]
    assert marked(marks, labels) == marked(marks & (labels > 0), labels) == marked(*moved)


def test_any_marks_in_any_layout(rng):
    marks, labels = (rng.random((30, 40)) < 0.2), np.ones((30, 40), int)
    expected = marked(marks, labels)
    frozen = (marks * np.uint8(255)).copy()
    frozen.flags.writeable = False
    for given_marks in (frozen, np.asfortranarray(marks), marks * 0.5, np.repeat(marks, 2, axis=1)[:, ::2]):
        assert marked(given_marks, labels) == expected
    with pytest.raises(ValueError, match="differ in shape"):
        marked(marks[:-1], labels)


def test_regions_without_length_are_nan():
    labels = np.zeros((9, 9), int)
    labels[0, 0], labels[4:7, 4:7] = 1, 3
    assert np.isnan(marked(np.ones((9, 9)), labels)).all()
    assert marked(np.ones((0, 5)), np.zeros((0, 5), int)).shape == (0,)
