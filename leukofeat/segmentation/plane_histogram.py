"""The joint histogram of two colour planes of an image: what clusters of its bins say about the pixels."""

from typing import Literal, get_args

import numpy as np

from leukofeat.constraints import OneOf, check
from leukofeat.kernels.arrays import plain
from leukofeat.kernels.color.kmeans import ab_histogram, label_by_bin
from leukofeat.opencv import cv2
from leukofeat.smear import Smear

Rank = Literal["red", "a"]
RANK = OneOf(*get_args(Rank))
Space = Literal["lab", "hsv", "hv"]
SPACE = OneOf(*get_args(Space))
# Channels of HSV in an order whose last two are clustered.
_LAST_TWO = {"hsv": [2, 0, 1], "hv": [1, 0, 2]}


class PlaneHistogram:
    """Occupied bins of two 8-bit planes of an image, with their number of pixels and their red.

    The planes are (a, b) of LAB, (H, S) of HSV for "hsv", or (H, V) for "hv".
    """

    def __init__(self, smear: Smear, space: Space = "lab") -> None:
        check("space", space, SPACE)
        self.shape = smear.image.shape[:2]
        self.space = space
        self._smear = smear
        planes = smear.lab if space == "lab" else smear.hsv[:, :, _LAST_TWO[space]]
        self._planes = plain(planes, np.uint8).reshape(-1, 3)
        self._bins, self.counts, self._reds = ab_histogram(self._planes, cv2.extractChannel(smear.image, 0).ravel())
        self.points = np.column_stack((self._bins >> 8, self._bins & 255))

    def mean_red(self, labels: np.ndarray, n: int, some: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Mean red of each of n clusters, given the labels of some bins; infinite for a cluster without any."""
        counts = np.bincount(labels, self.counts[some], n)
        reds = np.bincount(labels, self._reds[some], n)
        return np.where(counts > 0, reds / np.maximum(counts, 1), np.inf)

    def colors(self, centers: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """(a, b) of each cluster, (n, 2): its centre in LAB, elsewhere the mean of its pixels, of the largest for one without any."""
        if self.space == "lab":
            return centers
        n = len(centers)
        counts = np.bincount(labels, self.counts, n)
        sums = [ab_histogram(self._planes, cv2.extractChannel(self._smear.lab, c).ravel())[2] for c in (1, 2)]
        means = np.column_stack([np.bincount(labels, total, n) for total in sums]) / np.maximum(counts, 1)[:, None]
        means[counts == 0] = means[np.argmax(counts)]
        return means

    def nucleus_and_cytoplasm(self, colors: np.ndarray, labels: np.ndarray, rank: Rank) -> tuple[int, int]:
        """Clusters of the lowest red, or of the highest a*, and of the lowest red among the others; −1 for none."""
        red = self.mean_red(labels, len(colors))
        first = int(np.argmin(red) if rank == "red" else np.argmax(np.where(red < np.inf, colors[:, 0], -1)))
        red[first] = np.inf
        second = int(np.argmin(red))
        return first, second if red[second] < np.inf else -1

    def paint(self, classes: np.ndarray) -> np.ndarray:
        """(H, W) uint8 image of the classes given to the bins."""
        table = np.zeros(1 << 16, np.uint8)
        table[self._bins] = classes
        out = np.empty(len(self._planes), np.uint8)
        label_by_bin(self._planes, table, out)
        return out.reshape(self.shape)


def contrast(colors: np.ndarray) -> float:
    """Largest distance between two colours."""
    return float(np.sqrt(((colors[:, None] - colors) ** 2).sum(axis=-1).max()))
