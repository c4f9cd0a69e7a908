import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat import Smear, as_sequence
from leukofeat.augmentation import SwapInvariantClassifier
from leukofeat.baselines import make_baseline
from leukofeat.datasets import make_smears
from leukofeat.evaluation import bar_style, compare, shift_stain, stress_test
from leukofeat.evaluation.stress import draw_rows, own_segmenter, stress_table
from leukofeat.evaluation.stress_images import StressSet, make_stress_set
from leukofeat.evaluation.stress_tests import STRESS_TESTS, choose_tests
from leukofeat.features import FunctionFeatures
from leukofeat.preprocessing import MedianDenoiser, background_color
from leukofeat.segmentation import LabKMeansSegmenter
from tests.stages import DarkSegmenter, MeanColor


def corner_colors(smear: Smear) -> np.ndarray:
    """Spread of each channel in the corner of the scale bar."""
    return smear.image[-16:, -40:].reshape(-1, 3).std(axis=0)


def corner_pipeline():
    return make_pipeline(FunctionFeatures(corner_colors, names=("r", "g", "b")), StandardScaler(), SVC(C=10))


def test_a_model_of_the_bar_loses_when_the_bar_changes_and_a_model_of_the_cells_does_not():
    smears = make_smears(n_samples=48, size=96, n_slides=12, random_state=0, faults="scale_bar")
    fitted = corner_pipeline().fit(smears.images, smears.target)
    table = stress_test(fitted, smears.images, smears.target, groups=smears.groups, n_bootstrap=50)
    assert list(table.index) == list(STRESS_TESTS)
    assert table.loc["bar removed", "points_lost"] > 25
    assert table.loc["bar added", "points_lost"] > 10
    assert table.loc["bar removed", "points_lost_low"] > 0
    blind = make_pipeline(CenterColors(), StandardScaler(), SVC()).fit(smears.images, smears.target)
    table = stress_test(blind, smears.images, smears.target, n_bootstrap=50)
    assert (table.loc[["bar added", "bar removed"], "points_lost"] == 0).all()


class CenterColors(MeanColor):
    """Mean colour of the part of the image that no bar reaches."""

    def row(self, smear):
        return super().row(smear.replace(image=smear.image[:60, :60]))


def test_a_model_of_the_stain_follows_the_background_it_is_shown():
    smears = make_smears(n_samples=48, size=96, n_slides=12, random_state=0, faults="stain")
    fitted = make_baseline("four_colors").fit(smears.images, smears.target)
    table = stress_test(fitted, smears.images, smears.target, groups=smears.groups, n_bootstrap=50)
    assert table.loc["other background", "points_lost"] > 20
    assert table.loc["other background", "follows_background"] > 0.4


def images_by_test(made: StressSet) -> dict[str, list[np.ndarray]]:
    """Images of a stress set, a list a test."""
    images = [image.smear(0).image for image in made.images]
    m = len(made.rows)
    return {name: images[k * m : (k + 1) * m] for k, name in enumerate(made.tests)}


def test_the_changed_images_are_what_they_are_called(smears):
    images, rows = as_sequence(smears.images), np.arange(8)
    groups = smears.groups
    made = make_stress_set(images, smears.target, rows, groups=groups, segmenter=DarkSegmenter(), random_state=1)
    again = make_stress_set(images, smears.target, rows, groups=groups, segmenter=DarkSegmenter(), random_state=1)
    assert list(made.other) == [name for name, test in STRESS_TESTS.items() if test.donor not in (None, "even")]
    assert all((other != smears.target[made.rows]).all() for other in made.other.values())
    cells = DarkSegmenter().transform(images)
    assert made.rows.tolist() == [i for i in range(8) if cells[i].n_cells]
    images, rows = images[made.rows], made.rows
    cells = cells[rows]
    changed, repeated = images_by_test(made), images_by_test(again)
    for name in STRESS_TESTS:
        for i in range(len(rows)):
            np.testing.assert_array_equal(changed[name][i], repeated[name][i])
            assert changed[name][i].shape == images[i].shape or "magnification" in name
            assert not np.array_equal(changed[name][i], images[i])
    assert made.images[len(rows)].name(0) == f"image {rows[0]} (similar background)"
    colors = np.array([background_color(image) for image in changed["constant background"]])
    assert np.ptp(colors, axis=0).max() == 0
    assert all(bar_style(image) != "none" for image in changed["bar added"])
    for i in range(len(rows)):  # the leukocytes stay where they were
        nucleus = cells[i].nuclei > 0
        assert changed["constant background"][i][nucleus].mean() < colors[0].mean() - 40


def test_fields_of_different_sizes_can_be_pasted(smears):
    images = as_sequence([image[: 96 - 8 * (i % 2)] for i, image in enumerate(smears.images)])
    made = make_stress_set(images, smears.target, np.arange(8), segmenter=DarkSegmenter())
    expected = [images[int(row)].shape for row in made.rows]
    assert [image.shape for image in images_by_test(made)["other background"]] == expected


def test_one_class_has_no_other_background(smears):
    rows = np.flatnonzero(smears.target == smears.target[0])
    with pytest.raises(ValueError, match="of 1 classes"):
        make_stress_set(as_sequence(smears.images), smears.target, rows)


def test_the_pipelines_own_segmenter_is_found():
    segmenter = LabKMeansSegmenter()
    assert own_segmenter(make_pipeline(MedianDenoiser(), segmenter, SVC())) is segmenter
    assert own_segmenter(make_baseline("four_colors")) is None
    features = make_pipeline(MedianDenoiser(), segmenter, MeanColor())
    assert own_segmenter(SwapInvariantClassifier(features, SVC())) is segmenter


def test_the_table_counts():
    target, other = np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0])
    after = {"other background": np.array([0, 1, 1, 0]), "bar added": target, "blur": 1 - target}
    table = stress_table(target, {"other background": other}, target, after, np.arange(4), 200, 0)
    assert table["kind"].tolist() == ["shortcut", "shortcut", "optical"]
    assert table["follows_background"].isna().tolist() == [False, True, True]
    assert table.loc["blur", "points_lost"] == 100
    row = table.loc["other background"]
    assert (row["clean"], row["stressed"], row["points_lost"]) == (1.0, 0.5, 50.0)
    assert (row["changed"], row["follows_background"]) == (0.5, 0.5)
    assert row["points_lost_low"] <= 50 <= row["points_lost_high"]
    assert (table.loc["bar added", ["points_lost", "points_lost_low", "points_lost_high"]] == 0).all()


def test_rows_are_drawn_evenly_from_the_classes():
    target = np.repeat([0, 1, 2], [50, 30, 4])
    rows = draw_rows(target, np.arange(84), 24, 0)
    assert np.bincount(target[rows]).tolist() == [10, 10, 4]
    np.testing.assert_array_equal(draw_rows(target, np.arange(5), 24, 0), np.arange(5))


def test_a_stain_shift_leaves_the_slide_and_scales_the_density(smears):
    image = smears.images[0]
    np.testing.assert_array_equal(shift_stain(image, (1, 1, 1), (1, 1, 1)), np.maximum(image, 0))
    slide = background_color(image)
    stronger = shift_stain(image, (1.2, 1.2, 1.2), (1, 1, 1))
    assert np.abs(background_color(stronger) - slide).max() <= 1
    dark = image[:, :, 1] < 150
    assert (stronger[dark] <= image[dark]).all()
    assert stronger[dark].mean() < image[dark].mean() - 3


def test_images_are_made_when_asked_for_and_the_same_in_any_choice_of_tests(smears):
    images = as_sequence(smears.images)
    every = make_stress_set(images, smears.target, np.arange(8), segmenter=DarkSegmenter(), random_state=3)
    some = make_stress_set(
        images, smears.target, every.rows, tests=["noise", "bar added"], segmenter=DarkSegmenter(), random_state=3
    )
    assert some.other == {}
    assert some.rows.tolist() == every.rows.tolist()
    one, other = images_by_test(every), images_by_test(some)
    for name in some.tests:
        np.testing.assert_array_equal(one[name], other[name])
    travelled = pickle.loads(pickle.dumps(every.images))
    for image, copy in zip(every.images, travelled, strict=True):
        np.testing.assert_array_equal(image[0], copy[0])
        assert image.name(0) == copy.name(0) == image.smear(0).source
    alone = np.sum([image.nbytes for image in smears.images[:8]])
    assert len(pickle.dumps(every.images[: len(every.rows)])) < 3 * alone  # each image, its donor, and no more


def test_the_similar_background_is_that_of_the_nearest_colour():
    shades = [(230, 225, 235), (228, 226, 235), (240, 240, 220), (200, 190, 210)]
    images = [np.full((48, 48, 3), shade, np.uint8) for shade in shades]
    for image in images:
        image[20:30, 20:30] = (90, 40, 150)
    made = make_stress_set(
        as_sequence(images),
        np.array(["a", "a", "b", "c"]),
        np.arange(4),
        tests=["similar background"],
        groups=[0, 1, 2, 3],
        segmenter=DarkSegmenter(),
    )
    assert made.other["similar background"].tolist() == ["b", "b", "a", "a"]
    assert np.abs(made.images[0].smear(0).image[2, 2] - np.array(shades[2])).max() <= 1


def test_optical_tests_need_no_leukocytes():
    images = [np.full((32, 32, 3), level, np.uint8) for level in (120, 200)]
    fitted = make_baseline("four_colors").fit([*images, *images], [0, 1, 0, 1])
    found = stress_test(fitted, images, [0, 1], tests="optical", n_bootstrap=10)
    assert set(found["kind"]) == {"optical"}
    assert (found["n_images"] == 2).all()


@pytest.mark.parametrize("tests", ["sharpness", ["blur", "sharpness"], []])
def test_a_test_that_there_is_not_is_named_with_those_that_there_are(tests):
    with pytest.raises(ValueError, match=r"no stress test ('sharpness'|None).*'blur'.*or 'optical'"):
        choose_tests(tests)


def test_a_comparison_runs_the_tests_that_are_named():
    smears = make_smears(n_samples=24, size=96, n_slides=6, random_state=0)
    pipelines = {"a": make_baseline("four_colors")}
    options = {"cv": 2, "groups": smears.groups, "n_stress": 12, "n_bootstrap": 10}
    found = [
        compare(pipelines, smears.images, smears.target, stress=["gamma", "stain shifted"], n_jobs=n_jobs, **options)
        for n_jobs in (1, 2)
    ]
    assert found[0].stress["test"].tolist() == ["stain shifted", "gamma"]
    pd.testing.assert_frame_equal(found[0].stress, found[1].stress)
    assert found[0].stress["n_images"].tolist() == [12, 12]
