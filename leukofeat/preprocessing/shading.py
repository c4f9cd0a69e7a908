"""Shading correction: the light's fall across a field, read from the empty slide and divided out."""

from typing import Any, ClassVar

import numpy as np

from leukofeat.base import ImageStage
from leukofeat.constraints import Integral, Number, Real
from leukofeat.content.padding import find_padding
from leukofeat.kernels.jit import jit
from leukofeat.opencv import cv2
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
_BOWL = 0.02  # by how much the light may rise from the middle to the sides, of what it is there


class ShadingCorrector(ImageStage):
    """Divide out light that falls across the field, as a condenser or lamp out of centre throws it (flat-field correction).

    The light is a plane in the camera's values, or a dome, fitted to the empty slide of the image itself: no blank field is needed. Where it
    falls by less than `least`, or the slide cannot be seen in most parts of the field (cells cut out, padding, a field full of
    cells), the image stays as it is.

    Parameters
    ----------
    least : float in [0, 1), default=0.1
        Fall from the brightest to the darkest place, as a share of the brightest, from which on it is corrected.
    degree : {1, 2}, default=1
        1 for light that falls to one side; 2 also for light that falls from the middle to the corners, as through an eyepiece (vignetting).

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

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "least": [Number(Real, 0, 1)],
        "degree": [Number(Integral, 1, 2)],
    }

    def __init__(self, least: float = 0.1, degree: int = 1) -> None:
        self.least = least
        self.degree = degree

    def apply(self, smear: Smear) -> Smear:
        light = measure_light(smear.image, self.degree)
        if light is None or light.min() > (1 - self.least) * light.max():
            return smear
        image = relit(smear.image, light, float(np.median(light)))
        return smear.replace(image=image) if shows_slide(image, np.ones(image.shape[:2], bool)) else smear


def measure_light(image: np.ndarray, degree: int = 1) -> np.ndarray | None:
    """Green of the empty slide at every pixel, as a plane or, of degree 2, as a dome.

    Parameters
    ----------
    image, degree
        As of `fit_light`.

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
    surface = fit_light(image, degree)
    return None if surface is None else light_at(surface, *(np.arange(n) / n - 0.5 for n in image.shape[:2]))


def fit_light(image: np.ndarray, degree: int = 1, content: np.ndarray | None = None) -> np.ndarray | None:
    """Green of the empty slide as a polynomial of the place in the image.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    degree : {1, 2}, default=1
        2 for a dome. One that no lens throws, brighter to the sides than in the middle, gives way to a plane.
    content : ndarray of shape (height, width), dtype bool, optional
        Pixels that show a part of the slide, which alone are looked at. An image with padding is not looked at without it.

    Returns
    -------
    ndarray of shape (3,) or (6,), dtype float32, or None
        Coefficients of 1, y, x and y y, x y, x x, where y and x go from -0.5 to 0.5 across the image. None where the slide cannot be seen in most of the field.

    Examples
    --------
    >>> image = np.full((30, 30, 3), 220, np.uint8)
    >>> [round(float(each)) for each in fit_light(image)]
    [220, 0, 0]
    """
    height, width = check_image(image).shape[:2]
    if min(height, width) < 9 or (content is None and find_padding(image) is not None):
        return None
    step = max(1, int(np.sqrt(height * width / _SAMPLES)))
    green = cv2.blur(image[:, :, 1], (3, 3))[::step, ::step].astype(np.float64)
    shown = np.ones(green.shape, bool) if content is None else np.ascontiguousarray(content[::step, ::step])
    if not shown.any():
        return None
    down, across = (np.arange(0, n, step) / n - 0.5 for n in (height, width))
    level = float(np.quantile(green[shown], _LEVEL))
    for each in range(degree, 0, -1):
        surface = _slide_surface(green, shown, down, across, level, each)
        if surface is not None:
            return surface.astype(np.float32)
    return None


def light_at(surface: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Light of `fit_light` at rows and columns given by where they are from -0.5 to 0.5, (len(down), len(across)) float32.

    Examples
    --------
    >>> light_at(np.array([200, 0, 100], np.float32), np.array([0.0]), np.array([-0.5, 0.5]))
    array([[150., 250.]], dtype=float32)
    """
    y, x = down.astype(np.float32)[:, None], across.astype(np.float32)
    light = surface[0] + surface[1] * y + surface[2] * x
    if len(surface) > 3:
        light = light + surface[3] * (y * y) + surface[4] * (y * x) + surface[5] * (x * x)
    return light


def relit(image: np.ndarray, light: np.ndarray, level: float) -> np.ndarray:
    """An (H, W, 3) uint8 image that was taken in this (H, W) float32 light, in one of this level everywhere."""
    gain = np.float32(level) / light
    return cv2.merge([cv2.multiply(image[:, :, c], gain, dtype=cv2.CV_8U) for c in range(3)])


@jit
def _slide_surface(
    green: np.ndarray, shown: np.ndarray, down: np.ndarray, across: np.ndarray, level: float, degree: int
) -> np.ndarray | None:
    """Coefficients of the surface that the empty slide lies on; None where it is not seen in most ninths of the field, or is no dome.

    First the surface under which the share _LEVEL of the values lies, by reweighted least squares from `level` on, then the one
    through the values near it.
    """
    fitted, weights = np.full(green.shape, level), np.zeros(green.shape)
    for _ in range(_REWEIGHTINGS):
        for i in range(down.size):
            for j in range(across.size):
                if shown[i, j]:
                    above = green[i, j] - fitted[i, j]
                    weights[i, j] = (_LEVEL if above > 0 else 1 - _LEVEL) / max(abs(above), 2.0)
        surface = _fit_surface(green, down, across, weights, degree, fitted)
    n_shown = np.count_nonzero(shown)
    for band in _BANDS:
        near = 0
        for i in range(down.size):
            for j in range(across.size):
                is_near = shown[i, j] and abs(green[i, j] - fitted[i, j]) < band * abs(fitted[i, j])
                weights[i, j] = is_near
                near += is_near
        if near < _LEAST_SLIDE * n_shown:
            return None
        surface = _fit_surface(green, down, across, weights, degree, fitted)
    size, seen = np.zeros((3, 3)), np.zeros((3, 3))
    lowest = np.inf
    for i in range(down.size):
        for j in range(across.size):
            if shown[i, j]:
                ninth = 3 * i // down.size, 3 * j // across.size
                size[ninth] += 1
                seen[ninth] += weights[i, j]
                lowest = min(lowest, fitted[i, j])
    enough = np.count_nonzero((size > 0) & (seen >= _LEAST_IN_NINTH * size)) >= _LEAST_NINTHS
    if not enough or lowest < _DARKEST:
        return None
    return surface if degree == 1 or _is_dome(surface) else None


@jit
def _is_dome(surface: np.ndarray) -> bool:
    """Whether a surface of degree 2 rises to no side, but for a few per cent."""
    yy, xy, xx = surface[3], surface[4], surface[5]
    steepest = 0.5 * (yy + xx + np.sqrt((yy - xx) ** 2 + xy * xy))
    return 0.25 * steepest <= _BOWL * surface[0]


@jit
def _fit_surface(
    green: np.ndarray, down: np.ndarray, across: np.ndarray, weights: np.ndarray, degree: int, fitted: np.ndarray
) -> np.ndarray:
    """Coefficients of the surface of weighted least squares, of 1, y, x, and y y, x y, x x; `fitted` gets its values."""
    n = 3 if degree == 1 else 6
    powers = np.array([(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)])[:n]
    normal, moments = 1e-6 * np.eye(n), np.zeros(n)
    # sums along a row, in which y is the same
    w, v = np.zeros(5), np.zeros(3)
    for i in range(down.size):
        w[:], v[:] = 0, 0
        for j in range(across.size):
            weight, x = weights[i, j], across[j]
            w[0] += weight
            w[1] += weight * x
            w[2] += weight * x * x
            v[0] += weight * green[i, j]
            v[1] += weight * x * green[i, j]
            if degree == 2:
                w[3] += weight * x * x * x
                w[4] += weight * x * x * x * x
                v[2] += weight * x * x * green[i, j]
        for a in range(n):
            moments[a] += down[i] ** powers[a, 0] * v[powers[a, 1]]
            for b in range(n):
                normal[a, b] += down[i] ** (powers[a, 0] + powers[b, 0]) * w[powers[a, 1] + powers[b, 1]]
    surface = np.linalg.solve(normal, moments)
    for i in range(down.size):
        y = down[i]
        for j in range(across.size):
            x = across[j]
            fitted[i, j] = surface[0] + surface[1] * y + surface[2] * x
            if degree == 2:
                fitted[i, j] += surface[3] * y * y + surface[4] * x * y + surface[5] * x * x
    return surface
