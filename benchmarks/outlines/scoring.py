"""One true region against what was found: which part of the truth, which label, how well."""

from __future__ import annotations

import cv2
import numpy as np

from leukofeat import Smear

FAILURE, BAD = 0.9, 0.8


def central_part(mask: np.ndarray, join: float = 8.0) -> np.ndarray:
    """The part of a mask nearest the middle of the image, with all parts that a chain of gaps of at most `join` pixels ties to it."""
    mask = np.asarray(mask, bool)
    if not mask.any():
        return mask
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    nearest = parts[_nearest_pixel(mask)]
    taken, fringe = {nearest}, [nearest]
    while fringe and len(taken) < count - 1:
        away = cv2.distanceTransform((parts != fringe.pop()).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        beside = set(np.unique(parts[mask & (away <= join)]).tolist()) - taken
        taken |= beside
        fringe += sorted(beside)
    return np.isin(parts, sorted(taken))


def _nearest_pixel(mask: np.ndarray) -> tuple[int, int]:
    rows, columns = np.nonzero(mask)
    middle_row, middle_column = (np.array(mask.shape) - 1) / 2
    nearest = np.argmin((rows - middle_row) ** 2 + (columns - middle_column) ** 2)
    return int(rows[nearest]), int(columns[nearest])


def best_label(truth: np.ndarray, labels: np.ndarray) -> int:
    """The label that shares most pixels with a mask; 0 where none does."""
    shared = np.bincount(labels[np.asarray(truth, bool)].ravel(), minlength=1)
    shared[0] = 0
    return int(shared.argmax())


def label_dice(truth: np.ndarray, labels: np.ndarray, label: int | None = None) -> float:
    """Dice of a mask and one label, by default the one that overlaps it most; 0 where none does."""
    truth = np.asarray(truth, bool)
    label = best_label(truth, labels) if label is None else label
    if label == 0:
        return 0.0
    found = labels == label
    return float(2 * np.count_nonzero(found & truth) / (np.count_nonzero(found) + np.count_nonzero(truth)))


def nucleus_shares(smear: Smear) -> np.ndarray:
    """N:C of each cell: the area of its nucleus over that of the whole cell, shape (n_cells,)."""
    nuclei, cells = smear.region_boxes("nucleus")[:, 4], smear.region_boxes("cell")[:, 4]
    return nuclei / np.maximum(cells, 1)


def confidence_of(smear: Smear, label: int) -> float:
    """Confidence in one cell; NaN for none, or where the segmenter does not say."""
    return float(smear.confidence[label - 1]) if label and smear.confidence is not None else float("nan")


def one_cell(
    smear: Smear, truths: list[np.ndarray], region: str = "nucleus", whole: np.ndarray | None = None
) -> dict[str, float]:
    """One true region against the one label that overlaps it most: the better of the drawings of it, their mean, and that cell.

    With the `whole` cell, also the Dice of what is drawn worse, that or the region.
    """
    labels = smear.region(region)
    chosen = [best_label(truth, labels) for truth in truths]
    scores = [label_dice(truth, labels, label) for truth, label in zip(truths, chosen, strict=True)]
    label = chosen[int(np.argmax(scores))]
    both = {} if whole is None else {"worse": min(max(scores), label_dice(whole, smear.region("cell"), label))}
    return both | {
        "dice": max(scores),
        "dice_mean": float(np.mean(scores)),
        "found": float(label > 0),
        "nc": float(nucleus_shares(smear)[label - 1]) if label else float("nan"),
        "confidence": confidence_of(smear, label),
    }


def every_cell(
    smear: Smear, truth: np.ndarray, cells: np.ndarray | None = None
) -> dict[str, float | list[tuple[float, float]]]:
    """Each true nucleus against the label that overlaps it most: mean Dice, nuclei that share a cell, and (confidence, Dice) of each cell found.

    A cell that was found where there is none has a Dice of 0. With true `cells`, numbered as the nuclei are, it is that of what is drawn worse, nucleus or cell.
    """
    names = [label for label in np.unique(truth) if label]
    found = smear.region("nucleus")
    mine = [best_label(truth == label, smear.region("cell")) for label in names]
    own = [label_dice(truth == label, found) for label in names]
    shared = [label > 0 and mine.count(label) > 1 for label in mine]
    pairs = []
    for label in range(1, smear.n_cells + 1):
        other = best_label(found == label, truth)
        dice = label_dice(found == label, truth, other)
        if cells is not None:
            dice = min(dice, label_dice(smear.region("cell") == label, cells, other))
        pairs.append((confidence_of(smear, label), dice))
    return {
        "dice": float(np.mean(own)) if own else float("nan"),
        "swallowed": float(np.mean(shared)) if shared else float("nan"),
        "pairs": pairs,
    }
