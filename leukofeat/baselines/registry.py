"""Pipelines by name: the published recipes, leukofeat's own, and the controls that every figure is shown beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.base import check_choice
from leukofeat.features import (
    ColorFeatures,
    ContourFeatures,
    FeatureSet,
    FunctionFeatures,
    GeometryFeatures,
    HOGFeatures,
    RelativeColorFeatures,
    TextureFeatures,
)
from leukofeat.preprocessing import ColorNormalizer, MedianDenoiser, ScaleBarCropper
from leukofeat.segmentation import LabKMeansSegmenter, LeukocyteSegmenter, RegionMasker
from leukofeat.smear import Smear
from leukofeat.whitening import WithinClassWhitener


def make_baseline(name: str = "leukofeat_svm", **params: Any) -> Pipeline:
    """Make a pipeline from images to classes by its name.

    Parameters
    ----------
    name : str
        One of :func:`list_baselines`.
    **params
        Parameters of that pipeline, for example `C`, or `segmented` of "jin2023_svm".

    Returns
    -------
    Pipeline
        Plain scikit-learn, unfitted; its feature step is called `featureset`.

    Raises
    ------
    ValueError
        For an unknown name; the message lists the known ones.

    Examples
    --------
    >>> make_baseline("jin2023_svm", C=10)[-1]
    SVC(C=10)
    """
    check_choice("name", name, tuple(_BASELINES))
    return _BASELINES[name](**params)


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
    rows = {name: (make.__doc__ or "").split("\n")[0] for name, make in _BASELINES.items()}
    return pd.DataFrame({"description": rows}).rename_axis("name")


def _jin2023_svm(*, segmented: bool = False, C: float = 96.0) -> Pipeline:
    """SVM of Jin et al. (2023): gradient, contour and colour statistics of the whole or of the segmented image.

    Template colour transfer, median filter, LAB k-means; then maximum, mean, standard deviation and active share of the HOG
    picture, sum, mean and standard deviation of the contour areas, mean and standard deviation of the LAB and YCrCb channels;
    RBF-SVM. The published figures are for C = 10 and 96. The scale bar is left in, as it was.
    """
    segmentation = [LabKMeansSegmenter(), RegionMasker("cell")] if segmented else []
    features = [
        HOGFeatures(regions=("image",)),
        ContourFeatures(),
        FunctionFeatures(channel_moments, names=_MOMENT_NAMES),
    ]
    return make_pipeline(
        ColorNormalizer("template"),
        MedianDenoiser(3),
        *segmentation,
        FeatureSet(features),
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        SVC(C=C),
    )


def _leukofeat_svm(*, C: float = 0.001, shrinkage: float | str = "auto") -> Pipeline:
    """Shape, colour and nuclear texture of single leukocytes, whitened within classes, linear SVM; no scale bar is read.

    Left out on purpose, because they follow the slide: columns of the whole image, the cytoplasm's texture, and colour minus
    that of red cells and background; of the red cells only the density remains, as the unit of the nucleus's. Columns and
    classifier were chosen among about 190 configurations by cross-validation over blocks, colour clusters and series of the
    training part (mean 0.945) and, where that hardly told them apart, by what they lose on changed backgrounds. The whitening
    shrinks as the number of images calls for, so that small sets can be learned from, too.
    """
    features = [
        GeometryFeatures(),
        ColorFeatures(summary=("mean",)),  # over the cells: a large one counts no more than a small one
        TextureFeatures(regions=("nucleus",)),
        RelativeColorFeatures(references=("cytoplasm", "per_redcell")),
    ]
    return make_pipeline(
        ScaleBarCropper(),
        ColorNormalizer("white_balance"),
        MedianDenoiser(3),
        LeukocyteSegmenter(),
        FeatureSet(features),
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        WithinClassWhitener(shrinkage),
        SVC(C=C, kernel="linear", class_weight="balanced"),
    )


def _four_colors(*, C: float = 10.0) -> Pipeline:
    """Control: mean R, G, B and the standard deviation of L of the whole image; no cell is looked at."""
    return make_pipeline(
        FeatureSet(
            [FunctionFeatures(four_colors, names=("image_r_mean", "image_g_mean", "image_b_mean", "image_l_std"))]
        ),
        StandardScaler(),
        SVC(C=C),
    )


def _no_leukocytes(*, C: float = 10.0) -> Pipeline:
    """Control: colour and texture of the image without its leukocytes and scale bar."""
    return make_pipeline(
        ScaleBarCropper(),
        LeukocyteSegmenter(),
        RegionMasker("background", fill="slide", margin=4),
        FeatureSet([ColorFeatures(regions=("image",)), TextureFeatures(regions=("image",))]),
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        SVC(C=C),
    )


_BASELINES: dict[str, Callable[..., Pipeline]] = {
    "leukofeat_svm": _leukofeat_svm,
    "jin2023_svm": _jin2023_svm,
    "four_colors": _four_colors,
    "no_leukocytes": _no_leukocytes,
}

_MOMENT_NAMES = tuple(
    f"image_{channel}_{name}" for name in ("mean", "std") for channel in ("lab_l", "lab_a", "lab_b", "y", "cr", "cb")
)


def channel_moments(smear: Smear) -> np.ndarray:
    """Mean, then standard deviation of L*, a*, b*, Y, Cr and Cb (8-bit scaling of OpenCV) over the image.

    Parameters
    ----------
    smear : Smear

    Returns
    -------
    ndarray of shape (12,), dtype float64
    """
    planes = np.dstack([smear.lab, smear.ycrcb]).reshape(-1, 6)
    return np.concatenate([planes.mean(axis=0), planes.std(axis=0)])


def four_colors(smear: Smear) -> np.ndarray:
    """Mean R, G and B and the standard deviation of L* (8-bit) over the image.

    Parameters
    ----------
    smear : Smear

    Returns
    -------
    ndarray of shape (4,), dtype float64
    """
    return np.array([*smear.image.mean(axis=(0, 1)), smear.lab[:, :, 0].std()])
