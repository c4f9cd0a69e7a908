"""`leukofeat field`: a large field, such as a whole slide, to a table of its cells."""

import argparse
from pathlib import Path

from leukofeat.cli.document import record
from leukofeat.cli.messages import UsageError, announce_workers, tell
from leukofeat.cli.parsing import Renamed
from leukofeat.cli.shared import add_baseline, add_running, check_output, feature_parts, named_baseline, report_failures
from leukofeat.decode import PLAUSIBLE
from leukofeat.sequence import SizedPath, printable
from leukofeat.tiling import extract_field, open_field
from leukofeat.tiling.places import check_places

_ZARR = ("zarr.json", ".zgroup", ".zarray", ".zattrs")  # what a store has one of


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "field",
        metavar="FIELD",
        help="file of any size: a TIFF or OME-TIFF, also a pyramid; a .zarr folder; a slide that OpenSlide reads; a PNG, JPEG or BMP",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="table to write, a row a cell: .parquet or .csv"
    )
    parser.add_argument(
        "--cells-to",
        dest="labels",
        metavar="FILE",
        help="label map of the cells to write, .tif or .zarr; its numbers are the column cell",
    )
    parser.add_argument("--nuclei-to", dest="nuclei", metavar="FILE", help="the same of their nuclei")
    parser.add_argument("--labels", dest="labels", action=Renamed, to="--cells-to")
    parser.add_argument("--nuclei", dest="nuclei", action=Renamed, to="--nuclei-to")
    parser.add_argument(
        "--level", type=int, default=0, help="of a pyramid: 0 is the largest (default), -1 the smallest"
    )
    parser.add_argument(
        "--tile",
        type=int,
        default=2048,
        help="side of a tile in pixels (default: 2048); the memory goes with its square",
    )
    parser.add_argument(
        "--overlap",
        type=int,
        default=None,
        help="pixels around a tile that are looked at, too (default: by the size of the cells)",
    )
    parser.add_argument(
        "--pixel-size", type=float, default=None, help="side of a pixel in micrometres, before what the file says"
    )
    add_baseline(parser)
    add_running(parser, memory=False)


def run(arguments: argparse.Namespace) -> int:
    """Find and measure the cells of a field with the segmenter and the features of a baseline."""
    check_output(arguments.output, (".parquet", ".csv"))
    for name in (arguments.labels, arguments.nuclei):
        if name is not None:
            suffix = Path(name).suffix.lower()
            if suffix not in (".tif", ".tiff", ".zarr"):
                raise UsageError(f"{name}: label maps of a field are written as .tif or .zarr; name one of the two.")
            check_output(name, is_folder=suffix == ".zarr")
    place = Path(arguments.field)
    if place.is_dir() and not any((place / name).exists() for name in _ZARR):
        raise UsageError(
            f"{printable(arguments.field)}: is a folder, and no zarr store; name one file. Folders of images are read by `leukofeat extract`."
        )
    places = {"--output": arguments.output, "--cells-to": arguments.labels, "--nuclei-to": arguments.nuclei}
    try:
        check_places(arguments.field, places)
    except ValueError as error:
        raise UsageError(str(error)) from error
    pipeline = named_baseline(arguments.baseline)
    _, features, _ = feature_parts(pipeline)
    if not features.cell_names():
        raise UsageError(
            f"--baseline: {arguments.baseline} measures no single cells; choose one that does, as leukofeat_svm."
        )
    if arguments.pixel_size is not None and not PLAUSIBLE[0] <= arguments.pixel_size <= PLAUSIBLE[1]:
        raise UsageError(
            f"--pixel-size {arguments.pixel_size:g}: it is the side of a pixel in micrometres, from {PLAUSIBLE[0]} to {PLAUSIBLE[1]:g} under "
            "a microscope (0.1 with an oil immersion, say)."
        )
    source = arguments.field if arguments.pixel_size is None else SizedPath(arguments.field, arguments.pixel_size)
    field = open_field(source, level=arguments.level)
    height, width = field.shape
    size = "" if field.pixel_size is None else f" of {field.pixel_size:g} µm"
    levels = "" if len(field.levels) == 1 else f", level {arguments.level} of {len(field.levels)}"
    tell(f"{printable(arguments.field)}: {width} x {height} pixels{size}{levels}.")
    record(width=width, height=height, pixel_size=field.pixel_size, level=arguments.level)
    announce_workers(arguments.jobs)
    found = extract_field(
        field,
        pipeline,
        tile=arguments.tile,
        overlap=arguments.overlap,
        output=arguments.output,
        labels=arguments.labels,
        nuclei=arguments.nuclei,
        on_error="nan",
        n_jobs=arguments.jobs,
        verbose=int(not arguments.quiet),
    )
    print(
        f"{arguments.output}: {found.n_cells} cells of {found.n_tiles} tile{'s' * (found.n_tiles != 1)}, "
        f"{len(found.dropped)} bodies seen and not reported."
    )
    record(
        written=[name for name in places.values() if name is not None],
        counts={"cells": found.n_cells, "tiles": found.n_tiles, "dropped": len(found.dropped)},
    )
    return report_failures(found.failures, found.n_tiles)
