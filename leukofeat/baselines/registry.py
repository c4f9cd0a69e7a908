"""The baselines' names, and how one is made by its name."""

from collections.abc import Callable
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines.controls import four_colors, no_leukocytes
from leukofeat.baselines.jin2023 import jin2023_svm
from leukofeat.baselines.leukofeat_svm import leukofeat_svm
from leukofeat.constraints import OneOf, check
from leukofeat.pipeline import set_memory

BASELINES: dict[str, Callable[..., Pipeline]] = {
    make.__name__: make for make in (leukofeat_svm, jin2023_svm, four_colors, no_leukocytes)
}


def make_baseline(name: str = "leukofeat_svm", *, memory: Any = None, **params: Any) -> Pipeline:
    """Make a pipeline from images to classes by its name.

    Parameters
    ----------
    name : str
        One of :func:`list_baselines`.
    memory : path, Store or joblib.Memory, optional
        Folder that keeps what its stages learn and measure (:class:`~leukofeat.store.Store`), so that a search over the classifier
        measures each image once.
    **params
        Parameters of that pipeline, for example `C`, or `segmented` of "jin2023_svm". `segmenter`, where there is one, is a stage to
        take its place, or "passthrough": none, for images that come with label maps (:func:`~leukofeat.datasets.load_images`, or Smears).

    Returns
    -------
    Pipeline
        Plain scikit-learn, unfitted; its feature step is called `featureset`. All behind it is the `estimator` of a
        :class:`~leukofeat.calibration.CalibratedClassifier`, so that there are probabilities.

    Raises
    ------
    ValueError
        For an unknown name; the message lists the known ones.

    Examples
    --------
    >>> make_baseline("jin2023_svm", C=10)[-1].estimator[-1]
    SVC(C=10, decision_function_shape='ovo')

    A search over C; with a memory each image is measured once, for all folds and candidates, and not again after a restart:

    >>> import tempfile
    >>> from sklearn.model_selection import GridSearchCV
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=16, size=64, random_state=0)
    >>> pipeline = make_baseline("four_colors", memory=tempfile.mkdtemp())
    >>> search = GridSearchCV(
    ...     pipeline, {"calibratedclassifier__estimator__svc__C": [1, 10]}, scoring="neg_log_loss", cv=2
    ... )
    >>> search.fit(smears.images, smears.target).best_estimator_.classes_
    array([0, 1, 2, 3])

    The same pipeline on label maps that come with the images, which a segmenter would draw its own over:

    >>> from leukofeat import Smear
    >>> given = [Smear(*parts) for parts in zip(smears.images, smears.nuclei, smears.cells)]
    >>> make_baseline("leukofeat_svm", segmenter="passthrough")[:7].fit_transform(given, smears.target)[:3, 0]
    array([1., 1., 1.])
    """
    check("name", name, OneOf(*BASELINES))
    segmenter = params.get("segmenter")
    if not isinstance(segmenter, (ImageStage, type(None))):
        check("segmenter", segmenter, OneOf("passthrough"))
    return set_memory(BASELINES[name](**params), memory)


def list_baselines() -> pd.DataFrame:
    """Names of the baselines, and what each is.

    Returns
    -------
    DataFrame
        Indexed by name, with the column `description`.

    Examples
    --------
    >>> "jin2023_svm" in list_baselines().index
    True
    """
    rows = {name: (make.__doc__ or "").split("\n")[0] for name, make in BASELINES.items()}
    return pd.DataFrame({"description": rows}).rename_axis("name")
