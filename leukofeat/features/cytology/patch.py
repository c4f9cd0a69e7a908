"""One cell as its structures are looked for: optical density over the slide's own light, no larger than need be."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from leukofeat.opencv import cv2
from leukofeat.smear import Smear

_LARGEST = 80.0  # pixels across a cell: finer detail than an eightieth of it is not looked at
_PAD = 2  # pixels around the cell that are nobody's


@dataclass
class Patch:
    """One cell cut out, and reduced where it is large.

    Parameters
    ----------
    density : ndarray of float32, shape (h, w, 3)
        Optical density of R, G and B above the slide's.
    nucleus, cell : ndarray of uint8, shape (h, w)
        Masks, 0 and 1, with a frame of zeros.
    """

    density: np.ndarray
    nucleus: np.ndarray
    cell: np.ndarray

    @cached_property
    def cytoplasm(self) -> np.ndarray:
        """Mask of the cell without its nucleus."""
        return self.cell & (self.nucleus ^ 1)

    @cached_property
    def cell_diameter(self) -> float:
        """Diameter in pixels of a disc of the cell's area."""
        return equivalent_diameter(cv2.countNonZero(self.cell))

    @cached_property
    def nucleus_diameter(self) -> float:
        """Diameter in pixels of a disc of the nucleus's area."""
        return equivalent_diameter(cv2.countNonZero(self.nucleus))

    @cached_property
    def nuclear_density(self) -> np.ndarray:
        """Mean density of the nucleus, (3,), by which others are measured; NaN without one or where it has none."""
        if not cv2.countNonZero(self.nucleus):
            return np.full(3, np.nan)
        mean = np.array(cv2.mean(self.density, self.nucleus)[:3])
        return np.where(mean > 0.02, mean, np.nan)


def equivalent_diameter(area: float) -> float:
    """Diameter of a disc of that area.

    Examples
    --------
    >>> round(equivalent_diameter(78.54), 3)
    10.0
    """
    return float(2 * np.sqrt(area / np.pi))


def patches(smear: Smear, slide: np.ndarray) -> Iterator[Patch | None]:
    """Each cell of a record in turn; None for a number that has no pixel.

    Parameters
    ----------
    smear : Smear
    slide : ndarray of shape (3,)
        Optical density of the empty slide.
    """
    table = (-np.log10(np.arange(1, 257) / 256)[:, None] - slide).astype(np.float32)[None]
    nuclei, cells = smear.region("nucleus"), smear.region("cell")
    for label, (top, left, bottom, right, area) in enumerate(smear.region_boxes("cell")[:, :5].tolist(), start=1):
        if not area:
            yield None
            continue
        box = np.s_[top:bottom, left:right]
        image = smear.image[box]
        masks = [(labels[box] == label).astype(np.uint8) for labels in (nuclei, cells)]
        factor = _LARGEST / equivalent_diameter(area)
        if factor < 1:
            size = max(1, round(factor * (right - left))), max(1, round(factor * (bottom - top)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            masks = [
                (cv2.resize(255 * mask, size, interpolation=cv2.INTER_AREA) > 127).astype(np.uint8) for mask in masks
            ]
        frame = (_PAD,) * 4
        density = cv2.copyMakeBorder(cv2.LUT(np.ascontiguousarray(image), table), *frame, cv2.BORDER_REPLICATE)
        nucleus, cell = (cv2.copyMakeBorder(mask, *frame, cv2.BORDER_CONSTANT, value=0) for mask in masks)
        yield Patch(density, nucleus & cell, cell)


class Smoother:
    """Gaussian means over the pixels of a mask alone (normalised convolution), so that what lies beside does not leak in.

    Parameters
    ----------
    mask : ndarray of uint8, shape (h, w)
        0 and 1.

    Examples
    --------
    >>> smoother = Smoother(np.array([[1, 1, 0]], np.uint8))
    >>> smoother(np.array([[1, 1, 9]], np.float32), 1.0).round(3)[0, :2].tolist()
    [1.0, 1.0]
    """

    def __init__(self, mask: np.ndarray) -> None:
        self.weight = mask.astype(np.float32)
        self._weights: dict[float, np.ndarray] = {}

    def __call__(self, plane: np.ndarray, sigma: float) -> np.ndarray:
        """The plane of shape (h, w), float32, smoothed; sigma in pixels."""
        if sigma not in self._weights:
            self._weights[sigma] = np.maximum(_blur(self.weight, sigma), np.float32(1e-4))
        return cv2.divide(_blur(cv2.multiply(plane, self.weight), sigma), self._weights[sigma])


def _blur(plane: np.ndarray, sigma: float) -> np.ndarray:
    size = 2 * int(np.ceil(2.5 * sigma)) + 1
    return cv2.GaussianBlur(plane, (size, size), sigma, borderType=cv2.BORDER_CONSTANT)


def distance(mask: np.ndarray) -> np.ndarray:
    """Distance in pixels from each pixel of a mask to the nearest 0 (chamfer: within some two hundredths).

    Examples
    --------
    >>> distance(np.array([[0, 1, 1, 1]], np.uint8)).round(1).tolist()
    [[0.0, 1.0, 2.0, 3.0]]
    """
    return cv2.distanceTransform(mask, cv2.DIST_L2, 5)


def principal_curvatures(plane: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Larger and smaller curvature of a smoothed plane, times sigma squared, so that they do not depend on its size.

    Lindeberg 1998: normalised derivatives.

    Examples
    --------
    >>> valley = np.tile(np.float32([4, 1, 0, 1, 4]), (5, 1))
    >>> [float(curvature[2, 2]) for curvature in principal_curvatures(valley, 1.0)]
    [2.0, 0.0]
    """
    # the Sobel kernels of size 3 add up to four times the second derivatives
    scale = sigma**2 / 4
    xx = cv2.Sobel(plane, cv2.CV_32F, 2, 0, scale=scale)
    yy = cv2.Sobel(plane, cv2.CV_32F, 0, 2, scale=scale)
    xy = cv2.Sobel(plane, cv2.CV_32F, 1, 1, scale=scale)
    middle, half = (xx + yy) / 2, (xx - yy) / 2
    # not by OpenCV's magnitude, whose last bits depend on where the arrays lie in memory
    half = np.sqrt(half * half + xy * xy)
    return middle + half, middle - half


@dataclass
class Blobs:
    """Connected components (8 neighbours) of a mask: area in pixels, and axes of the ellipse of equal moments.

    Attributes
    ----------
    area, major, minor : ndarray of float64, shape (n,)
    touches : ndarray of bool, shape (n,)
        Whether a component has a pixel in `edge`.
    """

    area: np.ndarray
    major: np.ndarray
    minor: np.ndarray
    touches: np.ndarray

    @classmethod
    def of(cls, mask: np.ndarray, edge: np.ndarray | None = None) -> "Blobs":
        """Components of a mask.

        Examples
        --------
        >>> blobs = Blobs.of(np.array([[1, 0, 1, 1, 1]], np.uint8))
        >>> blobs.area.tolist(), blobs.major.round(2).tolist(), blobs.minor.round(2).tolist()
        ([1.0, 3.0], [1.15, 3.46], [1.15, 1.15])
        """
        if not cv2.countNonZero(mask):
            none = np.zeros(0)
            return cls(none, none, none, none > 0)
        _, labels = cv2.connectedComponents(mask, connectivity=8)
        places = np.flatnonzero(mask)
        label = labels.ravel()[places] - 1
        rows, columns = np.divmod(places, mask.shape[1])
        area = np.bincount(label)
        v = rows - (np.bincount(label, rows) / area)[label]
        u = columns - (np.bincount(label, columns) / area)[label]
        # a pixel is a square, which has a spread of its own
        vv, uu = np.bincount(label, v * v) / area + 1 / 12, np.bincount(label, u * u) / area + 1 / 12
        half = np.sqrt(((vv - uu) / 2) ** 2 + (np.bincount(label, u * v) / area) ** 2)
        major = 4 * np.sqrt((vv + uu) / 2 + half)
        minor = 4 * np.sqrt(np.maximum((vv + uu) / 2 - half, 1 / 12))
        touches = np.zeros(len(area), bool) if edge is None else np.bincount(label, edge.ravel()[places]) > 0
        return cls(area.astype(np.float64), major, minor, touches)

    def where(self, keep: np.ndarray) -> "Blobs":
        """Those that a mask of shape (n,) keeps."""
        return Blobs(self.area[keep], self.major[keep], self.minor[keep], self.touches[keep])

    @property
    def diameter(self) -> np.ndarray:
        """Diameters of discs of the same areas."""
        return 2 * np.sqrt(self.area / np.pi)

    @property
    def length(self) -> np.ndarray:
        """Lengths of straight bars of the same moments: sqrt(12) standard deviations."""
        return self.major * np.sqrt(12) / 4
