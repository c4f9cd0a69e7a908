"""Further ways to split than those that are found by themselves: folds that the manifest numbers, and few images of each class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.model_selection import PredefinedSplit

from leukofeat.evaluation.known_protocols import Way

DRAWS = 50  # of so many images: what is drawn alone moves one accuracy by one or two points


def numbered_folds(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, dict[str, Way]]:
    """Folds that columns of the manifest number; those whose names differ in the number at the end alone are one figure, the mean."""
    found: dict[str, dict[str, Way]] = {}
    for name in names:
        columns = [column for column in frame if column.rstrip("0123456789") == name or column == name]
        if not columns:
            raise ValueError(f"no column {name!r}; the manifest has {', '.join(map(str, frame)) or 'none'}")
        found[name] = {column: (PredefinedSplit(pd.factorize(frame[column], sort=True)[0]), None) for column in columns}
    return found


def few_images(target: np.ndarray, sizes: Sequence[int]) -> dict[str, dict[str, Way]]:
    """So many training images of each class, drawn at random, and all others to be tested, time and again."""
    fewest = int(np.bincount(target).min())
    for size in sizes:
        if not 2 <= size < fewest:
            raise ValueError(
                f"{size} images of each class: from 2 to {fewest - 1}, of the smallest class, are possible"
            )
    return {
        f"{size} a class": {f"{size} a class, {i}": ([draw(target, size, i)], None) for i in range(DRAWS)}
        for size in sizes
    }


def draw(target: np.ndarray, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `size` images of each class, or of all that it has, drawn at random; and those of the others."""
    order = np.random.default_rng(seed).permutation(len(target))
    turn = pd.Series(order).groupby(target[order]).cumcount().to_numpy()
    return np.sort(order[turn < size]), np.sort(order[turn >= size])
