"""Memory and speed of an extraction by the number of images: as much for fifty thousand as for a thousand.

python benchmarks/many_images.py --sizes 1000 50000
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from leukofeat.datasets import make_smears


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 50000])
    parser.add_argument("--side", type=int, default=96, help="pixels of a side of the generated images")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--cells", action="store_true", help="the per-cell table")
    arguments = parser.parse_args()
    first: tuple[float, float] | None = None
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as root:
            images = Path(root) / "images"
            write_images(images, size, arguments.side)
            megabytes, seconds, cpu = extract(images, Path(root) / "table", arguments)
            table = sum(file.stat().st_size for file in (Path(root) / "table").glob("part-*")) / size
        rate = size / seconds
        of_cpu = size / cpu
        first = first or (megabytes, of_cpu)
        print(
            f"{size:>7,} images: {rate:5.1f} a second, {of_cpu:5.1f} a second of the processor ({of_cpu / first[1]:.2f}), peak {megabytes:.0f} MB ({megabytes / first[0]:.2f}), "
            f"{table:,.0f} bytes of table an image",
            flush=True,
        )
    return 0


def write_images(folder: Path, n: int, side: int) -> None:
    """Images that differ, few of which are drawn: each is shifted and has noise of its own."""
    drawn = make_smears(n_samples=100, size=side, random_state=0).images
    rng = np.random.default_rng(0)
    for i in range(n):
        if i % 1000 == 0:
            place = folder / f"{i // 1000:03}"
            place.mkdir(parents=True)
        image = np.roll(drawn[i % len(drawn)], rng.integers(-4, 5, 2), axis=(0, 1))
        noisy = cv2.add(image, rng.integers(0, 4, image.shape, np.uint8))
        cv2.imwrite(str(place / f"{i:06}.jpg"), noisy[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])


def extract(images: Path, table: Path, arguments: argparse.Namespace) -> tuple[float, float, float]:
    """Peak memory in megabytes of the largest process, seconds, and those of the processor."""
    options = [*(["--cells"] if arguments.cells else []), "-q", "-j", str(arguments.jobs)]
    script = (
        "import resource, sys\n"
        "from leukofeat.cli import main\n"
        "code = main(sys.argv[1:])\n"
        "kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN\n"
        "used = [resource.getrusage(kind) for kind in kinds]\n"
        "print(max(one.ru_maxrss for one in used), sum(one.ru_utime + one.ru_stime for one in used), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    started = time.perf_counter()
    typed = [sys.executable, "-c", script, "extract", str(images), "-o", f"{table}/", *options]
    run = subprocess.run(typed, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    kilo = 1e6 if sys.platform == "darwin" else 1e3
    most, cpu = run.stderr.split()[-2:]
    return int(most) / kilo, seconds, float(cpu)


if __name__ == "__main__":
    sys.exit(main())
