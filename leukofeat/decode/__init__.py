"""Image files to 8-bit RGB, by one documented rule; label maps from files and to files, number by number."""

from leukofeat.decode.damage import ImageError
from leukofeat.decode.labels import read_labels, write_labels
from leukofeat.decode.pixel_size import PLAUSIBLE, read_pixel_size
from leukofeat.decode.read import IMAGE_SUFFIXES, read_image

__all__ = [
    "IMAGE_SUFFIXES",
    "PLAUSIBLE",
    "ImageError",
    "read_image",
    "read_labels",
    "read_pixel_size",
    "write_labels",
]
