"""Sets without masks: what must hold of every portrait of a cell, and of every field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from leukofeat import Smear
from leukofeat.datasets import load_images
from outlines.image_set import ImageSet, portrait_of_field, spread
from outlines.scoring import confidence_of, nucleus_shares
from outlines.straight import STRAIGHT, longest_straight_side

LEAST_SHARE = 0.25  # N:C under which a nucleus of an immature cell has been eaten
SECOND = 0.25  # a further part of a nucleus, relative to the largest, that makes it two
SOLID = 0.9  # least area of a single cell over that of its convex hull


class Portraits(ImageSet):
    """One cell in the middle of each image, and no mask of it."""

    @classmethod
    def read(cls, root: Path, n: int) -> Portraits:
        if (root / "manifest.csv").is_file():
            table = pd.read_csv(root / "manifest.csv")
        else:
            paths = sorted(path for path in root.glob("*/*") if path.suffix in (".jpg", ".png"))
            table = pd.DataFrame({"path": [path.relative_to(root).as_posix() for path in paths]})
        return cls(root.name, spread(table, n), root)

    def score(self, i: int, smear: Smear) -> dict[str, Any]:
        return middle_cell(smear)

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        found = rows[rows["in_cell"] == 1]
        return {
            "alone": float(rows["alone"].mean()),
            "in_cell": float(rows["in_cell"].mean()),
            "at_frame": float(found["at_frame"].sum()),
            "no_nucleus": float((found["nucleus_parts"] == 0).sum()),
            "two_nuclei": float((found["nucleus_parts"] > 1).sum()),
            "not_solid": float((found["solidity"] < SOLID).sum()),
            "nc_under_.25": float((found["nc"] < LEAST_SHARE).sum()),
            "nc_median": float(found["nc"].median()),
            "straight": float((found["straight"] > STRAIGHT).sum()),
        }


def middle_cell(smear: Smear) -> dict[str, float]:
    """The cell that holds the middle of the image: whether there is one, whether it is whole, and how many nuclei it seems to hold.

    `alone` is 1 where the middle lies in a cell with a nucleus of one part (a further one has less than a quarter of the largest) whose
    outline is nearly convex: two cells that became one have two nuclei, or a waist.
    """
    height, width = smear.image.shape[:2]
    label = int(smear.region("cell")[height // 2, width // 2])
    if not label:
        return {"in_cell": 0.0, "alone": 0.0, "nc": np.nan, "confidence": np.nan}
    parts = nucleus_parts(smear.region("nucleus") == label)
    solidity = hull_share(smear.region("cell") == label)
    return {
        "in_cell": 1.0,
        "alone": float(parts == 1 and solidity >= SOLID),
        "at_frame": float(smear.touches_border[label - 1]),
        "nucleus_parts": float(parts),
        "solidity": solidity,
        "nc": float(nucleus_shares(smear)[label - 1]),
        "straight": float(longest_straight_side(smear.region("cell"))[label - 1]),
        "diameter": float(2 * np.sqrt((smear.region("cell") == label).sum() / np.pi)),
        "confidence": confidence_of(smear, label),
    }


def nucleus_parts(nucleus: np.ndarray) -> int:
    """Parts of a mask that have at least a quarter of the largest one's area."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(nucleus.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    return int((areas >= SECOND * areas.max(initial=0)).sum())


def hull_share(mask: np.ndarray) -> float:
    """Solidity: the pixels of a mask over those of its convex hull."""
    points = np.argwhere(mask)[:, ::-1].astype(np.int32)
    hull = cv2.fillConvexPoly(np.zeros(mask.shape, np.uint8), cv2.convexHull(points), 1)
    return float(len(points) / max(hull.sum(), 1))


class Fields(ImageSet):
    """Whole fields without truth."""

    @classmethod
    def read(cls, root: Path, n: int) -> Fields:
        return cls(root.name, spread(load_images(root).frame, n), root)

    def score(self, i: int, smear: Smear) -> dict[str, Any]:
        return portrait_of_field(smear)

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        return {
            "cells_per_image": float(rows["cells"].mean()),
            "without_cell": float((rows["cells"] == 0).sum()),
            "straight": float(rows["straight"].sum()),
            "nc_under_.25": float(rows["small_nuclei"].sum()),
            "nc_median": float(rows["nc"].median()),
        }
