"""What every kernel's entry function does first: hand over arrays of one type and layout."""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike


def plain(array: ArrayLike, dtype: DTypeLike, ndim: int | None = None) -> np.ndarray:
    """Return `array` as a C-contiguous array of `dtype` that is typed as writeable, copied only where needed.

    A read-only or strided array is another type to numba and would compile every kernel again. The result may share
    the memory of a read-only view, as records hold them: kernels read it and nothing else.

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
        If the number of dimensions is wrong, or a value does not fit into `dtype`.

    Examples
    --------
    >>> plain([[1, 2]], np.uint8).flags.writeable
    True
    """
    # mostly there is nothing to do, and on small arrays the rest takes longer than a kernel
    if (
        type(array) is np.ndarray
        and array.dtype == dtype
        and array.flags.carray
        and (ndim is None or array.ndim == ndim)
    ):
        return array
    given = np.asarray(array)
    with np.errstate(invalid="ignore"):
        out = np.asarray(given, dtype=dtype, order="C")
    if not np.can_cast(given.dtype, out.dtype) and not (out == given).all():
        raise ValueError(f"the {given.dtype} array holds values that do not fit into {out.dtype}")
    if ndim is not None and out.ndim != ndim:
        raise ValueError(f"expected an array with {ndim} dimensions, got shape {np.shape(array)}")
    if not out.flags.writeable:
        out = out.view()
        try:
            out.flags.writeable = True
        except ValueError:  # the memory itself is read-only
            out = out.copy()
    return out
