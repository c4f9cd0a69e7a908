"""The two base stages: image to image or smear, and smear to features."""

import copy
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils._set_output import _wrap_data_with_container
from sklearn.utils.validation import check_is_fitted

from leukofeat.digest import state_of
from leukofeat.failures import warn_of
from leukofeat.learning import learn_once
from leukofeat.measuring import Extraction, measure
from leukofeat.plan import Leaf, Plan
from leukofeat.sequence import ImageSequence, as_sequence
from leukofeat.smear import Smear
from leukofeat.store import as_store

_HOW = ("memory", "n_jobs", "verbose")  # how a stage runs, not what it does


class _Stage(TransformerMixin, BaseEstimator):
    """What both kinds of stage share: X is a set of images, and most stages learn nothing."""

    requires_fit = False
    learns_from_target = True  # False where what is learned of images is the same whatever their classes
    memory: Any = None  # where what is learned or measured is kept; a parameter of the stages that have one
    _parameter_constraints: ClassVar[dict[str, Any]] = {}  # scikit-learn's own mechanism, see leukofeat.constraints

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = self.requires_fit
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
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

    def identity(self) -> dict[str, Any]:
        """What tells this stage's results from another's: its parameters and what it learned, not how it is run.

        A stage that reads a file gives the file's content here.
        """
        return {name: value for name, value in state_of(self).items() if name not in _HOW}

    def fit(self, X: Any, y: Any = None) -> Self:
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
        learn_once(self, as_sequence(X), y, as_store(self.memory))
        return self

    def learn(self, images: ImageSequence, y: Any) -> None:
        """Learn from the images of `fit`; what is learned goes into attributes that end in `_`.

        Parameters
        ----------
        images : ImageSequence of n images
        y : array-like of length n, or None
        """

    def _prepare(self, X: Any) -> ImageSequence:
        self.check_params()
        if self.requires_fit:
            check_is_fitted(self)
        return as_sequence(X)


class ImageStage(_Stage, auto_wrap_output_keys=None):  # type: ignore[call-arg]  # scikit-learn's, of which mypy sees nothing
    """Base of the stages that turn an image into an image, or into a segmented smear.

    A stage of your own stores its parameters in `__init__`, says in `_parameter_constraints` what they may be (see
    :mod:`leukofeat.constraints`) and defines :meth:`apply`. One that learns from images sets `requires_fit = True` and
    defines :meth:`learn` too.

    `transform` is lazy: it returns an :class:`~leukofeat.sequence.ImageSequence` that remembers a copy of
    the stage; later `set_params` do not change a sequence already made.

    Examples
    --------
    >>> from leukofeat.constraints import Integral, Number
    >>> class Brighter(ImageStage):
    ...     _parameter_constraints = {"by": [Number(Integral, 0, 255)]}
    ...     def __init__(self, by=10):
    ...         self.by = by
    ...     def apply(self, smear):
    ...         return smear.replace(image=np.minimum(smear.image, 255 - self.by) + np.uint8(self.by))
    >>> Brighter(5).fit_transform([np.full((2, 2, 3), 100, np.uint8)])[0].max()
    np.uint8(105)

    One that learns keeps what it has learned in attributes with an underscore at the end:

    >>> class Centred(ImageStage):
    ...     requires_fit = True
    ...     def learn(self, images, y):
    ...         self.level_ = np.mean([image.mean() for image in images])
    ...     def apply(self, smear):
    ...         return smear.replace(image=np.clip(smear.image - self.level_ + 128, 0, 255).astype(np.uint8))
    >>> Centred().fit_transform([np.full((2, 2, 3), 100, np.uint8)])[0].max()
    np.uint8(128)
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # images are no table, whatever scikit-learn is configured to make of what stages give, or a subclass asks for: it asks anew of every class
        super().__init_subclass__(**kwargs | {"auto_wrap_output_keys": None})

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

    def set_output(self, *, transform: str | None = None) -> Self:
        """Do nothing: images are no table, whatever container the features come out in."""
        return self

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """One column: the image."""
        return np.array(["image"], dtype=object)

    def apply(self, smear: Smear) -> Smear:
        """Process one image: a pure function of the record and of the stage's parameters.

        Parameters
        ----------
        smear : Smear

        Returns
        -------
        Smear
            Mostly `smear.replace(image=...)`, or `smear.replace(nuclei=..., cells=...)` for a segmenter.
        """
        raise NotImplementedError(f"{type(self).__name__} has to define apply(smear).")


class FeatureFamily(_Stage):
    """Base of the stages that turn an image or smear into a row of named numbers.

    A family of your own defines :meth:`row_names` and :meth:`row`, best from one ordered definition. One that measures
    single cells adds :meth:`cell_names` and :meth:`cells` for
    :meth:`FeatureSet.measure_cells <leukofeat.features.FeatureSet.measure_cells>`. Parameters are declared as in
    :class:`ImageStage`.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import FeatureSet
    >>> from leukofeat.segmentation import LabKMeansSegmenter
    >>> class NucleusArea(FeatureFamily):
    ...     def row_names(self):
    ...         return ["nucleus_area_total"]
    ...     def row(self, smear):
    ...         return self.cells(smear).sum(axis=0)
    ...     def cell_names(self):
    ...         return ["nucleus_area"]
    ...     def cells(self, smear):
    ...         counts = np.bincount(smear.region("nucleus").ravel(), minlength=smear.n_cells + 1)
    ...         return counts[1:, None].astype(float)
    >>> images = make_smears(n_samples=2, random_state=0).images
    >>> smears = LabKMeansSegmenter().fit_transform(images)
    >>> NucleusArea().fit_transform(smears).shape
    (2, 1)
    >>> "nucleus_area" in FeatureSet([NucleusArea()]).measure_cells(smears)
    True
    """

    measures: ClassVar[tuple[Any, ...]] = ()  # entries of the catalogue, see leukofeat.features.measure
    # how a family by itself is measured; FeatureSet has parameters of these names
    on_error, on_empty, verbose = "raise", "warn", 0
    n_jobs: int | None = None

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
            A DataFrame after `set_output`. Rows are never dropped; NaN where a value is not defined, as for an image
            without a cell.

        Raises
        ------
        ImageError
            For a file that cannot be read, unless a FeatureSet says `on_error="nan"`.
        ValueError
            For bad parameters, and for an image without a cell under `on_empty="raise"`.

        Warns
        -----
        ImageWarning
            Once a pass, of images that failed under `on_error="nan"`.
        EmptyWarning
            Once a pass, of images without a cell where columns need one; not under `on_empty="nan"`.
        """
        images = as_sequence(X)
        found = self.extract(images)
        empty = found.empty if self.on_empty == "warn" else ()
        warn_of(found.failures, len(images), empty=[images.name(i) for i in empty])
        return self.wrap_output(found.values, images.row_labels)

    def extract(self, X: Any) -> Extraction:
        """Measure every image, as `transform` does, and give failures and times as data, without a warning.

        Parameters
        ----------
        X : list, ndarray, Series or one-column DataFrame of n images, paths or smears

        Returns
        -------
        Extraction
            `values`, `failures`, `n_cells` and `seconds`.

        Examples
        --------
        >>> from leukofeat.features import ColorFeatures, FeatureSet
        >>> features = FeatureSet([ColorFeatures(regions=("image",))], on_error="nan")
        >>> features.extract(["missing.png"]).failures[0].name
        'missing.png'
        """
        images = self._prepare(X)
        options: dict[str, Any] = {"memory": as_store(self.memory), "n_jobs": self.n_jobs, "verbose": self.verbose}
        return measure(self.plan(), images, **options)[0]

    def plan(self) -> Plan:
        """What a pass does for the table of this family."""
        families, columns = self.measured()
        return Plan(families, [Leaf(0, tuple(range(len(families))), self.on_error, self.on_empty, columns)])

    def wrap_output(self, values: np.ndarray, row_labels: Any = None) -> Any:
        """Measured values as `transform` gives them: an array, or the kind of table that `set_output` asked for."""
        table = _wrap_data_with_container("transform", values, None, self)
        return table if row_labels is None or not isinstance(table, pd.DataFrame) else table.set_axis(row_labels)

    def members(self) -> list[Self]:
        """The families that this one consists of: itself, or those of a set."""
        return [self]

    def measured(self, per: str = "image") -> tuple[list["FeatureFamily"], tuple[int, ...] | None]:
        """The families to measure for the columns of this one, `per` image or cell, and the places of its columns among theirs,
        or None for all of them: a set may leave some out.
        """
        return [self] if per == "image" or self.cell_names() else [], None

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns, in their order; `input_features` is ignored.

        Returns
        -------
        ndarray of str objects
        """
        self.check_params()
        return np.asarray(self.row_names(), dtype=object)

    def row_names(self) -> list[str]:
        """Names of an image's numbers, in their order: snake_case, as `nucleus_area_mean`."""
        raise NotImplementedError(f"{type(self).__name__} has to define row_names().")

    def row(self, smear: Smear) -> np.ndarray:
        """Measure one image.

        Parameters
        ----------
        smear : Smear

        Returns
        -------
        ndarray of shape (n_columns,), dtype float64
            As many numbers as `row_names` gives; NaN where one is not defined.
        """
        raise NotImplementedError(f"{type(self).__name__} has to define row(smear).")

    def cell_names(self) -> list[str]:
        """Names of a single cell's numbers, in their order; none by default."""
        return []

    def cells(self, smear: Smear) -> np.ndarray:
        """Measure each cell of one image.

        Parameters
        ----------
        smear : Smear

        Returns
        -------
        ndarray of shape (n_cells, n_columns), dtype float64
            Row i is cell i + 1; as many columns as `cell_names` gives.
        """
        return np.empty((smear.n_cells, 0))
