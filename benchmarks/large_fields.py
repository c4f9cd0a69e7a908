"""What a large field costs tile by tile, beside the same content in fields of ordinary size; and how its cells agree with untiled.

    python benchmarks/large_fields.py (--data NAME|FOLDER | --synthetic) [--side 10000] [--small 1000] [--tile 2048] [--jobs 1]
        [--pipeline leukofeat_svm] [--agree 3000 5000] [--turns 1]

The field is made of the folder's images side by side, in a fixed order, or of synthetic smears, and written as a TIFF of tiles into a
temporary folder; the small fields are the same pixels, cut, as files alike. Both are measured in processes of their own, in turns; memory is
the peak of the whole process. `--agree` composes fields of these sides, measures them in one piece and in tiles, and says how many cells
have a counterpart of IoU above .9, either way; the last column is what the segmenter itself is certain of: the field in one piece against itself
without its first row and column. Research use only.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import tifffile
from places import NAME_OR_FOLDER, data_folder

from leukofeat import read_image, read_labels
from leukofeat.baselines import make_baseline
from leukofeat.datasets import make_smears
from leukofeat.decode import IMAGE_SUFFIXES
from leukofeat.pipeline import split_pipeline
from leukofeat.tiling import extract_field

HOW = {"photometric": "rgb", "tile": (256, 256), "compression": "zlib"}


def pictures(folder: str | None, most: int = 400) -> list[np.ndarray]:
    """Images to compose fields of, in one order."""
    if folder is None:
        return make_smears(n_samples=16, size=500, n_slides=1, random_state=0).images
    files = [path for path in sorted(Path(folder).rglob("*")) if path.suffix.lower() in IMAGE_SUFFIXES]
    files = [path for path in files if "mask" not in path.stem]
    if not files:
        raise SystemExit(f"{folder}: no images.")
    return [read_image(path) for path in files[:: max(1, len(files) // most)]]


def compose(images: list[np.ndarray], side: int) -> np.ndarray:
    """Images side by side, row by row, over and over."""
    out = np.full((side, side, 3), 235, np.uint8)
    top = number = 0
    while top < side:
        left = tallest = 0
        while left < side:
            image = images[number % len(images)][: side - top, : side - left]
            number += 1
            out[top : top + image.shape[0], left : left + image.shape[1]] = image
            left, tallest = left + image.shape[1], max(tallest, image.shape[0])
        top += tallest
    return out


def one_side(arguments: argparse.Namespace) -> None:
    """Measure one side of the comparison, in this process, and print what it took."""
    pipeline = make_baseline(arguments.pipeline)
    warm = make_smears(n_samples=2, size=400, random_state=0).images
    _untiled(warm, pipeline, arguments.jobs)
    before = time.perf_counter()
    if arguments.one == "tiled":
        n = extract_field(
            arguments.path, pipeline, tile=arguments.tile, n_jobs=arguments.jobs, output=lambda _: None
        ).n_cells
    else:
        n = len(_untiled(sorted(str(path) for path in Path(arguments.path).iterdir()), pipeline, arguments.jobs))
    seconds = time.perf_counter() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + (
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if arguments.jobs > 1 else 0
    )
    print(json.dumps({"cells": n, "seconds": seconds, "GiB": peak / 2**20}))


def _untiled(images, pipeline, jobs):
    stages, features, _ = split_pipeline(pipeline)
    for stage in stages:
        images = stage.fit(images).transform(images)
    return features.set_params(n_jobs=jobs).measure_cells(images)


def best_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """IoU of each label of the first map with the one of the second that fits it best."""
    n, m = int(first.max()), int(second.max())
    both = (first > 0) & (second > 0)
    pairs, shared = np.unique(first[both].astype(np.int64) * (m + 1) + second[both], return_counts=True)
    i, j = np.divmod(pairs, m + 1)
    sizes = np.bincount(first.ravel(), minlength=n + 1), np.bincount(second.ravel(), minlength=m + 1)
    best = np.zeros(n + 1)
    np.maximum.at(best, i, shared / (sizes[0][i] + sizes[1][j] - shared))
    return best[1:]


def agree(images: list[np.ndarray], side: int, arguments: argparse.Namespace, folder: Path) -> None:
    """Print how many cells are the same in one piece and in tiles."""
    field, pipeline, maps = compose(images, side), make_baseline(arguments.pipeline), []
    for pixels, tile in ((field, side), (field, arguments.tile), (np.ascontiguousarray(field[1:, 1:]), side)):
        extract_field(pixels, pipeline, tile=tile, labels=folder / "cells.tif")
        maps.append(read_labels(folder / "cells.tif"))
    forth, back = best_iou(*maps[:2]), best_iou(*maps[1::-1])
    # a cell that the removed row or column held is no matter of the method
    inner = np.unique(np.concatenate([maps[0][0], maps[0][:, 0]]))
    floor = np.delete(best_iou(np.ascontiguousarray(maps[0][1:, 1:]), maps[2]), inner[inner > 0] - 1)
    print(
        f"| {side} | {len(forth)} | {len(back)} | {(forth > 0.8).mean():.4f} | {(forth > 0.9).mean():.4f} | {(back > 0.9).mean():.4f} | {(floor > 0.9).mean():.4f} |",
        flush=True,
    )


def main() -> None:
    """Compare, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="NAME|FOLDER", help=NAME_OR_FOLDER)
    parser.add_argument("--synthetic", action="store_true")
    parser.add_argument("--side", type=int, default=10_000)
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--tile", type=int, default=2048)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--pipeline", default="leukofeat_svm")
    parser.add_argument("--agree", type=int, nargs="*", default=[])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--path", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.one:
        one_side(arguments)
        return
    if not arguments.data and not arguments.synthetic:
        parser.error("say --data NAME|FOLDER or --synthetic.")
    images = pictures(arguments.data and data_folder(arguments.data))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if arguments.side:
            field = compose(images, arguments.side)
            tifffile.imwrite(folder / "field.tif", field, **HOW)
            (folder / "small").mkdir()
            for top in range(0, arguments.side, arguments.small):
                for left in range(0, arguments.side, arguments.small):
                    part = field[top : top + arguments.small, left : left + arguments.small]
                    tifffile.imwrite(folder / "small" / f"{top:06}-{left:06}.tif", part, **HOW)
            del field
            print("| | cells | s | megapixels a second | peak, GiB |\n|---|---|---|---|---|", flush=True)
            for _ in range(arguments.turns):
                for side, path in (("small", folder / "small"), ("tiled", folder / "field.tif")):
                    options = ["--one", side, "--path", path, "--tile", arguments.tile, "--jobs", arguments.jobs]
                    command = [sys.executable, __file__, *map(str, [*options, "--pipeline", arguments.pipeline])]
                    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                    rate = arguments.side**2 / 1e6 / found["seconds"]
                    print(
                        f"| {side} | {found['cells']} | {found['seconds']:.1f} | {rate:.2f} | {found['GiB']:.2f} |",
                        flush=True,
                    )
        if arguments.agree:
            print(
                "\n| side | cells, one piece | cells, tiles | IoU > .8 | IoU > .9 | and back | IoU > .9 without one row and column |\n|---|---|---|---|---|---|---|"
            )
        for side in arguments.agree:
            agree(images, side, arguments, folder)


if __name__ == "__main__":
    main()
