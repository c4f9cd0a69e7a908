"""Copies are found whatever was done to them, and fields that only look alike are not."""

import cv2
import numpy as np
import pytest

from leukofeat.audit.fingerprint import THUMB, fingerprint, symmetric_cosines
from leukofeat.audit.pairs import SYMMETRIES, cluster, find_pairs
from leukofeat.datasets import make_smears
from leukofeat.preprocessing.marks import trace_marks
from leukofeat.preprocessing.recurring import settle_marks


def pairs_of(images):
    traces = [trace_marks(image) for image in images]
    boxes = [None if mark is None else mark.box for mark in settle_marks(traces)]
    prints = [fingerprint(image, box) for image, box in zip(images, boxes, strict=True)]
    return find_pairs(prints, boxes, [image.shape[:2] for image in images])


def encode(image, quality=80):
    data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1].copy()


def crop(image, k):
    rng = np.random.default_rng(k)
    height, width = (round(0.9 * side) for side in image.shape[:2])
    y, x = rng.integers(0, image.shape[0] - height + 1), rng.integers(0, image.shape[1] - width + 1)
    return image[y : y + height, x : x + width]


CHANGES = {
    "encoded": lambda image, k: encode(image, 50),
    "flipped": lambda image, k: encode(image[:, ::-1]),
    "upside down": lambda image, k: encode(image[::-1]),
    "turned": lambda image, k: encode(np.rot90(image, 1 + k % 3)),
    "brighter": lambda image, k: encode(np.clip(image * 1.1, 0, 255).astype(np.uint8)),
    "darker": lambda image, k: encode((image * 0.9).astype(np.uint8)),
    "cropped": lambda image, k: encode(crop(image, k)),
    "cropped and enlarged": lambda image, k: encode(cv2.resize(crop(image, k), image.shape[1::-1])),
}


@pytest.mark.parametrize("change", CHANGES)
def test_copies_are_found_and_nothing_else(fields, change):
    n = len(fields)
    copies = [CHANGES[change](image, k) for k, image in enumerate(fields)]
    found = {(pair.first, pair.second) for pair in pairs_of(fields + copies)}
    truth = {(k, n + k) for k in range(n)}
    least = 0.9 if "crop" in change else 0.98
    assert len(found & truth) >= least * n
    assert len(found - truth) <= 0.01 * n


def test_copies_of_single_cells_and_fields_of_other_sizes_are_found(data_folder):
    files = sorted((data_folder / "wbcseg" / "dataset1").glob("*[0-9].png"))[:60]
    images = [cv2.imread(str(file))[:, :, ::-1].copy() for file in files]
    copies = [encode(np.rot90(image), 70) for image in images]
    found = {(pair.first, pair.second) for pair in pairs_of(images + copies)}
    assert all((k, 60 + k) in found for k in range(60))
    # Some of these cells were cut out twice by their authors.
    assert len({(a % 60, b % 60) for a, b in found if a % 60 != b % 60}) <= 3


def test_overlapping_fields_are_told_from_crops(fields):
    left = [encode(image[:, :120]) for image in fields[:20]]
    right = [encode(image[:, 40:]) for image in fields[:20]]
    found = {(pair.first, pair.second): pair for pair in pairs_of(left + right)}
    shared = [found.get((k, 20 + k)) for k in range(20)]
    assert sum(pair is not None for pair in shared) >= 18
    for pair in shared:
        if pair is not None:
            assert pair.kind == "overlap"
            assert pair.overlap == pytest.approx(80 / 120, abs=0.06)
    assert len(found) == sum(pair is not None for pair in shared)


@pytest.mark.parametrize("size", [64, 96])
def test_small_fields_that_look_alike_are_no_pair(size):
    assert pairs_of(make_smears(n_samples=80, size=size, n_slides=8, random_state=3).images) == []


def test_a_bar_hides_no_copy_and_makes_none():
    smears = make_smears(n_samples=40, size=128, n_slides=8, random_state=0, faults="scale_bar")
    turned = [np.rot90(image, 2).copy() for image in smears.images[:20]]
    found = {(pair.first, pair.second) for pair in pairs_of(smears.images + turned)}
    assert found == {(k, 40 + k) for k in range(20)}


def test_how_a_copy_was_turned_is_told(fields):
    image = fields[0]
    for turns, mirrored, how in (
        (0, True, "mirrored"),
        (2, False, "turned by 180°"),
        (1, False, "turned by 270°"),
        (3, False, "turned by 90°"),
    ):
        copy = np.rot90(image, turns)
        copy = encode(copy[:, ::-1] if mirrored else copy)
        (pair,) = pairs_of([image, copy])
        assert pair.kind == "copy"
        assert pair.how == how
    assert len(set(SYMMETRIES)) == 8


def test_blank_images_are_no_copies_of_each_other():
    blank = [np.full((64, 64, 3), level, np.uint8) for level in (0, 0, 128, 255)]
    assert pairs_of([*blank, np.zeros((1, 1, 3), np.uint8)]) == []
    assert find_pairs([], [], []) == []


def test_cosines_do_not_see_flips_and_quarter_turns(rng):
    thumb = rng.integers(0, 255, (THUMB, THUMB), dtype=np.uint8)
    expected = symmetric_cosines(thumb)
    for turns in range(4):
        turned = np.rot90(thumb, turns)
        np.testing.assert_allclose(symmetric_cosines(turned), expected, atol=1e-4)
        np.testing.assert_allclose(symmetric_cosines(np.ascontiguousarray(turned[:, ::-1])), expected, atol=1e-4)


def test_cluster_follows_chains():
    assert cluster(6, [(0, 4), (4, 2), (1, 3)]).tolist() == [0, 1, 0, 1, 0, 2]
    assert cluster(2, []).tolist() == [0, 1]
