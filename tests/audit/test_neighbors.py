"""The nearest points are those that a k-d tree finds, exactly for few points and nearly so for many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial import cKDTree

from leukofeat.audit.neighbors import near_links
from leukofeat.kernels.neighbors import keep_best


def _tree_links(points, k, reach):
    distance, other = cKDTree(points.astype(float)).query(points, k=k, distance_upper_bound=reach)
    near = np.isfinite(distance)
    return set(zip(np.nonzero(near)[0].tolist(), other[near].tolist(), strict=True))


def _as_set(links):
    return set(map(tuple, links.tolist()))


@pytest.mark.parametrize(("n", "d"), [(5, 3), (700, 14), (1500, 80)])
def test_few_points_are_compared_with_all(rng, n, d):
    points = rng.normal(size=(n, d)).astype(np.float32)
    reach = max(0.5, float(np.quantile(np.linalg.norm(points[:50, None] - points[None], axis=2), 0.05)))
    assert _as_set(near_links(points, 5, reach, exact=n)) == _tree_links(points, 5, reach)


def test_cells_lose_few_links_and_invent_none(rng):
    centers = rng.normal(size=(300, 14))
    points = (centers[rng.integers(0, 300, 6000)] + 0.1 * rng.normal(size=(6000, 14))).astype(np.float32)
    twins = np.concatenate([points, points + 1e-3])
    found = _as_set(near_links(twins, 5, 0.35, exact=100))
    exact = _as_set(near_links(twins, 5, 0.35, exact=len(twins)))
    assert len(found & exact) > 0.95 * len(exact)
    assert all((i, 6000 + i) in found and (6000 + i, i) in found for i in range(6000))
    assert np.linalg.norm(twins[[a for a, _ in found]] - twins[[b for _, b in found]], axis=1).max() < 0.3501


def test_points_that_are_all_the_same_and_none_at_all():
    same = np.ones((40, 3), np.float32)
    assert len(near_links(same, 3, 0.1, exact=100)) == 120
    assert len(near_links(same, 3, 0.1, exact=10)) == 120
    assert near_links(same[:1], 5, 0.1, exact=10).tolist() == [[0, 0]]
    assert near_links(same[:0], 5, 0.1, exact=10).shape == (0, 2)


@given(
    arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 40)), elements=st.floats(-9, 9, width=32)),
    st.integers(1, 6),
    st.integers(1, 12),
)
def test_block_by_block_is_all_at_once(scores, k, width):
    best = np.full((len(scores), k), -np.inf, np.float32)
    who = np.full(best.shape, -1)
    rows, numbers = np.arange(len(scores)), np.arange(scores.shape[1])
    for start in range(0, len(numbers), width):
        block = np.ascontiguousarray(scores[:, start : start + width])
        keep_best(block, rows, numbers[start : start + width], best, who)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(who[:, : order.shape[1]], order)
    np.testing.assert_array_equal(best[:, : order.shape[1]], np.take_along_axis(scores, order, axis=1))
    assert (who[:, order.shape[1] :] == -1).all()
