"""What is kept from one laboratory to another."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from leukofeat.evaluation import SiteComparison
from leukofeat.plotting.style import add_note, chosen, fit, ink_on, panels, say_nothing, short, words

__doctest_requires__ = {"*Display*": ["matplotlib"]}


class TransferDisplay:
    """A panel a pipeline: trained on the site of the row, tested on that of the column, with the 95 % interval.

    Framed cells are cross-validated inside one site, all others are of sites that the model never saw. What was not tested, or
    has no value for want of a class, is hatched.

    Parameters
    ----------
    values : DataFrame
        Indexed by pipeline and training, a column a test site, as :meth:`~leukofeat.evaluation.SiteComparison.matrix` gives it.
    low, high : DataFrame, optional
        Ends of the intervals, alike.
    metric : str, default="auc"

    Attributes
    ----------
    axes_ : ndarray of axes, shape (n_pipelines,)
    figure_ : matplotlib figure
    images_ : dict of str to AxesImage
        By pipeline.
    """

    def __init__(
        self,
        values: pd.DataFrame,
        *,
        low: pd.DataFrame | None = None,
        high: pd.DataFrame | None = None,
        metric: str = "auc",
    ) -> None:
        self.values = values
        self.low = low
        self.high = high
        self.metric = metric

    @classmethod
    def from_comparison(
        cls,
        comparison: SiteComparison,
        *,
        metric: str = "auc",
        pipelines: Sequence[str] | None = None,
        axes: Any = None,
    ) -> Self:
        """Draw a metric of what :func:`~leukofeat.evaluation.compare_sites` found.

        Parameters
        ----------
        comparison : SiteComparison
        metric : str, default="auc"
            A column of `comparison.table`; shades are for shares, from 0 to 1.
        pipelines : sequence of str, optional
            All by default.
        axes : matplotlib axes, one a pipeline, optional

        Returns
        -------
        TransferDisplay

        Raises
        ------
        ValueError
            For a metric or pipeline that the comparison does not have.

        Examples
        --------
        >>> rows = [("a", "A", "A", 0.9), ("a", "A", "B", 0.6), ("a", "all others", "B", 0.7)]
        >>> table = pd.DataFrame(rows, columns=["pipeline", "train", "test", "auc"])
        >>> empty = pd.DataFrame()
        >>> result = SiteComparison(table, empty, empty, pd.DataFrame(index=["A", "B"]))
        >>> display = TransferDisplay.from_comparison(result)
        >>> display.values.loc[("a", "A")].tolist()
        [0.9, 0.6]
        """
        values = comparison.matrix(metric)
        names = chosen(pipelines, values.index.get_level_values("pipeline").unique().tolist())
        ends = {
            end: comparison.matrix(f"{metric}_{end}").loc[names] if f"{metric}_{end}" in comparison.table else None
            for end in ("low", "high")
        }
        return cls(values.loc[names], metric=metric, **ends).plot(axes)

    def plot(self, axes: Any = None) -> Self:
        """Draw on `axes`, one a pipeline, or on a new figure.

        Returns
        -------
        self, with `axes_`, `figure_` and `images_`
        """
        names = self.values.index.get_level_values("pipeline").unique().tolist()
        n_rows, n_columns = (len(self.values.loc[names[0]]) if names else 1), self.values.shape[1]
        drawn = panels(axes, len(names), (1.5 + 0.72 * n_columns, 1.4 + 0.55 * n_rows), n_columns=3)
        self.images_ = {}
        for ax, name in zip(drawn, names, strict=False):
            self.images_[name] = self._draw(ax, name)
            ax.set_title(f"{short(name, 12 + 7 * n_columns)}: {words(self.metric)}", fontsize=9)
        if not names:
            say_nothing(drawn[0], "There is nothing to draw.")
        self.axes_, self.figure_ = np.array(drawn), drawn[0].figure
        add_note(drawn[0])
        return self

    def _draw(self, ax: Any, name: str) -> Any:
        from matplotlib.patches import Rectangle

        table = self.values.loc[name].astype(float)
        values = table.to_numpy()
        bounds = (self.low, self.high)
        low, high = (np.full_like(values, np.nan) if end is None else end.loc[name].to_numpy(float) for end in bounds)
        image = ax.imshow(np.ma.masked_invalid(values), cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
        for (i, j), value in np.ndenumerate(values):
            if np.isnan(value):
                ax.add_patch(
                    Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, hatch="////", edgecolor="#b5bac1", linewidth=0)
                )
                continue
            ink = ink_on(image.to_rgba(value))
            known = not np.isnan(low[i, j] + high[i, j])
            ax.text(j, i - 0.13 * known, f"{value:.2f}", ha="center", va="center", fontsize=9, color=ink)
            if known:
                ends = f"{low[i, j]:.2f} – {high[i, j]:.2f}"
                ax.text(j, i + 0.24, ends, ha="center", va="center", fontsize=6.5, color=ink)
            if str(table.index[i]) == str(table.columns[j]):
                ax.add_patch(Rectangle((j - 0.47, i - 0.46), 0.94, 0.92, fill=False, edgecolor="black", linewidth=1.6))
        sites = [short(site, 12) for site in table.columns]
        ax.set_xticks(range(len(sites)), sites, fontsize=8, rotation=90 if max(map(len, sites)) > 8 else 0)
        ax.set_yticks(range(len(values)), [short(site, 16) for site in table.index], fontsize=8)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_xlabel(fit(ax, "tested on (framed: other folds of the same site)", 8), fontsize=8)
        ax.set_ylabel("trained on", fontsize=8)
        return image
