"""What a verdict of the command line rests on is said, and where it would rest on nothing there is none."""

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.baselines import make_baseline
from leukofeat.cli import main
from leukofeat.datasets import load_images, make_smears
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures
from leukofeat.persistence import load, save
from leukofeat.segmentation import LeukocyteSegmenter

NOTHING = "no leukocyte found: there is nothing to judge"


def red_cells():
    """A smear of red cells only."""
    image = np.full((224, 224, 3), (235, 230, 238), np.uint8)
    for x in range(30, 210, 40):
        for y in range(30, 210, 40):
            cv2.circle(image, (x, y), 14, (225, 170, 165), -1)
    return image


def blank(seed):
    return np.random.default_rng(seed).integers(225, 240, (224, 224, 3)).astype(np.uint8)


EMPTY = {
    "black.png": np.zeros((224, 224, 3), np.uint8),
    "noise.png": blank(0),
    "red_cells.png": red_cells(),
    "white.png": np.full((224, 224, 3), 255, np.uint8),
}


def write(root, images):
    for name, image in images.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(root / name), image[:, :, ::-1])
    return root


@pytest.fixture(scope="module")
def fields():
    return make_smears(n_samples=16, n_slides=8, random_state=0)


@pytest.fixture(scope="module")
def folder(fields, tmp_path_factory):
    """Fields with leukocytes and without."""
    images = {f"field_{i}.png": fields.images[i] for i in range(3)}
    return write(tmp_path_factory.mktemp("new"), EMPTY | images)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("kind", ["names", "numpy names", "ints", "bools", "categories"])
def test_a_field_without_a_leukocyte_gets_no_verdict(fields, folder, tmp_path, capsys, kind, suffix):
    names = np.array(fields.target_names)[fields.target]
    labels = {
        "names": names.tolist(),
        "numpy names": names,
        "ints": fields.target + 7,
        "bools": fields.target > 1,
        "categories": pd.Categorical(names),
    }[kind]
    save(make_baseline("leukofeat_svm").fit(fields.images, labels), tmp_path / "m.skops")
    output = tmp_path / f"p.{suffix}"
    assert main(["predict", str(tmp_path / "m.skops"), str(folder), "-o", str(output)]) == 3
    table = (pd.read_csv(output) if suffix == "csv" else pd.read_parquet(output)).set_index("path")
    empty = table.index.isin(EMPTY)
    assert empty.sum() == 4
    assert table.loc[empty, "predicted"].isna().all()
    assert table.loc[empty].filter(like="score_").isna().all(axis=None)
    assert (table.loc[empty, "error"] == NOTHING).all()
    assert (table.loc[empty, "cells"] == 0).all()
    assert (table.loc[empty, "imputed"] > 500).all()
    said = table.loc[~empty, "predicted"]
    # beside a blank, pandas reads whole numbers as floats
    said = said.astype(int) if kind == "ints" else said
    assert set(said.astype(str)) <= {str(label) for label in np.unique(labels)}
    assert (table.loc[~empty, "cells"] > 0).all()
    assert (table.loc[~empty, "imputed"] < table.loc[~empty, "columns"]).all()
    assert table.loc[~empty].filter(like="score_").notna().all(axis=None)
    told = capsys.readouterr()
    assert "7 images, 4 without a prediction" in told.out
    assert told.err.count(NOTHING) == 4
    assert "4 of 7 images failed; the others are done" in told.err


def test_a_model_that_cannot_fill_in_judges_the_others_all_the_same(fields, folder, tmp_path):
    features = FeatureSet([GeometryFeatures(summary=("mean",)), ColorFeatures(regions=("nucleus",))])
    model = make_pipeline(LeukocyteSegmenter(), features, StandardScaler(), SVC())
    usable = [
        i for i, one in enumerate(features.transform(model[:1].transform(fields.images))) if not np.isnan(one).any()
    ]
    save(model.fit([fields.images[i] for i in usable], fields.target[usable]), tmp_path / "m.skops")
    assert main(["predict", str(tmp_path / "m.skops"), str(folder), "-o", str(tmp_path / "p.csv")]) == 3
    assert pd.read_csv(tmp_path / "p.csv")["predicted"].notna().sum() == 3


def test_only_fields_without_a_leukocyte(fields, tmp_path, capsys):
    save(make_baseline("leukofeat_svm").fit(fields.images, fields.target), tmp_path / "m.skops")
    write(tmp_path / "new", EMPTY)
    for suffix in ("csv", "parquet"):
        assert (
            main(["predict", str(tmp_path / "m.skops"), str(tmp_path / "new"), "-o", str(tmp_path / f"p.{suffix}")])
            == 3
        )
    assert pd.read_parquet(tmp_path / "p.parquet")["predicted"].isna().all()
    assert "4 of 4 images failed." in capsys.readouterr().err


def test_pipelines_that_look_at_no_cell_judge_every_image(fields, folder, tmp_path):
    save(make_baseline("four_colors").fit(fields.images, fields.target), tmp_path / "m.skops")
    assert main(["predict", str(tmp_path / "m.skops"), str(folder), "-o", str(tmp_path / "p.csv")]) == 0
    table = pd.read_csv(tmp_path / "p.csv")
    assert table["predicted"].notna().all()
    assert table["cells"].isna().all()
    assert (table["imputed"] == 0).all()


def test_extract_keeps_the_row_and_says_so(folder, tmp_path, capsys):
    assert main(["extract", str(folder), "-o", str(tmp_path / "f.csv")]) == 0
    table = pd.read_csv(tmp_path / "f.csv").set_index("path")
    assert (table.loc[list(EMPTY), "cell_count"] == 0).all()
    told = capsys.readouterr().err
    assert "leukofeat: 4 of 7 images: no leukocyte was found" in told
    assert "UserWarning" not in told
    assert "EmptyWarning" not in told


def classes(fields, **empty):
    """Four images each of two classes, some of them without a leukocyte."""
    first, second = (np.flatnonzero(fields.target == code)[:4] for code in (0, 1))
    images = {f"a/{i}.png": fields.images[k] for i, k in enumerate(first)}
    images |= {f"b/{i}.png": fields.images[k] for i, k in enumerate(second)}
    return images | {f"{name}/{i}.png": blank(i) for name, n in empty.items() for i in range(n)}


@pytest.mark.parametrize(("empty", "name"), [({"a": 4, "b": 4}, "a"), ({"b": 4}, "b")])
def test_a_class_without_any_leukocyte_is_not_learned(fields, tmp_path, capsys, empty, name):
    root = write(tmp_path / "set", classes(fields, **empty))
    assert main(["train", str(root), "-o", str(tmp_path / "m.skops")]) == 1
    assert f"no leukocyte was found in any of the 4 training images of class '{name}'" in capsys.readouterr().err
    assert not (tmp_path / "m.skops").exists()


def test_a_class_with_few_leukocytes_is_pointed_out(fields, tmp_path, capsys):
    root = write(tmp_path / "set", classes(fields, b=2))
    assert main(["train", str(root), "-o", str(tmp_path / "m.skops")]) == 0
    assert "class 'b': no leukocyte was found in 2 of 4 training images" in capsys.readouterr().err


@pytest.mark.parametrize("baseline", ["leukofeat_svm", "four_colors"])
def test_one_image_a_class_is_not_learned_from(fields, tmp_path, capsys, baseline):
    root = write(tmp_path / "set", {"a/0.png": fields.images[0], "b/0.png": fields.images[1]})
    assert main(["train", str(root), "-b", baseline, "-o", str(tmp_path / "m.skops")]) == 1
    told = capsys.readouterr().err
    assert "one image a class" in told
    assert "feature(s)" not in told


def test_in_python_too_nothing_to_learn_from_is_said_in_clear_words(fields):
    with pytest.raises(ValueError, match="no column varies within a class"):
        make_baseline("leukofeat_svm").fit([blank(i) for i in range(4)], ["a", "a", "b", "b"])
    with pytest.raises(ValueError, match="no column varies within a class"):
        make_baseline("leukofeat_svm").fit(fields.images[:2], ["a", "b"])


@pytest.mark.parametrize("names", [("fit", "test"), ("a", "b")])
def test_a_split_without_train_is_named(fields, tmp_path, capsys, names):
    write(tmp_path, {f"{i}.png": fields.images[i] for i in range(8)})
    label = np.array(["a", "b"])[fields.target[:8] % 2]
    frame = pd.DataFrame({"path": [f"{i}.png" for i in range(8)], "label": label, "split": list(names) * 4})
    frame.to_csv(tmp_path / "manifest.csv", index=False)
    assert main(["train", str(tmp_path), "-b", "four_colors", "-o", str(tmp_path / "m.skops")]) == 1
    told = capsys.readouterr().err
    assert f"the column split has no 'train', but '{names[0]}' (4), '{names[1]}' (4)" in told
    assert "image/s" not in told


def test_what_fails_in_training_costs_its_own_row(fields, tmp_path, capsys):
    root = write(tmp_path / "set", classes(fields))
    (root / "a" / "notes.png").write_text("no image")
    for baseline in ("leukofeat_svm", "jin2023_svm"):
        assert main(["train", str(root), "-b", baseline, "-o", str(tmp_path / "m.skops")]) == 3
        told = capsys.readouterr()
        assert "fitted on 8 images of 2 classes" in told.out
        assert "1 of 9 images failed" in told.err


@pytest.mark.parametrize("baseline", ["leukofeat_svm", "jin2023_svm", "no_leukocytes"])
def test_train_fits_what_the_pipeline_itself_would(fields, tmp_path, baseline):
    root = write(tmp_path / "set", classes(fields))
    assert main(["train", str(root), "-b", baseline, "--quiet", "-o", str(tmp_path / "m.skops")]) == 0
    images = load_images(root)
    expected = make_baseline(baseline).fit(images.images, images.target_names[images.target])
    found = load(tmp_path / "m.skops")
    assert repr(found) == repr(expected)
    np.testing.assert_array_equal(found.predict_proba(images.images), expected.predict_proba(images.images))
