"""FunctionFeatures: a function of your own as a feature family."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from leukofeat.features.cell_family import CropFamily
from leukofeat.smear import Smear


class FunctionFeatures(CropFamily):
    """Measure something of your own, named, parallel and cached like the built-in families.

    Parameters
    ----------
    function : callable
        Takes a :class:`~leukofeat.Smear` and returns a number, a sequence of numbers or a dict of numbers. With
        `per="cell"` it is called for each cell with a smear cropped to that cell, whose label maps hold it alone as 1.
    names : sequence of str, optional
        Names of the numbers, in their order (the keys of a dict). Left out, the function returns one number and gives its
        own name.
    per : {"image", "cell"}, default="image"
        What the function measures. Values of cells are summarised over the image and stand in
        :meth:`FeatureSet.measure_cells` as they are.
    summary : sequence of str, default=("mean", "std")
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max". NaN are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import FunctionFeatures
    >>> def redness(smear):
    ...     return float(smear.image[:, :, 0].mean())
    >>> smears = make_smears(n_samples=2, random_state=0)
    >>> family = FunctionFeatures(redness)
    >>> family.fit_transform(smears.images).shape, list(family.get_feature_names_out())
    ((2, 1), ['redness'])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = CropFamily._parameter_constraints | {"function": [callable]}

    def __init__(
        self,
        function: Callable[[Smear], Any],
        *,
        names: Sequence[str] | None = None,
        per: str = "image",
        summary: Sequence[str] = ("mean", "std"),
    ) -> None:
        self.function = function
        self.names = names
        self.per = per
        self.summary = summary

    def check_params(self) -> None:
        super().check_params()
        if self.names is None:
            if not getattr(self.function, "__name__", "<").isidentifier():
                raise ValueError("A function without a name of its own needs names=[...].")
        elif isinstance(self.names, str) or not len(self.names) or len(set(self.names)) < len(self.names):
            raise ValueError(f"names must be a list of one or more names, none twice, not {self.names!r}.")

    def columns(self) -> list[str]:
        return [self.function.__name__] if self.names is None else [str(name) for name in self.names]

    def measure(self, smear: Smear) -> np.ndarray:
        names = self.columns()
        result = self.function(smear)
        if isinstance(result, dict):
            missing = [name for name in names if name not in result]
            if missing:
                raise ValueError(
                    f"The function's dict has no {missing[0]!r}; names= says what it returns: {', '.join(names)}."
                )
            result = [result[name] for name in names]
        values = np.atleast_1d(np.asarray(result))
        if values.dtype.kind not in "fiub":
            raise TypeError(f"The function must return a number, or numbers, not {result!r}.")
        if values.shape != (len(names),):
            raise ValueError(
                f"The function returned an array of shape {values.shape} for the {len(names)} names "
                f"{', '.join(names)}; give names= one for each number."
            )
        return values.astype(np.float64)
