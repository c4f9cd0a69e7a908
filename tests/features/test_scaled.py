"""Features at one physical scale: what magnification does to them, and images that do not say how large they are."""

import numpy as np
import pytest

from leukofeat import Smear
from leukofeat.datasets import make_smears
from leukofeat.explanation import without_cells
from leukofeat.features import FeatureSet, GeometryFeatures, HOGFeatures, ScaledFeatures, TextureFeatures
from leukofeat.features.scaled import red_cell_diameter
from leukofeat.preprocessing import ScaleBarCropper, resize_smear
from leukofeat.segmentation import LeukocyteSegmenter

CELLS = FeatureSet(
    [GeometryFeatures(), TextureFeatures(regions=("nucleus",), circles=())],
    columns=["nc_area_ratio_mean", "nucleus_equivalent_diameter_mean", "nucleus_haralick_correlation_d1_mean"],
)
SCALED = ScaledFeatures(CELLS, LeukocyteSegmenter())


@pytest.fixture(scope="module")
def fields():
    images = make_smears(n_samples=8, random_state=3).images
    return [LeukocyteSegmenter().apply(Smear(image)) for image in images]


@pytest.mark.parametrize("factor", [1.6, 2.5])
def test_magnification_moves_them_less_than_what_is_measured_in_pixels(fields, factor):
    here, there = [], []
    for smear in fields:
        shape = tuple(round(side * factor) for side in smear.image.shape[:2])
        larger = resize_smear(smear.replace(nuclei=None, cells=None), shape)
        larger = LeukocyteSegmenter().apply(larger)
        here.append([SCALED.row(smear), CELLS.cells(smear).mean(axis=0)])
        there.append([SCALED.row(larger), CELLS.cells(larger).mean(axis=0)])
    moved = np.abs(np.mean(np.array(there) / np.array(here), axis=0) - 1)
    scaled, in_pixels = moved
    diameter, texture = 0, 2  # columns keep the order of the families
    assert SCALED.row_names()[diameter].startswith("scaled_nucleus_equivalent_diameter")
    assert scaled[diameter] < 0.12 < in_pixels[diameter]
    assert scaled[texture] < in_pixels[texture]


def test_an_image_near_the_scale_is_measured_as_it_is(fields):
    smear = fields[0].replace(pixel_size=7.2 / 20)
    assert SCALED.at_scale(smear) is smear
    whole = ~smear.touches_border
    np.testing.assert_array_equal(SCALED.row(smear), CELLS.cells(smear)[whole].mean(axis=0))


def test_a_cell_left_out_of_the_record_is_not_found_again_at_another_scale(fields):
    field = next(field for field in fields if field.n_cells > 2)
    larger = resize_smear(field.replace(nuclei=None, cells=None), [2 * side for side in field.image.shape[:2]])
    larger = LeukocyteSegmenter().apply(larger)
    scaled = SCALED.at_scale(larger)
    assert larger.n_cells == scaled.n_cells > 2
    for label in range(1, larger.n_cells + 1):
        left = SCALED.at_scale(without_cells(larger, [label]))
        assert left.n_cells == scaled.n_cells - 1
        row, column = left.dropped[-1][:2]
        assert scaled.region("cell")[round(row), round(column)] > left.region("cell")[round(row), round(column)] == 0
    assert np.isnan(SCALED.row(without_cells(larger, range(1, larger.n_cells + 1)))).all()


def test_cells_that_the_frame_cuts_count_only_where_there_are_no_others():
    cells = np.zeros((40, 40), np.int32)
    cells[0:10, 0:10], cells[15:35, 15:35] = 1, 2
    family = ScaledFeatures(GeometryFeatures(), red_cell=20.0)
    area = family.row_names().index("scaled_cell_area_mean")
    smear = Smear(np.full((40, 40, 3), 200, np.uint8), cells, pixel_size=0.36)
    assert family.row(smear)[area] == 400
    assert family.row(smear.replace(nuclei=cells * (cells == 1), cells=cells * (cells == 1)))[area] == 100


def test_where_nothing_tells_the_scale_the_leukocytes_do():
    cells = np.zeros((200, 200), np.int32)
    cells[50:150, 50:150] = 1
    smear = Smear(np.full((200, 200, 3), 200, np.uint8), cells)
    assert not smear.scale.known
    assert red_cell_diameter(smear) == pytest.approx(2 * np.sqrt(1e4 / np.pi) / 1.8)
    assert np.isfinite(ScaledFeatures(GeometryFeatures()).row(smear)[0])


def test_without_a_cell_all_is_missing_and_an_image_is_never_enlarged_without_end():
    blank = Smear(np.full((60, 60, 3), 240, np.uint8), np.zeros((60, 60), np.int32))
    assert np.isnan(SCALED.row(blank)).all()
    speck = np.zeros((60, 60), np.int32)
    speck[30, 30] = 1
    tiny = blank.replace(nuclei=speck, cells=speck)
    assert max(ScaledFeatures(GeometryFeatures()).at_scale(tiny).image.shape) <= 3 * 60


def test_a_large_image_of_small_cells_is_not_enlarged_beyond_what_memory_holds():
    shape = 1500, 2000
    cells = np.zeros(shape, np.int32)
    cells[100:106, 100:106] = 1
    smear = Smear(np.full((*shape, 3), 200, np.uint8), cells, cells)
    height, width = ScaledFeatures(GeometryFeatures()).at_scale(smear).image.shape[:2]
    assert shape[0] < height
    assert height * width < 1.01 * 2**24
    assert ScaledFeatures(GeometryFeatures(), tolerance=0).at_scale(smear).image.shape[0] == height


def test_bad_parameters_are_refused():
    with pytest.raises(ValueError, match="columns of single cells"):
        ScaledFeatures(HOGFeatures()).fit([])
    with pytest.raises(ValueError, match="needs no training"):
        ScaledFeatures(GeometryFeatures(), ScaleBarCropper()).fit([])
    with pytest.raises(ValueError, match="red_cell"):
        ScaledFeatures(GeometryFeatures(), red_cell=0).fit([])
    with pytest.raises(ValueError, match="segmented"):
        ScaledFeatures(GeometryFeatures()).transform([np.full((30, 30, 3), 200, np.uint8)])
