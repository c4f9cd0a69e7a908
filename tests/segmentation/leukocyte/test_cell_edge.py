"""Whether the outline of a cell has an edge: the kernel against a slow oracle, and what a leak does to confidence."""

import cv2
import numpy as np
import pytest

from leukofeat.segmentation.leukocyte.cell_edge import relative_steps
from leukofeat.segmentation.leukocyte.confidence import sharpness


def slowly(offset, cells, n):
    """Pixel by pixel, by masks."""
    h, w = cells.shape
    found = np.full(n, np.nan)
    for c in range(1, n + 1):
        own = cells == c
        padded = np.pad(cells, 1, mode="edge")
        beside = [padded[1 + dy : h + 1 + dy, 1 + dx : w + 1 + dx] for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1))]
        outline = own & np.any([one != c for one in beside], axis=0)
        reach = int(np.clip(np.floor(0.1 * np.sqrt(own.sum() / np.pi) + 0.5), 2, 10))
        steps, stains = [], []
        for y, x in np.argwhere(outline):
            window = np.s_[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
            inside, outside = (offset[window][cells[window] == label].astype(float) for label in (c, 0))
            if min(len(inside), len(outside)) >= 4:
                steps.append(np.linalg.norm(inside.mean(axis=0) - outside.mean(axis=0)))
                stains.append(np.linalg.norm(inside.mean(axis=0)))
        if len(steps) >= 8:
            found[c - 1] = np.sort(steps)[len(steps) // 4] / max(np.mean(stains), 1e-6)
    return found


def scene(rng, shape=(70, 90)):
    cells = np.zeros(shape, np.int32)
    for label, (x, y, r) in enumerate([(20, 20, 14), (60, 10, 13), (55, 45, 24), (85, 66, 12), (33, 24, 6)], start=1):
        cells[cv2.circle(np.zeros(shape, np.uint8), (x, y), r, 1, -1) > 0] = label
    offset = rng.normal(0, 2, (*shape, 3)).astype(np.float32)
    offset[cells > 0] += (-20, 8, -6)
    return offset, cells


def test_as_the_slow_oracle(rng):
    offset, cells = scene(rng)
    np.testing.assert_allclose(relative_steps(offset, cells, 5), slowly(offset, cells, 5), rtol=1e-5)
    np.testing.assert_allclose(relative_steps(offset, cells, 7)[:5], slowly(offset, cells, 5), rtol=1e-5)
    assert np.isnan(relative_steps(offset, cells, 7)[5:]).all()


@pytest.mark.parametrize(
    "cells",
    [
        np.zeros((6, 7), np.int32),
        np.ones((6, 7), np.int32),
        np.eye(1, dtype=np.int32),
        np.pad(np.ones((1, 1), np.int32), 4),
        np.repeat([[1, 2]], 9, axis=0).repeat(9, axis=1).astype(np.int32),
    ],
    ids=["none", "all", "one pixel", "a pixel inside", "two that fill the frame"],
)
def test_where_no_outline_faces_anything_nothing_is_said(cells):
    n = int(cells.max())
    assert np.isnan(relative_steps(np.zeros((*cells.shape, 3), np.float32), cells, n)).all()


def test_an_even_image_has_no_steps(rng):
    _, cells = scene(rng)
    for level in (0, 5):
        offset = np.full((*cells.shape, 3), level, np.float32)
        np.testing.assert_array_equal(relative_steps(offset, cells, 5), 0)


def test_read_only_planes_are_taken(rng):
    offset, cells = scene(rng)
    expected = relative_steps(offset, cells, 5)
    for array in (offset, cells):
        array.setflags(write=False)
    np.testing.assert_array_equal(relative_steps(offset, cells, 5), expected)


@pytest.mark.parametrize("k", range(1, 4))
def test_turned_the_steps_are_the_same(rng, k):
    offset, cells = scene(rng)
    turned = relative_steps(*(np.ascontiguousarray(np.rot90(one, k)) for one in (offset, cells)), 5)
    np.testing.assert_allclose(turned, relative_steps(offset, cells, 5), rtol=1e-5)


def test_a_cell_whose_outline_runs_through_what_goes_on_beyond_is_less_sure(rng):
    y, x = np.mgrid[:90, :90] - 44.5
    distance = np.hypot(y, x)
    nucleus, tight, leaked = distance < 18, distance < 24, distance < 34
    offset = rng.normal((-6, 4, 0), 1, (90, 90, 3))  # plasma or red cells, all around
    offset[tight] += (-14, 4, -6)
    offset[nucleus] += (-40, 12, -24)
    sure, unsure = (sharpness(cell.astype(np.int32), 1, offset.astype(np.float32))[0] for cell in (tight, leaked))
    assert sure == 1
    assert unsure < 0.5
