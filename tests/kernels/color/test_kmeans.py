"""k-means on a histogram against scikit-learn's on the pixels."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import KMeans

from leukofeat.kernels.color.kmeans import ab_histogram, kmeans, label_by_bin


def stained_pixels(seed, n=3000):
    """Four colour clouds of unequal size, rounded to bytes."""
    rng = np.random.default_rng(seed)
    centers = rng.uniform(80, 180, (4, 2))
    which = rng.choice(4, n, p=[0.1, 0.1, 0.3, 0.5])
    return np.clip(np.rint(centers[which] + rng.normal(0, 6, (n, 2))), 0, 255).astype(np.uint8)


def bins_of(pixels):
    return np.unique(pixels, axis=0, return_inverse=True, return_counts=True)


def reference(pixels, init):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return KMeans(len(init), init=init, n_init=1, tol=0, max_iter=1000).fit(pixels.astype(float))


@pytest.mark.parametrize("seed", range(12))
def test_same_start_same_partition_as_on_the_pixels(seed):
    pixels = stained_pixels(seed)
    points, inverse, counts = bins_of(pixels)
    init = points[np.random.default_rng(seed).choice(len(points), 4, replace=False)].astype(float)
    centers, labels, inertia = kmeans(points, counts, 4, init=init[None])
    expected = reference(pixels, init)
    np.testing.assert_allclose(centers, expected.cluster_centers_, rtol=1e-9)
    assert inertia == pytest.approx(expected.inertia_, rel=1e-9)
    np.testing.assert_array_equal(labels[inverse.ravel()], expected.labels_)


@pytest.mark.parametrize("seed", range(4))
def test_never_worse_than_the_best_of_the_same_starts(seed):
    pixels = stained_pixels(100 + seed, 1500)
    points, _, counts = bins_of(pixels)
    rng = np.random.default_rng(seed)
    starts = np.array([points[rng.choice(len(points), 4, replace=False)] for _ in range(6)], dtype=float)
    inertia = kmeans(points, counts, 4, init=starts)[2]
    assert inertia <= min(reference(pixels, start).inertia_ for start in starts) * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_own_starts_find_well_separated_clusters(seed):
    rng = np.random.default_rng(seed)
    middle = np.array([[20, 20], [20, 220], [220, 20], [220, 220]])
    pixels = np.rint(middle[rng.integers(0, 4, 500)] + rng.normal(0, 4, (500, 2))).astype(int)
    points, _, counts = bins_of(pixels)
    centers, labels, inertia = kmeans(points, counts, 4, n_init=5, random_state=seed)
    assert np.abs(np.sort(centers, axis=0) - np.sort(middle, axis=0)).max() < 2
    assert inertia == pytest.approx((counts * ((points - centers[labels]) ** 2).sum(1)).sum())


def test_more_starts_never_hurt_and_the_seed_decides():
    points, _, counts = bins_of(stained_pixels(3))
    inertia = [kmeans(points, counts, 5, n_init=n, random_state=0)[2] for n in (1, 2, 5, 20)]
    assert inertia == sorted(inertia, reverse=True)
    again = [kmeans(points, counts, 5, random_state=7) for _ in range(2)]
    np.testing.assert_array_equal(again[0][1], again[1][1])
    generator = kmeans(points, counts, 5, random_state=np.random.default_rng(7))
    np.testing.assert_array_equal(generator[1], again[0][1])


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.just(2)), elements=st.integers(0, 12)),
    st.integers(1, 6),
    st.integers(0, 5),
)
@settings(max_examples=80, deadline=None)
def test_result_is_a_fixed_point_of_lloyd(pixels, k, seed):
    points, _, counts = bins_of(pixels)
    centers, labels, inertia = kmeans(points, counts, k, random_state=seed)
    assert len(centers) == min(k, len(points))
    distances = ((points[:, None].astype(float) - centers) ** 2).sum(2)
    chosen = distances[np.arange(len(points)), labels]
    np.testing.assert_allclose(chosen, distances.min(1), atol=1e-9)
    assert inertia == pytest.approx((counts * chosen).sum(), abs=1e-9)
    assert sorted(set(labels.tolist())) == list(range(len(centers)))
    for c in range(len(centers)):
        mine = labels == c
        np.testing.assert_allclose(centers[c], np.average(points[mine], axis=0, weights=counts[mine]))


def test_an_emptied_cluster_starts_again():
    points = np.array([[0, 0], [1, 0], [100, 0], [101, 0]])
    far = np.array([[[0.0, 0.0], [100.0, 0.0], [200.0, 200.0]]])
    centers, labels, _ = kmeans(points, np.ones(4, int), 3, init=far)
    assert set(labels.tolist()) == {0, 1, 2}
    assert np.isfinite(centers).all()


def test_degenerate_input():
    centers, labels, inertia = kmeans(np.empty((0, 2), int), np.empty(0, int), 3)
    assert (centers.shape, labels.shape, inertia) == ((0, 2), (0,), 0.0)
    centers, labels, inertia = kmeans(np.array([[5, 7]]), np.array([9]), 4, random_state=0)
    assert (centers.tolist(), labels.tolist(), inertia) == ([[5, 7]], [0], 0.0)
    for bad in ({"n_clusters": 0}, {"n_clusters": 256}, {"n_clusters": 2, "n_init": 0}):
        with pytest.raises(ValueError, match="n_"):
            kmeans(np.array([[5, 7]]), np.array([9]), **bad)


def test_read_only_and_strided_points():
    points, _, counts = bins_of(stained_pixels(1))
    wide = np.repeat(points, 2, axis=1)[:, ::2]
    wide.flags.writeable = counts.flags.writeable = False
    np.testing.assert_array_equal(
        kmeans(wide, counts, 4, random_state=0)[1], kmeans(points, counts, 4, random_state=0)[1]
    )


def test_histogram_counts_every_pixel_once():
    rng = np.random.default_rng(0)
    lab = rng.integers(100, 110, (500, 3)).astype(np.uint8)
    red = rng.integers(0, 256, 500).astype(np.uint8)
    bins, counts, reds = ab_histogram(lab, red)
    code = lab[:, 1].astype(int) * 256 + lab[:, 2]
    np.testing.assert_array_equal(bins, np.unique(code))
    np.testing.assert_array_equal(counts, np.bincount(code)[bins])
    np.testing.assert_array_equal(reds, np.bincount(code, red)[bins])
    table = np.zeros(1 << 16, np.uint8)
    table[bins] = np.arange(len(bins)) % 256
    out = np.empty(500, np.uint8)
    label_by_bin(lab, table, out)
    np.testing.assert_array_equal(out, table[code])
