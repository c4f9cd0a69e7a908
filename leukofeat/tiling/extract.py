"""From a large field to a table of its cells, tile by tile."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from leukofeat.base import ImageStage
from leukofeat.constraints import Integral, Number, OneOf, check
from leukofeat.dropped import Dropped
from leukofeat.failures import Failure
from leukofeat.features.known_cells import CellCenters
from leukofeat.features.summary import SUMMARIES
from leukofeat.parallel import map_batches
from leukofeat.pipeline import split_pipeline
from leukofeat.sequence import printable
from leukofeat.tiling.cells import Cell, find_cells, placed
from leukofeat.tiling.grid import Tiles, cut
from leukofeat.tiling.open import open_field
from leukofeat.tiling.output import LabelMap, Table
from leukofeat.tiling.places import check_places
from leukofeat.tiling.seams import Seams
from leukofeat.tiling.whole import settle

_LEAST_OVERLAP, _OVERLAP = 32, 160  # pixels of a tile's margin: at least, and where nothing tells how large cells are
# a leukocyte, 12 to 20 micrometres wide, in nuclei of 8 to 12, and in red cells of 7.2
_IN_NUCLEI, _IN_RED_CELLS = 2.5, 2.8


@dataclass
class FieldCells:
    """What a field holds.

    Attributes
    ----------
    table : DataFrame or None
        A row a cell, in the columns of :meth:`leukofeat.features.FeatureSet.measure_cells`; None where it was written to a file.
    n_cells : int
    dropped : list of Dropped
        Bodies that were seen and are not reported.
    failures : list of Failure
        Tiles that could not be measured.
    n_tiles : int
    overlap : int
        Pixels around a tile that were looked at with it.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from leukofeat.segmentation import OtsuSegmenter
    >>> found = extract_field(np.full((50, 60, 3), 230, np.uint8), make_pipeline(OtsuSegmenter()))
    >>> found.n_cells, len(found.table), found.failures
    (0, 0, [])
    """

    table: pd.DataFrame | None = None
    n_cells: int = 0
    dropped: list[Dropped] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    n_tiles: int = 1
    overlap: int = 0


def extract_field(
    source: Any,
    pipeline: Any,
    *,
    level: int = 0,
    tile: int = 2048,
    overlap: int | None = None,
    output: str | os.PathLike[str] | Callable[[pd.DataFrame], None] | None = None,
    labels: str | os.PathLike[str] | None = None,
    nuclei: str | os.PathLike[str] | None = None,
    on_error: str = "raise",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> FieldCells:
    """Find and measure the cells of a field of any size, tile by tile, each cell once.

    A field that is no larger than a tile is measured as any image, and gives the same bytes. Of a larger one, what stages take from the
    whole image (light, white balance, the size of nuclei and of red cells) is taken from the whole field first.

    Parameters
    ----------
    source : Field, path or array-like
        As for :func:`open_field`.
    pipeline : Pipeline or segmenter
        Image stages with a segmenter, and a feature family or :class:`~leukofeat.features.FeatureSet` whose columns of single cells are
        measured; what follows, such as a classifier, is not used. Without features, the table says where the cells are.
    level : int, default=0
        Of a pyramid; of a file.
    tile : int, default=2048
        Side of a tile's own part in pixels, at most; the memory goes with its square.
    overlap : int, optional
        Pixels around it that are looked at, too; wider than a cell. By default two and a half nuclei, or 2.8 red cells, or 160 where
        nothing tells their size. It is widened for single tiles with larger cells.
    output : path or callable, optional
        A .parquet or .csv file that rows are written to as they come, or what is called with each part of the table. By default the table is
        returned.
    labels, nuclei : path, optional
        Label maps to write of cells and of nuclei, .tif or .zarr; their numbers are the column `cell`. Files are replaced, and so are
        .zarr folders that were written here.
    on_error : {"raise", "nan"}, default="raise"
        A tile that cannot be read or measured: the error, or an entry of `failures`, and no cells there.
    n_jobs, verbose
        As for :class:`~leukofeat.features.FeatureSet`; the result is the same for every number of workers.

    Returns
    -------
    FieldCells

    Raises
    ------
    ImageError
        When the field cannot be opened or read, naming it.
    ValueError
        For a bad parameter, a pipeline without a segmenter, a stage that changes the size of tiles; for an output that would take the
        place of the field, of another output, or of a folder that is no label map of an earlier run. Nothing is done then.
    OSError
        When what is to be written cannot be, as on a full disk; names the file. Nothing new is left of it, and an older file in its place
        stays as it was.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.features import FeatureSet, GeometryFeatures
    >>> from leukofeat.segmentation import LeukocyteSegmenter
    >>> smear = make_smears(n_samples=1, size=600, random_state=2).images[0]
    >>> pipeline = make_pipeline(LeukocyteSegmenter(), FeatureSet([GeometryFeatures()]))
    >>> whole, tiled = (extract_field(smear, pipeline, tile=tile) for tile in (2048, 300))
    >>> whole.n_tiles, tiled.n_tiles, whole.n_cells == tiled.n_cells
    (1, 4, True)
    """
    check("tile", tile, Number(Integral, 16))
    check("on_error", on_error, OneOf("raise", "nan"))
    if overlap is not None:
        check("overlap", overlap, Number(Integral, 0))
    stages, features, _ = split_pipeline(make_pipeline(pipeline) if isinstance(pipeline, ImageStage) else pipeline)
    for part in (*stages, *([] if features is None else [features])):
        part.check_params()
    families, columns = ([], None) if features is None else features.measured("cell")
    names = [] if features is None else features.cell_names()
    check_places(source, {"output": None if callable(output) else output, "labels": labels, "nuclei": nuclei})
    slide = open_field(source, level=level)
    found = FieldCells()
    with ExitStack() as files:
        parts: list[pd.DataFrame] = []
        write: Any = output if callable(output) else parts.append
        if output is not None and not callable(output):
            write = files.enter_context(Table(output)).write
        maps = [files.enter_context(LabelMap(path, k)) for k, path in enumerate((labels, nuclei)) if path is not None]
        images, found.overlap = _tiles(slide, stages, tile, overlap, on_error == "raise")
        found.n_tiles = len(images)
        seams = Seams(4 * found.overlap)

        visit = partial(find_cells, families, columns, found.overlap, on_error)
        batches = map_batches(visit, images, n_jobs=n_jobs, verbose=verbose, description="tiles")
        for number, one in enumerate(chain.from_iterable(batches)):
            if one.reason is not None:
                found.failures.append(Failure(number, images.name(number), one.reason))
            cells = seams.settle(one) if found.n_tiles > 1 else one.claimed
            numbers = one.labels if one.labels is not None else found.n_cells + 1 + np.arange(len(cells))
            found.n_cells += len(cells)
            found.dropped += one.dropped
            for label_map in maps:
                label_map.paint(cells, numbers.tolist(), one.shape)
            if cells or not number:  # the first, so that there is a table
                write(_table(cells, numbers, one.shape, names, slide.source))
    if output is None:
        found.table = pd.concat(parts, ignore_index=True)
    return found


def _tiles(slide: Any, stages: Sequence[Any], tile: int, overlap: int | None, strict: bool) -> tuple[Tiles, int]:
    """Tiles of a field with the steps for them, and their margin."""
    if max(slide.shape) <= tile:
        images = Tiles(slide, cut(slide.shape, tile, 0), slide.shape)
        for stage in stages:
            images = (stage.fit(images) if stage.requires_fit and not _is_fitted(stage) else stage).transform(images)
        return images, 0
    settled = settle(slide, stages, strict=strict)
    if overlap is None:
        sizes = [
            settled.nucleus and _IN_NUCLEI * settled.nucleus,
            settled.scale and _IN_RED_CELLS * settled.scale.pixels,
        ]
        known = [size for size in sizes if size]
        overlap = round(max(known)) if known else _OVERLAP
        overlap = max(_LEAST_OVERLAP, min(overlap, tile // 2))
    shape = settled.rows, slide.shape[1]
    images = Tiles(slide, cut(shape, tile, overlap), shape, settled.scale)
    images.steps = settled.steps
    return images, overlap


def _is_fitted(stage: Any) -> bool:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(stage)
    except NotFittedError:
        return False
    return True


def _table(
    cells: Sequence[Cell], numbers: np.ndarray, shape: tuple[int, int], names: Sequence[str], source: str | None
) -> pd.DataFrame:
    """Rows of the per-cell table."""
    n = len(cells)
    values = np.array([cell.row for cell in cells], np.float64).reshape(n, len(names))
    known = {"image": np.zeros(n, np.int64), "source": np.full(n, source and printable(source), object)}
    known |= {"cell": np.asarray(numbers, np.int64)} | placed(cells, shape)
    centers = np.array([cell.center for cell in cells], np.float64).reshape(n, len(CellCenters.names))
    known |= dict(zip(names, values.T, strict=True)) | dict(zip(CellCenters.names, centers.T, strict=True))
    return pd.DataFrame(known)


def summarize_field(table: pd.DataFrame, features: Any) -> pd.Series:
    """The columns of an image's row that can be made of a table of its cells: counts, and summaries over the cells.

    Parameters
    ----------
    table : DataFrame
        As :func:`extract_field` gives or writes it.
    features : FeatureFamily
        That it was measured with.

    Returns
    -------
    Series of float64
        In the order of `features.row_names()`. Left out are columns of other regions than single cells, as those of the background.

    Examples
    --------
    >>> from leukofeat.features import GeometryFeatures
    >>> table = pd.DataFrame({"nucleus_area": [100.0, 300.0]})
    >>> summarize_field(table, GeometryFeatures())[["cell_count", "nucleus_area_mean"]].tolist()
    [2.0, 200.0]
    """
    made: dict[str, float] = {}
    for name in features.row_names():
        of_cell, _, how = name.rpartition("_")
        if name == "cell_count":
            made[name] = float(len(table))
        elif how in SUMMARIES and of_cell in table:
            values = table[[of_cell]].to_numpy(np.float64)
            made[name] = float(SUMMARIES[how](values, ~np.isnan(values))[0])
    return pd.Series(made, dtype=np.float64)
