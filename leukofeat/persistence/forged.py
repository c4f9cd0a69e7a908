"""What a model's file may ask for before it is opened, and what in a loaded model would be read beyond its end."""

import json
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

SCHEMA = "schema.json"
_LARGEST_SCHEMA = 64 * 2**20  # bytes: some hundred thousand objects
_FREE, _SWELLING = 64 * 2**20, 20  # what any file may unpack to, and how many times its own length a larger one may
_MOST_ENTRIES = 200_000
# of arrays that point into arrays: a forged one reads memory that is not its own, as scikit-learn's trees do
_POINTING = {"SparseMatrixNode": "scipy.sparse"}
_LIBSVM = (SVC, NuSVC, SVR, NuSVR, OneClassSVM)


def check_archive(path: Any) -> list[str]:
    """Raise ValueError where a skops archive would unpack to much more than it is; what it holds beyond skops' own list of the untrusted.

    Returns
    -------
    list of str
        Kinds of objects that are trusted by skops and not here.
    """
    with open(path, "rb") as file:
        if file.read(1) == b"\x80":
            raise ValueError(
                "it looks like a pickle, which may run any code and is not opened; load it where you trust it, and save the model with "
                "leukofeat.persistence.save"
            )
        size = file.seek(0, 2)
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)  # no more is read of an entry than it says
        if len(entries) > _MOST_ENTRIES:
            raise ValueError(f"it has {len(entries):,} entries")
        if unpacked > max(_FREE, _SWELLING * size):
            raise ValueError(f"its {size:,} bytes would unpack to {unpacked:,}")
        if archive.getinfo(SCHEMA).file_size > _LARGEST_SCHEMA:
            raise ValueError(f"its {SCHEMA} is larger than {_LARGEST_SCHEMA // 2**20} MiB")
        schema = json.loads(archive.read(SCHEMA))
    if not isinstance(schema, dict) or "__loader__" not in schema:
        raise ValueError(f"its {SCHEMA} tells of no object")
    loaders = {node["__loader__"] for node in nodes(schema)}
    return sorted({kind for name, kind in _POINTING.items() if name in loaders})


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """What skops writes of each object of a model."""
    waiting = [schema]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            if isinstance(found.get("__loader__"), str):
                yield found
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found


def check_support_vectors(model: Any) -> None:
    """Raise ValueError where the arrays of a support vector machine do not fit each other: libsvm reads on by the counts they hold."""
    for part in _parts(model):
        if isinstance(part, _LIBSVM) and hasattr(part, "support_vectors_"):
            try:
                fits = _fits(part)
            except (AttributeError, TypeError, ValueError, IndexError):
                fits = False
            if not fits:
                raise ValueError(f"the arrays of its {type(part).__name__} do not fit each other")


def _fits(svm: Any) -> bool:
    arrays = vectors, duals, counts, support = svm.support_vectors_, svm._dual_coef_, svm._n_support, svm.support_
    n = len(support)
    # a regression is kept as one of two classes, each with all the counts
    n_classes = len(svm.classes_) if isinstance(svm, (SVC, NuSVC)) else 2
    n_pairs = n_classes * (n_classes - 1) // 2
    counted = counts if isinstance(svm, (SVC, NuSVC)) else counts[:1]
    return (
        all(isinstance(array, np.ndarray) for array in arrays)
        and vectors.shape == ((0, 0) if svm.kernel == "precomputed" else (n, svm.n_features_in_))
        and duals.shape == (n_classes - 1, n)
        and counts.shape == (n_classes,)
        and bool((counted >= 0).all())
        and int(counted.sum()) == n
        and svm._intercept_.shape == (n_pairs,)
        and svm.shape_fit_[1] == svm.n_features_in_
        and all(len(array) in (0, n_pairs) for array in (svm._probA, svm._probB))
    )


def _parts(model: Any) -> Iterator[Any]:
    """A model and all that it holds."""
    seen: set[int] = set()
    waiting = [model]
    while waiting:
        part = waiting.pop()
        if id(part) in seen or isinstance(part, (str, bytes, int, float, type)):
            continue
        seen.add(id(part))
        yield part
        if isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, (list, tuple, set)) or (isinstance(part, np.ndarray) and part.dtype.hasobject):
            waiting += list(np.ravel(part)) if isinstance(part, np.ndarray) else part
        elif hasattr(part, "__dict__"):
            waiting += vars(part).values()
