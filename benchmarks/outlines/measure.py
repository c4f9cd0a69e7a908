"""Every segmenter on every image of a set, one row each, the segmenters in turn on one image after another."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from leukofeat import Smear
from leukofeat.decode import ImageError
from outlines.confidence import draw_confidence, failures_first, risk_coverage
from outlines.image_set import ImageSet


def segmented(segmenter: Any, image: np.ndarray) -> Smear:
    """One image by a stage or a pipeline, as in a pipeline."""
    return segmenter.transform([image]).smear(0)


def measure_set(data: ImageSet, segmenters: Mapping[str, Any], n_jobs: int = 1) -> pd.DataFrame:
    """Rows of all segmenters and images; an image that cannot be read has the error's text in `failure`."""
    share = max(1, min(16, len(data) // (2 * n_jobs)))
    chunks = [range(start, min(start + share, len(data))) for start in range(0, len(data), share)]
    done = Parallel(n_jobs)(delayed(_measure)(data, chunk, segmenters) for chunk in chunks)
    return pd.DataFrame([row for rows in done for row in rows])


def _measure(data: ImageSet, images: range, segmenters: Mapping[str, Any]) -> list[dict[str, Any]]:
    cv2.setNumThreads(1)
    rows = []
    for i in images:
        row = {"set": data.name, "image": i, "title": data.title(i)}
        try:
            data.image(i)
        except ImageError as error:
            rows += [row | {"segmenter": name, "failure": str(error)} for name in segmenters]
            continue
        for name, segmenter in segmenters.items():
            segment = partial(segmented, segmenter)
            if i == images[0]:
                segment(data.image(i))  # compiles, or reads, the kernels
            rows.append(row | {"segmenter": name} | data.measure(i, segment))
    return rows


def sum_up(data: ImageSet, rows: pd.DataFrame) -> pd.DataFrame:
    """A row a segmenter: the set's own figures, and the median time."""
    table = []
    for name, own in rows.groupby("segmenter", sort=False):
        good = own[own["failure"].isna()] if "failure" in own else own
        known = data.table.drop(columns=[column for column in data.table if column in good])
        joined = good.set_index("image").join(known)
        figures = {"segmenter": name, "set": data.name, "images": len(good)} | data.summary(joined)
        table.append(figures | {"ms": float(good["ms"].median())})
    return pd.DataFrame(table)


def rate_confidence(data: ImageSet, rows: pd.DataFrame, pictures: Path | None) -> pd.DataFrame:
    """A row a segmenter that gives confidences on a set with truth: whether they sort the failures to the front."""
    table = []
    for name, own in rows.groupby("segmenter", sort=False):
        confidence, dice = cells_of(own)
        figures: dict[str, Any] = failures_first(confidence, dice)
        if not figures:
            continue
        coverage, risk = risk_coverage(confidence, dice)
        kept = {f"best_{percent}": risk[np.searchsorted(coverage, percent / 100 - 1e-9)] for percent in (50, 80, 90)}
        table.append({"segmenter": name, "set": data.name} | figures | kept | {"all": float(risk[-1])})
        if pictures is not None:
            title = f"{data.name}: {name}"
            draw_confidence(pictures / f"{file_name(data.name, str(name))}-confidence.png", title, confidence, dice)
    return pd.DataFrame(table)


def cells_of(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Confidence and Dice of the cells of some rows: of every cell where a row has "pairs", else of the one that is scored, of its nucleus or what is "worse"."""
    if "pairs" in rows:
        pairs = [pair for own in rows["pairs"] if isinstance(own, list) for pair in own]
        return tuple(np.array(pairs, float).reshape(-1, 2).T)  # type: ignore[return-value]
    if not {"confidence", "dice"} <= set(rows):
        return np.zeros(0), np.zeros(0)
    return rows["confidence"].to_numpy(float), rows["worse" if "worse" in rows else "dice"].to_numpy(float)


def file_name(*words: str) -> str:
    """Words as part of a file's name."""
    return "-".join("".join(letter if letter.isalnum() else "_" for letter in word) for word in words)
