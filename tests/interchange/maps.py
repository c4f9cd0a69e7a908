"""Label maps for round trips."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leukofeat.interchange import LabelMaps


@st.composite
def label_maps(draw, side=12):
    """Small maps of all kinds: one pixel, holes, parts that meet at corners, gaps in the numbers, nuclei in some cells."""
    shape = draw(st.integers(1, side)), draw(st.integers(1, side))
    cells = draw(arrays(np.int32, shape, elements=st.sampled_from([0, 1, 2, 5, 9])))
    kept = draw(arrays(np.bool_, shape))
    return np.where(kept, cells, 0).astype(np.int32), cells


def same(one, other):
    """Whether two have the same pixels and say the same of their cells."""
    assert one.cells.dtype == other.cells.dtype
    np.testing.assert_array_equal(one.cells, other.cells)
    np.testing.assert_array_equal(one.nuclei, other.nuclei)
    np.testing.assert_array_equal(one.label_ids, other.label_ids)
    np.testing.assert_array_equal(one.confidence, other.confidence)


RING = np.array([[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 2, 1], [1, 1, 1, 0]])
ODD = {
    "empty": LabelMaps(cells=np.zeros((3, 4), int)),
    "one pixel": LabelMaps(cells=np.eye(1, dtype=int)),
    "everything": LabelMaps(cells=np.full((3, 4), 7)),
    "hole with another in it": LabelMaps(cells=RING),
    "corner to corner": LabelMaps(cells=np.eye(5, dtype=int) * 3),
    "checkers": LabelMaps(cells=np.indices((6, 6)).sum(0) % 2 + 1),
    "two parts": LabelMaps(cells=np.array([[4, 0, 4], [4, 0, 4]])),
    "nuclei are cells": LabelMaps(nuclei=RING * 5),
    "some nuclei": LabelMaps(RING * (RING == 2), RING),
    "names out of order": LabelMaps(cells=RING, label_ids=[2**52, 3], confidence=[0.1 + 0.2, np.nan]),
}
