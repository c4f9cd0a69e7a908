"""How much more images would bring: the same test images, with ever more of the training images."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leukofeat.constraints import Number, Real, check
from leukofeat.evaluation.columns import check_classes
from leukofeat.evaluation.compare import compare
from leukofeat.evaluation.comparison import Comparison
from leukofeat.evaluation.protocols import make_protocols
from leukofeat.sequence import as_sequence


def compare_training_sizes(
    pipelines: Mapping[str, Any],
    X: Any,
    y: Any,
    *,
    train_sizes: Sequence[float] = (0.1, 0.25, 0.5, 1.0),
    cv: Any = 5,
    groups: Any = None,
    target_names: Any = None,
    random_state: int = 0,
    **options: Any,
) -> dict[str, Comparison]:
    """Compare pipelines that learn from a part of the training images of each fold, and from all of them.

    The test images are the same for every size, and a smaller part lies in a larger one. Groups (slides, patients) come whole: what
    grows is the number of groups. Each class keeps its share, and one image or group at least. What does not depend on the
    training images is measured once.

    Parameters
    ----------
    pipelines, X, y, groups, target_names, random_state
        As of :func:`~leukofeat.evaluation.compare`.
    train_sizes : sequence of float, default=(0.1, 0.25, 0.5, 1.0)
        Shares of the training images of a fold, above 0 and up to 1.
    cv : int, str, splitter or iterable of (train, test), default=5
        As of :func:`~leukofeat.evaluation.compare`, but one way to split.
    **options
        Further ones of :func:`~leukofeat.evaluation.compare`, such as `memory`, `n_jobs` or `n_bootstrap`.

    Returns
    -------
    dict of str to Comparison
        By share, as "25 %", from the smallest; drawn by :class:`~leukofeat.plotting.TrainingSizeDisplay`. How many images that were
        stands in each one's `by_fold`.

    Raises
    ------
    ValueError
        For a share outside (0, 1], or several ways to split; and as of :func:`~leukofeat.evaluation.compare`.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=24, size=96, random_state=0)
    >>> pipelines = {"four_colors": make_baseline("four_colors")}
    >>> found = compare_training_sizes(
    ...     pipelines, smears.images, smears.target, train_sizes=(0.5, 1), cv=2, n_bootstrap=20
    ... )
    >>> {size: result.by_fold["n_train"].mean() for size, result in found.items()}
    {'50 %': np.float64(8.0), '100 %': np.float64(12.0)}
    """
    for size in train_sizes:
        check("train_sizes", size, Number(Real, 0, 1))
    shares = sorted({float(size) for size in train_sizes})
    if not shares or shares[0] <= 0:
        raise ValueError(f"train_sizes={tuple(train_sizes)!r} must be shares above 0 and up to 1, one at least.")
    if isinstance(cv, Mapping):
        raise ValueError("cv= must be one way to split; compare_training_sizes makes a protocol of each size.")
    images = as_sequence(X)
    target = check_classes(y, len(images), target_names)
    protocol = make_protocols(cv, groups, target, random_state)["cv"]
    units = np.arange(len(target)) if protocol.groups is None else protocol.groups
    rng = np.random.default_rng(random_state)
    parts = [(train, test, _place(target[train], units[train], rng)) for train, test in protocol.splits]
    ways = {f"{100 * share:g} %": [(train[places < share], test) for train, test, places in parts] for share in shares}
    return compare(
        pipelines, images, target, cv=ways, groups=groups if protocol.groups is None else dict.fromkeys(ways, groups),
        random_state=random_state, **options,
    )  # fmt: skip


def _place(target: np.ndarray, units: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Place of each row's unit among those of its class, drawn at random, as a share from 0 up to 1; shape (n,)."""
    _, first, codes = np.unique(units, return_index=True, return_inverse=True)
    places = np.empty(len(first))
    for label in np.unique(target[first]):
        own = rng.permutation(np.flatnonzero(target[first] == label))
        places[own] = np.arange(len(own)) / len(own)
    for label in np.unique(target):  # where groups mix classes, one that holds this class
        holding = np.unique(codes[target == label])
        places[holding[np.argmin(places[holding])]] = 0
    return places[codes]
