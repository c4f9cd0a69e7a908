"""Fuzzy c-means on the colour plane of LAB."""

from __future__ import annotations

from typing import Any

import numpy as np

from leukofeat.base import check_choice, check_number
from leukofeat.kernels.color.fuzzy_c_means import fuzzy_c_means
from leukofeat.kernels.color.kmeans import RandomState, kmeans
from leukofeat.segmentation.cleanup import assemble
from leukofeat.segmentation.lab_histogram import LabHistogram, Rank, contrast
from leukofeat.segmentation.stage import Segmenter
from leukofeat.segmentation.watershed import Split
from leukofeat.smear import Smear

__all__ = ["FuzzyCMeansSegmenter", "segment_fuzzy_c_means"]


def segment_fuzzy_c_means(
    image: np.ndarray,
    *,
    n_clusters: int = 4,
    fuzziness: float = 2.0,
    rank: Rank = "a",
    min_contrast: float = 15.0,
    random_state: RandomState = 0,
    **cleanup: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Segment leukocytes by fuzzy c-means on the (a, b) plane of LAB.

    The centres start from those of k-means and the memberships are made hard at the end.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    n_clusters : int
        Clusters of the image: nucleus, cytoplasm, red cells and background.
    fuzziness : float
        Exponent of the memberships, above 1.
    rank : {"red", "a"}
        What makes a cluster the nucleus: the lowest mean red or the highest mean a*. The cytoplasm has the lowest red of
        the others.
    min_contrast : float
        Least distance, in 8-bit a* and b* units, between the two clusters farthest apart. Below it the image counts as
        blank and no cell is found.
    random_state : int or numpy Generator, optional
        Source of the starts of k-means.
    **cleanup
        `min_area`, `max_hole`, `clear_border`, `split` and `h`, see `assemble`.

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
    check_choice("rank", rank, ("red", "a"))
    plane = LabHistogram(Smear(image))
    start = kmeans(plane.points, plane.counts, n_clusters, random_state=random_state)[0]
    centers = fuzzy_c_means(plane.points, plane.counts, start, fuzziness=fuzziness)
    if contrast(centers) < min_contrast:
        return np.zeros(plane.shape, np.int32), np.zeros(plane.shape, np.int32)
    labels = np.argmin(((plane.points[:, None] - centers) ** 2).sum(axis=2), axis=1)
    first, second = plane.nucleus_and_cytoplasm(centers, labels, rank)
    found = plane.paint(np.where(labels == first, 2, np.where(labels == second, 1, 0)))
    return assemble(found == 2, found == 1, **cleanup)


class FuzzyCMeansSegmenter(Segmenter):
    """Find nuclei and cells by fuzzy c-means on the (a, b) plane of LAB.

    Parameters
    ----------
    n_clusters : int, default=4
        Clusters of the image: nucleus, cytoplasm, red cells and background.
    fuzziness : float, default=2.0
        Exponent of the memberships, above 1.
    rank : {"red", "a"}, default="a"
        What makes a cluster the nucleus: the lowest mean red or the highest mean a*.
    min_contrast : float, default=15.0
        Least colour distance between clusters, in 8-bit a* and b* units; below it the image is blank.
    min_area, max_hole : int, default=100 and 15
        Objects, then background parts, of fewer pixels than this go.
    clear_border : bool, default=True
        Whether objects that touch the image border go.
    split : {"extended", "h_maxima", None}, default="extended"
        How touching nuclei are split; None leaves them joined.
    h : float, default=1.0
        Depth of a neck that splits, in pixels.
    random_state : int, default=0
        Seed of the starts, the same for every image.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> from leukofeat.segmentation.fuzzy import FuzzyCMeansSegmenter
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> FuzzyCMeansSegmenter().transform([image])[0]
    Smear(80x80, 1 cell)
    """

    def __init__(
        self,
        n_clusters: int = 4,
        *,
        fuzziness: float = 2.0,
        rank: Rank = "a",
        min_contrast: float = 15.0,
        min_area: int = 100,
        max_hole: int = 15,
        clear_border: bool = True,
        split: Split | None = "extended",
        h: float = 1.0,
        random_state: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.fuzziness = fuzziness
        self.rank = rank
        self.min_contrast = min_contrast
        self.min_area = min_area
        self.max_hole = max_hole
        self.clear_border = clear_border
        self.split = split
        self.h = h
        self.random_state = random_state

    def check_params(self) -> None:
        super().check_params()
        check_number("n_clusters", self.n_clusters, integer=True, low=1, high=255)
        check_number("fuzziness", self.fuzziness, low=np.nextafter(1, 2))
        check_choice("rank", self.rank, ("red", "a"))
        check_number("min_contrast", self.min_contrast, low=0)
        check_number("random_state", self.random_state, integer=True, low=0)

    def segment(self, smear: Smear, **params: Any) -> tuple[np.ndarray, np.ndarray]:
        return segment_fuzzy_c_means(smear.image, **params)
