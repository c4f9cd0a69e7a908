"""Stages that turn an image into an image: colour normalisation, denoising, cropping."""

from leukofeat.preprocessing.colors import background_color, stained_mask
from leukofeat.preprocessing.stages import ColorNormalizer, MedianDenoiser, ScaleBarCropper

__all__ = ["ColorNormalizer", "MedianDenoiser", "ScaleBarCropper", "background_color", "stained_mask"]
