"""Cyan, magenta, yellow and black of an RGB image, the printer's four inks."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leukofeat.kernels.arrays import plain


def cmyk(image: ArrayLike) -> NDArray[np.uint8]:
    """CMYK of an RGB image by the formula without a colour profile.

    Parameters
    ----------
    image : array_like of uint8, shape (H, W, 3)
        RGB.

    Returns
    -------
    ndarray of uint8, shape (H, W, 4)
        K = 255 - max(R, G, B), and C = 255 (max - R) / max, M and Y from G and B likewise, rounded, halves to even; all three are 0
        where a pixel is black. C, M and Y do not change with the brightness but for that rounding; the largest saturation of
        the three is that of HSV, and K is 255 - V.

    Examples
    --------
    >>> cmyk([[[100, 50, 200], [0, 0, 0]]]).tolist()
    [[[128, 191, 0, 55], [0, 0, 0, 255]]]
    """
    rgb = plain(image, np.uint8, ndim=3)
    most = rgb.max(axis=-1, keepdims=True)
    # single precision tells halves from what is near them: no quotient is nearer to one than 1 / 510
    inks = np.rint(np.float32(255) * (most - rgb) / np.maximum(most, 1))
    return np.concatenate([inks.astype(np.uint8), 255 - most], axis=-1)
