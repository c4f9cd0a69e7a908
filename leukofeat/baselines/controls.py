"""Controls that every figure is shown beside: what they score is not leukaemia."""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.base import ImageStage
from leukofeat.baselines.recipe import Recipe
from leukofeat.calibration import CalibratedClassifier
from leukofeat.features import ColorFeatures, FeatureSet, FunctionFeatures, TextureFeatures
from leukofeat.preprocessing import ScaleBarCropper
from leukofeat.segmentation import LeukocyteSegmenter, RegionMasker
from leukofeat.smear import Smear


def four_colors(*, C: float = 10.0) -> Pipeline:
    """Control: mean R, G, B and the standard deviation of L of the whole image; no cell is looked at."""
    return make_pipeline(
        FeatureSet(
            [FunctionFeatures(mean_colors, names=("image_r_mean", "image_g_mean", "image_b_mean", "image_l_std"))]
        ),
        CalibratedClassifier(
            make_pipeline(StandardScaler(), SVC(C=C, decision_function_shape="ovo")), decision_function_shape="ovo"
        ),
    )


def no_leukocytes(*, C: float = 10.0, segmenter: ImageStage | str | None = None) -> Pipeline:
    """Control: colour and texture of the image without its leukocytes and scale bar."""
    return make_pipeline(
        ScaleBarCropper(),
        LeukocyteSegmenter(fine=False) if segmenter is None else segmenter,
        RegionMasker("background", fill="slide", margin=4),
        FeatureSet([ColorFeatures(regions=("image",)), TextureFeatures(regions=("image",))]),
        CalibratedClassifier(
            make_pipeline(
                SimpleImputer(strategy="median", keep_empty_features=True),
                StandardScaler(),
                SVC(C=C, decision_function_shape="ovo"),
            ),
            decision_function_shape="ovo",
        ),
    )


def mean_colors(smear: Smear) -> np.ndarray:
    """Mean R, G and B and the standard deviation of L* (8-bit) over the image.

    Parameters
    ----------
    smear : Smear

    Returns
    -------
    ndarray of shape (4,), dtype float64
    """
    return np.array([*smear.image.mean(axis=(0, 1)), smear.lab[:, :, 0].std()])


RECIPES = (
    Recipe(make=four_colors, caveat="what it scores is not leukaemia", firmness="control"),
    Recipe(make=no_leukocytes, caveat="what it scores is not leukaemia", firmness="control"),
)
