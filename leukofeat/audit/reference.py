"""A plain reference machine, to say what a leak is worth: whole-image colours and shapes, no cell looked at."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from sklearn.metrics import balanced_accuracy_score

from leukofeat.audit.dataset import Dataset
from leukofeat.audit.pairs import cluster
from leukofeat.statistics.association import cross_predict, fit_predict, make_folds, standardize, subsample

_MAX_IMAGES = 2000


class Reference:
    """Predictions of the reference machine on a dataset, under folds that keep copies together and under random ones."""

    def __init__(self, data: Dataset) -> None:
        self.data = data
        rows = data.labelled
        if len(rows):
            rows = rows[subsample(data.target(rows), None, data.seed, _MAX_IMAGES)]
        self.rows = rows
        self.y = data.target(rows) if len(rows) else np.empty(0, np.int64)

    @cached_property
    def features(self) -> np.ndarray:
        """Features, (n, p), standardised."""
        seen = [self.data.images[i] for i in self.rows]
        parts = [np.concatenate([d.background, d.corner, d.colors, d.fingerprint.whole]) for d in seen]
        return standardize(np.array(parts))

    @cached_property
    def units(self) -> np.ndarray:
        """Images that must not be parted: of one field or of one group."""
        links = [*self.data.exact_pairs, *((p.first, p.second) for p in self.data.pairs)]
        groups = self.data.groups
        if groups is not None:
            for code in range(len(groups.names)):
                own = np.flatnonzero(groups.codes == code)
                links += [(int(own[0]), int(other)) for other in own[1:]]
        return cluster(len(self.data), links)

    @cached_property
    def safe(self) -> np.ndarray | None:
        """Predicted classes when copies and groups are held together."""
        return self._cross(self.units[self.rows])

    @cached_property
    def random(self) -> np.ndarray | None:
        """Predicted classes over random folds."""
        return self._cross(None)

    def _cross(self, groups: np.ndarray | None) -> np.ndarray | None:
        folds = make_folds(self.y, groups, self.data.seed) if len(self.rows) else None
        return None if folds is None else cross_predict(self.features, self.y, folds)

    def gain_of_random_folds(self) -> float:
        """Accuracy points by which random folds, or the given split, read higher than folds that hold groups together."""
        if self.safe is None:
            return np.nan
        honest = balanced_accuracy_score(self.y, self.safe)
        train = self._training_part()
        if train is not None:
            told = balanced_accuracy_score(
                self.y[~train], fit_predict(self.features[train], self.y[train], self.features[~train])
            )
        elif self.random is not None:
            told = balanced_accuracy_score(self.y, self.random)
        else:
            return np.nan
        return 100 * max(0.0, told - honest)

    def gain_of_twins(self, pairs: list[tuple[int, int]]) -> float:
        """Accuracy points gained by remembering the label of an image that shows the same and lies in the training part."""
        if self.safe is None or not pairs or self.data.y is None:
            return np.nan
        train = self._training_part()
        part = make_folds(self.y, None, self.data.seed) if train is None else (~train).astype(np.int64)
        tested = np.ones(len(self.rows), bool) if train is None else ~train
        place = {int(row): k for k, row in enumerate(self.rows)}
        helped = np.zeros(len(self.rows), bool)
        for ends in pairs:
            a, b = (place.get(end) for end in ends)
            if a is None or b is None or part is None or part[a] == part[b] or self.y[a] != self.y[b]:
                continue
            helped[[a, b]] = True
        return 100 * float((helped & tested & (self.safe != self.y)).sum() / tested.sum())

    def _training_part(self) -> np.ndarray | None:
        """Whether each row is in the largest part of the given split; None without a split that can be used."""
        splits = self.data.splits
        if splits is None or len(splits.names) < 2:
            return None
        codes = splits.codes[self.rows]
        train = codes == np.bincount(codes[codes >= 0], minlength=1).argmax()
        classes = set(np.unique(self.y))
        return train if set(self.y[train]) == classes == set(self.y[~train]) else None
