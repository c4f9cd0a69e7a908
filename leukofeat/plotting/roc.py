"""ROC curves with their bands."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from leukofeat.evaluation import Comparison
from leukofeat.evaluation.curves import MOST_BANDS, RocCurve, roc_curves, roc_curves_of
from leukofeat.plotting.predictions import check_scores, scores_of
from leukofeat.plotting.style import (
    GUIDE,
    MOST_SERIES,
    OTHERS_COLOR,
    add_note,
    chosen,
    line_style,
    panels,
    say_nothing,
    short,
    unit_square,
)

__doctest_requires__ = {"*Display*": ["matplotlib"]}


class RocBandDisplay:
    """A panel a class: ROC curve of each pipeline against all other classes, with its pointwise 95 % band.

    scikit-learn's `RocCurveDisplay` draws the curve of one binary classifier through every threshold. This one draws several
    classes and pipelines, at fixed false-positive rates, and how far each curve might lie elsewhere with other slides or patients.
    Bands are drawn for three pipelines at most; of more than eight, those with the highest area are named and the others grey.

    Parameters
    ----------
    curves : sequence of RocCurve
        Each with `name`, `label`, `fpr`, `tpr`, `low`, `high`, `auc` and `auc_interval`.

    Attributes
    ----------
    axes_ : ndarray of axes, shape (n_classes,)
    figure_ : matplotlib figure
    lines_ : dict of (name, label) to Line2D
    """

    def __init__(self, curves: Sequence[RocCurve]) -> None:
        self.curves = curves

    @classmethod
    def from_comparison(
        cls,
        comparison: Comparison,
        *,
        pipelines: Sequence[str] | None = None,
        classes: Any = None,
        axes: Any = None,
    ) -> Self:
        """Draw the curves of what :func:`~leukofeat.evaluation.compare` found, as the report has them.

        Parameters
        ----------
        comparison : Comparison
        pipelines : sequence of str, optional
            All by default. Those that give no scores have no curve.
        classes : sequence of class labels, optional
            All by default; of two classes the second one, as the curves of both tell the same.
        axes : matplotlib axes, one a class, optional

        Returns
        -------
        RocBandDisplay

        Raises
        ------
        ValueError
            For a class or pipeline that the comparison does not have.

        Examples
        --------
        >>> from leukofeat.baselines import make_baseline
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.evaluation import compare
        >>> smears = make_smears(n_samples=16, size=96, random_state=0)
        >>> pipelines = {"four_colors": make_baseline("four_colors")}
        >>> result = compare(pipelines, smears.images, smears.target, cv=2, n_bootstrap=20)
        >>> display = RocBandDisplay.from_comparison(result, classes=[0])
        >>> bool(display.curves[0].auc == result.by_class["auc"][0])
        True
        """
        names = chosen(pipelines, list(comparison.table.index))
        labels = np.unique(comparison.predictions["target"])
        return cls(_of_classes(roc_curves(comparison, names), labels, classes)).plot(axes)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_score: Any,
        *,
        groups: Any = None,
        labels: Any = None,
        classes: Any = None,
        name: str = "classifier",
        axes: Any = None,
    ) -> Self:
        """Draw the curves of one classifier from what it said.

        Parameters
        ----------
        y_true : array-like of length n
        y_score : array-like of shape (n,) or (n, k)
            A score of each class, in the order of `labels`; of two classes that of the second will do.
        groups : array-like of length n, optional
            Slide or patient of each image: what the band takes for one observation.
        labels : sequence of k classes, optional
            By default those of `y_true`, sorted.
        classes, axes
            As in `from_comparison`.
        name : str, default="classifier"

        Returns
        -------
        RocBandDisplay

        Raises
        ------
        ValueError
            When the lengths or numbers of classes do not fit, or a score is missing.

        Examples
        --------
        >>> display = RocBandDisplay.from_predictions([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        >>> display.curves[0].auc
        0.75
        """
        target, scores, names = check_scores(y_true, y_score, labels)
        units = np.arange(len(target)) if groups is None else np.asarray(groups)
        if len(units) != len(target):
            raise ValueError(f"{len(target)} predictions and {len(units)} groups.")
        return cls(_of_classes(roc_curves_of(name, target, scores, names, units), names, classes)).plot(axes)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        classes: Any = None,
        name: str | None = None,
        axes: Any = None,
    ) -> Self:
        """Draw the curves of a fitted pipeline on images that it was not trained on.

        Parameters
        ----------
        estimator : fitted classifier
            With `predict_proba` or `decision_function`.
        X : set of n images, or what else the classifier takes
        y : array-like of length n
        groups, classes, axes
            As in `from_predictions`.
        name : str, optional
            By default the class of the estimator.

        Returns
        -------
        RocBandDisplay

        Raises
        ------
        ValueError
            When the classifier gives no scores by class.

        Examples
        --------
        >>> from leukofeat.baselines import make_baseline
        >>> from leukofeat.datasets import make_smears
        >>> smears = make_smears(n_samples=24, size=96, random_state=0)
        >>> model = make_baseline("four_colors").fit(smears.images[:16], smears.target[:16])
        >>> display = RocBandDisplay.from_estimator(model, smears.images[16:], smears.target[16:])
        >>> [(curve.name, int(curve.label)) for curve in display.curves][:2]
        [('Pipeline', 0), ('Pipeline', 1)]
        """
        labels, scores = scores_of(estimator, X, y)
        name = type(estimator).__name__ if name is None else name
        return cls.from_predictions(y, scores, groups=groups, labels=labels, classes=classes, name=name, axes=axes)

    def plot(self, axes: Any = None) -> Self:
        """Draw on `axes`, one a class, or on a new figure.

        Returns
        -------
        self, with `axes_`, `figure_` and `lines_`
        """
        labels = list(dict.fromkeys(curve.label for curve in self.curves))
        names = list(dict.fromkeys(curve.name for curve in self.curves))
        rows = min(len(names), MOST_SERIES) + (len(names) > MOST_SERIES)
        drawn = panels(axes, len(labels), (2.9, 3.0 + 0.17 * (rows + 1)))
        named = self._named(names)
        styles = {name: line_style(i) for i, name in enumerate(name for name in names if name in named)}
        self.lines_: dict[tuple[str, Any], Any] = {}
        for ax, label in zip(drawn, labels, strict=False):
            ax.plot((0, 1), (0, 1), **GUIDE)
            own = [curve for curve in self.curves if curve.label == label]
            for curve in sorted(own, key=lambda curve: curve.name in named):  # the named ones above the others
                self._draw(ax, curve, styles.get(curve.name), banded=len(names) <= MOST_BANDS)
            unit_square(ax, "false-positive rate", "true-positive rate")
            self._legend(ax, own, styles)
        if not labels:
            say_nothing(drawn[0], "No pipeline gives scores for two classes or more.")
        self.axes_, self.figure_ = np.array(drawn), drawn[0].figure
        add_note(drawn[0])
        return self

    def _named(self, names: list[str]) -> set[str]:
        if len(names) <= MOST_SERIES:
            return set(names)
        areas = {name: np.nan_to_num([c.auc for c in self.curves if c.name == name]).mean() for name in names}
        return set(sorted(names, key=lambda name: -areas[name])[:MOST_SERIES])

    def _draw(self, ax: Any, curve: RocCurve, style: dict[str, Any] | None, *, banded: bool) -> None:
        how = {"color": OTHERS_COLOR, "linewidth": 0.7} if style is None else style | {"linewidth": 1.8}
        (self.lines_[curve.name, curve.label],) = ax.plot(curve.fpr, curve.tpr, zorder=3, **how)
        if banded and style is not None and np.isfinite(curve.low).all():
            ax.fill_between(curve.fpr, curve.low, curve.high, color=style["color"], alpha=0.16, linewidth=0, zorder=2)
            for end in (curve.low, curve.high):  # edges, for a copy in which a pale band is not seen
                ax.plot(curve.fpr, end, color=style["color"], alpha=0.6, linewidth=0.5, zorder=2)

    def _legend(self, ax: Any, own: list[RocCurve], styles: dict[str, dict[str, Any]]) -> None:
        """Above the curves, where no curve can be under it."""
        own = sorted((curve for curve in own if curve.name in styles), key=lambda curve: list(styles).index(curve.name))
        handles = [self.lines_[curve.name, curve.label] for curve in own]
        texts = [f"{short(curve.name, 22)} {_area(curve)}" for curve in own]
        others = (
            [curve for curve in self.curves if curve.label == own[0].label and curve.name not in styles] if own else []
        )
        if others:
            handles.append(self.lines_[others[0].name, others[0].label])
            texts.append(f"{len(others)} others")
        ax.legend(
            handles, texts, title=f"AUC, {short(own[0].label, 20)} against the rest", title_fontsize=8, fontsize=7,
            loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, handlelength=3.8, alignment="left",
        )  # fmt: skip


def _of_classes(curves: list[RocCurve], labels: np.ndarray, classes: Any) -> list[RocCurve]:
    known = labels.tolist()
    asked = classes if classes is not None else known[1:] if len(known) == 2 else known
    asked = [asked] if isinstance(asked, str) or not np.iterable(asked) else list(asked)
    for label in asked:
        if label not in known:
            raise ValueError(f"There is no class {label!r}; there are {', '.join(map(repr, known))}.")
    return [curve for label in asked for curve in curves if curve.label == label]


def _area(curve: RocCurve) -> str:
    low, high = curve.auc_interval
    return f"{curve.auc:.2f}" + (f" ({low:.2f} to {high:.2f})" if low == low and high == high else "")
