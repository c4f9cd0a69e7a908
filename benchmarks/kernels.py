"""Every kernel beside the fastest library function that does the same work.

    python benchmarks/kernels.py [--data NAME|FOLDER] [--images 24] [--kernels kmeans flood] [--json FILE]

Without --data synthetic smears are measured, with it the images of a set, segmented by LabKMeansSegmenter. One thread;
the libraries take turns image by image; times are medians of CPU time. `diff` is the largest relative difference between
the results, where both define them alike. Where no library has the work in one function, the peer is what can be composed
of the functions of the library named: "numpy" stands for vectorised NumPy, "opencv-python" for OpenCV's functions and
vectorised NumPy, and so on. What both need and a pipeline has at hand is prepared outside the clock. Peers that are not
installed are reported as absent: pip install "leukofeat[bench]" brings them. The kernels of the leukocyte segmenter are not
among them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from peers import color, nearest, regions, shape, texture  # noqa: F401
from peers.samples import load_samples
from peers.turns import KERNELS, compare, one_thread, options_of, show


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    names = {kernel.__name__: case for kernel, case in KERNELS.items()}
    options = options_of(
        __doc__, argv, ("--kernels", {"nargs": "*", "choices": names, "metavar": "NAME", "help": "only these"})
    )
    one_thread()
    samples = load_samples(options.data, options.images)
    rows = []
    for name in options.kernels or names:
        found = compare(name, names[name], samples, options.repeats)
        show(found, header=not rows)
        rows += found
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
