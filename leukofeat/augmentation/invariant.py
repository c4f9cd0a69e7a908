"""SwapInvariantClassifier: what moves columns when only the background changes counts little."""

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from leukofeat.augmentation.sequence import augment
from leukofeat.constraints import Integral, Number, OneOf, Real
from leukofeat.pipeline import group_params
from leukofeat.whitening import WithinClassWhitener


def _has(name: str) -> Callable[[Any], bool]:
    return lambda self: hasattr(self.model_[-1] if hasattr(self, "model_") else self.classifier, name)


class SwapInvariantClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    r"""Classify by columns whitened against what the background does to them; trained on images as they are.

    Each training image is measured again with its leukocytes on the field of another training image (background swap). What a
    column gained or lost thereby says nothing of the leukocyte. With the shrunk covariance within classes :math:`S_w` and the
    differences :math:`d_i` between pasted and original rows, both over imputed and standardised columns, the rows are multiplied by

    .. math:: (S_w + \lambda N)^{-1/2}, \qquad N = \frac{1}{m} \sum_i d_i d_i^\top,

    where :math:`\lambda` is `strength`, and the classifier is fitted on the originals alone: the whitening of an invariant support vector machine,
    with the differences for its tangents. It makes small what nuisance attribute projection removes. The pasted rows themselves
    are not trained on, since the traces of pasting would be learned with them.

    Parameters
    ----------
    features : transformer
        From images to columns: a pipeline up to the feature set. A copy of it is fitted.
    classifier : classifier
        Over the whitened columns. A copy of it is fitted.
    strength : float, default=1.0
        0 is :class:`~leukofeat.whitening.WithinClassWhitener` alone, and no image is pasted.
    n_copies : int, default=1
        Backgrounds that each image is shown on; at least 1.
    shrinkage : float or "auto", default="auto"
        Of the covariance within classes, as in the whitener.
    segmenter, memory, n_jobs
        As in :class:`Augmented`: find the leukocytes that are pasted.
    random_state : int, default=0
        Draws the backgrounds.

    Attributes
    ----------
    model_ : Pipeline
        The fitted features, imputation, scaling, whitening and classifier.
    nuisance_ratio_ : float
        tr N / tr S_w before whitening: how much more the background moves the columns than images of one class differ; NaN
        for strength 0.
    classes_ : ndarray

    Raises
    ------
    ValueError
        In `fit`, when leukocytes were found in fewer than two images, so that nothing can be pasted.

    References
    ----------
    Schölkopf, Simard, Smola and Vapnik: Prior knowledge in support vector kernels. NIPS 10, 1998.
    Solomonoff, Campbell and Boardman: Advances in channel compensation for SVM speaker recognition. ICASSP 2005.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from leukofeat.augmentation import SwapInvariantClassifier
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import ColorFeatures
    >>> smears = make_smears(n_samples=16, size=96, random_state=0)
    >>> model = SwapInvariantClassifier(ColorFeatures(regions=("image",)), SVC(kernel="linear"))
    >>> model.fit(smears.images, smears.target).predict(smears.images).shape
    (16,)
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}  # as scikit-learn's group splitters do
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "strength": [Number(Real, 0)],
        "n_copies": [Number(Integral, 1)],
        "shrinkage": [Number(Real, 0, 1), OneOf("auto")],
    }

    def __init__(
        self,
        features: Any,
        classifier: Any,
        *,
        strength: float = 1.0,
        n_copies: int = 1,
        shrinkage: float | str = "auto",
        segmenter: Any = None,
        memory: Any = None,
        n_jobs: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.features = features
        self.classifier = classifier
        self.strength = strength
        self.n_copies = n_copies
        self.shrinkage = shrinkage
        self.segmenter = segmenter
        self.memory = memory
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.features).input_tags
        return tags

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Fit on images; the backgrounds they are shown on are each other's.

        Parameters
        ----------
        X : list, ndarray, Series, one-column DataFrame or ImageSequence of n images or paths
        y : array-like of length n
        groups : array-like of length n, optional
            Slide or patient of each image: backgrounds come from another where there is one, and a calibration inside is told.

        Returns
        -------
        self
        """
        self._validate_params()
        target = np.asarray(y)
        features = clone(self.features)
        table = features.fit_transform(X, target, **group_params(self.features, groups))
        rows = np.asarray(table, np.float64)
        imputer, scaler = SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
        scaled = scaler.fit_transform(imputer.fit_transform(table))
        differences = self._differences(features, X, groups, rows) / scaler.scale_ if self.strength else None
        weighted = None if differences is None else np.sqrt(self.strength) * differences
        whitener = WithinClassWhitener(self.shrinkage).fit(scaled, target, weighted)
        white = whitener.transform(scaled)
        classifier = clone(self.classifier).fit(white, target, **group_params(self.classifier, groups))
        parts = {"features": features, "imputer": imputer, "scaler": scaler, "whitener": whitener}
        self.model_ = Pipeline([*parts.items(), ("classifier", classifier)])
        self.nuisance_ratio_ = float("nan") if differences is None else _ratio(differences, scaled, target)
        self.classes_ = classifier.classes_
        return self

    def _differences(self, features: Any, X: Any, groups: Any, rows: np.ndarray) -> np.ndarray:
        """Pasted minus original, in the columns' own units; 0 where either could not be measured."""
        names = ("n_copies", "segmenter", "memory", "n_jobs", "random_state")
        options = {name: getattr(self, name) for name in names}
        images, source, _ = augment(X, np.arange(len(rows)), groups, swap=1.0, transforms={}, **options)
        if not images.swapped.any():
            raise ValueError(
                f"Nothing could be pasted: leukocytes were found in fewer than two of {len(rows)} images. Give more images, or a "
                "segmenter= that finds the leukocytes."
            )
        assert source is not None
        pasted = np.asarray(features.transform(images[images.swapped]), np.float64)
        return np.nan_to_num(pasted - rows[source[images.swapped]], posinf=0.0, neginf=0.0)

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

    def _fitted(self) -> Pipeline:
        check_is_fitted(self)
        return self.model_


def _ratio(differences: np.ndarray, scaled: np.ndarray, target: np.ndarray) -> float:
    labels, codes = np.unique(target, return_inverse=True)
    within = scaled - np.stack([scaled[codes == code].mean(axis=0) for code in range(len(labels))])[codes]
    return float((differences**2).mean(axis=0).sum() / (within**2).mean(axis=0).sum())
