"""Shading correction: the light's fall across a field, read from the empty slide and divided out."""

from typing import Any, ClassVar

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.constraints import Number, Real
from leukofeat.opencv import cv2
from leukofeat.preprocessing.padding import find_padding
from leukofeat.preprocessing.slide import shows_slide
from leukofeat.smear import Smear, check_image

_SAMPLES = 2500  # pixels that are looked at
_LEVEL = 0.875  # of green, where the empty slide is: the middle of the quarter that `background_color` takes
# Share by which slide may differ from the plane, narrowing while the plane settles: noise and JPEG stay below, red cells above.
_BANDS = (0.12, 0.09, 0.07, 0.05, 0.05, 0.05)
# The slide has to be seen in most of the ninths of the field, or the plane hangs in the air.
_LEAST_SLIDE, _LEAST_IN_NINTH, _LEAST_NINTHS = 0.2, 0.05, 7
_DARKEST = 20.0


class ShadingCorrector(ImageStage):
    """Divide out light that falls across the field, as a condenser or lamp out of centre throws it (flat-field correction).

    The light is a plane in the camera's values, fitted to the empty slide of the image itself: no blank field is needed. Where it
    falls by less than `least`, or the slide cannot be seen in most parts of the field (cells cut out, padding, a field full of
    cells), the image stays as it is.

    Parameters
    ----------
    least : float in [0, 1), default=0.1
        Fall from the brightest to the darkest corner, as a share of the brightest, from which on it is corrected.

    Notes
    -----
    Retrospective shading correction after Tomazevic et al. (2002), by the plane of a quantile of green (Koenker and Bassett 1978),
    then by least squares over the pixels near it. `benchmarks/optics.py` shows what it is worth.

    References
    ----------
    Tomazevic et al., Comparative evaluation of retrospective shading correction methods, J. Microsc. 208(3), 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from leukofeat.preprocessing import ShadingCorrector
    >>> light = np.linspace(240, 180, 64)
    >>> image = np.repeat(np.rint(np.tile(light, (64, 1)))[:, :, None], 3, axis=2).astype(np.uint8)
    >>> np.ptp(image), np.ptp(ShadingCorrector().transform([image])[0])
    (np.uint8(60), np.uint8(2))
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {"least": [Number(Real, 0, 1)]}

    def __init__(self, least: float = 0.1) -> None:
        self.least = least

    def apply(self, smear: Smear) -> Smear:
        light = measure_light(smear.image)
        if light is None or light.min() > (1 - self.least) * light.max():
            return smear
        gain = np.float32(np.median(light)) / light
        image = cv2.merge([cv2.multiply(smear.image[:, :, c], gain, dtype=cv2.CV_8U) for c in range(3)])
        return smear.replace(image=image) if shows_slide(image, np.ones(image.shape[:2], bool)) else smear


def measure_light(image: np.ndarray) -> np.ndarray | None:
    """Green of the empty slide at every pixel, as a plane.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8

    Returns
    -------
    ndarray of shape (height, width), dtype float32, or None
        None where the slide cannot be seen in most of the field.

    Examples
    --------
    >>> image = np.full((30, 30, 3), 220, np.uint8); image[10:20, 10:20] = 90
    >>> light = measure_light(image)
    >>> round(float(light.min())), round(float(light.max()))
    (220, 220)
    """
    height, width = check_image(image).shape[:2]
    if min(height, width) < 9 or find_padding(image) is not None:
        return None
    step = max(1, int(np.sqrt(height * width / _SAMPLES)))
    green = cv2.blur(image[:, :, 1], (3, 3))[::step, ::step].astype(np.float64)
    rows, columns = np.mgrid[: green.shape[0], : green.shape[1]].astype(np.float64) * step
    ninths = (3 * (3 * rows // height) + 3 * columns // width).astype(np.int64).ravel()
    values = green.ravel()
    plane = np.stack([np.ones(len(values)), rows.ravel() / height - 0.5, columns.ravel() / width - 0.5], axis=1)
    fitted = plane @ _quantile_plane(plane, values)
    for band in _BANDS:
        near = np.abs(values - fitted) < band * np.abs(fitted)
        if near.mean() < _LEAST_SLIDE:
            return None
        own = plane[near]
        coefficients = np.linalg.solve(own.T @ own + 1e-6 * np.eye(3), own.T @ values[near])
        fitted = plane @ coefficients
    seen = np.bincount(ninths[near], minlength=9) >= _LEAST_IN_NINTH * np.bincount(ninths, minlength=9)
    if seen.sum() < _LEAST_NINTHS or fitted.min() < _DARKEST:
        return None
    down, across = ((np.arange(n) / n - 0.5).astype(np.float32) for n in (height, width))
    middle, by_row, by_column = coefficients.astype(np.float32)
    return middle + by_row * down[:, None] + by_column * across


def _quantile_plane(plane: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Coefficients of the plane under which the share _LEVEL of the values lies, by reweighted least squares."""
    coefficients = np.array([np.quantile(values, _LEVEL), 0.0, 0.0])
    for _ in range(10):
        residual = values - plane @ coefficients
        weights = np.where(residual > 0, _LEVEL, 1 - _LEVEL) / np.maximum(np.abs(residual), 2.0)
        weighted = plane * weights[:, None]
        coefficients = np.linalg.solve(weighted.T @ plane + 1e-6 * np.eye(3), weighted.T @ values)
    return coefficients
