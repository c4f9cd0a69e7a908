"""Which classes are taken for which."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from leukofeat.constraints import OneOf, check
from leukofeat.evaluation import Comparison
from leukofeat.evaluation.columns import check_labels
from leukofeat.plotting.style import add_note, chosen, fit, ink_on, panels, say_nothing, short
from leukofeat.statistics.metrics import confusion_counts

__doctest_requires__ = {"*Display*": ["matplotlib"]}


class ConfusionDisplay:
    """A panel a pipeline: a row a true class, a column a predicted one; right verdicts stand in framed cells.

    Beside scikit-learn's `ConfusionMatrixDisplay` this one draws the pipelines of a comparison, of images or of groups (slides,
    patients), over all folds or of one; each cell says the count and the share, and its shade is the share.

    Parameters
    ----------
    counts : dict of str to DataFrame
        By pipeline: a row a true class, a column a predicted one.
    normalize : {"true", "pred", "all"} or None, default="true"
        What the shares are of: the true class (row), the predicted one (column), all; or counts alone.
    of : str, default="images"
        What is counted.

    Attributes
    ----------
    axes_ : ndarray of axes, shape (n_pipelines,)
    figure_ : matplotlib figure
    shares_ : dict of str to ndarray
        What the shades show; NaN for a row or column of which there is nothing.
    """

    def __init__(
        self, counts: Mapping[str, pd.DataFrame], *, normalize: str | None = "true", of: str = "images"
    ) -> None:
        self.counts = counts
        self.normalize = normalize
        self.of = of

    @classmethod
    def from_comparison(
        cls,
        comparison: Comparison,
        *,
        pipelines: Sequence[str] | None = None,
        of: str = "images",
        fold: int | None = None,
        normalize: str | None = "true",
        axes: Any = None,
    ) -> Self:
        """Draw the confusions of what :func:`~leukofeat.evaluation.compare` found.

        Parameters
        ----------
        comparison : Comparison
        pipelines : sequence of str, optional
            All by default.
        of : {"images", "groups"}, default="images"
            What a count is: an image, or a group (slide, patient) by the vote of its images.
        fold : int, optional
            Of this fold alone; by default of all. Only of images.
        normalize : {"true", "pred", "all"} or None, default="true"
            As in the class.
        axes : matplotlib axes, one a pipeline, optional

        Returns
        -------
        ConfusionDisplay

        Raises
        ------
        ValueError
            For a pipeline or fold that the comparison does not have, or groups where it has none.

        Examples
        --------
        >>> from leukofeat.baselines import make_baseline
        >>> from leukofeat.datasets import make_smears
        >>> from leukofeat.evaluation import compare
        >>> smears = make_smears(n_samples=16, size=96, random_state=0)
        >>> pipelines = {"four_colors": make_baseline("four_colors")}
        >>> result = compare(pipelines, smears.images, smears.target, cv=2, groups=smears.groups, n_bootstrap=20)
        >>> display = ConfusionDisplay.from_comparison(result, of="groups")
        >>> int(display.counts["four_colors"].to_numpy().sum()) == len(result.by_group)
        True
        """
        check("of", of, OneOf("images", "groups"))
        names = chosen(pipelines, list(comparison.table.index))
        whole = comparison.confusion
        if of == "images" and fold is None:
            return cls({name: whole[name] for name in names}, normalize=normalize, of=of).plot(axes)
        source, said = (comparison.by_group, "vote") if of == "groups" else (comparison.predictions, "predicted")
        if of == "groups" and (fold is not None or not len(source)):
            way_out = (
                "groups stand over all folds" if len(source) else "the comparison has no groups: give compare groups="
            )
            raise ValueError(f"of='groups', fold={fold}: {way_out}.")
        if fold is not None:
            source = source[source["fold"] == fold]
            if not len(source):
                known = comparison.predictions["fold"].unique().tolist()
                raise ValueError(f"There is no fold {fold}; there are {', '.join(map(str, known))}.")
        counts = {}
        for name in names:
            own, labels = source[source["pipeline"] == name], whole[name].index
            values = confusion_counts(own["target"].to_numpy(), own[said].to_numpy(), labels.to_numpy())
            counts[name] = pd.DataFrame(values, labels, whole[name].columns)
        return cls(counts, normalize=normalize, of=of if fold is None else f"images of fold {fold}").plot(axes)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        labels: Any = None,
        normalize: str | None = "true",
        name: str = "classifier",
        axes: Any = None,
    ) -> Self:
        """Draw the confusions of one classifier from what it said.

        Parameters
        ----------
        y_true, y_pred : array-likes of length n
        labels : sequence of classes, optional
            In the order to draw; by default all of both, sorted.
        normalize, axes
            As in `from_comparison`.
        name : str, default="classifier"

        Returns
        -------
        ConfusionDisplay

        Raises
        ------
        ValueError
            For other lengths or none, or a class that is not among the labels.

        Examples
        --------
        >>> display = ConfusionDisplay.from_predictions(["a", "a", "b"], ["a", "b", "b"])
        >>> display.counts["classifier"].to_numpy().tolist()
        [[1, 1], [0, 1]]
        """
        said = np.asarray(y_pred)
        target = check_labels(y_true, len(said))
        if not len(target):
            raise ValueError("y_true and y_pred are empty; there is no confusion to draw.")
        known = np.unique(np.concatenate([target, said])) if labels is None else np.asarray(labels)
        counts = pd.DataFrame(confusion_counts(target, said, known), known, known)
        return cls({name: counts}, normalize=normalize).plot(axes)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        normalize: str | None = "true",
        name: str | None = None,
        axes: Any = None,
    ) -> Self:
        """Draw the confusions of a fitted pipeline on images that it was not trained on.

        Parameters
        ----------
        estimator : fitted classifier
        X : set of n images, or what else the classifier takes
        y : array-like of length n
        normalize, axes
            As in `from_comparison`.
        name : str, optional
            By default the class of the estimator.

        Returns
        -------
        ConfusionDisplay

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.naive_bayes import GaussianNB
        >>> X, y = load_iris(return_X_y=True)
        >>> ConfusionDisplay.from_estimator(GaussianNB().fit(X, y), X, y).counts["GaussianNB"].loc[0].tolist()
        [50, 0, 0]
        """
        name = type(estimator).__name__ if name is None else name
        return cls.from_predictions(y, estimator.predict(X), normalize=normalize, name=name, axes=axes)

    def plot(self, axes: Any = None) -> Self:
        """Draw on `axes`, one a pipeline, or on a new figure.

        Returns
        -------
        self, with `axes_`, `figure_` and `shares_`
        """
        if self.normalize is not None:
            check("normalize", self.normalize, OneOf("true", "pred", "all"))
        tables = {name: np.asarray(table, float) for name, table in self.counts.items()}
        self.shares_ = {name: _shares(counts, self.normalize) for name, counts in tables.items()}
        k = max(map(len, tables.values()), default=2)
        side = max(2.2, 0.62 * k + 1.2)
        drawn = panels(axes, len(tables), (side, side + 0.2))
        for ax, (name, table) in zip(drawn, self.counts.items(), strict=False):
            self._draw(ax, table, tables[name], self.shares_[name])
            ax.set_title(short(name, max(18, 6 * len(table))), fontsize=9)
        if not tables:
            say_nothing(drawn[0], "There is nothing to draw.")
        self.axes_, self.figure_ = np.array(drawn), drawn[0].figure
        add_note(drawn[0])
        return self

    def _draw(self, ax: Any, table: pd.DataFrame, counts: np.ndarray, shares: np.ndarray) -> None:
        k = len(counts)
        shown = counts / max(counts.max(initial=0), 1) if self.normalize is None else np.nan_to_num(shares)
        image = ax.imshow(shown, cmap="Blues", vmin=0, vmax=1.15)
        for i, j in np.ndindex(k, k):
            said = f"{counts[i, j]:,.0f}"
            if self.normalize is not None and shares[i, j] == shares[i, j]:
                said += f"\n{100 * shares[i, j]:.0f} %"
            ax.text(j, i, said, ha="center", va="center", fontsize=8 if k <= 6 else 6, color=ink_on(image.to_rgba(shown[i, j])))  # fmt: skip
            if i == j:
                ax.add_patch(_frame(j, i))
        ax.set_xticks(
            range(k), [short(label, 12) for label in table.columns], fontsize=8, rotation=_tilt(table.columns)
        )
        ax.set_yticks(range(k), [short(label, 16) for label in table.index], fontsize=8)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        of = {"true": "share of the row", "pred": "share of the column", "all": "share of all", None: "counts"}
        ax.set_xlabel(fit(ax, f"predicted ({self.of}, {of[self.normalize]})", 8), fontsize=8)
        ax.set_ylabel("true", fontsize=8)


def _frame(x: float, y: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.48, y - 0.48), 0.96, 0.96, fill=False, edgecolor="black", linewidth=1.4)


def _tilt(labels: Any) -> float:
    """Names that would run into one another stand upright."""
    return 90 if max(len(short(label, 12)) for label in labels) > 7 else 0


def _shares(counts: np.ndarray, normalize: str | None) -> np.ndarray:
    if normalize is None:
        return counts
    sums = {"true": counts.sum(axis=1, keepdims=True), "pred": counts.sum(axis=0, keepdims=True), "all": counts.sum()}
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sums[normalize] > 0, counts / sums[normalize], np.nan)
