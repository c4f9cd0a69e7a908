"""Where a benchmark finds what it is told by name: sets in the data home, networks in its folder `weights`."""

from __future__ import annotations

import os

from leukofeat.datasets import DATASETS, get_data_home
from leukofeat.datasets.fetch.find import find_dataset
from leukofeat.remote import is_remote

NAME_OR_FOLDER = "a set in the data home (LEUKOFEAT_DATA, or ~/leukofeat_data) by its name, or a folder"


def data_folder(text: str) -> str:
    """Folder of images: a path or URL as it is, and else a folder of the data home, or a set there by the name of its card."""
    if is_remote(text) or os.path.isdir(text):
        return text
    home = get_data_home()
    card = DATASETS.get(text)
    found = home / text if (home / text).is_dir() else card and find_dataset(card, home)
    if not found:
        raise SystemExit(
            f"{text}: no such folder, here or in the data home {home}. Name a folder of images, or say by LEUKOFEAT_DATA=FOLDER where public "
            "sets lie (docs/datasets.md)."
        )
    return str(found)


def network_file(text: str | None) -> str | None:
    """File of a network: a path or URL as it is, or a file of that name in the data home's folder `weights`."""
    if text is None or is_remote(text) or os.path.exists(text):
        return text
    there = get_data_home() / "weights" / text
    if not there.is_file():
        raise SystemExit(f"{text}: no such file, here or in {there.parent}.")
    return str(there)
