"""Rows of the kernels on label maps."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pandas as pd
from scipy import ndimage
from skimage.draw import polygon
from skimage.measure import find_contours
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed as scikit_watershed

from leukofeat.kernels.regions import boxes, distance, labels, morphology, outlines, spans, watershed
from peers.samples import Sample
from peers.turns import Call, beside


def _framed(array: np.ndarray, value: float = 0) -> np.ndarray:
    return np.pad(array, 1, constant_values=value)


def _distances(s: Sample) -> tuple[np.ndarray, np.ndarray]:
    """How deep each pixel lies in the nuclei, and the same with every peak one lower: what a watershed starts from."""
    depth = np.sqrt(_opencv_squares((s.nuclei > 0).astype(np.uint8)), dtype=np.float32)
    return depth, reconstruction(np.maximum(depth - 1, 0), depth).astype(np.float32)


def _opencv_squares(mask: np.ndarray) -> np.ndarray:
    distances = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.rint(distances * distances).astype(np.int32)


@beside(boxes.region_boxes)
def _region_boxes(kernel: Any, s: Sample) -> dict[str, Call]:
    def scipy() -> np.ndarray:
        inside = np.flatnonzero(s.nuclei)
        label = s.nuclei.ravel()[inside]
        sums = [np.bincount(label, x)[1:] for x in np.divmod(inside, s.nuclei.shape[1])]
        ends = [(y.start, x.start, y.stop, x.stop) for y, x in ndimage.find_objects(s.nuclei)]
        return np.column_stack([ends, np.bincount(label)[1:], *sums])

    return {"leukofeat": Call(lambda: kernel(s.nuclei, s.n)), "scipy": Call(scipy)}


@beside(distance.squared_depths)
def _squared_depths(kernel: Any, s: Sample) -> dict[str, Call]:
    def opencv() -> np.ndarray:
        out = np.zeros(s.nuclei.shape, np.int32)
        for box, mask in s.crops():
            # beyond the box all is outside
            framed = cv2.copyMakeBorder(mask.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
            out[box] += _opencv_squares(framed)[1:-1, 1:-1]
        return out

    return {"leukofeat": Call(lambda: kernel(s.nuclei, s.boxes)), "opencv-python": Call(opencv)}


@beside(labels.label_sums)
def _label_sums(kernel: Any, s: Sample) -> dict[str, Call]:
    def numpy() -> np.ndarray:
        return np.bincount(s.cells.ravel(), s.gray.ravel(), s.n + 1)[1:]

    return {"leukofeat": Call(lambda: kernel(s.cells, boxes.region_boxes(s.cells, s.n), s.gray)), "numpy": Call(numpy)}


@beside(labels.nearest_label)
def _nearest_label(kernel: Any, s: Sample) -> dict[str, Call]:
    def opencv() -> tuple[np.ndarray, np.ndarray]:
        outside = (s.nuclei == 0).view(np.uint8)
        away, index = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        # the pixels of all labels are numbered in raster order
        return away, s.nuclei[s.nuclei > 0][index - 1]

    return {
        "leukofeat": Call(lambda: kernel(s.nuclei), lambda raw: {"distance": raw[1]}),
        # of two equally near labels it takes another
        "opencv-python": Call(opencv, lambda raw: {"distance": raw[0]}),
    }


@beside(labels.separated)
def _separated(kernel: Any, s: Sample) -> dict[str, Call]:
    def numpy() -> np.ndarray:
        out = s.cells > 0
        for here, there in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
            a, b = s.cells[here], s.cells[there]
            touch = (a != b) & (a != 0) & (b != 0)
            out[here] &= ~touch
            out[there] &= ~touch
        return out.view(np.uint8)

    return {"leukofeat": Call(lambda: kernel(s.cells)), "numpy": Call(numpy)}


@beside(labels.renumbered)
def _renumbered(kernel: Any, s: Sample) -> dict[str, Call]:
    table = np.arange(s.n, -1, -1, dtype=np.int32)
    table[0] = 0
    return {"leukofeat": Call(lambda: kernel(s.cells, table)), "numpy": Call(lambda: table.take(s.cells, mode="clip"))}


@beside(morphology.drop_components)
def _drop_components(kernel: Any, s: Sample) -> dict[str, Call]:
    def ours() -> np.ndarray:
        out = s.mask.copy()
        kernel(out, 1, 100, False)
        return out

    def opencv() -> np.ndarray:
        _, components, stats, _ = cv2.connectedComponentsWithStats(s.mask, connectivity=4)
        large = stats[:, cv2.CC_STAT_AREA] >= 100
        large[0] = False
        return large[components].view(np.uint8)

    return {"leukofeat": Call(ours), "opencv-python": Call(opencv)}


@beside(distance.squared_distance)
def _squared_distance(kernel: Any, s: Sample) -> dict[str, Call]:
    mask = (s.nuclei > 0).astype(np.uint8)
    return {"leukofeat": Call(lambda: kernel(mask)), "opencv-python": Call(lambda: _opencv_squares(mask))}


@beside(morphology.reconstruct)
def _reconstruct(kernel: Any, s: Sample) -> dict[str, Call]:
    limit, _ = _distances(s)
    seed = np.maximum(limit - 1, 0)
    framed_limit, framed_seed = _framed(limit, -np.inf), _framed(seed, -np.inf)

    def ours() -> np.ndarray:
        out = framed_seed.copy()
        kernel(out, framed_limit, np.float32(0))
        return out[1:-1, 1:-1]

    return {"leukofeat": Call(ours), "scikit-image": Call(lambda: reconstruction(seed, limit))}


@beside(morphology.plateaus)
def _plateaus(kernel: Any, s: Sample) -> dict[str, Call]:
    depth, level = _distances(s)
    tops = (level == depth - 1).astype(np.uint8)
    framed, framed_tops = _framed(level, -np.inf), _framed(tops)

    def ours() -> np.ndarray:
        out = np.zeros(framed.shape, np.int32)
        kernel(framed, framed_tops, out)
        return out[1:-1, 1:-1]

    def scikit_image() -> np.ndarray:
        n, components = cv2.connectedComponents(local_maxima(level, connectivity=2).view(np.uint8))
        wanted = np.zeros(n, np.int32)
        wanted[components[tops > 0]] = 1
        wanted[0] = 0
        return (wanted.cumsum() * wanted)[components]

    # it numbers the plateaus in another order
    return {
        "leukofeat": Call(ours, lambda raw: {"found": raw > 0, "n": raw.max()}),
        "scikit-image": Call(scikit_image, lambda raw: {"found": raw > 0, "n": raw.max()}),
    }


@beside(labels.number_in_order)
def _number_in_order(kernel: Any, s: Sample) -> dict[str, Call]:
    turned = np.where(s.cells > 0, s.n + 1 - s.cells, 0).astype(np.int32).ravel()

    def ours() -> np.ndarray:
        out = turned.copy()
        kernel(out, s.n)
        return out

    def pandas() -> np.ndarray:
        inside = np.flatnonzero(turned)
        out = np.zeros_like(turned)
        out[inside] = pd.factorize(turned[inside])[0] + 1
        return out

    return {"leukofeat": Call(ours), "pandas": Call(pandas)}


@beside(spans.number_parts)
def _number_parts(kernel: Any, s: Sample) -> dict[str, Call]:
    def numpy() -> np.ndarray:
        out = 2 * s.cells
        out -= s.nuclei > 0
        out[s.cells == 0] = -1
        return out

    return {"leukofeat": Call(lambda: kernel(s.cells, s.nuclei, True, -1)), "numpy": Call(numpy)}


@beside(spans.part_runs)
def _part_runs(kernel: Any, s: Sample) -> dict[str, Call]:
    def numpy() -> np.ndarray:
        # a column of no part ends every row
        width = s.nuclei.shape[1] + 1
        flat = np.pad(s.parts.map, ((0, 0), (0, 1)), constant_values=-1).ravel()
        starts = np.flatnonzero(np.diff(flat, prepend=-2))
        part = flat[starts]
        inside = part >= 0
        row, first = np.divmod(starts[inside], width)
        last = first + np.diff(starts, append=flat.size)[inside]
        return np.column_stack([row, first, last, part[inside]])

    return {"leukofeat": Call(lambda: kernel(s.parts.map, s.parts.n)), "numpy": Call(numpy)}


@beside(watershed.flood)
def _flood(kernel: Any, s: Sample) -> dict[str, Call]:
    mask = s.nuclei > 0
    depth, level = _distances(s)
    markers = cv2.connectedComponents((local_maxima(level, connectivity=2) & mask).astype(np.uint8))[1]
    squares = np.rint(depth**2).astype(np.int32)
    keys, inside, seeds = _framed(-squares), _framed(mask.astype(np.uint8)), _framed(markers)
    size = np.count_nonzero(mask)

    def ours() -> np.ndarray:
        out = seeds.copy()
        kernel(keys, out, inside, size)
        return out[1:-1, 1:-1]

    return {
        "leukofeat": Call(ours),
        "scikit-image": Call(lambda: scikit_watershed(-squares, markers, mask=mask)),
    }


@beside(watershed.grow)
def _grow(kernel: Any, s: Sample) -> dict[str, Call]:
    mask = ((s.cells > 0) | (s.nuclei > 0)).astype(np.uint8)
    level = np.zeros(mask.shape, np.uint8)

    def ours() -> np.ndarray:
        out = s.nuclei.copy()
        kernel(out, mask)
        return out

    # what is equally far from two labels it gives to another of them
    return {
        "leukofeat": Call(ours, lambda raw: {"reached": raw > 0}),
        "scikit-image": Call(lambda: scikit_watershed(level, s.nuclei, mask=mask), lambda raw: {"reached": raw > 0}),
    }


def _traced(kernel: Any, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the outlines of 4-connected parts, and the first corner of each outline, with the number of all behind them."""
    parts = _framed(cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)[1])
    n_points, n_loops = kernel(parts, np.empty((0, 2), np.int32), np.empty((0, 2), np.int64))
    points, loops = np.empty((n_points, 2), np.int32), np.empty((n_loops, 2), np.int64)
    kernel(parts, points, loops)
    return points, np.append(loops[:, 0], n_points)


@beside(outlines.trace)
def _trace(kernel: Any, s: Sample) -> dict[str, Call]:
    mask = s.cells > 0
    framed = _framed(mask).astype(float)
    # outlines between the centres of pixels are other polygons, but as many
    return {
        "leukofeat": Call(lambda: _traced(kernel, mask), lambda raw: {"outlines": len(raw[1]) - 1}),
        "scikit-image": Call(
            lambda: find_contours(framed, 0.5, fully_connected="low"), lambda raw: {"outlines": len(raw)}
        ),
    }


@beside(outlines.fill)
def _fill(kernel: Any, s: Sample) -> dict[str, Call]:
    points, rings = _traced(outlines.trace, s.cells > 0)
    corners, whole = points.astype(float), np.array([0, len(rings) - 1])
    shape, value = s.cells.shape, np.ones(1, np.int32)

    def ours() -> np.ndarray:
        out = np.zeros(shape, np.int32)
        kernel(corners, rings, whole, value, out)
        return out

    def scikit() -> np.ndarray:
        out = np.zeros(shape, np.int32)
        for first, last in pairwise(rings):
            out[polygon(corners[first:last, 1] - 0.5, corners[first:last, 0] - 0.5, shape)] ^= 1
        return out

    return {"leukofeat": Call(ours), "scikit-image": Call(scikit)}
