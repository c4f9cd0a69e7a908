"""Keep one region of a segmented smear and paint over the rest."""

from typing import Any, ClassVar

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.constraints import Integral, Number, OneOf, check
from leukofeat.opencv import cv2
from leukofeat.preprocessing.slide import background_color
from leukofeat.smear import Smear

_FILL = OneOf("black", "slide")


def mask_region(smear: Smear, region: str = "cell", *, fill: str = "black", margin: int = 0) -> np.ndarray:
    """Image in which everything outside a region has one colour.

    Parameters
    ----------
    smear : Smear
        A segmented record.
    region : {"nucleus", "cytoplasm", "cell", "background"}
        What is kept.
    fill : {"black", "slide"}
        What is painted over the rest: black, or the colour of the image's own empty slide.
    margin : int
        Pixels by which the painted part is widened, so that no rim of what was masked remains.

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Examples
    --------
    >>> import numpy as np
    >>> cells = np.zeros((5, 5), np.int32); cells[2, 2] = 1
    >>> image = np.full((5, 5, 3), 200, np.uint8)
    >>> mask_region(Smear(image, cells), "cell")[2, 1:4, 0]
    array([  0, 200,   0], dtype=uint8)
    """
    check("fill", fill, _FILL)
    hidden = (smear.region(region) == 0).astype(np.uint8)
    if margin:
        hidden = cv2.dilate(hidden, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1)))
    color = background_color(smear.image) if fill == "slide" else np.zeros(3)
    image = smear.image.copy()
    image[hidden > 0] = np.rint(color)
    return image


class RegionMasker(ImageStage):
    """Keep one region of a segmented smear and paint over the rest.

    `RegionMasker("cell")` leaves the leukocytes on black, the "segmented images" of the literature;
    `RegionMasker("background", fill="slide", margin=4)` leaves the image without its leukocytes: what a pipeline
    still reads from that is not the cell.

    Parameters
    ----------
    region : {"nucleus", "cytoplasm", "cell", "background"}, default="cell"
        What is kept.
    fill : {"black", "slide"}, default="black"
        What is painted over the rest: black, or the colour of the image's own empty slide.
    margin : int, default=0
        Pixels by which the painted part is widened.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.segmentation import LabKMeansSegmenter, RegionMasker
    >>> images = make_smears(n_samples=4, random_state=0).images
    >>> RegionMasker().transform(LabKMeansSegmenter().transform(images))[0].image.shape
    (224, 224, 3)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "region": [OneOf("nucleus", "cytoplasm", "cell", "background")],
        "fill": [_FILL],
        "margin": [Number(Integral, 0)],
    }

    def __init__(self, region: str = "cell", *, fill: str = "black", margin: int = 0) -> None:
        self.region = region
        self.fill = fill
        self.margin = margin

    def apply(self, smear: Smear) -> Smear:
        return smear.replace(image=mask_region(smear, self.region, fill=self.fill, margin=self.margin))
