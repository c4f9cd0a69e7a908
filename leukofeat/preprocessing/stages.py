"""The preprocessing stages: colour normalisation, denoising, cutting off the scale bar."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import cv2
import numpy as np

from leukofeat.base import ImageStage, check_choice, check_number
from leukofeat.decode import read_image
from leukofeat.parallel import map_images
from leukofeat.preprocessing.colors import WHITE, average_references, measure_reference, normalize
from leukofeat.sequence import ImageSequence
from leukofeat.smear import Smear, check_image

METHODS = ("template", "reinhard", "macenko", "histogram", "white_balance")


class ColorNormalizer(ImageStage):
    """Give every image the colours of a template.

    Parameters
    ----------
    method : {"template", "reinhard", "macenko", "histogram", "white_balance"}, default="template"
        - "template": mean and standard deviation of R, G and B over the whole image are moved onto the template's,
          the colour adjustment of the 2023 paper (Jin et al., after Zhang et al. 2014; the paper gives no formula).
        - "reinhard": the same in CIELAB, over stained pixels only (Reinhard et al. 2001).
        - "macenko": stain vectors by the angles of optical density, stained pixels only (Macenko et al. 2009).
        - "histogram": the whole distribution of R, G and B.
        - "white_balance": R, G and B are scaled so that the empty slide has the template's background, or neutral
          white (240, 240, 240) when no template is given.
    template : path or ndarray of shape (height, width, 3), dtype uint8, optional
        Image to match. Left out, the reference is learned in `fit` as the median over the training images
        ("white_balance" learns nothing).

    Attributes
    ----------
    reference_ : ndarray
        What was learned in `fit`; only where there is something to learn.

    Notes
    -----
    Stained pixels have an optical density above 0.15 against the image's own background. A blank image is returned
    unchanged, with a warning. A learned reference is part of the model: inside cross-validation it is learned on the
    training fold only.

    References
    ----------
    Reinhard et al., Color transfer between images, IEEE CG&A 21(5), 2001. Macenko et al., A method for normalizing
    histology slides for quantitative analysis, ISBI 2009. Zhang et al., White blood cell segmentation by
    color-space-based k-means clustering, Sensors 14(9), 2014.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.preprocessing import ColorNormalizer
    >>> images = make_smears(n_samples=4, random_state=0).images
    >>> ColorNormalizer("reinhard").fit_transform(images)[0].shape
    (224, 224, 3)
    """

    def __init__(self, method: str = "template", *, template: Any = None) -> None:
        self.method = method
        self.template = template

    @property
    def requires_fit(self) -> bool:  # type: ignore[override]
        return self.template is None and self.method != "white_balance"

    def check_params(self) -> None:
        check_choice("method", self.method, METHODS)

    def learn(self, images: ImageSequence, y: Any) -> None:
        if self.requires_fit:
            self.reference_ = average_references(map_images(partial(_reference_of, self.method), images))

    def transform(self, X: Any) -> ImageSequence:
        """Lazy sequence of the normalised images.

        Parameters
        ----------
        X : list, ndarray, Series or one-column DataFrame of n images or paths

        Returns
        -------
        ImageSequence of length n
        """
        images = self._prepare(X)
        return images.with_step(
            _Normalize(self.method, self.reference_ if self.requires_fit else self._given_reference())
        )

    def _given_reference(self) -> np.ndarray:
        if self.template is None:
            return np.full(3, WHITE)
        is_path = isinstance(self.template, (str, os.PathLike))
        template = read_image(self.template) if is_path else check_image(self.template, "the template")
        reference = measure_reference(template, self.method)
        if reference is None:
            raise ValueError(
                f"template{f' {self.template}' if is_path else ''} is blank; give an image with stained cells."
            )
        return reference


class _Normalize:
    """The step a ColorNormalizer leaves in a sequence: its reference, and not the estimator with its template."""

    def __init__(self, method: str, reference: np.ndarray) -> None:
        self.method = method
        self.reference = reference

    def __call__(self, smear: Smear) -> Smear:
        return smear.replace(image=normalize(smear.image, self.reference, self.method, smear.source))


def _reference_of(method: str, images: ImageSequence, i: int) -> np.ndarray | None:
    return measure_reference(images.smear(i).image, method)


class MedianDenoiser(ImageStage):
    """Replace each pixel by the median of its neighbourhood, channel by channel (OpenCV's `medianBlur`).

    Parameters
    ----------
    size : int, default=3
        Side of the square neighbourhood in pixels; odd. 1 changes nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat.preprocessing import MedianDenoiser
    >>> image = np.full((5, 5, 3), 200, np.uint8); image[2, 2] = 0
    >>> int(MedianDenoiser(3).transform([image])[0].min())
    200
    """

    def __init__(self, size: int = 3) -> None:
        self.size = size

    def check_params(self) -> None:
        check_number("size", self.size, integer=True, low=1, high=255, odd=True)

    def apply(self, smear: Smear) -> Smear:
        return smear.replace(image=cv2.medianBlur(smear.image, int(self.size)))


class ScaleBarCropper(ImageStage):
    """Cut off the bottom strip, where microscopes burn in a scale bar.

    The strip is cut from every image, bar or not: cutting only where a bar is found would leave its presence readable in
    the size. Coordinates of what remains do not change.

    Parameters
    ----------
    height : float or int, default=0.143
        Strip height: a share of the image height when below 1, rows when 1 or more. At least one row is left. The default cuts 32
        of 224 rows: a bar 28 rows high and the rest of the JPEG block that its edge rings in.

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat.preprocessing import ScaleBarCropper
    >>> ScaleBarCropper().transform([np.zeros((224, 224, 3), np.uint8)])[0].shape
    (192, 224, 3)
    """

    def __init__(self, height: float = 0.143) -> None:
        self.height = height

    def check_params(self) -> None:
        check_number("height", self.height, low=0)

    def apply(self, smear: Smear) -> Smear:
        rows = smear.image.shape[0]
        cut = round(self.height * rows) if self.height < 1 else int(self.height)
        keep = slice(0, max(1, rows - cut))
        if smear.nuclei is None or smear.cells is None:
            return smear.replace(image=smear.image[keep])
        return smear.replace(image=smear.image[keep], nuclei=smear.nuclei[keep], cells=smear.cells[keep])
