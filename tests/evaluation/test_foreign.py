"""Predictions made elsewhere: how they are read, found among the images, and refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukofeat.evaluation import read_predictions
from leukofeat.evaluation.foreign_files import match_paths
from leukofeat.markup import write_csv

NAMES = [f"/data/set/{label}/{i}.png" for label in ("Early Pre", "Pro") for i in range(4)]
LABELS = np.array(["Early Pre", "Pro"])
TARGET = LABELS[np.repeat([0, 1], 4)]
SPLITS = [(np.array([1, 2, 5, 6, 3, 7]), np.array([0, 4])), (np.array([0, 4]), np.array([1, 2, 3, 5, 6, 7]))]
ALL = np.arange(8)


def table(**columns):
    return pd.DataFrame({"path": [name.removeprefix("/data/set/") for name in NAMES], "predicted": TARGET} | columns)


def asked(predictions, names=NAMES, labels=LABELS, splits=SPLITS, rows=ALL):
    predictions.check(names, splits, labels)
    return predictions.outcome(rows, names, labels)


def write(folder, text):
    file = folder / "net.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_predictions(file)


def refused(predictions, names=NAMES, labels=LABELS, splits=SPLITS):
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        predictions.check(names, splits, labels)
    return str(caught.value)


@pytest.mark.parametrize("order", [ALL, ALL[::-1], np.roll(ALL, 3)])
@pytest.mark.parametrize(
    "path",
    [
        lambda name: name,
        lambda name: name.removeprefix("/data/set/"),
        lambda name: "./" + name.removeprefix("/data/set/"),
        lambda name: "C:\\Users\\me\\leukaemia\\" + name.removeprefix("/data/set/").replace("/", "\\"),
        lambda name: "/content/drive/images/" + name.removeprefix("/data/set/"),
    ],
    ids=["absolute", "relative", "dotted", "windows", "elsewhere"],
)
def test_paths_in_any_order_and_from_any_machine(path, order):
    found = table(extra="x", cells=3).iloc[order]
    found["path"] = [path(NAMES[i]) for i in order]
    predicted, scores, are_probabilities = asked(read_predictions(found), rows=[7, 0, 3])
    assert predicted.tolist() == ["Pro", "Early Pre", "Early Pre"]
    assert predicted.dtype == LABELS.dtype
    assert (scores, are_probabilities) == (None, False)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_as_spreadsheets_write_it(tmp_path, sign, start, end):
    number = "0,75" if sign == ";" else "0.75"
    rest = "0,25" if sign == ";" else "0.25"
    lines = [sign.join(["note", "path", "score_Pro", "score_Early Pre"])]
    lines += [sign.join(["", name, number, rest]) for name in NAMES]
    predicted, scores, are_probabilities = asked(write(tmp_path, start + end.join(lines).encode()))
    assert set(predicted) == {"Pro"}
    np.testing.assert_array_equal(scores, np.tile([0.25, 0.75], (8, 1)))
    assert are_probabilities


def test_parquet_and_tables_say_the_same(tmp_path):
    values = np.random.default_rng(0).random((8, 2))
    found = table(**{"score_Early Pre": values[:, 0], "score_Pro": values[:, 1]})
    found.to_parquet(tmp_path / "net.parquet")
    found.to_csv(tmp_path / "net.csv", index=False)
    indexed = found.set_index("path").astype({"predicted": "category"})
    for source in (tmp_path / "net.parquet", str(tmp_path / "net.csv"), indexed):
        predicted, scores, are_probabilities = asked(read_predictions(source))
        assert predicted.tolist() == TARGET.tolist()
        np.testing.assert_array_equal(scores, values)
        assert not are_probabilities


@pytest.mark.parametrize("name", ["score_{}", "probability_{}", "{}"])
def test_columns_of_classes(name):
    values = np.array([[0.9, 0.1]] * 4 + [[0.3, 0.7]] * 4)
    columns = {name.format(label): value for label, value in zip(LABELS, values.T, strict=True)}
    predicted, scores, are_probabilities = asked(read_predictions(table(**columns).drop(columns="predicted")))
    assert predicted.tolist() == TARGET.tolist()
    np.testing.assert_array_equal(scores, values)
    assert are_probabilities


@pytest.mark.parametrize(("value", "first", "shares"), [(0.8, 0.2, True), (2.5, -2.5, False)])
def test_one_column_of_two_classes_is_enough(value, first, shares):
    found = table(probability_Pro=np.where(TARGET == "Pro", value, -value if value > 1 else 1 - value))
    predicted, scores, are_probabilities = asked(read_predictions(found.drop(columns="predicted")))
    assert predicted.tolist() == TARGET.tolist()
    np.testing.assert_allclose(scores[-1], [first, value])
    assert are_probabilities == shares


@pytest.mark.parametrize("part", [1, 100])
def test_percentages_are_probabilities(part):
    values = part * np.array([[0.912, 0.088]] * 4 + [[0.0, 1.0]] * 4)
    columns = {f"score_{label}": value for label, value in zip(LABELS, values.T, strict=True)}
    predicted, scores, are_probabilities = asked(read_predictions(table(**columns).drop(columns="predicted")))
    assert predicted.tolist() == TARGET.tolist()
    np.testing.assert_allclose(scores, values / part)
    assert are_probabilities


def test_one_column_of_percentages_is_refused_where_it_would_always_win():
    found = table(score_Pro=np.where(TARGET == "Pro", 80.0, 20.0)).drop(columns="predicted")
    assert "score_Pro goes from 20 to 80" in refused(read_predictions(found))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6).filter(lambda values: sum(values) > 0.1))
def test_rounded_probabilities_stay_probabilities(values):
    shares = np.array(values) / sum(values)
    labels = np.array([f"c{i}" for i in range(len(shares))])
    found = pd.DataFrame(
        {"path": ["1.png"]} | {f"score_{c}": [round(p, 3)] for c, p in zip(labels, shares, strict=True)}
    )
    assert asked(read_predictions(found), ["1.png"], labels, [([], [0])], [0])[2]


@pytest.mark.parametrize("labels", [np.array([3, 7]), np.array([False, True]), np.array(["01", "NA"])])
def test_classes_keep_their_type(tmp_path, labels):
    found = table(predicted=labels[np.repeat([0, 1], 4)])
    found.to_csv(tmp_path / "net.csv", index=False)
    for source in (found, tmp_path / "net.csv"):
        predicted, _, _ = asked(read_predictions(source), labels=labels)
        assert predicted.dtype == labels.dtype
        np.testing.assert_array_equal(predicted, labels[np.repeat([0, 1], 4)])


def test_whole_numbers_beside_a_blank():
    found = table(predicted=[0.0] * 4 + [1.0] * 3 + [np.nan])
    told = [(np.arange(4), np.arange(4, 7))]
    assert asked(read_predictions(found), labels=np.array([0, 1]), splits=told, rows=[4])[0] == [1]


def test_what_was_trained_on_is_no_prediction():
    train = table(split="train", predicted="", fold=0)
    both = pd.concat([table(split="test", fold=np.tile([0, 1, 1, 1], 2)), train.iloc[[1, 2, 3, 5, 6, 7]]])
    assert asked(read_predictions(both))[0].tolist() == TARGET.tolist()
    alone = table(split=np.where(np.isin(ALL, [0, 4]), "valid", "Train"))
    predicted, _, _ = asked(read_predictions(alone), splits=SPLITS[:1], rows=[0, 4])
    assert predicted.tolist() == ["Early Pre", "Pro"]


def test_predictions_for_more_than_the_test_images_may_repeat_or_lack():
    found = pd.concat([table().iloc[:6], table().iloc[[1, 2]]])
    assert asked(read_predictions(found), splits=SPLITS[:1], rows=[4])[0] == ["Pro"]


def test_a_file_that_the_images_hold_twice():
    names = [*NAMES, NAMES[0]]
    predicted, _, _ = asked(read_predictions(table()), names, splits=[([1], [0, 8])], rows=[8, 0])
    assert predicted.tolist() == ["Early Pre"] * 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.drop(index=[0, 4]), "2 of 8 test images have no prediction, /data/set/Early Pre/0.png for one"),
        (lambda t: t.assign(predicted=["", *TARGET[1:]]), "1 of 8 test images has no prediction"),
        (
            lambda t: t.assign(predicted=["", *TARGET[1:]], error=["no leukocyte found", *[""] * 7]),
            "0.png for one (no leukocyte found; `leukofeat predict --judge-empty`",
        ),
        (lambda t: pd.concat([t, t.iloc[:1]]), "1 test images have several predictions, Early Pre/0.png for one (2)"),
        (lambda t: t.assign(path=["9.png", *t["path"][1:]]), "1 of 8 paths lead to no image, '9.png' for one"),
        (lambda t: t.assign(path=["1.png", *t["path"][1:]]), "1 of 8 paths fit several images, '1.png' for one"),
        (
            lambda t: t.assign(predicted=["Pre", *TARGET[1:]]),
            "no class in 1 rows, one of them 'Pre'; the classes are Early Pre, Pro.",
        ),
        (
            lambda t: t.assign(predicted=["early pre ", *TARGET[1:]]),
            "'early pre ' and 'Early Pre' differ in case or blanks only",
        ),
        (lambda t: t.assign(score_pro=1.0), "'pro' and 'Pro' differ in case or blanks only"),
        (lambda t: t.assign(score_Pro=[np.nan] * 2 + [1.0] * 6), "missing or no finite number for 2 test images"),
        (lambda t: t.assign(score_Pro=["high"] + [1.0] * 7), "missing or no finite number for 1 test images"),
        (lambda t: t.assign(score_Pro=[np.inf] + [1.0] * 7), "missing or no finite number for 1 test images"),
        (
            lambda t: t.rename(columns={"predicted": "verdict"}),
            "no column 'predicted', nor one for each of the classes",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change, says):
    text = refused(read_predictions(change(table())))
    assert text.startswith("the table of predictions: ")
    assert says in text


def test_three_classes_need_a_column_each():
    labels = np.array(["Early Pre", "Pre", "Pro"])
    assert "no column 'score_Pre'" in refused(
        read_predictions(table(score_Pro=1, **{"score_Early Pre": 0})), labels=labels
    )


def test_an_unreadable_image_needs_no_prediction():
    found = read_predictions(table().iloc[1:])
    found.check(NAMES, SPLITS, LABELS, readable=lambda row: row != 0)
    with pytest.raises(ValueError, match="no prediction"):
        found.check(NAMES, SPLITS, LABELS, readable=lambda row: row == 0)


@pytest.mark.parametrize("column", ["fold", "split"])
def test_a_fold_must_lie_within_one_of_theirs(column):
    same = np.where(np.isin(ALL, [0, 4]), "a", "b")
    asked(read_predictions(table(**{column: same})))
    asked(read_predictions(table(**{column: "all of them"})))
    text = refused(read_predictions(table(**{column: np.where(ALL < 4, "a", "b")})))
    assert "test images of fold 0 stand in 2 parts" in text
    assert "Early Pre/0.png in 'a' and Pro/0.png in 'b'" in text


def test_what_was_trained_on_may_not_be_tested():
    alone = table(split=np.where(np.isin(ALL, [0, 5]), "test", "train"))
    text = refused(read_predictions(alone), splits=[([1], [0, 5, 6])])
    assert "no prediction" in text
    both = pd.concat([table(split="test"), table(split="train").iloc[:2]])
    assert "1 test images of fold 0 are marked there as trained on, Early Pre/0.png for one" in refused(
        read_predictions(both)
    )
    by_fold = pd.concat([table(split="test", fold=np.tile([0, 1, 1, 1], 2)), table(split="train", fold=0).iloc[[4, 5]]])
    assert "Pro/0.png" in refused(read_predictions(by_fold))


def test_a_note_where_nobody_can_check_the_splits():
    assert "net: predictions made elsewhere" in read_predictions(table()).notes("net")[0]
    assert read_predictions(table(fold=0)).notes("net") == []
    assert len(read_predictions(table(fold="")).notes("net")) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot be read as CSV"),
        ("file,predicted\n1.png,Pro\n", "no column 'path'; it has file, predicted"),
        ("path,predicted\n", "holds no row"),
        ("path,fold\n1.png,0\n", "no column 'predicted' .the class., nor a column a class"),
        ("path,predicted\nü.png,Pro\n".encode("latin-1"), "is not in UTF-8 .*; save it as 'CSV UTF-8'"),
        ('path,predicted\n"1.png,Pro\n', "cannot be read as CSV"),
    ],
)
def test_files_that_say_nothing_are_refused_by_name(tmp_path, text, says):
    with pytest.raises(ValueError, match=says) as caught:
        write(tmp_path, text)
    assert str(tmp_path / "net.csv") in str(caught.value)


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(OSError, match="no such file"):
        read_predictions(tmp_path / "net.csv")
    (tmp_path / "net.parquet").write_text("no parquet")
    with pytest.raises(ValueError, match="cannot be read as parquet"):
        read_predictions(tmp_path / "net.parquet")


PARTS = st.lists(st.sampled_from(["a", "b", "c", "d e", "ü"]), min_size=1, max_size=4)


@given(st.lists(PARTS, min_size=1, max_size=8), PARTS)
def test_a_path_leads_to_the_image_with_most_of_its_end(names, path):
    files = ["/".join(name) for name in names]
    found = match_paths(["/".join(path), *files], files)
    first = [files.index(file) for file in files]
    assert found[1:].tolist() == first

    def common(name):
        n = 0
        while n < min(len(name), len(path)) and name[-1 - n] == path[-1 - n]:
            n += 1
        return n

    most = max(map(common, names))
    best = {files.index("/".join(name)) for name in names if common(name) == most}
    exact = {files.index("/".join(name)) for name in names if name == path}
    expected = -1 if most == 0 else exact.pop() if exact else best.pop() if len(best) == 1 else -2
    assert found[0] == expected


def test_composed_and_decomposed_characters_are_the_same():
    assert match_paths(["Fru\u0308h/1.png"], ["/x/Fr\u00fch/1.png"]).tolist() == [0]


def test_it_says_what_it_is():
    assert repr(read_predictions(table())) == repr(read_predictions(table()))
    assert repr(read_predictions(table())) != repr(read_predictions(table(predicted="Pro")))


def test_a_parquet_of_a_few_bytes_and_a_hundred_million_cells_is_refused(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    column = pa.DictionaryArray.from_arrays(np.zeros(3_000_000, np.int8), ["a"])
    pq.write_table(pa.table({"path": column, "predicted": column}), tmp_path / "p.parquet")
    with pytest.raises(ValueError, match=r"p\.parquet: cannot be read as parquet \(3,000,000 rows of 2 columns in"):
        read_predictions(tmp_path / "p.parquet")


def test_a_cell_with_a_formula_is_read_as_it_was_written(tmp_path):
    frame = pd.DataFrame({"path": ["=1.png", "@2.png"], "predicted": ["+pos", "-"]})
    write_csv(frame, tmp_path / "p.csv")
    assert "'=1.png,'+pos" in (tmp_path / "p.csv").read_text()
    read_predictions(tmp_path / "p.csv").check(
        ["/a/=1.png", "/a/@2.png"], [([0], [1]), ([1], [0])], np.array(["+pos", "-"])
    )


def test_parts_whose_names_end_in_zeros_are_told_apart(tmp_path):
    parts = ["1", "1\0", *"111111"]
    with pytest.raises(ValueError, match="stand in 2 parts of its column 'fold'"):
        read_predictions(table(fold=parts)).check(NAMES, [(ALL[2:], ALL[:2]), (ALL[:2], ALL[2:])], LABELS)
