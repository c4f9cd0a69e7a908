"""Feature families, FeatureSet, which measures several of them in one pass, and the catalogue of what they measure."""

from leukofeat.failures import EmptyWarning, Failure, ImageWarning
from leukofeat.features.catalogue import list_features
from leukofeat.features.chromatin import ChromatinFeatures
from leukofeat.features.color import ColorFeatures, color_names, measure_color
from leukofeat.features.contours import ContourFeatures, measure_contours
from leukofeat.features.cooccurrence import haralick_names, measure_haralick
from leukofeat.features.covariance import CovarianceFeatures
from leukofeat.features.cytology import CytologyFeatures
from leukofeat.features.feature_set import FeatureSet
from leukofeat.features.fractal import FractalFeatures
from leukofeat.features.function import FunctionFeatures
from leukofeat.features.gabor import GaborFeatures
from leukofeat.features.geometry import GeometryFeatures, geometry_names, measure_geometry
from leukofeat.features.granulometry import GranulometryFeatures
from leukofeat.features.hog import HOGFeatures
from leukofeat.features.outline import OutlineFeatures
from leukofeat.features.relative_color import RelativeColorFeatures
from leukofeat.features.run_lengths import RunLengthFeatures
from leukofeat.features.scaled import ScaledFeatures
from leukofeat.features.texture import TextureFeatures, lbp_names, measure_lbp
from leukofeat.features.wavelet import WaveletFeatures
from leukofeat.kernels.texture.hog import hog_image
from leukofeat.kernels.texture.lbp import lbp_patterns

# families in the order of docs/features.md
__all__ = [  # noqa: RUF022
    "GeometryFeatures",
    "OutlineFeatures",
    "ContourFeatures",
    "HOGFeatures",
    "ColorFeatures",
    "RelativeColorFeatures",
    "TextureFeatures",
    "RunLengthFeatures",
    "ChromatinFeatures",
    "CovarianceFeatures",
    "CytologyFeatures",
    "GaborFeatures",
    "WaveletFeatures",
    "GranulometryFeatures",
    "FractalFeatures",
    "FunctionFeatures",
    "ScaledFeatures",
    "FeatureSet",
    "EmptyWarning",
    "Failure",
    "ImageWarning",
    "color_names",
    "geometry_names",
    "haralick_names",
    "hog_image",
    "lbp_names",
    "lbp_patterns",
    "list_features",
    "measure_color",
    "measure_contours",
    "measure_geometry",
    "measure_haralick",
    "measure_lbp",
]
