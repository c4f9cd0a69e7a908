"""Full fields with boxes of blood cells: BCCD."""

import os
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from leukofeat.datasets.fetch.card import Archive, DataCard
from leukofeat.datasets.fetch.find import below, documented, fetch
from leukofeat.datasets.load import load_images

CARD = DataCard(
    name="bccd",
    title="BCCD, blood cell count and detection",
    summary=(
        "Fields of 640 x 480 pixels with boxes (Pascal VOC) around leukocytes, red cells and platelets: for counting and for looking at "
        "segmentation."
    ),
    citation="Shenggan: BCCD Dataset (2017), https://github.com/Shenggan/BCCD_Dataset; images of cosmicad and akshaylamba",
    licence="MIT",
    terms="may be used and passed on with the licence text.",
    url="https://github.com/Shenggan/BCCD_Dataset",
    n_images=364,
    classes={},
    groups="not known",
    folders=("bccd", "BCCD_Dataset"),
    layout="the repository as it comes (JPEGImages, Annotations), or images and their .xml files in one folder",
    known_faults=(
        "images have no class: there is no target, and nothing to train a classifier on.",
        "in some files far fewer red cells are boxed than are there: count misses of leukocytes, not of red cells.",
    ),
    instructions="download the repository from the page as a ZIP file and unpack it.",
    archive=Archive("https://github.com/Shenggan/BCCD_Dataset/archive/v1.0.zip", "BCCD_Dataset-1.0.zip"),
)


def _read(root: Path) -> Bunch:
    folder, boxes = below(root, "JPEGImages") or root, below(root, "Annotations") or root
    bunch = load_images(folder)
    bunch.annotations = np.array([str(boxes / f"{Path(file).stem}.xml") for file in bunch.filenames])
    return bunch


@documented(CARD, "`annotations`: of each image the file of its boxes, (n,) str.")
def fetch_bccd(data_home: str | os.PathLike[str] | None = None, download: bool = True, *, verbose: int = 1) -> Bunch:
    """BCCD: 364 fields with boxes around leukocytes, red cells and platelets.

    Examples
    --------
    >>> from leukofeat.datasets import DATASETS, fetch_bccd
    >>> DATASETS["bccd"].archive.url
    'https://github.com/Shenggan/BCCD_Dataset/archive/v1.0.zip'
    """
    return fetch(CARD, _read, data_home, download, verbose)
