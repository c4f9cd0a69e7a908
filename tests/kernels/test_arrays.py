"""plain: arrays of one type and layout, or a word on why not."""

import numpy as np
import pytest

from leukofeat.kernels.arrays import plain
from leukofeat.kernels.regions.boxes import region_boxes


@pytest.mark.parametrize(
    "given", [np.array([[2**31]]), np.array([[2**32 + 1]], np.uint64), [[0.5]], [[np.nan]], [[-1e12]]]
)
def test_what_does_not_fit_is_refused(given):
    with pytest.raises(ValueError, match="do not fit into int32"):
        region_boxes(given)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.uint32, np.int64, np.uint64, np.float64])
def test_what_fits_is_taken_whatever_its_type(dtype):
    given = np.array([[0, 1], [1, 1]], dtype)
    given.flags.writeable = False
    out = plain(given, np.int32, ndim=2)
    assert out.dtype == np.int32
    assert out.flags.c_contiguous
    assert out.flags.writeable
    np.testing.assert_array_equal(out, given)
