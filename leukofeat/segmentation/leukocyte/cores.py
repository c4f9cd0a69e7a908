"""Step two, cores: the azure-stained bodies that are nuclei or lobes of nuclei.

Each body is taken at the level of stain at which its own outline is sharpest, whatever else is in the image. Clumps are
cut at their necks: nuclei are convex, and where two touch the passage is narrower than either. How much stain, which is
how much DNA, one nucleus holds is read from the field itself.
"""

import numpy as np

from leukofeat.kernels.regions.labels import renumbered, separated
from leukofeat.opencv import cv2
from leukofeat.segmentation.leukocyte.bodies import Bodies, keep_labels, weighted_mean
from leukofeat.segmentation.leukocyte.component_tree import core_sums, sharpest_components, stain_edges
from leukofeat.segmentation.leukocyte.necks import split_at_necks
from leukofeat.segmentation.leukocyte.neighbors import Gaps, joined, label_gaps
from leukofeat.segmentation.leukocyte.planes import AZURE_FLOOR, Planes

# lengths are in nuclear radii unless they are said to be in pixels
CHROMATIN_BLUR = 0.06  # smoothing of the stain: chromatin is no outline
LEAST_BLUR = 0.3  # Gaussian, in pixels, below which there is no smoothing
LEVEL_STEP = 3  # grey levels from one level set to the next
LEAST_PIXELS, LEAST_AREA = 20, 0.02  # a body has so many pixels, and this share of a nucleus' area
LEAST_VIOLET = 5000.0  # azure x hue of a core: pale nuclei are violet, shaded red cells are neither
# inscribed radius, against the typical one and in pixels, under which a core is a rim of a red cell or a platelet
LEAST_INSCRIBED, LEAST_INSCRIBED_PIXELS = 0.3, 2.5
NECK = 0.8  # a passage narrower than this share of the smaller part's radius splits
SHALLOW_NECK = 0.92  # the same for what holds the stain of two nuclei
CYTOPLASM_STAIN = (
    0.7  # mean stain, against that of a body close by with twice its stain, under which a core is cytoplasm
)
LOBE_GAP = 0.9  # gap between lobes of one nucleus at most
SOLITARY_GAP = 0.4  # gap to any other core beyond which one counts as solitary
LOBED_RADIUS = 1.6  # radius of a lobed nucleus, against that of its lobes, at most
NUCLEUS_STAIN = 1.6  # stain of a joined nucleus, against that of solitary ones, at most: twice as much would be two
# a field tells how much stain one nucleus holds by so many solitary ones, with this share of all stain; those with less
# than the last share of the most stained one's are fragments. So many cores cannot all be lobes of a few nuclei
LEAST_SOLITARY, SOLITARY_SHARE, FRAGMENT_STAIN, MANY_CORES = 4, 0.25, 0.3, 10


def find_cores(planes: Planes, radius: float) -> np.ndarray:
    """Label the azure bodies, each at the level where its outline is sharpest; red-cell rims and specks are dropped.

    `radius`, in pixels, is that of the nuclei, 0 where it is not known yet. Returns (H, W) int32.
    """
    blur = CHROMATIN_BLUR * radius
    azure = cv2.GaussianBlur(planes.azure, (0, 0), blur) if blur > LEAST_BLUR else planes.azure
    least = max(LEAST_PIXELS, int(LEAST_AREA * np.pi * radius**2))
    edges = stain_edges(cv2.copyMakeBorder(azure, 1, 1, 1, 1, cv2.BORDER_REPLICATE))
    labels, n = sharpest_components(azure, edges, AZURE_FLOOR, LEVEL_STEP, least)
    if n == 0:
        return labels
    area, inscribed, stain, violet = core_sums(labels, n, inner_distance(labels), planes.azure, planes.offset).T
    keep = stain / area * np.maximum(violet / area, 0) >= LEAST_VIOLET
    if keep.any():
        typical = weighted_mean(inscribed[keep], area[keep])
        keep &= inscribed >= max(LEAST_INSCRIBED * typical, LEAST_INSCRIBED_PIXELS)
    return keep_labels(labels, keep)


def inner_distance(labels: np.ndarray) -> np.ndarray:
    """Distance inside each label to anything else; the frame is not an edge."""
    mask = separated(labels)
    x, y, w, h = cv2.boundingRect(mask)
    out = np.zeros(labels.shape, np.float32)
    if w > 0:
        # the nearest pixel outside is no further than one beyond the box that holds all labels
        window = np.s_[max(y - 1, 0) : y + h + 1, max(x - 1, 0) : x + w + 1]
        out[window] = cv2.distanceTransform(np.ascontiguousarray(mask[window]), cv2.DIST_L2, 5)
    return out


def typical_radius(cores: np.ndarray, azure: np.ndarray, enough: float) -> float:
    """Radius of the nuclei that the stain is mostly in, lobes counted together within reason.

    It is not worked out where it stays below `enough`.
    """
    bodies = Bodies.measure(cores, azure)
    single = weighted_mean(bodies.radius, bodies.area)
    if LOBED_RADIUS * single < enough:
        return single
    joint = np.bincount(near_groups(core_gaps(bodies), bodies.n), weights=np.append(0, bodies.area))[1:]
    return min(LOBED_RADIUS * single, weighted_mean(np.sqrt(joint / np.pi), joint))


def split_cores(cores: np.ndarray, azure: np.ndarray) -> Bodies:
    """Cut cores at their necks, and drop the stained cytoplasm around far darker ones."""
    parts = Bodies.measure(split_at_necks(cores, inner_distance(cores), NECK), azure)
    gaps = core_gaps(parts)
    heavy = parts.stain > nucleus_stain(parts, gaps)
    if heavy.any():
        # what holds the stain of two nuclei is looked at again for a shallower neck
        labels = parts.labels
        table = np.append(0, np.where(heavy, np.arange(1, parts.n + 1), 0)).astype(np.int32)
        again = split_at_necks(renumbered(labels, table), inner_distance(labels), SHALLOW_NECK)
        labels = np.where(again > 0, again + parts.n, labels)
        parts = Bodies.measure(keep_labels(labels, np.bincount(labels.ravel())[1:] > 0), azure)
        gaps = core_gaps(parts)
    stain, mean = parts.stain, parts.stain / parts.area
    pale, dark = np.concatenate([gaps[:2], gaps[1::-1]], axis=1)  # either of two may be the cytoplasm of the other
    eclipsed = np.tile(gaps.pixels, 2) <= LOBE_GAP * parts.radius[dark]
    eclipsed &= (mean[pale] < CYTOPLASM_STAIN * mean[dark]) & (stain[pale] < 0.5 * stain[dark])
    keep = np.ones(parts.n, bool)
    keep[pale[eclipsed]] = False
    return parts.keep(keep)


def core_gaps(cores: Bodies) -> Gaps:
    """Gaps between cores, up to what lobes of one nucleus can have."""
    return label_gaps(cores.labels, cores.boxes, LOBE_GAP * cores.radius)


def lobe_gaps(cores: Bodies, gaps: Gaps) -> Gaps:
    """Those of the `core_gaps` that two lobes of one nucleus can have: against the radii of both, not of the larger one alone."""
    radius = cores.radius
    near = gaps.pixels <= LOBE_GAP * np.sqrt(radius[gaps.first] * radius[gaps.second])
    return gaps if near.all() else Gaps(*(column[near] for column in gaps))


def near_groups(gaps: Gaps, n: int) -> np.ndarray:
    """Group 1..m of each of n cores, (n + 1,) int32 with 0 for the background: cores with a gap between them belong together."""
    return np.append(np.int32(0), joined(gaps.first, gaps.second, n))


def nucleus_stain(cores: Bodies, gaps: Gaps) -> float:
    """Most stain that one nucleus may hold; infinite where the field does not show it by solitary nuclei or by very many."""
    return most_stain(solitary_stains(cores, gaps), cores.stain)


def solitary_stains(cores: Bodies, gaps: Gaps) -> np.ndarray:
    """Stain of the cores that are solitary nuclei or fragments, (m,)."""
    radius = cores.radius
    alone = ~cores.cut
    close = gaps.pixels / np.maximum(radius[gaps.first], radius[gaps.second]) <= SOLITARY_GAP
    alone[gaps.first[close]] = alone[gaps.second[close]] = False
    return cores.stain[alone]


def most_stain(solitary: np.ndarray, stain: np.ndarray) -> float:
    """Most stain that one nucleus may hold, given that of solitary cores and that of all, (n,); or infinite."""
    single = np.sort(solitary)
    single = single[single >= FRAGMENT_STAIN * single.max(initial=0)]
    if single.size >= LEAST_SOLITARY and single.sum() >= SOLITARY_SHARE * stain.sum():
        half = np.searchsorted(np.cumsum(single), 0.5 * single.sum())
        return NUCLEUS_STAIN * float(single[half])
    return NUCLEUS_STAIN * float(np.median(stain)) if stain.size >= MANY_CORES else np.inf
