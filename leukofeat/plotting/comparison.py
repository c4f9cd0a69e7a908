"""Pipelines side by side: a metric with its interval."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from leukofeat.evaluation import Comparison
from leukofeat.plotting.style import BAR_INK, OTHERS_COLOR, add_note, chosen, fit, one_panel, short, tidy, words

__doctest_requires__ = {"*Display*": ["matplotlib"]}

_SHARES = ("accuracy", "sensitivity", "specificity", "ppv", "npv", "f1", "auc", "fpr", "fnr")


class ComparisonDisplay:
    """A row a pipeline: a metric of all test images, its 95 % interval, and the single folds behind it.

    Parameters
    ----------
    table : DataFrame
        Indexed by pipeline, in the order to draw: `value`, `low`, `high`; NaN for what is not known.
    metric : str
    folds : dict of str to ndarray, optional
        By pipeline, the value of each fold.

    Attributes
    ----------
    ax_, figure_ : matplotlib axes and figure
    points_ : Line2D
        The values.
    intervals_ : LineCollection
    """

    def __init__(self, table: pd.DataFrame, metric: str, *, folds: dict[str, np.ndarray] | None = None) -> None:
        self.table = table
        self.metric = metric
        self.folds = folds

    @classmethod
    def from_comparison(
        cls,
        comparison: Comparison,
        *,
        metric: str = "accuracy",
        pipelines: Sequence[str] | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw a metric of what :func:`~leukofeat.evaluation.compare` found, the best pipeline first.

        Parameters
        ----------
        comparison : Comparison
        metric : str, default="accuracy"
            A column of `comparison.table`. Intervals are drawn for those that have `_low` and `_high` beside them, folds for those that
            `comparison.by_fold` has.
        pipelines : sequence of str, optional
            All by default.
        ax : matplotlib axes, optional

        Returns
        -------
        ComparisonDisplay

        Raises
        ------
        ValueError
            For a metric or pipeline that the comparison does not have.

        Examples
        --------
        >>> from leukofeat.baselines import make_baseline
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.evaluation import compare
        >>> smears = make_smears(n_samples=16, size=96, random_state=0)
        >>> pipelines = {"four_colors": make_baseline("four_colors")}
        >>> result = compare(pipelines, smears.images, smears.target, cv=2, n_bootstrap=20)
        >>> display = ComparisonDisplay.from_comparison(result, metric="accuracy")
        >>> display.table.loc["four_colors", "low"] == result.table.loc["four_colors", "accuracy_low"]
        np.True_
        """
        found = comparison.table
        known = [name for name in found if not name.endswith(("_low", "_high"))]
        if metric not in known:
            raise ValueError(f"There is no metric {metric!r}; the comparison has {', '.join(known)}.")
        ends = [found.get(f"{metric}_{end}", pd.Series(np.nan, found.index)) for end in ("low", "high")]
        table = pd.concat([found[metric], *ends], axis=1, keys=["value", "low", "high"]).astype(float)
        table = table.loc[chosen(pipelines, list(found.index))]
        best_first = metric in ("brier", "calibration_error", "macro_fpr", "macro_fnr", "ms_per_image", "fit_seconds")
        table = table.sort_values("value", ascending=best_first, kind="stable")
        folds = None
        if metric in comparison.by_fold:
            by_fold = comparison.by_fold.groupby("pipeline")[metric]
            folds = {name: own.to_numpy(float) for name, own in by_fold if name in table.index}
        return cls(table, metric, folds=folds).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw on `ax`, or on a new figure.

        Returns
        -------
        self, with `ax_`, `figure_`, `points_` and `intervals_`
        """
        n = len(self.table)
        ax = one_panel(ax, (6.4, 1.2 + 0.3 * max(n, 1)))
        rows = np.arange(n)
        value, low, high = (self.table[name].to_numpy(float) for name in ("value", "low", "high"))
        folds = self.folds or {}
        for row, name in enumerate(self.table.index):
            own = folds.get(name, np.empty(0))
            ax.plot(own, np.full(len(own), row), "|", color=OTHERS_COLOR, markersize=11, zorder=2)
        self.intervals_ = ax.hlines(rows, low, high, color=BAR_INK, linewidth=2, zorder=3)
        (self.points_,) = ax.plot(value, rows, "o", color="black", markersize=5, zorder=4)
        ax.set_yticks(rows, [short(name) for name in self.table.index])
        ax.set_ylim(n - 0.4, -0.6)
        self._limit(ax, [value, low, high, *(folds.get(name, ()) for name in self.table.index)])
        digits = 3 if np.nanmax(np.abs(value), initial=0) < 10 else 1
        for row, one in enumerate(value):
            said = "–" if np.isnan(one) else f"{one:,.{digits}f}"
            ax.annotate(said, (1, row), (5, 0), ax.get_yaxis_transform(), "offset points", fontsize=8, va="center", annotation_clip=False)  # fmt: skip
        drawn = ["all test images"]
        drawn += ["line: 95 % interval"] if np.isfinite(low).any() else []
        drawn += ["ticks: single folds"] if folds else []
        ax.set_xlabel(fit(ax, f"{words(self.metric)} ({', '.join(drawn)})", 8), fontsize=8)
        ax.grid(axis="x", color="#e4e7eb", zorder=0)
        ax.set_axisbelow(True)
        tidy(ax)
        self.ax_, self.figure_ = ax, ax.figure
        add_note(ax)
        return self

    def _limit(self, ax: Any, parts: Sequence[Any]) -> None:
        """What is a share ends at 1 or before, so that it is read as one."""
        values = np.concatenate([np.asarray(part, float) for part in parts])
        values = values[np.isfinite(values)]
        if not len(values):
            ax.set_xlim(0, 1)
            return
        low, high = values.min(), values.max()
        room = 0.04 * max(high - low, 1e-3 if self.metric.endswith(_SHARES) else 1e-9)
        ax.set_xlim(low - room, high + room)
