"""Denoising."""

from typing import Any, ClassVar

import numpy as np

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


class ChromaDenoiser(ImageStage):
    """Let colour follow brightness: the chroma planes of an image, smoothed by a guided filter that goes by its luma.

    Within a small window of a stained cell colour lies on the line of its stain, darker where there is more of it; what departs from
    that line is mostly the camera's noise, and the coarse, halved resolution at which JPEG files store colour but not brightness.
    Brightness stays as it is. What is measured then hardly depends on a file's quality.

    Behind a segmenter only the cells are changed, and nothing of what is around them gets into their colour.

    Parameters
    ----------
    radius : int, default=10
        Half the side of the square window in pixels; the filter reaches twice as far.
    epsilon : float, default=10.0
        Variance of luma, in squared grey levels, up to which a window counts as even: there colour is averaged, for noise has no
        line.

    Notes
    -----
    Y, Cr and Cb are those of JPEG (ITU-R BT.601); on each of Cr and Cb the guided filter of He et al. (2013) with Y as its guide. It
    takes the same time for any radius.

    References
    ----------
    He, Sun, Tang, Guided image filtering, IEEE TPAMI 35(6), 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat.preprocessing import ChromaDenoiser
    >>> blue = np.random.default_rng(0).integers(150, 170, (64, 64))
    >>> image = np.dstack([np.full_like(blue, 120), np.full_like(blue, 70), blue]).astype(np.uint8)
    >>> bool(ChromaDenoiser().transform([image])[0][:, :, 2].std() < 0.5 * blue.std())
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "radius": [Number(Integral, 1)],
        "epsilon": [Number(Real, 0, above=True)],
    }

    def __init__(self, radius: int = 10, epsilon: float = 10.0) -> None:
        self.radius = radius
        self.epsilon = epsilon

    def apply(self, smear: Smear) -> Smear:
        where = smear.region("cell") > 0 if smear.is_segmented else np.ones(smear.image.shape[:2], bool)
        if not where.any():
            return smear
        image = smear.image.copy()
        seen = _box(where, int(self.radius))
        part, inside = image[seen], where[seen]
        luma, *chroma = cv2.split(cv2.cvtColor(part, cv2.COLOR_RGB2YCrCb))
        smooth = _guided(luma, chroma, inside, 2 * int(self.radius) + 1, float(self.epsilon))
        changed = cv2.cvtColor(cv2.merge([luma, *smooth]), cv2.COLOR_YCrCb2RGB)
        image[seen] = cv2.copyTo(changed, inside.view(np.uint8), part.copy())
        return smear.replace(image=image)


def _box(where: np.ndarray, margin: int) -> tuple[slice, slice]:
    """Rows and columns of what is true, and `margin` pixels around it as far as the plane reaches."""
    x, y, width, height = cv2.boundingRect(where.view(np.uint8))
    return slice(max(0, y - margin), y + height + margin), slice(max(0, x - margin), x + width + margin)


def _guided(
    guide: np.ndarray, planes: list[np.ndarray], where: np.ndarray, side: int, epsilon: float
) -> list[np.ndarray]:
    """Planes, uint8, as local linear functions of the guide, averaged over the windows that a pixel is in; within `where`."""
    inside = where.astype(np.float32)
    share = np.maximum(cv2.blur(inside, (side, side)), np.float32(1e-6))

    def mean(plane: np.ndarray) -> np.ndarray:
        return cv2.blur(plane * inside, (side, side)) / share

    light = guide.astype(np.float32)
    level = mean(light)
    variance = np.maximum(mean(light * light) - level * level, 0)
    smooth = []
    for plane in planes:
        color = plane.astype(np.float32)
        own = mean(color)
        slope = (mean(light * color) - level * own) / (variance + np.float32(epsilon))
        smooth.append(np.clip(np.rint(mean(slope) * light + mean(own - slope * level)), 0, 255).astype(np.uint8))
    return smooth
