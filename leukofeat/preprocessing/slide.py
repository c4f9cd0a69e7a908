"""What a slide looks like, leukocytes left aside: its empty glass, its stained pixels, its red cells, its sharpness."""

import numpy as np

from leukofeat.content.padding import find_content, find_padding
from leukofeat.opencv import cv2

# Optical density from which a pixel counts as stained (beta of Macenko et al. 2009).
STAINED = 0.15
# What tells an empty slide from cytoplasm that fills what is left of an image: light of any hue holds as much green as red and
# blue on average, which all stains take from it, and it is even. Over seven public sets 91 % of the slides pass, and 1.4 % of
# leukocytes without their surroundings: a slide not seen leaves an image as it is, one imagined turns cytoplasm to white.
_LEAST_GREEN, _MOST_SPREAD = 0.96, 0.08


def background_color(image: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """Colour of the empty slide: the median of the quarter of the pixels that is brightest in green.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    where : ndarray of shape (height, width), dtype bool, optional
        Pixels that count; by default all but padding (see :func:`~leukofeat.preprocessing.find_padding`).

    Returns
    -------
    ndarray of shape (3,), dtype float64
        RGB, 0 to 255. Red cells and nuclei absorb green most, so they stay out as long as a quarter of the field is empty.
        Where cells fill all that is left within the padding, it is their brightest part (see :func:`shows_slide`).

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((10, 10, 3), (230, 225, 235), np.uint8); image[:5] = (200, 120, 140)
    >>> background_color(image)
    array([230., 225., 235.])
    """
    return brightest_color(image, find_content(image) if where is None else where)


def brightest_color(image: np.ndarray, content: np.ndarray | None) -> np.ndarray:
    """Median colour of the quarter of the content that is brightest in green; where `content` is None, everything is."""
    level = _middle(_counts(image, 1, content), 0.75)[0]
    bright = cv2.inRange(image, (0.0, float(level), 0.0), (255.0, 255.0, 255.0))
    if content is not None:
        bright[content == 0] = 0
    return np.array([np.mean(_middle(_counts(image, c, bright), 0.5)) for c in range(3)])


def shows_slide(image: np.ndarray, where: np.ndarray) -> bool:
    """Whether the brightest quarter of what is left of a padded image can be empty slide, and not the cytoplasm of a cell.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    where : ndarray of shape (height, width), dtype bool
        Pixels that are no padding.

    Returns
    -------
    bool

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((20, 20, 3), (235, 230, 238), np.uint8); image[:10] = (185, 165, 215)
    >>> everywhere = np.ones((20, 20), bool)
    >>> shows_slide(image, everywhere), shows_slide(image[:10], everywhere[:10])
    (True, False)
    """
    red, green, blue = np.maximum(background_color(image, where), 1.0)
    counts = _counts(image, 1, where)
    low, high = _middle(counts, 0.75)[0], _middle(counts, 0.95)[0]
    return bool(green >= _LEAST_GREEN * np.sqrt(red * blue) and high - low <= _MOST_SPREAD * max(low, 1))


def stained_mask(image: np.ndarray, background: np.ndarray | None = None, density: float = STAINED) -> np.ndarray:
    """Pixels that some stain darkens: those of some optical density against the empty slide, in any channel.

    Padding is none of them; within it, all that is left of an image counts where that shows no empty slide.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    background : ndarray of shape (3,), optional
        Colour of the empty slide; the image's own by default.
    density : float, default=0.15
        Natural logarithm of the light lost, above which a pixel counts.

    Returns
    -------
    ndarray of shape (height, width), dtype bool

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((2, 4, 3), 230, np.uint8); image[0, 0] = (230, 190, 230)
    >>> stained_mask(image)[0]
    array([ True, False, False, False])
    """
    padding = find_padding(image)
    if background is None:
        if padding is not None and not shows_slide(image, ~padding):
            return ~padding
        background = background_color(image, None if padding is None else ~padding)
    clear = np.ceil(background * np.exp(-density))
    stained = cv2.inRange(image, tuple(clear.tolist()), (255.0, 255.0, 255.0)) == 0
    return stained if padding is None else stained & ~padding


def red_cell_color(image: np.ndarray, background: np.ndarray | None = None) -> np.ndarray:
    """Colour of the red cells: the median of the paler of the two kinds of stained pixels.

    Red cells absorb less red light than nuclei do, so Otsu's threshold on the red channel parts the two.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    background : ndarray of shape (3,), optional
        Colour of the empty slide; the image's own by default.

    Returns
    -------
    ndarray of shape (3,), dtype float64
        RGB, 0 to 255; the background's where nothing is stained.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((20, 20, 3), 235, np.uint8); image[:8] = (220, 160, 160); image[:2] = (90, 40, 150)
    >>> red_cell_color(image)
    array([220., 160., 160.])
    """
    background = background_color(image) if background is None else background
    stained = image[stained_mask(image, background)]
    if len(stained) < 20:
        return background
    threshold, _ = cv2.threshold(np.ascontiguousarray(stained[:, 0]), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    pale = stained[stained[:, 0] > threshold]
    return np.median(pale if len(pale) else stained, axis=0).astype(np.float64)


def grain(gray: np.ndarray, where: np.ndarray | None = None) -> float:
    """Fineness of all structure: logarithm of the mean absolute Laplacian over the mean gradient.

    Unlike :func:`edge_sharpness`, which looks at the edges of cells to judge the focus, this counts the noise and the traces
    of compression on the empty slide too: they tell the images of one camera and setting from those of another. Every
    image has a value.

    Parameters
    ----------
    gray : ndarray of shape (height, width), dtype uint8
    where : ndarray of shape (height, width), dtype bool, optional
        Pixels that count; all by default.

    Returns
    -------
    float
        About -2.5 to -1 on smears, higher the finer; 0 for a blank image.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> noise = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    >>> grain(noise) > grain(cv2.GaussianBlur(noise, (0, 0), 2))
    True
    """
    values = gray.astype(np.float32)
    bend, slope = np.abs(cv2.Laplacian(values, cv2.CV_32F)), _gradient(values)
    if where is not None:
        inside = cv2.erode(where.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
        bend, slope = (values[inside] if inside.any() else np.zeros(1) for values in (bend, slope))
    return float(np.log((bend.mean() + 0.1) / (slope.mean() + 0.1)))


def edge_sharpness(gray: np.ndarray, where: np.ndarray, window: int = 512) -> float:
    """How steep the strongest edges in a mask are, compared with themselves after smoothing: the focus of the optics.

    The ratio of the gradient to the gradient at three times the scale, over the steepest tenth of the middle of the image,
    does not depend on how dark cells are, nor on how many there are as long as their edges fill that tenth. Without
    leukocytes, whose edges differ by class, it measures the optics.

    Parameters
    ----------
    gray : ndarray of shape (height, width), dtype uint8
    where : ndarray, dtype uint8
        Mask of any scale; it is brought to the size of the image.
    window : int, default=512
        Side of the middle of the image that is looked at, in pixels.

    Returns
    -------
    float
        0 (out of focus) to about 1.5; NaN without edges.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> disk = cv2.circle(np.full((64, 64), 230, np.uint8), (32, 32), 16, 90, -1)
    >>> everywhere = np.ones((64, 64), np.uint8)
    >>> edge_sharpness(disk, everywhere) > edge_sharpness(cv2.GaussianBlur(disk, (0, 0), 2), everywhere)
    True
    """
    height, width = gray.shape
    y, x = max(0, (height - window) // 2), max(0, (width - window) // 2)
    middle = np.s_[y : y + window, x : x + window]
    mask = cv2.resize(where, (width, height), interpolation=cv2.INTER_NEAREST)[middle] > 0
    if mask.sum() < 64:
        return float("nan")
    values = gray[middle].astype(np.float32)
    fine, coarse = (_gradient(cv2.GaussianBlur(values, (0, 0), sigma))[mask] for sigma in (0.8, 2.4))
    at = int(0.9 * coarse.size)
    edge = coarse >= max(float(np.partition(coarse, at)[at]), 2.0)
    return float(fine[edge].mean() / coarse[edge].mean()) - 1.0 if edge.any() else float("nan")


def _gradient(values: np.ndarray) -> np.ndarray:
    return cv2.magnitude(cv2.Sobel(values, cv2.CV_32F, 1, 0), cv2.Sobel(values, cv2.CV_32F, 0, 1))


def _counts(image: np.ndarray, channel: int, where: np.ndarray | None) -> np.ndarray:
    """Number of pixels at each of the 256 levels of a channel."""
    mask = None if where is None else where.astype(np.uint8)
    return cv2.calcHist([image], [channel], mask, [256], (0, 256)).ravel().astype(np.int64)


def _middle(counts: np.ndarray, share: float) -> tuple[int, int]:
    """Levels of the two sorted pixels around the quantile `share`; their mean is the median for 0.5."""
    total = np.cumsum(counts)
    position = share * (total[-1] - 1)
    low, high = np.searchsorted(total, [np.floor(position), np.ceil(position)], side="right")
    return int(low), int(high)
