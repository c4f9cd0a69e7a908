"""A compact fingerprint of an image: a thumbnail, its symmetric cosine coefficients, and a few salient patches."""

from typing import NamedTuple

import numpy as np

from leukofeat.opencv import cv2
from leukofeat.preprocessing.marks import Box

THUMB = 96  # side of the thumbnail in which pairs are compared
_WORK = 128  # side of the picture in which salient points are found
_N_LOW = 9  # cosine coefficients a side of the whole image
_PATCH = 33  # side of a patch, in pixels of the work picture
_N_PATCH_LOW = 7
N_POINTS = 16
# Widths of the blobs (standard deviation of the smaller Gaussian): about half a red cell and half a nucleus of a usual field.
_BLOBS = (2.5, 5.0)


class Fingerprint(NamedTuple):
    """What is kept of an image to find its copies."""

    thumb: np.ndarray  # (THUMB, THUMB) uint8 grey
    whole: np.ndarray  # (n,) float32, the same for the eight flips and quarter turns
    points: np.ndarray  # (k, 2) float32, x and y of salient points as shares of the width and height
    patches: np.ndarray  # (k, m) float32, unit length, what is around each point


def fingerprint(image: np.ndarray, box: Box | None = None) -> Fingerprint:
    """Fingerprint of an image.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), dtype uint8
    box : (top, left, bottom, right), optional
        A burned-in mark; no salient point is taken from it.

    Returns
    -------
    Fingerprint
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    work = cv2.resize(gray, (_WORK, _WORK), interpolation=cv2.INTER_AREA)
    thumb = cv2.resize(work, (THUMB, THUMB), interpolation=cv2.INTER_AREA)
    points, patches = _salient(work, box, image.shape)
    return Fingerprint(thumb, symmetric_cosines(thumb), points, patches)


def symmetric_cosines(thumb: np.ndarray) -> np.ndarray:
    """Low cosine coefficients of a square picture, made blind to flips and quarter turns, unit length.

    A flip changes the signs of the odd coefficients, a transposition swaps (u, v) and (v, u): absolute values, larger
    before smaller, stay.
    """
    low = np.abs(cv2.dct(thumb.astype(np.float32))[:_N_LOW, :_N_LOW])
    above = np.triu_indices(_N_LOW, 1)
    pair = np.stack([low[above], low.T[above]])
    values = np.concatenate([pair.max(axis=0), pair.min(axis=0), np.diag(low)[1:]])
    length = np.linalg.norm(values)
    return values / length if length > 0 else values


def _salient(work: np.ndarray, box: Box | None, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    smooth = work.astype(np.float32)
    rows: list[np.ndarray] = []
    free = np.zeros((_WORK, _WORK), bool)
    free[4:-4, 4:-4] = True
    if box is not None:
        top, bottom = (int(v * _WORK / shape[0]) for v in (box[0], box[2]))
        left, right = (int(v * _WORK / shape[1]) for v in (box[1], box[3]))
        free[max(top - 6, 0) : bottom + 7, max(left - 6, 0) : right + 7] = False
    for sigma in _BLOBS:
        blob = cv2.GaussianBlur(smooth, (0, 0), sigma) - cv2.GaussianBlur(smooth, (0, 0), 1.6 * sigma)
        strength = np.abs(blob)
        near = np.ones((2 * round(sigma) + 1, 2 * round(sigma) + 1), np.uint8)
        peak = (strength >= cv2.dilate(strength, near)) & free & (strength > 1.0)
        y, x = np.nonzero(peak)
        order = np.argsort(-strength[y, x], kind="stable")[: N_POINTS // len(_BLOBS)]
        y, x = y[order], x[order]
        dx = _vertex(blob[y, x - 1], blob[y, x], blob[y, x + 1])
        dy = _vertex(blob[y - 1, x], blob[y, x], blob[y + 1, x])
        rows.append(np.column_stack([x + dx, y + dy]))
    points = np.concatenate(rows).astype(np.float32)
    margin = _PATCH // 2 + 2
    padded = cv2.copyMakeBorder(cv2.GaussianBlur(smooth, (0, 0), 1.5), *(margin,) * 4, cv2.BORDER_REFLECT)
    patches = np.empty((len(points), len(_COSINES)), np.float32)
    for k, (x, y) in enumerate(points.tolist()):
        patches[k] = _COSINES @ cv2.getRectSubPix(padded, (_PATCH, _PATCH), (x + margin, y + margin)).ravel()
    patches /= np.maximum(np.linalg.norm(patches, axis=1, keepdims=True), 1e-6)
    return (points + np.float32(0.5)) * np.float32(1.0 / _WORK), patches


def _vertex(before: np.ndarray, here: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Where the parabola through three neighbours turns, within half a pixel of the middle one."""
    bend = before - 2 * here + after
    return np.clip(np.where(np.abs(bend) > 1e-6, 0.5 * (before - after) / np.where(bend == 0, 1, bend), 0), -0.5, 0.5)


def _patch_cosines() -> np.ndarray:
    """Rows that measure the low cosine coefficients of a patch under a Gaussian window, the mean left out."""
    at = np.arange(_PATCH) + 0.5
    window = np.exp(-0.5 * ((at - _PATCH / 2) / (_PATCH / 3.2)) ** 2)
    waves = np.cos(np.pi * np.outer(np.arange(_N_PATCH_LOW), at) / _PATCH) * window
    order = range(_N_PATCH_LOW)
    basis = np.array([np.outer(waves[u], waves[v]).ravel() for u in order for v in order if 0 < u + v < 9])
    basis -= basis.mean(axis=1, keepdims=True)
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)
    return basis.astype(np.float32)


_COSINES = _patch_cosines()
