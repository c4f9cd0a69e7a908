"""The gallery shows whatever notebooks are there."""

from __future__ import annotations

import base64
import io
import json

import pytest
from PIL import Image

from tests.docs.scripts import script


def png(color):
    data = io.BytesIO()
    Image.new("RGB", (800, 600), color).save(data, "png")
    return base64.b64encode(data.getvalue()).decode()


def code(*outputs, **metadata):
    shown = [{"output_type": "display_data", "data": data, "metadata": {}} for data in outputs]
    return {"cell_type": "code", "source": ["1"], "outputs": shown, "metadata": metadata, "execution_count": 1}


def text(source):
    return {"cell_type": "markdown", "source": source.splitlines(keepends=True), "metadata": {}}


def write(folder, **notebooks):
    (folder / "examples").mkdir()
    for name, cells in notebooks.items():
        notebook = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (folder / "examples" / f"{name}.ipynb").write_text(json.dumps(notebook))
    script("gallery").write(folder / "examples", folder / "gallery")
    return (folder / "gallery/index.rst").read_text()


@pytest.mark.parametrize(
    ("source", "title", "sentence"),
    [
        ("# A `b` *c*\n\nFirst, of 0.5 px and [linked](x.md). Second.", "A b c", "First, of 0.5 px and linked."),
        ("# A\n\n![x](y.png)\n\n## B\n\nIs it so? Yes.", "A", "Is it so?"),
        ("# A", "A", ""),
        ("Only words", "", "Only words"),
        ("", "", ""),
    ],
)
def test_title_and_first_sentence(source, title, sentence):
    assert script("gallery").describe({"cells": [code(), text(source)]}) == (title, sentence)


def test_the_first_stored_picture_is_the_thumbnail(tmp_path):
    cells = [text("# A\n\nB."), code({"text/plain": "1"}), code({"image/png": png("red")}, {"image/png": png("blue")})]
    page = write(tmp_path, one=cells, two=[text("# C\n\nD.")])
    thumb = Image.open(tmp_path / "gallery/thumbs/one.png")
    assert max(thumb.size) <= 480
    assert thumb.getpixel((5, 5)) == (255, 0, 0)
    assert "thumbs/one.png" in page
    assert "thumbs/two.png" not in page
    assert ":doc:`C <two>`" in page


def test_every_picture_says_what_made_it_unless_the_notebook_does(tmp_path):
    given = {"mystnb": {"image": {"alt": "Two cells"}}}
    write(tmp_path, one=[text("# A"), code({"image/png": png("red")}), text("## B `c`"), code(), code(**given)])
    cells = json.loads((tmp_path / "gallery/one.ipynb").read_text())["cells"]
    alts = [cell["metadata"]["mystnb"]["image"]["alt"] for cell in cells if cell["cell_type"] == "code"]
    assert [alt.rpartition(": ")[2] for alt in alts] == ["A", "B c", "Two cells"]


def test_no_notebook_and_odd_titles(tmp_path):
    assert "Gallery" in write(tmp_path, odd=[text("# a_b |c| <d>\n\n*x_")])
    (tmp_path / "examples/odd.ipynb").unlink()
    script("gallery").write(tmp_path / "examples", tmp_path / "gallery")
    assert not (tmp_path / "gallery/odd.ipynb").exists()
