"""The segmentation of `LabKMeansSegmenter` by the functions of other libraries."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt
from skimage.color import rgb2gray, rgb2lab
from skimage.measure import label
from skimage.morphology import h_maxima, remove_small_holes, remove_small_objects
from skimage.segmentation import watershed
from sklearn.cluster import KMeans

Labels = tuple[np.ndarray, np.ndarray]


def _kmeans_opencv(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 100, 0.01)
    _, labels, centers = cv2.kmeans(points.astype(np.float32), k, None, criteria, 5, cv2.KMEANS_PP_CENTERS)
    return labels.ravel(), centers


def _kmeans_sklearn(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    fitted = KMeans(k, n_init=5, random_state=0).fit(points.astype(np.float64))
    return fitted.labels_, fitted.cluster_centers_


def _classes(image: np.ndarray, ab: np.ndarray, kmeans: Any) -> np.ndarray:
    """0 nucleus, 1 cytoplasm, 2 anything else, by pixel."""
    red = image[:, :, 0].ravel().astype(float)
    labels, centers = kmeans(ab, 4)
    mean_red = np.array([red[labels == k].mean() for k in range(4)])
    nucleus = int(np.argmax(centers[:, 0]))
    mean_red[nucleus] = np.inf
    out = np.where(labels == nucleus, 0, 2)
    some = np.flatnonzero(labels == np.argmin(mean_red))
    inner, _ = kmeans(ab[some], 3)
    out[some[inner == np.argmin([red[some][inner == k].mean() for k in range(3)])]] = 1
    return out.reshape(image.shape[:2])


def _clean_opencv(mask: np.ndarray) -> np.ndarray:
    mask = mask.astype(np.uint8)
    for value, least in ((1, 100), (0, 15)):
        _, labels, stats, _ = cv2.connectedComponentsWithStats((mask == value).astype(np.uint8), connectivity=4)
        small = stats[:, cv2.CC_STAT_AREA] < least
        small[0] = False
        mask[small[labels]] = 1 - value
    return mask > 0


def _clean_skimage(mask: np.ndarray) -> np.ndarray:
    mask = remove_small_objects(mask.astype(bool), max_size=99, connectivity=1)
    return remove_small_holes(mask, max_size=14, connectivity=1)


def _split(nucleus: np.ndarray, cytoplasm: np.ndarray, distance: np.ndarray) -> Labels:
    markers = label(h_maxima(distance.astype(np.float32), 1.0), connectivity=2)
    nuclei = watershed(-distance, markers, mask=nucleus).astype(np.int32)
    cells = watershed(np.zeros(nucleus.shape, np.uint8), nuclei, mask=cytoplasm | nucleus)
    return nuclei, cells.astype(np.int32)


def _raw_masks(image: np.ndarray, ab: np.ndarray, kmeans: Any, gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    classes = _classes(image, ab, kmeans)
    nucleus = (classes == 0) & (gray > 25.5)
    cytoplasm = (classes == 1).astype(np.uint8)
    if cytoplasm.any():
        even = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(gray * cytoplasm)
        cytoplasm = cv2.threshold(even, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]
    return nucleus, cytoplasm > 0


def segment_fast(image: np.ndarray) -> Labels:
    ab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).reshape(-1, 3)[:, 1:]
    nucleus, cytoplasm = _raw_masks(image, ab, _kmeans_opencv, cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    nucleus, cytoplasm = _clean_opencv(nucleus), _clean_opencv(cytoplasm)
    distance = cv2.distanceTransform(np.pad(nucleus, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return _split(nucleus, cytoplasm, distance[1:-1, 1:-1])


def segment_plain(image: np.ndarray) -> Labels:
    ab = np.rint(rgb2lab(image)[:, :, 1:] + 128).reshape(-1, 2)
    gray = np.rint(255 * rgb2gray(image)).astype(np.uint8)
    nucleus, cytoplasm = _raw_masks(image, ab, _kmeans_sklearn, gray)
    nucleus, cytoplasm = _clean_skimage(nucleus), _clean_skimage(cytoplasm)
    return _split(nucleus, cytoplasm, distance_transform_edt(np.pad(nucleus, 1))[1:-1, 1:-1])
