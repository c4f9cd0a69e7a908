"""Tables and the picture of the benchmark of networks."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from places import data_folder
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from leukofeat.datasets import load_images
from leukofeat.pipeline import set_memory
from leukofeat.sequence import as_sequence


def transfer_table(pipelines: Mapping[str, Any], bunch: Any, split: Any, asked: Any, memory: str) -> pd.DataFrame:
    """AUC of blasts among another laboratory's images, by models of the training rows."""
    there = load_images(data_folder(asked.transfer))
    blast = there.target_names[there.target] != asked.healthy_there
    names, (train, _) = bunch.target_names[bunch.target], split
    images, found = as_sequence(bunch.images), {}
    for name, pipeline in pipelines.items():
        model = set_memory(clone(pipeline), memory).fit(images[train], names[train])
        scores = 1 - model.predict_proba(there.images)[:, list(model.classes_).index(asked.healthy)]
        found[name] = {
            "auc": roc_auc_score(blast, scores),
            "blasts_called": float((scores[blast] > 0.5).mean()),
            "healthy_called": float((scores[~blast] > 0.5).mean()),
            "n": len(blast),
        }
    return pd.DataFrame(found).T


def cost_table(pipelines: Mapping[str, Any], bunch: Any, n: int) -> pd.DataFrame:
    """Seconds and memory of each row on n images, each in a process of its own."""
    rows = np.random.default_rng(0).permutation(len(bunch.target))[: 2 * n]
    context, found = multiprocessing.get_context("spawn"), {}
    images = as_sequence(bunch.images)
    for name, pipeline in pipelines.items():
        with context.Pool(1) as pool:
            half = len(rows) // 2
            parts = (images[rows[:half]], bunch.target[rows[:half]], images[rows[half:]])
            found[name] = pool.apply(_cost, (_without_files(pipeline), *parts))
    return pd.DataFrame(found).T


def _without_files(pipeline: Any) -> Any:
    fresh = clone(pipeline)
    for key in fresh.get_params():
        if key.endswith(("checkpoint", "featureset__memory")):
            fresh.set_params(**{key: None})
        if key.endswith("verbose") and type(fresh.get_params()[key]) is int:
            fresh.set_params(**{key: 0})
    return fresh


def _cost(pipeline: Any, images: Any, target: np.ndarray, others: Any) -> dict[str, float]:
    from networks.operators import define_torchvision_operators

    define_torchvision_operators()
    before = _peak_kb()
    start = time.perf_counter()
    pipeline.fit(images, target)
    fitted = time.perf_counter()
    pipeline.predict_proba(others)
    ended = time.perf_counter()
    peak = _peak_kb()
    return {
        "fit_s": fitted - start,
        "predict_ms_per_image": 1000 * (ended - fitted) / len(others),
        "memory_mb": (peak - before) / 1024,
    }


def _peak_kb() -> int:
    """Most memory that this process has had; Linux hands the figure of `resource` down from the process that started it."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(status.read_text().partition("VmHWM:")[2].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def markdown(
    tables: Mapping[str, pd.DataFrame], stress: pd.DataFrame | None, curve: pd.DataFrame | None, there: pd.DataFrame | None,
    cost: pd.DataFrame | None, heat: pd.DataFrame | None, about: str,
) -> str:  # fmt: skip
    """Everything as text."""
    parts = [about]
    index, shown = next(iter(tables.values())).index, {}
    for name, table in tables.items():
        shown[name] = [
            f"{row.accuracy:.3f} ({row.accuracy_low:.3f} to {row.accuracy_high:.3f})" for row in table.itertuples()
        ]
    parts.append("Accuracy by the way of splitting, 95 % interval\n" + pd.DataFrame(shown, index=index).to_string())
    for name, table in tables.items():
        more = table[["auc", "calibration_error", "fit_seconds", "ms_per_image"]]
        parts.append(f"More of {name} (CPU seconds)\n{more.round(3).to_string()}")
    if stress is not None:
        wide = stress.pivot(index="pipeline", columns="test", values="stressed")[stress["test"].unique()]
        follows = stress.pivot(index="pipeline", columns="test", values="follows_background").dropna(axis=1, how="all")
        wide.insert(0, "as it is", stress.groupby("pipeline")["clean"].first())
        parts.append(
            "Accuracy in the stress tests, models of the first way\n" + wide.round(3).reindex(index).T.to_string()
        )
        parts.append(
            "Share called by the class of the field behind it\n" + follows.round(3).reindex(index).T.to_string()
        )
    if curve is not None:
        wide = curve.pivot(index="pipeline", columns="n_train", values="accuracy").reindex(index)
        parts.append("Accuracy by training images\n" + wide.round(3).to_string())
    if there is not None:
        parts.append("On the other laboratory's images: blast against healthy\n" + there.round(3).to_string())
    if heat is not None:
        parts.append(
            "Share of the heat (Grad-CAM of the class that is told), mean over images\n"
            + heat.round(3).to_string(na_rep="")
        )
    if cost is not None:
        parts.append("Time and memory\n" + cost.round(1).to_string())
    parts.append("Research use only; not a medical device.")
    return "\n\n".join(parts)


def curve_picture(curve: pd.DataFrame, path: str) -> None:
    """Accuracy by training images, a line a row, with 95 % intervals."""
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    names = curve["pipeline"].unique()
    for k, (name, marker) in enumerate(zip(names, "osD^vPX*", strict=False)):
        part = curve[curve["pipeline"] == name].sort_values("n_train")
        ends = (part["accuracy"] - part["accuracy_low"], part["accuracy_high"] - part["accuracy"])
        # beside each other, so that the intervals can be told apart
        beside = part["n_train"] * 1.03 ** (k - (len(names) - 1) / 2)
        axes.errorbar(beside, part["accuracy"], ends, marker=marker, label=name, lw=1.5, elinewidth=0.8, capsize=2)
    sizes = sorted(curve["n_train"].unique())
    axes.set(xscale="log", xlabel="training images", ylabel="accuracy on held-out images")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.legend(loc="lower right")
    figure.text(0.99, 0.01, "research use only", ha="right", fontsize=7)
    figure.savefig(path, dpi=110)
    plt.close(figure)
