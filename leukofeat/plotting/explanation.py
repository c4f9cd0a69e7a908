"""Why a verdict: the image with its cells, and what speaks for the verdict and against it."""

from pathlib import Path
from typing import Any, Self

import numpy as np

from leukofeat.explanation import Explanation, explain
from leukofeat.explanation.card import AGAINST_COLOR, FOR_COLOR, draw_pushes
from leukofeat.markup import NOTE
from leukofeat.plotting.style import pyplot

__doctest_requires__ = {"*Display*": ["matplotlib"]}

_LEAST = 0.005  # of the largest bar: what is shorter is not seen


class ExplanationDisplay:
    """The image, its cells outlined by how they push the verdict, beside bars of what the columns add.

    Cells and bars in blue speak for the verdict, in orange against it, with dashed outlines; a thick outline says more than a thin one.

    Parameters
    ----------
    explanation : Explanation
    """

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation

    @classmethod
    def from_explanation(cls, explanation: Explanation, *, k: int = 10, axes: Any = None) -> Self:
        """Draw one of what :func:`~leukofeat.explanation.explain` found.

        Parameters
        ----------
        explanation : Explanation
        k : int, default=10
            Number of bars at most, the longest.
        axes : sequence of two matplotlib axes, optional

        Returns
        -------
        ExplanationDisplay
        """
        return cls(explanation).plot(axes, k=k)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, against: Any = None, max_cells: int = 50, k: int = 10, axes: Any = None
    ) -> Self:
        """Explain the verdict of a fitted pipeline on one image, and draw it.

        Parameters
        ----------
        estimator : fitted pipeline
        X : set of one image
        against, max_cells
            As in :func:`~leukofeat.explanation.explain`.
        k, axes
            As in `from_explanation`.

        Returns
        -------
        ExplanationDisplay

        Raises
        ------
        ValueError
            When there is not exactly one image.

        Examples
        --------
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.features import ColorFeatures
        >>> smears = make_smears(n_samples=8, size=64, random_state=0)
        >>> model = make_pipeline(ColorFeatures(regions=("image",)), StandardScaler(), LogisticRegression())
        >>> display = ExplanationDisplay.from_estimator(model.fit(smears.images, smears.target), smears.images[:1])
        >>> [text.get_text() for text in display.axes_[1].get_yticklabels()]
        ['colour of the image', 'average image']
        """
        found = explain(estimator, X, against=against, max_cells=max_cells)
        if len(found) != 1:
            raise ValueError(f"X has {len(found)} images; give one, or draw those of explain with from_explanation.")
        return cls.from_explanation(found[0], k=k, axes=axes)

    def plot(self, axes: Any = None, *, k: int = 10) -> Self:
        """Draw on two `axes`, or on a new figure.

        Returns
        -------
        self, with `figure_` and `axes_`
        """
        why = self.explanation
        if axes is None:
            _, axes = pyplot().subplots(1, 2, figsize=(11.0, 4.8), layout="constrained", width_ratios=(1, 1))
        shown, bars = axes
        smear = why.smear
        if smear is not None:
            shown.imshow(draw_pushes(smear, why.cells))
        shown.set_axis_off()
        headline = why.sentences()[0]
        shown.set_title(f"{Path(why.name).name}\n{headline}", fontsize=8, loc="left", wrap=True)
        if why.reason:
            bars.set_axis_off()
        else:
            self._bars(bars, k)
        self.axes_, self.figure_ = np.asarray(axes), shown.figure
        self.figure_.supxlabel(NOTE, fontsize=7)
        return self

    def _bars(self, ax: Any, k: int) -> None:
        why = self.explanation
        groups = why.groups
        k = min(k, int((groups["contribution"].abs() > _LEAST * groups["contribution"].abs().max()).sum()))
        names, values = groups["group"].tolist()[:k], groups["contribution"].tolist()[:k]
        if len(groups) > k:
            names.append(f"{len(groups) - k} others")
            values.append(groups["contribution"].iloc[k:].sum())
        names, values = [*names, "average image"], [*values, why.base]
        colors = [np.array(FOR_COLOR if value > 0 else AGAINST_COLOR) / 255 for value in values]
        ax.barh(np.arange(len(names)), values, height=0.6, color=colors)
        ax.axvline(0, color="black", linewidth=0.8)
        ax.set_yticks(np.arange(len(names)), names, fontsize=8)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.tick_params(axis="x", labelsize=8)
        ax.set_xlabel(f"for {why.against}  ←  {why.unit}, {why.value:+.2f} in all  →  for {why.verdict}", fontsize=8)
        ax.spines[["top", "right"]].set_visible(False)
