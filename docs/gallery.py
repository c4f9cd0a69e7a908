"""Pages of the gallery: the notebooks of examples/ with their stored outputs, and an index of cards."""

import base64
import io
import json
import re
import shutil
from pathlib import Path

from PIL import Image

_WIDTH = 480  # twice what a card shows, for sharp screens
_ORDER = ("first_steps",)  # these first, then by name


def write(examples, folder):
    """Copy every notebook of a folder, with alternative texts for its pictures, and write index.rst over them."""
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "thumbs").mkdir(parents=True)
    files = sorted(Path(examples).glob("*.ipynb"), key=lambda file: (file.stem not in _ORDER, file.stem))
    cards = []
    for file in files:
        notebook = json.loads(file.read_text(encoding="utf-8"))
        title, sentence = describe(notebook)
        describe_pictures(notebook)
        (folder / file.name).write_text(json.dumps(notebook), encoding="utf-8")
        picture = first_picture(notebook)
        if picture is not None:
            picture.thumbnail((_WIDTH, _WIDTH))
            picture.save(folder / "thumbs" / f"{file.stem}.png")
        cards.append(_card(file.stem, title or file.stem, sentence, picture is not None))
    (folder / "index.rst").write_text(_index(cards, [file.stem for file in files]), encoding="utf-8")


def describe(notebook):
    """Title of a notebook and its first sentence, as plain text."""
    text = "\n\n".join(_source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    heading = re.search(r"^# +(.+)$", text, re.MULTILINE)
    behind = text[heading.end() :] if heading else text
    paragraphs = (part.strip() for part in re.split(r"\n\s*\n", behind))
    first = next((part for part in paragraphs if part and not part.startswith(("#", "|", "!", "<", "```"))), "")
    sentence = re.match(r"(?:[^.!?]|[.!?](?![\s]|$))*[.!?]?", plain(first)).group()
    return plain(heading.group(1)) if heading else "", sentence


def plain(markdown):
    """Text without the marks of Markdown, on one line."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return " ".join(re.sub(r"[`*]", "", text).split())


def first_picture(notebook):
    """The first stored output that is a picture, opened; None where there is none."""
    for _, output in _outputs(notebook):
        for kind in ("image/png", "image/jpeg"):
            if kind in output["data"]:
                data = output["data"][kind]
                data = "".join(data) if isinstance(data, list) else data
                return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    return None


def describe_pictures(notebook):
    """Say of every picture which part of the notebook made it, where the cell's metadata do not say what is on it."""
    heading = describe(notebook)[0]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            headings = re.findall(r"^#+ +(.+)$", _source(cell), re.MULTILINE)
            heading = plain(headings[-1]) if headings else heading
        elif cell["cell_type"] == "code":
            image = cell["metadata"].setdefault("mystnb", {}).setdefault("image", {})
            image.setdefault("alt", f"Picture that the code above makes: {heading}")


def _outputs(notebook):
    for cell in notebook["cells"]:
        yield from ((cell, output) for output in cell.get("outputs", []) if "data" in output)


def _source(cell):
    return "".join(cell["source"])


def _card(stem, title, sentence, picture):
    image = f".. image:: thumbs/{stem}.png\n     :alt:\n     :class: thumb\n\n  " if picture else ""
    return f"* {image}:doc:`{_escaped(title)} <{stem}>`\n\n  {_escaped(sentence)}\n"


def _escaped(text):
    return re.sub(r"([\\`*_|<>])", r"\\\1", text)


def _index(cards, stems):
    listed = "\n".join(f"   {stem}" for stem in stems)
    return (
        "Gallery\n=======\n\nNotebooks with what they print and draw, on synthetic smears that come with the package; each runs in less than a minute, "
        "and on a folder of your own.\n\n.. rst-class:: cards\n\n"
        + "\n".join(cards)
        + f"\n.. toctree::\n   :hidden:\n\n{listed}\n"
    )
