"""GrabCut moves rough outlines to the edges of the image."""

import cv2
import numpy as np
import pytest

from leukofeat.preprocessing import MedianDenoiser
from leukofeat.segmentation import Cleanup, GrabCutSegmenter, OtsuSegmenter, refine_grabcut


def disk(radius, shift=0):
    return cv2.circle(np.zeros((90, 90), np.int32), (45 + shift, 45), radius, 1, -1)


@pytest.fixture
def image():
    picture = np.full((90, 90, 3), (235, 230, 238), np.uint8)
    picture[disk(24) > 0] = (170, 150, 220)
    picture[disk(14) > 0] = (90, 40, 150)
    noise = np.random.default_rng(0).normal(0, 4, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def test_shifted_outlines_come_back(image):
    nuclei, cells = refine_grabcut(image, disk(14, 2), disk(24, 2), band=4)
    for found, truth in ((nuclei, disk(14)), (cells, disk(24))):
        assert 2 * ((found > 0) & (truth > 0)).sum() / ((found > 0).sum() + truth.sum()) > 0.98


def test_outlines_stay_within_the_band(image):
    nuclei, cells = refine_grabcut(image, disk(6), disk(12), band=2, cleanup=Cleanup(min_area=10))
    assert not (cells[disk(15) == 0]).any()
    assert nuclei[disk(3) > 0].all()


def test_the_state_of_opencv_does_not_matter():
    noise = np.random.default_rng(0).integers(100, 200, (90, 90, 3)).astype(np.uint8)
    found = []
    for state in range(4):
        cv2.setRNGSeed(state)
        cleanup = Cleanup(min_area=1, max_hole=1)
        found.append(refine_grabcut(noise, disk(14), disk(24), band=6, n_iter=1, cleanup=cleanup)[1])
    assert all(np.array_equal(found[0], other) for other in found)


def test_too_few_pixels_are_left_as_they_are(image):
    empty = np.zeros((90, 90), np.int32)
    assert not refine_grabcut(image, empty, empty)[1].any()
    dot = empty.copy()
    dot[45, 45] = 1
    nuclei, cells = refine_grabcut(image, dot, dot, cleanup=Cleanup(min_area=1))
    np.testing.assert_array_equal(nuclei, dot)
    np.testing.assert_array_equal(cells, dot)
    full = np.ones((90, 90), np.int32)
    np.testing.assert_array_equal(refine_grabcut(image, full, full, cleanup=Cleanup(clear_border=False))[1], full)


def test_parameters_of_the_inner_segmenter_can_be_set(image):
    stage = GrabCutSegmenter(OtsuSegmenter()).set_params(segmenter__n_classes=2, n_iter=1)
    smear = stage.fit([image]).transform([image])[0]
    assert smear.n_cells == 1
    assert stage.get_params()["segmenter__n_classes"] == 2


def test_bad_parameters_are_named(image):
    for bad in ({"n_iter": 0}, {"band": 0}, {"random_state": -1}, {"segmenter": "otsu"}):
        with pytest.raises((TypeError, ValueError), match=next(iter(bad))):
            GrabCutSegmenter(**bad).fit([image])
    with pytest.raises(ValueError, match="n_classes"):
        GrabCutSegmenter(OtsuSegmenter(n_classes=1)).fit([image])
    with pytest.raises(TypeError, match="segmenter must find cells"):
        GrabCutSegmenter(MedianDenoiser(3)).transform([image])[0]
