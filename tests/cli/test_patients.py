"""`leukofeat predict --patients`: a row a slide or patient."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from leukofeat.baselines import make_baseline
from leukofeat.calibration import group_params
from leukofeat.classification import GroupClassifier
from leukofeat.cli import main
from leukofeat.datasets import load_images
from leukofeat.persistence import save
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
        model = Pipeline([*kept, ("patients", GroupClassifier(steps[-1][1], abstain=0.3, cv=2))])
        model.fit(bunch.images, bunch.target_names[bunch.target], **group_params(model, bunch.groups))
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
    names = images.target_names[images.target]
    save(model.fit(images.images, names, **group_params(model, images.groups)), tmp_path / "model.skops")
    typed = ["predict", str(tmp_path / "model.skops"), str(labelled), "-o", str(tmp_path / "cells.csv"), "-q"]
    assert main(typed) == 0
    assert pd.read_csv(tmp_path / "cells.csv")["familiarity"].between(0, 1).all()
