import numpy as np
import pytest
from scipy.stats import circmean, circstd, kurtosis, skew

from leukofeat.features.color import COLOR_SPACES, ColorFeatures, color_names, measure_color
from leukofeat.kernels.color.histograms import hue_statistics
from leukofeat.kernels.color.inks import cmyk
from leukofeat.smear import Smear


def test_regions_are_read_from_their_own_pixels(smear):
    regions = ["nucleus", "cytoplasm", "cell", "background", "image"]
    values = dict(zip(color_names(regions), measure_color(smear, regions), strict=True))
    masks = {region: smear.region(region) > 0 for region in regions}
    planes = {"rgb_g": smear.image[..., 1], "lab_a": smear.lab[..., 1], "hsv_s": smear.hsv[..., 1]}
    planes["ycrcb_cr"] = smear.ycrcb[..., 1]
    planes["od_b"] = -np.log10((smear.image[..., 2] + 1.0) / 256)
    for region, mask in masks.items():
        for channel, plane in planes.items():
            x = plane[mask]
            assert values[f"{region}_{channel}_mean"] == pytest.approx(x.mean())
            assert values[f"{region}_{channel}_std"] == pytest.approx(x.std())
            assert values[f"{region}_{channel}_p95"] == pytest.approx(np.percentile(x, 95))


def test_cells_are_read_one_by_one(smear):
    names = color_names(["nucleus", "cytoplasm"], ["rgb"])
    values = measure_color(smear, ["nucleus", "cytoplasm"], ["rgb"], per_cell=True)
    for k in range(4):
        row = dict(zip(names, values[k], strict=True))
        for region in ("nucleus", "cytoplasm"):
            x = smear.image[smear.region(region) == k + 1, 0]
            if not len(x):
                assert np.isnan(row[f"{region}_rgb_r_mean"])
            else:
                assert row[f"{region}_rgb_r_mean"] == pytest.approx(x.mean())


@pytest.mark.parametrize("space", COLOR_SPACES)
def test_a_space_alone_gives_the_columns_it_has_among_others(smear, space):
    together = dict(zip(color_names(["cell"]), measure_color(smear, ["cell"]), strict=True))
    for name, value in zip(color_names(["cell"], [space]), measure_color(smear, ["cell"], [space]), strict=True):
        assert together[name] == value


def on_circle(x):
    """Statistics of hues by SciPy, and of the hues unrolled around their mean."""
    mean = circmean(x, 256, 0)
    unrolled = mean + (x - mean + 128) % 256 - 128
    percentiles = np.percentile(unrolled, [5, 25, 50, 75, 95])
    return np.array([circstd(x, 256, 0), skew(unrolled), kurtosis(unrolled), *(percentiles - mean)]), mean


@pytest.mark.parametrize("centre", [0.0, 3.0, 90.0, 127.6, 200.0, 255.7])
@pytest.mark.parametrize("width", [1.0, 12.0, 25.0])
def test_hue_is_measured_on_the_circle(centre, width, rng):
    hues = np.rint(rng.normal(centre, width, 500)).astype(int) % 256
    values = hue_statistics(np.bincount(hues, minlength=256))
    expected, mean = on_circle(hues)
    assert 0 <= values[0] < 256
    assert (values[0] - mean + 128) % 256 - 128 == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose([*values[1:4], *(values[5:] - values[0])], expected, rtol=1e-6, atol=1e-6)
    turned = hue_statistics(np.bincount((hues + 77) % 256, minlength=256))
    np.testing.assert_allclose(turned[1:5], values[1:5])


def test_hues_on_both_sides_of_red():
    image = np.empty((40, 40, 3), np.uint8)
    image[0::2], image[1::2] = (220, 62, 60), (220, 60, 62)
    row = dict(zip(color_names(["image"], ["hsv"]), measure_color(Smear(image), ["image"], ["hsv"]), strict=True))
    assert (row["image_hsv_h_mean"] + 128) % 256 - 128 == pytest.approx(0, abs=1e-9)
    assert row["image_hsv_h_std"] == pytest.approx(1, abs=1e-3)
    assert row["image_hsv_h_p95"] - row["image_hsv_h_p5"] == 2


def test_hues_without_a_direction_have_no_mean():
    values = hue_statistics(np.bincount([5, 133], minlength=256))
    assert np.isnan(np.delete(values, 4)).all()
    assert values[4] == 1
    assert hue_statistics(np.bincount([190] * 7, minlength=256))[[0, 1, 5, 9]].tolist() == [190, 0, 190, 190]
    assert np.isnan(hue_statistics(np.zeros((3, 256), int))).all()


def test_cells_on_both_sides_of_red_are_red_together():
    image = np.full((9, 9, 3), 230, np.uint8)
    cells = np.zeros((9, 9), np.int32)
    cells[1:4, 1:4], cells[5:8, 5:8] = 1, 2
    image[cells == 1], image[cells == 2] = (220, 62, 60), (220, 60, 62)
    family = ColorFeatures(regions=["cell"], spaces=["hsv"], summary=["mean", "std", "min", "max"])
    row = dict(zip(family.row_names(), family.row(Smear(image, cells)), strict=True))
    assert row["cell_hsv_h_mean_std"] == row["cell_hsv_h_p50_std"] == 1
    assert row["cell_hsv_h_mean_max"] - row["cell_hsv_h_mean_min"] == 2
    assert (row["cell_hsv_h_mean_mean"] + 128) % 256 == 128
    values = dict(zip(family.cell_names(), family.cells(Smear(image, cells)).T, strict=True))
    assert sorted(values["cell_hsv_h_mean"]) == [1, 255]


def test_haematoxylin_stains_the_nucleus(smear):
    regions = ["nucleus", "background"]
    row = dict(zip(color_names(regions, ["hed"]), measure_color(smear, regions, ["hed"]), strict=True))
    assert row["nucleus_hed_h_mean"] > 3 * row["background_hed_h_mean"]


@pytest.mark.parametrize(
    ("params", "message"),
    [({"regions": []}, "regions"), ({"spaces": ["xyz"]}, "spaces"), ({"regions": ["cell", "cell"]}, "twice")],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        ColorFeatures(**params).fit([])


def test_a_summary_counts_every_cell_alike(smear):
    family = ColorFeatures(spaces=["lab"], summary=["mean", "max"])
    cells = measure_color(smear, ["nucleus", "cytoplasm"], ["lab"], per_cell=True)
    row = dict(zip(family.get_feature_names_out(), family.transform([smear])[0], strict=True))
    for name, column in zip(color_names(["nucleus", "cytoplasm"], ["lab"]), cells.T, strict=True):
        assert row[f"{name}_mean"] == pytest.approx(np.nanmean(column))
        assert row[f"{name}_max"] == pytest.approx(np.nanmax(column))


def test_only_what_a_cell_has_is_summarised_over_cells(smear):
    with pytest.raises(ValueError, match=r"regions, with a summary over the cells.*background"):
        ColorFeatures(regions=["background"], summary=["mean"]).transform([smear])


def test_energy_is_that_of_the_histogram(smear):
    options = (["nucleus", "image"], ["rgb", "hsv", "cmyk", "od"], ["mean", "energy"])
    row = dict(zip(color_names(*options), measure_color(smear, *options), strict=True))
    for region in options[0]:
        for name, plane in (
            ("rgb_g", smear.image[..., 1]),
            ("hsv_h", smear.hsv[..., 0]),
            ("od_r", smear.image[..., 0]),
        ):
            x = plane[smear.region(region) > 0]
            p = np.bincount(x, minlength=256) / len(x)
            assert row[f"{region}_{name}_energy"] == pytest.approx((p**2).sum(), rel=1e-12)
    flat = Smear(np.full((3, 5, 3), 7, np.uint8))
    assert measure_color(flat, ["image"], statistics=["energy"]).tolist() == [1.0] * 17


def test_inks_by_the_formula(rng):
    image = rng.integers(0, 256, (30, 20, 3)).astype(np.uint8)
    image[0] = 0
    most = image.max(axis=-1, keepdims=True).astype(float)
    with np.errstate(invalid="ignore"):
        exact = np.nan_to_num(255 * (most - image) / most)
    inks = cmyk(image)
    np.testing.assert_array_equal(inks[..., :3], np.rint(exact))
    np.testing.assert_array_equal(inks[..., 3], 255 - most[..., 0])
    assert cmyk(image[::2, ::-1]).tolist() == inks[::2, ::-1].tolist()
    assert cmyk(np.zeros((0, 3, 3), np.uint8)).shape == (0, 3, 4)


def test_inks_are_measured_like_any_channel(smear):
    names, values = color_names(["cytoplasm"], ["cmyk"]), measure_color(smear, ["cytoplasm"], ["cmyk"])
    row, mask = dict(zip(names, values, strict=True)), smear.region("cytoplasm") > 0
    for k, ink in enumerate("cmyk"):
        x = cmyk(smear.image)[mask, k]
        assert row[f"cytoplasm_cmyk_{ink}_mean"] == pytest.approx(x.mean())
        assert row[f"cytoplasm_cmyk_{ink}_p75"] == pytest.approx(np.percentile(x, 75))
        if x.std():
            assert row[f"cytoplasm_cmyk_{ink}_kurtosis"] == pytest.approx(kurtosis(x))


@pytest.mark.parametrize("summary", [(), ("mean", "q75")])
def test_statistics_that_are_asked_for_have_the_values_they_have_among_others(smear, summary):
    whole = ColorFeatures(summary=summary)
    known = dict(zip(whole.row_names(), whole.row(smear), strict=True))
    some = ColorFeatures(summary=summary, statistics=["p95", "std", "energy", "mean"])
    row = {name: value for name, value in zip(some.row_names(), some.row(smear), strict=True) if "energy" not in name}
    assert len(row) * 4 == len(some.row_names()) * 3
    assert row == {name: known[name] for name in row}
    assert some.cells(smear).shape == (4, len(some.cell_names()))
