"""Protocols of splitting: what `cv` and `groups` of a comparison may be."""

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, check_cv

from leukofeat.evaluation.columns import check_groups, is_estimate
from leukofeat.evaluation.splits import PUBLISHED, make_splitter, published_split


class Protocol(NamedTuple):
    """A way of splitting as it was named, the rows of its folds, and the groups that count under it.

    `untrained` are the classes that some fold tests although none of its training images is of them.
    """

    cv: str
    splits: list[tuple[np.ndarray, np.ndarray]]
    groups: np.ndarray | None
    untrained: tuple[str, ...] = ()

    def notes(self) -> list[str]:
        """What the splits do not show."""
        if not self.untrained:
            return self._group_notes()
        return [
            *self._group_notes(),
            f"{', '.join(self.untrained)}: tested in folds that train on no image of the class, so that its figures say nothing there"
            + ("; it has too few groups." if self.groups is not None else "."),
        ]

    def _group_notes(self) -> list[str]:
        if self.groups is None:
            return [
                "No groups were given: images of one slide or patient may stand on both sides of a split, and intervals and tests "
                "take every image for independent evidence. estimate_slides() (--groups estimated) guesses groups where there are no identifiers."
            ]
        mixed = {
            g for train, test in self.splits for g in np.intersect1d(self.groups[train], self.groups[test]).tolist()
        }
        if not mixed:
            return []
        return [
            f"{len(mixed)} of {len(np.unique(self.groups))} groups stand on both sides of a split: these figures do not hold for "
            "slides or patients that were not trained on."
        ]


def make_protocols(cv: Any, groups: Any, target: np.ndarray, random_state: Any) -> dict[str, Protocol]:
    """Protocols by name from `cv` and `groups` of :func:`~leukofeat.evaluation.compare`; a single one is called "cv"."""
    ways = cv if isinstance(cv, Mapping) else {"cv": cv}
    of_each = groups if isinstance(groups, Mapping) and not is_estimate(groups) else dict.fromkeys(ways, groups)
    if not of_each.keys() <= ways.keys():
        raise ValueError(
            f"groups= is for the protocols {', '.join(map(repr, of_each))}; cv= has {', '.join(map(repr, ways))}."
        )
    return {name: _make_protocol(way, of_each.get(name), target, random_state) for name, way in ways.items()}


def _make_protocol(cv: Any, groups: Any, target: np.ndarray, random_state: Any) -> Protocol:
    groups = check_groups(groups, len(target))
    if isinstance(cv, str) and cv in PUBLISHED:
        parts = published_split(cv, target)
        found: Any = [(parts["train"], parts["test"])]
    else:
        if isinstance(cv, str):
            splitter = make_splitter(cv, random_state=random_state)
        elif groups is not None and (cv is None or isinstance(cv, (int, np.integer))):
            splitter = StratifiedGroupKFold(5 if cv is None else int(cv))
        else:
            splitter = check_cv(cv, target, classifier=True)
        with warnings.catch_warnings():
            # The groups also count in intervals and tests; a split that ignores them is told in the notes of the result.
            warnings.filterwarnings("ignore", "The groups parameter is ignored")
            found = list(splitter.split(np.zeros(len(target)), target, groups))
    # np.arange(n)[part] makes row numbers of row numbers, and of masks
    rows = np.arange(len(target))
    splits = [(rows[train], rows[test]) for train, test in found]
    if not splits:
        raise ValueError("cv gives no split into training and test images; give one at least.")
    name = str(cv) if isinstance(cv, (str, int)) or hasattr(cv, "split") else "given"
    return Protocol(name, splits, groups, _untrained(target, splits))


def _untrained(target: np.ndarray, splits: list[tuple[np.ndarray, np.ndarray]]) -> tuple[str, ...]:
    labels, codes = np.unique(target, return_inverse=True)
    found = np.zeros(len(labels), bool)
    for train, test in splits:
        trained, tested = (np.bincount(codes[rows], minlength=len(labels)) for rows in (train, test))
        found |= (tested > 0) & (trained == 0)
    return tuple(map(str, labels[found]))
