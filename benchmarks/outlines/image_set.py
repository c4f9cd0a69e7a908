"""A set of images, how a segmentation of one of them is scored, and what the table says of all."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leukofeat import Smear, read_image
from outlines.scoring import BAD, FAILURE, nucleus_shares
from outlines.straight import STRAIGHT, longest_straight_side

LARGE = 40  # diameter of a cell in pixels
Segment = Callable[[np.ndarray], Smear]


class ImageSet:
    """Images by number. A set says how one is read, what is true of it and how it is scored, and sums the scores up.

    Parameters
    ----------
    name : str
    table : DataFrame of n rows
        What is known of each image; `path` is where it lies below `root`.
    root : Path
    """

    def __init__(self, name: str, table: pd.DataFrame, root: Path | None = None) -> None:
        self.name = name
        self.table = table.reset_index(drop=True)
        self.root = root

    def __len__(self) -> int:
        return len(self.table)

    def image(self, i: int) -> np.ndarray:
        assert self.root is not None
        return read_image(self.root / self.table["path"][i])

    def mask(self, i: int, column: str = "mask") -> np.ndarray:
        """Grey values of a mask that the table names."""
        assert self.root is not None
        return read_image(self.root / self.table[column][i])[:, :, 0]

    def title(self, i: int) -> str:
        """What an image is called."""
        return str(self.table["path"][i])

    def truth(self, i: int) -> dict[str, np.ndarray]:
        """Label maps or masks of "nuclei" and "cells", as far as there are, to be drawn."""
        return {}

    def measure(self, i: int, segment: Segment) -> dict[str, Any]:
        """One row: time, number of cells, and scores."""
        image = self.image(i)
        smear, ms = timed(segment, image)
        return {"ms": ms, "cells": smear.n_cells} | self.score(i, smear)

    def score(self, i: int, smear: Smear) -> dict[str, Any]:
        """Scores of one image; "dice" is the one that failures are told by, and orders the pictures."""
        return of_field(smear)

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        """The figures of one segmenter on the whole set, given its rows with the set's own table joined to them."""
        return {}


def timed(segment: Segment, image: np.ndarray) -> tuple[Smear, float]:
    """What a segmenter finds, and the milliseconds of process time that it takes."""
    started = time.process_time()
    smear = segment(image)
    return smear, 1000 * (time.process_time() - started)


def of_field(smear: Smear) -> dict[str, float]:
    """What can be said of a field without truth: straight cuts, and nuclei that are too small for their cells."""
    shares = nucleus_shares(smear)
    cells = smear.region("cell")
    straight = longest_straight_side(cells) > STRAIGHT
    # the pixels of a small disc alone make a run of that length, so that large cells are counted apart
    large = 2 * np.sqrt(smear.region_boxes("cell")[:, 4] / np.pi) > LARGE
    confidence = smear.confidence if smear.confidence is not None else np.zeros(0)
    return {
        "straight": float(straight.sum()),
        "straight_large": float((straight & large).sum()),
        "small_nuclei": float((shares < 0.25).sum()),
        "nc": float(np.median(shares)) if len(shares) else float("nan"),
        "confidence": float(confidence.min()) if len(confidence) else float("nan"),
    }


def spread(table: pd.DataFrame, n: int) -> pd.DataFrame:
    """At most n rows, evenly from all."""
    return table.iloc[np.arange(n) * len(table) // n] if len(table) > n else table


def of_dice(dice: pd.Series) -> dict[str, float]:
    """Mean, median and the number of failures."""
    return {
        "mean": float(dice.mean()),
        "median": float(dice.median()),
        "under_.9": float((dice < FAILURE).sum()),
        "under_.8": float((dice < BAD).sum()),
    }
