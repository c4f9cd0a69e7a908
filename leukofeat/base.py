"""The two base stages: image to image or smear, and smear to features."""

from __future__ import annotations

import copy
import numbers
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import check_is_fitted

from leukofeat.sequence import ImageSequence, as_sequence
from leukofeat.smear import Smear


class _Stage(TransformerMixin, BaseEstimator):
    """What both kinds of stage share: X is a set of images, and most stages learn nothing."""

    requires_fit = False
    _parameter_constraints: ClassVar[dict[str, Any]] = {}  # scikit-learn's own mechanism, see leukofeat.constraints

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = self.requires_fit
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.three_d_array = False
        tags.input_tags.string = True
        tags.no_validation = True
        return tags

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        # scikit-learn reads the signature at every get_params, which costs as much as a feature family
        return super()._get_param_names()

    def check_params(self) -> None:
        """Raise an error that names the first bad parameter, by what `_parameter_constraints` declares.

        A stage whose parameters depend on each other overrides this, calls it, and goes on from there.
        """
        self._validate_params()

    def _prepare(self, X: Any) -> ImageSequence:
        self.check_params()
        if self.requires_fit:
            check_is_fitted(self)
        return as_sequence(X)


class ImageStage(_Stage, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Base of the stages that turn an image into an image, or into a segmented smear.

    A subclass stores its parameters in `__init__`, checks them in `check_params` and defines
    `apply(smear) -> Smear`, a pure function of one record. A stage that learns sets `requires_fit`
    and overrides `learn(images, y)`.

    `transform` is lazy: it returns an :class:`~leukofeat.sequence.ImageSequence` that remembers a copy of
    the stage; later `set_params` do not change a sequence already made.
    """

    def fit(self, X: Any, y: Any = None) -> ImageStage:
        """Check the parameters and learn what the stage learns (most learn nothing).

        Parameters
        ----------
        X : list, ndarray, Series or one-column DataFrame of n images or paths
        y : array-like of length n, optional
            Passed on to stages that learn from it.

        Returns
        -------
        self
        """
        self.check_params()
        self.learn(as_sequence(X), y)
        return self

    def transform(self, X: Any) -> ImageSequence:
        """Lazy sequence of the processed images; nothing is computed yet.

        Parameters
        ----------
        X : list, ndarray, Series or one-column DataFrame of n images or paths

        Returns
        -------
        ImageSequence of length n
        """
        return self._prepare(X).with_step(copy.deepcopy(self).apply)

    def set_output(self, *, transform: str | None = None) -> ImageStage:
        """Do nothing: images are no table, whatever container the features come out in."""
        return self

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """One column: the image."""
        return np.array(["image"], dtype=object)

    def learn(self, images: ImageSequence, y: Any) -> None:
        pass

    def apply(self, smear: Smear) -> Smear:
        raise NotImplementedError


class FeatureFamily(_Stage):
    """Base of the stages that turn an image or smear into a row of named numbers.

    A subclass defines the row's names and values from one ordered definition:
    `row_names() -> list of str` and `row(smear) -> 1-D float64 array`. A family that measures single cells
    adds `cell_names()` and `cells(smear) -> (n_cells, n_columns)` for
    :meth:`FeatureSet.measure_cells <leukofeat.features.FeatureSet.measure_cells>`.
    """

    measures: ClassVar[tuple[Any, ...]] = ()  # entries of the catalogue: leukofeat.features.measure.Measure

    def fit(self, X: Any, y: Any = None) -> FeatureFamily:
        """Check the parameters; nothing is learned.

        Parameters
        ----------
        X : list, ndarray, Series or one-column DataFrame of n images or paths
        y : ignored

        Returns
        -------
        self
        """
        self.check_params()
        as_sequence(X)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Measure every image, in one pass.

        Runs on as many workers as `joblib.parallel_config` says (one by default);
        :class:`~leukofeat.features.FeatureSet` has its own `n_jobs`.

        Parameters
        ----------
        X : list, ndarray, Series or one-column DataFrame of n images, paths or smears

        Returns
        -------
        ndarray of shape (n_images, n_features), dtype float64
            NaN where a value is not defined, as for an image without a cell.
        """
        from leukofeat.measuring import extract

        return self._label_rows(extract([self], self._prepare(X)).values, X)

    def _label_rows(self, values: np.ndarray, images: Any) -> Any:
        """DataFrame with the row labels a lazy sequence carries; scikit-learn labels rows of DataFrames only."""
        row_labels = images.row_labels if isinstance(images, ImageSequence) else None
        if row_labels is None or _get_output_config("transform", self)["dense"] != "pandas":
            return values
        return pd.DataFrame(values, index=row_labels, columns=self.row_names())

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns, in their order; `input_features` is ignored.

        Returns
        -------
        ndarray of str objects
        """
        self.check_params()
        return np.asarray(self.row_names(), dtype=object)

    def row_names(self) -> list[str]:
        raise NotImplementedError

    def row(self, smear: Smear) -> np.ndarray:
        raise NotImplementedError

    def cell_names(self) -> list[str]:
        return []

    def cells(self, smear: Smear) -> np.ndarray:
        return np.empty((smear.n_cells, 0))


def check_choice(name: str, value: Any, choices: Sequence[Any]) -> None:
    """Raise a ValueError unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{name}={value!r} is not one of {', '.join(map(repr, choices))}.")


def check_number(
    name: str, value: Any, *, integer: bool = False, low: float = -np.inf, high: float = np.inf, odd: bool = False
) -> None:
    """Raise a TypeError or ValueError unless `value` is a number in [low, high]."""
    kind: Any = numbers.Integral if integer else numbers.Real
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, kind):
        raise TypeError(f"{name} must be {'an integer' if integer else 'a number'}, not {value!r}.")
    if not low <= value <= high:
        bounds = (
            f"at least {low:g}"
            if high == np.inf
            else f"at most {high:g}"
            if low == -np.inf
            else f"from {low:g} to {high:g}"
        )
        raise ValueError(f"{name} must be {bounds}, not {value!r}.")
    if odd and value % 2 == 0:
        raise ValueError(f"{name} must be odd, not {value!r}.")


def check_choices(name: str, values: Any, choices: Sequence[Any]) -> None:
    """Raise unless `values` is a non-empty list or tuple of distinct members of `choices`."""
    if isinstance(values, str) or not isinstance(values, (list, tuple)):
        raise TypeError(f"{name} must be a list or tuple, not {values!r}.")
    if not values or len(set(values)) != len(values):
        raise ValueError(f"{name} must hold at least one value and none twice, not {values!r}.")
    for value in values:
        check_choice(f"each of {name}", value, choices)
