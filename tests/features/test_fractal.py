"""Edges inside nuclei as sets of a dimension, and the energy of their grey levels."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from leukofeat.features import FeatureSet, FractalFeatures
from leukofeat.opencv import cv2
from leukofeat.smear import Smear
from tests.cells import drawn_field


def cells_of(smear, **params):
    family = FractalFeatures(**params)
    return dict(zip(family.cell_names(), family.cells(smear).T, strict=True))


def test_energy_is_the_sum_of_squares(smear):
    found = cells_of(smear, regions=["nucleus", "cytoplasm", "cell"], channel="green")
    for region in ("nucleus", "cytoplasm", "cell"):
        for k in range(smear.n_cells):
            x = smear.image[smear.region(region) == k + 1, 1].astype(float)
            expected = ((x / 255) ** 2).sum() if x.size else np.nan
            assert found[f"{region}_energy"][k] == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_edges_are_cannys_of_the_plane_and_of_its_patterns(smear):
    found = cells_of(smear, low=40, high=90)
    patterns = local_binary_pattern(smear.gray, 8, 1).astype(np.uint8)
    for name, plane in (("edge_dimension", smear.gray), ("lbp_edge_dimension", patterns)):
        edges = cv2.Canny(plane.copy(), 40, 90) > 0
        for k in range(smear.n_cells):
            mask = smear.nuclei == k + 1
            if not mask.any():
                continue
            points = np.argwhere(edges & mask) - np.argwhere(mask).min(axis=0)
            sizes = 2 ** np.arange(int(np.log2((np.ptp(np.argwhere(mask), axis=0) + 1).max())))
            counts = [len(np.unique(points // size, axis=0)) for size in sizes]
            expected = np.polyfit(-np.log2(sizes), np.log2(counts), 1)[0] if len(points) else 0
            assert found[f"nucleus_{name}"][k] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_smooth_nucleus_has_no_edge_and_a_noisy_one_many(rng):
    nuclei = np.zeros((80, 80), np.int32)
    nuclei[20:60, 20:60] = 1
    smooth = cells_of(Smear(np.full((80, 80, 3), 90, np.uint8), nuclei))
    noisy = cells_of(Smear(rng.integers(0, 256, (80, 80, 3)).astype(np.uint8), nuclei))
    assert smooth["nucleus_edge_dimension"] == smooth["nucleus_lbp_edge_dimension"] == 0
    assert 1.2 < noisy["nucleus_edge_dimension"] < 2
    assert 1.2 < noisy["nucleus_lbp_edge_dimension"] < 2


def test_the_place_in_the_image_does_not_matter():
    image, nuclei, cells = drawn_field()
    wide = [np.pad(plane, [(8, 8), (8, 8), (0, 0)][: plane.ndim], mode="edge") for plane in (image, nuclei, cells)]
    moved = [np.pad(plane, [(13, 3), (5, 11), (0, 0)][: plane.ndim], mode="edge") for plane in (image, nuclei, cells)]
    before, after = (FractalFeatures().cells(Smear(*planes)) for planes in (wide, moved))
    known = FeatureSet([FractalFeatures()]).measure_cells([Smear(image, nuclei, cells)])
    inside = ~known["touches_border"].to_numpy()
    assert inside.any()
    np.testing.assert_array_equal(after[inside], before[inside])


def test_patterns_are_left_out_on_request(smear):
    both, one = FractalFeatures(), FractalFeatures(lbp=False)
    assert set(both.cell_names()) - set(one.cell_names()) == {"nucleus_lbp_edge_dimension"}
    np.testing.assert_array_equal(one.cells(smear), both.cells(smear)[:, [0, 2]])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_a_nucleus_that_fills_a_tiny_image(shape):
    found = cells_of(Smear(np.full((*shape, 3), 255, np.uint8), np.ones(shape, np.int32)))
    assert found["nucleus_energy"] == shape[0] * shape[1]
    assert np.isnan(found["nucleus_edge_dimension"][0]) == (max(shape) < 4)


def test_no_nucleus_has_no_value():
    image, cells = np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20), np.int32)
    assert np.isnan(FractalFeatures().row(Smear(image, cells))).all()
    cells[4:12, 4:12] = 1
    assert np.isnan(FractalFeatures().row(Smear(image, 0 * cells, cells))).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"regions": ["image"]}, "regions"),
        ({"low": -1}, "low"),
        ({"low": 200}, "low must not be above high"),
        ({"lbp": "yes"}, "lbp"),
        ({"channel": "hue"}, "channel"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        FractalFeatures(**params).fit([])
