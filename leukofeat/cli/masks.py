"""`leukofeat masks`: images to label maps of nuclei and cells."""

import argparse
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leukofeat import segmentation
from leukofeat.cli.document import record
from leukofeat.cli.messages import UsageError
from leukofeat.cli.shared import add_folder, add_running, check_output, read_folder, report_failures
from leukofeat.datasets.mask_files import mask_stem
from leukofeat.decode import write_labels
from leukofeat.extras import import_extra
from leukofeat.failures import raise_interrupt
from leukofeat.features import Failure
from leukofeat.interchange import write_geojson, write_imagej
from leukofeat.interchange.coco import annotate, write_annotations
from leukofeat.markup import write_csv
from leukofeat.parallel import map_images
from leukofeat.remote import is_remote
from leukofeat.sequence import ImageSequence, printable
from leukofeat.smear import Smear

TABLE, COCO = "bodies.csv", "annotations.json"
_ENDINGS = {"roi": "zip"}
_COLUMNS = ("cell", "row", "column", "area", "confidence", "dropped")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_folder(parser)
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="MASKS",
        help="folder to write into: nuclei/ and cells/ with a label map an image, named like it, in which nucleus i lies in cell i (or a "
        f"file of outlines for both, see --format), and {TABLE}: each cell with its confidence, and what was seen and not reported, with the reason",
    )
    parser.add_argument(
        "--segmenter",
        default="LeukocyteSegmenter",
        choices=[name for name in segmentation.__all__ if name.endswith("Segmenter")],
        metavar="NAME",
        help="what draws the outlines: LeukocyteSegmenter (default), OtsuSegmenter, ...; a wrong name lists all",
    )
    parser.add_argument(
        "--format",
        choices=("png", "tif", "geojson", "roi", "coco"),
        default="png",
        help="label maps: png (default), tif; outlines: geojson (QuPath), roi (a RoiSet.zip for ImageJ), one file an image; coco, one "
        f"{COCO} for all",
    )
    add_running(parser, memory=False)


def run(arguments: argparse.Namespace) -> int:
    """Segment the images as they are, and write what is found; one that cannot be read has no label map."""
    output, folder = check_output(arguments.output, is_folder=True), Path(arguments.folder)
    if output.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"{output}: lies within the folder of the images, where label maps would pass for images; name another."
        )
    if arguments.format == "roi":
        try:
            import_extra("roifile")
        except ImportError as error:
            raise UsageError(f"--format roi: {error}") from error
    bunch = read_folder(arguments)
    root = arguments.folder if is_remote(arguments.folder) else folder
    stems = [mask_stem(root, file) for file in bunch.filenames]
    _check_stems(stems, bunch.filenames)
    names = [f"{stem}.{_ENDINGS.get(arguments.format, arguments.format)}" for stem in stems]
    for place in {place.parent for name in names for place in _places(output, name).values()} | {output}:
        place.mkdir(parents=True, exist_ok=True)
    images = getattr(segmentation, arguments.segmenter)().fit_transform(bunch.images)
    files = dict(zip(bunch.filenames.tolist(), names, strict=True))
    found = map_images(
        partial(_write_image, None if arguments.format == "coco" else output, files),
        images,
        n_jobs=arguments.jobs,
        verbose=int(not arguments.quiet),
        description="segmenting",
    )
    failures = [Failure(i, images.name(i), one) for i, one in enumerate(found) if isinstance(one, str)]
    tables = [
        one[0].assign(path=path)
        for path, one in zip(bunch.frame["path"], found, strict=True)
        if not isinstance(one, str) and len(one[0])
    ]
    if arguments.format == "coco":
        called = [f"{stem}{Path(file).suffix}" for stem, file in zip(stems, bunch.filenames, strict=True)]
        write_annotations(
            output / COCO, {name: one[1] for name, one in zip(called, found, strict=True) if not isinstance(one, str)}
        )
    table = pd.concat(tables) if tables else pd.DataFrame(columns=[*_COLUMNS, "path"])
    write_csv(table[["path", *_COLUMNS]], output / TABLE)
    written = {"coco": [COCO], "png": ["nuclei", "cells"], "tif": ["nuclei", "cells"]}.get(arguments.format, ["."])
    record(written=[output / name for name in (*written, TABLE)])
    n_cells = int(table["cell"].notna().sum())
    record(counts={"cells": n_cells, "dropped": len(table) - n_cells})
    what = "label maps" if arguments.format in ("png", "tif") else "outlines"
    print(
        f"{arguments.output}: {what} of {len(images) - len(failures)} images, {n_cells} cells, {len(table) - n_cells} bodies seen and "
        f"not reported. Read them by {_call(root, output, arguments.format)}."
    )
    return report_failures(failures, len(images))


def _check_stems(stems: Sequence[str], files: Sequence[str]) -> None:
    owners: dict[str, str] = {}
    for stem, file in zip(stems, files, strict=True):
        if owners.setdefault(stem, file) != file:
            raise ValueError(
                f"{printable(owners[stem])} and {printable(file)} would have one label map, {printable(stem)}; rename one of them."
            )


def _call(folder: Path | str, output: Path, suffix: str) -> str:
    if isinstance(folder, str):
        place = output.absolute().as_uri()
    else:
        place = Path(os.path.relpath(output.absolute(), folder.absolute())).as_posix()
    if suffix in ("png", "tif"):
        patterns = ", ".join(f'{what}="{place}/{what}/*.{suffix}"' for what in ("nuclei", "cells"))
    else:
        patterns = f'cells="{place}/{COCO if suffix == "coco" else "*." + _ENDINGS.get(suffix, suffix)}"'
    return printable(f'load_images("{folder}", {patterns})')


def _places(output: Path, name: str) -> dict[str, Path]:
    """Files of an image: label maps of nuclei and of cells, or the outlines of both."""
    if name.endswith((".png", ".tif")):
        return {what: output / what / name for what in ("nuclei", "cells")}
    return {} if name.endswith(".coco") else {"outlines": output / name}


def _write_image(
    output: Path | None, files: dict[str, str], images: ImageSequence, i: int
) -> tuple[pd.DataFrame, Any] | str:
    """Write what is known of an image, or, without a folder, give its annotations beside its bodies; or why there are none."""
    name = files[str(images.source(i))]
    places = {} if output is None else _places(output, name)
    try:
        smear = images.smear(i)
    except Exception as error:
        raise_interrupt(error)
        for place in places.values():  # one of an earlier run would pass for this run's
            place.unlink(missing_ok=True)
        return f"{type(error).__name__}: {str(error).removeprefix(f'{images.name(i)}: ')}"
    if output is None:
        return _bodies(smear), annotate(smear)
    if "outlines" in places:
        (write_geojson if name.endswith(".geojson") else write_imagej)(places["outlines"], smear)
    else:
        for what, region in (("nuclei", "nucleus"), ("cells", "cell")):
            write_labels(places[what], smear.region(region), label_ids=smear.label_ids)
    return _bodies(smear), None


def _bodies(smear: Smear) -> pd.DataFrame:
    """A row a cell, then one for each body that was dropped."""
    area, rows, columns = smear.region_boxes("cell")[:, 4:7].T
    known: dict[str, Any] = {"cell": smear.label_ids, "row": rows / area, "column": columns / area, "area": area}
    cells = pd.DataFrame(known | {"confidence": smear.confidence, "dropped": None})
    bodies = [(None, body.row, body.column, body.area, np.nan, body.reason) for body in smear.dropped]
    table = pd.concat([cells, pd.DataFrame(bodies, columns=_COLUMNS)]) if bodies else cells
    return table.astype({"cell": "Int64", "area": "int64"}).round({"row": 2, "column": 2, "confidence": 4})
