import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leukofeat.kernels.regions.labels import number_in_order


@given(arrays(np.int32, st.integers(1, 40), elements=st.integers(0, 9)))
@settings(deadline=None)
def test_numbers_are_given_in_order_of_appearance(labels):
    before = labels.copy()
    n = number_in_order(labels, 9)
    assert n == len(set(before.tolist()) - {0})
    order = list(dict.fromkeys(before[before > 0].tolist()))
    np.testing.assert_array_equal(labels, [order.index(v) + 1 if v else 0 for v in before])
