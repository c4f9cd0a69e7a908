"""Cells outlined by hand: the text file they are kept in, and the set that it makes with the images it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.path import Path as Outline

from leukofeat import Smear
from outlines.image_set import ImageSet, of_dice, spread
from outlines.scoring import label_dice, one_cell

OUTLINES = Path(__file__).resolve().parents[2] / "tests" / "segmentation" / "apl_outlines.txt"
REGIONS = ("nucleus", "cell")

Polygons = dict[str, dict[str, list[np.ndarray]]]


def read_outlines(path: Path) -> Polygons:
    """Polygons of each image and region, from lines such as `APL/name.jpg nucleus 10,12 30.5,12 20,31`.

    A region may have several lines; its polygons are united. What follows a # is a remark.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of image to dict of region ("nucleus", "cell") to list of (n, 2) float64 arrays
        Corners as x, y; whole numbers are the middles of pixels.

    Raises
    ------
    ValueError
        For a line that is none of these; it names file and line.
    """
    images: Polygons = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        try:
            name, region, *corners = words
            points = np.array([corner.split(",") for corner in corners], float)
            if region not in REGIONS or points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
                raise ValueError(line)
        except ValueError:
            raise ValueError(
                f"{path}, line {number}: expected `image nucleus|cell x,y x,y x,y ...` with three corners or more"
            ) from None
        images.setdefault(name, {}).setdefault(region, []).append(points)
    return images


def fill_outlines(polygons: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Pixels whose middle lies in one of the polygons, (H, W) bool."""
    mask = np.zeros(shape, bool)
    grid = np.stack(np.meshgrid(np.arange(shape[1]), np.arange(shape[0])), axis=-1).reshape(-1, 2)
    for corners in polygons:
        mask |= Outline(np.append(corners, corners[:1], axis=0), closed=True).contains_points(grid).reshape(shape)
    return mask


class Drawn(ImageSet):
    """Images of a folder whose nuclei were outlined by hand."""

    @classmethod
    def read(cls, root: Path, n: int, outlines: Path = OUTLINES) -> Drawn:
        polygons = {name: own for name, own in read_outlines(outlines).items() if (root / name).is_file()}
        names = [name for name, own in polygons.items() if "nucleus" in own]
        drawn = cls(f"{root.name}, drawn", spread(pd.DataFrame({"path": names}), n), root)
        drawn.polygons = polygons
        return drawn

    polygons: Polygons

    def truth(self, i: int) -> dict[str, np.ndarray]:
        shape = self.image(i).shape[:2]
        own = self.polygons[self.table["path"][i]]
        both = {"nuclei": own["nucleus"], "cells": own.get("cell", [])}
        return {name: fill_outlines(some, shape).astype(np.int32) for name, some in both.items() if some}

    def score(self, i: int, smear: Smear) -> dict[str, Any]:
        truth = self.truth(i)
        scores: dict[str, Any] = one_cell(smear, [truth["nuclei"] > 0])
        scores["nucleus_area"] = float(truth["nuclei"].sum())
        if "cells" in truth:
            scores["cell_dice"] = label_dice(truth["cells"] > 0, smear.region("cell"))
            scores["true_nc"] = float((truth["nuclei"] & truth["cells"]).sum() / truth["cells"].sum())
        return scores

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        figures = of_dice(rows["dice"])
        for column in ("cell_dice", "nc", "true_nc"):
            if column in rows:
                figures[column] = float(rows[column].mean())
        return figures
