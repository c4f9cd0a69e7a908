"""A model's card: what it says, that it comes back, and that nothing in a file of somebody else does harm by it."""

from __future__ import annotations

import json
import pickle
import zipfile
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from leukofeat import Smear
from leukofeat.base import ImageStage
from leukofeat.baselines import find_pipeline, make_baseline
from leukofeat.datasets import make_smears
from leukofeat.evaluation import compare, describe_model, make_card, scale_warning
from leukofeat.features import FeatureSet, FunctionFeatures, GeometryFeatures
from leukofeat.persistence import ModelCard, load, read_card, save
from leukofeat.persistence.card import ENTRY
from leukofeat.preprocessing import MedianDenoiser, Resizer
from leukofeat.report import write_card
from tests.page import EVIL, Page


class Means(TransformerMixin, BaseEstimator):
    """A stage of somebody's own that names no columns."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags

    def transform(self, X):
        return np.array([getattr(image, "image", image).mean((0, 1)) for image in X])


class ToTwenty(ImageStage):
    """Brings every image to red cells of 20 pixels."""

    def apply(self, smear):
        factor = 20 / smear.scale.pixels
        image = cv2.resize(smear.image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return smear.replace(image=image, **smear.moved(np.eye(2, 3) * factor, image.shape[:2]))


@pytest.fixture(scope="module")
def data():
    return make_smears(n_samples=12, size=96, n_slides=6, random_state=0)


@pytest.fixture(scope="module")
def named(data):
    return data.target_names[data.target]


@pytest.fixture(scope="module")
def model(data, named):
    return make_baseline("four_colors").fit(data.images, named)


@pytest.fixture(scope="module")
def card(model, data, named):
    compared = compare(
        {"mine": make_pipeline(Means(), SVC()), "four_colors": make_baseline("four_colors")},
        data.images, named, cv=2, groups=data.groups, n_bootstrap=20,
    )  # fmt: skip
    return make_card(model, data.images, named, groups=data.groups, name="mine", comparisons={"By slide": compared})


def with_entry(path, model, content, compression=zipfile.ZIP_STORED):
    save(model, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(ENTRY, content, compression)
    return path


def test_a_card_comes_back_as_it_was_and_the_model_too(model, card, data, tmp_path):
    save(model, tmp_path / "m.skops", card)
    assert read_card(tmp_path / "m.skops") == card
    np.testing.assert_array_equal(load(tmp_path / "m.skops").predict(data.images), model.predict(data.images))
    assert pickle.loads(pickle.dumps(card)) == card
    save(model, tmp_path / "m.skops")
    assert read_card(tmp_path / "m.skops") is None


def test_it_counts_the_training_data(card, named, data):
    assert card.classes == {name: int((named == name).sum()) for name in np.unique(named)}
    assert card.data["n_images"] == 12
    assert card.data["n_groups"] == len(np.unique(data.groups))
    assert card.data["label_maps"] is False
    assert card.sizes == {"min_height": 96, "max_height": 96, "min_width": 96, "max_width": 96}
    assert card.scale["low"] <= card.scale["median"] <= card.scale["high"]
    assert card.columns == ("image_r_mean", "image_g_mean", "image_b_mean", "image_l_std")
    assert card.versions["numpy"] == np.__version__


def test_the_model_stands_beside_its_controls(card):
    assert [(row["pipeline"], row["control"]) for row in card.scores] == [("mine", False), ("four_colors", True)]
    for row in card.scores:
        assert row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]
        assert row["n_images"] == 12
    ahead = card.scores[0]["accuracy"] - card.scores[1]["accuracy"]
    assert f"{100 * abs(ahead):.1f} points of accuracy more" in card.to_text()


def test_the_fingerprint_is_of_images_and_classes_whatever_their_order(model, card, data, named):
    turned = make_card(model, data.images[::-1], named[::-1])
    assert turned.data["digest"] == card.data["digest"]
    swapped = named.copy()
    swapped[[0, np.flatnonzero(named != named[0])[0]]] = swapped[[np.flatnonzero(named != named[0])[0], 0]]
    assert make_card(model, data.images, swapped).data["digest"] != card.data["digest"]
    assert make_card(model, data.images[1:], named[1:]).data["digest"] != card.data["digest"]


def test_the_same_training_gives_the_same_bytes(model, data, named, tmp_path):
    for name, n_jobs in (("a", 1), ("b", 2)):
        again = make_baseline("four_colors").fit(data.images, named)
        save(again, tmp_path / name, make_card(again, data.images, named, n_jobs=n_jobs))
    first, second = (zipfile.ZipFile(tmp_path / name) for name in "ab")
    assert first.read(ENTRY) == second.read(ENTRY)
    assert first.getinfo(ENTRY).date_time == second.getinfo(ENTRY).date_time == (1980, 1, 1, 0, 0, 0)


@pytest.mark.parametrize("groups", [None, ["one"] * 12])
def test_without_several_groups_it_says_what_that_means(groups, model, data, named):
    text = " ".join(make_card(model, data.images, named, groups=groups).to_text().split())
    assert ("flatter the model" if groups is None else "on another is not known") in text


@pytest.mark.parametrize("classes", [
    [0, 1, 2, 3], [False, False, True, True], [0.0, 1.0, 2.0, 3.0],
    ["<b>x", "y|z", "é\u202e", "\udce9"], ["a\x1b[31m", "`b`", "[c](d)", "$e$"], list(EVIL[:4]),
], ids=str)  # fmt: skip
def test_classes_of_any_kind_are_text_and_never_markup(classes, data, tmp_path):
    target = np.array(classes)[data.target]
    model = make_baseline("four_colors").fit(data.images, target)
    save(model, tmp_path / "m", make_card(model, data.images, target))
    card = read_card(tmp_path / "m")
    assert list(card.classes) == [str(name) for name in np.unique(target)]
    for text in (card.to_text(), card.to_markdown(), card._repr_html_(), card.to_json()):
        text.encode()
        assert "\x1b" not in text
        assert "\u202e" not in text
    page = Page(card._repr_html_())
    assert not {"script", "img", "svg"} & set(page.tags)
    assert page.tags.count("b") == 1  # the title
    for special in ("<b>", "y|z", "`b`", "[c]", "$e$"):
        assert special not in card.to_markdown()
    assert "script" not in Page(write_card(tmp_path / "card.html", card).read_text(encoding="utf-8")).tags


@pytest.mark.parametrize(("make", "columns"), [
    (lambda: make_pipeline(Means(), SVC()), 0),
    (lambda: make_pipeline(FunctionFeatures(lambda smear: np.full(3000, smear.image.mean()), names=[f"c{i}" for i in range(3000)]), SVC()), 3000),
    (lambda: make_pipeline(FeatureSet([GeometryFeatures()]).set_output(transform="pandas"), SimpleImputer(keep_empty_features=True), SVC()), None),
    (lambda: find_pipeline("examples/own_pipeline.toml")[1], None),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*its label maps are replaced")
def test_pipelines_of_any_kind(make, columns, data, named):
    nuclei = np.zeros((96, 96), np.int32)
    nuclei[30:60, 30:60] = 1
    smears = [Smear(image, nuclei) for image in data.images]
    card = make_card(make().fit(smears, named), smears, named)
    assert card.data["label_maps"] is True
    assert len(card.columns) == columns if columns is not None else card.columns[0] == "cell_count"
    assert len(card.to_text()) < 10_000
    assert ModelCard.from_json(card.to_json()) == card


def test_of_a_search_the_pipeline_found_is_told(data, named):
    pipeline = make_pipeline(Resizer((48, 48)), *[step for _, step in make_baseline("four_colors").steps])
    found = GridSearchCV(pipeline, {"calibratedclassifier__cv": [2, 3]}, cv=2).fit(data.images, named)
    searched, alone = (make_card(model, data.images, named) for model in (found, found.best_estimator_))
    assert searched.columns == alone.columns
    assert len(alone.columns) == 4
    assert searched.measured_scale == alone.measured_scale != alone.scale


def test_a_model_without_a_card_still_tells_what_it_is(model):
    card = describe_model(model)
    assert dict.fromkeys(card.classes) == card.classes
    assert "What it was trained on is not known" in card.to_text()
    assert "it has no classes" in describe_model(MedianDenoiser(3)).to_text()


def test_what_is_no_card_is_not_written(model, card, tmp_path):
    for wrong, kind in (({"name": "x"}, TypeError), (replace(card, notes=(3,)), ValueError)):
        with pytest.raises(kind):
            save(model, tmp_path / "m", wrong)
        assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(("content", "why"), [
    (b"", "Expecting value"), (b"\xff\xfe", "utf-8"), (b"[" * 100_000, "nested too deeply"), (b"[]", "format 1"),
    (b'{"format": 2}', "format 1"), (b'{"format": 1}', "name is missing"), (b'{"format": NaN}', "NaN is no number"),
    (b" " * (17 << 20), "larger than 16 MiB"),
])  # fmt: skip
def test_a_damaged_card_is_named_and_keeps_nobody_from_the_model(content, why, model, tmp_path):
    path = with_entry(tmp_path / "m.skops", model, content, zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match=rf"m\.skops: its card cannot be read .*{why}"):
        read_card(path)
    assert repr(load(path)) == repr(model)


@pytest.mark.parametrize("change", [
    {"name": 3}, {"classes": ["a"]}, {"classes": {"a": True}}, {"classes": {"a" * 2000: 1}}, {"columns": "abc"}, {"columns": [1]},
    {"versions": {"numpy": {}}}, {"scale": {"low": "x"}}, {"sizes": {"min_width": 1.5}}, {"scores": {}}, {"scores": [[1]]},
    {"scores": [{}] * 2000}, {"notes": [None]}, {"pipeline": "x" * 300_000}, {"data": {"n_images": []}},
], ids=lambda change: str(change)[:40])  # fmt: skip
def test_values_of_another_kind_are_refused(change, card):
    with pytest.raises(ValueError, match=next(iter(change))):
        ModelCard.from_json(json.dumps(json.loads(card.to_json()) | change))


def test_a_flipped_byte_is_noticed(model, card, tmp_path):
    save(model, tmp_path / "m", card)
    data = (tmp_path / "m").read_bytes()
    (tmp_path / "m").write_bytes(data.replace(b'"notes"', b'"noted"'))
    with pytest.raises(ValueError, match="CRC"):
        read_card(tmp_path / "m")
    load(tmp_path / "m")


@pytest.mark.parametrize("content", [b"", b"path,label\n"])
def test_what_is_no_archive_and_no_file(content, tmp_path):
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ValueError, match="m: not a model"):
        read_card(tmp_path / "m")
    with pytest.raises(ValueError, match=r"gone: no such file"):
        read_card(tmp_path / "gone")


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)


@given(
    st.fixed_dictionaries({}, optional={
        "data": st.dictionaries(st.sampled_from(["n_images", "n_groups", "digest"]), _VALUES),
        "scale": st.dictionaries(st.sampled_from(["median", "low", "high", "n_known"]), _VALUES),
        "sizes": st.dictionaries(st.sampled_from(["min_height", "max_width"]), _VALUES),
        "scores": st.lists(st.dictionaries(st.sampled_from(["protocol", "accuracy", "accuracy_low", "control"]), _VALUES), max_size=3),
        "classes": st.dictionaries(st.text(max_size=9), st.none() | st.integers()),
    })
)  # fmt: skip
def test_whatever_is_read_can_be_shown(change):
    text = json.dumps({"format": 1, "name": "n", "pipeline": "p", "classes": {}} | change)
    try:
        card = ModelCard.from_json(text)
    except ValueError:
        return
    for shown in (card.to_text(40), card.to_markdown(), card._repr_html_(), card.to_json()):
        shown.encode()
    scale_warning(card, [], [])


def test_names_of_files_in_no_encoding_can_be_shown():
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    row = {"protocol": name, "pipeline": name, "control": False, "accuracy": 0.5}
    card = ModelCard(name, name, {name: 2}, columns=(name,), scores=(row,), notes=(name,))
    for shown in (card.to_text(), card.to_markdown(), card._repr_html_()):
        assert b"caf" in shown.encode()


def test_other_magnification_is_told_unless_the_pipeline_undoes_it():
    images = make_smears(n_samples=8, size=160, random_state=0).images
    large = [cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) for image in images]
    target = np.array(list("ab") * 4)
    plain = make_card(make_baseline("four_colors").fit(images, target), images, target)
    assert scale_warning(plain, [], images) is None
    assert scale_warning(plain, [], large).split(" have")[0] in ("7 of 8 images looked at", "8 of 8 images looked at")
    assert scale_warning(plain, [], []) is None
    model = make_pipeline(ToTwenty(), *make_baseline("four_colors")).fit(images, target)
    rescaled = make_card(model, images, target)
    assert rescaled.measured_scale["median"] == pytest.approx(20, rel=0.02)
    assert rescaled.scale == plain.scale
    assert scale_warning(rescaled, [model[0]], large) is None


def test_a_few_odd_images_and_unknown_scales_are_no_matter(card):
    known = replace(card, measured_scale={"low": 20.0, "high": 21.0, "n_known": 9})
    blank = np.full((64, 64, 3), 230, np.uint8)
    one = [Smear(blank, pixel_size=7.2 / 40)]
    usual = [Smear(blank, pixel_size=7.2 / 22)] * 19
    assert scale_warning(known, [], one + usual) is None
    assert scale_warning(known, [], one * 3 + usual).startswith("3 of 22")
    assert scale_warning(known, [], [blank, "nowhere.png"]) is None
    assert scale_warning(replace(card, measured_scale={"low": None, "high": None, "n_known": 0}), [], one) is None
