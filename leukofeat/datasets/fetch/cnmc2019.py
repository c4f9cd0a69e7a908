"""The challenge of leukaemic and normal cells: C-NMC 2019."""

import os
import re
from pathlib import Path

import pandas as pd
from sklearn.utils import Bunch

from leukofeat.datasets.fetch.card import DataCard
from leukofeat.datasets.fetch.find import documented, fetch
from leukofeat.datasets.load import load_images
from leukofeat.datasets.scan import list_names
from leukofeat.decode import ImageError

_LABELS = "C-NMC_test_prelim_phase_data_labels.csv"
# UID_14_6_4_all: subject 14, image 6, cell 4
_NAME = re.compile(r"UID_([^_]+)_\d+_\d+_(all|hem)")

CARD = DataCard(
    name="cnmc2019",
    title="C-NMC 2019 (ISBI challenge)",
    summary=(
        "Single cells, cut out of their images along the outline, stain-normalised: leukaemic B-lymphoblasts "
        "(all) against normal precursors (hem); three folds to train on and a labelled preliminary test."
    ),
    citation=(
        "A. Gupta, R. Gupta: ALL Challenge dataset of ISBI 2019. The Cancer Imaging Archive (2019), doi:10.7937/tcia.2019.dc64i46r"
    ),
    licence="as the collection's page at The Cancer Imaging Archive says",
    terms="citing the collection is required; the archive's data usage policy holds.",
    url="https://doi.org/10.7937/tcia.2019.dc64i46r",
    n_images=12528,
    classes={"all": 8491, "hem": 4037},
    groups="subjects, from the file names (UID_SUBJECT_IMAGE_CELL_CLASS)",
    folders=("cnmc2019", "C-NMC_Leukemia", "C-NMC 2019"),
    layout=(
        "fold_0, fold_1, fold_2 with folders all and hem, at any depth, and C-NMC_test_prelim_phase_data beside "
        "C-NMC_test_prelim_phase_data_labels.csv; the final test has no labels and is left out"
    ),
    known_faults=(
        "104 pairs of byte-identical images, 99 of them across subjects: let leukofeat.audit.audit_dataset list them, and drop one of each.",
        "nothing is left around the cells, and there is no slide to take a colour or a size from: leave white balance and scale out, and segment "
        "by what is not blank.",
        "many cells are of one subject: split by groups.",
    ),
    instructions="get it from the collection's page, where it is downloaded with the archive's own tool, or from a copy of it at Kaggle.",
)


def _read(root: Path) -> Bunch:
    names = sorted(path for path in list_names(root) if path.suffix.lower() == ".bmp")
    rows, known = [], set()
    for path in names:
        found = _NAME.fullmatch(path.stem)
        if found and path.name not in known:
            known.add(path.name)
            part = next((part for part in path.parts if part.startswith("fold_")), "train")
            rows.append((path.as_posix(), found[2], part, found[1]))
    table = next((path for path in list_names(root) if path.name == _LABELS), None)
    if table is not None:
        images = {path.name: path.as_posix() for path in names if "prelim" in path.parent.name}
        for row in pd.read_csv(root / table, dtype=str).itertuples():
            found = _NAME.match(str(row.Patient_ID))
            if found and row.new_names in images:
                rows.append((images[row.new_names], "all" if row.labels == "1" else "hem", "valid", found[1]))
    if not rows:
        raise ImageError(f"{root}: no image called UID_SUBJECT_IMAGE_CELL_all.bmp or ..._hem.bmp.")
    return load_images(root, manifest=pd.DataFrame(rows, columns=["path", "label", "split", "group"]))


@documented(CARD)
def fetch_cnmc2019(
    data_home: str | os.PathLike[str] | None = None, download: bool = True, *, verbose: int = 1
) -> Bunch:
    """C-NMC 2019: 12,528 labelled cells, leukaemic (all) and normal (hem), subjects as groups.

    Examples
    --------
    >>> from leukofeat.datasets import DATASETS, fetch_cnmc2019
    >>> print(DATASETS["cnmc2019"].images)
    12,528 images: all 8,491, hem 4,037
    """
    return fetch(CARD, _read, data_home, download, verbose)
