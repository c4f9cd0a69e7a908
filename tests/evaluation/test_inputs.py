"""What is given beside the images is made right or refused in clear words, and what fails costs its own row only."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.baselines import make_baseline
from leukofeat.datasets import load_images
from leukofeat.evaluation import compare, estimate_slides, stress_test
from leukofeat.evaluation.columns import check_classes
from leukofeat.evaluation.versions import versions
from leukofeat.features import FeatureSet
from tests.stages import Area, DarkSegmenter, MeanColor


def colours():
    return {"c": make_baseline("four_colors")}


def area(*stages):
    return make_pipeline(
        *stages, DarkSegmenter(), FeatureSet([Area()]), SimpleImputer(keep_empty_features=True), StandardScaler(), SVC()
    )


class Alone(SVC):
    """A classifier of images that shares no stage: all is done inside."""

    def fit(self, X, y):
        self.inner_ = area().fit(X, y)
        self.classes_ = self.inner_.classes_
        return self

    def predict(self, X):
        return self.inner_.predict(X)

    def decision_function(self, X):
        return self.inner_.decision_function(X)


@pytest.fixture
def names(smears):
    return np.array(smears.target_names)[smears.target]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda y: [None, *y[1:]], r"y: 1 of 8 images has none \(image 0 for one\)"),
        (lambda y: [*y[:6], np.nan, np.nan], r"y: 2 of 8 images have none \(image 6 for one\)"),
        (lambda y: [*y[:7], "  "], "y: 1 of 8 images has none"),
        (lambda y: pd.Categorical.from_codes([0, 1, 2, -1] * 2, ["a", "b", "c"]), "y: 2 of 8 images have none"),
        (lambda y: pd.Series(y).mask(np.arange(8) == 3), r"image 3 for one"),
        (lambda y: y[:-1], "8 images and 7 values of y"),
        (lambda y: [1, *y[1:].tolist()], r"y mixes values of several types \(int, str\)"),
        (lambda y: ["Pro"] * 8, r"All 8 images are of one class \(Pro\); two are needed"),
        (lambda y: np.zeros((8, 2)), r"y has shape \(8, 2\)"),
    ],
)
def test_classes_that_cannot_be_meant_are_refused(smears, names, change, reason):
    with pytest.raises(ValueError, match=reason):
        compare(colours(), smears.images, change(names), cv=2)


def test_splits_that_are_none_are_refused(smears):
    with pytest.raises(ValueError, match="cv gives no split"):
        compare(colours(), smears.images, smears.target, cv=[])


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        (["a", None, "b", "c"] * 2, "groups: 2 of 8 images have none"),
        ([1.0, np.nan, 2.0, 3.0] * 2, "groups: 2 of 8 images have none"),
        (["a", "", " ", "c"] * 2, "groups: 4 of 8 images have none"),
        (pd.array([1, pd.NA, 2, 3] * 2, "Int64"), "groups: 2 of 8 images have none"),
        (["a"] * 7, "8 images and 7 values of groups"),
    ],
)
def test_groups_with_blanks_are_refused(smears, groups, reason):
    with pytest.raises(ValueError, match=reason):
        compare(colours(), smears.images, smears.target, groups=groups, cv=2)
    with pytest.raises(ValueError, match=reason):
        compare(colours(), smears.images, smears.target, cv={"slides": 2}, groups={"slides": groups})
    with pytest.raises(ValueError, match=reason):
        stress_test(colours()["c"].fit(smears.images, smears.target), smears.images, smears.target, groups=groups)


def test_pipelines_have_names(smears):
    for given in ([make_baseline("four_colors")], make_baseline("four_colors")):
        with pytest.raises(ValueError, match="must be a dict of name to pipeline"):
            compare(given, smears.images, smears.target)
    with pytest.raises(ValueError, match=r"on_error must be one of 'nan', 'raise'\. Got 'drop'"):
        compare(colours(), smears.images, smears.target, on_error="drop")


@pytest.mark.parametrize(
    "kind", ["column", "frame", "list", "categories", "arrow", "ints", "bools", "objects", "int objects"]
)
def test_classes_of_any_kind(smears, names, kind):
    y = {
        "column": names[:, None],
        "frame": pd.DataFrame({"label": names}),
        "list": names.tolist(),
        "categories": pd.Categorical(names),
        "arrow": pd.Series(names, dtype="string"),
        "ints": smears.target + 5,
        "bools": smears.target > 1,
        "objects": names.astype(object),
        "int objects": (smears.target + 5).astype(object),
    }[kind]
    found = compare(colours(), smears.images, y, cv=2, n_bootstrap=10)
    expected = np.unique(
        smears.target + 5 if kind in ("ints", "int objects") else smears.target > 1 if kind == "bools" else names
    )
    assert found.confusion["c"].index.tolist() == expected.tolist()
    assert found.predictions["predicted"].isin(expected).all()


def test_codes_get_their_names_everywhere(smears, names):
    by_code = compare(colours(), smears.images, smears.target, cv=2, target_names=smears.target_names, n_bootstrap=10)
    by_name = compare(colours(), smears.images, names, cv=2, n_bootstrap=10)
    pd.testing.assert_frame_equal(by_code.predictions, by_name.predictions)
    assert by_code.configuration["classes"] == list(smears.target_names)
    assert by_code.by_class["class"].unique().tolist() == list(smears.target_names)
    assert [c for c in by_code.predictions if c.startswith("score_")] == [f"score_{n}" for n in smears.target_names]
    again = compare(colours(), smears.images, names, cv=2, target_names=smears.target_names, n_bootstrap=10)
    pd.testing.assert_frame_equal(again.predictions, by_name.predictions)
    with pytest.raises(ValueError, match="y holds 3, which is no code into the 3 target_names"):
        compare(colours(), smears.images, smears.target, target_names=smears.target_names[:3])
    with pytest.raises(ValueError, match="y holds 'Pro', which is none of target_names: A, B"):
        compare(colours(), smears.images, ["Pro"] * 8, target_names=["A", "B"])


def test_stress_needs_the_classes_that_the_pipeline_knows(smears, names):
    fitted = make_baseline("four_colors").fit(smears.images, names)
    with pytest.raises(ValueError, match="the pipeline knows Benign, Early, Pre, Pro"):
        stress_test(fitted, smears.images, smears.target)
    found = stress_test(fitted, smears.images, smears.target, target_names=smears.target_names, n_bootstrap=10)
    pd.testing.assert_frame_equal(found, stress_test(fitted, smears.images, names, n_bootstrap=10))


def test_estimated_slides_are_groups_as_they_are(smears):
    slides = estimate_slides(smears.images, smears.target, n_slides=2)
    found = compare(colours(), smears.images, smears.target, cv=2, groups=slides, n_bootstrap=10)
    assert found.configuration["n_groups"] == slides.n_groups
    both = compare(colours(), smears.images, smears.target, cv={"a": 2, "b": 2}, groups=slides, n_bootstrap=10)
    assert both["b"].configuration["n_groups"] == slides.n_groups


@pytest.fixture
def damaged(paths, tmp_path):
    """24 files, of which one is cut off and one is text."""
    cut, text = tmp_path / "cut.png", tmp_path / "notes.jpg"
    data = Path(paths[0]).read_bytes()
    cut.write_bytes(data[: len(data) // 2])
    text.write_text("no image")
    files = paths * 3
    files[5], files[18] = str(cut), str(text)
    return files


PIPELINES = {
    "shares": lambda: {"c": make_baseline("four_colors")},
    "learns": lambda: {"j": make_baseline("jin2023_svm")},
    "alone": lambda: {"a": Alone()},
    "all": lambda: {"c": make_baseline("four_colors"), "j": make_baseline("jin2023_svm"), "a": Alone()},
}


@pytest.mark.parametrize("kind", PIPELINES)
def test_a_broken_file_is_left_out_for_all_and_counted(smears, damaged, kind):
    y = np.tile(smears.target, 3)
    cv = StratifiedKFold(2, shuffle=True, random_state=0)
    pipelines = PIPELINES[kind]()
    found = compare(pipelines, damaged, y, cv=cv, n_bootstrap=10)
    assert found.failures["row"].tolist() == [5, 18]
    assert found.failures["name"].tolist() == [damaged[5], damaged[18]]
    assert found.failures["reason"].str.startswith("ImageError").all()
    assert any(note.startswith("2 of 24 images could not be read or measured") for note in found.notes)
    for name in pipelines:
        own = found.predictions[found.predictions["pipeline"] == name]
        assert sorted(own["row"]) == [i for i in range(24) if i not in (5, 18)]
    assert (found.by_fold["n_train"] + found.by_fold["n_test"] == 22).all()
    with pytest.raises(ValueError, match=r"cut\.png|notes\.jpg"):
        compare(pipelines, damaged, y, cv=cv, n_bootstrap=10, on_error="raise")


def test_stress_tests_do_without_broken_files(smears, damaged):
    y = np.tile(smears.target, 3)
    found = compare(PIPELINES["all"](), damaged, y, cv=2, stress=True, segmenter=DarkSegmenter(), n_bootstrap=10)
    assert found.failures["row"].tolist() == [5, 18]
    cells = DarkSegmenter().transform(damaged)
    usable = [i for i in range(24) if i not in (5, 18) and cells.smear(i).n_cells]
    assert (found.stress["n_images"] == len(usable)).all()
    with pytest.raises(ValueError, match=r"cut\.png"):
        compare(colours(), damaged, y, cv=2, stress=True, segmenter=DarkSegmenter(), on_error="raise")
    fitted = make_baseline("four_colors").fit(smears.images, smears.target)
    with pytest.raises(ValueError, match=r"cut\.png"):
        stress_test(fitted, damaged, y, segmenter=DarkSegmenter())


def test_nothing_but_broken_files_is_said_with_the_reason(smears):
    reason = r"Fold 0: none of 4 training images could be measured; gone_0\.png for one: .*No such.*; check the path\.$"
    with pytest.raises(ValueError, match=reason):
        compare(colours(), [f"gone_{i}.png" for i in range(8)], [0, 1] * 4, cv=2)


def test_verdicts_on_fields_without_a_leukocyte_are_counted(smears):
    blank = np.full((96, 96, 3), 230, np.uint8)
    images, y = [*smears.images, *[blank] * 4], np.r_[smears.target, 0, 1, 2, 3]
    n = 4 + sum(DarkSegmenter().transform(smears.images).smear(i).n_cells == 0 for i in range(8))
    pipelines = {"shares": area(), "alone": Alone(), "colours": make_baseline("four_colors")}
    found = compare(pipelines, images, y, cv=3, n_bootstrap=10)
    said = f"shares, alone: no leukocyte was found in {n} of 12 images; their verdicts rest on filled-in columns."
    assert found.notes[-1] == said
    assert said in repr(found)
    whole = compare(
        {"colours": make_baseline("four_colors"), "mean": make_pipeline(MeanColor(), SVC())}, images, y, cv=3
    )
    assert not any("leukocyte" in note for note in whole.notes)


def test_opencv_is_asked_for_its_version_itself(monkeypatch):
    def only_headless(package):
        if package.startswith("opencv-python") or package == "leukofeat":
            raise ModuleNotFoundError(package)
        return "1"

    monkeypatch.setattr("leukofeat.evaluation.versions.version", only_headless)
    assert versions()["opencv"] == cv2.__version__


def test_a_real_set_with_a_broken_file(data_folder):
    bunch = load_images(data_folder / "apl")
    found = compare(
        colours(),
        bunch.images,
        bunch.target,
        cv=2,
        groups=bunch.groups,
        target_names=bunch.target_names,
        n_bootstrap=10,
    )
    assert len(found.failures) == 1
    assert len(found.predictions) == len(bunch.images) - 1
    assert found.confusion["c"].index.tolist() == ["AML", "APL"]


def test_text_of_numpy_and_of_python_is_text():
    names = ["Pro", np.str_("Benign"), "Pro"]
    assert check_classes(names, 3).tolist() == ["Pro", "Benign", "Pro"]


def test_a_pipeline_that_cannot_be_fitted_is_named(smears):
    bad = make_pipeline(FeatureSet([MeanColor()]), SVC(C=-1))
    with pytest.raises(ValueError, match="'C' parameter") as error:
        compare(
            {"fine": make_pipeline(FeatureSet([MeanColor()]), SVC()), "bad": bad}, smears.images, smears.target, cv=2
        )
    assert "While fitting 'bad' in fold 0." in error.value.__notes__
