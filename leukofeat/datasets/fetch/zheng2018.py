"""Leukocytes with masks of nucleus and cytoplasm by Zheng et al. (2018)."""

import os
from pathlib import Path

import pandas as pd
from sklearn.utils import Bunch

from leukofeat.datasets.fetch.card import Archive, DataCard
from leukofeat.datasets.fetch.find import below, documented, fetch
from leukofeat.datasets.load import load_images
from leukofeat.decode import ImageError

_TYPES = {"1": "neutrophil", "2": "lymphocyte", "3": "monocyte", "4": "eosinophil", "5": "basophil"}

CARD = DataCard(
    name="zheng2018",
    title="WBC segmentation (Zheng et al. 2018)",
    summary=(
        "Leukocytes with masks drawn by hand, nucleus 255, cytoplasm 128: Dataset 1, 300 of 120 x 120 pixels (Jiangxi Tecom, rapid "
        "staining), and Dataset 2, 100 of 300 x 300 from the CellaVision blog."
    ),
    citation=(
        "Zheng et al.: Fast and Robust Segmentation of White Blood Cell Images by Self-supervised Learning. Micron (2018), "
        "doi:10.1016/j.micron.2018.01.010"
    ),
    licence="GPL-3 repository, cite the authors",
    terms="Jiangxi Tecom Science Corporation is to be acknowledged for Dataset 1, the CellaVision blog for Dataset 2.",
    url="https://github.com/zxaoyou/segmentation_WBC",
    n_images=400,
    classes={"basophil": None, "eosinophil": None, "lymphocyte": None, "monocyte": None, "neutrophil": None},
    groups="not known",
    folders=("zheng2018", "wbcseg", "segmentation_WBC"),
    layout=(
        "the repository as it comes (Dataset 1, Dataset 2: NNN.bmp and the mask NNN.png; Class Labels of Dataset 1.csv), or a manifest.csv "
        "(image, mask, cell_type)"
    ),
    known_faults=(
        "only the leukocyte in the middle is marked: others beside it are no false alarms.",
        "cell types were not checked by an expert for this use, and Dataset 2 is from a blog: use the masks, and the types with care.",
    ),
    instructions="download the repository from the page as a ZIP file and unpack it.",
    archive=Archive("https://github.com/zxaoyou/segmentation_WBC/archive/master.zip", "segmentation_WBC.zip"),
)


def _read(root: Path) -> Bunch:
    masks = {"nuclei": "mask", "cells": "mask", "numbered": False}
    if (root / "manifest.csv").is_file():
        return load_images(root, columns={"path": "image", "label": "cell_type"}, **masks)  # type: ignore[arg-type]
    frames = [_published(root, name) for name in ("Dataset 1", "Dataset 2")]
    frame = pd.concat([frame for frame in frames if frame is not None] or [pd.DataFrame()])
    if frame.empty:
        raise ImageError(f"{root}: no folder 'Dataset 1' or 'Dataset 2' with images.")
    return load_images(root, manifest=frame if frame["label"].notna().all() else frame.drop(columns="label"), **masks)  # type: ignore[arg-type]


def _published(root: Path, name: str) -> pd.DataFrame | None:
    folder = below(root, name)
    if folder is None:
        return None
    images = sorted(folder.glob("*.bmp"))
    table, types = folder.parent / f"Class Labels of {name}.csv", {}
    if table.is_file():
        numbers = pd.read_csv(table, dtype=str).iloc[:, :2].to_numpy()
        types = {int(image): _TYPES.get(number) for image, number in numbers}
    return pd.DataFrame(
        {
            "path": [image.relative_to(root).as_posix() for image in images],
            "label": [types.get(int(image.stem)) for image in images],
            "mask": [image.with_suffix(".png").relative_to(root).as_posix() for image in images],
        }
    )


@documented(CARD, "Each image is a Smear with the published nucleus and cell.")
def fetch_zheng2018(
    data_home: str | os.PathLike[str] | None = None, download: bool = True, *, verbose: int = 1
) -> Bunch:
    """Leukocytes of Zheng et al. (2018): 400 images with masks of nucleus and cytoplasm.

    Examples
    --------
    >>> from leukofeat.datasets import DATASETS, fetch_zheng2018
    >>> DATASETS["zheng2018"].n_images
    400
    """
    return fetch(CARD, _read, data_home, download, verbose)
