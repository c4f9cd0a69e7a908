"""What the published mistake is worth: the same pipeline, augmented before and after the split."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedKFold, check_cv

from leukofeat.augmentation.estimator import Augmented
from leukofeat.augmentation.image import DEFAULT
from leukofeat.augmentation.sequence import augment
from leukofeat.sequence import as_sequence


def augmentation_leak(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    cv: Any = 5,
    n_copies: int = 4,
    transforms: Sequence[str] | Mapping[str, float] = DEFAULT,
    random_state: int = 0,
) -> pd.DataFrame:
    """Accuracy of a pipeline that is augmented before the split, as is often published, and inside the training fold.

    Parameters
    ----------
    estimator : estimator
        A pipeline from images to classes; cloned before each fit.
    X : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
    y : array-like of length n
    groups : array-like of length n, optional
        Slide or patient, for a grouped `cv`. The mistake does not look at it.
    cv : int, splitter or iterable of (train, test), default=5
        Split of the originals; the mistake takes a random stratified one of as many folds.
    n_copies : int, default=4
    transforms : sequence of names, or mapping of name to strength
        See :func:`augment_image`.
    random_state : int, default=0

    Returns
    -------
    DataFrame
        Rows "augment, then split", "split, then augment" and "not augmented"; columns `accuracy` (over all test images of all
        folds) and `seen`, the share of test images of which another version was trained on.

    Examples
    --------
    Labels dealt out at random cannot be learned: 0.5 is the truth, and everything above it is the leak.

    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import ColorFeatures
    >>> images = make_smears(n_samples=40, size=64, random_state=0).images
    >>> labels = np.random.default_rng(0).permutation(np.repeat(["benign", "malignant"], 20))
    >>> pipeline = make_pipeline(ColorFeatures(regions=("image",)), KNeighborsClassifier(1))
    >>> table = augmentation_leak(pipeline, images, labels, transforms=("flip", "rotation"), cv=4)
    >>> bool(table.loc["augment, then split", "accuracy"] > table.loc["split, then augment", "accuracy"] + 0.3)
    True
    """
    images, target = as_sequence(X), np.asarray(y)
    settings: dict[str, Any] = {"n_copies": n_copies, "transforms": transforms, "random_state": random_state}
    splits = list(check_cv(cv, target, classifier=True).split(np.zeros(len(target)), target, groups))
    inside = Augmented(estimator, **settings)
    more, more_target, source = augment(images, target, **settings)
    leaky = StratifiedKFold(len(splits), shuffle=True, random_state=random_state).split(source, more_target)
    rows = {
        "augment, then split": _score(estimator, more, more_target, source, leaky),
        "split, then augment": _score(inside, images, target, np.arange(len(target)), splits),
        "not augmented": _score(estimator, images, target, np.arange(len(target)), splits),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["accuracy", "seen"]).rename_axis("protocol")


def _score(estimator: Any, images: Any, target: Any, source: np.ndarray, splits: Any) -> tuple[float, float]:
    truth, found, seen = [], [], []
    for train, test in splits:
        truth.append(target[test])
        found.append(clone(estimator).fit(images[train], target[train]).predict(images[test]))
        seen.append(np.isin(source[test], source[train]))
    return float(accuracy_score(np.concatenate(truth), np.concatenate(found))), float(np.concatenate(seen).mean())
