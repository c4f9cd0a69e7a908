"""The SVM of Jin et al. (2023)."""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.base import ImageStage
from leukofeat.calibration import CalibratedClassifier
from leukofeat.features import ContourFeatures, FeatureSet, FunctionFeatures, HOGFeatures
from leukofeat.preprocessing import ColorNormalizer, MedianDenoiser
from leukofeat.segmentation import LabKMeansSegmenter, RegionMasker
from leukofeat.smear import Smear

_MOMENT_NAMES = tuple(
    f"image_{channel}_{name}" for name in ("mean", "std") for channel in ("lab_l", "lab_a", "lab_b", "y", "cr", "cb")
)


def jin2023_svm(*, segmented: bool = False, C: float = 96.0, segmenter: ImageStage | str | None = None) -> Pipeline:
    """SVM of Jin et al. (2023): gradient, contour and colour statistics of the whole or of the segmented image.

    Template colour transfer, median filter, LAB k-means; then maximum, mean, standard deviation and active share of the HOG
    picture, sum, mean and standard deviation of the contour areas, mean and standard deviation of the LAB and YCrCb channels;
    RBF-SVM. The published figures are for C = 10 and 96. The scale bar is left in, as it was.
    A `segmenter` is that of the segmented image.
    """
    first = LabKMeansSegmenter() if segmenter is None else segmenter
    segmentation = [first, RegionMasker("cell")] if segmented else []
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
        CalibratedClassifier(
            make_pipeline(
                SimpleImputer(strategy="median", keep_empty_features=True),
                StandardScaler(),
                SVC(C=C, decision_function_shape="ovo"),
            ),
            decision_function_shape="ovo",
        ),
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
