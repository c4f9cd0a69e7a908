"""Fuzzy c-means against its formulas in numpy."""

import numpy as np
import pytest

from leukofeat.kernels.color.fuzzy_c_means import fuzzy_c_means
from leukofeat.kernels.color.kmeans import kmeans
from leukofeat.segmentation import FuzzyCMeansSegmenter
from tests.cells import real_cells


def clouds(seed):
    rng = np.random.default_rng(seed)
    pixels = rng.choice(rng.uniform(50, 200, (4, 2)), 800) + rng.normal(0, 8, (800, 2))
    return np.unique(np.rint(pixels).astype(int), axis=0, return_counts=True)


def reference(points, weights, centers, m, n_iter):
    for _ in range(n_iter):
        squared = ((points[:, None] - centers) ** 2).sum(2)
        with np.errstate(divide="ignore", invalid="ignore"):
            u = 1 / ((squared[:, :, None] / squared[:, None, :]) ** (1 / (m - 1))).sum(2)
        u = np.where(squared == 0, 1.0, np.where((squared == 0).any(1, keepdims=True), 0.0, u))
        power = weights[:, None] * u**m
        centers = (power.T @ points) / power.sum(0)[:, None]
    return centers


@pytest.mark.parametrize("fuzziness", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("seed", range(4))
def test_steps_are_those_of_the_formulas(seed, fuzziness):
    points, counts = clouds(seed)
    start = points[[5, 50, 100, -1]].astype(float)
    for n_iter in (1, 2, 10):
        centers = fuzzy_c_means(points, counts, start, fuzziness=fuzziness, tol=0, max_iter=n_iter)
        np.testing.assert_allclose(centers, reference(points, counts, start, fuzziness, n_iter), rtol=1e-9)


def test_it_stops_where_a_step_changes_nothing():
    points, counts = clouds(9)
    centers = fuzzy_c_means(points, counts, points[[0, 30, 60, 90]])
    np.testing.assert_allclose(fuzzy_c_means(points, counts, centers, max_iter=1), centers, atol=2e-3)


def test_little_fuzziness_is_k_means():
    points, counts = clouds(2)
    start = kmeans(points, counts, 4, random_state=0)[0]
    np.testing.assert_allclose(fuzzy_c_means(points, counts, start, fuzziness=1.01), start, atol=0.5)


def test_degenerate_input():
    assert fuzzy_c_means([[3, 4]], [2], [[0, 0]]).tolist() == [[3, 4]]
    with pytest.raises(ValueError, match="fuzziness"):
        fuzzy_c_means([[3, 4]], [2], [[0, 0]], fuzziness=1)


def test_real_nuclei_are_found():
    images = real_cells(12)
    smears = FuzzyCMeansSegmenter().transform([image for image, _, _ in images])
    scores = []
    for smear, (_, nucleus, _) in zip(smears, images, strict=True):
        found = smear.nuclei > 0
        scores.append(2 * (found & (nucleus > 0)).sum() / (found.sum() + (nucleus > 0).sum()))
    assert np.median(scores) > 0.9


@pytest.mark.parametrize(
    "bad", [{"n_clusters": 0}, {"fuzziness": 1}, {"rank": "blue"}, {"random_state": None}], ids=str
)
def test_bad_parameters_are_named(bad):
    with pytest.raises((TypeError, ValueError), match=next(iter(bad))):
        FuzzyCMeansSegmenter(**bad).fit([np.zeros((4, 4, 3), np.uint8)])
