"""What a user gives beside the images, checked where it comes in: classes and groups, one an image."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from leukofeat.statistics.held_out import missing_values, refuse_mixed


def check_classes(y: Any, n_images: int, target_names: Any = None) -> np.ndarray:
    """Class of each image, shape (n,), by name where names are given.

    Parameters
    ----------
    y : array-like of length n, or of shape (n, 1)
        Classes, or codes into `target_names`.
    n_images : int
    target_names : sequence of str, optional

    Raises
    ------
    ValueError
        For another length or shape, missing or mixed classes, fewer than two of them, or codes without a name.

    Examples
    --------
    >>> check_classes([[0], [1], [1]], 3, ["Benign", "Pro"])
    array(['Benign', 'Pro', 'Pro'], dtype='<U6')
    """
    target = check_labels(y, n_images, target_names)
    if len(np.unique(target)) < 2:
        raise ValueError(f"All {n_images} images are of one class ({', '.join(map(str, target[:1]))}); two are needed.")
    return target


def check_labels(y: Any, n_images: int, target_names: Any = None) -> np.ndarray:
    """Class of each image as :func:`check_classes` gives it; they may all be of one class.

    Examples
    --------
    >>> check_labels([0, 0], 2, ["Benign", "Pro"])
    array(['Benign', 'Benign'], dtype='<U6')
    """
    target = _column("y", y, n_images)
    return target if target_names is None else _named(target, np.asarray(target_names))


def check_groups(groups: Any, n_images: int) -> np.ndarray | None:
    """Group of each image, shape (n,), or None where there are none; what `estimate_slides` gives will do as it is.

    Raises
    ------
    ValueError
        For another length or shape, or an image without a group.

    Examples
    --------
    >>> check_groups(["a", " ", "b"], 3)
    Traceback (most recent call last):
    ...
    ValueError: groups: 1 of 3 images has none (image 1 for one); fill it in, or leave these images out.
    """
    if isinstance(groups, Mapping):
        groups = groups["groups"]
    return None if groups is None else _column("groups", groups, n_images)


def is_estimate(groups: Any) -> bool:
    """Whether `groups` is the result of `estimate_slides`, and no dict of groups by protocol."""
    return isinstance(groups, Mapping) and {"groups", "n_groups", "note"} <= groups.keys()


def _column(name: str, values: Any, n_images: int) -> np.ndarray:
    # lists as objects first: numpy would write a missing value among names as the name 'nan'
    column = np.asarray(values, object) if isinstance(values, (list, tuple)) else np.asarray(values)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        raise ValueError(f"{name} has shape {column.shape}; one value an image is wanted, shape ({n_images},).")
    if len(column) != n_images:
        raise ValueError(f"{n_images} images and {len(column)} values of {name}.")
    missing = missing_values(column)
    if missing.any():
        first = np.flatnonzero(missing)[0]
        raise ValueError(
            f"{name}: {missing.sum()} of {n_images} images {'has' if missing.sum() == 1 else 'have'} none (image {first} for one); "
            "fill it in, or leave these images out."
        )
    refuse_mixed(name, column)
    is_untyped = isinstance(values, (list, tuple)) or (
        column.dtype == object and not all(isinstance(value, str) for value in column)
    )
    return np.asarray(column.tolist()) if is_untyped else column


def _named(target: np.ndarray, names: np.ndarray) -> np.ndarray:
    if target.dtype.kind in "iu":
        strange = target[(target < 0) | (target >= len(names))]
        if len(strange):
            raise ValueError(f"y holds {strange[0]}, which is no code into the {len(names)} target_names.")
        return names[target]
    strange = target[~np.isin(target.astype(str), names.astype(str))]
    if len(strange):
        raise ValueError(f"y holds {str(strange[0])!r}, which is none of target_names: {', '.join(map(str, names))}.")
    return target
