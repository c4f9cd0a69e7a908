"""The notebooks in examples/: what is stored in each, and how their runner tells what has changed."""

import base64
import importlib.util
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

_EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NOTEBOOKS = sorted(_EXAMPLES.glob("*.ipynb"))


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell):
    return "".join(cell["source"])


def code_cells(path):
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]


def outputs(path):
    return [output for cell in code_cells(path) for output in cell["outputs"]]


@pytest.fixture(scope="module")
def runner():
    pytest.importorskip("nbclient")
    spec = importlib.util.spec_from_file_location("run_notebooks", _EXAMPLES / "run_notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 10
    assert sum(path.stat().st_size for path in NOTEBOOKS) < 3_000_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestStored:
    def test_says_first_what_the_reader_will_have(self, path):
        title, _, *rest = source(read(path)["cells"][0]).splitlines()
        assert title.startswith("# ")
        assert rest[0].startswith("At the end ")

    def test_has_one_switch_at_the_top(self, path):
        lines = [source(cell).splitlines() for cell in code_cells(path)]
        assert re.fullmatch(r'FOLDER = None  # or "path/to/your/images".*', lines[0][0])
        assert not any(line.startswith("FOLDER =") for of_cell in lines for line in of_cell[1:])

    def test_was_run_from_top_to_bottom(self, path):
        counts = [cell["execution_count"] for cell in code_cells(path)]
        assert counts == list(range(1, len(counts) + 1))

    def test_warns_of_nothing_and_names_no_place(self, path):
        assert all(output["output_type"] in {"stream", "display_data", "execute_result"} for output in outputs(path))
        assert not any(output.get("name") == "stderr" for output in outputs(path))
        assert not re.search(
            r"/tmp/|/home/|/root/|site-packages|0x[0-9a-f]{6}", json.dumps(outputs(path)).replace("\\/", "/")
        )

    def test_keeps_nothing_of_the_run(self, path):
        notebook = read(path)
        assert notebook["metadata"]["kernelspec"]["name"] == "python3"
        assert not any(cell["metadata"] for cell in notebook["cells"])

    def test_has_a_small_picture(self, path):
        pictures = [output["data"]["image/png"] for output in outputs(path) if "image/png" in output.get("data", {})]
        assert pictures
        for picture in pictures:
            content = base64.b64decode(picture)
            assert len(content) < 100_000
            assert Image.open(io.BytesIO(content)).width <= 900
        assert path.stat().st_size < 400_000

    def test_says_where_a_verdict_is_shown_that_it_is_for_research(self, path):
        text = " ".join(source(cell) for cell in read(path)["cells"])
        if "compare(" in text or "predict" in text:
            assert re.search("research use only", text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("0.71 right", "0.72 right"),
        ("area 502.31", "area 510.2"),
        ("[[ 1.5  2.0]]", "[[1.5 2.0]]"),
        ("3.0", "3"),
        ("p = 1e-5", "p = 2e-4"),
    ],
)
def test_small_differences_do_not_count(runner, stored, said):
    assert runner.alike(stored, said)


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("0.71 right", "0.81 right"),
        ("0.71 right", "0.71 wrong"),
        ("605 columns", "606 columns"),
        ("area 502.31", "area 602.31"),
        ("a, b", "a, b, c"),
        ("0.5", "-0.5"),
        ("nan", "0.5"),
    ],
)
def test_large_ones_do(runner, stored, said):
    assert not runner.alike(stored, said)


def notebook_of(*cells):
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    made = [new_code_cell("x", outputs=[new_output(kind, **content) for kind, content in cell]) for cell in cells]
    return new_notebook(cells=made)


def printed(text, name="stdout"):
    return "stream", {"name": name, "text": text}


def test_a_change_is_named_with_its_cell(runner):
    old, new = notebook_of([printed("1.0\n")], [printed("2.0\n")]), notebook_of([printed("1.0\n")], [printed("3.0\n")])
    (found,) = runner.differences(old, new)
    assert "cell 2" in found
    assert "2.0" in found
    assert "3.0" in found


def test_where_printing_is_cut_does_not_count(runner):
    old, new = notebook_of([printed("1\n2\n")]), notebook_of([printed("1\n"), printed("2\n")])
    assert not runner.faults(new)
    assert not runner.differences(old, new)
    assert not runner.differences(old, runner.tidy(new))


def test_the_order_of_kinds_does_not_count(runner):
    data = {"text/plain": "1", "text/html": "1"}
    old, new = (notebook_of([("execute_result", {"data": one})]) for one in (data, dict(reversed(data.items()))))
    assert not runner.differences(old, new)


def test_an_output_that_is_missing_counts(runner):
    old, new = (
        notebook_of([printed("1\n"), ("display_data", {"data": {"image/png": "x"}})]),
        notebook_of([printed("1\n")]),
    )
    assert runner.differences(old, new)


def test_of_html_the_words_count(runner):
    def table(style, value):
        return notebook_of([("execute_result", {"data": {"text/html": f"<style>{style}</style><td>{value}</td>"}})])

    assert not runner.differences(table("a", 0.5), table("b", 0.51))
    assert runner.differences(table("a", 0.5), table("a", 0.6))


@pytest.mark.parametrize("text", ["<object at 0x7f00deadbeef>", "/tmp/xyz/a.png"])
def test_what_another_run_would_not_say_is_a_fault(runner, text, monkeypatch):
    monkeypatch.setattr(runner.tempfile, "gettempdir", lambda: "/tmp")
    assert runner.faults(notebook_of([printed(text)]))


def test_a_warning_is_a_fault(runner):
    assert "cell 1 warns" in runner.faults(notebook_of([printed("UserWarning", "stderr")]))[0]


def test_pictures_are_stored_small_and_keep_the_colours_of_outlines(runner, rng):
    noise = np.clip(rng.normal((200, 180, 210), 12, (1000, 1000, 3)), 0, 255).astype(np.uint8)
    noise[500:504, 100:900] = (0, 255, 0)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "png")
    small = base64.b64decode(runner.shrink(base64.b64encode(out.getvalue()).decode()))
    picture = Image.open(io.BytesIO(small))
    assert picture.size == (500, 500)  # noise is never small enough, and this is as far as it goes
    colors = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int)
    assert (colors[:, 1] - colors[:, [0, 2]].max(axis=1)).max() > 60
