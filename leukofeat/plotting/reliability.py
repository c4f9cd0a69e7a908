"""Stated confidence against the share that was right."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from leukofeat.evaluation import Comparison
from leukofeat.evaluation.curves import ReliabilityCurve, are_probabilities, reliability_curves
from leukofeat.plotting.predictions import check_scores, scores_of
from leukofeat.plotting.style import BAR_INK, GUIDE, add_note, chosen, panels, say_nothing, short, unit_square
from leukofeat.statistics.curves import reliability
from leukofeat.statistics.metrics import top_label

__doctest_requires__ = {"*Display*": ["matplotlib"]}


class ReliabilityDisplay:
    """A panel a pipeline: how often the class that it is most sure of is right, by how sure it says to be.

    scikit-learn's `CalibrationDisplay` draws the probability of the positive class of two. This one takes any number of classes
    by the largest probability, and each point has its 95 % interval (Wilson) and the number of images behind it.

    Parameters
    ----------
    curves : sequence of ReliabilityCurve
        Each with `name`, `stated`, `found`, `low`, `high` and `n_images`, a value a bin.

    Attributes
    ----------
    axes_ : ndarray of axes, shape (n_pipelines,)
    figure_ : matplotlib figure
    points_ : dict of str to Line2D
        By pipeline.
    """

    def __init__(self, curves: Sequence[ReliabilityCurve]) -> None:
        self.curves = curves

    @classmethod
    def from_comparison(
        cls, comparison: Comparison, *, pipelines: Sequence[str] | None = None, axes: Any = None
    ) -> Self:
        """Draw what :func:`~leukofeat.evaluation.compare` found, as the report has it.

        Parameters
        ----------
        comparison : Comparison
        pipelines : sequence of str, optional
            All by default. Those that give no probabilities have no panel.
        axes : matplotlib axes, one a pipeline with probabilities, optional

        Returns
        -------
        ReliabilityDisplay

        Raises
        ------
        ValueError
            For a pipeline that the comparison does not have.

        Examples
        --------
        >>> from leukofeat.baselines import make_baseline
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.evaluation import compare
        >>> smears = make_smears(n_samples=16, size=96, random_state=0)
        >>> pipelines = {"jin2023_svm": make_baseline("jin2023_svm")}
        >>> result = compare(pipelines, smears.images, smears.target, cv=2, n_bootstrap=20)
        >>> display = ReliabilityDisplay.from_comparison(result)
        >>> sum(int(curve.n_images.sum()) for curve in display.curves) in (0, 16)
        True
        """
        names = chosen(pipelines, list(comparison.table.index))
        return cls(reliability_curves(comparison, names)).plot(axes)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_prob: Any,
        *,
        labels: Any = None,
        n_bins: int = 10,
        name: str = "classifier",
        axes: Any = None,
    ) -> Self:
        """Draw the calibration of one classifier from what it said.

        Parameters
        ----------
        y_true : array-like of length n
        y_prob : array-like of shape (n,) or (n, k)
            Probability of each class, in the order of `labels`; of two classes that of the second will do.
        labels : sequence of k classes, optional
            By default those of `y_true`, sorted.
        n_bins : int, default=10
            Bins of equal width.
        name : str, default="classifier"
        axes : matplotlib axes, optional

        Returns
        -------
        ReliabilityDisplay

        Raises
        ------
        ValueError
            When the shapes do not fit, or the values are no probabilities.

        Examples
        --------
        >>> display = ReliabilityDisplay.from_predictions([0, 0, 1, 1], [0.02, 0.41, 0.43, 0.96])
        >>> display.curves[0].stated.round(2), display.curves[0].found
        (array([0.58, 0.97]), array([0.5, 1. ]))
        """
        target, scores, known = check_scores(y_true, y_prob, labels, probabilities=True)
        if not are_probabilities(scores):
            raise ValueError("y_prob holds no probabilities: values from 0 to 1, which add up to 1 over the classes.")
        found = reliability(*top_label(target, scores, known), n_bins=n_bins)
        return cls([ReliabilityCurve(name, *found)]).plot(axes)

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, name: str | None = None, axes: Any = None) -> Self:
        """Draw the calibration of a fitted pipeline on images that it was not trained on.

        Parameters
        ----------
        estimator : fitted classifier with `predict_proba`
        X : set of n images, or what else the classifier takes
        y : array-like of length n
        name : str, optional
            By default the class of the estimator.
        axes : matplotlib axes, optional

        Returns
        -------
        ReliabilityDisplay

        Raises
        ------
        ValueError
            When the classifier gives no probabilities.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.naive_bayes import GaussianNB
        >>> X, y = load_iris(return_X_y=True)
        >>> ReliabilityDisplay.from_estimator(GaussianNB().fit(X, y), X, y).axes_[0].get_title()
        'GaussianNB'
        """
        if not hasattr(estimator, "predict_proba"):
            raise ValueError(
                f"{type(estimator).__name__} gives no probabilities; CalibratedClassifier around it learns them."
            )
        labels, scores = scores_of(estimator, X, y)
        name = type(estimator).__name__ if name is None else name
        return cls.from_predictions(y, scores, labels=labels, name=name, axes=axes)

    def plot(self, axes: Any = None) -> Self:
        """Draw on `axes`, one a pipeline, or on a new figure.

        Returns
        -------
        self, with `axes_`, `figure_` and `points_`
        """
        drawn = panels(axes, len(self.curves), (2.5, 2.75))
        self.points_ = {}
        for ax, curve in zip(drawn, self.curves, strict=False):
            ax.plot((0, 1), (0, 1), **GUIDE)
            ax.vlines(curve.stated, curve.low, curve.high, color=BAR_INK, linewidth=1.2, zorder=2)
            (self.points_[curve.name],) = ax.plot(
                curve.stated, curve.found, "o-", color="black", markersize=4, linewidth=1.0, zorder=3
            )
            for x, low, high, n in zip(curve.stated, curve.low, curve.high, curve.n_images, strict=True):
                # at the end of the bar that has room
                above = high < 0.86
                ax.annotate(
                    f"{n:,}", (x, high if above else low), (0, 2 if above else -2), textcoords="offset points",
                    ha="center", va="bottom" if above else "top", fontsize=6, color="#444444",
                )  # fmt: skip
            unit_square(ax, "stated confidence", "share right")
            ax.set_title(short(curve.name, 26), fontsize=9)
        if not self.curves:
            say_nothing(drawn[0], "No pipeline gives probabilities.")
        self.axes_, self.figure_ = np.array(drawn), drawn[0].figure
        add_note(drawn[0])
        return self
