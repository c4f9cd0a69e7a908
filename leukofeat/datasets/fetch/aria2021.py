"""The ALL image dataset of Aria et al. (2021)."""

import os
from pathlib import Path

from sklearn.utils import Bunch

from leukofeat.datasets.fetch.card import Checksum, DataCard
from leukofeat.datasets.fetch.find import below, documented, fetch
from leukofeat.datasets.load import load_images

_NAME = r"WBC-(?:Malignant-)?{}-(\d+)\.jpg"

CARD = DataCard(
    name="aria2021",
    title="ALL image dataset (Aria et al. 2021)",
    summary=(
        "Fields of 224 x 224 pixels of peripheral blood smears of 89 patients suspected of acute lymphoblastic leukaemia: benign "
        "(haematogones), and malignant in the three stages Early, Pre and Pro."
    ),
    citation=(
        "M. Aria, M. Ghaderzadeh, D. Bashash, H. Abolghasemi, F. Asadi, A. Hosseini: Acute Lymphoblastic Leukemia (ALL) image dataset. "
        "Kaggle (2021), doi:10.34740/KAGGLE/DSV/2175623; and Ghaderzadeh et al.: A fast and efficient CNN model for B-ALL diagnosis and its "
        "subtypes classification using peripheral blood smear images. Int J Intell Syst 37(8):5113-5133, doi:10.1002/int.22753"
    ),
    licence="free for research, cite the authors",
    terms="Kaggle's terms hold for the download; the images may not be passed on with a program.",
    url="https://www.kaggle.com/datasets/mehradaria/leukemia",
    n_images=3256,
    classes={"Benign": 504, "Early": 985, "Pre": 963, "Pro": 804},
    groups=(
        "patients are not published; a manifest.csv with a column stream (series of acquisition, estimated from colour and the order of "
        "the files) gives groups, and leukofeat.evaluation.estimate_slides estimates slides"
    ),
    folders=("aria2021", "leukemia4"),
    layout=(
        "the archive as it comes (Original/Benign, Original/Early, Original/Pre, Original/Pro; Segmented is left out), or the four class "
        "folders, or those with a manifest.csv (path, label, split, stream)"
    ),
    known_faults=(
        "no patients are published, and the published splits are ranges of file numbers; random folds put one slide on both sides and "
        "flatter (0.9994 against 0.93 to 0.98 with colour clusters held out): use groups, or slides estimated from the images.",
        "a scale bar is burned into the lower right corner and gives the class away (that corner alone scores 0.888 on random folds): crop "
        "it first (leukofeat.preprocessing.ScaleBarCropper).",
        "colour alone separates the classes (background and red cells without any leukocyte: 0.996 on random folds): compare with the "
        "controls four_colors and no_leukocytes.",
        "40 pairs of exact copies, all in Pro, 52 pairs of near copies and 320 of overlapping fields: keep each pair on one side of a "
        "split (leukofeat.audit.audit_dataset lists them).",
    ),
    instructions="with an account at Kaggle, download the archive from the page and unpack it.",
    checksums=(
        Checksum(_NAME.format("Benign"), 101, 454, "bf95f0c3b7da5ff29f4460e76a3cf407c5b25f781881ae9263dc9ed2edc0deb9"),
        Checksum(_NAME.format("Early"), 101, 935, "d6a06d4259a111e65e30d2c66e635941bc7e8600a692b0ccffb4171d11d9d2f4"),
        Checksum(_NAME.format("Pre"), 101, 913, "9b250acde0a99fcf678ec32f137bc7d20b7393abbd3550428256cc7490125675"),
        Checksum(_NAME.format("Pro"), 101, 754, "03da33cf5905a073c1fb1fd1797bd39cfd501460d13b7b4ef93f9d5d35c678e7"),
    ),
)


def _read(root: Path) -> Bunch:
    bunch = load_images(root if (root / "manifest.csv").is_file() else below(root, "Original") or root)
    if bunch.groups is None and "stream" in bunch.frame:
        bunch.groups = bunch.frame["stream"].to_numpy(dtype=str)
    return bunch


@documented(CARD)
def fetch_aria2021(
    data_home: str | os.PathLike[str] | None = None, download: bool = True, *, verbose: int = 1
) -> Bunch:
    """ALL image dataset of Aria et al. (2021): 3,256 fields, Benign, Early, Pre and Pro.

    Examples
    --------
    >>> from leukofeat.datasets import DATASETS, fetch_aria2021
    >>> print(DATASETS["aria2021"].images)
    3,256 images: Benign 504, Early 985, Pre 963, Pro 804
    >>> fetch_aria2021("/no/such/home")
    Traceback (most recent call last):
        ...
    FileNotFoundError: ALL image dataset (Aria et al. 2021): not in the data home /no/such/home (folder aria2021 or leukemia4)...
    """
    return fetch(CARD, _read, data_home, download, verbose)
