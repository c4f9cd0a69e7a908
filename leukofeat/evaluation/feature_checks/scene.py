"""What an image's background looks like, with the leukocytes left out."""

import numpy as np

from leukofeat.opencv import cv2
from leukofeat.smear import Smear

_MARGIN = 3  # pixels around each cell that may still be of it
_PLANES = ("R", "G", "B")
SCENE_NAMES = (
    *(
        f"{what} of {plane}"
        for plane in _PLANES
        for what in ("mean", "deviation", "10th percentile", "90th percentile")
    ),
    "edges",
    "fine texture",
    "coarse texture",
)


def describe_background(smear: Smear) -> np.ndarray:
    """Colours and texture of everything but the leukocytes.

    Parameters
    ----------
    smear : Smear
        Segmented; what is within three pixels of a cell is left out, too.

    Returns
    -------
    ndarray of float64, shape (15,)
        Mean, standard deviation, tenth and ninetieth percentile of R, G and B; mean size of the gradient, and standard
        deviation of what a Gaussian of 1 pixel takes away and of what lies between those of 1 and 4, all in grey levels.
        NaN where leukocytes fill the image.

    Examples
    --------
    >>> describe_background(Smear(np.full((9, 9, 3), 200, np.uint8), np.zeros((9, 9), int)))[:2]
    array([200.,   0.])
    """
    size = 2 * _MARGIN + 1
    near = cv2.dilate((smear.region("cell") > 0).astype(np.uint8), np.ones((size, size), np.uint8))
    where = near == 0
    if not where.any():
        return np.full(len(SCENE_NAMES), np.nan)
    pixels = smear.image[where].astype(np.float64)
    low, high = np.quantile(pixels, [0.1, 0.9], axis=0)
    colors = np.stack([pixels.mean(axis=0), pixels.std(axis=0), low, high], axis=1).ravel()
    gray = smear.gray.astype(np.float32)
    edges = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)) / 8
    soft, softer = (cv2.GaussianBlur(gray, (0, 0), sigma) for sigma in (1.0, 4.0))
    return np.append(colors, [edges[where].mean(), (gray - soft)[where].std(), (soft - softer)[where].std()])


class Scene:
    """What a cell is called, and the background of its image, as columns of a pass; 0 for the name of an image.

    Examples
    --------
    >>> len(Scene().row_names())
    16
    """

    def __init__(self, ids_only: bool = False) -> None:
        self.ids_only = ids_only

    def row_names(self) -> list[str]:
        """Names of the columns."""
        return ["id", *(() if self.ids_only else SCENE_NAMES)]

    cell_names = row_names

    def row(self, smear: Smear) -> np.ndarray:
        """Of an image."""
        smear.region("cell")  # raises where nothing has segmented it
        return np.append(0.0, [] if self.ids_only else describe_background(smear))

    def cells(self, smear: Smear) -> np.ndarray:
        """Of each cell."""
        table = np.tile(self.row(smear), (smear.n_cells, 1))
        table[:, 0] = np.asarray(smear.label_ids)
        return table
