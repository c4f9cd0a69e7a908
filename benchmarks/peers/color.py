"""Rows of the kernels that measure or cluster colours, and the family of colour statistics."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from scipy import special, stats
from skimage.filters import threshold_multiotsu
from sklearn.cluster import KMeans

from leukofeat.features.color import color_names, measure_color
from leukofeat.kernels.color import fuzzy_c_means, histograms, kmeans, otsu, stains
from leukofeat.segmentation.plane_histogram import PlaneHistogram
from peers.samples import Sample
from peers.turns import Call, Values, beside, columns, numbered, nyxus

SPACES = ("rgb", "hsv", "lab", "ycrcb")
_NYXUS = {
    "MEAN": "mean",
    "STANDARD_DEVIATION_BIASED": "std",
    "SKEWNESS": "skewness",
    "EXCESS_KURTOSIS": "kurtosis",
    "MEDIAN": "p50",
    # defined otherwise
    "ENTROPY": None,
    "P25": None,
    "P75": None,
    "P10": None,
    "P90": None,
}


def describe(x: np.ndarray, counts: np.ndarray) -> list[float]:
    """The statistics of a sample and its histogram, by SciPy."""
    values = [x.mean(), x.std(), stats.skew(x), stats.kurtosis(x), stats.entropy(counts, base=2)]
    return values + list(np.percentile(x, [5, 25, 50, 75, 95]))


def color_statistics(s: Sample) -> dict[str, Call]:
    """The whole family: statistics of twelve channels over each nucleus."""
    names = color_names(["nucleus"], SPACES)

    def scipy() -> np.ndarray:
        out = []
        for box, mask in s.crops():
            row: list[float] = []
            for plane in s.planes:
                values = plane[box][mask]
                row += describe(values.astype(float), np.bincount(values))
            out.append(row)
        return np.array(out)

    def of_nyxus(raw: Any) -> Values:
        channels = [name.removesuffix("_mean") for name in names[:: len(histograms.STATISTIC_NAMES)]]
        return {
            f"{channel}_{name}": table[theirs].to_numpy(float)
            for channel, table in zip(channels, raw, strict=True)
            for theirs, name in _NYXUS.items()
            if name
        }

    return {
        "leukofeat": Call(
            lambda: measure_color(s.smear, ["nucleus"], SPACES, per_cell=True), lambda raw: columns(names, raw)
        ),
        "nyxus": Call(lambda: [nyxus(tuple(_NYXUS), plane, s.nuclei) for plane in s.planes], of_nyxus),
        "scipy": Call(scipy, lambda raw: columns(names, raw)),
    }


@beside(histograms.part_histograms)
def _part_histograms(kernel: Any, s: Sample) -> dict[str, Call]:
    def numpy() -> np.ndarray:
        first = 256 * s.part
        pixels, n = s.image.reshape(-1, 3).take(s.inside, axis=0, mode="clip"), s.parts.n
        return np.stack([np.bincount(first + x, minlength=256 * n).reshape(n, 256) for x in pixels.T], axis=1)

    return {
        "leukofeat": Call(lambda: kernel(s.image, s.parts.runs, s.parts.n)),
        "numpy": Call(numpy),
    }


@beside(histograms.histogram_statistics)
def _histogram_statistics(kernel: Any, s: Sample) -> dict[str, Call]:
    counts = histograms.part_histograms(s.image, s.parts.runs, s.parts.n)[1:]

    def numpy() -> np.ndarray:
        values = np.arange(256.0)
        n = counts.sum(axis=-1)
        with np.errstate(invalid="ignore"):
            share = counts / n[..., None]
            mean = share @ values
            away = values - mean[..., None]
            squares = share * away * away
            m2, m3, m4 = (part.sum(axis=-1) for part in (squares, squares * away, squares * away * away))
            entropy = special.entr(share).sum(axis=-1) / np.log(2)
            out = [mean, np.sqrt(m2), m3 / m2**1.5, m4 / m2**2 - 3, entropy]
        below = counts.cumsum(axis=-1)
        for quantile in (0.05, 0.25, 0.5, 0.75, 0.95):
            position = quantile * (n - 1)
            rank = np.floor(position)
            low, high = ((below <= (rank + k)[..., None]).sum(axis=-1) for k in (0, 1))
            out.append(np.where(n > 0, low + (np.minimum(high, 255) - low) * (position - rank), np.nan))
        return np.stack(out, axis=-1)

    return {"leukofeat": Call(lambda: kernel(counts)), "numpy": Call(numpy)}


@beside(histograms.hue_statistics)
def _hue_statistics(kernel: Any, s: Sample) -> dict[str, Call]:
    """Ten statistics from histograms, beside SciPy's mean and deviation of the pixels: what both give is compared."""
    hsv = cv2.cvtColor(s.image, cv2.COLOR_RGB2HSV_FULL)
    counts = histograms.part_histograms(hsv, s.parts.runs, s.parts.n)[1:, 0]

    def scipy() -> np.ndarray:
        pixels = [hsv[:, :, 0][s.parts.map == part] for part in range(1, s.parts.n)]
        return np.array([(stats.circmean(hue, high=256), stats.circstd(hue, high=256)) for hue in pixels])

    return {
        "leukofeat": Call(lambda: kernel(counts), lambda found: numbered(found[:, :2])),
        "scipy": Call(scipy),
    }


@beside(histograms.gather_runs)
def _gather_runs(kernel: Any, s: Sample) -> dict[str, Call]:
    runs = s.parts.runs

    def numpy() -> tuple[np.ndarray, np.ndarray]:
        ends = (runs[:, 2] - runs[:, 1]).cumsum()
        moved = np.column_stack([np.zeros_like(ends), np.append(0, ends[:-1]), ends, runs[:, 3]])
        inside = np.flatnonzero(s.parts.map >= 0)
        return s.image.reshape(-1, 3).take(inside, axis=0, mode="clip")[None], moved

    return {"leukofeat": Call(lambda: kernel(s.image, runs)), "numpy": Call(numpy)}


@beside(stains.haematoxylin_eosin)
def _haematoxylin_eosin(kernel: Any, s: Sample) -> dict[str, Call]:
    unit = stains.STAINS / np.linalg.norm(stains.STAINS, axis=1, keepdims=True)
    unmix = (100 * np.linalg.inv(unit).T[:2]).astype(np.float32)
    density = stains.optical_density_table().astype(np.float32)

    def opencv() -> np.ndarray:
        return np.clip(cv2.transform(cv2.LUT(s.image, density), unmix) + 0.5, 0, 255).astype(np.uint8)

    return {"leukofeat": Call(lambda: kernel(s.image)), "opencv-python": Call(opencv)}


@beside(stains.side_means)
def _side_means(kernel: Any, s: Sample) -> dict[str, Call]:
    green, lab, density = s.image[:, :, 1], s.smear.lab, stains.optical_density_table()
    threshold = int(np.median(green))

    def opencv() -> list[np.ndarray]:
        outside = s.cells == 0
        densities = cv2.LUT(s.image, density)
        sides = [(outside & side).view(np.uint8) for side in (green > threshold, green <= threshold)]
        return [np.array([*cv2.mean(lab, side)[:3], *cv2.mean(densities, side)[:3]]) for side in sides]

    return {"leukofeat": Call(lambda: kernel(s.image, lab, s.cells, threshold)), "opencv-python": Call(opencv)}


@beside(kmeans.ab_histogram)
def _ab_histogram(kernel: Any, s: Sample) -> dict[str, Call]:
    lab, red = np.ascontiguousarray(s.smear.lab.reshape(-1, 3)).copy(), s.image[:, :, 0].ravel()

    def numpy() -> list[np.ndarray]:
        bins = lab[:, 1].astype(np.int64) * 256 + lab[:, 2]
        counts, reds = np.bincount(bins), np.bincount(bins, red)
        found = np.flatnonzero(counts)
        return [found, counts[found], reds[found]]

    return {"leukofeat": Call(lambda: kernel(lab, red)), "numpy": Call(numpy)}


@beside(kmeans.label_by_bin)
def _label_by_bin(kernel: Any, s: Sample) -> dict[str, Call]:
    lab = np.ascontiguousarray(s.smear.lab.reshape(-1, 3)).copy()
    table = np.random.default_rng(0).integers(0, 4, 1 << 16).astype(np.uint8)

    def ours() -> np.ndarray:
        out = np.empty(len(lab), np.uint8)
        kernel(lab, table, out)
        return out

    def numpy() -> np.ndarray:
        return table.take((lab[:, 1].astype(np.uint16) << 8) | lab[:, 2], mode="clip")

    return {"leukofeat": Call(ours), "numpy": Call(numpy)}


@beside(kmeans.kmeans)
def _kmeans(kernel: Any, s: Sample) -> dict[str, Call]:
    plane = PlaneHistogram(s.smear)
    pixels = s.smear.lab.reshape(-1, 3)[:, 1:].astype(np.float32)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 300, 1e-4)

    def opencv() -> float:
        cv2.setRNGSeed(0)
        return cv2.kmeans(pixels, 4, None, stop, 5, cv2.KMEANS_PP_CENTERS)[0]

    def scikit_learn() -> KMeans:
        return KMeans(4, n_init=5, random_state=0).fit(plane.points, sample_weight=plane.counts)

    return {
        "leukofeat": Call(
            lambda: kernel(plane.points, plane.counts, 4, n_init=5, random_state=0), lambda raw: {"inertia": raw[2]}
        ),
        # knows no weights, and so takes every pixel
        "opencv-python": Call(opencv, lambda raw: {"inertia": raw}),
        "scikit-learn": Call(scikit_learn, lambda raw: {"inertia": raw.inertia_}),
    }


@beside(fuzzy_c_means.fuzzy_c_means)
def _fuzzy_c_means(kernel: Any, s: Sample) -> dict[str, Call]:
    plane = PlaneHistogram(s.smear)
    start = kmeans.kmeans(plane.points, plane.counts, 4, random_state=0)[0]

    def numpy() -> np.ndarray:
        points, centers = plane.points.astype(float), start
        for _ in range(300):
            squares = ((points[:, None] - centers) ** 2).sum(axis=2)
            nearness = 1 / np.maximum(squares, 1e-12)
            weights = (nearness / nearness.sum(axis=1, keepdims=True)) ** 2 * plane.counts[:, None]
            moved = weights.T @ points / weights.sum(axis=0)[:, None]
            shift = np.abs(moved - centers).max()
            centers = moved
            if shift <= 1e-3:
                break
        return centers

    return {"leukofeat": Call(lambda: kernel(plane.points, plane.counts, start)), "numpy": Call(numpy)}


@beside(otsu.otsu_thresholds)
def _otsu_thresholds(kernel: Any, s: Sample) -> dict[str, Call]:
    counts = np.bincount(s.image[:, :, 1].ravel(), minlength=256)
    return {
        "leukofeat": Call(lambda: kernel(counts, 3)),
        "scikit-image": Call(lambda: threshold_multiotsu(classes=3, hist=counts)),
    }
