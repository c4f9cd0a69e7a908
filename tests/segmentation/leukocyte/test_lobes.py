"""Which nuclei of touching cells are lobes of one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from leukofeat.scale.record import Scale
from leukofeat.segmentation.leukocyte import lobes
from leukofeat.segmentation.leukocyte.bodies import Bodies
from leukofeat.segmentation.leukocyte.lobes import Limits, join_lobes, join_pairs
from leukofeat.segmentation.leukocyte.planes import make_planes


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


@pytest.mark.parametrize(
    ("discs", "whole", "outlines", "sure"),
    [
        (
            13.8,
            False,
            Scale(23.4, 6.0, "red cells", n_red_cells=1),
            True,
        ),  # one red cell tells it roughly, and slices of others agree
        (13.8, False, Scale(23.4, 8.0, "red cells", n_red_cells=1), False),  # too roughly
        (13.8, False, Scale(15.0, 4.0, "red cells", n_red_cells=1), False),  # it may be a platelet
        (
            13.8,
            False,
            Scale(15.0, 2.0, "red cells", n_red_cells=4),
            True,
        ),  # slices that are larger than whole ones are none of a red cell
        (5.0, True, Scale(23.4, 6.0, "red cells", n_red_cells=4), False),
        (13.8, False, Scale.unknown(), False),
    ],
)
def test_the_size_of_red_cells_is_sure_where_two_ways_agree(monkeypatch, discs, whole, outlines, sure):
    image = np.full((120, 160, 3), (242, 232, 214), np.uint8)
    labels = np.zeros((120, 160), np.int32)
    for number, x in enumerate((58, 102), 1):
        cv2.circle(labels, (x, 60), 20, number, -1)
    image[labels > 0] = (96, 52, 140)
    planes = make_planes(image)
    monkeypatch.setattr(lobes, "red_cell_radius", lambda *_: (discs, whole))
    limits = join_lobes(Bodies.measure(labels, planes.azure), planes, lambda: outlines)[2]
    assert limits.sure == sure
