"""The rows of the tables that are shown: the published recipe in its variants, leukofeat's own, and the controls."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.baselines.registry import make_baseline
from leukofeat.features import FeatureSet, FunctionFeatures
from leukofeat.opencv import cv2
from leukofeat.smear import Smear


def bar_corner(smear: Smear) -> np.ndarray:
    """Pixels of the lower right corner, where the scale bar is, at 8 by 8.

    Parameters
    ----------
    smear : Smear

    Returns
    -------
    ndarray of shape (192,), dtype float64
    """
    height, width = smear.image.shape[:2]
    corner = smear.image[-max(1, height // 8) :, -max(1, width // 6) :]
    return cv2.resize(corner, (8, 8), interpolation=cv2.INTER_AREA).ravel().astype(np.float64)


def _bar_corner(C: float = 10.0) -> Pipeline:
    corner = FunctionFeatures(bar_corner, names=[f"corner_{i}" for i in range(192)])
    return make_pipeline(FeatureSet([corner]), StandardScaler(), SVC(C=C))


_JIN = partial(make_baseline, "jin2023_svm")
_ROWS: dict[str, Callable[[], Any]] = {
    "jin2023_svm, whole, C=10": partial(_JIN, segmented=False, C=10),
    "jin2023_svm, whole, C=96": partial(_JIN, segmented=False, C=96),
    "jin2023_svm, segmented, C=10": partial(_JIN, segmented=True, C=10),
    "jin2023_svm, segmented, C=96": partial(_JIN, segmented=True, C=96),
    "leukofeat_svm": partial(make_baseline, "leukofeat_svm"),
    "control: four colours": partial(make_baseline, "four_colors"),
    "control: no leukocytes": partial(make_baseline, "no_leukocytes"),
    "control: bar corner": _bar_corner,
}
CONTROLS = tuple(name for name in _ROWS if name.startswith("control: "))
SVM_BASELINES = tuple(name for name in _ROWS if name != "control: bar corner")


def compared_pipelines(names: Any = tuple(_ROWS)) -> dict[str, Any]:
    """Pipelines of the tables by the names of their rows.

    Examples
    --------
    >>> list(compared_pipelines(CONTROLS))
    ['control: four colours', 'control: no leukocytes', 'control: bar corner']
    """
    return {name: _ROWS[name]() for name in names}
