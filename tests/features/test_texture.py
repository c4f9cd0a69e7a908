import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from leukofeat.features.planes import CHANNELS, texture_plane
from leukofeat.features.texture import (
    TextureFeatures,
    haralick_names,
    lbp_names,
    measure_haralick,
    measure_lbp,
)
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.texture.haralick import HARALICK_NAMES, haralick
from leukofeat.smear import Smear


def test_haralick_is_summed_up_over_directions(smear):
    regions = ["nucleus", "image"]
    row = dict(
        zip(haralick_names(regions, [1, 2]), measure_haralick(smear, regions, levels=32, distances=[1, 2]), strict=True)
    )
    for region in regions:
        inside = smear.region(region) > 0
        direct = haralick(smear.gray // 8, inside, region_boxes(inside), (1, 2))[0]
        for d, distance in enumerate((1, 2)):
            for k, name in enumerate(HARALICK_NAMES):
                assert row[f"{region}_haralick_{name}_d{distance}_mean"] == pytest.approx(direct[d, :, k].mean())
                assert row[f"{region}_haralick_{name}_d{distance}_range"] == pytest.approx(np.ptp(direct[d, :, k]))


def test_a_line_has_texture_along_itself_only():
    image = np.random.default_rng(0).integers(0, 256, (5, 9, 3)).astype(np.uint8)
    line = np.zeros((5, 9), int)
    line[2] = 1
    smear = Smear(image, line)
    row = dict(zip(haralick_names(["nucleus"]), measure_haralick(smear, ["nucleus"]), strict=True))
    assert row["nucleus_haralick_contrast_d1_mean"] > 0
    assert row["nucleus_haralick_contrast_d1_range"] == 0


def test_levels_divide_the_range_evenly(smear):
    full = measure_haralick(smear, ["cell"], levels=256)
    np.testing.assert_allclose(
        full, measure_haralick(Smear(smear.image, smear.cells, smear.cells), ["nucleus"], levels=256)
    )
    two = dict(zip(haralick_names(["image"]), measure_haralick(smear, ["image"], levels=2), strict=True))
    assert 0 <= two["image_haralick_contrast_d1_mean"] <= 1


def test_patterns_are_counted_within_the_region(smear):
    circles = [(8, 1), (16, 2)]
    regions = ["nucleus", "background", "image"]
    row = dict(zip(lbp_names(regions, circles), measure_lbp(smear, regions, circles=circles), strict=True))
    for points, radius in circles:
        patterns = local_binary_pattern(smear.gray, points, radius, "uniform").astype(int)
        for region in regions:
            x = patterns[smear.region(region) > 0]
            expected = np.bincount(x, minlength=points + 2) / len(x)
            got = [row[f"{region}_lbp_{points}_{radius}_{k}"] for k in range(points + 2)]
            np.testing.assert_allclose(got, expected)


def test_patterns_of_a_region_do_not_depend_on_which_regions_are_asked_for(smear):
    alone = measure_lbp(smear, ["nucleus"], circles=[(8, 1)])
    np.testing.assert_array_equal(measure_lbp(smear, ["nucleus", "image"], circles=[(8, 1)])[:10], alone)


def test_patterns_do_not_change_with_brightness(smear):
    gray = np.repeat(smear.gray[:, :, None] // 2, 3, axis=2)
    dark, bright = Smear(gray, smear.nuclei, smear.cells), Smear(gray + 90, smear.nuclei, smear.cells)
    names = lbp_names(["nucleus"], [(8, 1)])
    assert len(names) == 10
    np.testing.assert_allclose(
        measure_lbp(dark, ["nucleus"], circles=[(8, 1)]), measure_lbp(bright, ["nucleus"], circles=[(8, 1)])
    )


@pytest.mark.parametrize("channel", CHANNELS)
def test_channels_are_planes_of_the_image(smear, channel):
    assert texture_plane(smear, channel).shape == smear.image.shape[:2]
    row = TextureFeatures(channel=channel).row(smear)
    assert np.isfinite(row).all()
    if channel != "gray":
        assert not np.array_equal(row, TextureFeatures().row(smear))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"channel": "ultraviolet"}, "channel"),
        ({"levels": 300}, "levels"),
        ({"distances": [0]}, "distances"),
        ({"circles": [8]}, "circles"),
        ({"circles": [(40, 1)]}, "points"),
        ({"circles": (), "distances": ()}, "nothing is left"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        TextureFeatures(**params).fit([])
