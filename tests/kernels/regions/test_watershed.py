"""The flood against scikit-image's watershed, where ties are everywhere."""

import numpy as np
import pytest
from scipy import ndimage as ndi
from skimage.segmentation import watershed

from leukofeat.kernels.regions.watershed import flood, grow


def flooded(elevation, markers, mask):
    labels = np.pad((markers * mask).astype(np.int32), 1)
    inside = np.pad(mask.astype(np.uint8), 1)
    flood(np.pad(elevation.astype(np.int32), 1), labels, inside, int(inside.sum()))
    return labels[1:-1, 1:-1]


@pytest.mark.parametrize("levels", [1, 2, 5, 100])
@pytest.mark.parametrize("seed", range(25))
def test_partition_is_that_of_scikit_image(seed, levels):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 40, 2))
    elevation = rng.integers(-levels, levels, shape)
    mask = rng.random(shape) < rng.choice([0.6, 0.9, 1.0])
    # single pixels and whole patches, so that many markers of one height start at once
    markers = np.where(rng.random(shape) < rng.choice([0.02, 0.3]), rng.integers(1, 5, shape), 0)
    np.testing.assert_array_equal(flooded(elevation, markers, mask), watershed(elevation, markers * mask, mask=mask))


def test_a_plateau_is_shared_between_both_sides():
    line = np.zeros((1, 7), int)
    markers = np.array([[1, 0, 0, 0, 0, 0, 2]])
    np.testing.assert_array_equal(flooded(line, markers, np.ones((1, 7))), [[1, 1, 1, 1, 2, 2, 2]])


def test_nothing_to_flood():
    empty = np.zeros((3, 4), int)
    assert not flooded(empty, empty, empty).any()
    assert not flooded(empty, empty, empty + 1).any()
    assert flooded(empty[:1, :1], np.array([[5]]), np.array([[1]])).tolist() == [[5]]


@pytest.mark.parametrize("seed", range(25))
def test_labels_grow_by_steps_within_the_mask(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 30, 2))
    mask = (rng.random(shape) < rng.choice([0.6, 0.9, 1.0])).astype(np.uint8)
    labels = np.where((rng.random(shape) < 0.05) & (mask > 0), rng.integers(1, 5, shape), 0).astype(np.int32)
    grown = labels.copy()
    grow(grown, mask)
    np.testing.assert_array_equal(grown[labels > 0], labels[labels > 0])
    # steps of one pixel from each label by itself
    steps = np.full((5, *shape), np.inf)
    for k in range(1, 5):
        reached = labels == k
        for step in range(mask.size + 1):
            steps[k][reached & np.isinf(steps[k])] = step
            reached = ndi.binary_dilation(reached, mask=mask > 0) | reached
            if np.isfinite(steps[k][reached]).all():
                break
    nearest = steps.min(axis=0)
    np.testing.assert_array_equal(grown > 0, np.isfinite(nearest))
    where = grown > 0
    np.testing.assert_array_equal(np.take_along_axis(steps, grown[None], axis=0)[0][where], nearest[where])


def test_nothing_grows_from_nothing_or_over_nothing():
    labels = np.zeros((3, 4), np.int32)
    grow(labels, np.ones((3, 4), np.uint8))
    assert not labels.any()
    labels[1, 1] = 2
    grow(labels, np.zeros((3, 4), np.uint8))
    assert (labels > 0).sum() == 1
