"""What each family of features brings and costs."""

from typing import Any, Self

import numpy as np

from leukofeat.evaluation import FamilyGain
from leukofeat.markup import NOTE
from leukofeat.plotting.style import marker_style, pyplot

__doctest_requires__ = {"*Display*": ["matplotlib"]}


class FamilyGainDisplay:
    """A row a family: its score alone, the score without it, and its milliseconds an image.

    Bars of error are standard deviations over the folds; the dashed line is the score of all families together.

    Parameters
    ----------
    result : FamilyGain
    """

    def __init__(self, result: FamilyGain) -> None:
        self.result = result

    @classmethod
    def from_result(cls, result: FamilyGain, *, axes: Any = None) -> Self:
        """Draw what :func:`~leukofeat.evaluation.family_gain` found.

        Parameters
        ----------
        result : FamilyGain
        axes : sequence of two matplotlib axes, optional

        Returns
        -------
        FamilyGainDisplay

        Examples
        --------
        >>> from leukofeat.baselines import make_baseline
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.evaluation import family_gain
        >>> smears = make_smears(n_samples=16, size=64, random_state=0)
        >>> found = family_gain(make_baseline("no_leukocytes"), smears.images, smears.target, cv=2)
        >>> display = FamilyGainDisplay.from_result(found)
        >>> [text.get_text() for text in display.axes_[0].get_yticklabels()]
        ['colorfeatures (170)', 'texturefeatures (80)']
        """
        return cls(result).plot(axes)

    def plot(self, axes: Any = None) -> Self:
        """Draw on two `axes`, or on a new figure.

        Returns
        -------
        self, with `figure_` and `axes_`
        """
        table = self.result.table
        rows = np.arange(len(table))
        if axes is None:
            size = (9.0, 1.5 + 0.45 * len(table))
            _, axes = pyplot().subplots(1, 2, figsize=size, layout="constrained", width_ratios=(3, 2))
        scores, costs = axes
        for i, (what, shift, label) in enumerate((("alone", -0.17, "alone"), ("without", 0.17, "all but it"))):
            style = marker_style(i) | {"linestyle": "none", "capsize": 3, "label": label}
            scores.errorbar(table[what], rows + shift, xerr=table[f"{what}_std"], **style)
        scores.axvline(self.result.score, color="gray", linestyle="--", linewidth=1, label="all families")
        scores.set_xlabel(
            f"{self.result.metric.replace('_', ' ')}, mean and standard deviation over the folds", fontsize=9
        )
        # above the rows, where no point can be under it
        scores.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
        costs.barh(rows, table["ms_per_image"], height=0.6, color="C7")
        costs.set_xlabel(f"ms an image, beside {self.result.shared_ms_per_image:.1f} that all need", fontsize=9)
        names = [f"{name} ({n:.0f})" for name, n in table["n_columns"].items()]
        scores.set_yticks(rows, names, fontsize=8)
        costs.set_yticks(rows, [])
        for ax in axes:
            ax.set_ylim(len(table) - 0.4, -0.6)
            ax.spines[["top", "right"]].set_visible(False)
        self.axes_, self.figure_ = np.asarray(axes), scores.figure
        self.figure_.supxlabel(NOTE, fontsize=7)
        return self
