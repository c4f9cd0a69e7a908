"""Thousands of damaged image files: each has to be read, or refused by name, quickly and without a library's word.

    python benchmarks/damage.py [--files 2000] [--seed 0] [--json FILE]

Small JPEG, PNG, BMP and TIFF files of twenty kinds are cut, flipped, zeroed and shuffled (tests/decode/damage.py) and given to
`extract` all at once. The table says what became of them: `right` (read, and nearly the pixels of the good file), `wrong` (read, though
more than 2 % of the pixels are others: damage that the format itself does not show, as in a BMP), `refused`. Ends in 1 if a
file crashes the reader, takes more than 5 s, is refused without its name, or makes a library speak.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from leukofeat import ImageError, read_image
from tests.decode.damage import KINDS, damage, pristine


def judge(file: Path, good: np.ndarray) -> tuple[str, float]:
    """What became of one file, and the seconds that it took."""
    started = time.perf_counter()
    try:
        image = read_image(file)
    except ImageError as error:
        result = "refused" if str(error).startswith(f"{file}: ") else "refused without its name"
    except Exception as error:
        result = f"crash: {type(error).__name__}"
    else:
        same = image.shape == good.shape and np.mean(np.abs(image.astype(int) - good) > 24) < 0.02
        result = "right" if same else "wrong"
    return result, time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    files, rng, rows = pristine(), np.random.default_rng(arguments.seed), []
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as ear:
        good = {}
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
            good[name] = read_image(Path(folder) / name)
        voice = os.dup(2)
        os.dup2(ear.fileno(), 2)
        for k in range(arguments.files):
            name, kind = list(files)[k % len(files)], KINDS[k // len(files) % len(KINDS)]
            data = damage(files[name], kind, rng)
            file = Path(folder) / f"{k}_{name}"
            file.write_bytes(data)
            result, seconds = judge(file, good[name])
            rows.append({"format": name.split(".")[-1], "accident": kind, "result": result, "seconds": seconds})
            file.unlink()
        os.dup2(voice, 2)
        ear.seek(0)
        spoken = ear.read().decode("utf-8", "replace").splitlines()

    table = pd.DataFrame(rows)
    print(pd.crosstab(table["format"], table["result"]).to_string(), "\n")
    print(pd.crosstab(table["accident"], table["result"]).to_string())
    slowest = table["seconds"].max()
    for line in spoken[:10]:
        print(line)
    print(f"\n{len(table)} files; the slowest took {slowest:.2f} s; {len(spoken)} lines of other libraries.")
    if arguments.json is not None:
        arguments.json.write_text(
            json.dumps(
                table.groupby(["format", "accident", "result"]).size().rename("n").reset_index().to_dict("records")
            )
        )
    return int(slowest > 5 or len(spoken) > 0 or not table["result"].isin(["right", "wrong", "refused"]).all())


if __name__ == "__main__":
    sys.exit(main())
