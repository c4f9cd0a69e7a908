"""Labelled bodies and what is known of each: what cores, nuclei and cells are handed on as."""

from typing import NamedTuple, Self

import numpy as np

from leukofeat.kernels.jit import jit
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.labels import label_sums, renumbered

# DNA content is what tells nuclei from debris: azure stain, against the typical nucleus, under which a body is a platelet
# or precipitate
DEBRIS_STAIN = 0.1
# pixels along a side of the frame, against the diameter of a body, from which on it is cut: a disc with fewer lacks a thirtieth of its width at most
CUT = 0.35

BOX = [0, 2, 1, 3]  # columns of a table of `region_boxes`: first row, last row + 1, first column, last column + 1


class Bodies(NamedTuple):
    """Labelled bodies of an image, and what is known of each."""

    labels: np.ndarray  # (H, W) int32, 1..n
    table: np.ndarray  # (n, 7) int64, see `leukofeat.kernels.regions.boxes.region_boxes`
    stain: np.ndarray  # (n,) azure stain, summed over the pixels: how much DNA each holds

    @classmethod
    def measure(cls, labels: np.ndarray, azure: np.ndarray, n: int | None = None) -> Self:
        """Bodies 1..n, up to the largest label unless `n` is given; those without pixels have no area."""
        table = region_boxes(labels, n)
        return cls(labels, table, label_sums(labels, table, azure))

    def keep(self, flags: np.ndarray) -> "Bodies":
        """Those flagged, renumbered in order."""
        return self if flags.all() else Bodies(keep_labels(self.labels, flags), self.table[flags], self.stain[flags])

    @property
    def n(self) -> int:
        """Number of bodies, 1 to n in the map."""
        return len(self.table)

    @property
    def area(self) -> np.ndarray:
        """Pixels of each body."""
        return self.table[:, 4].astype(np.float64)

    @property
    def radius(self) -> np.ndarray:
        """Radius, in pixels, of the disc of the same area."""
        return np.sqrt(self.area / np.pi)

    @property
    def density(self) -> np.ndarray:
        """Mean stain of the pixels of each body."""
        return self.stain / np.maximum(self.area, 1)

    @property
    def centers(self) -> np.ndarray:
        """(n, 2): mean y and x."""
        return self.table[:, 5:7] / np.maximum(self.table[:, 4:5], 1)

    @property
    def boxes(self) -> np.ndarray:
        """(n, 4) int64: y0, y1, x0, x1, ends excluded."""
        # by rows: by columns, as NumPy would have it, is another type to the kernels
        return np.ascontiguousarray(self.table[:, BOX])

    @property
    def cut(self) -> np.ndarray:
        """Whether the frame cuts each body."""
        return is_cut(frame_contacts(self.labels, self.n), self.area)

    @property
    def stained(self) -> np.ndarray:
        """Whether each body holds enough stain for a nucleus, against the others."""
        return self.stain >= DEBRIS_STAIN * weighted_mean(self.stain, np.maximum(self.stain, 1))


@jit
def frame_contacts(labels: np.ndarray, n: int) -> np.ndarray:
    """Pixels of each of bodies 1..n at the top, the bottom, the left and the right of the frame, and in its corners, (n, 5) int64."""
    h, w = labels.shape
    counts = np.zeros((n + 1, 5), np.int64)
    for x in range(w):
        counts[labels[0, x], 0] += 1
        counts[labels[h - 1, x], 1] += 1
    for y in range(h):
        counts[labels[y, 0], 2] += 1
        counts[labels[y, w - 1], 3] += 1
    for y in (0, h - 1):
        for x in (0, w - 1):
            counts[labels[y, x], 4] += 1
    return counts[1:]


def is_cut(contacts: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Whether the frame cuts bodies, and does not only touch them, by their `frame_contacts`, (..., 5), and areas, (...).

    A corner takes of a body at two sides.
    """
    sides = contacts[..., :4]
    length = np.where(contacts[..., 4] > 0, sides.sum(axis=-1), sides.max(axis=-1))
    return length > CUT * 2 * np.sqrt(area / np.pi)


def around(boxes: np.ndarray, margin: int) -> tuple[slice, slice]:
    """The window of a map that holds boxes (y0, y1, x0, x1), (n, 4), with a margin in pixels as far as the map goes."""
    y0, _, x0, _ = boxes.min(axis=0) - margin
    _, y1, _, x1 = boxes.max(axis=0) + margin
    return np.s_[max(y0, 0) : y1, max(x0, 0) : x1]


def keep_labels(labels: np.ndarray, flags: np.ndarray) -> np.ndarray:
    """Keep the labels 1..n flagged, renumbered in order."""
    if flags.all():
        return labels
    return renumbered(labels, np.append(0, np.where(flags, np.cumsum(flags), 0)).astype(np.int32))


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Weighted mean of a few values, 0 of none: a tenth of the time of NumPy's."""
    total = weights.sum()
    return float(values @ weights / total) if total else 0.0
