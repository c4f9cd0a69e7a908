"""Rows of the kernels that measure texture."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from skimage.color import rgb2lab
from skimage.feature import hog as scikit_hog
from skimage.feature import local_binary_pattern
from skimage.filters import gabor as scikit_gabor
from skimage.filters import gabor_kernel
from skimage.morphology import closing, disk, opening

from leukofeat.kernels.color.stains import optical_density_table
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.distance import squared_depths
from leukofeat.kernels.regions.spans import part_runs
from leukofeat.kernels.texture import (
    chromatin,
    covariance,
    gabor,
    gradients,
    granulometry,
    haralick,
    hog,
    lbp,
    plane_sums,
    run_lengths,
)
from peers.samples import Sample
from peers.turns import Call, Values, beside, columns, nyxus

CIRCLES = ((8, 1), (16, 2), (24, 3))
FREQUENCIES, ANGLES = (0.1, 0.2, 0.4), 4
RADII = (1, 2, 3, 5, 7)


@beside(haralick.haralick)
def _haralick(kernel: Any, s: Sample) -> dict[str, Call]:
    def cp_measure() -> Any:
        from cp_measure.core.numba.measuretexture import get_texture

        return get_texture(s.nuclei, s.gray, scale=1)

    def mahotas() -> np.ndarray:
        from mahotas.features import haralick

        crops = [np.where(mask, s.gray[box], 0) for box, mask in s.crops()]
        return np.array([haralick(crop, ignore_zeros=True, use_x_minus_y_variance=True) for crop in crops])

    def named(values: np.ndarray) -> Values:
        """Columns of (n, 4, 13)."""
        return {f"{name}_{d}": values[:, d, k] for d in range(4) for k, name in enumerate(haralick_names)}

    def of_cp_measure(raw: Any) -> Values:
        found = named(np.array(list(raw.values())).reshape(4, 13, s.n).transpose(2, 0, 1))
        # it takes the variance of the histogram of differences for that of the differences
        return {name: x for name, x in found.items() if not name.startswith("difference_variance")}

    haralick_names = haralick.HARALICK_NAMES
    return {
        # levels count from 1: grey 1 is level 1
        "leukofeat": Call(
            lambda: kernel(s.gray - 1, s.nuclei, region_boxes(s.nuclei, s.n)), lambda raw: named(raw[:, 0])
        ),
        "cp_measure": Call(cp_measure, of_cp_measure),
        "mahotas": Call(mahotas, named),
    }


@beside(lbp.lbp_histograms)
def _lbp_histograms(kernel: Any, s: Sample) -> dict[str, Call]:
    def scikit_image() -> list[np.ndarray]:
        out = []
        for p, r in CIRCLES:
            codes = local_binary_pattern(s.gray, p, r, "uniform").astype(np.int64)
            both = np.bincount((s.nuclei * (p + 2) + codes).ravel(), minlength=(s.n + 1) * (p + 2))
            out.append(both.reshape(s.n + 1, p + 2))
        return out

    return {
        "leukofeat": Call(lambda: kernel(s.gray, part_runs(s.nuclei, s.n + 1), s.n + 1, CIRCLES)),
        "scikit-image": Call(scikit_image),
    }


@beside(lbp.lbp_patterns)
def _lbp_patterns(kernel: Any, s: Sample) -> dict[str, Call]:
    return {
        "leukofeat": Call(lambda: kernel(s.gray, *CIRCLES[0])),
        "scikit-image": Call(lambda: local_binary_pattern(s.gray, *CIRCLES[0], "uniform")),
    }


@beside(hog.hog_vector)
def _hog_vector(kernel: Any, s: Sample) -> dict[str, Call]:
    how = (9, (8, 8), (3, 3))
    return {
        "leukofeat": Call(lambda: kernel(s.gray, *how)),
        "scikit-image": Call(lambda: scikit_hog(s.gray, *how)),
    }


def hog_picture(gray: np.ndarray) -> np.ndarray:
    """Scikit-image's picture of the gradients."""
    return scikit_hog(gray, 9, (8, 8), (1, 1), visualize=True)[1]


def hog_picture_statistics(gray: np.ndarray) -> np.ndarray:
    """Maximum, mean, standard deviation and share of pixels above 0 of the picture."""
    picture = hog_picture(gray)
    return np.array([picture.max(), picture.mean(), picture.std(), (picture > 0).mean()])


@beside(hog.hog_image)
def _hog_image(kernel: Any, s: Sample) -> dict[str, Call]:
    return {"leukofeat": Call(lambda: kernel(s.gray)), "scikit-image": Call(lambda: hog_picture(s.gray))}


@beside(hog.hog_image_statistics)
def _hog_image_statistics(kernel: Any, s: Sample) -> dict[str, Call]:
    return {
        "leukofeat": Call(lambda: kernel(s.gray, 9, (8, 8))),
        "scikit-image": Call(lambda: hog_picture_statistics(s.gray)),
    }


def _largest_by(part: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    """Largest value of each of n parts, 0 for one without pixels: what `ndimage.maximum` has in a hundred times as long."""
    order = np.argsort(part, kind="stable")
    counts = np.bincount(part, minlength=n)
    present = np.flatnonzero(counts)
    out = np.zeros(n)
    out[present] = np.maximum.reduceat(values[order], (counts.cumsum() - counts)[present])
    return out


@beside(gradients.gradient_sums)
def _gradient_sums(kernel: Any, s: Sample) -> dict[str, Call]:
    def opencv() -> np.ndarray:
        dx, dy = (cv2.Sobel(s.gray, cv2.CV_32F, k, 1 - k, ksize=1) for k in (1, 0))
        dx[:, [0, -1]], dy[[0, -1]] = 0, 0
        squares = dx * dx + dy * dy
        inside = squares.ravel()[s.inside]
        sums = [np.bincount(s.part, x, s.parts.n) for x in (np.sqrt(inside), inside, inside > 0)]
        largest = _largest_by(s.part, inside, s.parts.n)
        return np.column_stack([np.bincount(s.part, minlength=s.parts.n), *sums, largest])

    return {
        "leukofeat": Call(lambda: kernel(s.gray, s.parts.runs, s.parts.n)),
        "opencv-python": Call(opencv),
    }


@beside(plane_sums.plane_sums)
def _plane_sums(kernel: Any, s: Sample) -> dict[str, Call]:
    def numpy() -> np.ndarray:
        values = s.gray.ravel().take(s.inside, mode="clip").astype(float)
        return np.column_stack([np.bincount(s.part, x, s.parts.n) for x in (None, values, values * values)])

    return {
        "leukofeat": Call(lambda: kernel(s.gray, s.parts.runs, s.parts.n)),
        "numpy": Call(numpy),
    }


@lru_cache(maxsize=1)
def _bank() -> list[tuple[np.ndarray, np.ndarray]]:
    kernels = [gabor_kernel(f, np.pi * k / ANGLES).astype(np.complex64) for f in FREQUENCIES for k in range(ANGLES)]
    return [(np.ascontiguousarray(k.real), np.ascontiguousarray(k.imag)) for k in kernels]


@beside(gabor.gabor_sums)
def _gabor_sums(kernel: Any, s: Sample) -> dict[str, Call]:
    whole, bank = part_runs(np.zeros_like(s.nuclei), 1), _bank()

    def opencv() -> np.ndarray:
        gray = s.gray.astype(np.float32)
        out = []
        for both in bank:
            waves = [cv2.filter2D(gray, cv2.CV_32F, half, borderType=cv2.BORDER_REFLECT) for half in both]
            out.append(cv2.mean(cv2.magnitude(*waves))[0])
        return np.array(out)

    def scikit_image() -> np.ndarray:
        gray, angles = s.gray.astype(float), np.pi * np.arange(ANGLES) / ANGLES
        return np.array([np.hypot(*scikit_gabor(gray, f, a)).mean() for f in FREQUENCIES for a in angles])

    return {
        "leukofeat": Call(
            lambda: kernel(s.gray, whole, 1, FREQUENCIES, ANGLES),
            lambda raw: {"0": (raw[0, :, :, 1] / raw[0, :, :, 0]).ravel()},
        ),
        "opencv-python": Call(opencv),
        "scikit-image": Call(scikit_image),
    }


@beside(granulometry.opening_sums)
def _opening_sums(kernel: Any, s: Sample) -> dict[str, Call]:
    def ours() -> np.ndarray:
        opened, negative = (kernel(plane, s.parts.runs, s.parts.n, RADII) for plane in (s.gray, ~s.gray))
        pixels = plane_sums.plane_sums(s.gray, s.parts.runs, s.parts.n)[:, :1]
        return np.hstack([opened, 255 * pixels - negative])

    def scikit_image() -> np.ndarray:
        planes = [operation(s.gray, disk(r), mode="ignore") for operation in (opening, closing) for r in RADII]
        return np.column_stack([np.bincount(s.part, plane.ravel()[s.inside], s.parts.n) for plane in planes])

    return {"leukofeat": Call(ours), "scikit-image": Call(scikit_image)}


@beside(run_lengths.run_lengths)
def _run_lengths(kernel: Any, s: Sample) -> dict[str, Call]:
    return {
        "leukofeat": Call(
            lambda: kernel(s.gray // 16, s.nuclei, region_boxes(s.nuclei, s.n)),
            lambda raw: columns(run_lengths.RUN_LENGTH_NAMES, raw.mean(axis=1)),
        ),
        # it scales the levels to each nucleus
        "nyxus": Call(lambda: nyxus(("*ALL_GLRLM*",), s.gray, s.nuclei), lambda raw: {}),
    }


@beside(covariance.region_covariances)
def _region_covariances(kernel: Any, s: Sample) -> dict[str, Call]:
    areas = np.bincount(s.cells.ravel(), minlength=s.n + 1)[1:]

    def opencv() -> np.ndarray:
        out = []
        for area, (top, left, bottom, right), label in zip(areas, s.boxes[:, :4], range(1, s.n + 1), strict=True):
            share = min(1.0, 50 / np.sqrt(area))
            margin = int(np.ceil(3 / share))
            box = (slice(max(top - margin, 0), bottom + margin), slice(max(left - margin, 0), right + margin))
            planes = rgb2lab(s.image[box])  # OpenCV's own is off by some hundredths
            inside = np.float64(s.nuclei[box] == label)
            small = tuple(max(1, round(n * share)) for n in inside.shape[::-1])
            planes, inside = (cv2.resize(x, small, interpolation=cv2.INTER_AREA) for x in (planes, inside))
            blurred = [
                cv2.GaussianBlur(planes, [2 * int(np.ceil(3 * sigma)) + 1] * 2, sigma, borderType=cv2.BORDER_REPLICATE)
                for sigma in (0.8, 1.28, 1.6, 2.56)
            ]
            down, across = (
                cv2.Scharr(blurred[0], cv2.CV_64F, *order, borderType=cv2.BORDER_REPLICATE)
                for order in ((0, 1), (1, 0))
            )
            steep = cv2.magnitude(down, across) * (0.8 / 32)
            signals = np.dstack([planes, steep, blurred[0] - blurred[1], blurred[2] - blurred[3]])
            out.append(np.cov(signals[inside > 0.5].T, bias=True))
        return np.array(out)

    # entries near 0 differ by rounding: variances are compared
    def variances(raw: np.ndarray) -> Values:
        return columns(covariance.SIGNALS, np.diagonal(raw, axis1=1, axis2=2))

    return {
        "leukofeat": Call(lambda: kernel(s.image, s.nuclei, s.boxes, areas), variances),
        "opencv-python": Call(opencv, variances),
    }


@beside(chromatin.chromatin)
def _chromatin(kernel: Any, s: Sample) -> dict[str, Call]:
    density = cv2.LUT(s.image[:, :, 1], optical_density_table())
    depths = squared_depths(s.nuclei, s.boxes)

    def numpy() -> np.ndarray:
        out = []
        for box, mask in s.crops():
            x, depth = density[box][mask], depths[box][mask]
            rows, cols = np.nonzero(mask)
            mean, std, n = x.mean(), x.std(), x.size
            dense = mask & (density[box] > mean + std)
            sizes = cv2.connectedComponentsWithStats(dense.view(np.uint8))[2][1:, cv2.CC_STAT_AREA]
            sizes = sizes[sizes >= 4]
            rim = depth <= np.median(depth)
            shift = np.hypot(rows @ x / x.sum() - rows.mean(), cols @ x / x.sum() - cols.mean())
            out.append(
                (
                    x.sum(),
                    mean,
                    std / mean,
                    np.count_nonzero(dense) / n,
                    len(sizes),
                    sizes.sum() / max(len(sizes), 1) / n,
                    np.count_nonzero(x < mean - std) / n,
                    x[rim].mean() / x[~rim].mean(),
                    np.corrcoef(np.sqrt(depth), x)[0, 1],
                    shift / np.sqrt(4 * n / np.pi),
                )
            )
        return np.array(out)

    return {
        "leukofeat": Call(lambda: kernel(density, s.nuclei, s.boxes, depths)),
        "numpy": Call(numpy),
    }
