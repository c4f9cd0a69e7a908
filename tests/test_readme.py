"""The Python of the README and of the guide, as it stands: one block after another in one namespace, only the folder put in its place."""

import re
import warnings
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import leukofeat.evaluation
from leukofeat.datasets import make_smears

_ROOT = Path(__file__).resolve().parents[1]


def python_of(page):
    text = (_ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


README, BLOCKS = python_of("README.md"), python_of("docs/guide.md")


def write_classes(root, images, labels):
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        (root / label).mkdir(exist_ok=True)
        assert cv2.imwrite(str(root / label / f"{i:03}.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def some_of_each(files, n):
    """Evenly spaced files of each folder."""
    by_class = pd.Series(files).groupby([Path(file).parent.name for file in files])
    return [rows.iloc[i] for _, rows in by_class for i in np.linspace(0, len(rows) - 1, n).astype(int)]


def link_classes(root, files):
    for file in files:
        (root / Path(file).parent.name).mkdir(exist_ok=True)
        (root / Path(file).parent.name / Path(file).name).symlink_to(file)


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Few resamples and folds, and a folder of its own to write into."""
    defaults = leukofeat.evaluation.compare.__kwdefaults__
    monkeypatch.setitem(defaults, "n_bootstrap", 50)
    monkeypatch.setitem(defaults, "n_stress", 8)
    monkeypatch.setitem(defaults, "cv", 2)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def run(folder):
    assert len(BLOCKS) == 4
    namespace = {}
    with warnings.catch_warnings():
        # images without a leukocyte, and classes too few for the number of slides, are told of; here nothing hangs on it
        warnings.simplefilter("ignore", UserWarning)
        for number, block in enumerate(BLOCKS):
            code = block.replace('"folder_of_class_folders"', repr(str(folder)))
            exec(compile(code, f"docs/guide.md, block {number}", "exec"), namespace)
    assert set(namespace["result"].table.index) == {"leukofeat_svm", "jin2023_svm", "four_colors", "no_leukocytes"}
    assert namespace["result"].table["accuracy"].between(0, 1).all()
    assert Path("report.html").stat().st_size > 30_000
    return namespace


def test_the_first_lines(capsys):
    """They run in one go, and end with a verdict and what drove it."""
    assert len(README) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        exec(compile(README[0], "README.md", "exec"), {})
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("True: ")
    assert told[1].startswith("Called ")
    assert any(line.startswith("For it: ") for line in told)


def test_the_first_screen_is_short():
    assert len((_ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 200


def test_on_class_folders_of_synthetic_smears(small):
    smears = make_smears(n_samples=24, size=96, n_slides=12, random_state=0)
    folder = small / "smears"
    folder.mkdir()
    write_classes(folder, smears.images, smears.target_names[smears.target])
    namespace = run(folder)
    assert namespace["pipe"].classes_.tolist() == smears.target_names.tolist()


def test_on_crops_of_one_cell(small):
    """Each image one cell that fills it, and nothing beside it."""
    rng = np.random.default_rng(0)
    images, labels = [], []
    for i in range(24):
        label = ("large", "small")[i % 2]
        image = np.empty((64, 64, 3))
        image[:] = (236, 230, 238)
        cv2.circle(image, (32, 32), 27 - i % 3, (190, 170, 215), -1)
        cv2.circle(image, (32, 31), (20, 13)[i % 2] + i % 4, (100, 60, 155), -1)
        images.append(
            np.clip(cv2.GaussianBlur(image, (0, 0), 1) + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
        )
        labels.append(label)
    folder = small / "cells"
    folder.mkdir()
    write_classes(folder, images, labels)
    namespace = run(folder)
    assert namespace["pipe"].classes_.tolist() == ["large", "small"]


@pytest.mark.parametrize("name", ["leukemia4", "pbc5"])
def test_on_public_sets(name, small, data_folder):
    files = sorted(str(file) for file in (data_folder / name).rglob("*") if file.suffix in (".jpg", ".png"))
    folder = small / name
    folder.mkdir()
    link_classes(folder, some_of_each(files, 6))
    run(folder)
