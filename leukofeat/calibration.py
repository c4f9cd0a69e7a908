"""Probabilities for classifiers that only have decision values, learned on images that were held out."""

import warnings
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import expit
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import Tags, get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from leukofeat.constraints import Integral, Number, OneOf
from leukofeat.pipeline import ask_held_out, decision_pairs, take_input_of
from leukofeat.pipeline import group_params as group_params
from leukofeat.statistics.held_out import check_labelled, group_codes, inner_folds
from leukofeat.statistics.pairs import couple_pairs, fit_temperature


class CalibratedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Classifier with probabilities, of an estimator that has only decision values (an SVM, say).

    The estimator is fitted on everything, and once more for each inner fold to learn what its decision values are worth on
    images that it was not fitted on. Class i is likelier than j with probability r_ij = 1 / (1 + exp(-d_ij / t)), where d_ij
    is the decision value of the pair and t, one number for all pairs, makes the held-out images likeliest (temperature
    scaling, Guo et al. 2017; certainty that n images cannot prove is kept out by Platt's 1999 targets, (n + 1) / (n + 2)). The
    r_ij become probabilities of the classes by the second method of Wu, Lin and Weng (2004), which is the softmax of d / t
    where there is one decision value a class. Verdicts stay the estimator's own: where the class that wins most pairs would not
    be the likeliest, the two exchange their probabilities.

    Parameters
    ----------
    estimator : classifier with `decision_function`
        All that sees the classes or makes up samples (a selector, a whitener, a sampler) belongs inside it: what stands in
        front of this step has seen the images that are held out here.
    cv : int, default=5
        Number of inner folds; fewer where a class has fewer images, or fewer groups.
    decision_function_shape : {"ovr", "ovo"}, default="ovr"
        What `decision_function` gives for three classes or more: a value a class, or a value a pair of classes in the order
        of `SVC(decision_function_shape="ovo")`, to which this has to be set alike. With an SVM, pairs give better
        probabilities, for its values a class are little more than counts of won pairs.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
    estimator_ : estimator
        Fitted on everything.
    temperature_ : float
        t above; 1 where no image could be held out.
    n_held_out_ : int
        Images on which t was learned.
    n_features_in_, feature_names_in_ : int, ndarray
        Where the estimator has them.

    Notes
    -----
    Cost: `cv` + 1 fits of the estimator; the baselines' took four to six times as long as one. Whatever stands in front of this
    step in a pipeline runs once: images are not measured again.

    Inner folds keep groups together where `fit` is given groups, as by ``pipeline.fit(X, y, **group_params(pipeline, groups))``
    (:func:`group_params`; :func:`~leukofeat.evaluation.compare` does so by itself); else they are stratified blocks of consecutive images. Images
    without which a fold's training part would lack a class (the only image of a class; with groups, all of a group that holds
    a class alone) are never held out, nor is a fold in which the estimator refuses to be fitted on so little. Where no
    image at all can be held out, as with one group a class, t is 1 and a warning says so.

    `predict` gives the likeliest class, of equal ones the first in `classes_`.

    References
    ----------
    .. [1] Wu, Lin, Weng, "Probability estimates for multi-class classification by pairwise coupling", JMLR 5, 2004.
    .. [2] Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017.
    .. [3] Platt, "Probabilistic outputs for support vector machines", 1999.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from leukofeat.calibration import CalibratedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = CalibratedClassifier(SVC(decision_function_shape="ovo"), decision_function_shape="ovo").fit(X, y)
    >>> model.predict_proba(X[[0, 77]]).round(2)
    array([[1.  , 0.  , 0.  ],
           [0.  , 0.38, 0.61]])
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}  # as scikit-learn's group splitters do
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "cv": [Number(Integral, 2)],
        "decision_function_shape": [OneOf("ovr", "ovo")],
    }

    def __init__(self, estimator: Any, *, cv: int = 5, decision_function_shape: str = "ovr") -> None:
        self.estimator = estimator
        self.cv = cv
        self.decision_function_shape = decision_function_shape

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def get_metadata_routing(self) -> MetadataRouter:
        """What `fit` asks for itself (`groups`), and hands on to the estimator."""
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return MetadataRouter(owner=self).add_self_request(self).add(estimator=self.estimator, method_mapping=mapping)

    def fit(self, X: Any, y: Any, groups: Any = None, **fit_params: Any) -> Self:
        """Fit the estimator, and learn what its decision values are worth.

        Parameters
        ----------
        X : array-like, or whatever the estimator takes, of length n
        y : array-like of shape (n,)
            Classes.
        groups : array-like of shape (n,), optional
            Slide or patient of each image, kept together by the inner folds.
        **fit_params
            For the estimator's `fit`; of what has length n, each fold gets its rows.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            When the estimator has no `decision_function`.
        ValueError
            When classes or groups are missing, or decision values do not have the shape that `decision_function_shape` says.
        """
        self._validate_params()
        if not hasattr(self.estimator, "decision_function"):
            raise TypeError(
                f"{self.estimator!r} has no decision_function; use it as it is, or scikit-learn's CalibratedClassifierCV."
            )
        check_labelled(y)
        check_classification_targets(y)
        check_consistent_length(X, y, groups)
        X, y = indexable(X, column_or_1d(y, warn=True))
        if get_config()["enable_metadata_routing"]:
            fit_params = process_routing(self, "fit", groups=groups, **fit_params).estimator.fit
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        self.classes_, codes = np.unique(y, return_inverse=True)
        take_input_of(self, self.estimator_)
        folds = inner_folds(codes, None if groups is None else group_codes(groups), self.cv)
        rows, values, refusal = ask_held_out(self.estimator, X, y, folds, fit_params, self._pairs)
        margins = [pairs[np.arange(len(test)), codes[test]] for test, pairs in zip(rows, values, strict=True)]
        reason = "every class needs images of at least two groups, or two images where there are no groups"
        if refusal is not None:  # all of the images went well above, so that this is about their number
            reason = f"the estimator could not be fitted on what was left: {refusal}"
        self.n_held_out_ = sum(map(len, margins))
        self.temperature_ = fit_temperature(np.concatenate(margins)) if margins else 1.0
        if not margins:
            warnings.warn(
                f"CalibratedClassifier: none of {len(y)} images could be held out, so that the probabilities are not "
                f"calibrated; {reason}",
                UserWarning,
                stacklevel=2,
            )
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class.

        Returns
        -------
        ndarray of shape (n, k), dtype float64
            Columns as in `classes_`; rows add up to 1.
        """
        check_is_fitted(self)
        pairs = self._pairs(self.estimator_, X)
        p, rows = couple_pairs(expit(pairs / self.temperature_)), np.arange(len(pairs))
        won, likeliest = np.searchsorted(self.classes_, self.estimator_.predict(X)), p.argmax(axis=1)
        p[rows, won], p[rows, likeliest] = p[rows, likeliest], p[rows, won]
        tied = p.argmax(axis=1) != won
        p[tied, won[tied]] = np.nextafter(p[tied, won[tied]], 1)
        return p

    def predict(self, X: Any) -> np.ndarray:
        """The estimator's own verdict, which is the likeliest class, shape (n,)."""
        check_is_fitted(self)
        return self.estimator_.predict(X)

    def _pairs(self, model: Any, X: Any) -> np.ndarray:
        return decision_pairs(model, X, len(self.classes_), self.decision_function_shape)
