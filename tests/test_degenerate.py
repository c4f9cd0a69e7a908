"""What the user sees for images in which there is nothing to see, stage by stage."""

from __future__ import annotations

import warnings

import cv2
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat import ImageError, Smear
from leukofeat.baselines import make_baseline
from leukofeat.baselines.registry import STANDALONE
from leukofeat.datasets import load_images
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures, ImageWarning, TextureFeatures
from leukofeat.preprocessing import Resizer, ScaleBarCropper
from leukofeat.segmentation import Cleanup, LabKMeansSegmenter
from tests.cases import CASES, FAMILIES, IMAGE_STAGES
from tests.stages import DarkSegmenter

NUCLEUS, PLASMA, SLIDE = (90, 40, 120), (215, 150, 160), (235, 228, 238)


def uniform(shape: tuple[int, int], color: tuple[int, int, int]) -> np.ndarray:
    return np.full((*shape, 3), color, np.uint8)


def noisy(color: tuple[int, int, int]) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.clip(np.rint(rng.normal(color, 4, (40, 50, 3))), 0, 255).astype(np.uint8)


def red_cells() -> np.ndarray:
    image = noisy(SLIDE)
    for x, y in ((10, 10), (30, 14), (18, 30), (40, 32)):
        cv2.circle(image, (x, y), 7, PLASMA, -1)
    return image


ODD = {
    "one pixel": uniform((1, 1), NUCLEUS),
    "one pixel of slide": uniform((1, 1), SLIDE),
    "one row": uniform((1, 40), SLIDE),
    "one column": uniform((40, 1), NUCLEUS),
    "two pixels": np.array([[NUCLEUS, SLIDE]], np.uint8),
    "black": uniform((40, 50), (0, 0, 0)),
    "white": uniform((40, 50), (255, 255, 255)),
    "constant": uniform((40, 50), (128, 128, 128)),
    "nothing but slide": noisy(SLIDE),
    "nothing but nucleus": noisy(NUCLEUS),
    "one colour of nucleus": uniform((40, 50), NUCLEUS),
    "no nucleus": red_cells(),
}
SEGMENTERS = [case for case in IMAGE_STAGES if type(case.stage).__name__.endswith("Segmenter")]
EMPTY = ("one pixel of slide", "one row", "white", "constant", "nothing but slide")

every = pytest.mark.parametrize("case", CASES, ids=repr)
odd = pytest.mark.parametrize("name", ODD)


def fitted(case, smears):
    return clone(case.stage).fit(case.prepare(smears.images))


@pytest.fixture(autouse=True)
def only_images_without_color_or_slide_are_worth_a_warning():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*: (blank: there are no colours to normalise|no empty slide)")
        yield


def expected_shape(stage, height, width):
    if isinstance(stage, ScaleBarCropper) and stage.height != "auto":
        return max(1, height - round(0.143 * height)), width
    if isinstance(stage, Resizer):
        factor = 64 / max(height, width) if stage.size else stage.pixel_size / stage.target_pixel_size
        return max(1, round(factor * height)), max(1, round(factor * width))
    return height, width


@odd
@pytest.mark.parametrize("case", IMAGE_STAGES, ids=repr)
def test_an_image_stage_gives_an_image_or_smear(case, name, smears):
    image = ODD[name]
    result = fitted(case, smears).transform(case.prepare([image]))[0]
    pixels = result.image if isinstance(result, Smear) else result
    assert pixels.dtype == np.uint8
    assert pixels.shape == (*expected_shape(case.stage, *image.shape[:2]), 3)


@odd
@pytest.mark.parametrize("case", SEGMENTERS, ids=repr)
def test_an_image_without_contrast_holds_no_cell(case, name):
    smear = case.stage.transform([ODD[name]])[0]
    assert smear.is_segmented
    if name != "no nucleus":
        assert smear.n_cells == 0, f"{name}: a nucleus was invented"


def test_k_means_takes_red_cells_for_leukocytes_where_there_is_nothing_else():
    """One cluster is always the darkest: what the paper's method does is kept, and stated."""
    smear = LabKMeansSegmenter(cleanup=Cleanup(clear_border=False)).transform([ODD["no nucleus"]])[0]
    assert smear.n_cells > 0


@odd
@pytest.mark.parametrize("case", FAMILIES, ids=repr)
def test_a_family_gives_a_row_of_numbers_or_nan(case, name):
    row = case.stage.transform(case.prepare([ODD[name]]))
    assert row.shape == (1, len(case.stage.get_feature_names_out()))
    assert not np.isinf(row).any()


@pytest.mark.parametrize("name", EMPTY)
def test_no_cell_found_counts_zero_and_leaves_the_rest_unknown(name):
    features = FeatureSet([GeometryFeatures(), ColorFeatures(), TextureFeatures()])
    row = features.set_output(transform="pandas").transform(DarkSegmenter().transform([ODD[name]])).iloc[0]
    assert row["cell_count"] == 0
    assert row.drop("cell_count").isna().all()
    assert len(features.measure_cells(DarkSegmenter().transform([ODD[name]]))) == 0


@pytest.mark.parametrize("name", ["one pixel", "one column", "nothing but nucleus", "one colour of nucleus"])
def test_an_image_that_is_all_nucleus_is_one_cell(name):
    smears = DarkSegmenter().transform([ODD[name]])
    table = FeatureSet([GeometryFeatures()]).measure_cells(smears)
    assert len(table) == 1
    assert table["nucleus_area"].tolist() == [ODD[name][:, :, 0].size]
    assert table["touches_border"].all()
    row = (
        FeatureSet([ColorFeatures(regions=("nucleus", "background"))]).set_output(transform="pandas").transform(smears)
    )
    nucleus = row.filter(like="nucleus_rgb_r_mean").iloc[0]
    assert np.isclose(nucleus, ODD[name][:, :, 0].mean()).all()
    assert row.filter(like="background_").isna().all(axis=None), "there is no background to measure"


def test_constant_region_has_no_spread():
    smears = DarkSegmenter().transform([ODD["one colour of nucleus"]])
    row = ColorFeatures(regions=("nucleus",), spaces=("rgb",)).set_output(transform="pandas").transform(smears).iloc[0]
    assert row["nucleus_rgb_r_std"] == 0


@pytest.mark.parametrize("case", FAMILIES, ids=repr)
def test_a_cell_in_even_colours_is_measured_whole(case):
    image, nuclei, cells = uniform((120, 120), SLIDE), np.zeros((120, 120), np.int32), np.zeros((120, 120), np.int32)
    cv2.circle(cells, (60, 60), 40, 1, -1)
    cv2.ellipse(nuclei, (64, 60), (27, 22), 20, 0, 360, 1, -1)
    image[cells > 0], image[nuclei > 0] = (185, 165, 215), NUCLEUS
    row = case.stage.transform([Smear(image, nuclei, cells)])[0]
    unknown = case.stage.get_feature_names_out()[np.isnan(row)]
    absent = ("redcell", "granule", "circle")  # what only red cells, granules and circles can say
    assert [name for name in unknown if not any(word in name for word in absent)] == []


@pytest.mark.parametrize("name", STANDALONE)
def test_a_trained_baseline_still_gives_a_verdict(name, smears):
    model = make_baseline(name).fit(smears.images, smears.target_names[smears.target])
    verdicts = model.predict([*ODD.values()])
    assert set(verdicts) <= set(smears.target_names)


@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
def test_training_on_nothing_but_blank_images_does_not_fail_in_a_riddle():
    blank = [ODD["white"], ODD["constant"]] * 2
    model = make_pipeline(
        DarkSegmenter(),
        FeatureSet([GeometryFeatures()]),
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        SVC(),
    )
    assert model.fit(blank, ["a", "b", "a", "b"]).predict(blank).shape == (4,)


@pytest.fixture
def folder(smears, tmp_path):
    """Two classes of two good images; one more file in one of them to be written by the test."""
    for i, image in enumerate(smears.images[:4]):
        (tmp_path / "AB"[i % 2]).mkdir(exist_ok=True)
        assert cv2.imwrite(str(tmp_path / "AB"[i % 2] / f"{i}.jpg"), image)
    return tmp_path


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            lambda good: good[: len(good) // 2],
            r"A.broken\.jpg: damaged JPEG file \(Premature end of JPEG file\); copy it again",
        ),
        (
            lambda good: b"not an image",
            r"A.broken\.jpg: not a JPEG, PNG, BMP or TIFF image \(it begins with b'not an image'",
        ),
        (lambda good: b"", r"A.broken\.jpg: the file is empty"),
    ],
)
def test_a_broken_file_among_good_ones(content, reason, folder):
    (folder / "A" / "broken.jpg").write_bytes(content((folder / "A" / "0.jpg").read_bytes()))
    bunch = load_images(folder)
    chain = make_pipeline(DarkSegmenter(), FeatureSet([GeometryFeatures(), ColorFeatures()]))
    with pytest.raises(ImageError, match=reason):
        chain.fit_transform(bunch.images, bunch.target)
    with pytest.warns(ImageWarning, match=r"1 of 5 images could not be measured"):
        values = chain.set_params(featureset__on_error="nan").fit_transform(bunch.images, bunch.target)
    assert np.isnan(values).all(axis=1).tolist() == [file.endswith("broken.jpg") for file in bunch.filenames]
