"""What every kernel's entry function does first: hand over arrays of one type and layout."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class _Writeable:
    """The memory of a read-only array, announced as writeable."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array  # whose memory stays alive with this
        self.__array_interface__ = interface = array.__array_interface__
        interface["data"] = (interface["data"][0], False)


def plain(array: ArrayLike, dtype: Any, ndim: int | None = None) -> NDArray[Any]:
    """Return `array` as a C-contiguous array of `dtype` that is typed as writeable, copied only where needed.

    A read-only or strided array is another type to numba and would compile every kernel again. The result may share
    the memory of a read-only array: kernels read it and nothing else.

    Parameters
    ----------
    array : array_like
        Any array; values must fit into `dtype`.
    dtype : dtype
        The element type the kernel is written for.
    ndim : int, optional
        Number of dimensions that is required.

    Returns
    -------
    ndarray
        Contiguous; to be read only.

    Raises
    ------
    ValueError
        If the number of dimensions is wrong.

    Examples
    --------
    >>> plain([[1, 2]], np.uint8).flags.writeable
    True
    """
    out = np.asarray(array, dtype=dtype, order="C")
    if ndim is not None and out.ndim != ndim:
        raise ValueError(f"expected an array with {ndim} dimensions, got shape {np.shape(array)}")
    if out.flags.writeable:
        return out
    base = out.base
    # a read-only view of the whole of an array, as records hold them: that array, in a tenth of the time
    if type(base) is np.ndarray and base.shape == out.shape and base.dtype == out.dtype:
        flags = base.flags
        if flags.c_contiguous and flags.writeable:
            return base
    return np.asarray(_Writeable(out))


def count_labels(labels: NDArray[Any], n_labels: int | None) -> int:
    """Return `n_labels` if given, else the largest label in the map."""
    if n_labels is not None:
        return int(n_labels)
    return int(labels.max()) if labels.size else 0
