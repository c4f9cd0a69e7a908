"""The outline of nuclei and cells: Fourier descriptors, bending energy, Zernike moments, box counting, lobes."""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from leukofeat.constraints import Integral, Number, SomeOf
from leukofeat.features.cell_family import CellFamily
from leukofeat.features.measure import Measure
from leukofeat.kernels.shape.box_counting import box_dimensions
from leukofeat.kernels.shape.contours import region_outlines
from leukofeat.kernels.shape.lobes import count_lobes
from leukofeat.kernels.shape.zernike import zernike_moments, zernike_orders
from leukofeat.smear import Smear


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
    spectrum = np.fft.fft(points)
    orders = np.array([*range(1, n + 2), *range(-1, -n - 1, -1)])
    forward, backward = np.abs(spectrum[..., orders]), np.abs(spectrum[..., -orders])
    magnitude = np.where(backward[..., :1] > forward[..., :1], backward, forward)
    return magnitude[..., 1:] / magnitude[..., :1]


def bending_energy(points: np.ndarray, n_harmonics: int = 8) -> np.ndarray:
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
    n_points = points.shape[-1]
    frequency = np.fft.fftfreq(n_points, 1 / n_points)
    spectrum = np.where(np.abs(frequency) <= n_harmonics, np.fft.fft(points), 0)
    turns = 2j * np.pi * frequency
    first, second = np.fft.ifft(turns * spectrum), np.fft.ifft(turns**2 * spectrum)
    squared_speed = first.real**2 + first.imag**2
    speed = np.sqrt(squared_speed)
    bend = first.real * second.imag - first.imag * second.real
    return (bend**2 / (squared_speed**2 * speed)).mean(axis=-1) * speed.mean(axis=-1) / (4 * np.pi**2)


SIGNATURE_NAMES = ("mean", "std", "skewness", "kurtosis", "range")


def contour_signature(points: np.ndarray) -> np.ndarray:
    """Statistics of the distance from the centre to the points of closed contours, the contour signature.

    Parameters
    ----------
    points : ndarray of complex128, shape (..., n_points)
        Contours at equal steps.

    Returns
    -------
    ndarray of float64, shape (..., 5)
        Named by ``SIGNATURE_NAMES``: mean and population standard deviation in pixels, skewness and excess kurtosis (0 where
        the distance is the same all round), and the range over the mean. The centre is the centroid of the area enclosed, as of
        a polygon; NaN where that is 0.

    Examples
    --------
    >>> square = np.array([0, 1, 2, 2 + 1j, 2 + 2j, 1 + 2j, 2j, 1j])
    >>> contour_signature(square).round(3).tolist()
    [1.207, 0.207, 0.0, -2.0, 0.343]
    """
    following = np.roll(points, -1, axis=-1)
    twice = (points.conj() * following).imag
    with np.errstate(invalid="ignore", divide="ignore"):
        center = ((points + following) * twice).sum(axis=-1) / (3 * twice.sum(axis=-1))
        distance = np.abs(points - center[..., None])
        mean = distance.mean(axis=-1)
        off = distance - mean[..., None]
        spread = np.sqrt((off**2).mean(axis=-1))
        # what rounding leaves of no spread is none
        known, round_ = np.where(spread > 1e-9 * mean, spread, np.nan), spread <= 1e-9 * mean
        third = np.where(round_, 0.0, (off**3).mean(axis=-1) / known**3)
        fourth = np.where(round_, 0.0, (off**4).mean(axis=-1) / known**4 - 3)
        return np.stack([mean, spread, third, fourth, np.ptp(distance, axis=-1) / mean], axis=-1)


_shape = partial(Measure, unit="1", scale="same", stain="both", level="cell")


class OutlineFeatures(CellFamily):
    """Descriptors of the outlines of nuclei and cells, which neither place, size nor turn change much.

    Per cell: ``nucleus_fourier_2`` to ``_6`` and ``_m1`` to ``_m5`` (`fourier_descriptors`),
    ``nucleus_bending_energy``, ``nucleus_zernike_4_2`` (:func:`leukofeat.kernels.shape.zernike.zernike_moments` of the mask),
    ``nucleus_box_dimension`` (:func:`leukofeat.kernels.shape.box_counting.box_dimensions`), and ``nucleus_lobes`` and
    ``nucleus_parts`` (:func:`leukofeat.kernels.shape.lobes.count_lobes`). The image's row holds their summaries over the cells.

    Parameters
    ----------
    regions : sequence of str, default=("nucleus", "cell")
        Either or both of "nucleus" and "cell".
    degree : int, default=8
        Highest order of the Zernike moments, up to 12.
    summary : sequence of str, default=("mean", "std")
        Summaries over the cells: any of "mean", "std", "min", "q25", "median", "q75", "max".
    signature : bool, default=False
        Whether to add ``nucleus_signature_mean``, ``_std``, ``_skewness``, ``_kurtosis`` and ``_range``: statistics of the
        distance from the centre to the outline (`contour_signature`).

    Examples
    --------
    >>> import cv2
    >>> nuclei = cv2.circle(np.zeros((40, 40), np.int32), (20, 20), 12, 1, -1)
    >>> family = OutlineFeatures(regions=["nucleus"], summary=["mean"])
    >>> row = family.fit_transform([Smear(np.zeros((40, 40, 3), np.uint8), nuclei)])[0]
    >>> dict(zip(family.get_feature_names_out().tolist(), row.tolist()))["nucleus_lobes_mean"]
    1.0
    """

    measures: ClassVar[tuple[Measure, ...]] = (
        _shape(
            "{body}_fourier_{k}",
            "outline's Fourier descriptor, in the sense of the contour",
            formula="|F(k)| / |F(1)|, F the transform of 128 equal steps x + iy along the outer contour, k = 2 to 6",
            source="Zahn and Roskies 1972",
            rotation="any, nearly",
        ),
        _shape(
            "{body}_fourier_m{k}",
            "the same against that sense",
            formula="|F(−k)| / |F(1)|, k = 1 to 5",
            source="Persoon and Fu 1977",
            rotation="any, nearly",
        ),
        _shape(
            "{body}_bending_energy",
            "how much the outline bends; 1 for a circle",
            formula="L ∮κ² ds / 4π², contour of 8 harmonics on either side",
            source="Young et al. 1974",
            rotation="quarter, nearly",
        ),
        _shape(
            "{body}_zernike_{n}_{m}",
            "Zernike moment of the mask",
            formula="|Σ V*ₙₘ| (n + 1)/π / A on the disc about the centroid that holds it",
            source="Teague 1980",
            rotation="any",
        ),
        _shape(
            "{body}_box_dimension",
            "fractal dimension of the outline",
            formula="slope of log N(s) on log 1/s, N boxes of s = 1, 2, 4, … pixels",
            source="Mandelbrot 1982",
            rotation="no",
            scale="no",
        ),
        *(
            _shape(
                f"{{body}}_signature_{name}",
                f"{of} distance from the centroid of the outline to it",
                unit=unit,
                formula=f"{formula}, d to 128 equal steps along the outer contour",
                source="Gonzalez and Woods 2018",
                rotation=rotation,
                scale=scale,
            )
            for name, of, unit, formula, rotation, scale in (
                ("mean", "mean", "px", "μ = Σd / 128", "any, nearly", "length"),
                ("std", "standard deviation of the", "px", "σ = √(Σ(d − μ)² / 128)", "any, nearly", "length"),
                ("skewness", "skewness of the", "1", "Σ(d − μ)³ / 128 / σ³", "no", "no"),
                ("kurtosis", "excess kurtosis of the", "1", "Σ(d − μ)⁴ / 128 / σ⁴ − 3", "no", "no"),
                ("range", "relative range of the", "1", "(max d − min d) / μ", "no", "same"),
            )
        ),
        _shape(
            "nucleus_lobes",
            "lobes",
            formula="peaks of the distance to the outside that rise 0.15 of the largest above the neck",
            source="",
            rotation="any",
        ),
        _shape(
            "nucleus_parts",
            "pieces",
            formula="8-connected parts of at least 5 % of the pixels",
            source="",
            rotation="any",
        ),
    )

    _parameter_constraints: ClassVar[dict[str, Any]] = CellFamily._parameter_constraints | {
        "regions": [SomeOf("nucleus", "cell")],
        "degree": [Number(Integral, 0, 12)],
        "signature": ["boolean"],
    }

    def __init__(
        self,
        *,
        regions: Sequence[str] = ("nucleus", "cell"),
        degree: int = 8,
        summary: Sequence[str] = ("mean", "std"),
        signature: bool = False,
    ) -> None:
        self.regions = regions
        self.degree = degree
        self.summary = summary
        self.signature = signature

    def cell_names(self) -> list[str]:
        names = [f"fourier_{k}" for k in range(2, 7)] + [f"fourier_m{k}" for k in range(1, 6)] + ["bending_energy"]
        names += [f"zernike_{n}_{m}" for n, m in zernike_orders(self.degree)] + ["box_dimension"]
        names += [f"signature_{name}" for name in SIGNATURE_NAMES] if self.signature else []
        columns = [f"{region}_{name}" for region in self.regions for name in names]
        return columns + (["nucleus_lobes", "nucleus_parts"] if "nucleus" in self.regions else [])

    def cells(self, smear: Smear) -> np.ndarray:
        columns = []
        maps = [(smear.region(region), smear.region_boxes(region)) for region in self.regions]
        points = np.stack([region_outlines(labels, boxes) for labels, boxes in maps])
        signatures = contour_signature(points) if self.signature else np.empty((*points.shape[:2], 0))
        for (labels, boxes), fourier, bending, signature in zip(
            maps, fourier_descriptors(points), bending_energy(points), signatures, strict=True
        ):
            columns += [fourier, bending[:, None]]
            columns += [zernike_moments(labels, boxes, self.degree), box_dimensions(labels, boxes)[:, None], signature]
        if "nucleus" in self.regions:
            nuclei, boxes = smear.region("nucleus"), smear.region_boxes("nucleus")
            columns.append(count_lobes(nuclei, boxes, smear.nuclear_depths()))
        return np.hstack(columns)
