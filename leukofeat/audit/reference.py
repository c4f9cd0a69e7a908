"""A plain reference machine, to say what a leak is worth: whole-image colours and shapes, no cell looked at."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from sklearn.metrics import balanced_accuracy_score

from leukofeat.audit.dataset import Dataset
from leukofeat.statistics.association import cross_predict, fit_predict, make_folds, standardize, subsample

_MAX_IMAGES = 2000


class Reference:
    """What the reference machine reads on a dataset, under folds that keep copies together and under others."""

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.rows = data.labelled[subsample(data.target(data.labelled), None, data.seed, _MAX_IMAGES)]
        self.y = data.target(self.rows)

    @cached_property
    def features(self) -> np.ndarray:
        """Features, (n, p), standardised."""
        seen = [self.data.images[i] for i in self.rows]
        return standardize(np.array([np.r_[d.background, d.corner, d.colors, d.fingerprint.whole] for d in seen]))

    def folds(self, groups: np.ndarray | None) -> np.ndarray | None:
        """Fold of each row; None where a class has too few units, or nothing has a class."""
        return make_folds(self.y, groups, self.data.seed) if len(self.rows) else None

    @cached_property
    def safe(self) -> np.ndarray | None:
        """Predicted classes when copies and groups are held together."""
        folds = self.folds(self.data.units[self.rows])
        return None if folds is None else cross_predict(self.features, self.y, folds)

    @cached_property
    def train(self) -> np.ndarray | None:
        """Whether each row is in the largest part of the given split; None without a split that can be used."""
        splits = self.data.splits
        if splits is None or len(splits.categories) < 2:
            return None
        codes = splits.codes[self.rows]
        train = codes == np.bincount(codes[codes >= 0], minlength=1).argmax()
        classes = set(self.y)
        return train if set(self.y[train]) == classes == set(self.y[~train]) else None

    def gain_of_split(self) -> float:
        """Accuracy points by which the given split, or random folds, read higher than folds that hold groups together."""
        folds = self.folds(None)
        if self.safe is None or folds is None:
            return np.nan
        honest = balanced_accuracy_score(self.y, self.safe)
        if self.train is None:
            told = balanced_accuracy_score(self.y, cross_predict(self.features, self.y, folds))
        else:
            X, y, test = self.features, self.y, ~self.train
            told = balanced_accuracy_score(y[test], fit_predict(X[self.train], y[self.train], X[test]))
        return 100 * max(0.0, told - honest)

    def gain_of_twins(self, pairs: Sequence[tuple[int, int]] | np.ndarray) -> float:
        """Accuracy points gained by remembering the label of an image that shows the same and lies in another part."""
        part = self.folds(None) if self.train is None else self.train
        if self.safe is None or part is None or not len(pairs):
            return np.nan
        place = np.full(len(self.data), -1)
        place[self.rows] = np.arange(len(self.rows))
        ends = place[np.array(pairs)]
        ends = ends[(ends >= 0).all(axis=1)]
        ends = ends[(np.diff(part[ends].astype(int)) != 0).ravel() & (np.diff(self.y[ends]) == 0).ravel()]
        helped = np.isin(np.arange(len(self.rows)), ends)
        tested = np.ones(len(self.rows), bool) if self.train is None else ~self.train
        return 100 * float((helped & tested & (self.safe != self.y)).sum() / tested.sum())
