"""Sets with truth: masks drawn by hand, or boxes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from leukofeat import Smear
from leukofeat.datasets import make_smears
from leukofeat.segmentation import dice, evaluate_segmentation
from outlines.image_set import ImageSet, Segment, of_dice, spread, timed
from outlines.scoring import central_part, every_cell, one_cell

# crops of ALL-IDB2 called healthy that show a platelet
PLATELETS = (171, 177, 181, 197, 199, 205, 207, 211, 215, 221, 227)
# crops that are one image (the first pair) or show one cell
SAME = {223: 257, 257: 223, 171: 211, 211: 171, 225: 259, 259: 225}


class Synthetic(ImageSet):
    """Fields of `make_smears`, whose truth is exact."""

    def __init__(self, n: int) -> None:
        self.smears = make_smears(n_samples=n, random_state=0)
        super().__init__("synthetic", pd.DataFrame({"path": [f"field {i}" for i in range(n)]}))

    def image(self, i: int) -> np.ndarray:
        return self.smears.images[i]

    def truth(self, i: int) -> dict[str, np.ndarray]:
        return {"nuclei": self.smears.nuclei[i], "cells": self.smears.cells[i]}

    def score(self, i: int, smear: Smear) -> dict[str, Any]:
        truth = self.truth(i)
        overall = evaluate_segmentation([smear], None, [truth["nuclei"]], [truth["cells"]]).iloc[0]
        names = ("nucleus_dice", "cell_dice", "nucleus_aji", "nucleus_pq", "nucleus_count_error")
        return every_cell(smear, truth["nuclei"], truth["cells"]) | overall[list(names)].to_dict()

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        return rows.filter(regex="^(nucleus|cell)_").mean().to_dict()


class Wbcseg(ImageSet):
    """One leukocyte an image: nucleus 255, cytoplasm 128. Dice counts all that was found, one cell's confidence goes with it.

    Only the leukocyte in the middle is marked. `..._uncut` leaves out what the frame cuts, unless that is all there is.
    """

    @classmethod
    def read(cls, root: Path, n: int) -> Iterator[Wbcseg]:
        table = pd.read_csv(root / "manifest.csv").rename(columns={"image": "path"})
        for name, rows in table.groupby(table["path"].str.split("/").str[0]):
            yield cls(f"wbcseg {name}", spread(rows, n), root)

    def truth(self, i: int) -> dict[str, np.ndarray]:
        mask = self.mask(i)
        return {"nuclei": (mask > 200).astype(np.int32), "cells": (mask > 60).astype(np.int32)}

    def score(self, i: int, smear: Smear) -> dict[str, Any]:
        truth = self.truth(i)
        overall = evaluate_segmentation([smear], None, [truth["nuclei"]], [truth["cells"]]).iloc[0]
        names = ("nucleus_dice", "cell_dice", "nucleus_count_error")
        whole = np.append(False, smear.touches_border if smear.touches_border.all() else ~smear.touches_border)
        uncut = {
            f"{region}_dice_uncut": dice(truth[maps], whole[smear.region(region)].astype(np.int32))
            for region, maps in (("nucleus", "nuclei"), ("cell", "cells"))
        }
        return one_cell(smear, [truth["nuclei"]], whole=truth["cells"]) | overall[list(names)].to_dict() | uncut

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        names = ("nucleus_dice", "cell_dice", "nucleus_dice_uncut", "cell_dice_uncut", "nucleus_count_error")
        figures = rows[list(names)].mean().to_dict()
        eosinophils = rows["nucleus_dice"][rows["cell_type"] == "eosinophil"]
        figures["nucleus_under_.9"] = float((rows["nucleus_dice"] < 0.9).sum())
        if len(eosinophils):
            figures["nucleus_dice_eosinophils"] = float(eosinophils.mean())
            uncut = rows["nucleus_dice_uncut"][rows["cell_type"] == "eosinophil"]
            figures["nucleus_dice_uncut_eosinophils"] = float(uncut.mean())
        return figures


class Boxed(ImageSet):
    """The marked leukocytes of wbcseg, cut out by their boxes as a detector does it, and by a share of their width more on each side.

    Of each, the cell found that shares most pixels with the mask is scored. The frame touches or cuts it, and it may be all that there is.
    """

    MARGINS = (0.0, 0.05, 0.1, 0.2)

    @classmethod
    def read(cls, root: Path, n: int) -> Iterator[Boxed]:
        for whole in Wbcseg.read(root, n):
            yield cls(f"{whole.name}, boxed", whole.table, root)

    def measure(self, i: int, segment: Segment) -> dict[str, Any]:
        image, mask = self.image(i), self.mask(i)
        y, x = np.nonzero(mask > 60)
        row: dict[str, Any] = {"cells": 0, "ms": 0.0}
        for margin in self.MARGINS:
            more = round(margin * float(np.sqrt((np.ptp(y) + 1) * (np.ptp(x) + 1))))
            box = np.s_[max(0, y.min() - more) : y.max() + 1 + more, max(0, x.min() - more) : x.max() + 1 + more]
            smear, ms = timed(segment, np.ascontiguousarray(image[box]))
            truth = {"nucleus": mask[box] > 200, "cell": mask[box] > 60}
            own = np.bincount(smear.region("cell")[truth["cell"]], minlength=1)
            own[0] = 0
            label = int(own.argmax())
            row["ms"] += ms / len(self.MARGINS)
            row["cells"] += smear.n_cells
            for region, true in truth.items():
                found = (smear.region(region) == label) & (label > 0)
                row[f"{region}_{margin:g}"] = dice(true.astype(np.int32), found.astype(np.int32))
        return row

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        figures: dict[str, float] = {}
        for margin in self.MARGINS:
            for region in ("nucleus", "cell"):
                values = rows[f"{region}_{margin:g}"]
                figures[f"{region}_{margin:g}"] = float(values.mean())
                figures[f"{region}_{margin:g}_under_.8"] = float((values < 0.8).sum())
        return figures


class Bccd(ImageSet):
    """Whole fields with boxes around the white cells."""

    @classmethod
    def read(cls, root: Path, n: int) -> Bccd:
        return cls("bccd", spread(pd.DataFrame({"path": [file.name for file in sorted(root.glob("*.jpg"))]}), n), root)

    def boxes(self, i: int) -> np.ndarray:
        assert self.root is not None
        found = [
            [int(box.findtext(f"bndbox/{key}", "0")) for key in ("ymin", "xmin", "ymax", "xmax")]
            for box in ElementTree.parse((self.root / self.table["path"][i]).with_suffix(".xml")).iter("object")
            if box.findtext("name") == "WBC"
        ]
        return np.array(found, float).reshape(-1, 4)

    def score(self, i: int, smear: Smear) -> dict[str, Any]:
        truth = self.boxes(i)
        overlap = box_iou(truth, smear.boxes.astype(float))
        real, found = overlap.shape
        hits = 0
        while overlap.size and overlap.max() >= 0.5:
            row, column = np.unravel_index(overlap.argmax(), overlap.shape)
            overlap[row], overlap[:, column] = 0, 0
            hits += 1
        return {"dice": 2 * hits / max(real + found, 1), "boxes": real, "found": found, "matched": hits}

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        boxes, found, matched = rows[["boxes", "found", "matched"]].sum()
        return {"box_f1": 2 * matched / max(boxes + found, 1), "boxes": boxes, "found": found, "matched": matched}


def box_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of each box of one list with each of another, (len(a), len(b))."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
    return both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-9)


class Allidb2(ImageSet):
    """The nucleus in the middle of each crop, against the better of one or two published masks."""

    @classmethod
    def read(cls, root: Path, n: int) -> Allidb2:
        return cls("allidb2", spread(pd.read_csv(root / "manifest.csv"), n), root)

    def number(self, i: int) -> int:
        """The 171 of healthy/Im171_0.png."""
        return int(Path(self.table["path"][i]).stem[2:5])

    def drawings(self, i: int) -> list[np.ndarray]:
        columns = [name for name in ("mask_a", "mask_b") if isinstance(self.table[name][i], str)]
        return [central_part(self.mask(i, name) > 127) for name in columns]

    def truth(self, i: int) -> dict[str, np.ndarray]:
        return {"nuclei": self.drawings(i)[0].astype(np.int32)}

    def score(self, i: int, smear: Smear) -> dict[str, Any]:
        number = self.number(i)
        kind = "platelet" if number in PLATELETS else self.table["label"][i]
        return {"kind": kind, "same_as": SAME.get(number)} | one_cell(smear, self.drawings(i))

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        figures: dict[str, float] = {}
        for kind, some in (
            ("blasts", rows["kind"] == "blast"),
            ("healthy", rows["kind"] == "healthy"),
            ("all_healthy", rows["kind"] != "blast"),
        ):
            if some.any():
                scores = of_dice(rows["dice"][some]) | {"mean_of_both": float(rows["dice_mean"][some].mean())}
                del scores["median"]
                figures |= {f"{kind}_{name}": value for name, value in scores.items()}
        platelets = rows[rows["kind"] == "platelet"]
        return figures | {"platelets": float(len(platelets)), "platelets_found": float(platelets["found"].sum())}


class Bcisc(ImageSet):
    """The whole cell that a mask shows."""

    @classmethod
    def read(cls, root: Path, n: int) -> Bcisc:
        return cls("bcisc", spread(pd.read_csv(root / "manifest.csv", dtype=str), n), root)

    def truth(self, i: int) -> dict[str, np.ndarray]:
        return {"cells": (self.mask(i) > 127).astype(np.int32)}

    def score(self, i: int, smear: Smear) -> dict[str, Any]:
        return one_cell(smear, [self.truth(i)["cells"] > 0], "cell")

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        figures = of_dice(rows["dice"]) | {"not_found": float((rows["found"] == 0).sum())}
        return figures | {name: float(own.mean()) for name, own in rows.groupby("label")["dice"]}
