"""Feature families, FeatureSet, which measures several of them in one pass, and the catalogue of what they measure."""

from leukofeat.features.catalogue import list_features
from leukofeat.features.chromatin import ChromatinFeatures
from leukofeat.features.color import ColorFeatures
from leukofeat.features.contours import ContourFeatures
from leukofeat.features.feature_set import FeatureSet
from leukofeat.features.filters import GaborFeatures, GranulometryFeatures, WaveletFeatures
from leukofeat.features.function import FunctionFeatures
from leukofeat.features.geometry import GeometryFeatures
from leukofeat.features.hog import HOGFeatures
from leukofeat.features.outline import OutlineFeatures
from leukofeat.features.relative_color import RelativeColorFeatures
from leukofeat.features.runlength import RunLengthFeatures
from leukofeat.features.texture import TextureFeatures
from leukofeat.measuring import Failure, ImageWarning

__all__ = [
    "ChromatinFeatures",
    "ColorFeatures",
    "ContourFeatures",
    "Failure",
    "FeatureSet",
    "FunctionFeatures",
    "GaborFeatures",
    "GeometryFeatures",
    "GranulometryFeatures",
    "HOGFeatures",
    "ImageWarning",
    "OutlineFeatures",
    "RelativeColorFeatures",
    "RunLengthFeatures",
    "TextureFeatures",
    "WaveletFeatures",
    "list_features",
]
