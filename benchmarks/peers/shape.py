"""Rows of the kernels that measure shape."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from skimage.measure import regionprops_table
from skimage.morphology import local_maxima, reconstruction

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.distance import squared_depths
from leukofeat.kernels.shape import box_counting, circles, contours, lobes, region_shapes, zernike
from peers.samples import Sample
from peers.turns import Call, beside, columns, nyxus

N_POINTS = 128
_SCIKIT_IMAGE = {
    "area": "area",
    "perimeter": "perimeter",
    "equivalent_diameter": "equivalent_diameter_area",
    "major_axis": "axis_major_length",
    "minor_axis": "axis_minor_length",
    "eccentricity": "eccentricity",
    "extent": "extent",
    "convex_area": "area_convex",
    "solidity": "solidity",
    "feret_max": "feret_diameter_max",
}
_NYXUS = (
    "AREA_PIXELS_COUNT",
    "PERIMETER",
    "DIAMETER_EQUAL_AREA",
    "MAJOR_AXIS_LENGTH",
    "MINOR_AXIS_LENGTH",
    "ECCENTRICITY",
    "EXTENT",
    "CONVEX_HULL_AREA",
    "SOLIDITY",
    "CIRCULARITY",
    "ROUNDNESS",
    "COMPACTNESS",
    "STAT_FERET_DIAM_MIN",
    "STAT_FERET_DIAM_MAX",
    *(f"HU_M{k}" for k in range(1, 8)),
)


def scikit_image_shapes(labels: np.ndarray) -> dict[str, np.ndarray]:
    """What scikit-image has of our measures, under its own names."""
    return regionprops_table(labels, properties=[*_SCIKIT_IMAGE.values(), "moments_hu"])


def by_our_names(table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same under ours."""
    found = {ours: table[theirs] for ours, theirs in _SCIKIT_IMAGE.items()}
    return found | {f"hu_{k + 1}": table[f"moments_hu-{k}"] for k in range(7)}


@beside(region_shapes.region_shapes)
def _region_shapes(kernel: Any, s: Sample) -> dict[str, Call]:
    return {
        "leukofeat": Call(
            lambda: kernel(s.nuclei, region_boxes(s.nuclei, s.n))[0],
            lambda raw: columns(region_shapes.SHAPE_NAMES, raw),
        ),
        "nyxus": Call(
            lambda: nyxus(_NYXUS, s.gray, s.nuclei),
            lambda raw: {"area": raw["AREA_PIXELS_COUNT"].to_numpy(float), "extent": raw["EXTENT"].to_numpy(float)},
        ),
        "scikit-image": Call(lambda: scikit_image_shapes(s.nuclei), by_our_names),
    }


@beside(zernike.zernike_moments)
def _zernike_moments(kernel: Any, s: Sample) -> dict[str, Call]:
    def mahotas() -> np.ndarray:
        from mahotas.features import zernike_moments

        out = []
        for _, mask in s.crops():
            points = np.argwhere(mask)
            center = points.mean(axis=0)
            radius = np.sqrt(((points - center) ** 2).sum(axis=1).max()) + 0.5
            out.append(zernike_moments(mask.view(np.uint8), radius, 9, cm=center))
        return np.array(out)

    def cp_measure() -> Any:
        from cp_measure.core.measureobjectsizeshape import get_zernike

        return get_zernike(s.nuclei, None)

    return {
        "leukofeat": Call(lambda: kernel(s.nuclei, region_boxes(s.nuclei, s.n), 9)),
        # the discs and norms of these two are others
        "nyxus": Call(lambda: nyxus(("ZERNIKE2D",), s.gray, s.nuclei), lambda raw: {}),
        "cp_measure": Call(cp_measure, lambda raw: {}),
        "mahotas": Call(mahotas),
    }


@beside(box_counting.box_dimensions)
def _box_dimensions(kernel: Any, s: Sample) -> dict[str, Call]:
    return {
        "leukofeat": Call(lambda: kernel(s.nuclei, region_boxes(s.nuclei, s.n))),
        # of the region, not of its outline
        "nyxus": Call(lambda: nyxus(("FRACT_DIM_BOXCOUNT",), s.gray, s.nuclei), lambda raw: {}),
    }


@beside(box_counting.marked_dimensions)
def _marked_dimensions(kernel: Any, s: Sample) -> dict[str, Call]:
    marks = cv2.Canny(s.gray, 75, 150)

    def numpy() -> np.ndarray:
        out = np.full(s.n, np.nan)
        for k, (box, mask) in enumerate(s.crops()):
            inside = mask & (marks[box] > 0)
            side = max(inside.shape)
            if side < 4:
                continue
            points = np.argwhere(inside)
            sizes = 2 ** np.arange(int(np.log2(side)))
            counts = [len(np.unique(points // size, axis=0)) for size in sizes]
            out[k] = np.polyfit(-np.log2(sizes), np.log2(counts), 1)[0] if len(points) else 0.0
        return out

    return {
        "leukofeat": Call(lambda: kernel(marks, s.nuclei, s.boxes)),
        "numpy": Call(numpy),
    }


@beside(contours.region_outlines)
def _region_outlines(kernel: Any, s: Sample) -> dict[str, Call]:
    def opencv() -> np.ndarray:
        out = np.empty((s.n, N_POINTS), np.complex128)
        for k, (box, mask) in enumerate(s.crops()):
            found, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            points = max(found, key=cv2.contourArea)[:, 0]
            closed = np.vstack([points, points[:1]]) + np.array([box[1].start, box[0].start])
            along = np.append(0, np.hypot(*np.diff(closed, axis=0).T).cumsum())
            at = np.arange(N_POINTS) * along[-1] / N_POINTS
            out[k] = np.interp(at, along, closed[:, 0]) + 1j * np.interp(at, along, closed[:, 1])
        return out

    return {
        "leukofeat": Call(lambda: kernel(s.nuclei, s.boxes, N_POINTS), _planes),
        "opencv-python": Call(opencv, _planes),
    }


@beside(contours.contour_areas)
def _contour_areas(kernel: Any, s: Sample) -> dict[str, Call]:
    edges = cv2.Canny(s.gray, 75, 150)

    def opencv() -> np.ndarray:
        found, _ = cv2.findContours(edges, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        return np.array([cv2.contourArea(contour) for contour in reversed(found) if len(contour) > 2])

    return {"leukofeat": Call(lambda: kernel(edges)), "opencv-python": Call(opencv)}


@beside(circles.hough_circles)
def _hough_circles(kernel: Any, s: Sample) -> dict[str, Call]:
    """From the gradient's edges, which the family has at hand for its contours; OpenCV takes the plane and finds them anew."""
    dx, dy = cv2.spatialGradient(s.gray, borderType=cv2.BORDER_REPLICATE)
    edges = cv2.Canny(dx, dy, 75, 150)
    options = {"votes": 42, "min_radius": 19, "max_radius": 26}

    def opencv() -> np.ndarray:
        found = cv2.HoughCircles(
            s.gray, cv2.HOUGH_GRADIENT, dp=3, minDist=19, param1=150, param2=42, minRadius=19, maxRadius=26
        )
        return np.empty((0, 3)) if found is None else found.reshape(-1, 3)

    return {
        "leukofeat": Call(lambda: kernel(edges, dx, dy, step=3, distance=19, **options)),
        "opencv-python": Call(opencv),
    }


@beside(lobes.count_lobes)
def _count_lobes(kernel: Any, s: Sample) -> dict[str, Call]:
    depths = squared_depths(s.nuclei, s.boxes)

    def scikit_image() -> np.ndarray:
        out = []
        for box, mask in s.crops():
            depth = np.where(mask, np.sqrt(depths[box]), 0)
            # h_maxima would count both of two equal peaks
            level = reconstruction(depth - 0.15 * depth.max(), depth)
            peaks = cv2.connectedComponents(local_maxima(level, connectivity=2).view(np.uint8))[0] - 1
            sizes = cv2.connectedComponentsWithStats(mask.view(np.uint8))[2][1:, cv2.CC_STAT_AREA]
            out.append((peaks, np.count_nonzero(sizes >= 0.05 * np.count_nonzero(mask))))
        return np.array(out)

    return {
        "leukofeat": Call(lambda: kernel(s.nuclei, s.boxes, depths)),
        "scikit-image": Call(scikit_image),
    }


def _planes(raw: np.ndarray) -> dict[str, np.ndarray]:
    return {"x": raw.real, "y": raw.imag}
