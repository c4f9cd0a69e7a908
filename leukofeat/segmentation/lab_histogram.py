"""The joint (a, b) histogram of an image: what clusters of its bins say about the pixels."""

from typing import Literal, get_args

import numpy as np

from leukofeat.constraints import OneOf
from leukofeat.kernels.arrays import plain
from leukofeat.kernels.color.kmeans import ab_histogram, label_by_bin
from leukofeat.opencv import cv2
from leukofeat.smear import Smear

Rank = Literal["red", "a"]
RANK = OneOf(*get_args(Rank))


class LabHistogram:
    """Occupied bins of the 8-bit (a, b) plane of an image, with their number of pixels and their red."""

    def __init__(self, smear: Smear) -> None:
        self.shape = smear.image.shape[:2]
        self._lab = plain(smear.lab, np.uint8).reshape(-1, 3)
        self._bins, self.counts, self._reds = ab_histogram(self._lab, cv2.extractChannel(smear.image, 0).ravel())
        self.points = np.column_stack((self._bins >> 8, self._bins & 255))

    def mean_red(self, labels: np.ndarray, n: int, some: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Mean red of each of n clusters, given the labels of some bins; infinite for a cluster without any."""
        counts = np.bincount(labels, self.counts[some], n)
        reds = np.bincount(labels, self._reds[some], n)
        return np.where(counts > 0, reds / np.maximum(counts, 1), np.inf)

    def nucleus_and_cytoplasm(self, centers: np.ndarray, labels: np.ndarray, rank: Rank) -> tuple[int, int]:
        """Clusters of the lowest red, or of the highest a*, and of the lowest red among the others; −1 for none."""
        red = self.mean_red(labels, len(centers))
        first = int(np.argmin(red) if rank == "red" else np.argmax(np.where(red < np.inf, centers[:, 0], -1)))
        red[first] = np.inf
        second = int(np.argmin(red))
        return first, second if red[second] < np.inf else -1

    def paint(self, classes: np.ndarray) -> np.ndarray:
        """(H, W) uint8 image of the classes given to the bins."""
        table = np.zeros(1 << 16, np.uint8)
        table[self._bins] = classes
        out = np.empty(len(self._lab), np.uint8)
        label_by_bin(self._lab, table, out)
        return out.reshape(self.shape)


def contrast(centers: np.ndarray) -> float:
    """Largest distance between two of the centres."""
    return float(np.sqrt(((centers[:, None] - centers) ** 2).sum(axis=-1).max()))
