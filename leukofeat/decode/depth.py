"""Sixteen bits to eight."""

import numpy as np

from leukofeat.decode.damage import UnsuitedError

# Of a bright field under a microscope some pixels reach a quarter of what the file can hold.
_LEAST = 2**14


def check_depth(values: np.ndarray) -> None:
    """Raise UnsuitedError where 16-bit values cannot be meant to fill 16 bits: they would be read as near black."""
    top = int(values.max(initial=0))
    if values.dtype == np.uint16 and 0 < top < _LEAST:
        raise UnsuitedError(
            f"16-bit values that end at {top} of 65535, as of a camera of 14 bits or fewer; multiply them by a power of two "
            "that is the same for the whole data set, or save 8 bits"
        )
