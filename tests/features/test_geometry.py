import tracemalloc

import numpy as np
import pytest

from leukofeat.features.geometry import GeometryFeatures, geometry_names, measure_geometry, nearest_distances
from leukofeat.smear import Smear


def named(smear, **options):
    return dict(zip(geometry_names(**options), measure_geometry(smear, **options).T, strict=True))


def test_relations_between_nucleus_and_cell(smear):
    values = named(smear)
    areas = [(np.sum(smear.nuclei == k), np.sum(smear.cells == k)) for k in range(1, 5)]
    for k, (nucleus, cell) in enumerate(areas):
        assert values["cytoplasm_area"][k] == cell - nucleus
        if k == 2:
            assert np.isnan(values["nc_area_ratio"][k])
            assert np.isnan(values["nucleus_offset"][k])
            continue
        assert values["nc_area_ratio"][k] == pytest.approx(nucleus / cell)
        assert values["nc_diameter_ratio"][k] == pytest.approx(np.sqrt(nucleus / cell))
        assert values["nucleus_cytoplasm_ratio"][k] == pytest.approx(nucleus / (cell - nucleus))
        centers = [np.argwhere(labels == k + 1).mean(axis=0) for labels in (smear.nuclei, smear.cells)]
        offset = np.linalg.norm(centers[0] - centers[1]) / np.sqrt(4 * cell / np.pi)
        assert values["nucleus_offset"][k] == pytest.approx(offset)


def test_cell_without_cytoplasm_has_no_ratio_to_it():
    values = named(Smear(np.zeros((9, 9, 3), np.uint8), np.eye(9, dtype=int)))
    assert values["nc_area_ratio"][0] == 1
    assert values["cytoplasm_area"][0] == 0
    assert np.isnan(values["nucleus_cytoplasm_ratio"][0])


def test_neighbors_are_the_nearest_other_centroids(smear):
    centers = np.array([np.argwhere(smear.cells == k).mean(axis=0) for k in range(1, 5)])
    apart = np.linalg.norm(centers[:, None] - centers, axis=2) + np.diag([np.inf] * 4)
    np.testing.assert_allclose(named(smear)["cell_neighbor_distance"], apart.min(axis=1))


def test_missing_points_have_no_neighbors():
    centers = np.array([[0, 0], [np.nan, np.nan], [3, 4]])
    np.testing.assert_array_equal(nearest_distances(centers), [5, np.nan, 5])
    assert np.isnan(nearest_distances(centers[:1])).all()


def test_pixel_size_scales_lengths_and_areas_and_says_so(smear):
    pixels, microns = named(smear), named(smear, pixel_size=0.5)
    for name, power in [
        ("nucleus_area", 2),
        ("cell_perimeter", 1),
        ("cytoplasm_area", 2),
        ("cell_neighbor_distance", 1),
    ]:
        unit = {1: "_um", 2: "_um2"}[power]
        np.testing.assert_allclose(microns[name + unit], pixels[name] * 0.5**power)
        assert name not in microns
    for name in ("nucleus_solidity", "nc_area_ratio", "cell_hu_1", "nucleus_offset", "cell_circularity"):
        np.testing.assert_array_equal(microns[name], pixels[name])


def test_row_counts_cells_and_summarises_them(smear):
    family = GeometryFeatures(summary=["mean", "max"])
    row = dict(zip(family.get_feature_names_out(), family.row(smear), strict=True))
    values = named(smear)
    assert row["cell_count"] == 4
    assert row["cell_area_mean"] == pytest.approx(values["cell_area"].mean())
    assert row["nucleus_area_max"] == np.nanmax(values["nucleus_area"])


def test_missing_labels_are_not_counted(smear):
    gap = Smear(smear.image, np.where(smear.nuclei == 2, 0, smear.nuclei), np.where(smear.cells == 2, 0, smear.cells))
    assert GeometryFeatures().row(gap)[0] == 3


@pytest.mark.parametrize(
    ("params", "message"),
    [({"pixel_size": 0}, "pixel_size"), ({"summary": ["mode"]}, "summary"), ({"summary": "mean"}, "summary")],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        GeometryFeatures(**params).fit([])


def test_ten_thousand_neighbors_are_no_table():
    centers = np.argwhere(np.ones((100, 100))) * 10.0
    tracemalloc.start()
    assert (nearest_distances(centers) == 10).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6
