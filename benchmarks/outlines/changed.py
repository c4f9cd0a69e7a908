"""The same cells in another light, turned, on another field, cut out closely; and noise, which holds none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from leukofeat.datasets import load_images, paste_cells
from leukofeat.datasets.render import compress
from leukofeat.evaluation.optics import tilt_light
from leukofeat.preprocessing import ContrastStretcher
from leukofeat.segmentation import dice
from outlines.image_set import ImageSet, Segment, spread, timed
from outlines.scoring import label_dice
from outlines.unmarked import Portraits


def brighter(image: np.ndarray, factor: float) -> np.ndarray:
    """All channels times a factor, clipped as a sensor does."""
    return np.clip(image * factor, 0, 255).astype(np.uint8)


def stained(image: np.ndarray, a: int = 0, b: int = 0) -> np.ndarray:
    """Shifted by `a` and `b` units of CIELAB."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.int16) + np.array([0, a, b], np.int16)
    return cv2.cvtColor(np.clip(lab, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)


def dyed(image: np.ndarray, absorbs: list[list[float]], slide: tuple[float, float, float]) -> np.ndarray:
    """Under other dyes: optical densities times a matrix, and an empty slide of another colour."""
    empty = np.percentile(image.reshape(-1, 3), 92, axis=0)
    density = -np.log10(np.maximum(image, 1) / empty) @ np.array(absorbs).T
    return np.clip(empty * slide * 10.0**-density, 0, 255).astype(np.uint8)


def veiled(image: np.ndarray, veil: float, share: float = 0.5) -> np.ndarray:
    """Under stray light of this level, or washed out: what is left of all contrast is a share."""
    return np.rint(veil + share * (image - np.float32(veil))).astype(np.uint8)


def vignetted(image: np.ndarray, lost: float = 0.6) -> np.ndarray:
    """In light that falls from the middle to the corners, by a share of what it is there."""
    y, x = (((2 * np.arange(n) + 1) / n - 1) ** 2 for n in image.shape[:2])
    return (image * (1 - lost / 2 * (y[:, None] + x))[..., None]).astype(np.uint8)


def hue_turned(image: np.ndarray, degrees: float) -> np.ndarray:
    """All hues turned, as by a white balance gone wrong."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) - round(degrees / 2)) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def vivid(image: np.ndarray, factor: float = 2) -> np.ndarray:
    """Saturation times a factor."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV) * np.array([1, factor, 1])
    return cv2.cvtColor(np.minimum(hsv, 255).astype(np.uint8), cv2.COLOR_HSV2RGB)


def of_one_channel(channel: np.ndarray) -> np.ndarray:
    """A grey camera's image."""
    return np.repeat(channel[..., None], 3, axis=2)


TEAL = [[1, 0.6, 0], [0, 0.75, 0], [0, 0, 0.75]]
DRAINED = [[0.7, 0.15, 0.15], [0.15, 0.7, 0.15], [0.15, 0.15, 0.7]]
CHANGES = {
    "brightness_x1.2": lambda image: brighter(image, 1.2),
    "brightness_x.8": lambda image: brighter(image, 0.8),
    "JPEG_80": lambda image: compress(image, 80),
    "a*_+6": lambda image: stained(image, a=6),
    "b*_+6": lambda image: stained(image, b=6),
}
# other dyes than the usual ones, and none
DYES = {
    "teal_dyes": lambda image: dyed(image, TEAL, (0.55, 0.88, 0.92)),
    "deep_teal_dyes": lambda image: dyed(image, [[1.2, 0.8, 0], [0.1, 0.7, 0], [0, 0.1, 0.6]], (0.5, 0.85, 0.85)),
    "blue_dyes": lambda image: dyed(image, [[1, 0.4, 0], [0.1, 0.8, 0], [0, 0, 0.5]], (0.6, 0.75, 1)),
    "green_dyes": lambda image: dyed(image, [[0.9, 0.3, 0], [0, 0.7, 0.1], [0, 0, 0.9]], (0.7, 1, 0.7)),
    "drained_dyes": lambda image: dyed(image, DRAINED, (0.8, 0.9, 0.9)),
    "hue_turned": lambda image: hue_turned(image, 40),
    "nearly_one_dye": lambda image: dyed(image, [[0.5, 0.6, 0], [0.3, 0.6, 0.1], [0.1, 0.3, 0.1]], (0.8, 0.85, 1)),
    "grey": lambda image: of_one_channel(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)),
    "green_channel": lambda image: of_one_channel(image[..., 1]),
    "stretched": lambda image: ContrastStretcher().transform([image])[0],
    "vivid": vivid,
}
# how images of a poor microscope, or of a telephone at its eyepiece, are
LIGHTS = {
    "washed_out": lambda image: veiled(image, 255),
    "stray_light": lambda image: veiled(image, 128),
    "half_the_light": lambda image: brighter(image, 0.5),
    "vignette": vignetted,
    "light_from_a_side": lambda image: tilt_light(image, 0.6, 30),
}
CROPS = (2.0, 2.5)  # side of a crop in diameters of the nucleus
TURNS = {
    "turned": lambda array: np.ascontiguousarray(np.rot90(array)),
    "flipped": lambda array: np.ascontiguousarray(array[:, ::-1]),
}


def same_partition(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two label maps tell the same regions apart, whatever their numbers."""
    pairs = np.unique(np.stack([a.ravel(), b.ravel()]), axis=1)
    return bool(((pairs[0] == 0) == (pairs[1] == 0)).all()) and all(
        len(np.unique(row)) == pairs.shape[1] for row in pairs
    )


class Changed(ImageSet):
    """Images with a nucleus mask, each as it is and changed: what a change costs in Dice, and whether turning changes anything."""

    @classmethod
    def read(cls, root: Path, n: int) -> Changed:
        table = pd.read_csv(root / "manifest.csv").rename(columns={"image": "path"})
        return cls("wbcseg, changed", spread(table, n), root)

    def measure(self, i: int, segment: Segment) -> dict[str, Any]:
        image, truth = self.image(i), self.mask(i) > 200
        smear, ms = timed(segment, image)
        row = {"ms": ms, "cells": smear.n_cells, "unchanged": dice(truth, smear.region("nucleus"))}
        changes = CHANGES | DYES
        row |= {name: dice(truth, segment(change(image)).region("nucleus")) for name, change in changes.items()}
        cell = self.mask(i) > 60
        row["unchanged_cell"] = dice(cell, smear.region("cell"))
        for name, change in LIGHTS.items():
            other = segment(change(image))
            row |= {name: dice(truth, other.region("nucleus")), f"{name}_cell": dice(cell, other.region("cell"))}
        for name, turn in TURNS.items():
            other = segment(turn(image))
            row[name] = float(all(same_partition(turn(smear.region(r)), other.region(r)) for r in ("nucleus", "cell")))
        return row

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        unchanged = float(rows["unchanged"].mean())
        costs = {f"cost_of_{name}": unchanged - float(rows[name].mean()) for name in (*CHANGES, *DYES, *LIGHTS)}
        cell = float(rows["unchanged_cell"].mean())
        costs |= {f"cell_cost_of_{name}": cell - float(rows[f"{name}_cell"].mean()) for name in LIGHTS}
        return {"unchanged": unchanged} | costs | {f"{name}_differs": float((rows[name] == 0).sum()) for name in TURNS}


class Pasted(ImageSet):
    """Cells of one field put onto a field of another class: Dice of the nuclei found there and those found at home."""

    @classmethod
    def read(cls, root: Path, n: int) -> Pasted:
        table = load_images(root).frame
        return cls("leukemia4, pasted", spread(table, min(n, 100)), root)

    def donor(self, i: int) -> int:
        """A field of another class, always the same."""
        others = np.flatnonzero((self.table["label"] != self.table["label"][i]).to_numpy())
        return int(others[(i * 37) % len(others)])

    def measure(self, i: int, segment: Segment) -> dict[str, Any]:
        (home, ms), onto = timed(segment, self.image(i)), segment(self.image(self.donor(i)))
        away = segment(paste_cells(home, onto).image)
        return {"ms": ms, "cells": home.n_cells, "as_at_home": dice(home.region("nucleus"), away.region("nucleus"))}

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        return {"as_at_home": float(rows["as_at_home"].mean()), "under_.8": float((rows["as_at_home"] < 0.8).sum())}


class Cropped(ImageSet):
    """The cell in the middle of each portrait, cut out as closely as published crops are: Dice of its nucleus in the crop and in the whole.

    Red cells are cut by the frame there, so that nothing is of a known size, and so are neighbours.
    """

    @classmethod
    def read(cls, root: Path, n: int) -> Cropped:
        return cls(f"{root.name}, cropped", Portraits.read(root, n).table, root)

    def measure(self, i: int, segment: Segment) -> dict[str, Any]:
        image = self.image(i)
        whole = segment(image)
        label = int(whole.region("cell")[image.shape[0] // 2, image.shape[1] // 2])
        row: dict[str, Any] = {"ms": np.nan, "cells": whole.n_cells}
        if not label or whole.touches_border[label - 1]:
            return row
        nucleus = whole.region("nucleus") == label
        top, left, bottom, right, area = whole.region_boxes("nucleus")[label - 1, :5].tolist()
        for side in CROPS:
            half = side * np.sqrt(area / np.pi)
            y, x = (top + bottom) / 2, (left + right) / 2
            window = np.s_[max(0, int(y - half)) : int(y + half), max(0, int(x - half)) : int(x + half)]
            if nucleus[window].sum() == area > 0:
                crop, ms = timed(segment, np.ascontiguousarray(image[window]))
                row |= {"ms": ms, f"within_{side:g}": label_dice(nucleus[window], crop.region("nucleus"))}
        return row

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        figures: dict[str, float] = {}
        for side in CROPS:
            values = rows[f"within_{side:g}"].dropna()
            name = f"within_{side:g}"
            figures |= {name: values.mean(), f"{name}_under_.8": (values < 0.8).sum(), f"{name}_cells": len(values)}
        return figures


class Noise(ImageSet):
    """Even noise, grey and coloured, of several sizes."""

    def __init__(self) -> None:
        table = pd.DataFrame([(side, grey) for side in (40, 64, 128, 224, 400) for grey in (False, True)])
        table.columns = ["side", "grey"]
        table["path"] = [f"{side} px, {'grey' if grey else 'coloured'}" for side, grey in table.to_numpy()]
        super().__init__("noise", table)

    def image(self, i: int) -> np.ndarray:
        side, grey = int(self.table["side"][i]), bool(self.table["grey"][i])
        noise = np.random.default_rng(side).integers(0, 256, (side, side, 1 if grey else 3), np.uint8)
        return np.ascontiguousarray(np.broadcast_to(noise, (side, side, 3)))

    def measure(self, i: int, segment: Segment) -> dict[str, Any]:
        smear, ms = timed(segment, self.image(i))
        return {"ms": ms, "cells": smear.n_cells}

    def summary(self, rows: pd.DataFrame) -> dict[str, float]:
        return {"images_with_cells": float((rows["cells"] > 0).sum()), "cells": float(rows["cells"].sum())}
