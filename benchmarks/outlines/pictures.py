"""The images of a set on which a segmenter did worst."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from outlines.image_set import ImageSet
from outlines.measure import file_name, segmented

SHOWN = 20
_ORDER = ("dice", "alone")  # what tells good from bad, the first that a set has


def draw_worst(folder: Path, data: ImageSet, name: str, segmenter: Any, rows: pd.DataFrame) -> None:
    """Draw the 20 images of lowest score; nothing where a set has no score."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    from leukofeat.plotting import SegmentationDisplay

    score = next((column for column in _ORDER if column in rows and rows[column].notna().any()), None)
    if score is None:
        return
    worst = rows.dropna(subset=[score]).sort_values(score, kind="stable")[:SHOWN]
    numbers = worst["image"].to_list()
    smears = [segmented(segmenter, data.image(i)) for i in numbers]
    truth = [data.truth(i) for i in numbers]
    known = {f"truth_{key}": [own[key] for own in truth] for key in ("nuclei", "cells") if all(key in t for t in truth)}
    titles = [f"{data.title(i)}: {value:.3f}" for i, value in zip(numbers, worst[score], strict=True)]
    display = SegmentationDisplay.from_smears(smears, titles=titles, **known)
    display.figure_.suptitle(f"{data.name}: the lowest scores (found: green, yellow; truth: white)")
    display.figure_.savefig(folder / f"{file_name(data.name, name)}.png", dpi=80)
    plt.close(display.figure_)
