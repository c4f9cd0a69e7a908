"""Clusters on two planes of HSV: those of scikit-learn on the pixels, ranked and judged as in LAB."""

import cv2
import numpy as np
import pytest
from sklearn.cluster import KMeans

from leukofeat.segmentation import (
    Cleanup,
    FuzzyCMeansSegmenter,
    LabKMeansSegmenter,
    segment_fuzzy_c_means,
    segment_lab_kmeans,
)
from leukofeat.segmentation.lab_kmeans import cluster_lab
from leukofeat.smear import Smear
from tests.cells import real_cells
from tests.segmentation.test_lab_kmeans import BACKGROUND, CYTOPLASM, NUCLEUS, field

PLANES = {"hsv": [0, 1], "hv": [0, 2]}
each_space = pytest.mark.parametrize("space", PLANES)
STAGES = [LabKMeansSegmenter(n_cytoplasm_clusters=1, rank="a"), FuzzyCMeansSegmenter()]
each_stage = pytest.mark.parametrize("stage", STAGES, ids=lambda s: type(s).__name__)


@each_space
def test_clusters_are_those_of_k_means_on_the_raw_planes(space):
    image = field(6)[0]
    labels, contrast = cluster_lab(image, n_cytoplasm_clusters=1, space=space)
    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL).reshape(-1, 3)[:, PLANES[space]].astype(float)
    model = KMeans(4, n_init=5, tol=0, random_state=0).fit(pixels)
    red = [image.reshape(-1, 3)[model.labels_ == c, 0].mean() for c in range(4)]
    place = np.argsort(np.argsort(red))
    np.testing.assert_array_equal(labels.ravel(), np.minimum(place[model.labels_], 2))
    ab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).reshape(-1, 3)[:, 1:].astype(float)
    means = [ab[model.labels_ == c].mean(axis=0) for c in range(4)]
    assert contrast == pytest.approx(max(np.linalg.norm(p - q) for p in means for q in means))


@each_space
def test_the_highest_a_is_that_of_the_pixels(space):
    image = field(6)[0]
    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL).reshape(-1, 3)[:, PLANES[space]].astype(float)
    model = KMeans(4, n_init=5, tol=0, random_state=0).fit(pixels)
    a = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[:, :, 1].ravel()
    first = np.argmax([a[model.labels_ == c].mean() for c in range(4)])
    labels = cluster_lab(image, n_cytoplasm_clusters=1, rank="a", space=space)[0]
    np.testing.assert_array_equal(labels.ravel() == 0, model.labels_ == first)


@each_stage
@each_space
def test_finds_the_leukocytes_of_a_field(stage, space):
    image, nucleus, _ = field()
    smear = stage.set_params(space=space, rank="red").transform([image])[0]
    inner = np.s_[:, 25:]
    assert smear.n_cells == 3
    assert (smear.nuclei[inner] > 0)[nucleus[inner]].mean() > 0.98
    assert (smear.nuclei[inner] > 0)[~nucleus[inner]].mean() < 0.02


@each_stage
@each_space
@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.full((50, 60, 3), BACKGROUND, np.uint8),
        np.full((50, 60, 3), NUCLEUS, np.uint8),
        np.repeat(np.arange(240, dtype=np.uint8), 20)[:, None, None] * np.ones((1, 20, 3), np.uint8),
        np.random.default_rng(0).normal(230, 3, (64, 64, 3)).astype(np.uint8),
    ],
    ids=["black pixel", "blank", "all nucleus", "grey", "noisy hues"],
)
def test_without_colour_there_is_no_cell(stage, space, image):
    assert stage.set_params(space=space).transform([image])[0].n_cells == 0


def test_red_on_both_sides_of_the_cut_is_two_clusters():
    """The circle of hue is not closed, as the docstring says."""
    image = np.full((60, 90, 3), (200, 150, 155), np.uint8)
    image[:, 45:] = (200, 155, 150)
    image[20:40, 20:40] = NUCLEUS
    image[20:40, 60:80] = CYTOPLASM
    labels, _ = cluster_lab(image, 2, 1, space="hsv")
    assert labels[0, 0] == 0
    assert labels[0, -1] == 1


def test_spaces_differ_and_layouts_do_not():
    image = field(8)[0]
    how = {"cleanup": Cleanup(clear_border=False), "rank": "a"}
    for segment in (segment_lab_kmeans, segment_fuzzy_c_means):
        found = {space: segment(image, space=space, **how)[0] for space in ("lab", "hsv", "hv")}
        np.testing.assert_array_equal(found["lab"], segment(image, **how)[0])
        view = np.repeat(image, 2, axis=1)[:, ::2]
        np.testing.assert_array_equal(found["hsv"], segment(view, space="hsv", **how)[0])
    np.testing.assert_array_equal(
        segment_lab_kmeans(Smear(image), space="hsv", **how)[0], segment_lab_kmeans(image, space="hsv", **how)[0]
    )


def test_more_clusters_than_colours():
    image = np.full((40, 40, 3), BACKGROUND, np.uint8)
    image[10:30, 10:30] = NUCLEUS
    for space in PLANES:
        for segment in (segment_lab_kmeans, segment_fuzzy_c_means):
            assert segment(image, n_clusters=9, space=space)[0].max() == 1


@pytest.mark.parametrize("space", ["lab", "hsv"])
def test_real_nuclei_are_found(space):
    scores = []
    for image, nucleus, _ in real_cells(12):
        found, wanted = segment_lab_kmeans(image, space=space, rank="red")[0] > 0, nucleus > 0
        scores.append(2 * (found & wanted).sum() / max(1, found.sum() + wanted.sum()))
    assert np.median(scores) > 0.8


def test_the_global_equalisation_of_the_published_code():
    image = field(4)[0]
    cytoplasm = cluster_lab(image, rank="a")[0] == 1
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    even = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(gray * cytoplasm)
    even = cv2.equalizeHist(even)
    bright = cv2.threshold(even, 0, 255, cv2.THRESH_OTSU)[1] > 0
    as_it_is = Cleanup(min_area=0, max_hole=0, clear_border=False)
    nuclei, cells = segment_lab_kmeans(image, rank="a", equalize="twice", cleanup=as_it_is)
    only = (cells > 0) & (nuclei == 0)
    assert only.any()
    assert bright[only].all()
    once = segment_lab_kmeans(image, rank="a", cleanup=as_it_is)[1]
    assert (once != cells).any()


def test_bad_values_are_named():
    image = field()[0]
    for stage in STAGES:
        with pytest.raises(ValueError, match=r"space.* must be one of 'lab', 'hsv', 'hv'"):
            type(stage)(space="rgb").fit([image])
    for segment in (segment_lab_kmeans, segment_fuzzy_c_means):
        with pytest.raises(ValueError, match="space"):
            segment(image, space="luv")
    with pytest.raises(ValueError, match="equalize"):
        segment_lab_kmeans(image, equalize="thrice")
    with pytest.raises(ValueError, match="equalize"):
        LabKMeansSegmenter(equalize="thrice").fit([image])
