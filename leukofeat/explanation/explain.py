"""Why a model gives each image its class: shares of columns, exact, and of cells, by leaving them out."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from leukofeat.classification import GroupClassifier
from leukofeat.constraints import Integral, Number, check
from leukofeat.explanation.cells import COLUMNS, Deletions, Judge, delete_cells
from leukofeat.explanation.explanation import Explanation
from leukofeat.explanation.form import LinearForm
from leukofeat.explanation.kinds import describe_columns
from leukofeat.explanation.linear import linear_form
from leukofeat.failures import warn_of
from leukofeat.pipeline import split_pipeline
from leukofeat.sequence import ImageSequence, as_sequence

NOTHING = "no leukocyte found: there is nothing to explain"


def explain(model: Any, X: Any, *, against: Any = None, max_cells: int = 50) -> list[Explanation]:
    """Why a fitted model gives each image its class rather than another: the columns and the cells that drove it.

    A model that is linear in its columns decides by ``b + sum_j w_j x_j``, which is ``base + sum_j w_j (x_j - reference_j)``; the terms
    of the sum are the columns' contributions. The reference is the column's mean over the training images. What a cell
    does is found by leaving it out: its label is taken out of the record, the image is measured again, and the decision value falls by
    the cell's push.

    Parameters
    ----------
    model : fitted pipeline
        Image stages, a feature stage, and steps that :func:`linear_form` takes; or those alone, for rows of a table. Of one that ends in
        a :class:`~leukofeat.classification.GroupClassifier` the classifier of images inside it is explained; for its verdicts of
        patients there is :func:`explain_groups`.
    X : list, ndarray, Series or one-column DataFrame of n images, paths or smears; or a table of shape (n, n_columns)
        A table where the model has no feature stage.
    against : class label, optional
        Class that the verdict is held against: by default, and where it is the verdict itself, the class that comes nearest to winning.
    max_cells : int, default=50
        Of an image with more cells, the largest are left out in turn; 0 for none. A cell costs what measuring the image does.

    Returns
    -------
    list of n Explanation
        One that failed (where the feature stage says `on_error="nan"`), or holds no leukocyte, says so in `reason`.

    Raises
    ------
    TypeError
        When a step is not linear in its columns, or the model has no feature stage and X is not a table.
    ValueError
        When `against` is no class of the model.

    Notes
    -----
    Verdicts are `model.predict`'s, or of what is inside a GroupClassifier. For several classes, the decision value is that of the pair: an SVC's hyperplane between the two,
    or the difference of two classes' scores.

    Of a :class:`~leukofeat.classification.GatedClassifier` the form is that of the image's own row, and that of an image without a cell
    of the row measured without it.

    A value that could not be measured counts as the one that the imputer fills in: its contribution is the same for every such image, and is
    told apart.

    Examples
    --------
    >>> from sklearn.impute import SimpleImputer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.svm import SVC
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import GeometryFeatures
    >>> from leukofeat.segmentation import LabKMeansSegmenter
    >>> smears = make_smears(n_samples=24, size=96, random_state=0)
    >>> steps = SimpleImputer(keep_empty_features=True), StandardScaler(), SVC(kernel="linear")
    >>> model = make_pipeline(LabKMeansSegmenter(), GeometryFeatures(), *steps)
    >>> model = model.fit(smears.images, smears.target_names[smears.target])
    >>> (why,) = explain(model, smears.images[:1])
    >>> bool(abs(why.base + why.columns["contribution"].sum() - why.value) < 1e-9)
    True
    >>> sorted(why.groups["group"])[-3:]
    ['size of the cell', 'size of the cytoplasm', 'size of the nucleus']
    """
    check("max_cells", max_cells, Number(Integral, 0))
    explainer, shown = prepare(model, X, against)
    return explainer.all(shown.values, shown.images, shown.reasons, max_cells)


class Shown(NamedTuple):
    """Rows of n images as they were measured, the images (None for rows of a table), and by row why there is nothing to judge."""

    values: np.ndarray
    images: ImageSequence | None
    reasons: dict[int, str]


def of_images(rest: Any) -> Any:
    """A fitted model's classifier of single images: what stands inside a GroupClassifier, behind the steps in front of it."""
    if isinstance(rest, Pipeline) and len(rest) and isinstance(rest[-1], GroupClassifier):
        check_is_fitted(rest[-1])
        return Pipeline([*rest.steps[:-1], (rest.steps[-1][0], rest[-1].estimator_)])
    if isinstance(rest, GroupClassifier):
        check_is_fitted(rest)
        return rest.estimator_
    return rest


def prepare(model: Any, X: Any, against: Any) -> tuple["Explainer", Shown]:
    """What explains single images, and the images as it sees them."""
    model = getattr(model, "best_estimator_", model)
    check_is_fitted(model.steps[-1][1] if isinstance(model, Pipeline) else model)
    stages, features, rest = split_pipeline(model)
    if features is None:
        return _of_table(of_images(model), stages, X, against)
    rest, images = of_images(rest), as_sequence(X)
    for stage in stages:
        images = stage.transform(images)
    names = features.get_feature_names_out().tolist()
    form = _scores(rest, len(names), against)
    found = features.extract(images)
    warn_of(found.failures, len(images))
    reasons = {int(i): NOTHING for i in np.flatnonzero(found.n_cells == 0)}
    reasons |= {failure.row: failure.reason for failure in found.failures}
    about = describe_columns(names, features.members())
    return Explainer(form, rest, features, about, against), Shown(found.values, images, reasons)


def _of_table(model: Any, stages: Sequence[Any], X: Any, against: Any) -> tuple["Explainer", Shown]:
    try:
        values = None if stages else np.asarray(X, np.float64)
    except (TypeError, ValueError):
        values = None
    if values is None or values.ndim != 2:
        raise TypeError(
            "The model has no feature stage that its columns could be told by, and X is not a table of numbers; put a FeatureSet "
            "behind the image stages (several families in one, instead of a FeatureUnion)."
        )
    form = _scores(model, values.shape[1], against)
    named = getattr(X, "columns", getattr(model, "feature_names_in_", [f"column_{j}" for j in range(values.shape[1])]))
    about = describe_columns([str(name) for name in named])
    return Explainer(form, model, None, about, against, given=X), Shown(values, None, {})


def _scores(rest: Any, n_columns: int, against: Any) -> LinearForm:
    form = linear_form(rest, n_columns, at=np.full(n_columns, np.nan))
    if form.classes is None:
        raise TypeError(f"{rest!r} ends in no classifier; there is no verdict to explain.")
    if against is not None and against not in form.classes.tolist():
        raise ValueError(
            f"against={against!r} is no class of the model; there are {', '.join(map(str, form.classes))}."
        )
    return form


class Explainer:
    """What all images of one call share."""

    def __init__(
        self, form: LinearForm, rest: Any, features: Any, about: pd.DataFrame, against: Any, given: Any = None
    ) -> None:
        self.form, self.rest, self.features, self.about = form, rest, features, about
        self.against, self.given = against, given
        self.classes = (form.classes if form.classes is not None else np.empty(0)).tolist()

    def all(
        self, values: np.ndarray, images: ImageSequence | None, reasons: dict[int, str], max_cells: int
    ) -> list[Explanation]:
        judged = np.array([i for i in range(len(values)) if i not in reasons], int)
        verdicts, chances = self._verdicts(values, judged)
        told = []
        for i, row in enumerate(values):
            name = str(i) if images is None else images.name(i)
            if i in reasons:
                told.append(Explanation(name, i, reasons[i], images=images))
                continue
            told.append(self._one(row, verdicts[i], chances[i], (name, i, images), max_cells))
        return told

    def _verdicts(self, values: np.ndarray, judged: np.ndarray) -> tuple[dict[int, Any], dict[int, float]]:
        if not len(judged):
            return {}, {}
        table = self._rows(values, judged)
        verdicts = np.asarray(self.rest.predict(table)).tolist()
        if not hasattr(self.rest, "predict_proba"):
            return dict(zip(judged, verdicts, strict=True)), dict.fromkeys(judged, np.nan)
        p = self.rest.predict_proba(table)[np.arange(len(judged)), [self.classes.index(v) for v in verdicts]]
        return dict(zip(judged, verdicts, strict=True)), dict(zip(judged, p.tolist(), strict=True))

    def probabilities(self, values: np.ndarray, judged: np.ndarray) -> np.ndarray:
        """Of each class for some of the rows, (m, k)."""
        if not len(judged):
            return np.empty((0, len(self.classes)))
        return np.asarray(self.rest.predict_proba(self._rows(values, judged)), np.float64)

    def _rows(self, values: np.ndarray, judged: np.ndarray) -> Any:
        return self._wrap(values[judged]) if self.given is None else _safe_indexing(self.given, judged)

    def _wrap(self, values: np.ndarray) -> Any:
        return self.features.wrap_output(values)

    def pair(self, row: np.ndarray, winner: int, other: int) -> LinearForm:
        """Score of a row for one class against another, by their places."""
        return self._at(row).pair(winner, other)

    def _at(self, row: np.ndarray) -> LinearForm:
        return linear_form(self.rest, len(row), at=row) if self.form.local else self.form

    def _pair(self, row: np.ndarray, verdict: Any) -> tuple[LinearForm, int, int]:
        """Score of the verdict against the class that was asked for, or against which it is least ahead, and the places of the two."""
        winner = self.classes.index(verdict)
        others = [k for k in range(len(self.classes)) if k != winner]
        if self.against is not None and self.against != verdict:
            others = [self.classes.index(self.against)]
        form = self._at(row)
        pairs = [form.pair(winner, other) for other in others]
        nearest = int(np.argmin([pair.decide(row[None])[0, 0] for pair in pairs]))
        return pairs[nearest], winner, others[nearest]

    def columns(self, row: np.ndarray, shares: np.ndarray, pair: LinearForm) -> pd.DataFrame:
        """Columns with what they add, the greatest contribution first."""
        return pd.DataFrame(
            {"column": self.about.index, "contribution": shares, "value": row, "reference": pair.reference}
            | {"weight": pair.coef[0], "imputed": np.isnan(row)}
            | {name: self.about[name].to_numpy() for name in self.about}
        ).sort_values("contribution", key=lambda s: -s.abs(), kind="stable", ignore_index=True)

    def _one(self, row: np.ndarray, verdict: Any, chance: float, place: Any, max_cells: int) -> Explanation:
        pair, winner, other = self._pair(row, verdict)
        name, i, images = place
        found = self._cells((winner, other), row, images, i, max_cells)
        return Explanation(
            name=name,
            row=i,
            verdict=verdict,
            against=self.classes[other],
            value=float(pair.decide(row[None])[0, 0]),
            base=float(pair.base[0]),
            unit=pair.unit,
            probability=chance,
            columns=self.columns(row, pair.shares(row[None])[0], pair),
            cells=found.table,
            decisive=found.decisive,
            n_tried=found.n_tried,
            images=images,
        )

    def _cells(
        self, classes: tuple[int, int], row: np.ndarray, images: ImageSequence | None, i: int, max_cells: int
    ) -> Deletions:
        smear = None if images is None or not max_cells else images.smear(i)
        if smear is None or not smear.is_segmented:
            return Deletions(pd.DataFrame(columns=list(COLUMNS)), (), 0)

        def decide(rows: np.ndarray) -> np.ndarray:
            return np.array([self.pair(row, *classes).decide(row[None])[0, 0] for row in rows])

        judge = Judge(decide, lambda rows: self.rest.predict(self._wrap(rows)))
        return delete_cells(smear, self.features, judge, row, max_cells)
