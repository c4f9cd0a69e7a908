"""`leukofeat train`, `predict` and `explain --patients`: verdicts of slides and patients."""

import json
import re

import cv2
import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.baselines import make_baseline
from leukofeat.calibration import group_params
from leukofeat.classification import GroupClassifier
from leukofeat.cli import main
from leukofeat.datasets import load_images, make_smears
from leukofeat.persistence import load, read_card, save
from leukofeat.pipeline import split_pipeline


@pytest.fixture(scope="module")
def model(labelled, tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "model.skops"
    assert main(["train", str(labelled), "-o", str(file), "-q"]) == 0
    return file


def test_mean_log_odds_of_what_is_judged(labelled, model, tmp_path, capsys):
    frame = pd.read_csv(labelled / "manifest.csv")
    (tmp_path / "broken.png").write_text("no image")
    frame["path"] = [str(labelled / path) for path in frame["path"]]
    rows = [frame[["path", "group"]], pd.DataFrame({"path": ["broken.png"] * 2, "group": ["s0", "lost"]})]
    pd.concat(rows).to_csv(tmp_path / "manifest.csv", index=False)
    typed = ["predict", str(model), str(tmp_path), "-o", str(tmp_path / "cells.csv"), "-q"]
    assert main([*typed, "--patients", str(tmp_path / "patients.csv")]) == 3
    assert "9 slides or patients, 1 without a verdict. " in capsys.readouterr().out
    found = pd.read_csv(tmp_path / "patients.csv").set_index("group")
    images = pd.read_csv(tmp_path / "cells.csv").assign(group=pd.concat(rows)["group"].to_numpy())
    scores = [name for name in images if name.startswith("score_")]
    for group, own in images.groupby("group"):
        judged = own.dropna(subset=["predicted"])
        assert found.loc[group, ["n_images", "n_voting"]].tolist() == [len(own), len(judged)]
        assert found.loc[group, "n_cells"] == judged["cells"].sum() or group == "lost"
        if len(judged):
            expected = softmax(np.log(np.clip(judged[scores], 0.001, 1)).mean().to_numpy())
            np.testing.assert_allclose(found.loc[group, scores].astype(float), expected, rtol=1e-6)
            assert found.loc[group, "verdict"] == scores[expected.argmax()].removeprefix("score_")
    assert pd.isna(found.loc["lost", "verdict"])
    assert found.loc["lost", "reason"] == "none of its images could be judged"


def test_the_rule_of_the_model(labelled, tmp_path):
    bunch = load_images(labelled)
    steps = make_baseline("four_colors").steps
    for name, kept in (("bare", steps[:-1]), ("scaled", [*steps[:-1], ("same", "passthrough")])):
        model = Pipeline([*kept, ("patients", GroupClassifier(steps[-1][1], abstain=0.6, cv=2))])
        model.fit(bunch.images, np.where(bunch.target < 2, "few", "many"), **group_params(model, bunch.groups))
        save(model, tmp_path / f"{name}.skops")
        typed = ["predict", str(tmp_path / f"{name}.skops"), str(labelled), "-o", str(tmp_path / "cells.csv"), "-q"]
        assert main([*typed, "--patients", str(tmp_path / "patients.csv")]) == 0
        expected = model[-1].predict_groups(model[:-1].transform(bunch.images), bunch.groups)
        found = pd.read_csv(tmp_path / "patients.csv").drop(columns="n_cells", errors="ignore")
        pd.testing.assert_frame_equal(
            found.fillna({"reason": ""}),
            expected.assign(verdict=expected["verdict"].astype(found["verdict"].dtype)),
            check_dtype=False,
        )


def test_what_cannot_be_is_said_before_any_work(labelled, model, tmp_path, capsys):
    frame = pd.read_csv(labelled / "manifest.csv")
    frame["path"] = [str(labelled / path) for path in frame["path"]]
    frame[["path"]].to_csv(tmp_path / "manifest.csv", index=False)
    typed = [str(tmp_path), "-o", str(tmp_path / "cells.csv"), "--patients", str(tmp_path / "patients.csv")]
    assert main(["predict", str(model), *typed]) != 0
    told = capsys.readouterr().err
    assert "manifest.csv with the columns path and group" in told
    stages, features, _ = split_pipeline(make_baseline("four_colors"))
    bare = Pipeline([*[(str(i), stage) for i, stage in enumerate([*stages, features])], ("svc", SVC())])
    bunch = load_images(labelled)
    save(bare.fit(bunch.images, bunch.target), tmp_path / "bare.skops")
    assert main(["predict", str(tmp_path / "bare.skops"), *typed]) != 0
    assert "gives no probabilities" in capsys.readouterr().err
    assert not (tmp_path / "cells.csv").exists()


def test_familiarity_is_told_of_a_gate_inside_a_verdict_by_patient(labelled, tmp_path):
    images = load_images(labelled)
    steps = make_baseline("leukofeat_svm").steps
    model = Pipeline([*steps[:-1], ("patients", GroupClassifier(steps[-1][1]))])
    names = np.where(images.target < 2, "few", "many")
    save(model.fit(images.images, names, **group_params(model, images.groups)), tmp_path / "model.skops")
    typed = ["predict", str(tmp_path / "model.skops"), str(labelled), "-o", str(tmp_path / "cells.csv"), "-q"]
    assert main(typed) == 0
    assert pd.read_csv(tmp_path / "cells.csv")["familiarity"].between(0, 1).all()


@pytest.fixture(scope="module")
def patients(tmp_path_factory):
    """A folder of 64 smears of 32 patients, a quarter of them kept aside."""
    root = tmp_path_factory.mktemp("patients")
    smears = make_smears(n_samples=64, size=64, n_slides=32, random_state=0)
    rows = []
    for i, (image, code, group) in enumerate(zip(smears.images, smears.target, smears.groups, strict=True)):
        assert cv2.imwrite(str(root / f"{i}.png"), image[:, :, ::-1])
        rows.append((str(root / f"{i}.png"), smears.target_names[code], f"p{group}"))
    frame = pd.DataFrame(rows, columns=["path", "label", "group"])
    frame["split"] = np.where(frame["group"].str[1:].astype(int) // 4 % 4 == 0, "test", "train")
    frame.to_csv(root / "manifest.csv", index=False)
    return root


@pytest.fixture(scope="module")
def of_patients(patients, tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "model.skops"
    typed = ["train", str(patients), "-o", str(file), "-b", "four_colors", "-q", "--patients", "--abstain", "0.33"]
    assert main([*typed, "--evaluate"]) == 0
    return file


def test_train_makes_a_model_with_a_verdict_by_patient(patients, of_patients):
    model, bunch = load(of_patients), load_images(patients)
    assert isinstance(model[-1], GroupClassifier)
    assert model[-1].abstain == 0.33
    train = bunch.split == "train"
    steps = make_baseline("four_colors").steps
    expected = Pipeline([*steps[:-1], ("patients", GroupClassifier(steps[-1][1], abstain=0.33))])
    names = bunch.target_names[bunch.target]
    expected.fit(bunch.images[train], names[train], **group_params(expected, bunch.groups[train]))
    columns = model[:-1].transform(bunch.images)
    pd.testing.assert_frame_equal(
        model[-1].predict_groups(columns, bunch.groups), expected[-1].predict_groups(columns, bunch.groups)
    )


def test_figures_by_patient_are_in_the_card_and_of_patients_held_out(patients, of_patients, tmp_path, capsys):
    card, bunch = read_card(of_patients), load_images(patients)
    part, *folds = card.scores
    assert [row["pipeline"] for row in folds] == ["four_colors", "no_leukocytes"]
    model, aside = load(of_patients), bunch.split == "test"
    found = model[-1].predict_groups(model[:-1].transform(bunch.images[aside]), bunch.groups[aside])
    label = dict(zip(bunch.groups, bunch.target_names[bunch.target], strict=True))
    truth = found["group"].map(label)
    decided = found["verdict"].notna()
    assert (part["n_patients"], part["patients_undecided"]) == (8, int((~decided).sum()))
    assert part["patient_accuracy"] == round(float((found["verdict"] == truth)[decided].mean()), 4)
    for row in folds:
        assert row["n_patients"] == 24
        assert 0 < row["patients_undecided"] < 24
        assert row["patient_accuracy_low"] <= row["patient_accuracy"] <= row["patient_accuracy_high"]
        assert 0 <= row["patient_calibration_error"] <= 1
    assert main(["show", str(of_patients)]) == 0
    told = capsys.readouterr().out
    assert "By patient, on 8; the accuracy is of those who got a verdict:" in told
    assert "By patient, on 24;" in told
    assert "By patient, on 24;" in card.to_markdown()
    assert "whatever it gives a verdict on, it calls one of them" in " ".join(told.split()), "for it may abstain"
    typed = ["train", str(patients), "-o", str(tmp_path / "m.skops"), "-b", "four_colors", "-q", "--patients", "--json"]
    assert main(typed) == 0
    told = json.loads(capsys.readouterr().out)
    [row] = told["figures"]["scores"]
    assert (row["n_patients"], row["patients_undecided"]) == (8, 0), "without --abstain all get a verdict"


@pytest.mark.parametrize(
    ("change", "typed", "code", "says"),
    [
        (lambda frame: frame.drop(columns="group"), [], 2, "manifest.csv with the columns path and group"),
        (
            lambda frame: frame.assign(group=frame["group"].where(frame.index % 7 > 0, "p")),
            [],
            1,
            r"manifest.csv: --patients: Group 'p' has images of the classes \w+ and \w+; .* train without --patients",
        ),
        (lambda frame: frame.assign(group=frame["label"]), [], 1, "are of a single patient, who cannot be held out"),
        (
            lambda frame: frame.assign(group=frame["group"].where(frame["label"] != "Pro", "one")),
            [],
            1,
            "manifest.csv: --patients: training images of class 'Pro' are of a single patient",
        ),
        (lambda frame: frame, ["--abstain", "1.5"], 2, "--abstain: a probability from 0 to 1. Got 1.5"),
    ],
)
def test_data_that_allow_no_verdict_by_patient_are_named(change, typed, code, says, patients, tmp_path, capsys):
    frame = pd.read_csv(patients / "manifest.csv").drop(columns="split")
    change(frame).to_csv(tmp_path / "manifest.csv", index=False)
    model = tmp_path / "m.skops"
    assert main(["train", str(tmp_path), "-o", str(model), "-b", "four_colors", "-q", "--patients", *typed]) == code
    assert re.search(says, " ".join(capsys.readouterr().err.split()))
    assert not model.exists()


def test_folds_without_a_rule_are_said_and_judge_by_the_mean(patients, tmp_path, capsys):
    frame = pd.read_csv(patients / "manifest.csv").drop(columns="split")
    few = frame["group"].isin(frame["group"][frame["label"] == "Pro"].unique()[2:])
    frame["label"] = frame["label"].where(frame["label"] == "Pro", "other")
    frame[~few].to_csv(tmp_path / "manifest.csv", index=False)
    model = tmp_path / "m.skops"
    typed = ["train", str(tmp_path), "-o", str(model), "-b", "four_colors", "-q", "--patients", "--evaluate"]
    assert main(typed) == 0
    assert "of 13 groups too few of class Pro could be held out" in " ".join(capsys.readouterr().err.split())
    [row, _] = read_card(model).scores
    assert row["macro_f1"] > 0.5, "some of the two patients' images are called theirs"


def test_abstain_needs_patients(patients, tmp_path, capsys):
    assert main(["train", str(patients), "-o", str(tmp_path / "m.skops"), "--abstain", "0.8", "-q"]) == 2
    assert "give --patients, too" in capsys.readouterr().err


def test_a_pipeline_that_has_the_verdict_already_is_told(patients, tmp_path, monkeypatch, capsys):
    lines = [
        "from leukofeat.baselines import make_baseline",
        "from leukofeat.evaluation.patients import by_patient",
        "def mine():",
        "    return by_patient(make_baseline('four_colors'), 0.7)",
    ]
    (tmp_path / "own_of_patients.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    model = tmp_path / "m.skops"
    typed = ["train", str(patients), "-o", str(model), "-b", "own_of_patients:mine", "-q"]
    assert main([*typed, "--patients"]) == 2
    assert "own_of_patients:mine ends in a GroupClassifier already; leave --patients out" in capsys.readouterr().err
    assert main(typed) == 0
    assert load(model)[-1].abstain == 0.7


def test_patients_lost_with_their_images_are_told(patients, tmp_path, capsys):
    frame = pd.read_csv(patients / "manifest.csv").drop(columns="split")
    (tmp_path / "broken.png").write_text("no image")
    kept = frame["label"].eq("Pro") & (frame["group"] != frame["group"][frame["label"] == "Pro"].iloc[0])
    frame.assign(path=frame["path"].mask(kept, "broken.png")).to_csv(tmp_path / "manifest.csv", index=False)
    typed = ["train", str(tmp_path), "-o", str(tmp_path / "m.skops"), "-b", "four_colors", "-q", "--patients"]
    assert main(typed) == 1
    assert "readable training images of class 'Pro' are of a single patient" in " ".join(
        capsys.readouterr().err.split()
    )


@pytest.fixture(scope="module")
def svm_of_patients(patients, tmp_path_factory):
    """A linear model, which can be explained."""
    bunch = load_images(patients)
    features = make_baseline("four_colors").steps[:-1]
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    model = Pipeline([*features, ("patients", GroupClassifier(inner, abstain=0.4))])
    file = tmp_path_factory.mktemp("linear") / "model.skops"
    save(model.fit(bunch.images, bunch.target_names[bunch.target], **group_params(model, bunch.groups)), file)
    return file


def test_explain_says_what_predict_says(patients, svm_of_patients, tmp_path, capsys):
    page, table = tmp_path / "why.html", tmp_path / "patients.csv"
    assert main(["explain", str(svm_of_patients), str(patients), "-o", str(page), "--patients", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    typed = [
        "predict",
        str(svm_of_patients),
        str(patients),
        "-o",
        str(tmp_path / "i.csv"),
        "--patients",
        str(table),
        "-q",
    ]
    assert main(typed) == 0
    expected = pd.read_csv(table)
    assert told["counts"]["patients"] == len(expected) == 32
    found = told["figures"]["patients"]
    assert [one["group"] for one in found] == expected["group"].tolist()
    assert [one["verdict"] for one in found] == [None if v != v else v for v in expected["verdict"].tolist()]
    assert expected["verdict"].isna().any()
    assert expected["verdict"].notna().any()
    for one in found:
        assert one["offset"] + sum(image["share"] for image in one["images"]) == pytest.approx(one["value"])
    text = page.read_text()
    assert text.count("<section") == 32
    order = sorted(found, key=lambda one: one["probability"])
    places = [text.index(f"<h2>{one['group']}: ") for one in order]
    assert places == sorted(places)
    assert "Research use only" in text
    assert "<script" not in text


def test_explain_goes_on_past_a_broken_image(patients, svm_of_patients, model, tmp_path, capsys):
    frame = pd.read_csv(patients / "manifest.csv")[["path", "group"]].head(6)
    (tmp_path / "broken.png").write_text("no image")
    lost = pd.DataFrame({"path": ["broken.png"] * 2, "group": [frame["group"][0], "lost"]})
    pd.concat([frame, lost]).to_csv(tmp_path / "manifest.csv", index=False)
    page = tmp_path / "why.html"
    for file in (svm_of_patients, model):  # with a rule of its own, and without
        assert main(["explain", str(file), str(tmp_path), "-o", str(page), "-q", "--patients", "-n", "3"]) == 3
        told = capsys.readouterr()
        assert "2 of 8 images failed" in told.err
        assert "the 3 least certain stand in the page" in told.err
        text = page.read_text()
        assert text.count("<section") == 3
        assert "lost: no verdict" in text
        assert ("was not calibrated on other patients" in text) == (file == model)


def test_explain_needs_patients(patients, svm_of_patients, tmp_path, capsys):
    typed = ["-o", str(tmp_path / "why.html"), "-q", "--patients"]
    assert main(["explain", str(svm_of_patients), str(patients / "0.png"), *typed]) == 2
    assert "one image is no patient" in capsys.readouterr().err
    (tmp_path / "0.png").write_bytes((patients / "0.png").read_bytes())
    assert main(["explain", str(svm_of_patients), str(tmp_path), *typed]) == 2
    assert "manifest.csv with the columns path and group" in " ".join(capsys.readouterr().err.split())
