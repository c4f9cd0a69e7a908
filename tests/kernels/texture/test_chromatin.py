import cv2
import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.distance import squared_depths
from leukofeat.kernels.texture.chromatin import CHROMATIN_NAMES, chromatin


def rows_of(density, labels, n_labels=1):
    boxes = region_boxes(labels, n_labels)
    return chromatin(density, labels, boxes, squared_depths(labels, boxes=boxes))


def measured(density, mask):
    return dict(zip(CHROMATIN_NAMES, rows_of(density, mask)[0], strict=True))


@pytest.fixture
def mask():
    return cv2.circle(np.zeros((60, 60), np.uint8), (30, 30), 25, 1, -1) > 0


def test_amount_and_spread(mask):
    density = np.random.default_rng(0).uniform(0.2, 0.9, mask.shape)
    x = density[mask]
    values = measured(density, mask)
    assert values["integrated_density"] == pytest.approx(x.sum())
    assert values["density_mean"] == pytest.approx(x.mean())
    assert values["density_cv"] == pytest.approx(x.std() / x.mean())
    assert values["condensed_share"] == pytest.approx((x > x.mean() + x.std()).mean())
    assert values["open_share"] == pytest.approx((x < x.mean() - x.std()).mean())


def test_what_lies_outside_is_not_read(mask):
    density = np.random.default_rng(0).uniform(0.2, 0.9, mask.shape)
    np.testing.assert_array_equal(rows_of(density, mask), rows_of(np.where(mask, density, 2.0), mask))


def test_clumps_are_counted(mask):
    density = np.full(mask.shape, 0.3)
    for row, column in [(20, 20), (20, 40), (40, 30)]:
        density[row : row + 4, column : column + 4] = 1.0
    density[30, 30] = 1.0
    values = measured(density, mask)
    assert values["clump_count"] == 3
    assert values["clump_area"] == pytest.approx(16 / mask.sum())


def test_dense_rim_and_dense_centre(mask):
    depth = distance_transform_edt(mask)
    rim, centre = measured(0.9 - 0.02 * depth, mask), measured(0.2 + 0.02 * depth, mask)
    assert rim["rim_ratio"] > 1 > centre["rim_ratio"]
    assert rim["radial_trend"] < -0.99
    assert centre["radial_trend"] > 0.99


def test_mass_moves_towards_the_dense_side(mask):
    assert measured(np.full(mask.shape, 0.5), mask)["mass_offset"] == pytest.approx(0, abs=1e-9)
    slope = np.tile(np.linspace(0.1, 1, 60), (60, 1))
    columns = np.nonzero(mask)[1]
    expected = abs((columns * slope[mask]).sum() / slope[mask].sum() - columns.mean()) / np.sqrt(4 * mask.sum() / np.pi)
    assert measured(slope, mask)["mass_offset"] == pytest.approx(expected)


def test_stronger_stain_scales_amounts_and_nothing_else(mask):
    density = np.random.default_rng(0).uniform(0.2, 0.9, mask.shape)
    weak, strong = measured(density, mask), measured(1.7 * density, mask)
    for name, value in weak.items():
        factor = 1.7 if name in ("integrated_density", "density_mean") else 1
        assert strong[name] == pytest.approx(factor * value, rel=1e-9, abs=1e-12), name


def test_nothing_to_measure_is_nan(mask):
    assert np.isnan(rows_of(np.zeros(mask.shape), mask)).all()
    assert np.isnan(rows_of(np.ones(mask.shape), np.zeros_like(mask), 2)).all()
    flat = measured(np.ones(mask.shape), mask)
    assert flat["density_cv"] == flat["condensed_share"] == flat["clump_count"] == 0
    assert flat["radial_trend"] == 0


def test_every_measure_at_once_matches_numpy(mask):
    density = cv2.GaussianBlur(np.random.default_rng(1).uniform(0.1, 1.2, mask.shape), (0, 0), 1)
    x, depth = density[mask], distance_transform_edt(mask)[mask]
    values = measured(density, mask)
    rim = depth <= np.median(depth)
    assert values["rim_ratio"] == pytest.approx(x[rim].mean() / x[~rim].mean())
    assert values["radial_trend"] == pytest.approx(np.corrcoef(x, depth)[0, 1])
    dense = (mask & (density > x.mean() + x.std())).astype(np.uint8)
    sizes = cv2.connectedComponentsWithStats(dense, connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    sizes = sizes[sizes >= 4]
    assert values["clump_count"] == len(sizes)
    assert values["clump_area"] == pytest.approx(sizes.mean() / mask.sum())


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="differ in shape"):
        rows_of(np.zeros((3, 4)), np.zeros((4, 3), int))
