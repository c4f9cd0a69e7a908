"""What optics, camera and file do to an image, one change at a time: the same leukocytes, photographed otherwise."""

from collections.abc import Callable

import numpy as np

from leukofeat.constraints import Integral, Number, Real, check
from leukofeat.opencv import cv2
from leukofeat.smear import Smear, check_image


def tilt_light(image: np.ndarray, lowest: float = 0.75, angle: float = 0.0) -> np.ndarray:
    """Image under light that falls evenly across the field, from 1 at one end to `lowest` at the other.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    lowest : float in (0, 1], default=0.75
        Factor on the camera's values at the dark end.
    angle : float, default=0
        Direction in which the light falls, in degrees from the x axis towards the y axis (downwards).

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Examples
    --------
    >>> tilt_light(np.full((1, 3, 3), 200, np.uint8), 0.5)[0, :, 0]
    array([200, 150, 100], dtype=uint8)
    """
    check("lowest", lowest, Number(Real, 0, 1, above=True))
    height, width = check_image(image).shape[:2]
    turned = np.deg2rad(angle)
    along = np.cos(turned) * np.arange(width) + np.sin(turned) * np.arange(height)[:, None]
    along -= along.min()
    light = 1 - (1 - lowest) * along / max(along.max(), 1e-9)
    return np.rint(image * light[:, :, None]).astype(np.uint8)


def compress_jpeg(image: np.ndarray, quality: int = 50) -> np.ndarray:
    """Image after it was saved as a JPEG (colour at half the resolution, as usual) and read again.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    quality : int in [1, 100], default=50

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Examples
    --------
    >>> compress_jpeg(np.full((8, 8, 3), 200, np.uint8)).shape
    (8, 8, 3)
    """
    check("quality", quality, Number(Integral, 1, 100))
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(check_image(image), cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    )
    assert done
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def add_noise(image: np.ndarray, sd: float = 8.0, rng: np.random.Generator | int = 0) -> np.ndarray:
    """Image with independent Gaussian noise on every value, as of a sensor at high gain.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    sd : float, default=8
        Standard deviation in grey levels.
    rng : Generator or int, default=0

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Examples
    --------
    >>> round(float(add_noise(np.full((64, 64, 3), 128, np.uint8)).std()))
    8
    """
    check("sd", sd, Number(Real, 0))
    noise = np.random.default_rng(rng).normal(0, sd, check_image(image).shape)
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


def blur(image: np.ndarray, sigma: float = 1.0) -> np.ndarray:
    """Image out of focus: a Gaussian of `sigma` pixels.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    sigma : float, default=1

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Examples
    --------
    >>> image = np.zeros((5, 5, 3), np.uint8); image[2, 2] = 255
    >>> int(blur(image)[2, 2, 0])
    40
    """
    check("sigma", sigma, Number(Real, 0, above=True))
    return cv2.GaussianBlur(check_image(image), (0, 0), float(sigma))


def bend_gamma(image: np.ndarray, gamma: float = 1.25) -> np.ndarray:
    """Image of a camera with another response: each value, as a share of 255, to the power of `gamma`.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    gamma : float, default=1.25
        Above 1 the middle tones become darker.

    Returns
    -------
    ndarray of shape (height, width, 3), dtype uint8

    Examples
    --------
    >>> bend_gamma(np.full((1, 1, 3), 128, np.uint8), 2.0)[0, 0]
    array([64, 64, 64], dtype=uint8)
    """
    check("gamma", gamma, Number(Real, 0, above=True))
    table = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return cv2.LUT(np.ascontiguousarray(check_image(image)), table)


def magnify(smear: Smear, factor: float) -> Smear:
    """The same field at another magnification: image and label maps `factor` times as large in each direction.

    Parameters
    ----------
    smear : Smear
    factor : float

    Returns
    -------
    Smear
        Segmented if `smear` is, with the same `label_ids`, but for cells that have become smaller than a pixel.

    Examples
    --------
    >>> magnify(Smear(np.full((10, 20, 3), 200, np.uint8)), 1.25)
    Smear(25x12, not segmented)
    """
    check("factor", factor, Number(Real, 0, above=True))
    height, width = (max(1, round(side * factor)) for side in smear.image.shape[:2])
    image = cv2.resize(smear.image, (width, height), interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    if not smear.is_segmented:
        return smear.replace(image=image)
    nuclei, cells = (
        cv2.resize(smear.region(name).astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
        for name in ("nucleus", "cell")
    )
    nuclei, cells = nuclei.astype(np.int32), cells.astype(np.int32)
    return smear.replace(image=image, nuclei=nuclei, cells=cells, label_ids=smear.label_ids)


def _on_image(change: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Callable[..., Smear]:
    return lambda smear, rng: smear.replace(image=change(smear.image, rng))


# name to change(smear, rng) -> Smear, in the order in which they are shown
OPTICAL_CHANGES: dict[str, Callable[[Smear, np.random.Generator], Smear]] = {
    "uneven light": _on_image(lambda image, rng: tilt_light(image, 0.75, rng.uniform(0, 360))),
    "JPEG 50": _on_image(lambda image, rng: compress_jpeg(image, 50)),
    "noise": _on_image(lambda image, rng: add_noise(image, 8.0, rng)),
    "blur": _on_image(lambda image, rng: blur(image, 1.0)),
    "gamma": _on_image(lambda image, rng: bend_gamma(image, 1.25 if rng.random() < 0.5 else 0.8)),
    "magnification 0.8": lambda smear, rng: magnify(smear, 0.8),
    "magnification 1.25": lambda smear, rng: magnify(smear, 1.25),
}
