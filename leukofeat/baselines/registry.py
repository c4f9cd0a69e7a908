"""The baselines' names, and how one is made by its name."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline

from leukofeat.base import ImageStage
from leukofeat.baselines import (
    acharya2019,
    agaian2014,
    chatap2014,
    controls,
    geetha2024,
    jin2023,
    joshi2013,
    karthikeyan2017,
    leukofeat_hybrid,
    leukofeat_svm,
    moradiamin2015,
    not_built,
    phapale,
    putzu2014,
    rawat,
    sahlol2019,
    sahlol2020,
    shafique2018,
    shalini2022,
    singhal,
    supardi2012,
    thanh,
    vogado,
)
from leukofeat.baselines.recipe import DEEP, NETWORK, Recipe
from leukofeat.constraints import OneOf, check
from leukofeat.deep import CNNClassifier
from leukofeat.deep.architectures import import_for
from leukofeat.pipeline import set_memory

_FILES = (
    leukofeat_svm,
    leukofeat_hybrid,
    controls,
    acharya2019,
    agaian2014,
    chatap2014,
    geetha2024,
    jin2023,
    joshi2013,
    karthikeyan2017,
    moradiamin2015,
    phapale,
    putzu2014,
    rawat,
    sahlol2019,
    sahlol2020,
    shafique2018,
    shalini2022,
    singhal,
    supardi2012,
    thanh,
    vogado,
    not_built,
)
RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for recipe in sorted((recipe for file in _FILES for recipe in file.RECIPES), key=Recipe.order)
}
BASELINES: dict[str, Callable[..., Pipeline]] = {
    name: recipe.make for name, recipe in RECIPES.items() if recipe.make is not None
}
# those that can be made from a name alone
STANDALONE = tuple(name for name in BASELINES if not RECIPES[name].needs)


def make_baseline(name: str = "leukofeat_svm", *, memory: Any = None, **params: Any) -> Pipeline:
    """Make a pipeline from images to classes by its name.

    Parameters
    ----------
    name : str
        One of :func:`list_baselines` that is built.
    memory : path, Store or joblib.Memory, optional
        Folder that keeps what its stages learn and measure (:class:`~leukofeat.store.Store`), so that a search over the classifier
        measures each image once.
    **params
        Parameters of that pipeline, for example `C`, or `segmented` of "jin2023_svm". `segmenter`, where there is one, is a stage to
        take its place, or "passthrough": none, for images that come with label maps (:func:`~leukofeat.datasets.load_images`, or Smears).
        `network`, where one is needed, is the path of an ONNX file.

    Returns
    -------
    Pipeline
        Plain scikit-learn, unfitted; its feature step is called `featureset`; of networks that are trained,
        :class:`~leukofeat.deep.CNNClassifier` is the last step, which measures and decides. Of SVMs, all behind it is the `estimator` of a
        :class:`~leukofeat.calibration.CalibratedClassifier`, so that there are probabilities.

    Raises
    ------
    ImportError
        For a network that is trained, without PyTorch or without torchvision where its architecture is of that; it says what to install.
    ValueError
        For an unknown name; the message lists the known ones. For a name that was looked at and not built, with the reason. For a
        pipeline that needs a network and is given none.

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
    if name in RECIPES and name not in BASELINES:
        raise ValueError(f"{name} is not built: {RECIPES[name].reason}. There are: {', '.join(BASELINES)}.")
    check("name", name, OneOf(*BASELINES))
    if RECIPES[name].needs == NETWORK and params.get("network") is None:
        raise ValueError(f"{name} needs {NETWORK}: give the file, as in make_baseline({name!r}, network='file.onnx').")
    segmenter = params.get("segmenter")
    if not isinstance(segmenter, (ImageStage, type(None))):
        check("segmenter", segmenter, OneOf("passthrough"))
    pipeline = BASELINES[name](**params)
    if RECIPES[name].needs == DEEP:
        for part in pipeline.get_params().values():
            if isinstance(part, CNNClassifier):
                import_for(part.architecture)
    return set_memory(pipeline, memory)


def list_baselines() -> pd.DataFrame:
    """Systems by name: leukofeat's own, the controls, then the published ones by year; behind them those that are not built.

    Returns
    -------
    DataFrame
        Indexed by name, with the columns `year`, `idea`, `task`, `data`, `published` (the figure as it was published), `caveat` (what
        that figure is not), `firmness` (how much is known of it: a, could be built as published; b, the main steps are known; c, one or two
        sentences are; d, its name is; "ours" and "control"), `needs` (what has to be given to build it), `built` (bool),
        `reason` (why it is not built) and `citation`.

    Examples
    --------
    >>> table = list_baselines()
    >>> table.query("built").index[:3].tolist()
    ['leukofeat_svm', 'four_colors', 'no_leukocytes']
    >>> print(table.loc["jin2023_svm", "published"])
    acc 0.70 / 0.835 whole (C 10 / 128), 0.675 / 0.750 segmented (C 10 / 96)
    """
    columns = [
        "year",
        "idea",
        "task",
        "data",
        "published",
        "caveat",
        "firmness",
        "needs",
        "built",
        "reason",
        "citation",
    ]
    rows = [{"name": name, "built": recipe.built, **_fields(recipe)} for name, recipe in RECIPES.items()]
    return pd.DataFrame(rows).set_index("name")[columns].astype({"year": "Int64"})


def _fields(recipe: Recipe) -> dict[str, Any]:
    return {key: value for key, value in asdict(recipe).items() if key not in ("name", "make", "variants")}
