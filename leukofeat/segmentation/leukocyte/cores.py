"""Cores: the azure-stained bodies that nuclei are grown from, split at necks and joined when they share a cell."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from leukofeat.kernels.regions.labels import label_sums, renumbered, separated
from leukofeat.segmentation.leukocyte.component_tree import core_sums, sharpest_components
from leukofeat.segmentation.leukocyte.necks import hull_counts, label_gaps, split_at_necks
from leukofeat.segmentation.leukocyte.planes import Planes
from leukofeat.segmentation.leukocyte.stain import stain_edges

AZURE_FLOOR = 60  # of 255: below this a pixel is no nucleus under any stain at hand; red cells stay below
VIOLET = 5000.0  # azure x hue of a core: pale nuclei are violet, shaded red cells are neither
NECK, SHALLOW = 0.8, 0.92  # a passage narrower than this share of the smaller part's radius splits
SLIVER = 0.3  # inscribed radius, against the typical one, under which a core is a rim of a red cell or a platelet
REACH = 0.9  # gap between lobes of one nucleus, in radii, at most
ALONE = 0.4  # gap, in radii, beyond which a core counts as solitary
SINGLES = 4  # solitary nuclei that a field needs to tell how much stain one holds
MANY = 10  # bodies in a field that cannot all be lobes of a few nuclei
SMOOTH = 0.06  # smoothing of the stain, in nuclear radii: chromatin is no outline
LOBES = 1.6  # radius of a lobed nucleus, against that of its lobes, at most
ECLIPSE = 0.7  # stain, against that of a body close by which holds twice as much, under which a core is cytoplasm
DNA = 1.6  # stain of a joined nucleus, against that of solitary ones: twice as much would be two


def relabel(labels: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Keep the labels 1..n flagged in `keep`, renumbered in order."""
    if keep.all():
        return labels
    table = np.zeros(keep.size + 1, np.int32)
    table[1:][keep] = np.arange(1, keep.sum() + 1)
    return renumbered(labels, table)


class Bodies(NamedTuple):
    """Labelled bodies of an image, and what is known of each."""

    labels: np.ndarray  # (H, W) int32, 1..n
    table: (
        np.ndarray
    )  # (n, 10) float64, see `leukofeat.kernels.regions.labels.label_sums`; the values are the azure stain

    @classmethod
    def measure(cls, labels: np.ndarray, azure: np.ndarray, n: int | None = None) -> Bodies:
        """Bodies 1..n, up to the largest label unless `n` is given; those without pixels have no area."""
        return cls(labels, label_sums(labels, int(labels.max(initial=0)) if n is None else n, azure))

    def keep(self, flags: np.ndarray) -> Bodies:
        """Those flagged, renumbered in order."""
        return self if flags.all() else Bodies(relabel(self.labels, flags), self.table[flags])

    @property
    def n(self) -> int:
        """Number of bodies, 1 to n in the map."""
        return len(self.table)

    @property
    def area(self) -> np.ndarray:
        """Pixels of each body."""
        return self.table[:, 0]

    @property
    def stain(self) -> np.ndarray:
        """Mean azure stain of each body."""
        return self.table[:, 4]

    @property
    def boxes(self) -> np.ndarray:
        """(n, 4) int64: y0, y1, x0, x1, ends excluded."""
        return self.table[:, 5:9].astype(np.int64)


def mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Weighted mean of a few values: a tenth of the time of NumPy's."""
    return float(values @ weights / weights.sum())


def inner_distance(labels: np.ndarray) -> np.ndarray:
    """Distance inside each label to anything else; the frame is not an edge."""
    return cv2.distanceTransform(separated(labels), cv2.DIST_L2, 5)


def find_cores(planes: Planes, radius: float) -> np.ndarray:
    """Label the azure bodies, each at the level where its outline is sharpest; red-cell rims and specks are dropped."""
    azure = cv2.GaussianBlur(planes.azure, (0, 0), SMOOTH * radius) if SMOOTH * radius > 0.3 else planes.azure
    least = max(20, int(0.02 * np.pi * radius**2))
    labels, n = sharpest_components(azure, stain_edges(azure), AZURE_FLOOR, 3, least)
    if n == 0:
        return labels
    area, inscribed, stain, violet = core_sums(labels, n, inner_distance(labels), planes.azure, planes.offset).T
    keep = stain / area * np.maximum(violet / area, 0) >= VIOLET
    if keep.any():
        typical = mean(inscribed[keep], area[keep])
        keep &= (inscribed >= SLIVER * typical) & (inscribed >= 2.5)
    return relabel(labels, keep)


def split_cores(cores: np.ndarray, azure: np.ndarray) -> Bodies:
    """Cut cores at their necks, and drop the stained cytoplasm around far darker ones."""
    parts = Bodies.measure(split_at_necks(cores, inner_distance(cores), NECK), azure)
    lobes = Lobes(parts)
    heavy = parts.stain > lobes.limit
    if heavy.any():
        # what holds the stain of two nuclei is looked at again for a shallower neck
        labels = parts.labels
        twice = renumbered(labels, np.append(0, np.where(heavy, np.arange(1, parts.n + 1), 0)).astype(np.int32))
        again = split_at_necks(twice, inner_distance(labels), SHALLOW)
        labels = np.where(again > 0, again + parts.n, labels)
        parts = Bodies.measure(relabel(labels, np.bincount(labels.ravel())[1:] > 0), azure)
        lobes = Lobes(parts)
    stain = parts.stain
    mean = stain / parts.area
    near = lobes.gaps <= REACH * lobes.radius
    eclipsed = near & (mean[:, None] < ECLIPSE * mean) & (stain[:, None] < 0.5 * stain)
    return parts.keep(~eclipsed.any(axis=1))


def group_near(gaps: np.ndarray) -> np.ndarray:
    """Group 0..m of each label (0 of the background, alone): labels with finite gaps belong together."""
    n = gaps.shape[0]
    root = np.arange(n + 1)
    for i, j in zip(*np.nonzero(np.isfinite(gaps)), strict=True):
        a, b = root[i + 1], root[j + 1]
        if a != b:
            root[root == max(a, b)] = min(a, b)
    return np.unique(root, return_inverse=True)[1].astype(np.int32)


def typical_radius(cores: np.ndarray, azure: np.ndarray, enough: float = 0.0) -> float:
    """Radius of the nuclei that the stain is mostly in, lobes counted together within reason.

    It is not worked out where it stays below `enough`.
    """
    bodies = Bodies.measure(cores, azure)
    area = bodies.area
    radius = np.sqrt(area / np.pi)
    single = mean(radius, area)
    if LOBES * single < enough:
        return single
    gaps = label_gaps(cores, bodies.boxes, REACH * np.maximum.outer(radius, radius))
    joint = np.bincount(group_near(gaps)[1:], weights=area)[1:]
    return min(LOBES * single, mean(np.sqrt(joint / np.pi), joint))


class Lobes:
    """Cores of one image with what decides whether some of them are lobes of one nucleus."""

    def __init__(self, cores: Bodies) -> None:
        stain, self.radius = cores.stain, np.sqrt(cores.area / np.pi)
        largest = np.maximum.outer(self.radius, self.radius)
        self.gaps = label_gaps(cores.labels, cores.boxes, REACH * largest)
        alone = (self.gaps / largest > ALONE).all(axis=1) & (cores.table[:, 9] == 0)
        # a field with solitary nuclei, or with very many, shows how much stain one nucleus holds
        single = np.sort(stain[alone])
        single = single[single >= 0.3 * single.max(initial=0)]
        self.limit = np.inf
        if single.size >= SINGLES and single.sum() >= 0.25 * stain.sum():
            half = np.searchsorted(np.cumsum(single), 0.5 * single.sum())
            self.limit = DNA * float(single[half])
        elif cores.n >= MANY:
            self.limit = DNA * float(np.median(stain))

    def groups(self) -> np.ndarray:
        """Group 1..m of each core (index 0 unused): cores within reach of each other, directly or through others."""
        return group_near(self.gaps)


def hull_share(nuclei: np.ndarray, cells: np.ndarray, i: int, j: int, box: np.ndarray) -> float:
    """Share of the gaps in the common hull of two nuclei that lies in their own cells: 1 for lobes of one nucleus."""
    own, others, good, bad = hull_counts(nuclei, cells, i, j, box)
    if good + bad + others < 0.02 * own:
        return 1.0
    return good / max(1.0, good + bad + 0.5 * others)


def solidity(cells: np.ndarray, i: int, j: int, box: np.ndarray) -> float:
    """Area of two cells together, against that of their common hull."""
    own, others, _, bad = hull_counts(cells, cells, i, j, box)
    return own / max(1, own + others + bad)
