"""What every built-in family promises, whatever it measures."""

import re
import warnings

import numpy as np
import pytest

from leukofeat.features import FeatureSet
from leukofeat.features.cell_family import CellFamily
from leukofeat.features.chromatin import ChromatinFeatures
from leukofeat.features.color import ColorFeatures
from leukofeat.features.contours import ContourFeatures
from leukofeat.features.covariance import CovarianceFeatures
from leukofeat.features.cytology import CytologyFeatures
from leukofeat.features.gabor import GaborFeatures
from leukofeat.features.geometry import GeometryFeatures
from leukofeat.features.granulometry import GranulometryFeatures
from leukofeat.features.hog import HOGFeatures
from leukofeat.features.outline import OutlineFeatures
from leukofeat.features.relative_color import RelativeColorFeatures
from leukofeat.features.run_lengths import RunLengthFeatures
from leukofeat.features.texture import TextureFeatures
from leukofeat.features.wavelet import WaveletFeatures
from leukofeat.smear import REGIONS, Smear

FAMILIES = [
    GeometryFeatures(),
    GeometryFeatures(pixel_size=0.1, summary=["median", "max"]),
    HOGFeatures(regions=REGIONS, vector=True),
    HOGFeatures(regions=["image"]),
    ColorFeatures(regions=REGIONS),
    ColorFeatures(regions=["image"], spaces=["od"]),
    TextureFeatures(regions=REGIONS, distances=(1, 3)),
    TextureFeatures(regions=["image"], circles=(), channel="saturation"),
    TextureFeatures(regions=["image"], circles=[(8, 1.5)], distances=()),
    RunLengthFeatures(regions=REGIONS),
    RunLengthFeatures(regions=["image"], levels=4),
    GaborFeatures(regions=REGIONS),
    GaborFeatures(regions=["image"], frequencies=[0.125], n_angles=8),
    WaveletFeatures(regions=REGIONS, wavelet="db2"),
    WaveletFeatures(regions=["image"], levels=1),
    GranulometryFeatures(regions=REGIONS, channels=["red", "lightness"]),
    GranulometryFeatures(regions=["image"], radii=[2]),
    OutlineFeatures(),
    OutlineFeatures(regions=["cell"], degree=4, summary=["median"]),
    ChromatinFeatures(),
    CovarianceFeatures(),
    CovarianceFeatures(regions=["cell", "cytoplasm"], summary=["max"]),
    CovarianceFeatures(surroundings=False),
    CytologyFeatures(),
    RelativeColorFeatures(),
    RelativeColorFeatures(references=["background"]),
    ContourFeatures(),
]


def without_cells(family):
    return getattr(family, "regions", None) == ["image"] or isinstance(family, ContourFeatures)


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_names_are_unique_and_as_many_as_values(family, smear):
    for names, values in [
        (family.row_names(), family.row(smear)),
        (family.cell_names(), family.cells(smear).T),
    ]:
        assert len(set(names)) == len(names) == len(values)
        assert values.dtype == np.float64
        assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) for name in names)


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_odd_smears_give_rows_without_a_warning(family, odd_smear):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        row = family.row(odd_smear)
        cells = family.cells(odd_smear)
    assert row.shape == (len(family.row_names()),)
    assert cells.shape == (odd_smear.n_cells, len(family.cell_names()))
    assert not np.isinf(row).any()
    assert not np.isinf(cells).any()


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_nothing_found_is_nan_apart_from_counts_and_the_image(family, smear):
    nothing = np.zeros_like(smear.cells)
    row = dict(zip(family.row_names(), family.row(Smear(smear.image, nothing, nothing)), strict=True))
    for name, value in row.items():
        if name == "cell_count":
            assert value == 0
        elif name.startswith(("nucleus", "cytoplasm", "cell", "nc_")):
            assert np.isnan(value), name


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_smears_stay_as_they_are_and_rows_repeat(family, smear):
    before = smear.image.copy(), smear.nuclei.copy(), smear.cells.copy()
    first = family.row(smear)
    np.testing.assert_array_equal(family.row(smear), first)
    for old, new in zip(before, (smear.image, smear.nuclei, smear.cells), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("family", [f for f in FAMILIES if not without_cells(f)], ids=repr)
def test_unsegmented_images_are_refused_with_the_way_out(family, smear):
    with pytest.raises(ValueError, match="segment"):
        family.row(Smear(smear.image))


@pytest.mark.parametrize("family", [f for f in FAMILIES if without_cells(f)], ids=repr)
def test_the_image_alone_needs_no_segmenter(family, smear):
    np.testing.assert_array_equal(family.row(Smear(smear.image)), family.row(smear))


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_a_cell_is_measured_the_same_alone_and_among_others(family, smear):
    if isinstance(family, CytologyFeatures):
        pytest.skip("all of it is measured against the slide around the cell")
    alone = Smear(smear.image, np.where(smear.nuclei == 2, 1, 0), np.where(smear.cells == 2, 1, 0))
    together, single = family.cells(smear)[1], family.cells(alone)[0]
    # what lies around the cell is another matter
    around = [
        k for k, name in enumerate(family.cell_names()) if any(w in name for w in ("neighbor", "background", "redcell"))
    ]
    np.testing.assert_allclose(np.delete(together, around), np.delete(single, around), rtol=1e-12)


@pytest.mark.parametrize(
    "family", [f for f in FAMILIES if hasattr(f, "regions") and not hasattr(f, "summary")], ids=repr
)
def test_a_region_of_the_image_is_all_its_cells_together(family, smear):
    """With a single cell the image's region is the cell's."""
    alone = Smear(smear.image, np.where(smear.nuclei == 2, 1, 0), np.where(smear.cells == 2, 1, 0))
    row = dict(zip(family.row_names(), family.row(alone), strict=True))
    for name, value in zip(family.cell_names(), family.cells(alone)[0], strict=True):
        assert value == pytest.approx(row[name], nan_ok=True)


class Listed(CellFamily):
    """Two numbers of each cell as a list, as one would write it."""

    def __init__(self, *, summary=("mean",)):
        self.summary = summary

    def cell_names(self):
        return ["label", "one"]

    def cells(self, smear):
        return [[label, 1.0] for label in range(1, smear.n_cells + 1)]


def test_a_list_of_cells_may_be_empty(smear):
    family, nothing = Listed(), smear.replace(nuclei=np.zeros_like(smear.nuclei), cells=None)
    n = smear.n_cells
    np.testing.assert_array_equal(
        FeatureSet([family], on_empty="nan").transform([nothing, smear]), [[np.nan] * 2, [(n + 1) / 2, 1]]
    )
    assert len(FeatureSet([family]).measure_cells([nothing, smear])) == n
    assert FeatureSet([family, family]).cells(nothing).shape == (0, 4)


def test_cells_in_one_number_each_are_no_table_of_them(smear):
    class Flat(Listed):
        def cells(self, smear):
            return np.ones(smear.n_cells)

    with pytest.raises(ValueError, match=r"Flat returned shape \(\d+,\) for 2 named columns"):
        Flat().transform([smear])
