"""What a person sees at the command line, broken files included."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pandas as pd
import pytest

from leukofeat.baselines import make_baseline
from leukofeat.calibration import group_params
from leukofeat.cli import main
from leukofeat.cli.demo import telling_fields
from leukofeat.datasets import load_images, make_smears
from leukofeat.persistence import load


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Class folders with 16 small smears."""
    root = tmp_path_factory.mktemp("smears")
    smears = make_smears(n_samples=16, size=96, n_slides=8, random_state=0)
    for i, (image, code) in enumerate(zip(smears.images, smears.target, strict=True)):
        place = root / str(smears.target_names[code])
        place.mkdir(exist_ok=True)
        cv2.imwrite(str(place / f"{i:03d}.png"), image[:, :, ::-1])
    return root


@pytest.fixture
def broken_folder(folder, tmp_path):
    """The same images and two that cannot be read."""
    for path in folder.rglob("*.png"):
        place = tmp_path / "images" / path.parent.name
        place.mkdir(parents=True, exist_ok=True)
        (place / path.name).write_bytes(path.read_bytes())
    (tmp_path / "images" / "Pro" / "notes.jpg").write_text("not an image at all")
    jpeg = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))[1].tobytes()
    (tmp_path / "images" / "Early" / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    return tmp_path / "images"


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_extract_writes_a_named_row_for_each_image(folder, tmp_path, capsys, suffix):
    output = tmp_path / f"features{suffix}"
    assert main(["extract", str(folder), "-o", str(output)]) == 0
    table = pd.read_parquet(output) if suffix == ".parquet" else pd.read_csv(output)
    assert len(table) == 16
    assert list(table.columns[:3]) == ["path", "label", "cell_count"]
    assert table["label"].value_counts().to_dict() == {"Benign": 4, "Early": 4, "Pre": 4, "Pro": 4}
    assert "16 rows" in capsys.readouterr().out


def test_extract_cells_writes_a_row_for_each_cell(folder, tmp_path):
    assert main(["extract", str(folder), "--cells", "-o", str(tmp_path / "cells.csv")]) == 0
    cells = pd.read_csv(tmp_path / "cells.csv")
    images = main(["extract", str(folder), "-o", str(tmp_path / "images.csv")])
    assert images == 0
    counts = pd.read_csv(tmp_path / "images.csv").set_index("path")["cell_count"]
    found = cells.groupby("path").size().reindex(counts.index, fill_value=0)
    np.testing.assert_array_equal(found, counts)


def test_broken_images_are_reported_and_the_others_measured(broken_folder, tmp_path, capsys):
    output = tmp_path / "features.csv"
    assert main(["extract", str(broken_folder), "-o", str(output)]) == 3
    errors = capsys.readouterr().err
    assert "notes.jpg" in errors
    assert "cut.jpg" in errors
    assert "2 of 18 images failed" in errors
    table = pd.read_csv(output)
    assert len(table) == 18
    lost = table["path"].isin(["Pro/notes.jpg", "Early/cut.jpg"])
    assert table.loc[lost, "cell_count"].isna().all()
    assert table.loc[~lost, "cell_count"].notna().all()


def test_train_then_predict(broken_folder, tmp_path, capsys):
    model, output = tmp_path / "model.skops", tmp_path / "predictions.csv"
    assert main(["train", str(broken_folder), "-o", str(model)]) == 3
    assert main(["predict", str(model), str(broken_folder), "-o", str(output)]) == 3
    table = pd.read_csv(output)
    assert list(table.columns) == [
        "path",
        "predicted",
        "score_Benign",
        "score_Early",
        "score_Pre",
        "score_Pro",
        "familiarity",
        "cells",
        "imputed",
        "columns",
        "error",
    ]
    lost = table["path"].isin(["Pro/notes.jpg", "Early/cut.jpg"])
    assert table.loc[lost, "predicted"].isna().all()
    assert table.loc[lost, "error"].str.contains("not a JPEG|damaged").all()
    assert table.loc[~lost, "predicted"].isin(["Benign", "Early", "Pre", "Pro"]).all()
    probabilities = table.loc[~lost].filter(like="score_")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities.idxmax(axis=1) == "score_" + table.loc[~lost, "predicted"]).all()
    assert table.loc[~lost, "familiarity"].between(0, 1).all()
    assert "not a medical device" in capsys.readouterr().out


def test_predict_judges_an_image_without_leukocytes_only_when_asked(folder, tmp_path, capsys):
    model, output = tmp_path / "model.skops", tmp_path / "predictions.csv"
    assert main(["train", str(folder), "-o", str(model), "-q"]) == 0
    (tmp_path / "new").mkdir()
    cv2.imwrite(str(tmp_path / "new" / "blank.png"), np.full((96, 96, 3), 240, np.uint8))
    typed = ["predict", str(model), str(tmp_path / "new"), "-o", str(output), "-q"]
    assert main(typed) == 3
    assert pd.read_csv(output)["predicted"].isna().all()
    capsys.readouterr()
    assert main([*typed, "--judge-empty"]) == 0
    table = pd.read_csv(output)
    assert table["predicted"].isin(["Benign", "Early", "Pre", "Pro"]).all()
    assert table["error"].isna().all()
    assert table["cells"].eq(0).all()
    assert table["familiarity"].isna().all()
    assert "rests on filled-in columns" in capsys.readouterr().err


def test_train_keeps_groups_together_when_it_calibrates(folder, tmp_path):
    images = load_images(folder)
    names = images.target_names[images.target]
    groups = np.array([f"{name} {i % 2}" for i, name in enumerate(names)])
    frame = pd.DataFrame({"path": [folder / path for path in images.frame["path"]], "label": names, "group": groups})
    (tmp_path / "grouped").mkdir()
    frame.to_csv(tmp_path / "grouped" / "manifest.csv", index=False)
    assert main(["train", str(tmp_path / "grouped"), "-b", "four_colors", "-o", str(tmp_path / "model.skops")]) == 0
    found = load(tmp_path / "model.skops")
    model = make_baseline("four_colors")
    expected = model.fit(images.images, names, **group_params(model, groups))
    assert found[-1].temperature_ == expected[-1].temperature_ != model.fit(images.images, names)[-1].temperature_


def test_train_scores_the_rows_that_a_manifest_keeps_aside(folder, tmp_path, capsys):
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    frame = pd.DataFrame({"path": paths, "label": [path.split("/")[0] for path in paths]})
    frame["split"] = np.where(np.arange(len(frame)) % 4 == 0, "valid", "train")
    for path in paths:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes((folder / path).read_bytes())
    frame.to_csv(tmp_path / "manifest.csv", index=False)
    assert main(["train", str(tmp_path), "-o", str(tmp_path / "model.skops")]) == 0
    text = capsys.readouterr().out
    assert "fitted on 12 images" in text
    assert "valid: accuracy" in text
    assert "on 4 images" in text


def test_a_class_with_one_image_is_pointed_out(folder, tmp_path, capsys):
    for name in ("Benign", "Pre"):
        (tmp_path / name).mkdir()
        for path in sorted((folder / name).iterdir())[: 1 if name == "Pre" else 4]:
            (tmp_path / name / path.name).write_bytes(path.read_bytes())
    assert main(["train", str(tmp_path), "-o", str(tmp_path / "model.skops")]) == 0
    assert "class 'Pre' has a single training image" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["extract", "{empty}", "-o", "{out}.csv"], "no JPEG, PNG, BMP or TIFF image", 1),
        (["extract", "{empty}/nowhere", "-o", "{out}.csv"], "no such folder", 1),
        (["extract", "{folder}", "-o", "{out}.xlsx"], "written as .parquet or .csv", 2),
        (["extract", "{folder}", "-o", "{empty}/deep/out.csv"], "no such folder to write", 2),
        (["extract", "{folder}", "-o", "{out}.csv", "-b", "best_svm"], "--list", 2),
        (["train", "{folder}/Pro", "-o", "{out}"], "no labels", 1),
        (["train", "{folder}", "-o", "{empty}/deep/m.skops"], "no such folder to write m.skops", 2),
        (["train", "{folder}", "-o", "{empty}"], "is a folder; name a file", 2),
        (["train", "{folder}", "-o", "{out}", "-b", "best_svm"], "--list", 2),
        (["predict", "{empty}/model", "{folder}", "-o", "{out}.csv"], "no such file", 1),
        (["predict", "{empty}/model", "{folder}", "-o", "{out}.txt"], "written as .parquet or .csv", 2),
        (["audit", "{folder}", "-o", "{file}"], "is a file; name a folder", 2),
        (["audit", "{folder}", "-o", "{file}/deep"], "is a file; name a folder", 2),
        (["demo", "-o", "{file}"], "is a file; name a folder", 2),
        (["demo", "-o", "{empty}", "-n", "15"], "--images 15: 16 are the fewest", 2),
    ],
)
def test_what_cannot_be_done_is_said_with_the_way_out_before_any_work(folder, tmp_path, capsys, arguments, says, code):
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "file").write_text("in the way")
    places = {"empty": empty, "folder": folder, "out": tmp_path / "out", "file": tmp_path / "file"}
    assert main([argument.format(**places) for argument in arguments]) == code
    told = capsys.readouterr().err
    assert says in told
    assert "image/s" not in told
    assert "images of" not in told or code == 1


@pytest.mark.parametrize("command", ["extract", "masks", "audit", "train"])
@pytest.mark.parametrize(
    ("jobs", "says"),
    [("0", "0 processes do nothing"), ("x", "'x' is no number of processes"), ("1.5", "'1.5' is no number")],
)
def test_what_is_no_number_of_processes_is_wrong_usage(command, jobs, says, folder, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, str(folder), "-o", str(tmp_path / "out"), "-j", jobs])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert f"-j/--jobs: {says}" in told
    assert "; name 1 or more, or -1 for all processors" in told


def test_wrong_usage_ends_with_2_and_help_tells_of_the_exit_codes(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["extract"])
    assert ended.value.code == 2
    with pytest.raises(SystemExit) as ended:
        main(["extract", "--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "3 done, but some images failed" in text
    assert "not a medical device" in text


def test_demo_writes_table_and_pictures(tmp_path, capsys):
    assert main(["demo", "-n", "32", "--quiet", "-o", str(tmp_path / "demo")]) == 0
    names = {path.name for path in (tmp_path / "demo").iterdir()}
    assert names == {"report.html", "stages.png", "features.png", "confusion.png", "table.csv"}
    for name in names - {"report.html", "table.csv"}:
        assert cv2.imread(str(tmp_path / "demo" / name)).std() > 10
    text, errors = capsys.readouterr()
    assert "image/s" not in errors
    assert "Benign" in (tmp_path / "demo" / "report.html").read_text()
    for row in ("leukofeat_svm", "jin2023_svm", "four_colors", "no_leukocytes"):
        assert row in text
    assert "Research use only" in text


def test_the_demo_shows_a_field_of_each_class():
    smears = make_smears(n_samples=24, size=128, random_state=0)
    rows = telling_fields(smears)
    assert [title.split(":")[0] for title in rows] == list(smears.target_names)
    assert smears.target[list(rows.values())].tolist() == [0, 1, 2, 3]
    dim = next(i for title, i in rows.items() if "dim" in title)
    assert smears.images[dim].mean() <= np.median([image.mean() for image in smears.images])


def test_the_demo_does_without_matplotlib_and_pyarrow(tmp_path):
    code = (
        # not None in sys.modules: scikit-learn looks there for pyarrow
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name in ('matplotlib', 'pyarrow'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from leukofeat.cli import main\n"
        "raise SystemExit(main(['demo', '-n', '16', '--quiet', '-o', 'out']))"
    )
    path = os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.html", "table.csv"}
    assert done.stderr.count("pip install 'leukofeat[plot]'") == 1
    assert "table.csv" in done.stdout
    assert ".png" not in done.stdout
