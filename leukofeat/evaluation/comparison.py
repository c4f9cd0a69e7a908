"""The result of a comparison: tables, which can be saved, loaded, and joined with those of other pipelines."""

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from leukofeat.evaluation.card import comparison_card
from leukofeat.evaluation.saved import FORMAT, read_saved, write_tables
from leukofeat.evaluation.tables import Outcome, confusion_tables, paired_tests
from leukofeat.markup import write_csv

_HEAD = "comparison.json"
_TABLES = ("table", "by_class", "by_fold", "by_group", "predictions", "pairs", "stress", "failures")
# what two comparisons must have in common to be one
_SAME = ("images", "classes", "splits", "groups", "n_bootstrap", "random_state")


@dataclass(frozen=True, repr=False)
class Comparison:
    """Result of :func:`~leukofeat.evaluation.compare`: pipelines side by side, as tables.

    A notebook shows the main figures; :func:`~leukofeat.report.write_report` all of them, and
    :class:`~leukofeat.plotting.ComparisonDisplay`, :class:`~leukofeat.plotting.RocBandDisplay`,
    :class:`~leukofeat.plotting.ReliabilityDisplay` and :class:`~leukofeat.plotting.ConfusionDisplay` draw them. :meth:`save` and :meth:`load` keep it in
    a folder, and :meth:`join` adds the rows of another one.

    Attributes
    ----------
    table : DataFrame
        A row a pipeline. Each metric of all test images pooled, with `_low` and `_high` (95 % bootstrap interval over groups,
        or images where there are none; a figure that nothing contradicts is proved by the units that it rests on, as an average over
        classes on those of the rarest: :func:`~leukofeat.evaluation.bootstrap_interval`): `accuracy`, `balanced_accuracy`, `macro_f1`, `macro_sensitivity`,
        `macro_specificity`, `macro_ppv`, `macro_npv`, `macro_fpr`, `macro_fnr`, `mcc`, `kappa`, `auc` (mean one-vs-rest),
        `brier`, `calibration_error` (both NaN unless the pipeline gives probabilities). The AUC takes the scores of all folds
        for one scale. Then `accuracy_std` (over folds),
        `group_accuracy_vote` and `group_accuracy_mean` (share of groups judged right, NaN without groups),
        `ms_per_image` (processor time from the file to the verdict, as if nothing had been shared) and `fit_seconds` (processor
        time, mean of a fold, the shared stages not included), both without the compiling of kernels, which is done once.
    by_class : DataFrame
        A row a pipeline and class: `support` and the metrics of the class against all others, with intervals; a sensitivity
        that nothing contradicts is proved by the groups, or images, of its class alone.
    by_fold : DataFrame
        A row a pipeline and fold: `n_train`, `n_test` and the overall metrics.
    by_group : DataFrame
        A row a pipeline and group: `n_images`, `target` (the class most of its images have), `accuracy` of its images, the
        verdict by `vote` and by the `mean` of the scores, and whether each is right. Empty without groups.
    predictions : DataFrame
        A row a pipeline and test image: `pipeline`, `fold`, `row`, `group`, `target`, `predicted` and `score_<class>`
        (probability, or decision value where the pipeline gives none).
    pairs : DataFrame
        A row a pair of pipelines and test: `first`, `second`, `metric`, `method`, `difference` (first minus second),
        `statistic`, `p`, and `p_corrected` (Holm, over the pairs of that metric and method). Both are NaN where a test cannot tell how
        much differences vary: all folds differ by the same, or, of DeLong's, a class has a single image or group.
    confusion : dict of DataFrame
        By pipeline: a row a true class, a column a predicted one.
    stress : DataFrame or None
        A row a pipeline and stress test, as :func:`~leukofeat.evaluation.stress_test` describes them.
    configuration : dict
        Versions, parameters and settings: what is needed to repeat the comparison.
    notes : list of str
        What a reader has to know before believing the figures.
    failures : DataFrame
        A row an image that could not be read or measured, and was left out of the training and test of every pipeline: `row`,
        `name`, `reason`.

    Examples
    --------
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.evaluation import compare
    >>> smears = make_smears(n_samples=16, size=96, random_state=0)
    >>> pipelines = {"four_colors": make_baseline("four_colors")}
    >>> result = compare(pipelines, smears.images, smears.target, cv=2, n_bootstrap=20)
    >>> result.summary().index.tolist(), len(result.predictions)
    (['four_colors'], 16)
    """

    table: pd.DataFrame
    by_class: pd.DataFrame
    by_fold: pd.DataFrame
    by_group: pd.DataFrame
    predictions: pd.DataFrame
    pairs: pd.DataFrame
    confusion: dict[str, pd.DataFrame]
    stress: pd.DataFrame | None = None
    configuration: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failures: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["row", "name", "reason"]))

    def summary(self) -> pd.DataFrame:
        """Columns of `table` to look at first: accuracy with its interval, balanced accuracy, macro F1, AUC, time an image.

        Returns
        -------
        DataFrame
            A row a pipeline; with groups also the share of groups judged right by vote.
        """
        columns = ["accuracy", "accuracy_low", "accuracy_high", "balanced_accuracy", "macro_f1", "auc"]
        columns += ["group_accuracy_vote"] if len(self.by_group) else []
        return self.table[[*columns, "ms_per_image"]]

    def __repr__(self) -> str:
        head = f"Comparison of {len(self.table)} pipelines, {self.by_fold['fold'].nunique()} folds"
        return "\n".join([head, self.summary().round(3).to_string(), *self.notes])

    def _repr_html_(self) -> str:
        return comparison_card(self)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write everything into a folder: `comparison.json`, `tables.json`, and `table.csv` to look at; no pickle.

        Parameters
        ----------
        folder : path
            Made if it is missing; a comparison in it is replaced.

        Returns
        -------
        Path
            The folder.

        Examples
        --------
        >>> import tempfile
        >>> from leukofeat.baselines import make_baseline
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.evaluation import compare
        >>> smears = make_smears(n_samples=16, size=96, random_state=0)
        >>> names = ("four_colors", "jin2023_svm")
        >>> first, second = (
        ...     compare({name: make_baseline(name)}, smears.images, smears.target, cv=2, n_bootstrap=20) for name in names
        ... )
        >>> folder = first.save(tempfile.mkdtemp())
        >>> Comparison.load(folder).join(second).table.index.tolist()
        ['four_colors', 'jin2023_svm']
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        head = {"format": FORMAT, "configuration": self.configuration, "notes": self.notes}
        write_tables(place, {name: getattr(self, name) for name in _TABLES})
        write_csv(self.table, place / "table.csv", index=True)
        (place / _HEAD).write_text(json.dumps(head, indent=1, default=str), encoding="utf-8")
        return place

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Comparison that :meth:`save` wrote.

        Raises
        ------
        ValueError
            When there is none in the folder, or one that cannot be read; the message names the file.
        ImportError
            For one that an older version saved, as Parquet files, where what reads them is not installed.
        """
        place = Path(folder)
        if not (place / _HEAD).is_file():
            inside = sorted(found.parent for found in place.glob(f"saved/*/{_HEAD}"))
            hint = f"; {' and '.join(map(str, inside))} {'do' if len(inside) > 1 else 'does'}" if inside else ""
            raise ValueError(f"{place}: holds no saved comparison ({_HEAD} is missing){hint}.")
        try:
            head = json.loads((place / _HEAD).read_text(encoding="utf-8"))
            found = read_saved(place, head["format"], _TABLES, optional=("stress",))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{place}: the saved comparison cannot be read ({error}); run it again.") from error
        outcomes, labels = _outcomes(found["predictions"]), np.array(head["configuration"]["classes"])
        return cls(
            **found,
            confusion=confusion_tables(outcomes, labels),
            configuration=head["configuration"],
            notes=head["notes"],
        )

    def join(self, other: Self) -> Self:
        """Add the rows of another comparison over the same images and splits, with the paired tests of all pipelines.

        Parameters
        ----------
        other : Comparison
            A pipeline of the same name has to have the same predictions.

        Returns
        -------
        Comparison

        Raises
        ------
        ValueError
            When the two were made on other images, classes, groups or splits, or by other settings, or use one name for two things.
        """
        for name in _SAME:
            mine, others = (found.configuration.get(name) for found in (self, other))
            if mine != others:
                raise ValueError(f"The two comparisons cannot be joined: {name} is {mine!r} here and {others!r} there.")
        outcomes, added = _outcomes(self.predictions), _outcomes(other.predictions)
        first = next(iter(outcomes.values()))
        for name, found in added.items():
            if any(
                not np.array_equal(getattr(first, part), getattr(found, part)) for part in ("fold", "row", "target")
            ):
                raise ValueError(
                    f"The two comparisons cannot be joined: {name!r} was tested on other images or in other folds; compare them at "
                    "once, with memory= so that what is known is not computed again."
                )
            if name in outcomes and not np.array_equal(outcomes[name].predicted, found.predicted):
                raise ValueError(f"Both comparisons have a pipeline {name!r}, with other predictions; rename one.")
        new = [name for name in added if name not in outcomes]
        everything = outcomes | {name: added[name] for name in new}
        pipelines = self.configuration["pipelines"] | other.configuration["pipelines"]
        by_fold = self.by_fold[self.by_fold["pipeline"] == next(iter(outcomes))]
        stress = [found.stress for found in (self, other) if found.stress is not None]
        return replace(
            self,
            table=pd.concat([self.table, other.table.loc[new]]),
            confusion=self.confusion | {name: other.confusion[name] for name in new},
            stress=pd.concat(stress, ignore_index=True).drop_duplicates(["pipeline", "test"]) if stress else None,
            pairs=paired_tests(
                everything,
                np.array(self.configuration["classes"]),
                _groups(self.predictions),
                float(np.mean(by_fold["n_test"] / by_fold["n_train"])),
                self.configuration["random_state"],
            ),
            configuration=self.configuration | {"pipelines": pipelines},
            notes=list(dict.fromkeys([*self.notes, *other.notes])),
            **{
                name: pd.concat([own, added_rows[added_rows["pipeline"].isin(new)]], ignore_index=True)
                for name, own, added_rows in (
                    (name, getattr(self, name), getattr(other, name))
                    for name in ("by_class", "by_fold", "by_group", "predictions")
                )
            },
        )


def _outcomes(predictions: pd.DataFrame) -> dict[str, Outcome]:
    """Predictions by pipeline, as the tests of pairs take them; how long they took is not among them."""
    columns = [name for name in predictions if name.startswith("score_")]
    found = {}
    for name, own in predictions.groupby("pipeline", sort=False):
        scores = own[columns].to_numpy(float)
        fold, row, target, predicted = (own[part].to_numpy() for part in ("fold", "row", "target", "predicted"))
        known = None if np.isnan(scores).any() else scores
        found[str(name)] = Outcome(fold, row, target, predicted, known, False, np.nan, np.nan)
    return found


def _groups(predictions: pd.DataFrame) -> np.ndarray | None:
    """Group of each image by its row; those that were never tested have none."""
    if "group" not in predictions:
        return None
    known = predictions.drop_duplicates("row").set_index("row")["group"]
    return known.reindex(range(known.index.max() + 1)).to_numpy()
