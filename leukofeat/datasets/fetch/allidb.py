"""ALL-IDB of Labati et al. (2011): fields (1) and crops of single cells (2)."""

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from leukofeat.datasets.fetch.card import DataCard
from leukofeat.datasets.fetch.find import documented, fetch
from leukofeat.datasets.load import load_images
from leukofeat.datasets.scan import list_names
from leukofeat.decode import IMAGE_SUFFIXES, ImageError

_CITATION = (
    "R. D. Labati, V. Piuri, F. Scotti: ALL-IDB: the acute lymphoblastic leukemia image database for image processing. ICIP 2011:2045-2048, "
    "doi:10.1109/ICIP.2011.6115881"
)
_URL = "https://homes.di.unimi.it/scotti/all"
_BY_HAND = "ask for access with the form on the page (research only), and unpack what you are sent."
_TERMS = "access is granted on request, to a person; the images may not be passed on."
# crops of ALL-IDB2 that show the same cell
_SAME = {"Im257": "Im223", "Im211": "Im171", "Im259": "Im225"}

IDB1 = DataCard(
    name="allidb1",
    title="ALL-IDB1 (Labati et al. 2011)",
    summary=(
        "Fields of 2592 x 1944 pixels of peripheral blood, taken in September 2005 with a Canon PowerShot G5 at magnifications of 300 to "
        "500; beside each a file of the centres of its blasts."
    ),
    citation=_CITATION,
    licence="research only, cite the authors",
    terms=_TERMS,
    url=_URL,
    n_images=108,
    classes={"blast": 49, "healthy": 59},
    groups="patients are not published",
    folders=("allidb1", "ALL_IDB1"),
    layout="images called ImXXX_1.jpg (blasts) and ImXXX_0.jpg (none), in folders or not, or a manifest.csv (path, label)",
    known_faults=(
        "patients are not published, and fields of one patient cannot be held together: figures of random folds flatter.",
        "magnifications differ between images (300 to 500): sizes in pixels do not compare (docs/scale.md).",
    ),
    instructions=_BY_HAND,
)

IDB2 = DataCard(
    name="allidb2",
    title="ALL-IDB2 (Labati et al. 2011)",
    summary=(
        "Crops of 257 x 257 pixels around one cell, cut from ALL-IDB1: the set that most of the published classical systems were "
        "measured on."
    ),
    citation=_CITATION,
    licence="research only, cite the authors",
    terms=_TERMS,
    url=_URL,
    n_images=260,
    classes={"blast": 130, "healthy": 130},
    groups="patients are not published; groups hold the crops of one cell together",
    folders=("allidb2", "ALL_IDB2"),
    layout=(
        "images called ImXXX_1.tif (blast) and ImXXX_0.tif (healthy), in folders or not, or a manifest.csv (path, label, and what else "
        "there is, such as columns of masks)"
    ),
    known_faults=(
        "some cells are there twice (Im223 = Im257; Im171, Im211 and Im225, Im259 show the same cell): split by groups.",
        "eleven of the healthy crops of the half looked at show platelets and no leukocyte: look at errors among the healthy ones by eye.",
        "what surrounds the cell gives the class away (0.962 without any leukocyte): accuracy inside this set proves little; test on "
        "another one.",
        "two published sets of nucleus masks agree at a Dice of 0.93 only: no segmenter can be told from another above that.",
    ),
    instructions=_BY_HAND,
)


def _read(root: Path) -> Bunch:
    if (root / "manifest.csv").is_file():
        return load_images(root)
    named = [
        (path.as_posix(), found[1])
        for path in sorted(list_names(root))
        if path.suffix.lower() in IMAGE_SUFFIXES and (found := re.fullmatch(r"Im\d+_([01])", path.stem))
    ]
    if not named:
        raise ImageError(f"{root}: no image called ImXXX_0 or ImXXX_1.")
    frame = pd.DataFrame(named, columns=["path", "label"])
    return load_images(root, manifest=frame.assign(label=frame["label"].map({"1": "blast", "0": "healthy"})))


def _read_cells(root: Path) -> Bunch:
    bunch = _read(root)
    if bunch.groups is None:
        stems = [Path(file).stem.split("_")[0] for file in bunch.filenames]
        bunch.groups = np.array([_SAME.get(stem, stem) for stem in stems])
    return bunch


@documented(IDB1)
def fetch_allidb1(data_home: str | os.PathLike[str] | None = None, download: bool = True, *, verbose: int = 1) -> Bunch:
    """ALL-IDB1 of Labati et al. (2011): 108 fields, with blasts or without.

    Examples
    --------
    >>> from leukofeat.datasets import DATASETS, fetch_allidb1
    >>> print(DATASETS["allidb1"].images)
    108 images: blast 49, healthy 59
    """
    return fetch(IDB1, _read, data_home, download, verbose)


@documented(IDB2)
def fetch_allidb2(data_home: str | os.PathLike[str] | None = None, download: bool = True, *, verbose: int = 1) -> Bunch:
    """ALL-IDB2 of Labati et al. (2011): 260 crops of one cell, blast or healthy.

    Examples
    --------
    >>> from leukofeat.datasets import DATASETS, fetch_allidb2
    >>> print(DATASETS["allidb2"].groups)
    patients are not published; groups hold the crops of one cell together
    """
    return fetch(IDB2, _read_cells, data_home, download, verbose)
