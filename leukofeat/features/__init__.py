"""Feature families, and FeatureSet, which measures several of them in one pass."""

from leukofeat.features._extract import Failure, ImageWarning
from leukofeat.features._function import FunctionFeatures
from leukofeat.features._set import FeatureSet
from leukofeat.features.color import ColorFeatures
from leukofeat.features.contours import ContourFeatures
from leukofeat.features.geometry import GeometryFeatures
from leukofeat.features.hog import HOGFeatures
from leukofeat.features.texture import TextureFeatures

__all__ = [
    "ColorFeatures",
    "ContourFeatures",
    "Failure",
    "FeatureSet",
    "FunctionFeatures",
    "GeometryFeatures",
    "HOGFeatures",
    "ImageWarning",
    "TextureFeatures",
]
