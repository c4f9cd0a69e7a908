"""What may stand for X, how it is indexed, and that nothing is decoded before it is needed."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.utils import _safe_indexing, indexable, shuffle

from leukofeat import ImageError, ImageSequence, Smear, as_sequence
from leukofeat import sequence as sequence_module
from leukofeat.base import ImageStage
from leukofeat.evaluation import compare
from tests.stages import Darker, DarkSegmenter, MeanColor


@pytest.fixture
def images(rng) -> list[np.ndarray]:
    """Five images of different sizes; image i holds the value i."""
    return [np.full((4 + i, 9 - i, 3), i, np.uint8) for i in range(5)]


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """Every file that is read, in order."""
    seen: list[str] = []
    read = sequence_module.read_image
    monkeypatch.setattr(sequence_module, "read_image", lambda path: seen.append(str(path)) or read(path))
    return seen


def objects(items: list) -> np.ndarray:
    array = np.empty(len(items), object)
    array[:] = items
    return array


def values(sequence: ImageSequence) -> list[int]:
    return [int(image[0, 0, 0]) for image in sequence]


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        objects,
        pd.Series,
        lambda x: pd.Series(x, name="image"),
        lambda x: pd.DataFrame({"image": x}),
        lambda x: objects(x)[:, None],
        as_sequence,
        lambda x: [Smear(image) for image in x],
    ],
)
def test_arrays_in_any_container(container, images):
    sequence = as_sequence(container(images))
    assert isinstance(sequence, ImageSequence)
    assert sequence.shape == (len(sequence),) == (5,)
    for got, want in zip(sequence, images, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        np.array,
        objects,
        lambda x: np.array(x)[:, None],
        lambda x: [Path(p) for p in x],
        pd.Series,
        lambda x: pd.Series(x, dtype="string"),
        lambda x: pd.Series(x, dtype="category"),
        lambda x: pd.DataFrame({"path": x}),
        pd.Index,
        pl.Series,
        lambda x: pl.DataFrame({"path": x}),
    ],
)
def test_paths_in_any_container(container, paths, smears):
    sequence = as_sequence(container(paths))
    assert [sequence.source(i) for i in range(len(paths))] == paths
    np.testing.assert_array_equal(sequence[3], smears.images[3])


def test_four_dimensional_array_is_not_copied(rng):
    stack = rng.integers(0, 256, (4, 6, 7, 3), np.uint8)
    sequence = as_sequence(stack)
    assert len(sequence) == 4
    assert np.shares_memory(sequence[2], stack)
    np.testing.assert_array_equal(sequence[2], stack[2])


def test_polars_column_of_smears_or_arrays_is_taken_as_objects(images):
    frame = pl.DataFrame({"image": pl.Series(images, dtype=pl.Object)})
    assert values(as_sequence(frame)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("X", "reason"),
    [
        ("cells/1.png", "single path 'cells/1.png'; pass a list of paths"),
        (Path("cells"), "single path 'cells'.*load_images"),
        (Smear(np.zeros((2, 2, 3), np.uint8)), r"single Smear; pass \[smear\]"),
        (np.zeros((4, 4, 3), np.uint8), r"ambiguous: one RGB image or a stack of grey ones\? Pass \[image\]"),
        (np.zeros((4, 4), np.uint8), r"got shape \(4, 4\)"),
        (np.zeros(4), r"got shape \(4,\) and dtype float64"),
        (np.array("a.png"), r"got shape \(\)"),
        (iter(["a.png"]), "got list_iterator"),
        ((p for p in ["a.png"]), "got generator"),
        ({"a.png"}, "got set"),
        (None, "got NoneType"),
        (5, "got int"),
        (["a.png", 5], "Item 1 is of type int; images are paths, uint8 arrays or Smears"),
        (["a.png", None], "Item 1 is of type NoneType"),
        ([["a.png"], ["b.png"]], "Item 0 is of type list"),
        (pd.Series(["a.png", np.nan]), "Item 1 is of type float"),
        (pd.DataFrame({"path": ["a"], "label": ["b"]}), r"got 2 columns; select one, as in X\[\['path'\]\]"),
        (pl.DataFrame({"path": ["a"], "label": ["b"]}), "got 2 columns"),
        (pd.DataFrame(index=[0, 1]), "got 0 columns"),
    ],
)
def test_what_is_no_set_of_images_is_refused_with_the_reason(X, reason):
    with pytest.raises((TypeError, ValueError), match=reason):
        as_sequence(X)


@pytest.mark.parametrize(
    "stack", [np.zeros((3, 5, 5, 3)), np.zeros((3, 5, 5, 4), np.uint8), np.zeros((3, 3, 5, 5), np.uint8)]
)
def test_stack_of_a_wrong_kind_is_refused_when_used(stack):
    with pytest.raises((TypeError, ValueError), match=r"uint8 RGB, not float64|\(height, width, 3\)") as caught:
        MeanColor().transform(stack)
    assert "image 0" in "".join(caught.value.__notes__)


@pytest.mark.parametrize(
    "empty", [[], (), pd.Series([], dtype=object), np.zeros((0, 5, 5, 3), np.uint8), np.array([], object)]
)
def test_no_image_at_all(empty):
    sequence = as_sequence(empty)
    assert len(sequence) == 0
    assert list(sequence) == []
    assert MeanColor().transform(empty).shape == (0, 3)


def test_index_by_integers(images):
    sequence = as_sequence(images)
    for i in (0, 4, -1, -5, np.int64(2), np.uint8(1)):
        np.testing.assert_array_equal(sequence[i], images[i])
    for i in (5, -6):
        with pytest.raises(IndexError, match="sequence of 5"):
            sequence[i]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (slice(1, 3), [1, 2]),
        (slice(None, None, -2), [4, 2, 0]),
        (np.array([3, 0, 0]), [3, 0, 0]),
        ([-1, 1], [4, 1]),
        (np.array([True, False, False, True, False]), [0, 3]),
        ([False, True, False, False, False], [1]),
        (pd.Series([False, True, False, False, True]), [1, 4]),
        ([], []),
        (np.zeros(5, bool), []),
        ((np.array([2, 1]), Ellipsis), [2, 1]),
        ((slice(0, 2), Ellipsis), [0, 1]),
    ],
)
def test_index_by_many(images, key, expected):
    sub = as_sequence(images)[key]
    assert isinstance(sub, ImageSequence)
    assert values(sub) == expected
    assert values(sub[::-1]) == expected[::-1]


@pytest.mark.parametrize("key", [(0, 1), (slice(None), 0), (..., 0), (0, ..., 0), ..., None, [[0, 1]]])
def test_a_sequence_has_one_axis(images, key):
    with pytest.raises(IndexError, match="one axis"):
        as_sequence(images)[key]


@pytest.mark.parametrize("key", [[True], np.array([0.5]), "a", [7]])
def test_a_key_that_does_not_fit(images, key):
    with pytest.raises(IndexError):
        as_sequence(images)[key]


def test_it_is_a_sequence_like_any_other(images):
    sequence = as_sequence(images)
    assert values(list(reversed(sequence))) == [4, 3, 2, 1, 0]
    assert repr(sequence[:1]) == "ImageSequence(1 image)"
    assert repr(DarkSegmenter().transform(Darker().transform(sequence))) == (
        "ImageSequence(5 images -> Darker -> DarkSegmenter)"
    )


def test_smears_once_segmented_and_images_before(images):
    sequence = as_sequence(images)
    assert isinstance(sequence[0], np.ndarray)
    assert isinstance(Darker().transform(sequence)[0], np.ndarray)
    assert isinstance(DarkSegmenter().transform(sequence)[0], Smear)


def test_selecting_decodes_nothing(paths, reads):
    y = np.arange(len(paths)) % 2
    sequence = DarkSegmenter().fit_transform(Darker().fit_transform(as_sequence(paths)))
    for train, test in KFold(2).split(sequence, y):
        _safe_indexing(sequence, train), _safe_indexing(sequence, test)
    train_test_split(sequence, y, stratify=y, random_state=0)
    shuffle(sequence, random_state=0)
    indexable(sequence, y)
    pickle.dumps(sequence[1:3])
    assert reads == []
    assert len(sequence), repr(sequence)
    assert reads == []
    sequence[::2][1]
    assert reads == [paths[2]]


def test_splitters_of_scikit_learn_give_the_right_images(images):
    sequence = as_sequence(images)
    for rows in (np.array([4, 1]), [4, 1], slice(1, 3), np.array([False, True, False, False, True])):
        assert values(_safe_indexing(sequence, rows)) == values(as_sequence(_safe_indexing(images, rows)))
    first, _, labels, _ = train_test_split(sequence, np.arange(5), random_state=1)
    assert values(first) == labels.tolist()


def test_one_pass_reads_each_file_once(paths, reads):
    make_pipeline(Darker(), DarkSegmenter(), MeanColor()).fit_transform(paths)
    assert reads == paths


def test_pickle_ships_the_selected_items_only(rng):
    stack = rng.integers(0, 256, (50, 32, 32, 3), np.uint8)
    for X in (stack, list(stack)):
        sub = as_sequence(X)[[7, 3]]
        data = pickle.dumps(sub)
        assert len(data) < 3 * stack[0].nbytes
        again = pickle.loads(data)
        np.testing.assert_array_equal(again[0], stack[7])
        np.testing.assert_array_equal(again[[1]][0], stack[3])


def test_a_sequence_keeps_the_parameters_it_was_made_with(images):
    stage = Darker(by=1)
    before = stage.transform(images)
    stage.set_params(by=3)
    assert values(before) == [0, 0, 1, 2, 3]
    assert values(stage.transform(images)) == [0, 0, 0, 0, 1]
    assert values(pickle.loads(pickle.dumps(before))) == values(before)


def test_steps_run_in_order_and_the_input_stays(images):
    sequence = as_sequence(images)
    twice = Darker(2).transform(Darker(1).transform(sequence))
    assert values(twice) == [0, 0, 0, 0, 1]
    assert values(sequence) == [0, 1, 2, 3, 4]
    assert len(twice.steps) == 2


def test_names_of_images_in_messages(paths, images):
    sequence = as_sequence(images)
    assert [sequence.name(i) for i in range(2)] == ["image 0", "image 1"]
    part = sequence[[4, 2]]
    assert part.name(1) == "image 2", "the number in the set that the caller knows"
    assert pickle.loads(pickle.dumps(part))[::-1].name(0) == "image 2"
    assert as_sequence(paths)[3:].name(0) == paths[3]
    assert as_sequence([Smear(images[0], source="a.png")]).name(0) == "a.png"


def test_an_unreadable_file_is_named(tmp_path):
    (tmp_path / "broken.jpg").write_text("no image")
    sequence = Darker().transform([str(tmp_path / "broken.jpg")])
    with pytest.raises(ImageError, match=r"broken\.jpg: not a JPEG"):
        sequence[0]


def test_an_error_in_a_step_names_the_image(images):
    def fails(smear: Smear) -> Smear:
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck") as caught:
        as_sequence(images).with_step(fails)[3:][1]
    assert caught.value.__notes__ == ["While processing image 4."]


class Unreturned(ImageStage):
    """A beginner's stage, whose apply returns the image, or nothing."""

    def __init__(self, image: bool = True) -> None:
        self.image = image

    def apply(self, smear: Smear) -> Any:
        return smear.image if self.image else None


@pytest.mark.parametrize(("image", "returned"), [(True, "ndarray"), (False, "NoneType")])
def test_a_stage_that_returns_no_smear_is_told_what_to_return(image, returned, images):
    reason = rf"Unreturned returned an object of type {returned}, and no Smear; let apply return smear\.replace\(image="
    with pytest.raises(TypeError, match=reason) as caught:
        Darker().transform(Unreturned(image).transform(images))[2]
    assert caught.value.__notes__ == ["While processing image 2."]
    pipelines = {
        name: make_pipeline(Unreturned(image), *others, MeanColor(), DummyClassifier())
        for name, others in (("as it is", ()), ("darker", (Darker(),)))
    }
    with pytest.raises(ValueError, match=reason):
        compare(pipelines, images[:4], [0, 1, 0, 1], cv=2)


def test_row_labels_follow_selection_and_stages(images):
    frame = pd.DataFrame({"image": images}, index=list("abcde"))
    sequence = Darker().transform(frame)[[3, 0, 1]][1:]
    assert list(sequence.row_labels) == ["a", "b"]
    assert list(pickle.loads(pickle.dumps(sequence)).row_labels) == ["a", "b"]
    assert list(as_sequence(frame["image"]).row_labels) == list("abcde")
    assert as_sequence(images).row_labels is None


@pytest.mark.parametrize(
    "index",
    [
        pd.MultiIndex.from_product([[1], list("vwxyz")], names=["slide", "cell"]),
        pd.date_range("2024-01-01", periods=5, tz="UTC", name="taken"),
        pd.Index(list("abcab"), name="twice"),
    ],
)
def test_any_kind_of_row_label_comes_back_as_it_was(index, images):
    frame = pd.DataFrame({"image": images}, index=index).iloc[[4, 0, 2]]
    table = make_pipeline(Darker(), MeanColor()).set_output(transform="pandas").fit_transform(frame)
    pd.testing.assert_index_equal(table.index, frame.index)


@pytest.mark.parametrize("column", [True, False])
def test_pandas_output_keeps_the_index_of_a_shuffled_frame(images, column):
    frame = pd.DataFrame({"image": images}, index=list("abcde")).sample(frac=1, random_state=0)
    X = frame if column else frame["image"]
    for stages in ([MeanColor()], [Darker(0), MeanColor()], [Darker(0), DarkSegmenter(), MeanColor()]):
        table = make_pipeline(*stages).set_output(transform="pandas").fit_transform(X)
        assert table.index.tolist() == frame.index.tolist() != list("abcde")
        assert table["image_r_mean"].tolist() == [image[0, 0, 0] for image in frame["image"]]
    assert isinstance(make_pipeline(Darker(), MeanColor()).fit_transform(X), np.ndarray)


def test_images_followed_by_others(images, paths):
    both = Darker(1).transform(images).followed_by([images[4], Smear(images[3], source="made.png")])
    assert values(both) == [0, 0, 1, 2, 3, 4, 3]
    assert values(pickle.loads(pickle.dumps(Darker(1).transform(both[[4, 5]])))) == [2, 3]
    assert [both.name(i) for i in (2, 5, 6)] == ["image 2", "image 5", "made.png"]
    assert as_sequence(images)[[3, 1]].followed_by([]).name(1) == "image 1"
    assert as_sequence(paths).followed_by([]).source(3) == paths[3]
    assert as_sequence(paths).followed_by(images).digest(3) == as_sequence(paths).digest(3)
    assert both.digest(3) != as_sequence(images).digest(3)
