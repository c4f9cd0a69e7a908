"""Columns of the recipes once more, straight from scikit-image and numpy on label maps."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.stats import kurtosis, skew
from skimage.color import rgb2hsv
from skimage.feature import graycomatrix
from skimage.measure import regionprops

from leukofeat.kernels.texture.haralick import HARALICK_NAMES

SHAPES = ("area", "perimeter", "circularity", "eccentricity", "solidity", "extent", "major_axis", "minor_axis")


def segmented(pipeline, images, target):
    """The records as they come to the features, and the columns by their names."""
    stages = list(pipeline.named_steps)
    k = stages.index("featureset")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        records = pipeline[:k].fit_transform(images, target)
        table = pipeline[k].set_output(transform="pandas").fit_transform(records)
    return [records.smear(i) for i in range(len(images))] if hasattr(records, "smear") else records, table


def shapes(labels, region):
    """Means over the cells, by scikit-image's regionprops."""
    found = []
    for part in regionprops(labels):
        found.append(
            (part.area, part.perimeter, 4 * np.pi * part.area / part.perimeter**2, part.eccentricity, part.solidity,
             part.extent, part.axis_major_length, part.axis_minor_length)
        )  # fmt: skip
    return dict(zip([f"{region}_{name}_mean" for name in SHAPES], np.mean(found, axis=0), strict=True))


def colors(image, labels, region):
    """Mean, deviation, skewness, kurtosis and entropy of R, G and B in each cell, and their means over the cells."""
    found = {}
    for c, channel in enumerate("rgb"):
        for name, function in (
            ("mean", np.mean),
            ("std", np.std),
            ("skewness", skew),
            ("kurtosis", kurtosis),
            ("entropy", _bits),
        ):
            values = [function(image[labels == i, c].astype(float)) for i in np.unique(labels[labels > 0])]
            found[f"{region}_rgb_{channel}_{name}_mean"] = np.mean(values)
    return found


def hue_and_saturation(image, labels, region):
    """Of each cell, the hue on the circle (256 all the way round), and the means over the cells."""
    hsv = rgb2hsv(image)
    turns = [np.exp(2j * np.pi * hsv[labels == i, 0]).mean() for i in np.unique(labels[labels > 0])]
    hue = np.mean(np.angle(turns) % (2 * np.pi)) * 128 / np.pi
    saturation = np.mean([255 * hsv[labels == i, 1].mean() for i in np.unique(labels[labels > 0])])
    return {f"{region}_hsv_h_mean_mean": hue, f"{region}_hsv_s_mean_mean": saturation}


def haralick(gray, mask, region):
    """Means over four directions at distance 1 on 64 levels of pairs with both pixels in the mask."""
    levels = np.where(mask, gray // 4, 64).astype(np.uint8)
    found = []
    for angle in (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4):
        step = 1 if angle in (0, np.pi / 2) else np.sqrt(2)
        counts = graycomatrix(levels, [step], [angle], 65, symmetric=True)[:64, :64, 0, 0].astype(float)
        found.append(_haralick(counts / counts.sum()))
    return dict(
        zip([f"{region}_haralick_{name}_d1_mean" for name in HARALICK_NAMES], np.mean(found, axis=0), strict=True)
    )


def _haralick(p):
    i, j = np.indices(p.shape)
    k = np.arange(64)
    px = p.sum(axis=1)
    mean = k @ px
    variance = (k - mean) ** 2 @ px
    plus, minus = np.bincount((i + j).ravel(), p.ravel()), np.bincount(abs(i - j).ravel(), p.ravel())
    s = np.arange(len(plus)) + 2  # levels are counted from 1
    cross = np.outer(px, px)
    one = -(p[cross > 0] * np.log2(cross[cross > 0])).sum()
    return [
        (p**2).sum(), ((i - j) ** 2 * p).sum(), ((i * j * p).sum() - mean**2) / variance, variance,
        (p / (1 + (i - j) ** 2)).sum(), s @ plus, (s - s @ plus) ** 2 @ plus, _entropy(plus), _entropy(p),
        k**2 @ minus - (k @ minus) ** 2, _entropy(minus), (_entropy(p) - one) / _entropy(px),
        np.sqrt(1 - np.exp(-2 * (_entropy(cross) - _entropy(p)))),
    ]  # fmt: skip


def _entropy(p):
    return -(p[p > 0] * np.log2(p[p > 0])).sum()


def _bits(values):
    return _entropy(np.unique(values, return_counts=True)[1] / len(values))
