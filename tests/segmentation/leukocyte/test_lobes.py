"""Which nuclei of touching cells are lobes of one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from leukofeat.segmentation.leukocyte.bodies import Bodies
from leukofeat.segmentation.leukocyte.lobes import Limits, join_pairs


def in_one_outline(circles, whole, numbers):
    """Nuclei (x, radius) in a row at y = 80, numbered so, and their cells: what of a mask is nearest to each."""
    x = np.arange(whole.shape[1])[None]
    nearest = np.argmin([np.broadcast_to(np.abs(x - at) - radius, whole.shape) for at, radius in circles], axis=0)
    cells = np.where(whole, np.array(numbers)[nearest], 0).astype(np.int32)
    nuclei = np.zeros_like(cells)
    for (at, radius), number in zip(circles, numbers, strict=True):
        cv2.circle(nuclei, (at, 80), radius, number, -1)
    nuclei[nuclei != cells] = 0
    return nuclei, cells


def left_of(nuclei, cells, limits):
    azure = np.full(nuclei.shape, 100, np.uint8)
    return join_pairs(Bodies.measure(nuclei, azure), cells, azure, limits).n


@pytest.mark.parametrize("numbers", [(1, 2, 3), (2, 1, 3), (3, 2, 1), (3, 1, 2)])
def test_numbers_tell_nothing(numbers):
    """The frame cuts the first; joined with the second it is cut all the same, and too much nucleus with the third."""
    y, x = np.mgrid[:160, :240]
    nuclei, cells = in_one_outline([(8, 20), (60, 20), (118, 36)], (np.abs(y - 80) <= 38) & (x <= 156), numbers)
    assert left_of(nuclei, cells, Limits(np.inf, 0.0)) == 2


def test_three_large_cores_are_no_lobes_two_at_a_time_either():
    y, x = np.mgrid[:160, :300]
    whole = ((y - 80) / 56) ** 2 + ((x - 150) / 72) ** 2 <= 1
    nuclei, cells = in_one_outline([(102, 23), (150, 23), (198, 23)], whole, (1, 2, 3))
    assert left_of(nuclei, cells, Limits(np.inf, 20.0)) > 1
