"""Augmented: a classifier that trains on altered copies too."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from leukofeat.augmentation.image import DEFAULT
from leukofeat.augmentation.sequence import augment
from leukofeat.calibration import CalibratedClassifier, group_params
from leukofeat.classification import GatedClassifier

# Parameters by which an estimator holds back part of what it is fitted on, and what they say when it does not.
_HOLDS_BACK = {
    "cv": (None,),
    "early_stopping": (False, "auto"),
    "oob_score": (False,),
    "probability": (False, "deprecated"),
}


def _has(name: str) -> Callable[[Any], bool]:
    return lambda self: hasattr(getattr(self, "estimator_", self.estimator), name)


class Augmented(MetaEstimatorMixin, BaseEstimator):
    """Fit a pipeline on images and altered copies of them; predict on images as they are.

    The copies are made inside `fit`, from what `fit` is given. In cross-validation, in
    :func:`~leukofeat.evaluation.compare` or inside GridSearchCV that is the training fold, so that no copy of a test image can
    be trained on.

    Parameters
    ----------
    estimator : estimator
        Usually a pipeline from images to classes. A copy of it is fitted.
    n_copies : int or mapping of class to int, default=4
        Altered copies of each image; a mapping evens out classes of different size.
    transforms : sequence of names, or mapping of name to strength
        See :func:`augment_image`.
    swap : float, default=0.0
        Probability that a copy shows its leukocytes on the field of another image that `fit` is given, of another group where
        there is one (background swap): in cross-validation, never on a test image's. An image in which no leukocyte is found, or
        that cannot be segmented, is neither pasted nor pasted onto; its copies are altered as they are without.
    segmenter : stage, optional
        Finds the leukocytes for `swap`, once for all copies; by default a :class:`~leukofeat.segmentation.LeukocyteSegmenter`.
        Images that come with label maps keep theirs.
    memory : folder, Store or joblib.Memory, optional
        Keeps where the leukocytes are, from one fold to the next.
    n_jobs : int, optional
        Workers that look for leukocytes, as in joblib.
    random_state : int, default=0

    Attributes
    ----------
    estimator_ : estimator
        Fitted on originals and copies.
    classes_ : ndarray
        Of the fitted estimator, where it has them.

    Raises
    ------
    ValueError
        In `fit`, when the estimator holds back part of its training data by itself (a search, a calibration, early stopping):
        it would judge itself on copies of images it trains on. Augmented belongs inside such a search. A
        :class:`~leukofeat.calibration.CalibratedClassifier` that ends a pipeline is told which copies belong together; the gate of
        "leukofeat_svm", which holds back blocks of rows, is not: ``make_baseline("leukofeat_svm", reach=None)`` has none.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from leukofeat.augmentation import Augmented
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=16, size=64, random_state=0)
    >>> model = Augmented(make_baseline("four_colors"), n_copies=2)
    >>> cross_val_score(model, smears.images, smears.target, cv=2).shape
    (2,)
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}  # as scikit-learn's group splitters do

    def __init__(
        self,
        estimator: Any,
        *,
        n_copies: int | Mapping[Any, int] = 4,
        transforms: Sequence[str] | Mapping[str, float] = DEFAULT,
        swap: float = 0.0,
        segmenter: Any = None,
        memory: Any = None,
        n_jobs: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.n_copies = n_copies
        self.transforms = transforms
        self.swap = swap
        self.segmenter = segmenter
        self.memory = memory
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        return get_tags(self.estimator)

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Self:
        """Fit a copy of the estimator on the images and on altered copies of them.

        Parameters
        ----------
        X : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
        y : array-like of length n, optional
        groups : array-like of length n, optional
            Slide or patient of each image, for a calibration inside and for `swap`; by default, each image and its copies are a
            group.

        Returns
        -------
        self
        """
        _refuse_inner_splits(self.estimator)
        names = ("n_copies", "transforms", "swap", "segmenter", "memory", "n_jobs", "random_state")
        images, target, groups = augment(X, y, groups, **{name: getattr(self, name) for name in names})
        self.estimator_ = clone(self.estimator).fit(images, target, **group_params(self.estimator, groups))
        if hasattr(self.estimator_, "classes_"):
            self.classes_ = self.estimator_.classes_
        return self

    @available_if(_has("predict"))
    def predict(self, X: Any) -> np.ndarray:
        """Classes of images as they are."""
        return self._fitted().predict(X)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of images as they are, shape (n, n_classes)."""
        return self._fitted().predict_proba(X)

    @available_if(_has("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """Scores of images as they are."""
        return self._fitted().decision_function(X)

    @available_if(_has("transform"))
    def transform(self, X: Any) -> Any:
        """Features of images as they are."""
        return self._fitted().transform(X)

    @available_if(_has("score"))
    def score(self, X: Any, y: Any) -> float:
        """The estimator's own score on images as they are."""
        return self._fitted().score(X, y)

    def _fitted(self) -> Any:
        check_is_fitted(self)
        return self.estimator_


def _refuse_inner_splits(estimator: Any) -> None:
    told = _calibrated_steps(estimator)
    for key, value in estimator.get_params(deep=True).items():
        path, _, name = key.rpartition("__")
        if name not in _HOLDS_BACK or any(value is off or value == off for off in _HOLDS_BACK[name]):
            continue
        owner = estimator.get_params()[path] if path else estimator
        if any(owner is step for step in told):
            continue
        raise ValueError(
            f"{type(owner).__name__}({name}={value!r}) inside Augmented holds back part of the training images, copies of which "
            f"it trains on; {_way_out(owner)}."
        )


def _way_out(owner: Any) -> str:
    if isinstance(owner, GatedClassifier):  # which cannot do without, and stands behind the images
        return "take its first classifier by itself: that is make_baseline('leukofeat_svm', reach=None)"
    return "put Augmented inside it, as in GridSearchCV(Augmented(pipeline), ...), or turn it off"


def _calibrated_steps(estimator: Any) -> list[CalibratedClassifier]:
    """Steps that group_params reaches, and that keep copies of an image together."""
    if isinstance(estimator, Pipeline):
        return [found for _, step in estimator.steps for found in _calibrated_steps(step)]
    return [estimator] if isinstance(estimator, CalibratedClassifier) else []
