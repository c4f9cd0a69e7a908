"""The sets of made-up cells: single ones over all shares of nucleus, and clumps."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from leukofeat import Smear
from outlines.image_set import ImageSet, spread
from outlines.made_up import KINDS, MadeUp, make_cell, make_clump
from outlines.scoring import every_cell, label_dice, one_cell

SHARES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
DIAMETERS = (20, 40, 70, 120)


class _MadeUpSet(ImageSet):
    def made(self, i: int) -> MadeUp:
        raise NotImplementedError

    def image(self, i: int) -> np.ndarray:
        return self.made(i).image

    def truth(self, i: int) -> dict[str, np.ndarray]:
        return {"nuclei": self.made(i).nuclei, "cells": self.made(i).cells}


class MadeUpCells(_MadeUpSet):
    """One cell an image: each kind at each share of nucleus and size, `repeats` times on slides of different tint."""

    def __init__(self, n: int, repeats: int = 3) -> None:
        grid = [
            row for row in product(KINDS, SHARES, DIAMETERS, range(repeats)) if not (row[0] == "rim" and row[1] > 0.9)
        ]
        table = pd.DataFrame(grid, columns=["kind", "share", "px", "seed"])
        table["path"] = [f"{kind}, N:C {share}, {px} px, {seed}" for kind, share, px, seed in grid]
        super().__init__("made-up cells", spread(table, n))

    def made(self, i: int) -> MadeUp:
        row = self.table.iloc[i]
        return make_cell(float(row["share"]), str(row["kind"]), float(row["px"]), int(row["seed"]))

    def score(self, i: int, smear: Smear) -> dict[str, Any]:
        made = self.made(i)
        true_share = float((made.nuclei > 0).sum() / (made.cells > 0).sum())
        return one_cell(smear, [made.nuclei > 0], whole=made.cells > 0) | {
            "cell_dice": label_dice(made.cells > 0, smear.region("cell")),
            "true_nc": true_share,
        }

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        figures = {"mean": float(rows["dice"].mean()), "under_.95": float((rows["dice"] < 0.95).sum())}
        each = rows.groupby(["kind", "share"], sort=False)["dice"].mean()
        figures["lowest_of_below"] = float(each.min())
        figures |= {f"{kind}_N:C_{share}": float(value) for (kind, share), value in each.items()}
        figures |= {f"{px}_px": float(own.mean()) for px, own in rows.groupby("px")["dice"]}
        return figures | {"cell_dice": float(rows["cell_dice"].mean())}


class MadeUpClumps(_MadeUpSet):
    """Two or three cells that touch, whole or cut by the frame, with red cells in the notches."""

    def __init__(self, n: int, repeats: int = 3) -> None:
        grid = list(product((2, 3), KINDS, (20, 40, 70), (False, True), range(repeats)))
        table = pd.DataFrame(grid, columns=["n", "kind", "px", "cut", "seed"])
        table["path"] = [f"{many} {kind}, {px} px{', cut' * cut}, {seed}" for many, kind, px, cut, seed in grid]
        super().__init__("made-up clumps", spread(table, n))

    def made(self, i: int) -> MadeUp:
        row = self.table.iloc[i]
        return make_clump(int(row["n"]), str(row["kind"]), float(row["px"]), bool(row["cut"]), int(row["seed"]))

    def score(self, i: int, smear: Smear) -> dict[str, Any]:
        made = self.made(i)
        return every_cell(smear, made.nuclei, made.cells) | {"count_error": smear.n_cells - int(made.nuclei.max())}

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        figures = {"mean": float(rows["dice"].mean()), "swallowed": float(rows["swallowed"].mean())}
        figures |= {f"swallowed_{kind}": float(own.mean()) for kind, own in rows.groupby("kind")["swallowed"]}
        whole, cut = (rows[rows["cut"] == cut] for cut in (False, True))
        return figures | {
            "swallowed_whole": float(whole["swallowed"].mean()),
            "swallowed_cut": float(cut["swallowed"].mean()),
            "count_error_whole": float(whole["count_error"].mean()),
        }
