"""Tables that list images: which column is what, and where the files are that they name."""

import os
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from shlex import quote
from typing import Any
from unicodedata import normalize

import numpy as np
import pandas as pd

from leukofeat.datasets.mask_files import is_mask_file
from leukofeat.datasets.pixel_sizes import COLUMN, read_pixel_sizes
from leukofeat.datasets.scan import PARTS, list_names
from leukofeat.decode import IMAGE_SUFFIXES, ImageError
from leukofeat.markup import text_of
from leukofeat.remote import RemoteError, existing, is_remote, join, local_path, masked, open_binary
from leukofeat.sequence import printable

# Columns of a manifest that are names, whatever they look like: patient 01 is not patient 1.
_TEXT = ("path", "label", "split", "group")
ROLES = (*_TEXT, COLUMN)
# what other people call the columns, to show in an error what can be said
_OFTEN = {
    "path": (
        "file",
        "filename",
        "file_name",
        "filepath",
        "image",
        "image_id",
        "imageid",
        "image id",
        "img",
        "name",
        "id",
        "new_names",
    ),
    "label": ("class", "diagnosis", "target", "category", "labels", "class label", "cell_type", "type"),
    "group": ("patient", "patient_id", "patientid", "subject", "subject_id", "case", "case_id", "slide", "slide_id"),
    "split": ("part", "fold", "set", "subset", "usage"),
}


def absolute(root: Path | str, path: str | os.PathLike[str]) -> str:
    """Path or URL of a file of a folder.

    Examples
    --------
    >>> absolute("s3://bucket/set", "Pro/1.png")
    's3://bucket/set/Pro/1.png'
    """
    if isinstance(root, str) or is_remote(path):
        return join(str(root), os.fspath(path))
    return str((root / local_path(path)).absolute())


def find_manifest(root: Path | str) -> Path | str | None:
    """The `manifest.csv` of a folder; None where there is none.

    Examples
    --------
    >>> find_manifest(Path("/nowhere")) is None
    True
    """
    if isinstance(root, Path):
        table = root / "manifest.csv"
        return table if table.is_file() else None
    url = join(root, "manifest.csv")
    try:
        return url if existing([url]) else None
    except RemoteError as error:
        if error.is_absent:  # a store that shows no list of its files denies those that there are not
            return None
        raise ImageError(f"{masked(root)}: cannot be read: {error}.") from None


def read_manifest(
    source: str | os.PathLike[str] | pd.DataFrame,
    root: Path | str,
    columns: Mapping[str, str] | None = None,
    masks: Sequence[str] = (),
) -> pd.DataFrame:
    """Table of images, checked: every file is there, and no name is blank.

    Parameters
    ----------
    source : path, URL or DataFrame
        A relative path that is not there is one of the folder.
    root : Path, or str
        Folder of the images, or its URL.
    columns : mapping from str to str, optional
        Which of its columns is `path`, `label`, `split`, `group` or `pixel_size`.
    masks : sequence of str
        Patterns of label maps, which are no images.

    Returns
    -------
    DataFrame
        With the columns `path` (below the folder, or a URL) and, as far as there are, `label`, `split`, `group`, as text, and
        `pixel_size`; all others as they are.

    Raises
    ------
    ImageError
        For what is no table of images.

    Examples
    --------
    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> (root / "images").mkdir()
    >>> (root / "images" / "a7.png").touch()
    >>> read_manifest(pd.DataFrame({"id": ["a7"], "diagnosis": ["ALL"]}), root, {"path": "id", "label": "diagnosis"})["path"].tolist()
    ['images/a7.png']
    """
    unknown = sorted(set(columns or {}) - set(ROLES))
    if unknown:
        raise ValueError(
            f"columns: {unknown[0]!r} is none of {', '.join(ROLES)}; it maps one of these to the table's own name for it."
        )
    table, frame = _open(source, root, dict(columns or {}))
    for role, name in (columns or {}).items():
        if name not in frame:
            raise ImageError(f"{table}: no column {name!r}, which is to be {role!r}; it has {_listed(frame)}.")
    frame = frame.assign(**{role: frame[name] for role, name in (columns or {}).items()})
    alike = {str(name).casefold().strip(): name for name in frame}
    for role in ROLES:
        if role not in frame and role in alike:
            raise ImageError(
                f"{table}: the column {alike[role]!r} is not {role!r}; call it so, or say columns={{{role!r}: {alike[role]!r}}} "
                f"(--column '{role}={alike[role]}'), or give it another name where it is something else."
            )
    if "path" not in frame:
        raise ImageError(f"{table}: no column 'path'; it has {_listed(frame)}.{_proposal(frame)}")
    if frame.empty:
        raise ImageError(f"{table}: lists no image.")
    for column in [column for column in _TEXT if column in frame]:
        frame[column] = frame[column].map(text_of, na_action="ignore").astype(frame[column].dtype)
        frame[column] = _stripped(frame[column], column)
        blank = np.flatnonzero(frame[column].isna() | (frame[column] == ""))
        if len(blank):
            more = f" and {len(blank) - 1} more" if len(blank) > 1 else ""
            way_out = "" if column == "path" else f"; fill it in, or leave the column '{column}' out"
            raise ImageError(f"{table}: no {column} in line {blank[0] + 2}{more}{way_out}.")
    read_pixel_sizes(frame, table)
    if "split" in frame:
        frame["split"] = [PARTS.get(name.casefold(), name) for name in frame["split"]]
    frame["path"] = _found(frame["path"].tolist(), root, table, masks)
    return frame


def _open(source: Any, root: Path | str, columns: dict[str, str]) -> tuple[str, pd.DataFrame]:
    """What to call a table, and what it holds, with all names as text."""
    names = dict.fromkeys((*ROLES, *columns.values()), str)
    if isinstance(source, pd.DataFrame):
        known = [name for name in names if name in source]
        text = {
            name: source[name].astype(object).where(source[name].isna(), source[name].astype(str)) for name in known
        }
        return "The table", source.reset_index(drop=True).assign(
            **{k: v.reset_index(drop=True) for k, v in text.items()}
        )
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(f"manifest must be a file or a pandas DataFrame, not {type(source)}.")
    if not is_remote(source) and not Path(local_path(source)).exists() and isinstance(root, Path):
        source = root / local_path(source) if (root / local_path(source)).exists() else source
    table = masked(os.fspath(source))
    try:
        # As text: a class may be called 01, NA or None.
        file = open_binary(source) if is_remote(source) else local_path(source)
        if isinstance(file, str) and file.lower().endswith(".csv") and b"\0" in Path(file).read_bytes():
            raise ValueError("it holds a zero byte, at which some versions of pandas end a name")
        return table, pd.read_csv(file, dtype=names, keep_default_na=False, na_values=[""])
    except RemoteError as error:
        raise ImageError(f"{table}: cannot be read: {error}.") from None
    except UnicodeDecodeError as error:
        raise ImageError(
            f"{table}: is not in UTF-8 ({error}); save it as 'CSV UTF-8', or pass pandas.read_csv(FILE, encoding='cp1252') as manifest=."
        ) from error
    except (OSError, ValueError) as error:
        raise ImageError(f"{table}: cannot be read as CSV in UTF-8 ({error}).") from error


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(map(str, frame.columns))


def _proposal(frame: pd.DataFrame) -> str:
    """What could be said of the columns, as far as their names tell."""
    if len(frame.columns) == 1 and (sep := next((sep for sep in ";\t|" if sep in str(frame.columns[0])), "")):
        return f" Its columns are separated by {sep!r} and not by commas: save it with commas, or pass pandas.read_csv(FILE, sep={sep!r}) as manifest=."
    known = _likely_columns(frame)
    if "path" not in known:
        return " columns={'path': NAME} says which of them names the images' files." if len(frame.columns) else ""
    return f" Say which is which, perhaps {_said(known)}."


def _likely_columns(frame: pd.DataFrame) -> dict[str, str]:
    """For each role without a column, the one that is called as others call theirs."""
    plain = {str(name).casefold().strip(): str(name) for name in frame.columns}
    guess = {role: next((plain[name] for name in names if name in plain), None) for role, names in _OFTEN.items()}
    return {role: name for role, name in guess.items() if name is not None and role not in frame}


def _said(columns: Mapping[str, str]) -> str:
    """How to say which column is which, in Python and on the command line."""
    typed = " ".join(f"--column {quote(f'{role}={name}')}" for role, name in columns.items())
    return f"columns={dict(columns)} ({typed})"


def unread_columns(frame: pd.DataFrame) -> str:
    """What is said of columns that seem to be labels, groups or parts, and are not called so; nothing where there are none.

    Examples
    --------
    >>> unread_columns(pd.DataFrame({"path": ["1.png"], "label": ["ALL"], "patient_id": [7]}))
    "; not read: the column patient_id, perhaps columns={'group': 'patient_id'} (--column group=patient_id)"
    """
    known = _likely_columns(frame)
    if not known:
        return ""
    return f"; not read: the column{'s' * (len(known) > 1)} {' and '.join(known.values())}, perhaps {_said(known)}"


def _found(paths: list[str], root: Path | str, table: str, masks: Sequence[str]) -> list[str]:
    """Paths below the folder: as they are or, where a table gives names alone, those of the files called so."""
    missing = _missing(paths, root, table)
    if missing and isinstance(root, Path):
        index = _index(root, masks)
        elsewhere = {path: _one(path, index, table) for path in missing}
        paths = [elsewhere.get(path) or path for path in paths]
        missing = [path for path in missing if elsewhere[path] is None]
    if missing:
        raise ImageError(
            f"{table}: {len(missing)} of {len(paths)} listed files are missing under {masked(str(root))}, {masked(missing[0])} for one; "
            "paths are relative to the folder."
        )
    return paths


def _index(root: Path, masks: Sequence[str]) -> dict[str, list[str]]:
    """Images below a folder by what a table may call them: the name alone, and path and name without their ending."""
    index = defaultdict(list)
    for path in list_names(root):
        if path.suffix.lower() in IMAGE_SUFFIXES and not is_mask_file(root, path, masks):
            for name in {path.name, path.stem, path.as_posix(), path.with_suffix("").as_posix()}:
                index[normalize("NFC", name)].append(path.as_posix())
    return index


def _one(path: str, index: Mapping[str, list[str]], table: str) -> str | None:
    # tables of Windows have backslashes, and files from a Mac accents as letters of their own
    found = sorted(set(index.get(normalize("NFC", PurePath(path.replace("\\", "/")).as_posix()), [])))
    if len(found) > 1:
        raise ImageError(
            f"{table}: {printable(path)} may be {printable(found[0])} or {printable(found[1])}; give paths below the folder, name the folder "
            "that holds the images alone, or say which files are label maps (nuclei=, cells=)."
        )
    return found[0] if found else None


def _missing(paths: list[str], root: Path | str, table: str) -> list[str]:
    """Those of some paths that are not there; of remote ones the first is asked for, which tells whether they lie where it is said."""
    files = [absolute(root, path) for path in paths]
    first = next((i for i, file in enumerate(files) if is_remote(file)), -1)
    asked = [i for i, file in enumerate(files) if i == first or not is_remote(file)]
    try:
        found = existing(files[i] for i in asked)
    except RemoteError as error:
        raise ImageError(f"{table}: {masked(files[first])} cannot be read: {error}.") from None
    return [paths[i] for i in asked if files[i] not in found]


def _stripped(column: pd.Series, name: str) -> pd.Series:
    stripped = column if name == "path" else column.str.strip()
    changed = column[(stripped != column) & column.notna() & (stripped != "")]
    if len(changed):
        warnings.warn(
            f"{len(changed)} entries of the column '{name}' have blanks at their ends, {changed.iloc[0]!r} for one; they were left out.",
            stacklevel=4,
        )
    return stripped
