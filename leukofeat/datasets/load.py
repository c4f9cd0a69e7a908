"""Images from disk: a folder of class folders, or a manifest."""

import os
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from leukofeat.datasets.pixel_sizes import COLUMN, read_pixel_sizes, sized
from leukofeat.decode import IMAGE_SUFFIXES, ImageError
from leukofeat.sequence import as_sequence, printable

# Columns of a manifest that are names, whatever they look like: patient 01 is not patient 1.
_TEXT = ("path", "label", "split", "group")
_PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "val", "validation", "dev"), "valid"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_OTHER_IMAGES = (
    ".webp",
    ".gif",
    ".svs",
    ".ndpi",
    ".czi",
    ".nd2",
    ".lif",
    ".mrxs",
    ".scn",
    ".jp2",
    ".heic",
    ".dcm",
    ".raw",
    ".dng",
)
_WAY_OUT = "name one of them as the folder, or list the files in a manifest.csv (path, label, split, group)"


def load_images(folder: str | os.PathLike[str], *, manifest: str | os.PathLike[str] | None = None) -> Bunch:
    """Load a set of images from disk, lazily: nothing is decoded until it is measured.

    Parameters
    ----------
    folder : path
        Holds a `manifest.csv`, or one folder for each class with images in it (at any depth), or such class folders within the
        folders `train`, `valid` and `test` (or the like: `Training`, `val`), or images alone (no labels). JPEG, PNG, BMP and TIFF
        files count; others and hidden ones are passed over. A folder that holds but one other is taken for that one.
    manifest : path, optional
        CSV file to use instead of the folder's `manifest.csv`. Columns: `path` (relative to the folder) and, as far as there
        are, `label`, `split` and `group` (patient or slide), all four read as text, blanks around them left out, and `pixel_size`, the
        side of a pixel in micrometres, blank where it is unknown: the images' Smears carry it (else what a TIFF file says of it).
        Further columns stay in `frame`.

    Returns
    -------
    Bunch
        images : ImageSequence
            Lazy images, n of them; index it, or pass it as X.
        target : ndarray of shape (n,), dtype int64, or None
            Class codes into `target_names`; None without labels.
        target_names : ndarray of str
            Class names, sorted.
        filenames : ndarray of str
            Absolute paths, in the order of the manifest, or sorted by class and name.
        groups : ndarray of str, shape (n,), or None
            The manifest's column `group`.
        split : ndarray of str, shape (n,), or None
            The manifest's column `split`, or the folders: "train", "valid", "test", and other names as they are.
        frame : DataFrame
            The manifest as it was read, or `path`, `label` and `split` as found.
        summary : str
            What was understood: "2,856 images of 4 classes (...), 2 parts (...), 12 groups", and image files of kinds that are not
            read.

    Raises
    ------
    ImageError
        For a folder that does not exist or holds no image, folders that may be classes or something else, a manifest
        without `path` or with blanks in one of the four columns, a `pixel_size` that no microscope has, or listed files that are missing.

    Warns
    -----
    UserWarning
        For classes or groups that differ only in blanks around them (which are left out) or in upper and lower case.

    Examples
    --------
    >>> import cv2, numpy as np, pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("Benign", "Pro"):
    ...     (folder / name).mkdir()
    ...     _ = cv2.imwrite(str(folder / name / "1.png"), np.full((8, 8, 3), 200, np.uint8))
    >>> bunch = load_images(folder)
    >>> bunch.target_names, bunch.target
    (array(['Benign', 'Pro'], dtype='<U6'), array([0, 1]))
    >>> bunch.summary
    '2 images of 2 classes (Benign 1, Pro 1)'
    """
    root = Path(folder)
    if not root.is_dir():
        raise ImageError(f"{root}: no such folder.")
    table = Path(manifest) if manifest is not None else root / "manifest.csv"
    if manifest is not None or table.is_file():
        frame, others = _read_manifest(table, root), Counter[str]()
        paths = frame["path"].tolist()
    else:
        frame, others, paths = _scan(root)
    files = np.array([str((root / path).absolute()) for path in paths])
    target, names = None, np.array([], dtype=str)
    if "label" in frame:
        names, target = np.unique(frame["label"].to_numpy(dtype=str), return_inverse=True)
        _warn_of_twins("classes", names)
    if "group" in frame:
        _warn_of_twins("groups", frame["group"].unique())
    return Bunch(
        images=as_sequence(sized(files.tolist(), frame)),
        target=target,
        target_names=names,
        filenames=files,
        groups=frame["group"].to_numpy(dtype=str) if "group" in frame else None,
        split=frame["split"].to_numpy(dtype=str) if "split" in frame else None,
        frame=frame,
        summary=_summary(frame, others),
    )


def _summary(frame: pd.DataFrame, others: Counter[str]) -> str:
    text = f"{len(frame):,} image{'s' * (len(frame) != 1)}"
    text += f" of {_count(frame['label'], 'class', 'classes')}" if "label" in frame else " without labels"
    if "split" in frame:
        text += f", {_count(frame['split'], 'part', 'parts')}"
    if "group" in frame:
        n = frame["group"].nunique()
        text += f", {n:,} group{'s' * (n != 1)}"
    if others:
        text += f"; not read: {', '.join(f'{n:,} {suffix}' for suffix, n in sorted(others.items()))} (convert to PNG or TIFF)"
    return text


def _count(column: pd.Series, one: str, many: str) -> str:
    sizes = column.value_counts().sort_index()
    shown = [f"{printable(name)} {size:,}" for name, size in sizes[:10].items()]
    more = ["..."] * (len(sizes) > 10)
    return f"{len(sizes):,} {one if len(sizes) == 1 else many} ({', '.join(shown + more)})"


def find_twins(names: Iterable[str]) -> list[str]:
    """Names that differ in case or blanks only, each set as text.

    Examples
    --------
    >>> find_twins(["Benign", "Pro", "benign "])
    ["'Benign' and 'benign '"]
    """
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(" ".join(str(name).casefold().split()), []).append(str(name))
    return [" and ".join(map(repr, found)) for found in alike.values() if len(found) > 1]


def _warn_of_twins(what: str, names: Iterable[str]) -> None:
    twins = find_twins(names)
    if twins:
        warnings.warn(f"The {what} {'; '.join(twins)} differ in case or blanks only; are they the same?", stacklevel=3)


def _scan(root: Path) -> tuple[pd.DataFrame, Counter[str], list[Path]]:
    """Table of the images below a folder, the number of image files of other kinds, and the paths as they are."""
    found = list(_files(root))
    rows = sorted(path.relative_to(root) for path in found if path.suffix.lower() in IMAGE_SUFFIXES)
    others = Counter(path.suffix.lower() for path in found if path.suffix.lower() in _OTHER_IMAGES)
    if not rows:
        there = (
            f"; {sum(others.values())} of other kinds ({', '.join(sorted(others))}), which are not read"
            if others
            else ""
        )
        raise ImageError(
            f"{root}: no JPEG, PNG, BMP or TIFF image in this folder{there}; expected class folders with images, or a manifest.csv."
        )
    loose = [row.name for row in rows if len(row.parts) == 1]
    if loose and len(loose) < len(rows):
        raise ImageError(
            f"{root}: {len(loose)} images lie beside the class folders, {printable(loose[0])} for one; move them into a class folder, or "
            "list all files in a manifest.csv."
        )
    columns = {"path": [printable(row.as_posix()) for row in rows]}
    if not loose:
        columns |= _read_levels(root, [row.parts[:-1] for row in rows])
    return pd.DataFrame(columns), others, rows


def _files(root: Path) -> Iterable[Path]:
    # Class folders may be links; links further down are not followed, they can lead in circles.
    for top in root.iterdir():
        for path in top.rglob("*") if top.is_dir() else [top]:
            if not any(part.startswith(".") for part in path.relative_to(root).parts) and path.is_file():
                yield path


def _read_levels(root: Path, folders: list[tuple[str, ...]]) -> dict[str, list[str]]:
    """What the folders on the way to each image say: its label, and its part where the uppermost ones are parts."""
    while len({folder[0] for folder in folders}) == 1 and all(len(folder) > 1 for folder in folders):
        folders = [folder[1:] for folder in folders]
    tops = sorted({folder[0] for folder in folders})
    parts = [top for top in tops if top.casefold() in _PARTS]
    below = {top: {folder[1] for folder in folders if folder[0] == top and len(folder) > 1} for top in tops}
    if parts and len(parts) == len(tops):
        split = {"split": [_PARTS[folder[0].casefold()] for folder in folders]}
        if not any(below.values()):
            return split
        if all(len(folder) > 1 for folder in folders):
            return split | {"label": [folder[1] for folder in folders]}
    same = len(tops) > 1 and len(below[tops[0]]) > 1 and all(below[top] == below[tops[0]] for top in tops)
    if parts or same:
        what = (
            f"each hold {', '.join(sorted(below[tops[0]]))}"
            if same
            else f"{', '.join(parts)} look like parts of a split"
        )
        listed = printable(", ".join(tops[:8]))
        raise ImageError(f"{root}: are its folders {listed} the classes? {printable(what)}; {_WAY_OUT}.")
    return {"label": [folder[0] for folder in folders]}


def _read_manifest(table: Path, root: Path) -> pd.DataFrame:
    try:
        # As text: a class may be called 01, NA or None.
        frame = pd.read_csv(table, dtype=dict.fromkeys((*_TEXT, COLUMN), str), keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise ImageError(f"{table}: cannot be read as CSV in UTF-8 ({error}).") from error
    if "path" not in frame:
        raise ImageError(f"{table}: no column 'path'; it has {', '.join(map(str, frame.columns))}.")
    if frame.empty:
        raise ImageError(f"{table}: lists no image.")
    for column in [column for column in _TEXT if column in frame]:
        frame[column] = _stripped(frame[column], column)
        blank = np.flatnonzero(frame[column].isna() | (frame[column] == ""))
        if len(blank):
            more = f" and {len(blank) - 1} more" if len(blank) > 1 else ""
            way_out = "" if column == "path" else f"; fill it in, or leave the column '{column}' out"
            raise ImageError(f"{table}: no {column} in line {blank[0] + 2}{more}{way_out}.")
    read_pixel_sizes(frame, table)
    if "split" in frame:
        frame["split"] = [_PARTS.get(name.casefold(), name) for name in frame["split"]]
    missing = [path for path in frame["path"] if not (root / path).is_file()]
    if missing:
        raise ImageError(
            f"{table}: {len(missing)} of {len(frame)} listed files are missing under {root}, {missing[0]} for one; "
            "paths are relative to the folder."
        )
    return frame


def _stripped(column: pd.Series, name: str) -> pd.Series:
    stripped = column if name == "path" else column.str.strip()
    changed = column[(stripped != column) & column.notna() & (stripped != "")]
    if len(changed):
        warnings.warn(
            f"{len(changed)} entries of the column '{name}' have blanks at their ends, {changed.iloc[0]!r} for one; they were left out.",
            stacklevel=4,
        )
    return stripped
