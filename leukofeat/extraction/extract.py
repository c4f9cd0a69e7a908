"""Images to a Parquet data set in parts, which is complete or goes on where it was stopped."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from leukofeat.constraints import OneOf, check
from leukofeat.extraction.folder import IMAGES_A_PART, Folder, check_shard
from leukofeat.extraction.run import Run
from leukofeat.extras import import_extra
from leukofeat.failures import Failure
from leukofeat.features import FeatureSet
from leukofeat.parallel import warn_of_notes
from leukofeat.remote import is_remote, masked
from leukofeat.sequence import ImageSequence, as_sequence, printable

__doctest_requires__ = {"extract_parquet": ["pyarrow"]}


@dataclass(frozen=True)
class ExtractedDataset:
    """What :func:`extract_parquet` has done.

    Attributes
    ----------
    folder : Path
        `pandas.read_parquet(folder)` reads it; so do Polars, DuckDB, Dask and Spark.
    n_images, n_rows, n_columns : int
        Of the whole data set, or, with `shard`, of this share of it.
    n_measured : int
        Images whose rows were not there: they were measured now, or came from the features' `memory`.
    failures : list of Failure
        Images that could not be measured; `_errors.csv` in the folder has those of all shares.
    empty : list of str
        Names of images in which no cell was found although columns need one.
    complete : bool
        Whether all parts are there; with `shard`, other shares may be under way.

    Examples
    --------
    >>> found = ExtractedDataset(Path("features"), 2856, 2856, 312, n_measured=40, failures=[], empty=[])
    >>> f"{found.n_measured} of {found.n_images} images were new or changed"
    '40 of 2856 images were new or changed'
    """

    folder: Path
    n_images: int
    n_rows: int
    n_columns: int
    n_measured: int
    failures: list[Failure] = field(repr=False)
    empty: list[str] = field(repr=False)
    complete: bool = True


def extract_parquet(
    features: FeatureSet,
    images: Any,
    folder: str | os.PathLike[str],
    *,
    frame: pd.DataFrame | None = None,
    per: str = "image",
    shard: tuple[int, int] = (1, 1),
) -> ExtractedDataset:
    """Measure images into a folder of Parquet files, part by part; whenever it is stopped, the same call goes on there.

    Parameters
    ----------
    features : FeatureSet
        Its `on_error` says whether an image that cannot be measured stops the run or has NaN in its row (in a per-cell table: no row)
        and a line in `_errors.csv`; its `n_jobs`, `verbose` and `memory` how it is run.
    images : list, ndarray, Series, one-column DataFrame or ImageSequence of n images, paths or smears
        As the features' stages want them: what a segmenter's `transform` returns.
    folder : path
        Made where it is missing. Nothing else should be in it.
    frame : DataFrame of n rows, optional
        What else a row says of its image, as text, such as `path` and `label`; by default `path`.
    per : {"image", "cell"}, default="image"
        What has a row: as in :meth:`~leukofeat.features.FeatureSet.extract`, or as in
        :meth:`~leukofeat.features.FeatureSet.measure_cells` without `image` and `source`.
    shard : (int, int), default=(1, 1)
        Which share of the parts is measured here, counted from 1, and how many shares there are: several machines fill one folder.

    Returns
    -------
    ExtractedDataset

    Raises
    ------
    ImportError
        Where pyarrow is not installed; nothing is done then.
    OSError
        When the folder cannot be written, or another process writes to it. What is there stays as it is.
    TypeError
        When a stage or a function cannot be told from others by its content, such as one that holds an open file.
    ValueError
        For bad parameters, or, under `on_error="raise"`, the first image that fails.

    Warns
    -----
    UserWarning
        When other parameters, or another version, have made what is there: it is measured anew. So it is behind stages that learn from
        images, such as a colour template, where other images are learned from.

    Notes
    -----
    A part has 1,024 images, and is a file that is there whole or not at all; rows that no part has yet are in a store in the folder
    (:class:`~leukofeat.store.Store`). The files are the same to the last byte whether and how often a run was stopped, for any
    number of workers and of shards. Images count by their content: started again, only new and changed ones are measured, and those
    that failed; a row of an image that was removed goes. As much memory is needed for a million images as for a thousand, but for
    their names and digests.

    Examples
    --------
    >>> import tempfile
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import ColorFeatures, FeatureSet
    >>> images = make_smears(n_samples=3, size=64, random_state=0).images
    >>> features = FeatureSet([ColorFeatures(regions=("image",))])
    >>> folder = tempfile.mkdtemp()
    >>> extract_parquet(features, images[:2], folder).n_measured
    2
    >>> extract_parquet(features, images, folder).n_measured  # one is new
    1
    >>> pd.read_parquet(folder).shape
    (3, 171)
    """
    check("per", per, OneOf("image", "cell"))
    if isinstance(folder, str) and is_remote(folder):
        raise ValueError(f"{masked(folder)}: tables are written to this machine's own disks; name a folder there.")
    import_extra("pyarrow", str(folder))
    target, sequence = Folder(Path(folder), check_shard(shard)), as_sequence(images)
    run = Run(features, sequence, known_of(sequence, frame), per, target)
    heads = run.run()
    mine = [(number * IMAGES_A_PART, head) for number in run.own if (head := heads[number]) is not None]
    if len(mine) < len(run.own):
        raise OSError(f"{target.root}: parts that were written are not there any more; extract again.")
    noted: dict[str, list[str]] = {}
    for name, what in ((name, what) for _, head in mine for _, name, what in head.notes):
        noted.setdefault(what, []).append(name)
    n_images = sum(len(head.rows) for _, head in mine)
    warn_of_notes(noted, n_images)
    return ExtractedDataset(
        folder=target.root,
        n_images=n_images,
        n_rows=sum(sum(head.rows) for _, head in mine),
        n_columns=len(run.schema),
        n_measured=run.n_measured,
        failures=[Failure(first + i, name, reason) for first, head in mine for i, name, reason in head.errors],
        empty=[name for _, head in mine for name in head.empty],
        complete=None not in heads and target.is_complete(),
    )


def known_of(images: ImageSequence, frame: Any) -> pd.DataFrame:
    """What a table says of each image, as text; its path where there is none."""
    n_images = len(images)
    if frame is None:
        frame = pd.DataFrame({"path": [printable(images.source(i) or images.name(i)) for i in range(n_images)]})
    frame = frame.to_pandas() if hasattr(frame, "to_pandas") else frame
    names = [str(name) for name in frame.columns]
    if len(frame) != n_images:
        raise ValueError(f"frame has {len(frame)} rows for {n_images} images.")
    if not names or len(set(names)) < len(names):
        raise ValueError(f"frame must have columns, each of another name, not {names}.")
    return pd.DataFrame({name: [_text(value) for value in frame.iloc[:, i]] for i, name in enumerate(names)})


def _text(value: Any) -> str | None:
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    return printable(str(value))  # a table on disk holds UTF-8 only
