"""The sets that are at hand, each as a site: blast against healthy leukocyte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from leukofeat import Smear
from leukofeat.datasets import load_images
from leukofeat.segmentation import LeukocyteSegmenter, split_cells
from leukofeat.sequence import as_sequence

BLAST, HEALTHY, LYMPHOCYTE = "blast", "healthy", "lymphocyte"
TASKS = ("leukocytes", "lymphocytes")
UNTYPED = ""
# crops of allidb2 that show the same cell
_SAME = {"Im257": "Im223", "Im211": "Im171", "Im259": "Im225"}
# pixels around a cell of leukemia4, so that as much slide stands around it as in the portraits of the other sets
_MARGIN = 16


def load_sites(
    folder: str | Path,
    *,
    task: str = "leukocytes",
    limit: int | None = None,
    cells: bool = False,
    n_jobs: int | None = None,
) -> tuple[dict[str, Bunch], list[str]]:
    """Sites by name, and what to know of them.

    Parameters
    ----------
    folder : path
        Holds folders called as in :data:`SETS`; those that are missing are left out.
    task : {"leukocytes", "lymphocytes"}
        Blasts against all healthy leukocytes, or against lymphocytes and the cells whose type is not stated.
    limit : int, optional
        Images of each class of a site, drawn at random.
    cells : bool
        Cut the fields of leukemia4 into portraits of single cells.
    n_jobs : int, optional
    """
    sites, told = {}, []
    for name, load in SETS.items():
        place = Path(folder) / name
        if not place.is_dir():
            told.append(f"{name}: not in {folder}, left out.")
            continue
        site = load(place)
        if task == "lymphocytes":
            site = _take(site, np.flatnonzero((site.target == BLAST) | np.isin(site.cell_type, [LYMPHOCYTE, UNTYPED])))
        site = _limited(site, limit)
        if cells and name == "leukemia4":
            site = _portraits(site, n_jobs)
        if len(site.target):
            sites[name] = site
        else:
            told.append(f"{name}: has no cell for the task {task}, left out.")
    if task == "lymphocytes":
        kept = [name for name, site in sites.items() if np.any((site.target == HEALTHY) & (site.cell_type == UNTYPED))]
        if kept:
            told.append(
                f"{', '.join(kept)}: the types of healthy cells are not stated; all are kept among the lymphocytes."
            )
    if "leukemia4" in sites:
        told.append(
            "leukemia4: a row a single cell, cut out of its field; every cell takes the class of the field, also those that are of another."
            if cells
            else "leukemia4: a row a field of many cells; the other sets show one leukocyte an image."
        )
    return sites, told


def _leukemia4(place: Path) -> Bunch:
    bunch = load_images(place)
    label = bunch.target_names[bunch.target]
    groups = bunch.frame["stream"].to_numpy(str) if "stream" in bunch.frame else bunch.groups
    return _site(bunch.images, np.where(label == "Benign", HEALTHY, BLAST), groups)


def _allidb2(place: Path) -> Bunch:
    bunch = load_images(place)
    stems = [Path(name).stem.split("_")[0] for name in bunch.filenames]
    return _site(bunch.images, bunch.target_names[bunch.target], [_SAME.get(stem, stem) for stem in stems])


def _apl(place: Path) -> Bunch:
    bunch = load_images(place)
    kind = bunch.frame["cell_type"].to_numpy(str)
    own = np.flatnonzero(np.isin(kind, ["blast", "promyelocyte"]))
    return _take(_site(bunch.images, np.full(len(kind), BLAST), bunch.groups, kind), own)


def _typed(place: Path) -> Bunch:
    bunch = load_images(place)
    return _site(bunch.images, np.full(len(bunch.target), HEALTHY), bunch.groups, bunch.target_names[bunch.target])


def _wbcseg(place: Path) -> Bunch:
    frame = pd.read_csv(place / "manifest.csv", dtype=str)
    images = [str(place / path) for path in frame["image"]]
    return _site(images, np.full(len(images), HEALTHY), None, frame["cell_type"].fillna(UNTYPED))


SETS: dict[str, Callable[[Path], Bunch]] = {
    "leukemia4": _leukemia4,
    "allidb2": _allidb2,
    "apl": _apl,
    "pbc5": _typed,
    "bcisc": _typed,
    "wbcseg": _wbcseg,
}


def _site(images: object, target: object, groups: object, cell_type: object = None) -> Bunch:
    target = np.asarray(target, str)
    kinds = np.full(len(target), UNTYPED) if cell_type is None else np.asarray(cell_type, str)
    own = None if groups is None else np.asarray(groups, str)
    return Bunch(images=as_sequence(images), target=target, groups=own, cell_type=kinds)


def _take(site: Bunch, rows: np.ndarray) -> Bunch:
    return Bunch(**{key: None if value is None else value[rows] for key, value in site.items()})


def _limited(site: Bunch, limit: int | None) -> Bunch:
    if not limit:
        return site
    order = np.random.default_rng(0).permutation(len(site.target))
    turn = pd.Series(order).groupby(site.target[order]).cumcount().to_numpy()
    return _take(site, np.sort(order[turn < limit]))


def _portraits(site: Bunch, n_jobs: int | None) -> Bunch:
    # windows around whole cells, as leukofeat_svm finds them
    found = split_cells(
        LeukocyteSegmenter(fine=False).transform(site.images),
        target=site.target,
        groups=site.groups,
        margin=_MARGIN,
        n_jobs=n_jobs,
    )
    # as plain images of a known scale: every pipeline draws its own outlines, as in the portraits of the other sets
    crops = [found.images.smear(i) for i in range(len(found.images))]
    return _site([Smear(crop.image, known_scale=crop.scale) for crop in crops], found.target, found.groups)
