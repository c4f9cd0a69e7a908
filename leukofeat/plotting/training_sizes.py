"""A metric by the number of training images."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from leukofeat.evaluation import Comparison
from leukofeat.plotting.style import (
    MOST_SERIES,
    OTHERS_COLOR,
    add_note,
    chosen,
    line_style,
    marker_style,
    one_panel,
    short,
    tidy,
    words,
)

__doctest_requires__ = {"*Display*": ["matplotlib"]}

_MOST_INTERVALS = 4


class TrainingSizeDisplay:
    """A metric on the same test images, by how many images the pipelines were trained on: a line a pipeline, 95 % intervals.

    scikit-learn's `LearningCurveDisplay` has one estimator, its training score, and the spread of folds. This one has the pipelines of
    :func:`~leukofeat.evaluation.compare_training_sizes`, and the intervals of a comparison. Intervals are drawn for four pipelines
    at most; of more than eight, those that end highest are named and the others grey.

    Parameters
    ----------
    table : DataFrame
        A row a pipeline and size: `pipeline`, `n_train` (mean over the folds), `value`, `low`, `high`.
    metric : str

    Attributes
    ----------
    ax_, figure_ : matplotlib axes and figure
    lines_ : dict of str to Line2D
        By pipeline.
    """

    def __init__(self, table: pd.DataFrame, metric: str) -> None:
        self.table = table
        self.metric = metric

    @classmethod
    def from_comparisons(
        cls,
        comparisons: Mapping[str, Comparison],
        *,
        metric: str = "accuracy",
        pipelines: Sequence[str] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw what :func:`~leukofeat.evaluation.compare_training_sizes` found.

        Parameters
        ----------
        comparisons : dict of str to Comparison
        metric : str, default="accuracy"
            A column of each one's `table`.
        pipelines : sequence of str, optional
            All by default.
        ax : matplotlib axes, optional

        Returns
        -------
        TrainingSizeDisplay

        Raises
        ------
        ValueError
            For a metric or pipeline that the comparisons do not have, or no comparison.

        Examples
        --------
        >>> from leukofeat.baselines import make_baseline
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.evaluation import compare_training_sizes
        >>> smears = make_smears(n_samples=24, size=96, random_state=0)
        >>> found = compare_training_sizes(
        ...     {"colours": make_baseline("four_colors")}, smears.images, smears.target, train_sizes=(0.5, 1), cv=2,
        ...     n_bootstrap=20,
        ... )
        >>> TrainingSizeDisplay.from_comparisons(found).table["n_train"].tolist()
        [8.0, 12.0]
        """
        if isinstance(comparisons, Comparison) or not comparisons:
            raise ValueError("comparisons must be a dict of size to Comparison, as compare_training_sizes gives it.")
        known = list(dict.fromkeys(name for found in comparisons.values() for name in found.table.index))
        rows = []
        for found in comparisons.values():
            if metric not in found.table:
                raise ValueError(f"There is no metric {metric!r}; the comparison has {', '.join(found.table)}.")
            sizes = found.by_fold.groupby("pipeline")["n_train"].mean()
            for name in chosen(pipelines, known):
                if name in found.table.index:
                    own = found.table.loc[name]
                    ends = (own.get(f"{metric}_{end}", np.nan) for end in ("low", "high"))
                    rows.append((name, float(sizes[name]), float(own[metric]), *map(float, ends)))
        table = pd.DataFrame(rows, columns=["pipeline", "n_train", "value", "low", "high"])
        return cls(table.sort_values("n_train", kind="stable", ignore_index=True), metric).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw on `ax`, or on a new figure.

        Returns
        -------
        self, with `ax_`, `figure_` and `lines_`
        """
        names = self.table["pipeline"].unique().tolist()
        ax = one_panel(ax, (5.6, 3.6))
        last = self.table.groupby("pipeline")["value"].last()
        ranked = sorted(names, key=lambda name: -np.nan_to_num(last[name], nan=-np.inf))
        named = [name for name in names if name in ranked[:MOST_SERIES]]
        self.lines_ = {}
        span = self.table["n_train"].max() - self.table["n_train"].min() if names else 0.0
        for name in names:
            own = self.table[self.table["pipeline"] == name]
            x, value, low, high = (own[part].to_numpy() for part in ("n_train", "value", "low", "high"))
            if name not in named:
                (self.lines_[name],) = ax.plot(
                    x, value, color=OTHERS_COLOR, linewidth=0.7, marker=".", markersize=3, zorder=2
                )
                continue
            i = named.index(name)
            style = line_style(i) | marker_style(i) | {"markersize": 5, "linewidth": 1.5}
            (self.lines_[name],) = ax.plot(x, value, zorder=3, label=short(name, 28), **style)
            if len(named) <= _MOST_INTERVALS:
                beside = x + 0.006 * span * (i - (len(named) - 1) / 2)  # so that no interval hides another
                ax.vlines(beside, low, high, color=style["color"], linewidth=1.1, alpha=0.8, zorder=2)
        ax.set_xticks(np.unique(self.table["n_train"]), [f"{n:,.0f}" for n in np.unique(self.table["n_train"])])
        ax.set_xlabel("training images (mean of the folds)", fontsize=8)
        ax.set_ylabel(words(self.metric), fontsize=8)
        handles = [self.lines_[name] for name in ranked if name in named]
        texts = [line.get_label() for line in handles]
        if len(names) > len(named):
            handles.append(next(line for name, line in self.lines_.items() if name not in named))
            texts.append(f"{len(names) - len(named)} others")
        # in the order in which the lines end
        ax.legend(
            handles, texts, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, handlelength=3.6
        )
        ax.grid(axis="y", color="#e4e7eb", zorder=0)
        ax.set_axisbelow(True)
        tidy(ax)
        self.ax_, self.figure_ = ax, ax.figure
        add_note(ax)
        return self
