import numpy as np
import pytest

from leukofeat.features.color import COLOR_SPACES, ColorFeatures, color_names, measure_color


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


def test_haematoxylin_stains_the_nucleus(smear):
    regions = ["nucleus", "background"]
    row = dict(zip(color_names(regions, ["hed"]), measure_color(smear, regions, ["hed"]), strict=True))
    assert row["nucleus_hed_h_mean"] > 3 * row["background_hed_h_mean"]


@pytest.mark.parametrize(
    ("params", "message"),
    [({"regions": []}, "regions"), ({"spaces": ["cmyk"]}, "spaces"), ({"regions": ["cell", "cell"]}, "twice")],
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
