"""Stages that turn an image into an image: shading, colour normalisation, contrast, denoising, cropping, resizing."""

from leukofeat.content.padding import find_padding
from leukofeat.preprocessing.denoise import BilateralDenoiser, ChromaDenoiser, GaussianDenoiser, MedianDenoiser
from leukofeat.preprocessing.equalize import ContrastStretcher, HistogramEqualizer
from leukofeat.preprocessing.normalize import ColorNormalizer
from leukofeat.preprocessing.resize import Resizer, resize_smear
from leukofeat.preprocessing.scale_bar import ScaleBarCropper
from leukofeat.preprocessing.shading import ShadingCorrector
from leukofeat.preprocessing.slide import background_color, stained_mask

__all__ = [
    "BilateralDenoiser",
    "ChromaDenoiser",
    "ColorNormalizer",
    "ContrastStretcher",
    "GaussianDenoiser",
    "HistogramEqualizer",
    "MedianDenoiser",
    "Resizer",
    "ScaleBarCropper",
    "ShadingCorrector",
    "background_color",
    "find_padding",
    "resize_smear",
    "stained_mask",
]
