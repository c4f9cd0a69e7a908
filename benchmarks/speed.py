"""Every feature family, and the whole path from file to feature row, beside the fastest other libraries.

    python benchmarks/speed.py [--data NAME|FOLDER] [--images 24] [--families lbp hog] [--json FILE] [--profile]

Without --data synthetic smears are measured, with it the images of a set, segmented by LabKMeansSegmenter. One thread;
the libraries take turns image by image; times are medians of CPU time. `diff` is the largest relative difference between
two libraries' values where both define the measure alike. Peers that are not installed are reported as absent:
pip install "leukofeat[bench]" brings them. --profile shows where the time of leukofeat's whole path goes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import cv2
from peers import shape, texture  # noqa: F401
from peers.color import color_statistics
from peers.paths import OURS, PEERS, check_path, decode_only, everything, profile_path
from peers.samples import find_images, load_samples
from peers.turns import KERNELS, compare, one_thread, options_of, row, show, take_turns

from leukofeat.datasets import make_smears
from leukofeat.kernels.shape.box_counting import box_dimensions
from leukofeat.kernels.shape.region_shapes import region_shapes
from leukofeat.kernels.shape.zernike import zernike_moments
from leukofeat.kernels.texture.gabor import gabor_sums
from leukofeat.kernels.texture.granulometry import opening_sums
from leukofeat.kernels.texture.haralick import haralick
from leukofeat.kernels.texture.hog import hog_vector
from leukofeat.kernels.texture.lbp import lbp_histograms
from leukofeat.kernels.texture.run_lengths import run_lengths

FAMILIES = {
    "haralick": KERNELS[haralick],
    "lbp": KERNELS[lbp_histograms],
    "hog": KERNELS[hog_vector],
    "zernike": KERNELS[zernike_moments],
    "color": color_statistics,
    "geometry": KERNELS[region_shapes],
    "gabor": KERNELS[gabor_sums],
    "granulometry": KERNELS[opening_sums],
    "run_length": KERNELS[run_lengths],
    "box_counting": KERNELS[box_dimensions],
}


def write_smears(folder: str, n_images: int) -> list[str]:
    """JPEG files of synthetic smears."""
    files = [f"{folder}/{k:03d}.jpg" for k in range(n_images)]
    for file, image in zip(files, make_smears(n_samples=n_images, random_state=0).images, strict=True):
        cv2.imwrite(file, image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    return files


def compare_paths(files: list[str], repeats: int) -> list[dict[str, Any]]:
    """Rows of the whole path.

    Against "jpeg decode" stands the full catalogue without Gabor and wavelets, against the others the columns that they
    have, too. `dice` is the agreement of the nuclei, `columns` the number of columns compared on the same label maps.
    """
    # by themselves, as in use: half a second of another library's work in between would empty the caches
    floor, _ = take_turns({"everything": everything, "jpeg decode": decode_only}, files, 3 * repeats)
    runs: dict[str, Callable[[str], Any]] = {"leukofeat": OURS}
    absent = {}
    for name, path in PEERS.items():
        try:
            path(files[0])
            runs[name] = path
        except ImportError as error:
            absent[name] = f"{type(error).__name__}: {error}"
    times, _ = take_turns(runs, files, repeats)
    opencv = f"opencv-python {version('opencv-python')}"
    rows = [row("whole_path", "jpeg decode", opencv, floor["jpeg decode"], floor["everything"], None)]
    for name, why in absent.items():
        rows.append({**row("whole_path", name, None, [], times["leukofeat"], None), "absent": why})
    for name in [name for name in PEERS if name in runs]:
        difference, dice, columns = check_path(PEERS[name], files)
        found = row("whole_path", name, PEERS[name].version, times[name], times["leukofeat"], difference)
        rows.append({**found, "dice": dice, "columns": columns})
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    options = options_of(
        __doc__,
        argv,
        ("--families", {"nargs": "*", "choices": [*FAMILIES, "whole_path"], "help": "only these"}),
        ("--profile", {"action": "store_true", "help": "show where the time of the whole path goes"}),
    )
    one_thread()
    with tempfile.TemporaryDirectory() as scratch:
        n = options.images
        files = find_images(options.data, n) if options.data else write_smears(scratch, n)
        if options.profile:
            profile_path(files, options.repeats)
            return 0
        wanted = options.families or [*FAMILIES, "whole_path"]
        samples = load_samples(options.data, n)
        rows = []
        for name in wanted:
            found = (
                compare_paths(files, 1)
                if name == "whole_path"
                else compare(name, FAMILIES[name], samples, options.repeats)
            )
            show(found, header=not rows)
            rows += found
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
