"""Images from disk: a folder of class folders, or a manifest."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from leukofeat.decode import IMAGE_SUFFIXES, ImageError
from leukofeat.sequence import as_sequence


def load_images(folder: str | os.PathLike[str], *, manifest: str | os.PathLike[str] | None = None) -> Bunch:
    """Load a set of images from disk, lazily: nothing is decoded until it is measured.

    Parameters
    ----------
    folder : path
        Either holds a `manifest.csv`, or one folder for each class with images in it (at any depth), or images alone
        (no labels). JPEG, PNG, BMP and TIFF files count; others and hidden ones are passed over.
    manifest : path, optional
        CSV file to use instead of the folder's `manifest.csv`. Columns: `path` (relative to the folder) and, as far as there
        are, `label`, `split` and `group` (patient or slide); further columns stay in `frame`.

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
        groups, split : ndarray of shape (n,), or None
            The manifest's columns `group` and `split`.
        frame : DataFrame
            The manifest as it was read, or `path` and `label` as found.

    Raises
    ------
    ImageError
        For a folder that does not exist or holds no image, a manifest without `path`, or listed files that are missing.

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
    """
    root = Path(folder)
    if not root.is_dir():
        raise ImageError(f"{root}: no such folder.")
    table = Path(manifest) if manifest is not None else root / "manifest.csv"
    frame = _read_manifest(table, root) if manifest is not None or table.is_file() else _scan(root)
    files = np.array([str((root / path).absolute()) for path in frame["path"]])
    target, names = None, np.array([], dtype=str)
    if "label" in frame:
        names, target = np.unique(frame["label"].to_numpy(dtype=str), return_inverse=True)
    return Bunch(
        images=as_sequence(list(files)),
        target=target,
        target_names=names,
        filenames=files,
        groups=frame["group"].to_numpy() if "group" in frame else None,
        split=frame["split"].to_numpy() if "split" in frame else None,
        frame=frame,
    )


def _scan(root: Path) -> pd.DataFrame:
    # Class folders may be links; links further down are not followed, they can lead in circles.
    files = (path for top in root.iterdir() for path in (top.rglob("*") if top.is_dir() else [top]))
    rows = [
        path.relative_to(root)
        for path in sorted(files)
        if path.suffix.lower() in IMAGE_SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]
    if not rows:
        raise ImageError(
            f"{root}: no JPEG, PNG, BMP or TIFF image in this folder; expected class folders with images, or a manifest.csv."
        )
    columns: dict[str, Any] = {"path": [row.as_posix() for row in rows]}
    loose = [row.name for row in rows if len(row.parts) == 1]
    if not loose:
        columns["label"] = [row.parts[0] for row in rows]
    elif len(loose) < len(rows):
        raise ImageError(
            f"{root}: {len(loose)} images lie beside the class folders, {loose[0]} for one; move them into a class folder, or "
            "list all files in a manifest.csv."
        )
    return pd.DataFrame(columns)


def _read_manifest(table: Path, root: Path) -> pd.DataFrame:
    try:
        # As text: a class may be called 01, NA or None.
        frame = pd.read_csv(table, dtype={"path": str, "label": str}, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise ImageError(f"{table}: cannot be read as CSV ({error}).") from error
    if "path" not in frame:
        raise ImageError(f"{table}: no column 'path'; it has {', '.join(map(str, frame.columns))}.")
    for column in ("path", "label"):
        if column in frame and frame[column].isna().any():
            row = int(np.flatnonzero(frame[column].isna())[0])
            raise ImageError(f"{table}: no {column} in line {row + 2}.")
    if frame.empty:
        raise ImageError(f"{table}: lists no image.")
    missing = [path for path in frame["path"] if not (root / path).is_file()]
    if missing:
        raise ImageError(
            f"{table}: {len(missing)} of {len(frame)} listed files are missing under {root}, {missing[0]} for one; "
            "paths are relative to the folder."
        )
    return frame
