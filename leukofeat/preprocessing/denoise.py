"""Denoising."""

from typing import Any, ClassVar

from leukofeat.base import ImageStage
from leukofeat.constraints import Integral, Number, Real
from leukofeat.opencv import cv2
from leukofeat.smear import Smear


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

    _parameter_constraints: ClassVar[dict[str, Any]] = {"size": [Number(Integral, 1, 255, odd=True)]}

    def __init__(self, size: int = 3) -> None:
        self.size = size

    def apply(self, smear: Smear) -> Smear:
        return smear.replace(image=cv2.medianBlur(smear.image, int(self.size)))


class GaussianDenoiser(ImageStage):
    """Average each pixel with its neighbours, weighted by a Gaussian of their distance (OpenCV's `GaussianBlur`).

    The weights reach three standard deviations; beyond its border the image is mirrored.

    Parameters
    ----------
    sigma : float, default=1.0
        Standard deviation in pixels; more than 0, at most 100.

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat.preprocessing import GaussianDenoiser
    >>> image = np.zeros((9, 9, 3), np.uint8); image[4, 4] = 255
    >>> GaussianDenoiser(1.0).transform([image])[0][4, 2:7, 0]
    array([ 6, 25, 40, 25,  6], dtype=uint8)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {"sigma": [Number(Real, 0, 100, above=True)]}

    def __init__(self, sigma: float = 1.0) -> None:
        self.sigma = sigma

    def apply(self, smear: Smear) -> Smear:
        return smear.replace(image=cv2.GaussianBlur(smear.image, (0, 0), float(self.sigma)))


class BilateralDenoiser(ImageStage):
    """Average each pixel with those neighbours that are like it, so that edges stay (OpenCV's `bilateralFilter`).

    A neighbour weighs by a Gaussian of its distance times one of its difference in colour [1]_.

    Parameters
    ----------
    sigma_color : float, default=25.0
        Standard deviation of the difference in colour in grey levels, summed over the three channels. What differs by much
        more, as a nucleus does from its cytoplasm, is not mixed.
    sigma_space : float, default=2.0
        Standard deviation of the distance in pixels, at most 20; the neighbourhood is a disc of 1.5 times this radius, and the time
        goes with its area.

    References
    ----------
    .. [1] Tomasi and Manduchi (1998). Bilateral filtering for gray and color images. ICCV, 839-846.

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat.preprocessing import BilateralDenoiser
    >>> image = np.full((9, 9, 3), 200, np.uint8); image[:, 4:] = 60; image[4, 1] = 210
    >>> smooth = BilateralDenoiser().transform([image])[0]
    >>> int(smooth[4, 1, 0]) < 205, smooth[4, 3:5, 0].tolist()
    (True, [200, 60])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "sigma_color": [Number(Real, 0, 1000, above=True)],
        "sigma_space": [Number(Real, 0, 20, above=True)],
    }

    def __init__(self, sigma_color: float = 25.0, sigma_space: float = 2.0) -> None:
        self.sigma_color = sigma_color
        self.sigma_space = sigma_space

    def apply(self, smear: Smear) -> Smear:
        return smear.replace(
            image=cv2.bilateralFilter(smear.image, 0, float(self.sigma_color), float(self.sigma_space))
        )
