import numpy as np
import pytest

from leukofeat.kernels.regions.spans import cover_runs, part_runs
from tests.cells import degenerate_masks, drawn_field


def check(parts, n_parts, gap, largest):
    runs = part_runs(parts, n_parts)
    windows, window = cover_runs(runs, gap, largest)
    assert sorted(set(window)) == list(range(len(windows)))
    for k, (top, left, bottom, right, first, last) in enumerate(windows):
        inside = np.flatnonzero(window == k)
        assert (inside[0], inside[-1] + 1) == (first, last)
        rows, starts, ends, _ = runs[inside].T
        assert (top, left, bottom, right) == (rows.min(), starts.min(), rows.max() + 1, ends.max())
    return windows


@pytest.mark.parametrize("name", degenerate_masks())
def test_windows_are_the_boxes_of_their_runs(name):
    for gap in (1, 3):
        check(degenerate_masks()[name], 2, gap, 20)
        check(degenerate_masks()[name] - 1, 1, gap, 1)


def test_cells_apart_have_windows_of_their_own():
    _, nuclei, _ = drawn_field()
    assert len(check(nuclei - 1, 4, 2, 10**6)) == 3
    assert len(check(nuclei - 1, 4, 10**6, 10**6)) == 1


def test_windows_take_no_more_pixels_than_asked_for():
    windows = check(np.zeros((50, 30), int), 1, 1, 90)
    assert {tuple(box) for box in windows[:, :4]} == {(r, 0, min(r + 3, 50), 30) for r in range(0, 50, 3)}


def test_no_run_has_no_window():
    windows, window = cover_runs(np.empty((0, 4), np.int32), 1, 1)
    assert windows.shape == (0, 6)
    assert window.shape == (0,)
