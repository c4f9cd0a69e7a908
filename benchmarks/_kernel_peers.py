"""Further kernels beside what other libraries, or plain NumPy, need for the same: more rows of `speed.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from _peers import Runner, Sample, Values, columns

from leukofeat.kernels.color.fuzzy_c_means import fuzzy_c_means
from leukofeat.kernels.color.kmeans import ab_histogram
from leukofeat.kernels.color.otsu import otsu_thresholds
from leukofeat.kernels.color.stains import STAINS, haematoxylin_eosin, optical_density_table, side_means
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.distance import squared_depths
from leukofeat.kernels.regions.spans import part_runs
from leukofeat.kernels.texture.chromatin import CHROMATIN_NAMES, chromatin
from leukofeat.kernels.texture.gradients import GRADIENT_NAMES, gradient_statistics, gradient_sums

CENTERS = np.array([[128.0, 128.0], [150.0, 110.0], [160.0, 100.0]])


def gradient_runners() -> dict[str, Callable[[], Runner]]:
    def run(s: Sample) -> np.ndarray:
        return gradient_statistics(gradient_sums(s.gray, part_runs(s.nuclei, s.n + 1), s.n + 1))

    def theirs(s: Sample) -> np.ndarray:
        gray = s.gray.astype(float)
        gy, gx = np.zeros_like(gray), np.zeros_like(gray)
        gy[1:-1], gx[:, 1:-1] = gray[2:] - gray[:-2], gray[:, 2:] - gray[:, :-2]
        x, labels = np.hypot(gx, gy).ravel(), s.nuclei.ravel()
        n = np.bincount(labels)
        mean, square, active = (np.bincount(labels, weights=w) / n for w in (x, x * x, x > 0))
        largest = np.zeros(len(n))
        np.maximum.at(largest, labels, x)
        return np.column_stack([largest, mean, np.sqrt(np.maximum(square - mean**2, 0)), active])

    values = lambda raw, s: columns(GRADIENT_NAMES, raw)  # noqa: E731
    return {
        "leukofeat": lambda: Runner("leukofeat", run, values),
        "numpy": lambda: Runner("numpy", theirs, values),
    }


def chromatin_runners() -> dict[str, Callable[[], Runner]]:
    def density(s: Sample) -> np.ndarray:
        return cv2.LUT(s.gray, optical_density_table())

    def run(s: Sample) -> np.ndarray:
        boxes = region_boxes(s.nuclei, s.n)
        return chromatin(density(s), s.nuclei, boxes, squared_depths(s.nuclei, boxes=boxes))

    def scipy() -> Runner:
        from scipy.ndimage import distance_transform_edt

        def one(plane: np.ndarray, mask: np.ndarray) -> list[float]:
            x, depth = plane[mask], distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1][mask]
            mean, std = x.mean(), x.std()
            dense = (mask & (plane > mean + std)).astype(np.uint8)
            sizes = cv2.connectedComponentsWithStats(dense, connectivity=8)[2][1:, cv2.CC_STAT_AREA]
            sizes = sizes[sizes >= 4]
            rim = depth <= np.median(depth)
            points = np.argwhere(mask)
            shift = np.hypot(*(np.average(points, axis=0, weights=x) - points.mean(axis=0)))
            area = sizes.mean() / len(x) if len(sizes) else 0.0
            shares = (x > mean + std).mean(), (x < mean - std).mean()
            trend = np.corrcoef(x, depth)[0, 1]
            offset = shift / np.sqrt(4 * len(x) / np.pi)
            spread = [x.sum(), mean, std / mean, shares[0], len(sizes), area, shares[1]]
            return [*spread, x[rim].mean() / x[~rim].mean(), trend, offset]

        def theirs(s: Sample) -> np.ndarray:
            plane = density(s)
            return np.array([one(plane[box], mask) for box, mask in s.crops()])

        return Runner("scipy", theirs, values)

    values = lambda raw, s: columns(CHROMATIN_NAMES, raw)  # noqa: E731
    return {"leukofeat": lambda: Runner("leukofeat", run, values), "scipy": scipy}


def otsu_runners() -> dict[str, Callable[[], Runner]]:
    def histogram(s: Sample) -> np.ndarray:
        return np.bincount(s.gray.ravel(), minlength=256)

    def scikit_image() -> Runner:
        from skimage.filters import threshold_multiotsu

        return Runner("scikit-image", lambda s: threshold_multiotsu(hist=histogram(s), classes=3), values)

    def values(raw: Any, s: Sample) -> Values:
        return {"thresholds": np.asarray(raw, float)}

    return {
        "leukofeat": lambda: Runner("leukofeat", lambda s: otsu_thresholds(histogram(s), 3), values),
        "scikit-image": scikit_image,
    }


def fuzzy_runners() -> dict[str, Callable[[], Runner]]:
    def points(s: Sample) -> tuple[np.ndarray, np.ndarray]:
        bins, counts, _ = ab_histogram(s.smear.lab.reshape(-1, 3), s.image[:, :, 0].ravel())
        return np.column_stack([bins // 256, bins % 256]), counts

    def theirs(s: Sample) -> np.ndarray:
        x, w = points(s)
        centers = CENTERS
        for _ in range(300):
            squares = np.maximum(((x[:, None] - centers) ** 2).sum(axis=2), 1e-12)
            u = 1 / squares
            u = w[:, None] * (u / u.sum(axis=1, keepdims=True)) ** 2
            moved = u.T @ x / u.sum(axis=0)[:, None]
            shift, centers = abs(moved - centers).max(), moved
            if shift <= 1e-3:
                break
        return centers

    values = lambda raw, s: {"centers": raw.ravel()}  # noqa: E731
    return {
        "leukofeat": lambda: Runner("leukofeat", lambda s: fuzzy_c_means(*points(s), CENTERS), values),
        "numpy": lambda: Runner("numpy", theirs, values),
    }


def stain_runners() -> dict[str, Callable[[], Runner]]:
    def scikit_image() -> Runner:
        from skimage.color import separate_stains

        matrix = np.linalg.inv(STAINS / np.linalg.norm(STAINS, axis=1, keepdims=True))
        # not rounded to 8 bits
        return Runner("scikit-image", lambda s: separate_stains(s.image, matrix), lambda raw, s: {})

    return {
        "leukofeat": lambda: Runner("leukofeat", lambda s: haematoxylin_eosin(s.image), lambda raw, s: {}),
        "scikit-image": scikit_image,
    }


def surroundings_runners() -> dict[str, Callable[[], Runner]]:
    def theirs(s: Sample) -> list[np.ndarray]:
        dark, outside = s.image[:, :, 1] <= 180, s.nuclei == 0
        density = optical_density_table()
        sides = [outside & ~dark, outside & dark]
        return [np.concatenate([s.smear.lab[m].mean(axis=0), density[s.image[m]].mean(axis=0)]) for m in sides]

    values = lambda raw, s: {"lighter": raw[0], "darker": raw[1]}  # noqa: E731
    return {
        "leukofeat": lambda: Runner("leukofeat", lambda s: side_means(s.image, s.smear.lab, s.nuclei, 180), values),
        "numpy": lambda: Runner("numpy", theirs, values),
    }


FAMILIES = {
    "gradients": gradient_runners,
    "chromatin": chromatin_runners,
    "otsu": otsu_runners,
    "fuzzy_c_means": fuzzy_runners,
    "stains": stain_runners,
    "surroundings": surroundings_runners,
}
