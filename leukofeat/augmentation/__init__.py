"""Augmentation inside the training fold: altered copies of training images, which no test image ever meets.

Augmenting first and splitting afterwards, as many published figures were made, puts copies of one image on both sides;
:func:`augmentation_leak` shows what that is worth.
"""

from leukofeat.augmentation.cells import FieldCells, find_cells
from leukofeat.augmentation.estimator import Augmented
from leukofeat.augmentation.image import TRANSFORMS, augment_image
from leukofeat.augmentation.invariant import SwapInvariantClassifier
from leukofeat.augmentation.leak import augmentation_leak
from leukofeat.augmentation.sequence import AugmentedSequence, augment
from leukofeat.augmentation.swap import swap_background

__all__ = [
    "TRANSFORMS",
    "Augmented",
    "AugmentedSequence",
    "FieldCells",
    "SwapInvariantClassifier",
    "augment",
    "augment_image",
    "augmentation_leak",
    "find_cells",
    "swap_background",
]
