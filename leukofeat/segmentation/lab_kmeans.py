"""k-means on the colour plane of LAB, or of HSV: nucleus, cytoplasm, red cells, background."""

from typing import Any, ClassVar, Literal

import numpy as np

from leukofeat.constraints import Integral, Number, OneOf, Real, check
from leukofeat.kernels.color.kmeans import RandomState, kmeans
from leukofeat.opencv import cv2
from leukofeat.segmentation.cleanup import Cleanup, assemble, no_cells
from leukofeat.segmentation.plane_histogram import RANK, SPACE, PlaneHistogram, Rank, Space, contrast
from leukofeat.segmentation.stage import Segmenter
from leukofeat.smear import Smear

Equalize = bool | Literal["twice"]


def segment_lab_kmeans(
    image: np.ndarray | Smear,
    *,
    n_clusters: int = 4,
    n_cytoplasm_clusters: int = 3,
    space: Space = "lab",
    rank: Rank = "red",
    threshold: float = 0.1,
    equalize: Equalize = True,
    min_contrast: float = 15.0,
    cleanup: Cleanup | None = None,
    n_init: int = 5,
    random_state: RandomState = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Segment leukocytes by k-means on the (a, b) plane of LAB, as the text of Jin et al. (2023) [1]_ has it.

    Parameters
    ----------
    image : (H, W, 3) uint8, or Smear
        RGB, or a record of it, whose colour planes are then made use of.
    n_clusters : int
        Clusters of the image: nucleus, cytoplasm, red cells and background.
    n_cytoplasm_clusters : int
        Clusters within the cytoplasm cluster, of which the one with the lowest red is the cytoplasm; 1 keeps it whole.
    space : {"lab", "hsv", "hv"}
        The two planes that are clustered: a* and b* of LAB; hue and saturation of HSV, as in MoradiAmin et al. (2015) [2]_ by a public
        re-implementation; or hue and value.
    rank : {"red", "a"}
        What makes a cluster the nucleus, in any space: the lowest mean red, as the text says, or the highest mean a*, as the
        published code does. The cytoplasm has the lowest red of the others.
    threshold : float
        Nuclear pixels darker than this share of full grey are dropped.
    equalize : bool or "twice"
        Whether the cytoplasm is binarised by adaptive histogram equalisation and Otsu's threshold, or taken as it is; "twice" equalises
        the whole of it once more in between, as the published code does.
    min_contrast : float
        Least distance, in 8-bit a* and b* units in any space, between the two clusters farthest apart. Below it the image counts as
        blank and no cell is found.
    cleanup : Cleanup, optional
        How the masks are cleaned and touching nuclei split; `Cleanup()` by default.
    n_init : int
        Starts of each k-means; the best is kept.
    random_state : int or numpy Generator, optional
        Source of the starts.

    Returns
    -------
    nuclei, cells : (H, W) int32
        Label maps with shared ids 1..n: cell i holds nucleus i.

    Raises
    ------
    TypeError, ValueError
        When the image is not 8-bit RGB or a parameter is out of range.

    Notes
    -----
    Where the text and the published code differ, the text is followed. The code takes the cluster with the highest
    mean a* for the nucleus (``rank="a"``), the text the one with the lowest red. The code filters minima but takes its
    markers from the maxima, so that its filter does nothing; here minor maxima of the distance really are
    filtered out. The code's cytoplasm still contains the nucleus; here a cell is the nucleus and its cytoplasm.

    Where the text is silent: the cytoplasm is, of the clusters within the cytoplasm cluster, the one with the lowest red;
    it is split between nuclei by growing them into it, not by a watershed of its own, so that a cell stays in one
    piece; an image without colour contrast holds no cell.

    The published code is nearest to ``rank="a", equalize="twice", n_init=1`` with ``Cleanup(min_nucleus_area=50)``. What stays different:
    it opens the mask of the cells at 20 and then 150 pixels, where `cleanup` has one `min_area` for nuclei and cells; its watershed starts
    from peaks at least 5 (nuclei) or 7 pixels (cells) apart and leaves lines between the parts; black pixels around the cytoplasm are
    clustered with it; a nucleus that meets no cell goes, while here every nucleus is in a cell. Equalised twice, little is left of the
    cytoplasm.

    The lowest red is not always the nucleus. In fields of grey-blue red cells it often is not, and
    ``rank="a"`` finds far more leukocytes.

    HSV is taken as raw planes, each scaled to 0 to 255, as the re-implementation has them: the circle of hue is cut at red and not
    closed. Nuclei, from blue to magenta, are far from the cut; red cells may fall on both sides of it, into two clusters. Grey has hue 0
    and noisy hues beside, so that contrast and `rank` are read from LAB.

    References
    ----------
    .. [1] Jin, Riquelme, Robitaille and Zadvornov (2023). Multilabel leukemia classification machine, section 5.1.2.
    .. [2] MoradiAmin, Kermani, Talebi and Oghli (2015). J. Med. Signals Sens. 5(1), 49-58.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 20, (190, 170, 220), -1)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> nuclei, cells = segment_lab_kmeans(image)
    >>> int(nuclei.max()), int((nuclei > 0).sum()), int((cells > 0).sum())
    (1, 441, 1257)
    """
    check("rank", rank, RANK)
    if isinstance(equalize, str):
        check("equalize", equalize, OneOf("twice"))
    smear = image if isinstance(image, Smear) else Smear(image)
    labels, distance = cluster_lab(smear, n_clusters, n_cytoplasm_clusters, rank, n_init, random_state, space)
    if distance < min_contrast:
        return no_cells(labels.shape)
    dark = (labels == 0) & (smear.gray > 255 * threshold)
    cytoplasm = labels == 1
    if equalize and cytoplasm.any():
        even = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(smear.gray * cytoplasm)
        if equalize == "twice":
            even = cv2.equalizeHist(even)
        cytoplasm = cv2.threshold(even, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]
    return assemble(dark, cytoplasm, cleanup)


def cluster_lab(
    image: np.ndarray | Smear,
    n_clusters: int = 4,
    n_cytoplasm_clusters: int = 3,
    rank: Rank = "red",
    n_init: int = 5,
    random_state: RandomState = 0,
    space: Space = "lab",
) -> tuple[np.ndarray, float]:
    """Cluster the pixels of an image by (a, b), or two planes of HSV, then those of the second cluster once more.

    Parameters
    ----------
    image : (H, W, 3) uint8, or Smear
        RGB, or a record of it.
    n_clusters, n_cytoplasm_clusters, rank, n_init, random_state, space
        See `segment_lab_kmeans`.

    Returns
    -------
    labels : (H, W) uint8
        0 nucleus, 1 cytoplasm, 2 anything else.
    contrast : float
        Largest distance between two clusters of the image, in 8-bit a* and b* units.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.array([[[90, 40, 150], [190, 170, 220], [235, 230, 238], [230, 180, 180]]], np.uint8)
    >>> cluster_lab(image)[0]
    array([[0, 1, 2, 2]], dtype=uint8)
    """
    plane = PlaneHistogram(image if isinstance(image, Smear) else Smear(image), space)
    how: dict[str, Any] = {"n_init": n_init, "random_state": random_state}
    centers, labels, _ = kmeans(plane.points, plane.counts, n_clusters, **how)
    colors = plane.colors(centers, labels)
    first, second = plane.nucleus_and_cytoplasm(colors, labels, rank)
    classes = np.where(labels == first, 0, 2)
    some = np.flatnonzero(labels == second)
    if some.size:
        inner, parts, _ = kmeans(plane.points[some], plane.counts[some], n_cytoplasm_clusters, **how)
        classes[some[parts == np.argmin(plane.mean_red(parts, len(inner), some))]] = 1
    return plane.paint(classes), contrast(colors)


class LabKMeansSegmenter(Segmenter):
    """Find nuclei and cells by k-means on the (a, b) plane of LAB, as in Jin et al. (2023), or on two planes of HSV.

    Parameters
    ----------
    n_clusters : int, default=4
        Clusters of the image: nucleus, cytoplasm, red cells and background.
    n_cytoplasm_clusters : int, default=3
        Clusters within the cytoplasm cluster, of which the one with the lowest red is the cytoplasm; 1 keeps it whole.
    space : {"lab", "hsv", "hv"}, default="lab"
        The two planes that are clustered: a* and b* of LAB, hue and saturation of HSV, or hue and value.
    rank : {"red", "a"}, default="red"
        What makes a cluster the nucleus: the lowest mean red, as the text of the paper says, or the highest mean a*,
        as its code does. On fields of grey-blue red cells only "a" finds the leukocytes.
    threshold : float, default=0.1
        Nuclear pixels darker than this share of full grey are dropped.
    equalize : bool or "twice", default=True
        Whether the cytoplasm is binarised by adaptive histogram equalisation and Otsu's threshold; "twice" equalises it globally, too.
    min_contrast : float, default=15.0
        Least colour distance between clusters, in 8-bit a* and b* units; below it the image is blank.
    cleanup : Cleanup, optional
        How the masks are cleaned and touching nuclei split; `Cleanup()` by default.
    n_init : int, default=5
        Starts of each k-means; the best is kept.
    random_state : int, default=0
        Seed of the starts, the same for every image.

    See Also
    --------
    segment_lab_kmeans : The function behind it, with the differences between the paper and its code.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> from leukofeat.segmentation import LabKMeansSegmenter
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> LabKMeansSegmenter().transform([image])[0]
    Smear(80x80, 1 cell)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = Segmenter._parameter_constraints | {
        "n_clusters": [Number(Integral, 1, 255)],
        "n_cytoplasm_clusters": [Number(Integral, 1, 255)],
        "space": [SPACE],
        "rank": [RANK],
        "threshold": [Number(Real, 0, 1)],
        "equalize": ["boolean", OneOf("twice")],
        "n_init": [Number(Integral, 1)],
    }

    def __init__(
        self,
        n_clusters: int = 4,
        *,
        n_cytoplasm_clusters: int = 3,
        space: Space = "lab",
        rank: Rank = "red",
        threshold: float = 0.1,
        equalize: Equalize = True,
        min_contrast: float = 15.0,
        cleanup: Cleanup | None = None,
        n_init: int = 5,
        random_state: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_cytoplasm_clusters = n_cytoplasm_clusters
        self.space = space
        self.rank = rank
        self.threshold = threshold
        self.equalize = equalize
        self.min_contrast = min_contrast
        self.cleanup = cleanup
        self.n_init = n_init
        self.random_state = random_state

    def segment(self, smear: Smear, **params: Any) -> tuple[np.ndarray, np.ndarray]:
        return segment_lab_kmeans(smear, **params)
