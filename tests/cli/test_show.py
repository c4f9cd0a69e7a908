"""`leukofeat show`, and what train and predict do with a model's card."""

import json
import zipfile

import cv2
import pandas as pd
import pytest

from leukofeat.cli import main
from leukofeat.datasets import load_images
from leukofeat.persistence import load, read_card, save
from leukofeat.persistence.card import ENTRY
from tests.page import Page


@pytest.fixture(scope="module")
def model(labelled, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.skops"
    assert main(["train", str(labelled), "-o", str(path), "-b", "four_colors", "-q"]) == 0
    return path


def test_train_writes_what_the_model_was_made_from(model, labelled):
    card, bunch = read_card(model), load_images(labelled)
    train = bunch.split == "train"
    assert card.name == "four_colors"
    assert card.classes == pd.Series(bunch.target_names[bunch.target[train]]).value_counts().to_dict()
    assert card.data["n_images"] == train.sum()
    assert len(card.data["manifest_sha256"]) == 64
    assert [row["protocol"] for row in card.scores] == ["Part 'valid' of the data, not fitted on"]
    assert str(labelled) not in card.to_json()


def test_a_part_that_shares_its_slides_with_the_training_images_is_told(labelled, tmp_path, capsys):
    frame = load_images(labelled).frame.assign(path=lambda table: [str(labelled / path) for path in table["path"]])
    for name, groups, shared in (
        ("shared", "s" + (frame.index % 2).astype(str), True),
        ("apart", frame["split"], False),
    ):
        (tmp_path / name).mkdir()
        frame.assign(group=groups).to_csv(tmp_path / name / "manifest.csv", index=False)
        path = tmp_path / f"{name}.skops"
        assert main(["train", str(tmp_path / name), "-o", str(path), "-b", "four_colors", "-q"]) == 0
        assert ("were trained on, too" in capsys.readouterr().err) == shared
        assert ("were trained on, too" in " ".join(read_card(path).to_text().split())) == shared


def test_evaluate_adds_figures_on_unseen_groups_and_the_controls(labelled, tmp_path, capsys):
    path = tmp_path / "m.skops"
    assert main(["train", str(labelled), "-o", str(path), "-b", "jin2023_svm", "-q", "--evaluate"]) == 0
    found = [row for row in read_card(path).scores if row["protocol"].startswith("Slides or patients held out")]
    assert [row["pipeline"] for row in found] == ["jin2023_svm", "no_leukocytes", "four_colors"]
    assert [row["control"] for row in found] == [False, True, True]
    assert "control no_leukocytes: accuracy" in capsys.readouterr().out
    assert load(path).classes_.tolist() == sorted(read_card(path).classes)


def test_evaluate_without_groups_says_that_the_folds_are_random(labelled, tmp_path):
    bunch = load_images(labelled)
    for path in bunch.frame["path"]:
        place = tmp_path / "f" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((labelled / path).read_bytes())
    path = tmp_path / "m.skops"
    assert main(["train", str(tmp_path / "f"), "-o", str(path), "-b", "four_colors", "-q", "--evaluate"]) == 0
    card = read_card(path)
    assert {row["protocol"] for row in card.scores} == {"Images held out at random, 5 folds of the training images"}
    assert "flatter the model" in " ".join(card.to_text().split())
    assert card.data["manifest_sha256"] is None


def test_a_part_with_a_class_that_was_not_trained_on_is_told_of(labelled, tmp_path, capsys):
    table = pd.read_csv(labelled / "manifest.csv")
    table.loc[(table["split"] == "valid") & (table["label"] == "Pro"), "label"] = "Burkitt"
    table.to_csv(tmp_path / "new.csv", index=False)
    path = tmp_path / "m.skops"
    told = ["train", str(labelled), "--manifest", str(tmp_path / "new.csv"), "-o", str(path), "-b", "four_colors", "-q"]
    assert main(told) == 0
    n = (table["label"] == "Burkitt").sum()
    note = f"Part 'valid': {n} of its {(table['split'] == 'valid').sum()} images are labelled 'Burkitt', of which none was trained on"
    assert note in capsys.readouterr().err
    assert any(note in one for one in read_card(path).notes)


def test_show_puts_purpose_and_limits_first(model, capsys):
    assert main(["show", str(model)]) == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert lines[0] == "four_colors: tells Benign, Early, Early Pre and Pro apart on images of stained smears."
    assert lines[2] == "Limits"
    assert "Research use only" in lines[3]
    assert max(map(len, lines)) <= 100
    assert main(["show", str(model), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "four_colors"
    assert main(["show", str(model), "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("# Model card: four\\_colors\n")


def test_show_writes_files(model, tmp_path, capsys):
    for ending in (".html", ".md", ".json", ".txt"):
        assert main(["show", str(model), "-o", str(tmp_path / f"card{ending}")]) == 0
        assert "four" in (tmp_path / f"card{ending}").read_text(encoding="utf-8")
    assert "script" not in Page((tmp_path / "card.html").read_text(encoding="utf-8")).tags
    assert main(["show", str(model), "-o", str(tmp_path / "card.pdf")]) == 2
    assert ".html" in capsys.readouterr().err


def test_show_tells_what_it_can_of_an_older_file(model, tmp_path, capsys):
    save(load(model), tmp_path / "old.skops")
    assert main(["show", str(tmp_path / "old.skops")]) == 0
    out, err = capsys.readouterr()
    assert "has no card" in err
    assert "image_r_mean" in out
    assert "Early Pre" in out
    assert main(["show", str(tmp_path / "gone.skops")]) == 1
    assert "no such file" in capsys.readouterr().err


def test_predict_warns_once_of_another_magnification_and_of_other_classes(model, labelled, tmp_path, capsys):
    (tmp_path / "new" / "Other").mkdir(parents=True)
    for i, path in enumerate(sorted(labelled.rglob("*.png"))[:8]):
        image = cv2.imread(str(path))
        cv2.imwrite(str(tmp_path / "new" / "Other" / f"{i}.png"), cv2.resize(image, None, fx=2, fy=2))
    typed = ["predict", str(model), str(tmp_path / "new"), "-o", str(tmp_path / "p.csv"), "-q"]
    assert main(typed) == 0
    errors = capsys.readouterr().err
    assert errors.count("red cells of another size") == 1
    assert "8 of 8 images are labelled 'Other'" in errors
    assert main(["predict", str(model), str(labelled), "-o", str(tmp_path / "q.csv"), "-q"]) == 0
    errors = capsys.readouterr().err
    assert "another size" not in errors
    assert "images are labelled" not in errors


def test_predict_goes_on_with_a_damaged_card_and_with_that_of_another_model(model, labelled, tmp_path, capsys):
    fitted, card = load(model), read_card(model)
    save(fitted, tmp_path / "m.skops")
    with zipfile.ZipFile(tmp_path / "m.skops", "a") as archive:
        archive.writestr(ENTRY, "{")
    typed = ["predict", str(tmp_path / "m.skops"), str(labelled), "-o", str(tmp_path / "p.csv"), "-q"]
    assert main(typed) == 0
    assert "its card cannot be read" in capsys.readouterr().err
    save(fitted, tmp_path / "m.skops", type(card)("other", "SVC()", {"a": 1, "b": 2}))
    assert main(typed) == 0
    assert "of another model" in capsys.readouterr().err
