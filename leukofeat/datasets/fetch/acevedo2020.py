"""Peripheral blood cells of healthy people by Acevedo et al. (2020)."""

import os
from pathlib import Path

from sklearn.utils import Bunch

from leukofeat.datasets.fetch.card import Archive, DataCard
from leukofeat.datasets.fetch.find import documented, fetch
from leukofeat.datasets.load import load_images

CARD = DataCard(
    name="acevedo2020",
    title="PBC, normal peripheral blood cells (Acevedo et al. 2020)",
    summary=(
        "Single normal cells of 360 x 363 pixels (CellaVision DM96, May-Gruenwald-Giemsa) of people without infection or haematological "
        "disease, in eight groups told by clinical pathologists."
    ),
    citation=(
        "A. Acevedo, A. Merino, S. Alferez, A. Molina, L. Boldu, J. Rodellar: A dataset of microscopic peripheral blood cell images for "
        "development of automatic recognition systems. Data in Brief 30:105474 (2020), doi:10.1016/j.dib.2020.105474; Mendeley Data, "
        "doi:10.17632/snkd93bnjr.1"
    ),
    licence="CC BY 4.0",
    terms="may be used and passed on when the authors are named.",
    url="https://data.mendeley.com/datasets/snkd93bnjr/1",
    n_images=17092,
    classes={
        "basophil": 1218,
        "eosinophil": 3117,
        "erythroblast": 1551,
        "ig": 2895,
        "lymphocyte": 1214,
        "monocyte": 1420,
        "neutrophil": 3329,
        "platelet": 2348,
    },
    groups="patients are not published",
    folders=("acevedo2020", "PBC_dataset_normal_DIB", "pbc5"),
    layout="a folder a class, as the archive PBC_dataset_normal_DIB.zip has them",
    known_faults=(
        "healthy people only: it tells false alarms, and nothing of blasts; do not train leukaemia against health on it and another "
        "laboratory's blasts, for the laboratory would be learned.",
        "platelets and erythroblasts are among the classes: leave them out where leukocytes are asked for.",
        "copies are reported (16 within classes, one pair in two classes): let leukofeat.audit.audit_dataset list them.",
    ),
    instructions="download PBC_dataset_normal_DIB.zip from the page and unpack it.",
    archive=Archive(
        "https://data.mendeley.com/public-files/datasets/snkd93bnjr/files/2fc38728-2ae7-4a62-a857-032af82334c3/file_downloaded",
        "PBC_dataset_normal_DIB.zip",
    ),
)


def _read(root: Path) -> Bunch:
    return load_images(root)


@documented(CARD)
def fetch_acevedo2020(
    data_home: str | os.PathLike[str] | None = None, download: bool = True, *, verbose: int = 1
) -> Bunch:
    """PBC of Acevedo et al. (2020): 17,092 normal blood cells in eight classes.

    Examples
    --------
    >>> from leukofeat.datasets import DATASETS, fetch_acevedo2020
    >>> print(DATASETS["acevedo2020"].licence)
    CC BY 4.0
    """
    return fetch(CARD, _read, data_home, download, verbose)
