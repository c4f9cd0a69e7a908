"""Sets without masks: what must hold of every portrait of a cell, and of every field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from leukofeat import Smear
from leukofeat.datasets import load_images
from outlines.image_set import ImageSet, spread
from outlines.scoring import confidence_of, nucleus_shares
from outlines.straight import STRAIGHT, longest_straight_side

LEAST_SHARE = 0.25  # N:C under which a nucleus of an immature cell has been eaten
NARROW, WIDE = 0.2, 0.7  # of the image's shorter side: every single cell in the middle of a portrait lies between
SECOND, ROUND = 0.25, 0.8  # a part is a nucleus of its own from this share of the largest, and this solidity, on
FILLED = 0.4  # N:C from which two parts are two nuclei rather than what is left of one
RAGGED = 0.7  # solidity under which a nucleus has pieces missing


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
            "not_in_cell": float((rows["in_cell"] == 0).sum()),
            "at_frame": float(found["at_frame"].sum()),
            "no_nucleus": float((found["nuclei"] == 0).sum()),
            "two_nuclei": float((found["nuclei"] > 1).sum()),
            "too_wide": float((found["width"] > WIDE).sum()),
            "fragment": float((found["width"] < NARROW).sum()),
            "ragged_nucleus": float((found["ragged"] * found["alone"]).sum()),
            "nc_under_.25": float((found["nc"] < LEAST_SHARE).sum()),
            "nc_median": float(found["nc"].median()),
            "straight": float((found["straight"] > STRAIGHT).sum()),
        }


def middle_cell(smear: Smear) -> dict[str, float]:
    """The cell that holds the middle of the image: whether there is one, whether it is whole, and what tells that it is two.

    `alone` is 1 where the middle lies in a cell with one nucleus that is neither too wide nor a fragment: where neighbours, and the red
    cells between, became one, it holds two round bodies, or spans most of the image. It is a screen and no truth.
    """
    height, width = smear.image.shape[:2]
    label = int(smear.region("cell")[height // 2, width // 2])
    if not label:
        return {"in_cell": 0.0, "alone": 0.0, "nc": np.nan, "confidence": np.nan}
    cell, nucleus = smear.region("cell") == label, smear.region("nucleus") == label
    share = float(nucleus_shares(smear)[label - 1])
    nuclei = count_nuclei(nucleus, share)
    diameter = float(2 * np.sqrt(np.count_nonzero(cell) / np.pi))
    return {
        "in_cell": 1.0,
        "alone": float(nuclei == 1 and NARROW <= diameter / min(height, width) <= WIDE),
        "at_frame": float(smear.touches_border[label - 1]),
        "nuclei": float(nuclei),
        "ragged": float(nuclei > 0 and hull_share(nucleus) < RAGGED),
        "nc": share,
        "straight": float(longest_straight_side(smear.region("cell"))[label - 1]),
        "diameter": diameter,
        "width": diameter / min(height, width),
        "confidence": confidence_of(smear, label),
    }


def count_nuclei(nucleus: np.ndarray, share: float) -> int:
    """Nuclei that a mask seems to hold, `share` being its N:C: 0, or as many as it has large round parts, at least 1."""
    if not nucleus.any():
        return 0
    _, parts, stats, _ = cv2.connectedComponentsWithStats(nucleus.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = np.flatnonzero(areas >= SECOND * areas.max()) + 1
    bodies = [part for part in large if hull_share(parts == part) >= ROUND]
    return max(1, len(bodies)) if share >= FILLED else 1


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

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        return {
            "cells_per_image": float(rows["cells"].mean()),
            "without_cell": float((rows["cells"] == 0).sum()),
            "straight": float(rows["straight"].sum()),
            "straight_over_40px": float(rows["straight_large"].sum()),
            "nc_under_.25": float(rows["small_nuclei"].sum()),
            "nc_median": float(rows["nc"].median()),
        }
