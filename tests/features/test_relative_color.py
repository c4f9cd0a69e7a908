import cv2
import numpy as np
import pytest

from leukofeat.features.relative_color import RelativeColorFeatures, split_background
from leukofeat.smear import Smear


@pytest.fixture
def smear():
    image = np.full((80, 80, 3), (235, 228, 232), np.uint8)
    image = image - np.random.default_rng(0).integers(0, 6, image.shape).astype(np.uint8)
    for center in [(15, 15), (60, 18), (20, 62)]:
        cv2.circle(image, center, 11, (215, 160, 165), -1)
    nuclei, cells = np.zeros((80, 80), np.int32), np.zeros((80, 80), np.int32)
    cv2.circle(cells, (55, 55), 17, 1, -1)
    cv2.circle(nuclei, (57, 55), 10, 1, -1)
    image[cells > 0] = (175, 150, 210)
    image[nuclei > 0] = (100, 45, 140)
    return Smear(image, nuclei, cells)


def row_of(family, smear):
    return dict(zip(family.get_feature_names_out(), family.row(smear), strict=True))


def test_red_cells_are_told_from_background(smear):
    found = split_background(smear)
    assert (found[smear.cells > 0] == 0).all()
    red = (smear.image[..., 1] == 160) & (smear.cells == 0)
    assert (found[red] == 2).all()
    assert (found[(smear.cells == 0) & ~red] == 1).all()


def test_threshold_is_otsus(smear):
    green = smear.image[..., 1][smear.cells == 0]
    threshold, _ = cv2.threshold(green, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    np.testing.assert_array_equal((split_background(smear) == 2)[smear.cells == 0], green <= threshold)


def test_without_red_cells_everything_is_background(smear):
    bare = Smear(np.full((20, 20, 3), 230, np.uint8), np.zeros((20, 20), int), np.zeros((20, 20), int))
    assert (split_background(bare) == 1).all()
    full = Smear(smear.image, np.ones((80, 80), int))
    assert not split_background(full).any()


def test_differences_and_ratios(smear):
    row = row_of(RelativeColorFeatures(), smear)
    found = split_background(smear)
    masks = {
        "nucleus": smear.nuclei > 0,
        "cytoplasm": smear.cytoplasm > 0,
        "background": found == 1,
        "redcell": found == 2,
    }
    green = {name: -np.log10((smear.image[mask, 1] + 1.0) / 256).mean() for name, mask in masks.items()}
    a = {name: smear.lab[mask, 1].mean() for name, mask in masks.items()}
    for left, right in [("nucleus", "cytoplasm"), ("nucleus", "redcell"), ("cytoplasm", "background")]:
        assert row[f"{left}_minus_{right}_od_g"] == pytest.approx(green[left] - green[right])
        assert row[f"{left}_minus_{right}_lab_a"] == pytest.approx(a[left] - a[right])
    ratio = (green["nucleus"] - green["background"]) / (green["redcell"] - green["background"])
    assert row["nucleus_per_redcell_od_g"] == pytest.approx(ratio)


def test_dimmer_light_shifts_no_density_difference(smear):
    dimmed = (smear.image.astype(float) * 0.8).round().astype(np.uint8)
    bright = row_of(RelativeColorFeatures(), smear)
    dim = row_of(RelativeColorFeatures(), Smear(dimmed, smear.nuclei, smear.cells))
    for name, value in bright.items():
        if "_od_" in name:
            assert dim[name] == pytest.approx(value, abs=0.03 * max(1, abs(value))), name


def test_unknown_reference_is_named():
    with pytest.raises(ValueError, match="references"):
        RelativeColorFeatures(references=["platelet"]).fit([])


def test_ratios_to_the_red_cells_may_be_had_alone(smear):
    whole = row_of(RelativeColorFeatures(), smear)
    alone = row_of(RelativeColorFeatures(references=["per_redcell"]), smear)
    assert list(alone) == [f"nucleus_per_redcell_od_{channel}" for channel in "rgb"]
    assert alone == {name: whole[name] for name in alone}
