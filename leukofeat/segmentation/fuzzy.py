"""Fuzzy c-means on the colour plane of LAB, or of HSV."""

from typing import Any, ClassVar

import numpy as np

from leukofeat.constraints import Integral, Number, Real, check
from leukofeat.kernels.color.fuzzy_c_means import fuzzy_c_means
from leukofeat.kernels.color.kmeans import RandomState, kmeans
from leukofeat.segmentation.cleanup import Cleanup, assemble, no_cells
from leukofeat.segmentation.plane_histogram import RANK, SPACE, PlaneHistogram, Rank, Space, contrast
from leukofeat.segmentation.stage import Segmenter
from leukofeat.smear import Smear


def segment_fuzzy_c_means(
    image: np.ndarray,
    *,
    n_clusters: int = 4,
    fuzziness: float = 2.0,
    space: Space = "lab",
    rank: Rank = "a",
    min_contrast: float = 15.0,
    random_state: RandomState = 0,
    cleanup: Cleanup | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Segment leukocytes by fuzzy c-means [1]_ on the (a, b) plane of LAB, or on two planes of HSV.

    The centres start from those of k-means and the memberships are made hard at the end.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    n_clusters : int
        Clusters of the image: nucleus, cytoplasm, red cells and background.
    fuzziness : float
        Exponent of the memberships, above 1.
    space : {"lab", "hsv", "hv"}
        The two planes that are clustered: a* and b* of LAB, hue and saturation of HSV, or hue and value; see `segment_lab_kmeans` for
        how hue is taken.
    rank : {"red", "a"}
        What makes a cluster the nucleus, in any space: the lowest mean red or the highest mean a*. The cytoplasm has the lowest red of
        the others.
    min_contrast : float
        Least distance, in 8-bit a* and b* units in any space, between the two clusters farthest apart. Below it the image counts as
        blank and no cell is found.
    random_state : int or numpy Generator, optional
        Source of the starts of k-means.
    cleanup : Cleanup, optional
        How the masks are cleaned and touching nuclei split; `Cleanup()` by default.

    Returns
    -------
    nuclei, cells : (H, W) int32
        Label maps with shared ids 1..n: cell i holds nucleus i.

    References
    ----------
    .. [1] Bezdek (1981). Pattern recognition with fuzzy objective function algorithms. Plenum.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 20, (190, 170, 220), -1)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> nuclei, cells = segment_fuzzy_c_means(image)
    >>> int((nuclei > 0).sum()), int((cells > 0).sum())
    (441, 1257)
    """
    check("rank", rank, RANK)
    plane = PlaneHistogram(Smear(image), space)
    start = kmeans(plane.points, plane.counts, n_clusters, random_state=random_state)[0]
    centers = fuzzy_c_means(plane.points, plane.counts, start, fuzziness=fuzziness)
    labels = np.argmin(((plane.points[:, None] - centers) ** 2).sum(axis=2), axis=1)
    colors = plane.colors(centers, labels)
    if contrast(colors) < min_contrast:
        return no_cells(plane.shape)
    first, second = plane.nucleus_and_cytoplasm(colors, labels, rank)
    found = plane.paint(np.where(labels == first, 2, np.where(labels == second, 1, 0)))
    return assemble(found == 2, found == 1, cleanup)


class FuzzyCMeansSegmenter(Segmenter):
    """Find nuclei and cells by fuzzy c-means on the (a, b) plane of LAB, or on two planes of HSV.

    Parameters
    ----------
    n_clusters : int, default=4
        Clusters of the image: nucleus, cytoplasm, red cells and background.
    fuzziness : float, default=2.0
        Exponent of the memberships, above 1.
    space : {"lab", "hsv", "hv"}, default="lab"
        The two planes that are clustered: a* and b* of LAB, hue and saturation of HSV, or hue and value.
    rank : {"red", "a"}, default="a"
        What makes a cluster the nucleus: the lowest mean red or the highest mean a*.
    min_contrast : float, default=15.0
        Least colour distance between clusters, in 8-bit a* and b* units; below it the image is blank.
    cleanup : Cleanup, optional
        How the masks are cleaned and touching nuclei split; `Cleanup()` by default.
    random_state : int, default=0
        Seed of the starts, the same for every image.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> from leukofeat.segmentation import FuzzyCMeansSegmenter
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> FuzzyCMeansSegmenter().transform([image])[0]
    Smear(80x80, 1 cell)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = Segmenter._parameter_constraints | {
        "n_clusters": [Number(Integral, 1, 255)],
        "fuzziness": [Number(Real, 1, above=True)],
        "space": [SPACE],
        "rank": [RANK],
    }

    def __init__(
        self,
        n_clusters: int = 4,
        *,
        fuzziness: float = 2.0,
        space: Space = "lab",
        rank: Rank = "a",
        min_contrast: float = 15.0,
        cleanup: Cleanup | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.fuzziness = fuzziness
        self.space = space
        self.rank = rank
        self.min_contrast = min_contrast
        self.cleanup = cleanup
        self.random_state = random_state

    def segment(self, smear: Smear, **params: Any) -> tuple[np.ndarray, np.ndarray]:
        return segment_fuzzy_c_means(smear.image, **params)
