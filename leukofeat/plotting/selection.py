"""Which columns a selector chooses again."""

from typing import Any, Self

from leukofeat.evaluation import SelectionStability
from leukofeat.plotting.style import pyplot

__doctest_requires__ = {"*Display*": ["matplotlib"]}


class SelectionDisplay:
    """Share of resamples in which each feature was chosen, as horizontal bars.

    Parameters
    ----------
    result : SelectionStability
    k : int, default=30
        Features drawn, the most often chosen ones.
    """

    def __init__(self, result: SelectionStability, *, k: int = 30) -> None:
        self.result = result
        self.k = k

    @classmethod
    def from_result(cls, result: SelectionStability, *, k: int = 30, ax: Any = None) -> Self:
        """Draw what :func:`~leukofeat.evaluation.selection_stability` found.

        Parameters
        ----------
        result : SelectionStability
        k : int, default=30
        ax : matplotlib axes, optional

        Returns
        -------
        SelectionDisplay

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from leukofeat.evaluation import selection_stability
        >>> from leukofeat.selection import make_selector
        >>> iris = load_iris(as_frame=True)
        >>> found = selection_stability(make_selector(k=2), iris.data, iris.target, n_resamples=20)
        >>> display = SelectionDisplay.from_result(found)
        >>> display.ax_.get_xlabel()
        'share of 20 resamples in which it was chosen'
        """
        return cls(result, k=k).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw on `ax`, or on a new figure.

        Returns
        -------
        self, with `figure_`, `ax_` and `bars_`
        """
        shown = self.result.table["share"].iloc[: self.k]
        if ax is None:
            _, ax = pyplot().subplots(figsize=(7.0, 1.3 + 0.22 * len(shown)), layout="constrained")
        self.bars_ = ax.barh(range(len(shown)), shown, height=0.7)
        ax.set_yticks(range(len(shown)), shown.index, fontsize=8)
        ax.set(xlim=(0, 1), ylim=(len(shown) - 0.4, -0.6))
        ax.set_xlabel(f"share of {self.result.n_resamples} resamples in which it was chosen", fontsize=9)
        value, low, high = self.result.stability
        index = f"stability {value:.2f} ({low:.2f} to {high:.2f}), mean Jaccard {self.result.jaccard:.2f}"
        left = len(self.result.table) - len(shown)
        ax.set_title(index + (f"; {left:,} more features" if left else ""), fontsize=9)
        ax.spines[["top", "right"]].set_visible(False)
        self.ax_, self.figure_ = ax, ax.figure
        return self
