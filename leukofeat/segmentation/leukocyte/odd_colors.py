"""What is said of an image whose colours are not those of a stained smear: none at all, or red and blue changed places."""

import numpy as np

from leukofeat.opencv import cv2

NO_COLOR = (
    "it has no colour, by which LeukocyteSegmenter tells nuclei, so that no cell was found; give it in colour, or take a "
    "segmenter of one channel, such as OtsuSegmenter."
)
SWAPPED = (
    "its nuclei absorb more blue than red, as no stain of theirs does; were its channels blue, green and red, as cv2.imread gives them? "
    "Turn them with cv2.cvtColor(image, cv2.COLOR_BGR2RGB), or give the path."
)
# density in blue, against that in red, which nuclei do not reach: they have up to .9 in RGB, most 1.3 and more in BGR, and up to 1.5 where each channel was stretched
BLUE_AGAINST_RED = 1.5
EVERY = 3  # of so many rows and columns one is looked at, which tells as much


def note_of_colors(image: np.ndarray, nuclei: np.ndarray, cells: np.ndarray) -> str | None:
    """What is to be noted of the colours of an image, (H, W, 3) uint8, in which these regions, (H, W) int32, were found; None mostly."""
    if not nuclei.any():
        return NO_COLOR if _is_grey_picture(image) else None
    some = np.s_[::EVERY, ::EVERY]
    pixels, masks = np.ascontiguousarray(image[some]), (nuclei[some] > 0, cells[some] == 0)
    inside, outside = (np.maximum(cv2.mean(pixels, mask.view(np.uint8))[:3], 1) for mask in masks)
    red, _, blue = np.log(outside / inside)
    return SWAPPED if red > 0 and blue > BLUE_AGAINST_RED * red else None


def _is_grey_picture(image: np.ndarray) -> bool:
    """Whether an image shows something, and all of it in shades of grey."""
    return bool((image == image[:, :, :1]).all() and image.size and np.ptp(image) > 0)
