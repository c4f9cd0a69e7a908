"""Every segmenter on every set: quality, time, worst cases, and whether confidence sorts the failures to the front.

    python benchmarks/segmentation.py [--data FOLDER_OF_SETS] [--sets NAME ...] [--only NAME] [--images N] [--jobs N]
                                      [--csv FILE] [--json FILE] [--pictures FOLDER]

Sets: `synthetic` (smears), `made_up` and `clumps` (cells of any share of nucleus, and cells that touch), all with exact truth, and
`noise` are made here. FOLDER_OF_SETS, by default the data home, may hold wbcseg (`wbcseg`: masks, nucleus 255, cytoplasm 128; `changed`: the same in other light; `boxed`: the cells cut
out by their boxes), bccd
(`bccd`: boxes), apl and pbc5 (`apl`, `pbc5`: a cell in the middle of each image; `drawn`: those of apl that are outlined in
tests/segmentation/apl_outlines.txt; `apl_cropped`, `pbc5_cropped`: the same cells cut out closely, against the whole image), leukemia4 (`leukemia4`: fields; `pasted`: cells on fields of another class), allidb2 and bcisc
(masks). The last two are kept for the end: they are measured only where --sets names them, so that nothing is chosen by them. No segmenter gets parameters of its own for any set. Times are process-CPU medians of one thread, the
segmenters in turn on each image. Research use only.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import cv2
import pandas as pd
from outlines.changed import Changed, Cropped, Noise, Pasted
from outlines.drawn import OUTLINES, Drawn
from outlines.image_set import ImageSet
from outlines.made_up_sets import MadeUpCells, MadeUpClumps
from outlines.masked import Allidb2, Bccd, Bcisc, Boxed, Synthetic, Wbcseg
from outlines.measure import measure_set, rate_confidence, sum_up
from outlines.pictures import draw_worst
from outlines.tidied_otsu import TidiedOtsu
from outlines.unmarked import Fields, Portraits

from leukofeat.datasets import get_data_home
from leukofeat.segmentation import (
    DualThresholdSegmenter,
    FuzzyCMeansSegmenter,
    GrabCutSegmenter,
    LabKMeansSegmenter,
    LeukocyteSegmenter,
    OtsuSegmenter,
    TriangleSegmenter,
)

SEGMENTERS = {
    "LeukocyteSegmenter": LeukocyteSegmenter(),
    "Otsu tidied, 3 classes": TidiedOtsu(),
    "OtsuSegmenter, 3 classes": OtsuSegmenter(),
    "OtsuSegmenter, 2 classes": OtsuSegmenter(2),
    "LabKMeansSegmenter": LabKMeansSegmenter(),
    "LabKMeansSegmenter, by a*": LabKMeansSegmenter(rank="a"),
    "TriangleSegmenter": TriangleSegmenter(),
    "FuzzyCMeansSegmenter": FuzzyCMeansSegmenter(),
    "DualThresholdSegmenter": DualThresholdSegmenter(),
    "GrabCutSegmenter": GrabCutSegmenter(),
}
# made here, by the number of images asked for
MADE = {
    "synthetic": lambda n: Synthetic(min(48, n)),
    "made_up": MadeUpCells,
    "clumps": MadeUpClumps,
    "noise": lambda _: Noise(),
}
# read from a folder
READ: dict[str, tuple[str, Any]] = {
    "wbcseg": ("wbcseg", Wbcseg.read),
    "changed": ("wbcseg", Changed.read),
    "boxed": ("wbcseg", Boxed.read),
    "bccd": ("bccd", Bccd.read),
    "apl": ("apl", Portraits.read),
    "drawn": ("apl", Drawn.read),
    "pbc5": ("pbc5", Portraits.read),
    "apl_cropped": ("apl", Cropped.read),
    "pbc5_cropped": ("pbc5", Cropped.read),
    "leukemia4": ("leukemia4", Fields.read),
    "pasted": ("leukemia4", Pasted.read),
    "allidb2": ("allidb2", Allidb2.read),
    "bcisc": ("bcisc", Bcisc.read),
}
FOR_THE_END = ("allidb2", "bcisc")
SETS = (*MADE, *READ)


def read_set(name: str, root: Path | None, n: int) -> list[ImageSet]:
    """The set of one name, in as many parts as are told apart; none where it is not at hand."""
    if name in MADE:
        return [MADE[name](n)]
    folder, read = READ[name]
    if root is None or not (root / folder).is_dir() or (name == "drawn" and not OUTLINES.is_file()):
        return []
    found = read(root / folder, n)
    return [found] if isinstance(found, ImageSet) else list(found)


def chosen_segmenters(beginnings: list[str] | None) -> dict[str, Any]:
    return {name: each for name, each in SEGMENTERS.items() if not beginnings or name.startswith(tuple(beginnings))}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER_OF_SETS",
        default=get_data_home(),
        help="folder that holds the sets, as far as they are there (default: the data home)",
    )
    parser.add_argument(
        "--sets", nargs="+", choices=SETS, metavar="NAME", help=f"of {', '.join(SETS)} (default: all but the last two)"
    )
    parser.add_argument("--only", action="append", metavar="NAME", help="segmenters whose name begins so")
    parser.add_argument("--images", type=int, default=200, help="images of each set at most (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--csv", type=Path, help="file for a row each image and segmenter")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--pictures", type=Path, help="folder for the worst cases, and confidence against Dice")
    return parser.parse_args()


def print_table(title: str, table: pd.DataFrame) -> None:
    shown = table.drop(columns=["set", "images"], errors="ignore").dropna(axis=1, how="all")
    print(f"\n{title}\n{shown.set_index('segmenter').T.round(3).to_string(float_format=_short)}", flush=True)


def _short(value: float) -> str:
    whole = (
        float(value).is_integer() and abs(value) != 1
    )  # a count, as far as can be told; a share of 1 shows its digits
    return f"{value:.0f}" if whole else f"{value:.3f}"


def main() -> int:
    arguments = parse()
    cv2.setNumThreads(1)
    warnings.filterwarnings("ignore", "an image: its? ")  # of odd colours, which some images are given here
    segmenters = chosen_segmenters(arguments.only)
    if not segmenters:
        print(f"--only: no segmenter begins so; there are {', '.join(SEGMENTERS)}", file=sys.stderr)
        return 2
    if arguments.pictures is not None:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    tables, ratings, everything = [], [], []
    for name in arguments.sets or [name for name in SETS if name not in FOR_THE_END]:
        parts = read_set(name, arguments.data, arguments.images)
        if not parts and (arguments.sets or arguments.data.is_dir()):
            print(f"{name}: not at hand, left out", file=sys.stderr)
        for data in parts:
            started = time.perf_counter()
            rows = measure_set(data, segmenters, arguments.jobs)
            everything.append(rows)
            tables.append(sum_up(data, rows))
            ratings.append(rate_confidence(data, rows, arguments.pictures))
            print_table(f"{data.name} ({tables[-1]['images'].iloc[0]} images)", tables[-1])
            if len(ratings[-1]):
                print_table(
                    f"{data.name}: confidence against Dice of what is drawn worse, nucleus or cell, where both are known",
                    ratings[-1],
                )
            if arguments.pictures is not None:
                for each, own in rows.groupby("segmenter", sort=False):
                    draw_worst(arguments.pictures, data, str(each), segmenters[str(each)], own)
            print(f"{data.name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    write(arguments, tables, ratings, everything)
    print("\nResearch use only; not a medical device.")
    return 0


def write(arguments: argparse.Namespace, tables: list, ratings: list, everything: list) -> None:
    if arguments.csv is not None and everything:
        rows = pd.concat(everything, ignore_index=True).drop(columns="pairs", errors="ignore")
        rows.to_csv(arguments.csv, index=False, float_format="%.5g")
    if arguments.json is not None:
        figures = {
            kind: [row for table in some for row in json.loads(table.to_json(orient="records"))]
            for kind, some in (("figures", tables), ("confidence", ratings))
        }
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    sys.exit(main())
