import cv2
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, homogeneity_score

from leukofeat.audit.slides import slide_features
from leukofeat.datasets import load_images
from leukofeat.evaluation import SLIDE_NOTE, estimate_slides
from leukofeat.plotting import SlidesDisplay


def _field(rng, background, red_cell, size=96):
    image = np.empty((size, size, 3), np.float64)
    image[:] = background
    for _ in range(12):
        center = tuple(int(v) for v in rng.integers(8, size - 8, 2))
        cv2.circle(image, center, 7, tuple(float(v) for v in red_cell), -1)
    for _ in range(int(rng.integers(1, 4))):
        center = tuple(int(v) for v in rng.integers(12, size - 12, 2))
        cv2.circle(image, center, 10, (90, 40, 130), -1)
    return np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def slides(rng):
    """24 fields of 6 slides, two classes of three slides each, that differ in stain as slides do."""
    colors = [
        ((240, 235, 245), (200, 160, 175)),
        ((225, 240, 225), (180, 190, 170)),
        ((235, 235, 205), (205, 175, 140)),
    ]
    groups = np.repeat(np.arange(6), 4)
    images = [_field(rng, np.add(colors[g % 3][0], rng.normal(0, 1, 3)), colors[g % 3][1]) for g in groups]
    return images, groups // 3, groups


def test_slides_that_differ_are_found_within_each_class(slides):
    images, y, groups = slides
    found = estimate_slides(images, y, n_slides=3)
    assert adjusted_rand_score(groups, found.groups) == 1.0
    assert found.n_groups == 6
    assert len(found.features) == 24
    assert "not patient" in found.note


def test_without_classes_the_number_of_slides_is_estimated(slides):
    images, _, groups = slides
    found = estimate_slides(images)
    assert adjusted_rand_score(groups % 3, found.groups) == 1.0  # the same stain in two classes looks like one slide


def test_groups_never_join_classes_and_repeat_with_their_seed(smears):
    first, again = (estimate_slides(smears.images, smears.target, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(first.groups, again.groups)
    assert all(len(np.unique(smears.target[first.groups == g])) == 1 for g in range(first.n_groups))


def test_leukocytes_do_not_move_the_colours_of_a_slide(rng):
    few = _field(np.random.default_rng(1), (240, 235, 245), (200, 160, 175))
    many = few.copy()
    for center in ((20, 60), (50, 20), (70, 60)):
        cv2.circle(many, center, 11, (90, 40, 130), -1)
    a, b = slide_features(few), slide_features(many)
    for axis in "lab":
        assert a[f"background_{axis}"] == pytest.approx(b[f"background_{axis}"], abs=1)
        assert a[f"red_cell_{axis}"] == pytest.approx(b[f"red_cell_{axis}"], abs=2)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (64, 64)])
def test_blank_and_tiny_images_have_features(shape):
    for level in (0, 255):
        row = slide_features(np.full((*shape, 3), level, np.uint8))
        assert all(np.isfinite(value) for name, value in row.items() if name != "bar_style")


def test_what_does_not_fit_is_refused(smears):
    with pytest.raises(ValueError, match="classes"):
        estimate_slides(smears.images, smears.target[:-1])
    with pytest.raises(ValueError, match=r"y has no class for row 0 \(1 in all\)"):
        estimate_slides(smears.images, [None, *["Pro"] * 7])
    with pytest.raises(ValueError, match="n_slides"):
        estimate_slides(smears.images, n_slides=0)


def test_the_display_shows_every_group_and_says_what_it_is(slides):
    mpl.use("Agg")
    images, y, groups = slides
    display = SlidesDisplay.from_groups(images, groups, y, class_names=["Benign", "Pro"], n_examples=3)
    assert display.axes_.shape == (6, 3)
    assert "4 Benign" in display.axes_[0, 0].get_ylabel()
    assert "estimate" in display.figure_.get_suptitle()
    fewer = SlidesDisplay.from_groups(images, groups, max_groups=2)
    assert fewer.axes_.shape[0] == 2
    assert "4 smaller groups are not drawn" in fewer.note
    assert SLIDE_NOTE in fewer.note
    with pytest.raises(ValueError, match="groups"):
        SlidesDisplay.from_groups(images, groups[:-1])
    plt.close("all")


def test_estimated_slides_follow_the_acquisition_series_of_real_images(data_folder):
    bunch = load_images(data_folder / "leukemia4")
    rows = np.sort(np.random.default_rng(0).permutation(len(bunch.target))[:320])
    found = estimate_slides(bunch.images[rows], bunch.target[rows])
    frame = bunch.frame.iloc[rows]
    assert homogeneity_score(frame["stream"], found.groups) > 0.93
    scores = [
        adjusted_rand_score(frame["cluster1"][bunch.target[rows] == c], found.groups[bunch.target[rows] == c])
        for c in range(4)
    ]
    assert np.mean(scores) > 0.25
    styles = {"whitebox": "white box", "box200": "white box", "red": "red", "px200black": "black"}
    known = frame["scale_bar"].map(styles)
    agree = (found.features["bar_style"].to_numpy() == known.to_numpy())[known.notna().to_numpy()]
    assert agree.mean() >= 0.98
