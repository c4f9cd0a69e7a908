"""Compile the measuring of an image's scale by itself, for a process that begins at the end."""

import numpy as np

from leukofeat.opencv import cv2
from leukofeat.scale.estimate import estimate_scale


def compile_scale() -> None:
    """Measure red cells that stand alone, touch, and are cut by the frame."""
    image = np.full((160, 200, 3), (240, 236, 244), np.uint8)
    for x, y in ((30, 30), (100, 80), (124, 84), (0, 100), (170, 30), (60, 120)):
        cv2.circle(image, (x, y), 14, (226, 170, 172), -1)
    estimate_scale(image)
