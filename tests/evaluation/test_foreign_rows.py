"""Predictions made elsewhere as rows of a comparison."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest

from leukofeat.baselines import make_baseline
from leukofeat.datasets import load_images, make_smears
from leukofeat.evaluation import compare, read_predictions
from leukofeat.report import write_report

CV = 2
OPTIONS = {"n_bootstrap": 50}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("smears")
    smears = make_smears(n_samples=24, size=96, n_slides=8, random_state=0)
    rows = []
    for i, (image, code) in enumerate(zip(smears.images, smears.target, strict=True)):
        label = str(smears.target_names[code])
        (root / label).mkdir(exist_ok=True)
        assert cv2.imwrite(str(root / label / f"{i}.png"), image[:, :, ::-1])
        rows.append((f"{label}/{i}.png", label, str(smears.groups[i])))
    pd.DataFrame(rows, columns=["path", "label", "group"]).to_csv(root / "manifest.csv", index=False)
    return root


@pytest.fixture(scope="module")
def bunch(folder):
    return load_images(folder)


@pytest.fixture(scope="module")
def own(bunch):
    target = bunch.target_names[bunch.target]
    return compare(
        {"colours": make_baseline("four_colors")}, bunch.images, target, cv=CV, groups=bunch.groups, **OPTIONS
    )


@pytest.fixture(scope="module")
def copied(bunch, own):
    """What the pipeline itself said, as a table from elsewhere."""
    found = own.predictions.drop(columns=["pipeline", "target", "group"])
    return found.assign(path=bunch.frame["path"].to_numpy()[found["row"]]).drop(columns="row")


def compared(bunch, pipelines, **options):
    target = bunch.target_names[bunch.target]
    return compare(pipelines, bunch.images, target, **({"cv": CV, "groups": bunch.groups} | OPTIONS | options))


def test_a_copy_of_a_row_is_equal_to_it_in_all_but_the_times(bunch, own, copied):
    pipelines = {
        "copy": read_predictions(copied.sample(frac=1, random_state=0)),
        "colours": make_baseline("four_colors"),
    }
    result = compared(bunch, pipelines)
    assert list(result.table.index) == ["copy", "colours"]
    times = ["ms_per_image", "fit_seconds"]
    assert result.table.loc["copy", times].isna().all()
    left = result.table.drop(columns=times)
    pd.testing.assert_series_equal(left.loc["copy"], left.loc["colours"], check_names=False)
    pd.testing.assert_frame_equal(left.loc[["colours"]], own.table.drop(columns=times))
    for table in (result.by_class, result.by_fold, result.by_group, result.predictions):
        one, other = (
            table[table["pipeline"] == name].drop(columns="pipeline").reset_index(drop=True)
            for name in ("copy", "colours")
        )
        pd.testing.assert_frame_equal(one, other)
    assert set(result.pairs["difference"]) == {0.0}
    assert result.notes == []
    assert "sha256" in result.configuration["pipelines"]["copy"]


def test_predictions_alone_and_their_report(bunch, copied, tmp_path):
    result = compared(bunch, {"net": read_predictions(copied)}, stress=True)
    assert result.stress is None
    assert result.table["accuracy"].notna().all()
    write_report(tmp_path / "report.html", result, images=bunch.images)
    assert "net" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("best", ["net", "colours"])
def test_no_shortcut_tests_of_predictions(bunch, copied, tmp_path, best):
    said = copied["path"].str.split("/").str[0] if best == "net" else "Pro"
    net = read_predictions(copied[["path", "fold"]].assign(predicted=said))
    result = compared(bunch, {"net": net, "colours": make_baseline("four_colors")}, stress=True, n_stress=8)
    assert set(result.stress["pipeline"]) == {"colours"}
    assert any("stress tests cannot ask" in note for note in result.notes)
    write_report(tmp_path / "report.html", {"one": result, "two": result}, images=bunch.images)
    text = write_report(tmp_path / "report.html", result, images=bunch.images).read_text()
    assert ("No stress test could be asked of it" in text) == (best == "net")


def test_other_splits_are_refused(bunch, copied):
    with pytest.raises(ValueError, match="stand in 2 parts of its column 'fold'"):
        compared(bunch, {"net": read_predictions(copied)}, cv="random", groups=None)
    with pytest.raises(ValueError, match="no prediction"):
        compared(bunch, {"net": read_predictions(copied.iloc[1:])})


def test_without_a_fold_there_is_a_note(bunch, copied):
    result = compared(bunch, {"net": read_predictions(copied.drop(columns="fold"))})
    assert any("nobody can check" in note for note in result.notes)


def test_under_several_protocols_a_row_stands_where_it_was_made_for(bunch, copied):
    pipelines = {"net": read_predictions(copied), "colours": make_baseline("four_colors")}
    found = compared(bunch, pipelines, cv={"random": "random", "slides": CV}, groups={"slides": bunch.groups})
    assert list(found["random"].table.index) == ["colours"]
    assert list(found["slides"].table.index) == ["net", "colours"]
    assert any(note.startswith("net is left out: ") for note in found["random"].notes)
    with pytest.raises(ValueError, match="stand in 2 parts"):
        compared(
            bunch,
            {"net": read_predictions(copied)},
            cv={"random": "random", "slides": CV},
            groups={"slides": bunch.groups},
        )


@pytest.mark.parametrize("alone", [True, False])
def test_an_image_that_cannot_be_read_is_left_out_for_all(bunch, folder, copied, tmp_path, alone):
    broken = tmp_path / "broken.png"
    broken.write_text("no image")
    paths = [*bunch.filenames, str(broken)]
    target = np.append(bunch.target_names[bunch.target], "Pro")
    groups = np.append(bunch.groups, bunch.groups[-1])
    table = copied.assign(fold="one")
    pipelines = {"net": read_predictions(table)} | ({} if alone else {"colours": make_baseline("four_colors")})
    result = compare(pipelines, paths, target, cv=CV, groups=groups, **OPTIONS)
    assert len(result.failures) == 1
    assert len(result.predictions) == 24 * len(pipelines)
    with pytest.raises(ValueError, match="no prediction"):
        compare(pipelines, paths, target, cv=CV, groups=groups, on_error="raise", **OPTIONS)


def test_what_predict_writes_can_be_read(bunch, folder, tmp_path):
    from leukofeat.cli import main

    model, output = tmp_path / "m.skops", tmp_path / "p.csv"
    assert main(["train", str(folder), "-b", "four_colors", "-o", str(model), "-q"]) == 0
    assert main(["predict", str(model), str(folder), "-o", str(output), "-q"]) == 0
    result = compared(bunch, {"model": read_predictions(output)})
    expected = make_baseline("four_colors").fit(bunch.images, bunch.target_names[bunch.target]).predict(bunch.images)
    found = result.predictions.sort_values("row")["predicted"]
    np.testing.assert_array_equal(found, expected)


def test_images_without_files_are_found_by_their_numbers(bunch):
    images = [np.asarray(bunch.images[i]) for i in range(len(bunch.target))]
    target = bunch.target_names[bunch.target]
    table = pd.DataFrame({"path": [f"image {i}" for i in range(len(images))], "predicted": target})
    result = compare({"net": read_predictions(table)}, images, target, cv=CV, **OPTIONS)
    assert result.table.loc["net", "accuracy"] == 1.0
