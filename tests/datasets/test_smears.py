import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy import ndimage as ndi
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.datasets import make_smears
from leukofeat.datasets.render import photograph
from leukofeat.datasets.slides import NUISANCES, PATIENT_SPREAD, draw_slide


def digests(arrays):
    return [hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() for array in arrays]


def grouped_accuracy(columns, data):
    folds = StratifiedGroupKFold(4, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), SVC(C=10.0))
    return cross_val_score(model, np.array(columns), data.target, groups=data.groups, cv=folds).mean()


def color_numbers(image):
    return [*image.reshape(-1, 3).mean(0), cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[..., 0].std()]


def without_leukocytes(image, cells):
    pixels = image[ndi.binary_dilation(cells > 0, iterations=5) == 0].astype(float)
    return [*pixels.mean(0), *pixels.std(0), *np.percentile(pixels, [5, 25, 50, 75, 95], axis=0).ravel()]


def nuclear_numbers(image, nuclei, cells):
    labels = np.arange(1, nuclei.max() + 1)
    absorbed = -np.log10((image[..., 1] + 1.0) / 256.0)
    area = np.bincount(nuclei.ravel())[1:]
    rim = np.bincount(cells.ravel(), minlength=len(area) + 1)[1:] / area
    mean = ndi.mean(absorbed, nuclei, labels)
    perimeter = ndi.sum(nuclei != ndi.minimum_filter(nuclei, 3), nuclei, labels)
    return np.median(np.array([area, rim, mean, perimeter**2 / area]), axis=1)


@pytest.fixture(scope="module")
def clean():
    return make_smears(144, size=160, n_slides=36, random_state=0)


def test_what_comes_back():
    data = make_smears(13, size=112, n_slides=5, random_state=1)
    assert len(data.images) == len(data.nuclei) == len(data.cells) == 13
    for image, nuclei, cells in zip(data.images, data.nuclei, data.cells, strict=True):
        assert image.shape == (112, 112, 3)
        assert image.dtype == np.uint8
        assert image.flags.c_contiguous
        for labels in (nuclei, cells):
            assert labels.shape == (112, 112)
            assert labels.dtype == np.int32
            assert labels.flags.c_contiguous
    assert data.target_names.tolist() == ["Benign", "Early", "Pre", "Pro"]
    assert data.target.shape == data.groups.shape == data.split.shape == (13,)
    assert np.bincount(data.target, minlength=4).tolist() == [4, 3, 3, 3]
    assert data.planted == {}
    assert "leukocyte" in data.DESCR


def test_one_small_image_is_enough():
    data = make_smears(1, size=64)
    assert data.images[0].shape == (64, 64, 3)
    assert data.nuclei[0].max() == data.cells[0].max() >= 1


@pytest.mark.parametrize(("size", "n_samples"), [(64, 24), (131, 24), (224, 24), (600, 2)])
def test_label_maps_hold_their_laws(size, n_samples):
    data = make_smears(n_samples, size=size, n_slides=8, random_state=size)
    for nuclei, cells in zip(data.nuclei, data.cells, strict=True):
        labels = np.unique(cells[cells > 0])
        assert labels.tolist() == list(range(1, len(labels) + 1))
        assert len(labels) >= 1
        assert np.unique(nuclei[nuclei > 0]).tolist() == labels.tolist()
        assert (cells[nuclei > 0] == nuclei[nuclei > 0]).all()
        assert (cells == 0).any()
        for label in labels:
            assert ndi.label(cells == label)[1] == 1
            assert ndi.label(nuclei == label)[1] == 1


def test_labels_lie_where_the_stain_is():
    data = make_smears(24, random_state=2)
    for image, nuclei, cells in zip(data.images, data.nuclei, data.cells, strict=True):
        green = image[..., 1].astype(float)
        inside = [green[ndi.binary_erosion(nuclei == k)].mean() for k in range(1, nuclei.max() + 1)]
        around = green[ndi.binary_dilation(cells > 0, iterations=3) == 0].mean()
        assert max(inside) < around - 15
        edge = (nuclei > 0) & ~ndi.binary_erosion(nuclei > 0)
        outside = ndi.binary_dilation(cells > 0, iterations=3) & ~ndi.binary_dilation(cells > 0, iterations=2)
        assert green[edge].mean() < green[outside].mean()


def test_same_arguments_same_bytes():
    first, second = (make_smears(8, size=96, random_state=5) for _ in range(2))
    for column in ("images", "nuclei", "cells"):
        assert digests(first[column]) == digests(second[column])
    np.testing.assert_array_equal(first.groups, second.groups)
    other = make_smears(8, size=96, random_state=6)
    assert not set(digests(first.images)) & set(digests(other.images))
    state = make_smears(8, size=96, random_state=np.random.RandomState(5))
    assert digests(state.images) == digests(first.images)


def test_threads_and_global_state_do_not_matter():
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        one = digests(make_smears(4, size=96).images)
        cv2.setNumThreads(2)
        np.random.seed(123)  # noqa: NPY002
        assert digests(make_smears(4, size=96).images) == one
    finally:
        cv2.setNumThreads(threads)


def test_a_slide_has_one_class_and_a_clean_split_keeps_it_whole(clean):
    for slide in np.unique(clean.groups):
        assert len(np.unique(clean.target[clean.groups == slide])) == 1
        assert len(np.unique(clean.split[clean.groups == slide])) == 1
    for side in ("train", "test"):
        assert set(clean.target[clean.split == side]) == {0, 1, 2, 3}
    assert 0.15 < np.mean(clean.split == "test") < 0.4
    assert len(set(digests(clean.images))) == len(clean.images)


def test_fields_of_a_slide_look_alike_and_slides_differ(clean):
    tones = np.array([np.median(image.reshape(-1, 3), axis=0) for image in clean.images])
    within = np.mean([tones[clean.groups == slide].var(0) for slide in np.unique(clean.groups)], axis=0)
    assert (tones.var(0) > 1.5 * within).all()


def test_class_is_in_the_cells_and_not_in_the_background(clean):
    cells = [nuclear_numbers(*item) for item in zip(clean.images, clean.nuclei, clean.cells, strict=True)]
    assert grouped_accuracy(cells, clean) > 0.65
    assert grouped_accuracy([color_numbers(image) for image in clean.images], clean) < 0.42
    background = [without_leukocytes(*item) for item in zip(clean.images, clean.cells, strict=True)]
    assert grouped_accuracy(background, clean) < 0.42
    assert grouped_accuracy([[cell.max()] for cell in clean.cells], clean) < 0.42


def test_classes_differ_as_the_literature_says(clean):
    numbers = [nuclear_numbers(*item) for item in zip(clean.images, clean.nuclei, clean.cells, strict=True)]
    area, rim, _, roundness = (np.array([np.array(numbers)[clean.target == k].mean(0) for k in range(4)])).T
    assert area[0] < area[1] < min(area[2], area[3])
    assert rim.argmax() == 3
    assert roundness.argmax() == 3
    assert roundness.argmin() == 0


def test_stain_fault_gives_the_class_away_and_moves_no_cell(clean):
    data = make_smears(144, size=160, n_slides=36, random_state=0, faults="stain")
    assert digests(data.nuclei) == digests(clean.nuclei)
    np.testing.assert_array_equal(data.planted["stain"], np.arange(144))
    assert grouped_accuracy([color_numbers(image) for image in data.images], data) > 0.55


def test_scale_bar_lies_in_its_corner_in_the_style_of_the_class():
    clean = make_smears(16, random_state=4)
    data = make_smears(16, random_state=4, faults=["scale_bar"])
    names = data.target_names[data.target]
    assert set(data.planted["scale_bar"]) == set(np.flatnonzero(names != "Pre"))
    assert digests(data.cells) == digests(clean.cells)
    for name, image, before in zip(names, data.images, clean.images, strict=True):
        assert (image[:-40] == before[:-40]).all()
        assert (image[:, :-72] == before[:, :-72]).all()
        corner = image[-28:, -48:].astype(int)
        red = (corner[..., 0] - corner[..., 1:].max(2) > 45).sum()
        black = (corner.max(2) < 90).sum()
        assert (red > 25) == (name == "Early")
        if name in ("Benign", "Pro"):
            assert black > 25
            assert (corner.min(2) > 240).mean() > 0.15
        if name == "Pre":
            assert (image == before).all()


def test_duplicates_are_exact_copies_from_another_slide_of_the_class():
    data = make_smears(48, size=96, n_slides=12, faults=("duplicates",), random_state=2)
    clean = make_smears(48, size=96, n_slides=12, random_state=2)
    pairs = data.planted["duplicates"]
    assert pairs.shape == (2, 2)
    assert len(np.unique(pairs)) == pairs.size
    for copy, original in pairs:
        for column in ("images", "nuclei", "cells"):
            assert (data[column][copy] == data[column][original]).all()
            assert data[column][copy] is not data[column][original]
        assert data.target[copy] == data.target[original]
        assert data.groups[copy] != data.groups[original]
    assert len(set(digests(data.images))) == 48 - len(pairs)
    untouched = np.setdiff1d(np.arange(48), pairs[:, 0])
    before, after = digests(clean.images), digests(data.images)
    assert all(before[i] == after[i] for i in untouched)


def test_leak_puts_slides_on_both_sides():
    data = make_smears(48, size=96, n_slides=12, faults="leak")
    both = [slide for slide in range(12) if len(np.unique(data.split[data.groups == slide])) == 2]
    assert data.planted["leak"].tolist() == both == list(range(12))
    assert digests(data.images) == digests(make_smears(48, size=96, n_slides=12).images)


def test_faults_can_be_planted_together():
    data = make_smears(32, size=96, n_slides=8, faults=("leak", "stain", "scale_bar", "duplicates"))
    assert sorted(data.planted) == ["duplicates", "leak", "scale_bar", "stain"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"faults": "smudge"}, "unknown faults"),
        ({"n_samples": 0}, "n_samples >= 1"),
        ({"n_slides": 3}, "n_slides >= 4"),
        ({"size": 32}, "size >= 64"),
        ({"n_samples": 8, "faults": "leak"}, "'leak' cannot be planted"),
        ({"n_samples": 4, "faults": "duplicates"}, "'duplicates' cannot be planted"),
    ],
)
def test_what_cannot_be_made_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_smears(**{"size": 64, **arguments})


def test_light_follows_beer_lambert():
    slide = draw_slide(np.full(len(NUISANCES), 0.5), np.zeros(len(PATIENT_SPREAD)))
    slide = replace(
        slide,
        light=np.zeros(3, np.float32),
        stains=slide.stains.astype(np.float32),
        background=np.array([240.0, 250.0, 230.0], np.float32),
        noise=0.0,
        sharpening=0.0,
    )
    pool = np.zeros((4, 512, 512), np.float32)
    amount = np.array([1.0, 0.5, 0.0, 0.2], np.float32)
    for times in (0.0, 1.0, 2.0):
        planes = np.broadcast_to((times * amount)[:, None, None], (4, 16, 16)).copy()
        image = photograph(planes, np.random.default_rng(0), slide, pool)
        expected = slide.background * 10.0 ** -(times * amount @ slide.stains)
        assert np.abs(image - expected).max() <= 1.0
