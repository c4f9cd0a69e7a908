"""Two classes of several: what most published figures are about."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

BENIGN = ("benign", "healthy", "normal", "hem")  # of Aria's, ALL-IDB's, others' and C-NMC's labels


def binary_target(y: Any, *, benign: Sequence[str] | str = BENIGN, target_names: Any = None) -> np.ndarray:
    """Two classes of several: benign, and everything else as malignant.

    Parameters
    ----------
    y : array-like of length n
        Names of classes, or codes into `target_names`.
    benign : sequence of str, or str, default=("benign", "healthy", "normal", "hem")
        Names of the benign classes; upper and lower case are the same. Those that do not occur are passed over.
    target_names : sequence of str, optional
        Names of the classes where `y` holds codes, as :func:`load_images` gives both.

    Returns
    -------
    ndarray of shape (n,), dtype str
        "benign" or "malignant".

    Raises
    ------
    ValueError
        When none of the classes is among `benign`, or all are; when `y` is no single column, has blanks, or holds codes without a
        name.

    Examples
    --------
    >>> binary_target(["Pre", "Benign", "Early"])
    array(['malignant', 'benign', 'malignant'], dtype='<U9')
    >>> binary_target([0, 1, 1], target_names=["blast", "healthy"])
    array(['malignant', 'benign', 'benign'], dtype='<U9')
    >>> binary_target(["AML", "APL"])
    Traceback (most recent call last):
    ...
    ValueError: None of the classes AML, APL is benign (benign, healthy, normal, hem); name those that are in benign=.
    """
    values = np.asarray(y)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"y has shape {values.shape}; one class an image is wanted, shape (n,).")
    if target_names is not None:
        names = np.asarray(target_names).astype(str)
        if values.dtype.kind not in "iu" or values.min() < 0 or values.max() >= len(names):
            raise ValueError(
                f"y must hold codes from 0 to {len(names) - 1} where there are target_names; leave those out else."
            )
        values = names[values]
    elif values.dtype.kind in "biufc":
        raise ValueError("y holds numbers; say with target_names= which class each is.")
    if (pd.isna(values) | np.array([not str(value).strip() for value in values.tolist()])).any():
        raise ValueError("y: some images have no class; fill it in, or leave these images out.")
    classes, codes = np.unique(values.astype(str), return_inverse=True)
    wanted = (benign,) if isinstance(benign, str) else tuple(benign)
    folded = {str(name).strip().casefold() for name in wanted}
    is_benign = np.array([name.strip().casefold() in folded for name in classes.tolist()])
    if is_benign.all() or not is_benign.any():
        which = "All" if is_benign.all() else "None"
        verb = "are" if is_benign.all() else "is"
        raise ValueError(
            f"{which} of the classes {', '.join(classes)} {verb} benign ({', '.join(map(str, wanted))}); name those that are in "
            "benign=."
        )
    return np.where(is_benign[codes], "benign", "malignant")
