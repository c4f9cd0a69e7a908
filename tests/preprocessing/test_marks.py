"""Burned-in bars: found where they were drawn, in their style, and nowhere else."""

import tracemalloc

import cv2
import numpy as np
import pandas as pd
import pytest

from leukofeat.datasets import make_smears
from leukofeat.preprocessing.marks import trace_marks
from leukofeat.preprocessing.recurring import name_styles, settle_marks


def find(images):
    traces = [trace_marks(image) for image in images]
    marks = settle_marks(traces)
    return marks, name_styles(marks, traces)


@pytest.mark.parametrize("size", [96, 160])
def test_drawn_bars_are_found_where_they_are(size):
    smears = make_smears(n_samples=24, size=size, n_slides=8, random_state=0, faults="scale_bar")
    marks, styles = find(smears.images)
    drawn = np.isin(np.arange(24), smears.planted["scale_bar"])
    np.testing.assert_array_equal([mark is not None for mark in marks], drawn)
    red = smears.target_names[smears.target] == "Early"
    assert set(np.array(styles)[red]) == {"red, no box"}
    assert set(np.array(styles)[drawn & ~red]) == {"black in white box"}
    right, row = size - 6, size - 5
    for mark in marks:
        if mark is not None:
            top, left, bottom, end = mark.box
            assert top <= row < bottom
            assert left <= right - 14 < end
            assert top > 0.7 * size


@pytest.mark.parametrize("size", [64, 96, 160])
def test_no_bar_is_found_in_clean_smears(size):
    assert not any(find(make_smears(n_samples=24, size=size, n_slides=8, random_state=2).images)[0])


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((64, 64, 3), np.uint8),
        np.full((64, 64, 3), 255, np.uint8),
        np.full((300, 40, 3), (200, 30, 40), np.uint8),
        np.random.default_rng(0).integers(0, 255, (64, 80, 3), dtype=np.uint8),
    ],
)
def test_degenerate_images_have_no_bar(image):
    assert find([image])[0] == [None]


def test_a_view_that_is_read_only_and_strided():
    smears = make_smears(n_samples=4, size=96, n_slides=4, random_state=0, faults="scale_bar")
    padded = [np.pad(image, ((0, 0), (0, 9), (0, 0)))[:, :96] for image in smears.images]
    for image in padded:
        image.flags.writeable = False
    assert find(padded) == find(smears.images)


def test_bars_of_the_real_images_agree_with_the_manifest(data_folder):
    frame = pd.read_csv(data_folder / "leukemia4" / "manifest.csv").sample(500, random_state=0)
    images = [cv2.imread(str(data_folder / "leukemia4" / path))[:, :, ::-1].copy() for path in frame["path"]]
    marks, styles = find(images)
    table = pd.crosstab(frame["scale_bar"].to_numpy(), np.array(styles))
    # One style of ours for each of theirs; an image without a mark is wrong whatever it stands beside.
    named = table.drop(columns="none", errors="ignore")
    assert named.max(axis=0).sum() / len(frame) >= 0.97
    assert named.idxmax(axis=0).nunique() == named.max(axis=0).gt(2).sum()
    placed = [min(mark.box[:2]) > 112 for mark in marks if mark is not None]
    assert np.mean(placed) >= 0.99


def test_a_bar_in_very_many_images_takes_no_memory_for_pairs_of_them():
    images = make_smears(n_samples=8, size=96, random_state=0, faults="scale_bar").images
    traces = [trace for trace in map(trace_marks, images) if trace.marks]
    peaks = []
    for copies in (25, 200):
        tracemalloc.start()
        many = settle_marks(traces * copies)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert all(mark is not None for mark in many)
    assert peaks[1] < 10 * peaks[0]
