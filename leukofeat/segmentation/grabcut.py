"""GrabCut: another segmenter's regions, redrawn along the edges of the image."""

from typing import Any, ClassVar

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.constraints import Integral, Number
from leukofeat.opencv import cv2
from leukofeat.segmentation.cleanup import Cleanup, assemble
from leukofeat.segmentation.lab_kmeans import LabKMeansSegmenter
from leukofeat.segmentation.stage import Segmenter
from leukofeat.smear import Smear, check_image

_LEAST_PIXELS = 5  # a colour model is a mixture of five; OpenCV refuses to fit it to fewer


def refine_grabcut(
    image: np.ndarray,
    nuclei: np.ndarray,
    cells: np.ndarray,
    *,
    n_iter: int = 3,
    band: int = 3,
    random_state: int = 0,
    cleanup: Cleanup | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Redraw the outlines of nuclei and cells by graph cuts [1]_ between colour models of inside and outside.

    The cells are cut from the background first, then the nuclei from their cells. Only a band along the outlines is
    in question.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    nuclei, cells : (H, W) integer array
        Label maps to refine.
    n_iter : int
        Rounds of fitting the colour models and cutting.
    band : int
        How far the outline may move, in pixels, to either side.
    random_state : int
        Seed of the colour models.
    cleanup : Cleanup, optional
        How the masks are cleaned and touching nuclei split; `Cleanup()` by default.

    Returns
    -------
    nuclei, cells : (H, W) int32
        Label maps with shared ids 1..n, numbered anew.

    References
    ----------
    .. [1] Rother, Kolmogorov and Blake (2004). GrabCut: interactive foreground extraction using iterated graph cuts.
       ACM Trans. Graph. 23, 309-314.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 20, (170, 150, 220), -1)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> rough = [cv2.circle(np.zeros((80, 80), np.int32), (40, 40), r, 1, -1) for r in (10, 22)]
    >>> nuclei, cells = refine_grabcut(image, *rough)
    >>> int((nuclei > 0).sum()), int((cells > 0).sum())
    (441, 1257)
    """
    image = check_image(image)
    inner, outer = np.asarray(nuclei) > 0, np.asarray(cells) > 0
    everywhere = np.ones(inner.shape, bool)
    cell = _cut(image, outer, everywhere, n_iter, band, random_state)
    nucleus = _cut(image, inner & cell, cell, n_iter, band, random_state)
    return assemble(nucleus, cell, cleanup)


def _cut(
    image: np.ndarray, region: np.ndarray, within: np.ndarray, n_iter: int, band: int, random_state: int
) -> np.ndarray:
    """Region redrawn within a mask; as it is where nothing certain is left inside or outside."""
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1, 2 * band + 1))
    mask = np.where(region, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    mask[cv2.erode(region.astype(np.uint8), disk) > 0] = cv2.GC_FGD
    mask[(cv2.dilate(region.astype(np.uint8), disk) == 0) | ~within] = cv2.GC_BGD
    inside = (mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)
    if np.count_nonzero(inside) < _LEAST_PIXELS or np.count_nonzero(~inside) < _LEAST_PIXELS:
        return region & within
    cv2.setRNGSeed(random_state)
    cv2.grabCut(image, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), n_iter, cv2.GC_INIT_WITH_MASK)
    return (mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)


class GrabCutSegmenter(Segmenter):
    """Refine the outlines of another segmenter by GrabCut.

    Parameters
    ----------
    segmenter : stage, optional
        Segmenter to refine; left out, ``LabKMeansSegmenter(rank="a", n_cytoplasm_clusters=1)``.
    n_iter : int, default=3
        Rounds of fitting the colour models and cutting.
    band : int, default=3
        How far the outline may move, in pixels, to either side.
    cleanup : Cleanup, optional
        How the masks are cleaned and touching nuclei split; `Cleanup()` by default.
    random_state : int, default=0
        Seed of the colour models, the same for every image.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> from leukofeat.segmentation import GrabCutSegmenter
    >>> from leukofeat.segmentation import OtsuSegmenter
    >>> image = np.full((80, 80, 3), (235, 230, 238), np.uint8)
    >>> image = cv2.circle(image, (40, 40), 12, (90, 40, 150), -1)
    >>> GrabCutSegmenter(OtsuSegmenter()).transform([image])[0]
    Smear(80x80, 1 cell)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = Segmenter._parameter_constraints | {
        "segmenter": [ImageStage, None],
        "n_iter": [Number(Integral, 1)],
        "band": [Number(Integral, 1)],
    }

    def __init__(
        self,
        segmenter: ImageStage | None = None,
        *,
        n_iter: int = 3,
        band: int = 3,
        cleanup: Cleanup | None = None,
        random_state: int = 0,
    ) -> None:
        self.segmenter = segmenter
        self.n_iter = n_iter
        self.band = band
        self.cleanup = cleanup
        self.random_state = random_state

    def check_params(self) -> None:
        super().check_params()
        self._first().check_params()

    def _first(self) -> ImageStage:
        return LabKMeansSegmenter(rank="a", n_cytoplasm_clusters=1) if self.segmenter is None else self.segmenter

    def segment(
        self, smear: Smear, segmenter: ImageStage | None = None, **params: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        found = self._first().apply(smear)
        if found.nuclei is None or found.cells is None:
            raise TypeError(f"segmenter must find cells, but {segmenter!r} does not.")
        return refine_grabcut(smear.image, found.nuclei, found.cells, **params)
