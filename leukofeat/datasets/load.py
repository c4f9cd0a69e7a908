"""Images from disk: a folder of class folders, or a manifest."""

import os
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from leukofeat.datasets.manifest import absolute, find_manifest, read_manifest, unread_columns
from leukofeat.datasets.mask_files import Place, find_masks, there
from leukofeat.datasets.masks import join_masks
from leukofeat.datasets.pixel_sizes import sized
from leukofeat.datasets.scan import scan
from leukofeat.decode import ImageError
from leukofeat.remote import is_remote, local_path, masked
from leukofeat.sequence import printable


def load_images(
    folder: str | os.PathLike[str],
    *,
    manifest: str | os.PathLike[str] | pd.DataFrame | None = None,
    columns: Mapping[str, str] | None = None,
    nuclei: str | None = None,
    cells: str | None = None,
    numbered: bool = True,
) -> Bunch:
    r"""Load a set of images from disk, lazily: nothing is decoded until it is measured.

    Parameters
    ----------
    folder : path or URL
        On this machine, or behind a URL that fsspec opens: `s3://bucket/folder`, `gs://`, `https://`, `zip://::set.zip`
        (`pip install 'leukofeat[remote]'` and the protocol's own package, such as s3fs). Holds a `manifest.csv`, or one folder for each class with images in it (at any depth), or such class folders within the
        folders `train`, `valid` and `test` (or the like: `Training`, `val`), or images alone (no labels). JPEG, PNG, BMP and TIFF
        files count; others and hidden ones are passed over. A folder that holds but one other is taken for that one.
    manifest : path or DataFrame, optional
        CSV file to use instead of the folder's `manifest.csv`, in the folder or elsewhere. Columns: `path` (relative to the folder, or a
        URL) and, as far as there are, `label`, `split` and `group` (patient or slide), all four read as text, blanks around them left
        out, and `pixel_size`, the side of a pixel in micrometres, blank where it is unknown: the images' Smears carry it (else what a
        TIFF file says of it). Further columns stay in `frame`. A name without a folder, or without its ending, is that of the one image
        below the folder that is called so. A column that differs from these five in capitals or blanks only is refused.
    columns : mapping, optional
        What the manifest calls its columns, where it calls them otherwise: `{"path": "filename", "label": "diagnosis"}`.
    nuclei, cells : str, optional
        Where the label maps of each image are, made by another tool or by a person: a pattern in which an asterisk stands for the
        image, as in `"*_cp_masks.png"` (beside it) or `"masks/*.tif"` (relative to the folder), or a column of the manifest with
        their files, blank where there is none, or one COCO file for all images, `"annotations.json"`. The asterisk is the image's path below the folder without its ending or, where no image has
        such a file, its name alone. What fits the pattern, or lies in its folder, is no image. :func:`leukofeat.read_labels` says
        what a label map may be; files that end in .geojson, .json, .roi or .zip hold outlines, see
        :func:`leukofeat.interchange.read_outlines`. Those of cells have their nuclei with them.
    numbered : bool, default=True
        Whether the files number their objects. If not, whatever is not 0 counts, and each 8-connected part is an object; where one file is named
        for both nuclei and cells, its greatest value is the nucleus.

    Returns
    -------
    Bunch
        images : ImageSequence
            Lazy images, n of them; index it, or pass it as X. With label maps each is a :class:`~leukofeat.Smear` when it is asked for,
            its cells called as in the file; one whose label map is missing, damaged or of another size fails like a broken image.
        target : ndarray of shape (n,), dtype int64, or None
            Class codes into `target_names`; None without labels.
        target_names : ndarray of str
            Class names, sorted.
        filenames : ndarray of str
            Absolute paths or URLs, in the order of the manifest, or sorted by class and name.
        groups : ndarray of str, shape (n,), or None
            The manifest's column `group`.
        split : ndarray of str, shape (n,), or None
            The manifest's column `split`, or the folders: "train", "valid", "test", and other names as they are.
        frame : DataFrame
            The manifest as it was read (of URLs without their credentials), or `path`, `label` and `split` as found.
        summary : str
            What was understood: "2,856 images of 4 classes (...), 2 parts (...), 12 groups", and what was not read: image files of
            other kinds, and columns of the manifest that seem to be labels, parts or groups and are called otherwise.

    Raises
    ------
    ImageError
        For a folder that does not exist, cannot be reached or holds no image, folders that may be classes or something else, a manifest
        without `path` or with blanks in one of the four columns, a `pixel_size` that no microscope has, or listed files that are
        missing; for label maps of which none is there, or one that would belong to two images.

    Notes
    -----
    Whether each remote file of a manifest is there is not asked, which may take hours, but for the first; one that is missing fails when
    it is measured. A web server's folder without a manifest is read where the server lists it.

    Nuclei and cells that are numbered apart are paired by :func:`~leukofeat.segmentation.match_labels`; cells keep their numbers, and
    nuclei in no cell get the numbers above. A segmenter in a pipeline draws its own outlines over those given:
    `make_baseline(name, segmenter="passthrough")` leaves it out.

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

    One folder of images, and a table with names of its own:

    >>> _ = (folder / "labels.csv").write_text("id,diagnosis\n1,ALL\n")
    >>> columns = {"path": "id", "label": "diagnosis"}
    >>> load_images(folder / "Pro", manifest=folder / "labels.csv", columns=columns).summary
    '1 image of 1 class (ALL 1)'

    Label maps beside the images:

    >>> from leukofeat import write_labels
    >>> labels = np.zeros((8, 8), int)
    >>> labels[2:5, 2:5] = 12
    >>> write_labels(folder / "Benign" / "1_cp_masks.png", labels)
    >>> write_labels(folder / "Pro" / "1_cp_masks.png", labels)
    >>> bunch = load_images(folder, cells="*_cp_masks.png")
    >>> bunch.images[0].label_ids, bunch.summary
    (array([12]), '2 images of 2 classes (Benign 1, Pro 1); label maps: cells 2')
    """
    root = os.fspath(folder) if is_remote(folder) else Path(local_path(folder))
    if isinstance(root, Path) and not root.is_dir():
        raise ImageError(f"{root}: no such folder{_hint(root)}.")
    patterns = [pattern for pattern in (nuclei, cells) if pattern and "*" in pattern]
    table = find_manifest(root) if manifest is None else manifest
    if table is not None:
        frame, others = read_manifest(table, root, columns, patterns), Counter[str]()
        paths = frame["path"].tolist()
        _warn_of_repeated(frame)
        frame["path"] = frame["path"].map(masked)
    else:
        if columns is not None:
            raise ImageError(
                f"{masked(str(root))}: columns= is of a table, and there is no manifest.csv; name one as manifest=."
            )
        frame, others, found = scan(root, patterns)
        paths = [path.as_posix() if isinstance(root, str) else path for path in found]
    files = np.array([absolute(root, path) for path in paths])
    target, names = None, np.array([], dtype=str)
    if "label" in frame:
        names, target = np.unique(frame["label"].to_numpy(dtype=str), return_inverse=True)
        _warn_of_twins("classes", names)
    if "group" in frame:
        _warn_of_twins("groups", frame["group"].unique())
    masks = {
        what: find_masks(root, files.tolist(), frame, where, what)
        for what, where in (("nuclei", nuclei), ("cells", cells))
        if where is not None
    }
    without: list[Place | None] = [None] * len(files)
    return Bunch(
        images=join_masks(
            sized(files.tolist(), frame), masks.get("nuclei", without), masks.get("cells", without), numbered
        ),
        target=target,
        target_names=names,
        filenames=files,
        groups=frame["group"].to_numpy(dtype=str) if "group" in frame else None,
        split=frame["split"].to_numpy(dtype=str) if "split" in frame else None,
        frame=frame,
        summary=_summary(frame, others, masks)
        + (_unread_tables(root, frame) if table is None else unread_columns(frame))
        + ("" if masks else _likely_masks(frame)),
    )


def _hint(root: Path) -> str:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:[/\\\\]", str(root)):
        return "; pass a URL as text, because a pathlib.Path drops a slash of it"
    if root.parts[:1] and root.parts[0].startswith("~"):
        return "; pass pathlib.Path(FOLDER).expanduser(), for ~ is the user's folder to a shell only"
    return f"; an archive is read as zip://::{root}" if zipfile.is_zipfile(root) else ""


def _summary(frame: pd.DataFrame, others: Counter[str], masks: dict[str, Sequence[Place | None]]) -> str:
    text = f"{len(frame):,} image{'s' * (len(frame) != 1)}"
    text += f" of {_count(frame['label'], 'class', 'classes')}" if "label" in frame else " without labels"
    if "split" in frame:
        text += f", {_count(frame['split'], 'part', 'parts')}"
    if "group" in frame:
        n = frame["group"].nunique()
        text += f", {n:,} group{'s' * (n != 1)}"
    if masks:
        found = there([file for files in masks.values() for file in files if isinstance(file, str)])
        counts = {
            what: sum(file in found if isinstance(file, str) else file is not None for file in files)
            for what, files in masks.items()
        }
        text += f"; label maps: {', '.join(f'{what} {n:,}' for what, n in counts.items())}"
    if others:
        text += f"; not read: {', '.join(f'{n:,} {suffix}' for suffix, n in sorted(others.items()))} (convert to PNG or TIFF)"
    return text


def _unread_tables(root: Path | str, frame: pd.DataFrame) -> str:
    if "label" in frame or not isinstance(root, Path):
        return ""
    found = sorted(path.name for path in root.glob("*.csv") if path.name != "manifest.csv")
    return f"; {printable(found[0])} lies there unread (manifest=, --manifest)" if found else ""


def _likely_masks(frame: pd.DataFrame) -> str:
    """What is said where many files are called like another with the same ending behind it, as label maps beside images are."""
    stems = {str(Path(path).with_suffix("")) for path in frame["path"]}
    endings = Counter(
        stem[match.start() :]
        for stem in stems
        for match in re.finditer(r"[_.-](?=[A-Za-z_-]+$)", stem)
        if stem[: match.start()] in stems
    )
    ending, n = max(endings.items(), key=lambda found: found[1], default=("", 0))
    if n < max(2, len(stems) / 4):
        return ""
    return f"; {n:,} of them end in {printable(ending)}, each beside another image: label maps are named by cells= (--cells-from '*{printable(ending)}.png')"


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


def _warn_of_repeated(frame: pd.DataFrame) -> None:
    """Warn of files that a manifest gives several labels, or puts into several parts of a split."""
    repeated = frame[frame["path"].duplicated(keep=False)].groupby("path", sort=False)
    for column, why in ("label", "one of them is wrong"), ("split", "what was learned is no test"):
        several = repeated[column].nunique() if column in frame else pd.Series(dtype=int)
        torn = several.index[several > 1]
        if len(torn):
            warnings.warn(
                f"{masked(torn[0])}{f' and {len(torn) - 1} more' if len(torn) > 1 else ''}: in several rows of the manifest, with a {column} of its own in each: "
                f"{why}. Leave one row a file.",
                stacklevel=3,
            )
