"""What goes along with the class: permutations that respect groups, and an RBF machine cross-validated by groups."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial.distance import cdist
from scipy.stats import chi2, rankdata
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from leukofeat.statistics.metrics import one_hot

N_PERMUTATIONS = 1999
MAX_IMAGES = 3000
MOST_IMAGES = 4000  # where groups are many, and of each some images are kept
_RIDGE = 0.1  # 1 / C of the machine
_MANY = 300  # units from which the asymptotic distribution of a rank test is as good as permutations


class Association(NamedTuple):
    """How far a quantity goes along with the class."""

    effect: float  # share of the variance of the ranks between classes, corrected for chance (epsilon squared), 0 to 1
    p: float
    n_units: int  # groups, or images where there are no groups


class Prediction(NamedTuple):
    """How well the class is read from some features."""

    accuracy: float  # balanced, cross-validated
    chance: float
    p: float
    n_units: int
    grouped: bool


def associate(
    values: np.ndarray, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator
) -> Association | None:
    """Test whether a quantity or a category differs between classes.

    Parameters
    ----------
    values : ndarray of shape (n,), float or str
        A quantity (compared by ranks, as Kruskal and Wallis do) or a category.
    y : ndarray of shape (n,), int
        Classes.
    groups : ndarray of shape (n,), int, optional
        A group of one class counts once, by its mean: its images are no independent witnesses.
    rng : Generator

    Returns
    -------
    Association or None
        None where nothing varies or there are too few units to tell.

    Examples
    --------
    >>> found = associate(np.arange(8.0), np.repeat([0, 1], 4), None, np.random.default_rng(0))
    >>> round(found.effect, 2), found.p < 0.05, found.n_units
    (0.72, True, 8)
    """
    numeric = values.dtype.kind in "fiub"
    known = ~np.isnan(values.astype(float)) if numeric else np.ones(len(values), bool)
    values, y = values[known], y[known]
    units = _units(y, None if groups is None else groups[known])
    columns = values[:, None] if numeric else one_hot(values, np.unique(values))
    weights = np.bincount(units)
    means = np.stack([np.bincount(units, column) / weights for column in columns.T], axis=1)
    first = np.unique(units, return_index=True)[1]
    label = np.unique(y[first], return_inverse=True)[1]
    n, k = len(label), label.max(initial=-1) + 1
    if k < 2 or n < k + 2:
        return None
    ranks = rankdata(means, axis=0) if numeric else means
    ranks = ranks - ranks.mean(axis=0)
    total = float((ranks**2).sum())
    if total < 1e-9:
        return None
    share = _between(ranks, label[None], k)[0] / total
    effect = max(0.0, (share * (n - 1) - (k - 1)) / (n - k))
    if n > _MANY:
        df = (k - 1) * (1 if numeric else max(1, np.linalg.matrix_rank(ranks)))
        p = float(chi2.sf(share * (n - 1) * (1 if numeric else df / (k - 1)), df))
    else:
        shuffled = rng.permuted(np.tile(label, (N_PERMUTATIONS, 1)), axis=1)
        p = float((1 + (_between(ranks, shuffled, k) / total >= share - 1e-9).sum()) / (N_PERMUTATIONS + 1))
    return Association(float(min(1.0, effect)), p, n)


def _between(ranks: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Sum of squares between classes for each row of labels; `ranks` (n, d) centred."""
    out = np.zeros(len(labels))
    for c in range(k):
        own = (labels == c).astype(float)
        out += ((own @ ranks) ** 2).sum(axis=1) / np.maximum(own.sum(axis=1), 1)
    return out


def _units(y: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Number of the independent unit of each image: group and class, or the image itself."""
    if groups is None:
        return np.arange(len(y))
    return np.unique(np.column_stack([groups, y]), axis=0, return_inverse=True)[1].ravel()


def make_folds(y: np.ndarray, groups: np.ndarray | None, seed: int) -> np.ndarray | None:
    """Fold of each image, groups held together and classes shared out evenly; None where a class has too few units."""
    units = y if groups is None else np.unique(np.column_stack([groups, y]), axis=0)[:, 1]
    fewest = int(np.bincount(units).min())
    # Two or more units of a class a fold leave room for permutations within folds.
    n_folds = min(5, fewest // 2) if fewest >= 4 else 2
    if fewest < 2 or len(np.unique(y)) < 2:
        return None
    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    folds = np.zeros(len(y), np.int64)
    splits = splitter(n_folds, shuffle=True, random_state=seed).split(y, y, groups)
    for k, (_, test) in enumerate(splits):
        folds[test] = k
    complete = all(len(np.unique(y[folds != k])) == len(np.unique(y)) for k in range(n_folds))
    return folds if complete else None


def predict(
    X: np.ndarray, y: np.ndarray, groups: np.ndarray | None, seed: int = 0, max_images: int = MAX_IMAGES
) -> Prediction | None:
    """Cross-validated accuracy of an RBF machine and whether it may be chance.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Features; NaN is replaced by the median, columns are standardised.
    y : ndarray of shape (n,), int
        Classes 0 to k - 1.
    groups : ndarray of shape (n,), int, optional
        Held together in the folds. Significance is by permuting the labels of whole groups, or of images where there are none, within
        folds, which leaves the folds as balanced as they are.
    seed, max_images : int

    Returns
    -------
    Prediction or None
        None where nothing varies or a class has too few units.

    Notes
    -----
    The machine is the least-squares support vector machine (Suykens and Vandewalle 1999) with gamma = 1 / p and C = 10: its
    predictions are linear in the labels, so that permutations need no machines of their own. At most `max_images` are used.
    """
    keep = subsample(y, groups, seed, max_images)
    X, y = X[keep], y[keep]
    groups = None if groups is None else groups[keep]
    k = int(y.max()) + 1
    folds = make_folds(y, groups, seed)
    X = standardize(X)
    if folds is None or X.shape[1] == 0:
        return None
    # A unit is of one class: a patient with cells of two is two units.
    units = _units(y, groups)
    first = np.unique(units, return_index=True)[1]
    n_units, label = len(first), y[first]
    labels = np.concatenate([label[None], _permuted(label, folds[first], np.random.default_rng(seed))])
    member = one_hot(units, np.arange(n_units)).astype(np.float32)
    right = np.zeros((len(labels), k))
    for fold in np.unique(folds):
        test, train = folds == fold, folds != fold
        by_unit = _hat(X[train], X[test]) @ member[train]
        right += _hits(labels, by_unit, np.bincount(units[train], minlength=n_units), units[test], k)
    counts = np.stack([(labels == c) @ np.bincount(units) for c in range(k)], axis=1)
    accuracies = (right / np.maximum(counts, 1)).mean(axis=1)
    p = float((1 + (accuracies[1:] >= accuracies[0] - 1e-9).sum()) / len(labels))
    return Prediction(float(accuracies[0]), 1 / k, p, n_units, groups is not None)


def _hits(labels: np.ndarray, by_unit: np.ndarray, sizes: np.ndarray, test_units: np.ndarray, k: int) -> np.ndarray:
    """Right answers a class, (n_labelings, k), of the machine trained and tested under each row of unit labels."""
    out = np.zeros((len(labels), k))
    step = max(1, 4_000_000 // (len(by_unit) * k))
    for start in range(0, len(labels), step):
        part = labels[start : start + step]
        best = np.full((len(part), len(by_unit)), -np.inf, np.float32)
        answer = np.zeros(best.shape, np.int8)
        for c in range(k):
            own = (part == c).astype(np.float32)
            score = (own / np.maximum(own @ sizes, 1)[:, None].astype(np.float32)) @ by_unit.T
            answer[score > best] = c
            np.maximum(best, score, out=best)
        truth = part[:, test_units]
        for c in range(k):
            out[start : start + step, c] = ((answer == c) & (truth == c)).sum(axis=1)
    return out


def cross_predict(X: np.ndarray, y: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Classes predicted for each image by the machine trained on the other folds."""
    X = standardize(X)
    out = np.zeros(len(y), np.int64)
    for fold in np.unique(folds):
        test, train = folds == fold, folds != fold
        out[test] = fit_predict(X[train], y[train], X[test])
    return out


def fit_predict(X: np.ndarray, y: np.ndarray, X_test: np.ndarray) -> np.ndarray:
    """Classes of `X_test` by the least-squares machine trained on standardised `X`."""
    target = one_hot(y, np.arange(y.max() + 1))
    return (_hat(X, X_test) @ (target / np.maximum(target.sum(axis=0), 1))).argmax(axis=1)


def standardize(X: np.ndarray) -> np.ndarray:
    """Columns with median for NaN, mean 0 and deviation 1; constant ones are dropped."""
    X = np.asarray(X, float)
    X = np.where(np.isfinite(X), X, np.nan)
    X = X[:, ~np.isnan(X).all(axis=0)]
    X = np.where(np.isnan(X), np.nanmedian(X, axis=0), X) if X.size else X
    spread = X.std(axis=0)
    keep = spread > 1e-9
    return (X[:, keep] - X[:, keep].mean(axis=0)) / spread[keep]


def _hat(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """(n_test, n_train): what each training image's label adds to the score of each test image."""
    gamma = 1.0 / train.shape[1]
    # Single precision: the ridge keeps the kernel matrix far from singular.
    kernel = np.exp(-gamma * cdist(train, train, "sqeuclidean")).astype(np.float32)
    kernel[np.diag_indices_from(kernel)] += _RIDGE
    factor = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
    cross = np.exp(-gamma * cdist(test, train, "sqeuclidean")).astype(np.float32)
    return cho_solve(factor, cross.T, check_finite=False).T


def _permuted(label: np.ndarray, fold_of: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    out = np.tile(label, (N_PERMUTATIONS, 1))
    for fold in np.unique(fold_of):
        own = np.flatnonzero(fold_of == fold)
        out[:, own] = rng.permuted(out[:, own], axis=1)
    return out


def subsample(y: np.ndarray, groups: np.ndarray | None, seed: int, max_images: int = MAX_IMAGES) -> np.ndarray:
    """Positions of at most about `max_images` images, every class and group in its share.

    Of a group, five are kept in any case; where groups are so many that more than 4,000 images remain, groups are drawn, too, in
    each class its share.
    """
    if len(y) <= max_images:
        return np.arange(len(y))
    rng = np.random.default_rng(seed)
    # Whole classes and groups shrink alike, the smallest least.
    share = max_images / len(y)
    units = y if groups is None else _units(y, groups)
    _, codes, sizes = np.unique(units, return_inverse=True, return_counts=True)
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(sizes)[:-1])
    kept = [rng.choice(own, max(min(len(own), 5), round(share * len(own))), replace=False) for own in members]
    total = sum(map(len, kept))
    if total > MOST_IMAGES:  # of very many small groups, some are left out whole
        label = y[[own[0] for own in kept]]
        classes = (np.flatnonzero(label == c) for c in np.unique(label))
        share = max_images / total
        chosen = [rng.choice(own, max(min(len(own), 10), round(share * len(own))), replace=False) for own in classes]
        kept = [kept[k] for k in np.sort(np.concatenate(chosen)).tolist()]
    return np.sort(np.concatenate(kept))
