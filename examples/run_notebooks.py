"""Run the notebooks of this folder, each in a fresh kernel and an empty folder, and hold what they say against what is stored.

    python examples/run_notebooks.py                      # ends non-zero where a cell fails, warns or says something else
    python examples/run_notebooks.py first_steps --write  # store the outputs of one anew
    python examples/run_notebooks.py --folder IMAGES      # each with images of one's own; nothing is compared

Text counts as the same where its words and whole numbers are, and its decimals to 0.02 or to a twentieth, whichever is more;
blanks and HTML tags do not count, and of a picture only that it is there. Pictures are stored small, in few colours.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from copy import copy
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

HERE = Path(__file__).parent
SWITCH = re.compile(r"^FOLDER = None\b.*$", re.MULTILINE)
LARGEST = 75_000  # bytes of a stored picture
_NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?")
_TOKEN = re.compile(rf"{_NUMBER.pattern}|[^\W\d]+|[^\w\s]")


def execute(path: Path, folder: str | None) -> Any:
    """The notebook with what it says in a fresh kernel; its switch set to a folder of images, if one is given."""
    notebook = nbformat.read(path, as_version=4)
    if folder is not None:
        for cell in notebook.cells:
            cell.source = SWITCH.sub(lambda _: f"FOLDER = {folder!r}", cell.source)
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as settings:
        # notebooks run side by side: threads of linear algebra would wait for each other, for minutes
        env = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} | dict(os.environ) | {"IPYTHONDIR": settings}
        env.pop("MPLBACKEND", None)
        client = NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            resources={"metadata": {"path": empty}},
            extra_arguments=[
                "--IPKernelApp.log_level=ERROR"
            ],  # or each says that others could listen to what it is sent
        )
        client.execute(env=env)
    return notebook


def tidy(notebook: Any) -> Any:
    """The notebook without what differs from run to run."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
        cell.id = f"cell-{number:02}"
        cell.metadata = {}
        for output in cell.get("outputs", ()):
            output.pop("metadata", None) if output.output_type == "stream" else output.update(metadata={})
            if "image/png" in output.get("data", ()):
                output.data["image/png"] = shrink(output.data["image/png"])
    return notebook


def joined(outputs: list[Any]) -> list[Any]:
    """Outputs with what is printed in one piece: where a kernel cuts it is chance."""
    found: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and found and found[-1].get("name") == output.name:
            found[-1].text += output.text
        else:
            found.append(copy(output))
    return found


def shrink(png: str) -> str:
    """A picture in a palette, as wide as makes it small enough."""
    with Image.open(io.BytesIO(base64.b64decode(png))) as opened:
        picture = opened.convert("RGB")
    content = b""
    for width in (900, 800, 700, 600, 500):
        smaller = picture.copy()
        smaller.thumbnail((width, 2 * width), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        with_palette(smaller).save(out, "png", optimize=True)
        content = out.getvalue()
        if len(content) < LARGEST:
            break
    return base64.b64encode(content).decode()


def with_palette(picture: Image.Image) -> Image.Image:
    """A picture in 160 colours: most by how often they come, some by how far apart they are, so that thin outlines keep theirs."""
    frequent = picture.quantize(128, method=Image.Quantize.MEDIANCUT).getpalette() or []
    apart = picture.quantize(32, method=Image.Quantize.MAXCOVERAGE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*frequent[: 3 * 128], *apart[: 3 * 32]])
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def texts(output: Any) -> dict[str, str]:
    """What an output says, by kind."""
    if output.output_type == "stream":
        return {output.name: output.text}
    said = {kind: content for kind, content in output.get("data", {}).items() if kind.startswith("text/")}
    if "text/html" in said:
        said["text/html"] = re.sub(r"<style.*?</style>|<[^>]*>", " ", said["text/html"], flags=re.DOTALL)
    return said | {kind: "" for kind in output.get("data", ()) if kind not in said}


def faults(notebook: Any) -> list[str]:
    """What should not be stored: warnings, and what another machine or another run would not say."""
    found = []
    for number, cell in enumerate(notebook.cells, 1):
        for kind, text in (pair for output in joined(cell.get("outputs", [])) for pair in texts(output).items()):
            if kind == "stderr":
                found.append(f"cell {number} warns: {text.strip()[:500]}")
            for pattern in (r" at 0x[0-9a-f]{6,}", re.escape(tempfile.gettempdir()) + "/", re.escape(sys.prefix) + "/"):
                if kind != "stderr" and re.search(pattern, text):
                    found.append(f"cell {number} says where or when it ran: {text.strip()[:500]}")
    return found


def differences(old: Any, new: Any) -> list[str]:
    """Where a notebook says something else than is stored in it."""
    found = []
    for number, (before, after) in enumerate(zip(old.cells, new.cells, strict=True), 1):
        stored, said = ([texts(output) for output in joined(cell.get("outputs", []))] for cell in (before, after))
        if [sorted(output) for output in stored] != [sorted(output) for output in said]:
            found.append(f"cell {number} has outputs {[sorted(o) for o in said]} and not {[sorted(o) for o in stored]}")
            continue
        for was, now in zip(stored, said, strict=True):
            found += [
                f"cell {number}, {kind}: it said\n{was[kind].strip()[:2000]}\nand now says\n{now[kind].strip()[:2000]}"
                for kind in was
                if not alike(was[kind], now[kind])
            ]
    return found


def alike(first: str, second: str) -> bool:
    """Whether two texts have the same words and whole numbers, and decimals that agree to 0.02 or a twentieth."""
    one, other = _TOKEN.findall(first), _TOKEN.findall(second)
    return len(one) == len(other) and all(a == b or _near(a, b) for a, b in zip(one, other, strict=True))


def _near(a: str, b: str) -> bool:
    if not (_NUMBER.fullmatch(a) and _NUMBER.fullmatch(b)) or (a + b).replace(",", "").lstrip("-").isdigit():
        return False
    x, y = float(a.replace(",", "")), float(b.replace(",", ""))
    return abs(x - y) <= max(0.02, 0.05 * max(abs(x), abs(y)))


def run(path: Path, write: bool, folder: str | None) -> tuple[str, list[str]]:
    """Run one notebook: what it took, and what is wrong."""
    start, old = time.perf_counter(), nbformat.read(path, as_version=4)
    if sum(len(SWITCH.findall(cell.source)) for cell in old.cells if cell.cell_type == "code") != 1:
        return "", ["has not one line `FOLDER = None`, the switch to a folder of images of one's own"]
    wrong = []
    try:
        new = execute(path, folder)
    except (CellExecutionError, RuntimeError) as error:  # the other: the kernel died, or did not start
        wrong.append(re.sub("\x1b\\[[0-9;]*m", "", str(error)))
    took = f"{time.perf_counter() - start:.0f} s"
    if wrong or folder is not None:
        return took, wrong
    wrong += faults(new)
    if not write:
        wrong += differences(old, new)
    elif not wrong:
        nbformat.write(tidy(new), path)
        if path.stat().st_size > 400_000:
            wrong.append(f"is {path.stat().st_size:,} bytes large; show fewer or smaller pictures")
    return took, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="notebooks, without their ending; all by default")
    parser.add_argument("--write", action="store_true", help="store the outputs")
    parser.add_argument("--folder", help="images to set the switch of each notebook to")
    parser.add_argument("-j", "--jobs", type=int, default=min(2, os.cpu_count() or 1), help="notebooks at a time")
    options = parser.parse_args()
    folder = None if options.folder is None else str(Path(options.folder).resolve())
    paths = [HERE / f"{name}.ipynb" for name in options.names] or sorted(HERE.glob("*.ipynb"))
    failed = not paths
    with ProcessPoolExecutor(options.jobs) as pool:
        runs = [pool.submit(run, path, options.write, folder) for path in paths]
        for path, one in zip(paths, runs, strict=True):
            took, wrong = one.result()
            failed |= bool(wrong)
            print(f"{path.name}: {'wrong' if wrong else 'ran' if options.write or folder else 'as stored'}, {took}")
            for text in wrong[:5]:
                print("  " + (text if len(text) < 4000 else f"{text[:2000]}\n[...]\n{text[-2000:]}"), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
