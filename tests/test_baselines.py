import numpy as np
import pytest
from sklearn.base import clone
from sklearn.svm import SVC

from leukofeat.baselines import list_baselines, make_baseline
from leukofeat.preprocessing.scale_bar import draw_scale_bar


@pytest.mark.parametrize("name", list(list_baselines().index))
def test_every_baseline_fits_and_predicts(name, smears):
    pipeline = make_baseline(name)
    fitted = clone(pipeline).fit(smears.images, smears.target)
    assert isinstance(fitted[-1], SVC)
    assert set(fitted.predict(smears.images)) <= set(smears.target)
    assert np.mean(fitted.predict(smears.images) == smears.target) > 0.5


def test_the_published_recipe_runs_on_segmented_images_too(smears):
    pipeline = make_baseline("jin2023_svm", segmented=True, C=10)
    assert pipeline[-1].C == 10
    assert pipeline.fit(smears.images, smears.target).predict(smears.images).shape == smears.target.shape


def test_the_scale_bar_strip_is_not_read_where_there_are_bars(smears):
    barred = [draw_scale_bar(image, "black") for image in smears.images]
    pipeline = make_baseline("leukofeat_svm").fit(barred, smears.target)
    painted = []
    for image in smears.images:
        copy = image.copy()
        copy[-round(0.125 * len(copy)) :] = (255, 0, 0)
        painted.append(copy)
    np.testing.assert_array_equal(pipeline.decision_function(smears.images), pipeline.decision_function(painted))


def test_the_background_control_does_not_see_the_leukocytes(records, rng):
    """Other pixels inside the cells change nothing in what the control measures."""
    masker, features = make_baseline("no_leukocytes")[2:4]
    other = []
    for record in records:
        image = record.image.copy()
        image[record.cells > 0] = rng.integers(0, 120, (np.count_nonzero(record.cells), 3))
        other.append(record.replace(image=image))
    np.testing.assert_array_equal(
        features.transform(masker.transform(records)), features.transform(masker.transform(other))
    )


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"leukofeat_svm.*jin2023_svm"):
        make_baseline("vgg")
