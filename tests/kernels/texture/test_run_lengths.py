from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.texture.run_lengths import RUN_LENGTH_NAMES, run_lengths
from tests.cells import degenerate_masks, drawn_field


def measured(levels, labels):
    return run_lengths(levels, labels, region_boxes(labels))


def lines(plane, direction):
    if direction == 0:
        return list(plane)
    if direction == 2:
        return list(plane.T)
    turned = plane if direction == 1 else plane[:, ::-1]
    return [np.diagonal(turned, k) for k in range(1 - plane.shape[0], plane.shape[1])]


def oracle(levels, mask):
    """Run-length matrix line by line, then the formulas as they are printed."""
    marked = np.where(mask, levels.astype(int) + 1, 0)
    out = []
    for direction in range(4):
        matrix = np.zeros((marked.max() + 1, max(marked.shape) + 1))
        for line in lines(marked, direction):
            for level, run in groupby(line):
                matrix[level, len(list(run))] += level > 0
        i, j = (np.maximum(k, 1) for k in np.indices(matrix.shape))
        n = matrix.sum()
        out.append(
            [
                (matrix / j**2).sum() / n,
                (matrix * j**2).sum() / n,
                (matrix.sum(axis=1) ** 2).sum() / n**2,
                (matrix.sum(axis=0) ** 2).sum() / n**2,
                n / np.count_nonzero(mask),
                (matrix / i**2).sum() / n,
                (matrix * i**2).sum() / n,
                (matrix / (i**2 * j**2)).sum() / n,
                (matrix * i**2 / j**2).sum() / n,
                (matrix * j**2 / i**2).sum() / n,
                (matrix * i**2 * j**2).sum() / n,
            ]
        )
    return np.array(out)


def test_matches_the_matrix():
    image, nuclei, _ = drawn_field()
    levels = image[..., 1] // 16
    got = measured(levels, nuclei)
    for k in (1, 2, 4):
        np.testing.assert_allclose(got[k - 1], oracle(levels, nuclei == k), rtol=1e-9)
    assert np.isnan(got[2]).all()


@pytest.mark.parametrize("name", degenerate_masks())
def test_degenerate_masks(name):
    labels = degenerate_masks()[name]
    levels = np.random.default_rng(0).integers(0, 3, labels.shape).astype(np.uint8)
    np.testing.assert_allclose(measured(levels, labels)[0], oracle(levels, labels > 0), rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(arrays(np.uint8, (5, 6), elements=st.integers(0, 2)), arrays(np.int32, (5, 6), elements=st.integers(0, 1)))
def test_anything(levels, labels):
    if labels.any():
        np.testing.assert_allclose(measured(levels, labels)[0], oracle(levels, labels > 0), rtol=1e-9)


def test_constant_line_is_one_run():
    values = dict(zip(RUN_LENGTH_NAMES, measured(np.zeros((1, 9), int), np.ones((1, 9), int))[0, 0], strict=True))
    assert values["long_run_emphasis"] == 81
    assert values["run_percentage"] == pytest.approx(1 / 9)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="differ in shape"):
        measured([[1]], [[1, 1]])
