"""Paired tests between two classifiers on the same images, and the correction for many comparisons."""

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest, chi2, norm, rankdata, t
from sklearn.utils import check_random_state

from leukofeat.statistics.metrics import one_hot

EXACT_BELOW = 25  # discordant pairs from which the chi-square approximation of McNemar's test is trusted
_ENUMERATED = 14  # groups up to which every sign pattern is tried
_ROUNDING = 1e-12  # of differences of shares: such as do not differ by more are the same


class PairedTest(NamedTuple):
    """Outcome of a paired test: difference (first minus second), test statistic, two-sided p-value, and what was done.

    Examples
    --------
    >>> mcnemar([True, True, False], [True, False, False])._fields
    ('difference', 'statistic', 'p', 'method')
    """

    difference: float
    statistic: float
    p: float
    method: str


def mcnemar(correct_a: Any, correct_b: Any) -> PairedTest:
    """McNemar's test of whether two classifiers err equally often.

    Fewer than 25 discordant pairs: exact binomial test; otherwise chi-square with continuity correction. It takes the images
    for independent of one another: where they share slides use :func:`sign_flip` as well.

    Parameters
    ----------
    correct_a, correct_b : array-like of n bool
        Whether each classifier is right about each image.

    Returns
    -------
    PairedTest
        The difference is that of the accuracies; the statistic is the smaller discordant count, or chi-square.

    References
    ----------
    McNemar, Psychometrika 12(2), 1947. Edwards, Psychometrika 13(3), 1948 (continuity correction).

    Examples
    --------
    >>> a, b = [True] * 8 + [False, True], [False] * 8 + [True, True]
    >>> round(mcnemar(a, b).p, 4)
    0.0391
    """
    a, b = np.asarray(correct_a, bool), np.asarray(correct_b, bool)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    difference = (only_a - only_b) / len(a) if len(a) else np.nan
    discordant = only_a + only_b
    if discordant < EXACT_BELOW:
        p = binomtest(only_a, discordant).pvalue if discordant else 1.0
        return PairedTest(difference, float(min(only_a, only_b)), float(p), "McNemar, exact binomial")
    statistic = max(abs(only_a - only_b) - 1, 0) ** 2 / discordant
    return PairedTest(difference, statistic, float(chi2.sf(statistic, 1)), "McNemar, chi-square")


def sign_flip(values_a: Any, values_b: Any, groups: Any, *, n_flips: int = 9999, random_state: Any = 0) -> PairedTest:
    """Permutation test over groups: how rare is the difference if the two classifiers could be exchanged on each slide.

    The sum of the differences of each group has its sign flipped at random; every pattern is tried for up to 14 groups, and
    `n_flips` random ones beyond that (the observed one is counted with them).

    Parameters
    ----------
    values_a, values_b : array-like of length n
        What is compared on each image, such as whether the prediction is right.
    groups : array-like of length n
        Slide or patient of each image.
    n_flips : int, default=9999
    random_state : int, RandomState or None, default=0

    Returns
    -------
    PairedTest
        Difference of the means; the statistic is the number of groups on which the two differ.

    References
    ----------
    Fisher, The Design of Experiments, 1935; Phipson & Smyth, Stat. Appl. Genet. Mol. Biol. 9(1), 2010, for the count.

    Examples
    --------
    >>> round(sign_flip([1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [0, 1, 2, 3, 4]).p, 4)
    0.0625
    """
    gain = np.asarray(values_a, np.float64) - np.asarray(values_b, np.float64)
    codes = np.unique(np.asarray(groups), return_inverse=True)[1]
    sums = np.bincount(codes, weights=gain)
    sums = sums[sums != 0]
    observed = abs(sums.sum()) - 1e-9
    if len(sums) <= _ENUMERATED:
        signs = 1 - 2 * (np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums)) & 1)
        p, method = float(np.mean(np.abs(signs @ sums) >= observed)), "sign flips over groups, exact"
    else:
        rng = np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max))
        signs = 1 - 2 * rng.integers(0, 2, (n_flips, len(sums)), dtype=np.int8)
        p = float((np.count_nonzero(np.abs(signs @ sums) >= observed) + 1) / (n_flips + 1))
        method = "sign flips over groups, random"
    return PairedTest(float(gain.mean()) if len(gain) else np.nan, float(len(sums)), p, method)


def corrected_t(scores_a: Any, scores_b: Any, test_train_ratio: float) -> PairedTest:
    """Corrected resampled t-test over the folds of a (repeated) cross-validation.

    The training sets of the folds overlap, so a plain t-test takes them for more evidence than they are: the variance of the
    mean difference over J folds is taken as (1/J + n_test/n_train) times that of a single difference.

    Parameters
    ----------
    scores_a, scores_b : array-like of J folds
        A metric of each classifier, fold by fold.
    test_train_ratio : float
        Number of test images over number of training images.

    Returns
    -------
    PairedTest
        Mean difference, t with J - 1 degrees of freedom; p is 1 when no fold differs. It is NaN for a single fold, and where all folds
        differ by the same, which tells nothing of how much they vary.

    References
    ----------
    Nadeau & Bengio, Inference for the generalization error, Machine Learning 52(3), 2003.

    Examples
    --------
    >>> result = corrected_t([0.9, 0.8, 0.9, 0.8], [0.8, 0.8, 0.7, 0.7], 1 / 3)
    >>> round(result.statistic, 3), round(result.p, 3)
    (1.604, 0.207)
    """
    gain = np.asarray(scores_a, np.float64) - np.asarray(scores_b, np.float64)
    folds, method = len(gain), "corrected resampled t"
    if folds < 2:
        return PairedTest(float(gain.mean()) if folds else np.nan, np.nan, np.nan, method)
    if np.abs(gain).max() < _ROUNDING:
        return PairedTest(0.0, 0.0, 1.0, method)
    if np.ptp(gain) < _ROUNDING:
        return PairedTest(float(gain.mean()), np.nan, np.nan, method)
    statistic = float(gain.mean() / np.sqrt(np.var(gain, ddof=1) * (1 / folds + test_train_ratio)))
    return PairedTest(float(gain.mean()), statistic, float(2 * t.sf(abs(statistic), folds - 1)), method)


def delong(target: Any, scores_a: Any, scores_b: Any, labels: Any, *, groups: Any = None) -> PairedTest:
    """DeLong's test of two areas under correlated ROC curves, in the fast version by midranks.

    For more than two classes the mean of the one-vs-rest areas is compared. With `groups` the components of the images of a
    group are added up before they are squared (Obuchowski 1997), so that slides and not images count as evidence. With few
    groups p is too small: with three of each class, one in eleven is below 0.05 where nothing differs.

    Parameters
    ----------
    target : array-like of length n
    scores_a, scores_b : array-like of shape (n, k)
        Score of each class; one array of shape (n,) for the second of two classes.
    labels : array-like of k classes
    groups : array-like of length n, optional

    Returns
    -------
    PairedTest
        Difference of the (mean) areas, z; p = 1 when both put the images in one order. All is NaN when no class can be told from the
        others. Else p is NaN where nothing varies, and where any class, one of several too, has a single image, or group: that tells
        nothing of how others would differ, and the mean area rests on it as on the rest.

    References
    ----------
    DeLong et al., Biometrics 44(3), 1988. Sun & Xu, IEEE Signal Processing Letters 21(11), 2014. Obuchowski, Biometrics
    53(2), 1997.

    Examples
    --------
    >>> result = delong([0, 0, 0, 1, 1, 1], [1, 2, 4, 3, 5, 6], [2, 5, 1, 4, 3, 6], [0, 1])
    >>> round(result.difference, 3), round(result.statistic, 2)
    (0.111, 0.35)
    """
    truth = one_hot(target, labels)
    codes = np.arange(len(truth)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    scores_a, scores_b = _columns(scores_a), _columns(scores_b)
    area_a, parts_a = auc_components(truth, scores_a, codes)
    area_b, parts_b = auc_components(truth, scores_b, codes)
    difference, spread = float(area_a - area_b), float(np.sqrt(((parts_a - parts_b) ** 2).sum()))
    method = "DeLong" if groups is None else "DeLong, clustered"
    one_order = np.array_equal(rankdata(scores_a, axis=0), rankdata(scores_b, axis=0))
    if abs(difference) < _ROUNDING and (one_order or spread < _ROUNDING):
        return PairedTest(difference, 0.0, 1.0, method)
    if np.isnan(difference) or not spread >= _ROUNDING:
        return PairedTest(difference, np.nan, np.nan, method)
    return PairedTest(difference, difference / spread, float(2 * norm.sf(abs(difference) / spread)), method)


def auc_components(truth: np.ndarray, scores: np.ndarray, codes: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean one-vs-rest AUC, and each group's part in its error, (g,): their squares add up to the variance.

    It is DeLong's where every image is a group of its own, and Obuchowski's otherwise; NaN where a class has a single group.
    """
    areas, parts = [], np.zeros(codes.max(initial=-1) + 1)
    for positive, values in zip(truth.T > 0, scores.T, strict=True):
        m, n = int(positive.sum()), int((~positive).sum())
        if not m or not n:
            continue
        ranks = rankdata(values)
        wins = np.empty(len(values))  # share of the other side that an image is on the right side of
        wins[positive] = (ranks[positive] - rankdata(values[positive])) / n
        wins[~positive] = 1 - (ranks[~positive] - rankdata(values[~positive])) / m
        area = float(wins[positive].mean())
        for side in (positive, ~positive):
            g = len(np.unique(codes[side]))
            weight = np.sqrt(g / (g - 1)) / side.sum() if g > 1 else np.nan
            parts += weight * np.bincount(codes[side], wins[side] - area, len(parts))
        areas.append(area)
    return (float(np.mean(areas)), parts / len(areas)) if areas else (np.nan, parts)


def _columns(scores: Any) -> np.ndarray:
    scores = np.asarray(scores, np.float64)
    return np.column_stack([-scores, scores]) if scores.ndim == 1 else scores


def holm(p: Any) -> np.ndarray:
    """Holm's step-down correction: p-values that hold together for all the comparisons made.

    Parameters
    ----------
    p : array-like of m p-values
        NaN stands for a test that could not be made; it does not count and stays NaN.

    Returns
    -------
    ndarray of shape (m,), dtype float64

    References
    ----------
    Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6(2), 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    values = np.asarray(p, np.float64)
    corrected = np.full(values.shape, np.nan)
    order = np.argsort(values, kind="stable")[: np.count_nonzero(~np.isnan(values))]  # NaN is sorted to the end
    steps = values[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected
