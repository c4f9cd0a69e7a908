"""Immature myeloid cells of Sidhom et al. (2021)."""

import os
from pathlib import Path

from sklearn.utils import Bunch

from leukofeat.datasets.fetch.card import DataCard
from leukofeat.datasets.fetch.find import documented, fetch
from leukofeat.datasets.load import load_images
from leukofeat.decode import ImageError

CARD = DataCard(
    name="sidhom2021",
    title="APL against other AML (Sidhom et al. 2021)",
    summary=(
        "Single cells of about 360 x 363 pixels (CellaVision) from the peripheral blood of 106 patients with acute promyelocytic leukaemia "
        "or another acute myeloid leukaemia."
    ),
    citation=(
        "Sidhom et al.: Deep learning for diagnosis of acute promyelocytic leukemia via recognition of genomically imprinted "
        "morphologic features. npj Precision Oncology 5:38 (2021), https://www.nature.com/articles/s41698-021-00179-y"
    ),
    licence="published with the paper, without a licence text; research only, cite the authors",
    terms="Kaggle's terms hold for the download; without a licence the images may not be passed on.",
    url="https://www.kaggle.com/datasets/eugeneshenderov/acute-promyelocytic-leukemia-apl",
    n_images=None,
    classes={"AML": None, "APL": None},
    groups="patients",
    folders=("sidhom2021", "apl"),
    layout=(
        "class folders AML and APL, with a manifest.csv: path, label, group (patient) and, where it is known, cell_type; the published "
        "folders a patient are to be listed in such a table"
    ),
    known_faults=(
        "the class is the patient's: cells of one patient have to stay on one side of every split (groups are patients), and figures are "
        "to be given by patient.",
        "a few files are damaged as published (Patient_36_BL_7744281 is one): measure with on_error='nan', or leave them out.",
        "cells of all stages are in it; blasts and promyelocytes alone are what most comparisons want (frame.cell_type).",
    ),
    instructions="with an account at Kaggle, download the archive from the page, unpack it, and write the manifest.csv.",
)


def _read(root: Path) -> Bunch:
    if not (root / "manifest.csv").is_file():
        raise ImageError(f"{root}: no manifest.csv, and patients have folders in this set that are no classes.")
    return load_images(root)


@documented(CARD)
def fetch_sidhom2021(
    data_home: str | os.PathLike[str] | None = None, download: bool = True, *, verbose: int = 1
) -> Bunch:
    """Immature myeloid cells of Sidhom et al. (2021): APL and other AML, patients as groups.

    Examples
    --------
    >>> from leukofeat.datasets import DATASETS, fetch_sidhom2021
    >>> DATASETS["sidhom2021"].groups
    'patients'
    """
    return fetch(CARD, _read, data_home, download, verbose)
