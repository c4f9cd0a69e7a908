"""Leukocytes with masks of whole cells: BCISC."""

import os
from pathlib import Path

import pandas as pd
from sklearn.utils import Bunch

from leukofeat.datasets.fetch.card import DataCard
from leukofeat.datasets.fetch.find import below, documented, fetch
from leukofeat.datasets.load import load_images
from leukofeat.decode import ImageError

_TYPES = ("basophil", "eosinophil", "lymphocyte", "monocyte", "neutrophil")

CARD = DataCard(
    name="bcisc",
    title="BCISC, blood cell images for segmentation and classification",
    summary="Leukocytes of the five types of healthy blood, with masks of whole cells.",
    citation=(
        "the data set of: LeukocyteMask: An automated localization and segmentation method for leukocyte in blood smear images using deep "
        "neural networks. Journal of Biophotonics (2019), doi:10.1002/jbio.201800488"
    ),
    licence="Apache-2.0",
    terms="may be used and passed on with the licence text.",
    url="https://github.com/fpklipic/BCISC",
    n_images=None,
    classes=dict.fromkeys(_TYPES),
    groups="the source's own number in the file name, which stands for the slide or person",
    folders=("bcisc", "BCISC-master"),
    layout=(
        "the repository as it comes (original-images/baso, eosi, ...: N-M.jpg, of which N is the group; its masks are left out), or class "
        "folders of crops with a manifest.csv (path, label, group, mask)"
    ),
    known_faults=(
        "few groups (ten at most, five among the crops): intervals over groups are wide, and that is what is known.",
        "basophils on teal slides are stained unlike all others: look at them apart.",
    ),
    instructions="download the repository from the page as a ZIP file and unpack it.",
)


def _read(root: Path) -> Bunch:
    if (root / "manifest.csv").is_file():
        with_masks = "mask" in pd.read_csv(root / "manifest.csv", nrows=0)
        return load_images(root, cells="mask" if with_masks else None, numbered=not with_masks)
    folder = below(root, "original-images")
    rows = [
        (file.relative_to(root).as_posix(), kind, f"{int(file.stem.split('-')[0]):02}")
        for kind in _TYPES
        if folder is not None
        for part in sorted(folder.iterdir())
        if part.name.casefold().startswith(kind[:4])
        for file in sorted(part.glob("*.jpg"))
        if file.stem.split("-")[0].isdigit()
    ]
    if not rows:
        raise ImageError(f"{root}: no folder original-images with a folder a type.")
    return load_images(root, manifest=pd.DataFrame(rows, columns=["path", "label", "group"]))


@documented(CARD, "Each image is a Smear with the published cell, where a manifest names masks.")
def fetch_bcisc(data_home: str | os.PathLike[str] | None = None, download: bool = True, *, verbose: int = 1) -> Bunch:
    """BCISC: leukocytes of five types with masks of whole cells.

    Examples
    --------
    >>> from leukofeat.datasets import DATASETS, fetch_bcisc
    >>> print(DATASETS["bcisc"].licence)
    Apache-2.0
    """
    return fetch(CARD, _read, data_home, download, verbose)
