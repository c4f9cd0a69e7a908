"""k-means segmentation of drawn and real fields."""

import cv2
import numpy as np
import pytest
from sklearn.cluster import KMeans

from leukofeat.segmentation import Cleanup, LabKMeansSegmenter, segment_lab_kmeans
from leukofeat.segmentation.lab_kmeans import cluster_lab
from leukofeat.smear import Smear
from tests.cells import real_cells

BACKGROUND, RED_CELL, CYTOPLASM, NUCLEUS = (236, 230, 238), (225, 170, 175), (175, 160, 220), (95, 45, 150)


def field(noise=2.0, seed=0):
    """Three leukocytes, two of them touching, one at the border, among red cells; image, nucleus and cell mask."""
    image = np.full((160, 200, 3), BACKGROUND, np.uint8)
    nucleus, cell = np.zeros((2, 160, 200), np.uint8)
    for x, y in ((30, 120), (90, 130), (160, 120), (170, 40)):
        cv2.circle(image, (x, y), 12, RED_CELL, -1)
    for x, y in ((50, 50), (84, 50), (120, 100), (3, 80)):
        cv2.circle(image, (x, y), 20, CYTOPLASM, -1)
        cv2.circle(cell, (x, y), 20, 1, -1)
    for x, y in ((50, 50), (84, 50), (120, 100), (3, 80)):
        cv2.circle(image, (x, y), 13, NUCLEUS, -1)
        cv2.circle(nucleus, (x, y), 13, 1, -1)
    noisy = image + np.random.default_rng(seed).normal(0, noise, image.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8), nucleus > 0, cell > 0


@pytest.mark.parametrize("rank", ["red", "a"])
def test_finds_the_leukocytes_of_a_field(rank):
    image, nucleus, cell = field()
    nuclei, cells = segment_lab_kmeans(image, rank=rank, n_cytoplasm_clusters=1)
    inner = np.s_[:, 25:]
    assert nuclei.max() == cells.max() == 3
    np.testing.assert_array_equal(nuclei[inner] > 0, nucleus[inner])
    np.testing.assert_array_equal(cells[inner] > 0, cell[inner])
    assert not cells[:, :25].any()
    np.testing.assert_array_equal(np.where(nuclei > 0, cells, 0), nuclei)
    kept = segment_lab_kmeans(image, rank=rank, n_cytoplasm_clusters=1, cleanup=Cleanup(clear_border=False))
    assert kept[0].max() == 4


def test_clusters_are_those_of_k_means_on_the_pixels():
    image = field(6)[0]
    labels, contrast = cluster_lab(image, n_cytoplasm_clusters=1)
    ab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[:, :, 1:].reshape(-1, 2).astype(float)
    model = KMeans(4, n_init=5, tol=0, random_state=0).fit(ab)
    red = [image.reshape(-1, 3)[model.labels_ == c, 0].mean() for c in range(4)]
    place = np.argsort(np.argsort(red))
    np.testing.assert_array_equal(labels.ravel(), np.minimum(place[model.labels_], 2))
    centers = model.cluster_centers_
    assert contrast == pytest.approx(max(np.linalg.norm(p - q) for p in centers for q in centers))


def test_rank_decides_between_grey_blue_red_cells_and_nuclei():
    image = np.full((120, 160, 3), BACKGROUND, np.uint8)
    cv2.circle(image, (40, 60), 18, (95, 120, 160), -1)
    cv2.circle(image, (110, 60), 18, (150, 70, 190), -1)
    assert segment_lab_kmeans(image, rank="red")[0][60, 40] == 1
    assert segment_lab_kmeans(image, rank="a")[0][60, 110] == 1


def test_inner_clusters_leave_part_of_the_cytoplasm_cluster_out():
    image = field()[0]
    whole = cluster_lab(image, n_cytoplasm_clusters=1)[0]
    part = cluster_lab(image, n_cytoplasm_clusters=3)[0]
    assert 0 < (part == 1).sum() < (whole == 1).sum()
    assert not ((part == 1) & (whole != 1)).any()
    np.testing.assert_array_equal(part == 0, whole == 0)


def test_rotated_and_flipped_fields_have_the_same_clusters():
    image = field(8)[0]
    labels = cluster_lab(image)[0]
    np.testing.assert_array_equal(cluster_lab(np.rot90(image))[0], np.rot90(labels))
    np.testing.assert_array_equal(cluster_lab(image[:, ::-1])[0], labels[:, ::-1])


def test_real_nuclei_are_found():
    scores = []
    for image, nucleus, _ in real_cells(12):
        found = segment_lab_kmeans(image)[0] > 0
        scores.append(2 * (found & (nucleus > 0)).sum() / (found.sum() + (nucleus > 0).sum()))
    assert np.median(scores) > 0.93


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.full((1, 1, 3), 200, np.uint8),
        np.full((50, 60, 3), BACKGROUND, np.uint8),
        np.full((50, 60, 3), NUCLEUS, np.uint8),
        np.array([[NUCLEUS, BACKGROUND]], np.uint8),
        np.random.default_rng(0).normal(230, 3, (64, 64, 3)).astype(np.uint8),
        np.repeat(np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))[..., None], 3, axis=2),
        field()[0][110:, 60:],
    ],
    ids=["black pixel", "pixel", "blank", "all nucleus", "two pixels", "noise", "grey ramp", "no leukocyte"],
)
@pytest.mark.parametrize("rank", ["red", "a"])
def test_degenerate_images_do_not_raise(image, rank, request):
    nuclei, cells = segment_lab_kmeans(image, rank=rank)
    assert nuclei.shape == cells.shape == image.shape[:2]
    assert nuclei.dtype == cells.dtype == np.int32
    if "no leukocyte" not in request.node.callspec.id:
        assert not nuclei.any()
        assert not cells.any()


def test_fewer_colours_than_clusters():
    image = np.full((60, 60, 3), BACKGROUND, np.uint8)
    cv2.circle(image, (30, 30), 12, NUCLEUS, -1)
    nuclei, cells = segment_lab_kmeans(image, n_clusters=9)
    assert nuclei.max() == 1
    np.testing.assert_array_equal(nuclei, cells)


def test_a_faint_blob_is_no_nucleus():
    image = np.full((80, 80, 3), (230, 228, 232), np.uint8)
    cv2.circle(image, (40, 40), 20, (222, 218, 230), -1)
    assert not segment_lab_kmeans(image)[0].any()
    assert segment_lab_kmeans(image, min_contrast=0)[0].max() == 1


def test_pixels_darker_than_the_threshold_are_dropped():
    image = field()[0]
    share = cv2.cvtColor(np.uint8([[NUCLEUS]]), cv2.COLOR_RGB2GRAY)[0, 0] / 255
    assert segment_lab_kmeans(image, threshold=share - 0.05)[0].max() == 3
    assert segment_lab_kmeans(image, threshold=share + 0.05)[0].max() == 0


def test_otsu_drops_the_dark_part_of_the_cytoplasm_cluster():
    image = np.full((90, 90, 3), BACKGROUND, np.uint8)
    cv2.circle(image, (45, 45), 30, CYTOPLASM, -1)
    image[:, 60:][cv2.circle(np.zeros((90, 90), np.uint8), (45, 45), 30, 1, -1)[:, 60:] > 0] = (28, 24, 62)
    cv2.circle(image, (45, 45), 13, (150, 40, 150), -1)
    how = {"rank": "a", "n_cytoplasm_clusters": 1, "n_clusters": 3}
    whole = segment_lab_kmeans(image, equalize=False, **how)[1] > 0
    bright = segment_lab_kmeans(image, equalize=True, **how)[1] > 0
    assert whole[45, 70]
    assert not bright[45, 70]
    assert bright[45, 22]


def test_read_only_strided_and_repeated():
    image = field()[0]
    view = np.repeat(image, 2, axis=1)[:, ::2]
    view.flags.writeable = False
    for a, b in zip(segment_lab_kmeans(image), segment_lab_kmeans(view), strict=True):
        np.testing.assert_array_equal(a, b)


def test_stage_gives_the_smear_of_the_function():
    image = field()[0]
    stage = LabKMeansSegmenter(n_clusters=4, n_cytoplasm_clusters=1, cleanup=Cleanup(h=2.0))
    smear = stage.fit([image]).transform([image])[0]
    assert isinstance(smear, Smear)
    nuclei, cells = segment_lab_kmeans(image, n_cytoplasm_clusters=1, cleanup=Cleanup(h=2.0))
    np.testing.assert_array_equal(smear.nuclei, nuclei)
    np.testing.assert_array_equal(smear.cells, cells)


@pytest.mark.parametrize(
    "bad",
    [
        {"n_clusters": 0},
        {"n_cytoplasm_clusters": 2.5},
        {"rank": "blue"},
        {"threshold": 2},
        {"equalize": "no"},
        {"min_contrast": np.inf},
        {"n_init": 0},
        {"random_state": None},
    ],
    ids=str,
)
def test_bad_parameters_are_named(bad):
    with pytest.raises((TypeError, ValueError), match=next(iter(bad))):
        LabKMeansSegmenter(**bad).fit([np.zeros((4, 4, 3), np.uint8)])


def test_bad_images_are_refused():
    with pytest.raises(TypeError, match="uint8"):
        segment_lab_kmeans(np.zeros((4, 4, 3)))
