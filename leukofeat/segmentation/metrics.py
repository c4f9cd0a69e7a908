"""How well nuclei and cells agree with the truth: overlap of pixels, overlap of objects, counts.

Every function takes the truth first and what was found second. Two empty maps agree perfectly; an empty one and one
that is not agree not at all. What counts objects refuses a mask of several, in which they are not told apart.
"""

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from leukofeat.base import ImageStage
from leukofeat.label_maps import check_labels, is_mask, mask_error, number_labels
from leukofeat.sequence import as_sequence
from leukofeat.smear import Smear


class PanopticQuality(NamedTuple):
    """Panoptic quality and its two factors."""

    pq: float
    sq: float
    rq: float


def dice(truth: np.ndarray, found: np.ndarray) -> float:
    """Dice coefficient of two masks: twice the common pixels over the sum of both (Dice 1945).

    Parameters
    ----------
    truth, found : (H, W) integer or bool array
        Masks or label maps; whatever is not 0 counts.

    Returns
    -------
    float
        0 to 1; 1 when both are empty.

    Raises
    ------
    ValueError, TypeError
        When the shapes differ or the values are not integers.

    Examples
    --------
    >>> dice(np.array([[1, 1, 0]]), np.array([[0, 1, 1]]))
    0.5
    """
    both, total = _pixels(truth, found)
    return 2 * both / total if total else 1.0


def iou(truth: np.ndarray, found: np.ndarray) -> float:
    """Intersection over union of two masks (Jaccard 1901).

    Parameters
    ----------
    truth, found : (H, W) integer or bool array
        Masks or label maps; whatever is not 0 counts.

    Returns
    -------
    float
        0 to 1; 1 when both are empty.

    Examples
    --------
    >>> iou(np.array([[1, 1, 1, 0]]), np.array([[0, 1, 1, 1]]))
    0.5
    """
    both, total = _pixels(truth, found)
    return both / (total - both) if total else 1.0


def aggregated_jaccard(truth: np.ndarray, found: np.ndarray) -> float:
    """Aggregated Jaccard index of two label maps [1]_.

    Every true object takes the found one with the largest intersection over union. Their intersections are summed
    up and divided by the sum of their unions and of the found objects that no true one took.

    Parameters
    ----------
    truth, found : (H, W) integer array
        Label maps; 0 is background.

    Returns
    -------
    float
        0 to 1; 1 when both are empty.

    Raises
    ------
    ValueError, TypeError
        When the shapes differ, the values are not integers, or a map is a mask of several objects.

    References
    ----------
    .. [1] Kumar et al. (2017). A dataset and a technique for generalized nuclear segmentation for computational
       pathology. IEEE Trans. Med. Imaging 36, 1550-1560.

    Examples
    --------
    >>> aggregated_jaccard(np.array([[1, 1, 0, 2]]), np.array([[1, 1, 3, 0]]))
    0.5
    """
    areas, found_areas, pairs = _objects(truth, found)
    if not areas.size and not found_areas.size:
        return 1.0
    # of the pairs of a true object the one with the largest overlap, and of equals the first
    order = np.lexsort([-pairs.overlap, pairs.truth])
    best = order[np.unique(pairs.truth[order], return_index=True)[1]]
    missed, invented = np.delete(areas, pairs.truth[best]), np.delete(found_areas, pairs.found[best])
    union = pairs.union[best].sum() + missed.sum() + invented.sum()
    return float(pairs.common[best].sum() / union)


def panoptic_quality(truth: np.ndarray, found: np.ndarray, threshold: float = 0.5) -> PanopticQuality:
    """Panoptic quality of two label maps, and its factors: segmentation and recognition quality [1]_.

    Objects match when their intersection over union is above the threshold. The segmentation quality is the mean of it
    over the matches; the recognition quality is the F1 score of the objects.

    Parameters
    ----------
    truth, found : (H, W) integer array
        Label maps; 0 is background.
    threshold : float
        From 0.5, where a match is unique, to below 1.

    Returns
    -------
    PanopticQuality
        `pq`, `sq` and `rq`, 0 to 1. All are 1 when both maps are empty and 0 when nothing matches.

    References
    ----------
    .. [1] Kirillov, He, Girshick, Rother and Dollár (2019). Panoptic segmentation. CVPR.

    Examples
    --------
    >>> panoptic_quality(np.array([[1, 1, 1, 0, 2]]), np.array([[1, 1, 1, 3, 0]]))
    PanopticQuality(pq=0.5, sq=1.0, rq=0.5)
    """
    if not 0.5 <= threshold < 1:
        raise ValueError(f"threshold must be from 0.5 to below 1, got {threshold}")
    areas, found_areas, pairs = _objects(truth, found)
    if not areas.size and not found_areas.size:
        return PanopticQuality(1.0, 1.0, 1.0)
    matches = pairs.overlap[pairs.overlap > threshold]
    if not matches.size:
        return PanopticQuality(0.0, 0.0, 0.0)
    quality = float(matches.mean())
    recognition = 2 * matches.size / (areas.size + found_areas.size)
    return PanopticQuality(quality * recognition, quality, recognition)


def count_error(truth: np.ndarray, found: np.ndarray) -> int:
    """Number of objects found minus the number there are.

    Parameters
    ----------
    truth, found : (H, W) integer array
        Label maps; 0 is background and every other value that occurs is one object.

    Returns
    -------
    int
        Negative when objects are missed or joined, positive when they are split or invented.

    Examples
    --------
    >>> count_error(np.array([[1, 0, 2, 5]]), np.array([[1, 0, 1, 0]]))
    -2
    """
    areas, found_areas, _ = _objects(truth, found)
    return len(found_areas) - len(areas)


def evaluate_segmentation(
    segmenter: ImageStage | Iterable[Smear],
    images: Any = None,
    truth_nuclei: Iterable[np.ndarray | None] | None = None,
    truth_cells: Iterable[np.ndarray | None] | None = None,
) -> pd.DataFrame:
    """Score a segmentation image by image.

    Parameters
    ----------
    segmenter : stage, pipeline of stages, or iterable of n Smears
        What segments the images, or what came out of it.
    images : list, ndarray, Series or one-column DataFrame of n images or paths, optional
        Needed with a stage and left out with smears.
    truth_nuclei, truth_cells : iterable of n (H, W) integer arrays, optional
        Label maps or masks. Either may be left out, and single maps may be None.

    Returns
    -------
    DataFrame of n rows
        `nucleus_` and `cell_` columns for each truth that is given: `dice`, `iou`, `aji`, `pq`, `sq`, `rq` and
        `count_error`. A row whose truth is None is NaN, and so are all but `dice` and `iou` where it is a mask of several
        objects. The index is the source of the images where all have one.

    Raises
    ------
    TypeError, ValueError
        When there is no truth at all, the lengths or the shapes differ, or an item is not segmented.

    Examples
    --------
    >>> from leukofeat.smear import Smear
    >>> image, nuclei = np.zeros((4, 4, 3), np.uint8), np.eye(4, dtype=np.int32)
    >>> evaluate_segmentation([Smear(image, nuclei)], truth_nuclei=[nuclei])["nucleus_dice"].tolist()
    [1.0]
    """
    truths = {name: maps for name, maps in (("nucleus", truth_nuclei), ("cell", truth_cells)) if maps is not None}
    if not truths:
        raise ValueError("Give truth_nuclei, truth_cells or both: there is nothing to compare with.")
    if hasattr(segmenter, "transform"):
        if images is None:
            raise ValueError("A segmenter needs images.")
        segmenter = segmenter.transform(as_sequence(images))
    elif images is not None:
        raise ValueError("Smears bring their images with them: leave `images` out.")
    names = ["image", *(f"{name} map" for name in truths)]
    rows, sources = [], []
    for i, items in enumerate(zip_longest(segmenter, *truths.values(), fillvalue=_END)):
        missing = [name for name, item in zip(names, items, strict=True) if item is _END]
        if missing:
            raise ValueError(f"Images and maps differ in number: there is no {missing[0]} for item {i}.")
        smear, *maps = items
        if not isinstance(smear, Smear) or not smear.is_segmented:
            raise TypeError(f"Item {i} is no segmented Smear; a segmenter must be the last step before this.")
        pairs = zip(maps, map(smear.region, truths), strict=True)
        rows.append([score for truth, found in pairs for score in _scores(truth, found)])
        sources.append(smear.source)
    index = pd.Index(sources, name="source") if sources and all(sources) else None
    columns = [f"{name}_{score}" for name in truths for score in _SCORES]
    return pd.DataFrame(rows, index=index, columns=columns)


_SCORES = ("dice", "iou", "aji", "pq", "sq", "rq", "count_error")
_END = object()


def _scores(truth: np.ndarray | None, found: np.ndarray) -> tuple[float, ...]:
    if truth is None:
        return (np.nan,) * len(_SCORES)
    pixels = dice(truth, found), iou(truth, found)
    if is_mask(truth):
        return *pixels, *(np.nan,) * (len(_SCORES) - len(pixels))
    objects = aggregated_jaccard(truth, found), *panoptic_quality(truth, found), count_error(truth, found)
    return *pixels, *objects


def _same_shape(truth: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    truth, found = check_labels(truth, "truth"), check_labels(found, "found")
    if truth.shape != found.shape:
        raise ValueError(f"The truth has shape {truth.shape} and what was found {found.shape}.")
    return truth, found


def _pixels(truth: np.ndarray, found: np.ndarray) -> tuple[int, int]:
    """Common pixels, and the sum of the pixels of both."""
    truth, found = _same_shape(truth, found)
    both = int(np.count_nonzero((truth != 0) & (found != 0)))
    return both, int(np.count_nonzero(truth)) + int(np.count_nonzero(found))


class _Pairs(NamedTuple):
    """True and found objects that share pixels, in the order of both: all (n_pairs,)."""

    truth: np.ndarray  # int64, from 0 on
    found: np.ndarray  # int64, from 0 on
    common: np.ndarray  # int64, pixels
    union: np.ndarray  # int64, pixels
    overlap: np.ndarray  # float64, intersection over union


def _objects(truth: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray, _Pairs]:
    """Pixels of each true object and of each found one, and the pairs of them that overlap."""
    truth, found = _same_shape(truth, found)
    for name, labels in (("truth", truth), ("found", found)):
        if is_mask(labels):
            raise mask_error(name)
    (t, _), (f, _) = number_labels(truth), number_labels(found)
    areas, found_areas = np.bincount(t.ravel())[1:], np.bincount(f.ravel())[1:]
    both = (t > 0) & (f > 0)
    n = max(1, len(found_areas))
    keys, common = np.unique((t[both] - 1).astype(np.int64) * n + f[both] - 1, return_counts=True)
    i, j = np.divmod(keys, n)
    union = areas[i] + found_areas[j] - common
    return areas, found_areas, _Pairs(i, j, common, union, common / union)
