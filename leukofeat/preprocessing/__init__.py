"""Stages that turn an image into an image: shading, colour normalisation, denoising, cropping."""

from leukofeat.preprocessing.denoise import ChromaDenoiser, MedianDenoiser
from leukofeat.preprocessing.normalize import ColorNormalizer
from leukofeat.preprocessing.padding import find_padding
from leukofeat.preprocessing.scale_bar import ScaleBarCropper
from leukofeat.preprocessing.shading import ShadingCorrector
from leukofeat.preprocessing.slide import background_color, stained_mask

__all__ = [
    "ChromaDenoiser",
    "ColorNormalizer",
    "MedianDenoiser",
    "ScaleBarCropper",
    "ShadingCorrector",
    "background_color",
    "find_padding",
    "stained_mask",
]
