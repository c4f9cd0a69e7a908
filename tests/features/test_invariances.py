"""What turning the slide, moving the cell or a stronger stain leaves as it is."""

import numpy as np
import pytest

from leukofeat.features.chromatin import ChromatinFeatures
from leukofeat.features.color import ColorFeatures
from leukofeat.features.covariance import CovarianceFeatures
from leukofeat.features.gabor import GaborFeatures
from leukofeat.features.geometry import GeometryFeatures
from leukofeat.features.granulometry import GranulometryFeatures
from leukofeat.features.hog import HOGFeatures
from leukofeat.features.outline import OutlineFeatures
from leukofeat.features.relative_color import RelativeColorFeatures
from leukofeat.features.run_lengths import RunLengthFeatures
from leukofeat.features.texture import TextureFeatures
from leukofeat.features.wavelet import WaveletFeatures
from leukofeat.smear import Smear
from tests.cells import drawn_field

TURNS = {"quarter turn": np.rot90, "half turn": lambda x: np.rot90(x, 2), "mirror": np.fliplr}
ANY_TURN = [
    GeometryFeatures(),
    ColorFeatures(),
    TextureFeatures(circles=[(8, 1)]),
    RunLengthFeatures(),
    GranulometryFeatures(),
    OutlineFeatures(),
    ChromatinFeatures(),
    CovarianceFeatures(),
    CovarianceFeatures(surroundings=False),
    RelativeColorFeatures(),
    HOGFeatures(regions=["nucleus", "cytoplasm", "image"]),
    GaborFeatures(),
]


def changed(smear, change):
    return Smear(*(np.ascontiguousarray(change(x)) for x in (smear.image, smear.nuclei, smear.cells)))


def rows(family, *smears):
    return [dict(zip(family.row_names(), family.row(smear), strict=True)) for smear in smears]


def depends_on_direction(name):
    # the picture of strokes truncates towards the top left, as do the boxes that are counted; a wave has its angle;
    # Hu's seventh tells left from right
    waves = "gabor" in name and "_all_" not in name
    return name.startswith("image_hog") or waves or "hu_7" in name or "box_dimension" in name


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
@pytest.mark.parametrize("family", ANY_TURN, ids=lambda family: type(family).__name__)
def test_turning_the_slide_changes_nothing(family, turn, smear):
    straight, turned = rows(family, smear, changed(smear, turn))
    # contours start elsewhere and points between pixels round otherwise: both within a hundredth
    loose = isinstance(family, OutlineFeatures | TextureFeatures)
    for name, value in straight.items():
        if not depends_on_direction(name):
            tight = {"rel": 1e-6, "abs": 1e-9}
            slack = {"rel": 0.02, "abs": 0.01}
            expected = pytest.approx(value, nan_ok=True, **(slack if loose and "haralick" not in name else tight))
            assert turned[name] == expected, name


@pytest.mark.parametrize("name", ["hu_7"])
def test_a_mirror_changes_the_sign_of_the_seventh_hu_moment(name, smear):
    family = GeometryFeatures(summary=["mean"])
    straight, mirrored = rows(family, smear, changed(smear, np.fliplr))
    assert mirrored[f"cell_{name}_mean"] == pytest.approx(-straight[f"cell_{name}_mean"], rel=1e-6, abs=1e-15)


@pytest.mark.parametrize(
    "family",
    [*ANY_TURN, WaveletFeatures(wavelet="db2")],
    ids=lambda family: type(family).__name__,
)
def test_moving_a_cell_on_plain_ground_changes_nothing(family):
    image, nuclei, cells = drawn_field()
    box = np.s_[8:52, 50:104]
    placed = []
    for row, column in [(20, 20), (37, 51)]:
        field = np.full((110, 130, 3), 230, np.uint8), np.zeros((110, 130), np.int32), np.zeros((110, 130), np.int32)
        inside = cells[box] == 2
        for plane, source in zip(field, (image, 1 * (nuclei == 2), 1 * (cells == 2)), strict=True):
            plane[row : row + 44, column : column + 54][inside] = source[box][inside]
        placed.append(Smear(*field))
    # the grid of HOG cells stays where it is
    for name, value in (pair := rows(family, *placed))[0].items():
        if not name.startswith("image_hog"):
            assert pair[1][name] == pytest.approx(value, nan_ok=True, rel=1e-6, abs=1e-9), name


@pytest.mark.parametrize("factor", [2, 3])
def test_shape_numbers_hardly_change_with_magnification(factor):
    rows_, columns = np.indices((60, 70))
    cell = ((rows_ - 30) / 24) ** 2 + ((columns - 33) / 28) ** 2 < 1
    nucleus = ((rows_ - 28) / 13) ** 2 + ((columns - 36) / 17) ** 2 < 1
    small = Smear(np.full((60, 70, 3), 200, np.uint8), nucleus.astype(int), cell.astype(int))
    large = changed(small, lambda x: np.repeat(np.repeat(x, factor, axis=0), factor, axis=1))
    family = GeometryFeatures(summary=["mean"])
    one, many = rows(family, small, large)
    for name in ("eccentricity", "aspect_ratio", "extent", "solidity", "hu_1", "hu_2", "roundness"):
        assert many[f"nucleus_{name}_mean"] == pytest.approx(one[f"nucleus_{name}_mean"], rel=0.05), name
    for name in ("nc_area_ratio_mean", "nc_diameter_ratio_mean", "nucleus_offset_mean"):
        assert many[name] == pytest.approx(one[name], rel=1e-6)
    assert many["cell_area_mean"] == factor**2 * one["cell_area_mean"]


def test_patterns_runs_and_gradients_do_not_see_brightness(smear):
    dark = Smear(smear.image // 2, smear.nuclei, smear.cells)
    # whole steps of the run-length levels
    bright = Smear(dark.image + 96, smear.nuclei, smear.cells)
    for family in (HOGFeatures(), TextureFeatures(distances=()), WaveletFeatures()):
        for name, value in (pair := rows(family, dark, bright))[0].items():
            assert pair[1][name] == pytest.approx(value, rel=0.02, abs=0.005), name
    one, other = rows(RunLengthFeatures(), dark, bright)
    for name, value in one.items():
        if "level" not in name or "nonuniformity" in name:
            assert other[name] == pytest.approx(value, rel=0.05, abs=0.02), name


def test_a_stronger_stain_scales_density_and_leaves_its_spread(smear):
    density = -np.log10((smear.image + 1.0) / 256)
    strong = np.clip(256 * 10 ** (-1.5 * density) - 1, 0, 255).round().astype(np.uint8)
    pair = rows(ChromatinFeatures(), smear, Smear(strong, smear.nuclei, smear.cells))
    for name in ("density_cv", "condensed_share", "open_share", "rim_ratio", "radial_trend"):
        first, second = (row[f"nucleus_{name}_mean"] for row in pair)
        assert second == pytest.approx(first, rel=0.05, abs=0.02), name
    first, second = (row["nucleus_integrated_density_mean"] for row in pair)
    assert second == pytest.approx(1.5 * first, rel=0.02)
