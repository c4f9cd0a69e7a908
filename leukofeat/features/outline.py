"""The outline of nuclei and cells: Fourier descriptors, bending energy, Zernike moments, box counting, lobes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leukofeat.base import FeatureFamily, check_choices, check_number
from leukofeat.features.summary import SUMMARIES, summarize, summary_names
from leukofeat.kernels.regions.distance import count_lobes
from leukofeat.kernels.shape.box_counting import box_dimensions
from leukofeat.kernels.shape.contours import region_outlines
from leukofeat.kernels.shape.harmonics import bending_energies, contour_harmonics
from leukofeat.kernels.shape.zernike import zernike_moments, zernike_orders
from leukofeat.smear import Smear

_N_POINTS = 128
_N_HARMONICS = 8


def outline_points(mask: np.ndarray, n_points: int = _N_POINTS) -> np.ndarray:
    """Points at equal steps along the outer contour of a mask's largest part.

    Parameters
    ----------
    mask : ndarray, shape (H, W)
        Non-zero inside.
    n_points : int
        Number of points.

    Returns
    -------
    ndarray of complex128, shape (n_points,)
        Column + i row; the contour runs through the centres of the border pixels, in one sense of rotation.
        NaN if it encloses no area.

    Examples
    --------
    >>> square = np.zeros((6, 6), np.uint8); square[1:5, 1:5] = 1
    >>> outline_points(square, 4).round(6).tolist()
    [(1+1j), (1+4j), (4+4j), (4+1j)]
    """
    return region_outlines(np.asarray(mask) != 0, 1, n_points)[0]


def fourier_descriptors(points: np.ndarray, n: int = 5) -> np.ndarray:
    """Magnitudes of the Fourier coefficients of closed contours (Zahn and Roskies 1972; Persoon and Fu 1977).

    Parameters
    ----------
    points : ndarray of complex128, shape (..., n_points)
        Contours at equal steps.
    n : int
        Descriptors on either side.

    Returns
    -------
    ndarray of float64, shape (..., 2 n)
        For frequencies 2 to n + 1, then -1 to -n, of which 1 is the sense of rotation, divided by the magnitude at 1:
        place, size, turn and starting point do not matter. An ellipse has only -1, a circle none.

    Examples
    --------
    >>> turn = np.exp(2j * np.pi * np.arange(64) / 64)
    >>> fourier_descriptors(2 * turn + 1 / turn, 2).round(6).tolist()
    [0.0, 0.0, 0.5, 0.0]
    """
    return _descriptors(_harmonics(points, n + 1), n)


def _harmonics(points: np.ndarray, n: int) -> np.ndarray:
    points = np.asarray(points)
    return contour_harmonics(points.reshape(-1, points.shape[-1]), n).reshape(*points.shape[:-1], 2 * n + 1)


def _descriptors(harmonics: np.ndarray, n: int) -> np.ndarray:
    magnitude = np.abs(harmonics)
    zero = magnitude.shape[-1] // 2
    orders = np.array([1, *range(2, n + 2), *range(-1, -n - 1, -1)])
    backward = magnitude[..., zero - 1] > magnitude[..., zero + 1]
    magnitude = np.where(backward[..., None], magnitude[..., zero - orders], magnitude[..., zero + orders])
    return magnitude[..., 1:] / magnitude[..., :1]


def bending_energy(points: np.ndarray, n_harmonics: int = _N_HARMONICS) -> np.ndarray:
    """Bending energy of closed contours, relative to that of a circle of the same length (Young et al. 1974).

    Parameters
    ----------
    points : ndarray of complex128, shape (..., n_points)
        Contours at equal steps.
    n_harmonics : int
        Frequencies kept on either side: the staircase of the pixels has a curvature of its own.

    Returns
    -------
    ndarray of float64, shape (...)
        Integral of the squared curvature x length / (4 pi^2): 1 for a circle, more for anything else, at any size.

    Examples
    --------
    >>> float(bending_energy(5 * np.exp(2j * np.pi * np.arange(64) / 64)).round(6))
    1.0
    """
    n_points = np.shape(points)[-1]
    harmonics = _harmonics(points, min(n_harmonics, (n_points - 1) // 2))
    return bending_energies(harmonics.reshape(-1, harmonics.shape[-1]), n_points).reshape(harmonics.shape[:-1])


class OutlineFeatures(FeatureFamily):
    """Descriptors of the outlines of nuclei and cells, which neither place, size nor turn change much.

    Per cell: ``nucleus_fourier_2`` to ``_6`` and ``_m1`` to ``_m5`` (`fourier_descriptors`),
    ``nucleus_bending_energy``, ``nucleus_zernike_4_2`` (:func:`leukofeat.kernels.shape.zernike.zernike_moments` of the mask),
    ``nucleus_box_dimension`` (:func:`leukofeat.kernels.shape.box_counting.box_dimensions`), and ``nucleus_lobes`` and
    ``nucleus_parts`` (:func:`leukofeat.kernels.regions.distance.count_lobes`). The image's row holds their summaries over the cells.

    Parameters
    ----------
    regions : sequence of str, default=("nucleus", "cell")
        Either or both of "nucleus" and "cell".
    degree : int, default=8
        Highest order of the Zernike moments, up to 12.
    summary : sequence of str, default=("mean", "std")
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max".

    Examples
    --------
    >>> import cv2
    >>> nuclei = cv2.circle(np.zeros((40, 40), np.int32), (20, 20), 12, 1, -1)
    >>> family = OutlineFeatures(regions=["nucleus"], summary=["mean"])
    >>> row = family.fit_transform([Smear(np.zeros((40, 40, 3), np.uint8), nuclei)])[0]
    >>> dict(zip(family.get_feature_names_out().tolist(), row.tolist()))["nucleus_lobes_mean"]
    1.0
    """

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("nucleus", "cell"),
        degree: int = 8,
        summary: Sequence[str] = ("mean", "std"),
    ) -> None:
        self.regions = regions
        self.degree = degree
        self.summary = summary

    def check_params(self) -> None:
        check_choices("regions", self.regions, ("nucleus", "cell"))
        check_number("degree", self.degree, integer=True, low=0, high=12)
        check_choices("summary", self.summary, tuple(SUMMARIES))

    def row_names(self) -> list[str]:
        return summary_names(self.cell_names(), self.summary)

    def row(self, smear: Smear) -> np.ndarray:
        return summarize(self.cells(smear), self.summary)

    def cell_names(self) -> list[str]:
        names = [f"fourier_{k}" for k in range(2, 7)] + [f"fourier_m{k}" for k in range(1, 6)] + ["bending_energy"]
        names += [f"zernike_{n}_{m}" for n, m in zernike_orders(self.degree)] + ["box_dimension"]
        columns = [f"{region}_{name}" for region in self.regions for name in names]
        return columns + (["nucleus_lobes", "nucleus_parts"] if "nucleus" in self.regions else [])

    def cells(self, smear: Smear) -> np.ndarray:
        maps = [smear.region(region) for region in self.regions]
        boxes = [smear.region_boxes(region) for region in self.regions]
        columns = []
        for labels, box in zip(maps, boxes, strict=True):
            points = region_outlines(labels, n_points=_N_POINTS, boxes=box)
            harmonics = contour_harmonics(points, _N_HARMONICS)
            columns += [_descriptors(harmonics, 5), bending_energies(harmonics, _N_POINTS)[:, None]]
            columns += [zernike_moments(labels, degree=self.degree, boxes=box)[0]]
            columns += [box_dimensions(labels, boxes=box)[:, None]]
        if "nucleus" in self.regions:
            i = list(self.regions).index("nucleus")
            columns.append(count_lobes(maps[i], depths=smear.nuclear_depths(), boxes=boxes[i]))
        return np.hstack(columns)
