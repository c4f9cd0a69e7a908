"""What the published recipes share: their first stages, and the classifiers of which a paper gives no more than the name."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.base import ImageStage
from leukofeat.calibration import CalibratedClassifier
from leukofeat.preprocessing import ScaleBarCropper
from leukofeat.segmentation import Cleanup

Steps = tuple[Any, ...]
# size and shape of the nucleus, where a paper says no more than that; means over the cells
NUCLEUS_SHAPES = tuple(
    f"nucleus_{name}_mean"
    for name in ("area", "perimeter", "circularity", "eccentricity", "solidity", "extent", "major_axis", "minor_axis")
)


def opening(
    crop_bar: bool, segmenter: ImageStage | str | None, default: ImageStage, *, before: Sequence[ImageStage] = ()
) -> Steps:
    """Steps in front of the features: the bar cropped if wanted, the stages `before`, and `segmenter` or else `default`.

    Examples
    --------
    >>> from leukofeat.preprocessing import HistogramEqualizer
    >>> from leukofeat.segmentation import OtsuSegmenter
    >>> opening(False, None, OtsuSegmenter(), before=[HistogramEqualizer()])
    (HistogramEqualizer(), OtsuSegmenter())
    >>> opening(True, "passthrough", OtsuSegmenter())
    (ScaleBarCropper(), 'passthrough')
    """
    first = (ScaleBarCropper(),) if crop_bar else ()
    return (*first, *before, default if segmenter is None else segmenter)


def cleanup_for(clear_border: bool) -> Cleanup | None:
    """The default clean-up, but that it keeps what the frame cuts if `clear_border` is False.

    Examples
    --------
    >>> cleanup_for(False)
    Cleanup(clear_border=False)
    """
    # the store knows a default clean-up by None only
    return None if clear_border else Cleanup(clear_border=False)


def imputed(*steps: BaseEstimator, scaled: bool = True) -> Steps:
    """Steps behind a median imputer and, where `scaled`, a scaler to mean 0 and standard deviation 1.

    Examples
    --------
    >>> imputed(SVC())
    (SimpleImputer(keep_empty_features=True, strategy='median'), StandardScaler(), SVC())
    """
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    return (imputer, *((StandardScaler(),) if scaled else ()), *steps)


def imputed_svm(*selection: BaseEstimator, C: float = 1.0, kernel: str = "rbf", scaled: bool = True) -> Steps:
    """Steps behind the features where a paper says "SVM": imputed, scaled, selected, C = 1, with probabilities.

    Examples
    --------
    >>> (step,) = imputed_svm()
    >>> step.estimator[-1]
    SVC(decision_function_shape='ovo')
    """
    svm = SVC(C=C, kernel=kernel, decision_function_shape="ovo")
    inner = make_pipeline(*imputed(*selection, svm, scaled=scaled))
    return (CalibratedClassifier(inner, decision_function_shape="ovo"),)


def imputed_knn(*selection: BaseEstimator, k: int = 5, metric: str = "euclidean") -> Steps:
    """Steps behind the features where a paper says "k-NN": imputed, scaled, selected, k = 5, Euclidean.

    Examples
    --------
    >>> imputed_knn(k=1)[-1]
    KNeighborsClassifier(algorithm='brute', metric='euclidean', n_neighbors=1)
    """
    # brute: the trees that "auto" may choose cannot be loaded without trusting them
    return imputed(*selection, KNeighborsClassifier(k, metric=metric, algorithm="brute"))


class Components(PCA):
    """Principal components as scikit-learn has them, silent where there is no variance: one of all zeros is kept then.

    So it is where no leukocyte was found in any image of a fold, and all columns are filled in.

    Examples
    --------
    >>> Components(0.95).fit_transform(np.ones((3, 4))).shape
    (3, 1)
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit to X of shape (n, k)."""
        with np.errstate(invalid="ignore"):
            return super().fit(X)

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Fit to X of shape (n, k), and give its components."""
        with np.errstate(invalid="ignore"):
            return super().fit_transform(X)
