import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import perimeter, regionprops

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.shape.region_shapes import SHAPE_NAMES, region_shapes
from tests.cells import degenerate_masks, drawn_field, real_cells

REFERENCE = {
    "area": "area",
    "perimeter": "perimeter",
    "equivalent_diameter": "equivalent_diameter_area",
    "major_axis": "axis_major_length",
    "minor_axis": "axis_minor_length",
    "eccentricity": "eccentricity",
    "extent": "extent",
    "convex_area": "area_convex",
    "solidity": "solidity",
    "feret_max": "feret_diameter_max",
}


def shapes(labels, n_labels=None):
    return region_shapes(labels, region_boxes(labels, n_labels))


def measured(labels, label=1):
    return dict(zip(SHAPE_NAMES, shapes(labels)[0][label - 1], strict=True))


def assert_matches_scikit_image(labels):
    values, centroids = shapes(labels)
    regions = regionprops(labels)
    assert len(regions) == np.count_nonzero(~np.isnan(values[:, 0]))
    for region in regions:
        got = dict(zip(SHAPE_NAMES, values[region.label - 1], strict=True))
        for name, theirs in REFERENCE.items():
            np.testing.assert_allclose(got[name], getattr(region, theirs), rtol=1e-6, atol=1e-6, err_msg=name)
        hu = [got[f"hu_{k}"] for k in range(1, 8)]
        # Hu's moments of a symmetric region are sums that cancel to rounding noise
        np.testing.assert_allclose(hu, region.moments_hu, rtol=1e-6, atol=1e-15)
        np.testing.assert_allclose(centroids[region.label - 1], region.centroid)
        if region.perimeter > 0:
            convexity = perimeter(region.image_convex, 4) / region.perimeter
            np.testing.assert_allclose(got["convexity"], convexity, rtol=1e-9)
            np.testing.assert_allclose(got["circularity"], 4 * math.pi * region.area / region.perimeter**2, rtol=1e-9)
        else:
            assert math.isnan(got["convexity"])
            assert math.isnan(got["circularity"])
        roundness = 4 * region.area / (math.pi * region.feret_diameter_max**2)
        np.testing.assert_allclose(got["roundness"], roundness, rtol=1e-9)
        np.testing.assert_allclose(got["compactness"], region.perimeter**2 / region.area, rtol=1e-9)


def test_200_real_cells_match_scikit_image():
    for _, nuclei, cells in real_cells(200):
        assert_matches_scikit_image(nuclei)
        assert_matches_scikit_image(cells)


def test_drawn_cells_match_scikit_image():
    for labels in drawn_field()[1:]:
        assert_matches_scikit_image(labels)


@pytest.mark.parametrize("name", degenerate_masks())
def test_degenerate_masks_match_scikit_image(name):
    assert_matches_scikit_image(degenerate_masks()[name])


@settings(max_examples=60, deadline=None)
@given(arrays(np.int32, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 2)))
def test_any_label_map_matches_scikit_image(labels):
    if labels.any():
        assert_matches_scikit_image(labels)
    else:
        assert shapes(labels)[0].shape == (0, len(SHAPE_NAMES))


def width_across(points, angle):
    projected = points @ [math.cos(angle), math.sin(angle)]
    return projected.max() - projected.min()


@pytest.mark.parametrize("name", ["with a hole", "everything", "two parts", "row"])
def test_smallest_feret_diameter_is_the_least_width_over_all_directions(name):
    labels = degenerate_masks()[name]
    region = regionprops(labels)[0]
    rows, columns = np.nonzero(region.image_convex)
    points = np.concatenate(
        [np.column_stack([rows + dr, columns + dc]) for dr, dc in [(0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5)]]
    )
    # the least width has one side on an edge of the hull: try the directions across all pairs of points
    i, j = np.triu_indices(len(points), 1)
    angles = np.unique(np.round(np.arctan2(*(points[j] - points[i]).T) + np.pi / 2, 12))
    least = min(width_across(points, math.pi / 2 - a + math.pi / 2) for a in angles)
    finest = min(width_across(points, a) for a in np.linspace(0, math.pi, 7201))
    assert measured(labels)["feret_min"] <= finest + 1e-9
    assert measured(labels)["feret_min"] == pytest.approx(min(least, finest), abs=2e-3)


def test_disc_is_nearly_a_disc():
    rows, columns = np.indices((101, 101)) - 50
    disc = measured((rows**2 + columns**2 <= 40**2).astype(np.int32))
    assert disc["equivalent_diameter"] == pytest.approx(80, rel=0.01)
    assert disc["circularity"] == pytest.approx(1, abs=0.1)
    assert disc["feret_min"] == pytest.approx(disc["feret_max"], rel=0.03)
    assert disc["eccentricity"] < 1e-3
    assert disc["aspect_ratio"] == pytest.approx(1)


@pytest.mark.parametrize("turn", [lambda m: np.rot90(m), lambda m: m[::-1], lambda m: m.T])
def test_right_angle_turns_and_mirrors_change_nothing(turn):
    labels = drawn_field()[2]
    turned = shapes(np.ascontiguousarray(turn(labels)))[0]
    straight = shapes(labels)[0]
    columns = [k for k, name in enumerate(SHAPE_NAMES) if name != "hu_7"]
    np.testing.assert_allclose(turned[:, columns], straight[:, columns], rtol=1e-9, atol=1e-15)
    seventh = SHAPE_NAMES.index("hu_7")
    np.testing.assert_allclose(np.abs(turned[:, seventh]), np.abs(straight[:, seventh]), rtol=1e-6, atol=1e-15)


def test_missing_label_gives_a_row_of_nan():
    values, centroids = shapes(np.array([[0, 3], [1, 3]]), n_labels=4)
    assert np.isnan(values[[1, 3]]).all()
    assert np.isnan(centroids[[1, 3]]).all()
    assert values[2, 0] == 2


def test_read_only_and_strided_maps_give_the_same():
    labels = drawn_field()[2]
    expected = shapes(labels)[0]
    frozen = labels.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(shapes(frozen)[0], expected)
    wide = np.repeat(labels, 2, axis=1)
    np.testing.assert_array_equal(shapes(wide[:, ::2].astype(np.uint8))[0], expected)


def test_wrong_number_of_dimensions_is_refused():
    with pytest.raises(ValueError, match="2 dimensions"):
        region_shapes(np.zeros((3, 3, 3), int), np.zeros((0, 7), int))
