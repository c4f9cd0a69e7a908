"""Where the networks of the benchmark look: shares of their heat, and a picture of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone

from leukofeat.deep import cam_table
from leukofeat.plotting import GradCAMDisplay
from leukofeat.segmentation import LeukocyteSegmenter
from leukofeat.sequence import as_sequence


def heat_table(pipelines: Mapping[str, Any], bunch: Any, split: Any, asked: Any) -> pd.DataFrame:
    """Mean share of each network's heat by place, on test images of the split drawn at random; the same share of the area beside it."""
    images, (train, test) = as_sequence(bunch.images), split
    rows = np.sort(np.random.default_rng(0).permutation(test)[: asked.heat])
    options: dict[str, Any] = {"segmenter": LeukocyteSegmenter(), "layer": asked.heat_layer}
    models = {name: clone(pipeline).fit(images[train], bunch.target[train]) for name, pipeline in pipelines.items()}
    tables = {name: cam_table(model, images[rows], **options) for name, model in models.items()}
    found = {}
    for name, table in tables.items():
        heat = table.filter(like="heat_").mean()
        found[name] = heat.rename(lambda column: column.removeprefix("heat_"))
        found[name]["in cells"] = (table["heat_nucleus"] + table["heat_cytoplasm"]).mean()
    first = next(iter(tables.values()))
    area = first.filter(like="area_").mean().rename(lambda column: column.removeprefix("area_"))
    area["in cells"] = area["nucleus"] + area["cytoplasm"]
    found["share of the area"] = area
    result = pd.DataFrame(found).T
    result.loc["a network that sees cells alone", "in cells"] = first["cells_alone"].mean()
    if asked.heat_picture:
        _draw(tables, asked.heat_picture)
    if asked.heat_images:
        # one image of each class, the first of those drawn
        shown = [int(rows[np.flatnonzero(bunch.target[rows] == label)[0]]) for label in np.unique(bunch.target[rows])]
        display = GradCAMDisplay.from_estimators(models, images[shown], **options)
        display.figure_.savefig(asked.heat_images, dpi=80)
        plt.close(display.figure_)
    return result


def _draw(tables: Mapping[str, pd.DataFrame], path: str) -> None:
    """Share of the heat in cells, a point an image, against the share of the area that cells cover."""
    figure, axes = plt.subplots(figsize=(6, 4.5), layout="constrained")
    for (name, table), marker in zip(tables.items(), "os", strict=False):
        area, heat = (table[f"{kind}_nucleus"] + table[f"{kind}_cytoplasm"] for kind in ("area", "heat"))
        axes.plot(
            area,
            heat,
            marker,
            alpha=0.6,
            label=f"{name}: mean {heat.mean():.2f}",
            markerfacecolor="none" if marker == "o" else None,
        )
    most = max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.plot([0, most], [0, most], "k--", lw=1, label="a network that looks everywhere alike")
    axes.set(
        xlim=(0, None),
        ylim=(0, 1.3 * most),
        xlabel="share of the area that is leukocyte",
        ylabel="share of the heat in leukocytes",
    )
    axes.legend(loc="upper left")
    figure.text(0.99, 0.01, "research use only", ha="right", fontsize=7)
    figure.savefig(path, dpi=110)
    plt.close(figure)
