"""Shading correction: the light's fall across a field, read from the empty slide and divided out."""

from typing import Any, ClassVar

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.constraints import Number, Real
from leukofeat.kernels.jit import jit
from leukofeat.opencv import cv2
from leukofeat.preprocessing.padding import find_padding
from leukofeat.preprocessing.slide import shows_slide
from leukofeat.smear import Smear, check_image

_SAMPLES = 2500  # pixels that are looked at
_REWEIGHTINGS = 10
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
    down, across = (np.arange(0, n, step) / n - 0.5 for n in (height, width))
    plane = _slide_plane(green, down, across, float(np.quantile(green, _LEVEL)))
    if plane is None:
        return None
    middle, by_row, by_column = plane.astype(np.float32)
    down, across = ((np.arange(n) / n - 0.5).astype(np.float32) for n in (height, width))
    return middle + by_row * down[:, None] + by_column * across


@jit
def _slide_plane(green: np.ndarray, down: np.ndarray, across: np.ndarray, level: float) -> np.ndarray | None:
    """Middle and slopes of the plane that the empty slide lies on; None where it is not seen in most ninths of the field.

    First the plane under which the share _LEVEL of the values lies, by reweighted least squares from `level` on, then the one
    through the values near it.
    """
    plane = np.array([level, 0.0, 0.0])
    fitted, weights = np.full(green.shape, level), np.empty(green.shape)
    for _ in range(_REWEIGHTINGS):
        for i in range(down.size):
            for j in range(across.size):
                above = green[i, j] - fitted[i, j]
                weights[i, j] = (_LEVEL if above > 0 else 1 - _LEVEL) / max(abs(above), 2.0)
        plane = _fit_plane(green, down, across, weights, fitted)
    for band in _BANDS:
        near = 0
        for i in range(down.size):
            for j in range(across.size):
                is_near = abs(green[i, j] - fitted[i, j]) < band * abs(fitted[i, j])
                weights[i, j] = is_near
                near += is_near
        if near < _LEAST_SLIDE * green.size:
            return None
        plane = _fit_plane(green, down, across, weights, fitted)
    size, seen = np.zeros((3, 3)), np.zeros((3, 3))
    for i in range(down.size):
        for j in range(across.size):
            ninth = 3 * i // down.size, 3 * j // across.size
            size[ninth] += 1
            seen[ninth] += weights[i, j]
    enough = np.count_nonzero(seen >= _LEAST_IN_NINTH * size) >= _LEAST_NINTHS
    return plane if enough and fitted.min() >= _DARKEST else None


@jit
def _fit_plane(
    green: np.ndarray, down: np.ndarray, across: np.ndarray, weights: np.ndarray, fitted: np.ndarray
) -> np.ndarray:
    """Middle and slopes of the plane of weighted least squares; `fitted` gets its values."""
    normal, moments = 1e-6 * np.eye(3), np.zeros(3)
    for i in range(down.size):
        y = down[i]
        # sums along the row, in which y is the same
        w0 = w1 = w2 = v0 = v1 = 0.0
        for j in range(across.size):
            w, x = weights[i, j], across[j]
            w0 += w
            w1 += w * x
            w2 += w * x * x
            v0 += w * green[i, j]
            v1 += w * x * green[i, j]
        normal += np.array([[w0, w0 * y, w1], [w0 * y, w0 * y * y, w1 * y], [w1, w1 * y, w2]])
        moments += np.array([v0, v0 * y, v1])
    plane = np.linalg.solve(normal, moments)
    for i in range(down.size):
        for j in range(across.size):
            fitted[i, j] = plane[0] + plane[1] * down[i] + plane[2] * across[j]
    return plane
