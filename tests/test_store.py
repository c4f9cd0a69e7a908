"""The store: values by key on disk, for several processes, within bounds."""

import os
import pickle
import sqlite3
from concurrent.futures import ProcessPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from leukofeat.features import FeatureSet
from leukofeat.store import FILE, Store, StoreWarning, as_store
from leukofeat.store.values import decode, encode
from tests.stages import MeanColor

_arrays = hnp.arrays(
    st.sampled_from(["<f8", "<i4", "|u1", "|b1", "<U3"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
_plain = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text() | st.lists(st.text(), max_size=3)


@given(st.dictionaries(st.text(max_size=5), _arrays | _plain, max_size=4))
def test_values_come_back_as_they_were(value):
    back = decode(encode(value))
    assert back.keys() == value.keys()
    for name, item in value.items():
        if isinstance(item, np.ndarray):
            assert back[name].dtype == item.dtype
            np.testing.assert_array_equal(back[name], item)
            assert back[name].flags.writeable
        else:
            assert back[name] == item


def test_large_values_are_compressed():
    value = {"map": np.zeros((500, 500), np.uint8)}
    assert len(encode(value)) < 5000
    np.testing.assert_array_equal(decode(encode(value))["map"], value["map"])


def test_objects_are_refused():
    with pytest.raises(TypeError, match="objects"):
        encode({"a": np.array([object()])})
    with pytest.raises(TypeError):
        encode({"a": object()})


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        [(1, 2)],
        {0: "lymphoblast"},
        np.ma.array([1, 2], mask=[True, False]),
        np.zeros(2, [("a", "f8")]),
        np.array([None]),
        [np.float64(1)],
    ],
)
def test_what_would_come_back_as_something_else_is_refused(value):
    with pytest.raises(TypeError, match="learned_"):
        encode({"learned_": value})


def test_numbers_keep_their_type():
    for value in (np.float64(0.5), np.float32(0.5), np.int64(3), np.bool_(True), np.str_("a"), float("inf"), 3, True):
        back = decode(encode({"x": value}))["x"]
        assert back == value
        assert type(back) is type(value)


def test_nothing_is_made_by_asking(tmp_path):
    store = Store(tmp_path / "memory")
    assert store.get(["a"]) == {}
    assert store.table().empty
    store.clear()
    store.put({}, "row", "nothing")
    assert not (tmp_path / "memory").exists()


def test_what_is_there_is_left_as_it_is(tmp_path):
    store = Store(tmp_path)
    store.put({"a": {"x": 1}}, "row", "first")
    store.put({"a": {"x": 2}, "b": {"x": 3}}, "row", "second")
    assert store.get(["a", "b", "c"]) == {"a": {"x": 1}, "b": {"x": 3}}
    table = store.table()
    assert table[["kind", "what", "records"]].values.tolist() == [["row", "first", 1], ["row", "second", 1]]
    assert (pd.Timestamp.now("UTC").tz_localize(None) - table["used"]).abs().max() < pd.Timedelta("1min")
    store.clear()
    assert store.get(["a"]) == {}


def test_many_keys_at_once(tmp_path):
    store = Store(tmp_path)
    keys = [f"{i:032x}" for i in range(3000)]
    store.put({key: {"i": i} for i, key in enumerate(keys)}, "row", "many")
    found = store.get(keys)
    assert [found[key]["i"] for key in keys] == list(range(3000))


def test_the_least_recently_used_goes_first(tmp_path):
    store = Store(tmp_path, max_bytes=300_000)
    value = {"noise": np.random.default_rng(0).integers(0, 255, 10_000, np.uint8)}
    for i in range(60):
        store.put({str(i): value}, "row", "noise")
        with sqlite3.connect(tmp_path / FILE) as database:
            database.execute("UPDATE records SET used = ? WHERE key = ?", (i, str(i)))
    left = {int(key) for key in store.get(map(str, range(60)))}
    assert 59 in left
    assert left == set(range(60 - len(left), 60))
    assert 15 <= len(left) <= 30
    assert os.path.getsize(tmp_path / FILE) < 400_000


def test_reading_counts_as_use(tmp_path):
    store = Store(tmp_path)
    store.put({"a": {}, "b": {}}, "row", "x")
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("UPDATE records SET used = 1")
    store.get(["a"])
    with sqlite3.connect(tmp_path / FILE) as database:
        used = dict(database.execute("SELECT key, used FROM records"))
    assert used["b"] == 1 < used["a"]


def _write(job):
    folder, start = job
    for i in range(20):
        Store(folder).put({f"{start}-{i}": {"x": np.arange(100.0)}, f"shared-{i}": {"x": i}}, "row", "x")
    return len(Store(folder).get([f"{start}-{i}" for i in range(20)]))


def test_processes_write_at_once(tmp_path):
    with ProcessPoolExecutor(4) as pool:
        assert list(pool.map(_write, [(str(tmp_path), start) for start in range(4)])) == [20] * 4
    assert Store(tmp_path).table()["records"].sum() == 100


def test_a_store_travels(tmp_path):
    store = Store(tmp_path, max_bytes=10**9)
    store.put({"a": {"x": 1}}, "row", "x")
    again = pickle.loads(pickle.dumps(store))
    assert (again.location, again.max_bytes) == (store.location, store.max_bytes)
    assert again.get(["a"]) == {"a": {"x": 1}}


def _without(store, match):
    """What cannot be read and written is not there, and that is told once."""
    with pytest.warns(StoreWarning, match=match) as told:
        assert [store.get([key]) for key in "ab"] == [{}, {}]
    assert len(told) == 1
    with pytest.warns(StoreWarning, match=match) as told:
        assert [store.put({key: {}}, "row", "x") for key in "ab"] == [None, None]
    assert len(told) == 1


def test_a_file_that_is_no_store_is_gone_without(tmp_path):
    (tmp_path / FILE).write_bytes(b"something else" * 100)
    _without(Store(tmp_path), f"{FILE}.*delete it")
    with pytest.raises(OSError, match=f"{FILE}.*delete it"):
        Store(tmp_path).table()


def test_a_store_of_another_version_is_gone_without(tmp_path):
    Store(tmp_path).put({"a": {}}, "row", "x")
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("PRAGMA user_version = 99")
    _without(Store(tmp_path), "another version")
    with pytest.raises(OSError, match="another version"):
        Store(tmp_path).clear()


def test_a_place_that_cannot_be_used_is_gone_without(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.warns(StoreWarning, match="file"):
        Store(tmp_path / "file").put({"a": {}}, "row", "x")


def test_a_store_that_another_process_holds_is_gone_without(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.put({"a": {"x": 1}}, "row", "x")
    monkeypatch.setattr("leukofeat.store._PATIENCE", 0.01)
    other = sqlite3.connect(store.path)
    other.execute("BEGIN EXCLUSIVE")
    _without(store, "locked")
    other.rollback()
    assert store.get(["a"]) == {}, "it is left alone for a while, for each try may last a minute"
    monkeypatch.setattr("leukofeat.store._trouble", {})
    assert store.get(["a"]) == {"a": {"x": 1}}


def test_a_store_that_may_only_be_read_is_read(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.put({"a": {"x": 1}}, "row", "x")
    with sqlite3.connect(store.path) as database:
        database.execute("UPDATE records SET used = 1")
    connect = sqlite3.connect
    monkeypatch.setattr("sqlite3.connect", lambda path, **how: connect(f"file:{path}?mode=ro", uri=True, **how))
    assert store.get(["a"]) == {"a": {"x": 1}}
    with pytest.warns(StoreWarning, match="readonly"):
        store.put({"b": {}}, "row", "x")
    assert store.get(["a", "b"]) == {"a": {"x": 1}}


def test_a_damaged_value_is_unknown_and_can_be_kept_anew(tmp_path):
    store = Store(tmp_path)
    store.put({"a": {"x": np.arange(9.0)}, "b": {"x": np.zeros(9999)}, "c": {}}, "row", "x")
    with sqlite3.connect(store.path) as database:
        for key in "ab":
            ((value,),) = database.execute("SELECT value FROM records WHERE key = ?", key)
            value = bytearray(value)
            value[-9] ^= 1
            database.execute("UPDATE records SET value = ? WHERE key = ?", (bytes(value), key))
    assert store.get(["a", "b", "c"]) == {"c": {}}
    store.put({"a": {"x": 1}}, "row", "x")
    assert store.get(["a"]) == {"a": {"x": 1}}


@pytest.mark.parametrize("value", [None, 7, "text", b"", b"z", encode({"x": 1})[:5] + b"[]"])
def test_a_record_of_another_type_is_a_damaged_one(value, tmp_path):
    store = Store(tmp_path)
    store.put({"a": {"x": 1}, "b": {"x": 2}}, "row", "x")
    with sqlite3.connect(store.path) as database:
        database.execute("PRAGMA writable_schema = 1")
        database.execute("UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '')")
    with sqlite3.connect(store.path) as database:
        database.execute("UPDATE records SET value = ?, used = NULL WHERE key = 'a'", (value,))
    assert store.get(["a", "b"]) == {"b": {"x": 2}}


def test_a_schema_that_is_no_text_is_a_damaged_store(tmp_path):
    store = Store(tmp_path)
    store.put({"a": {"x": 1}}, "row", "x")
    store.path.write_bytes(store.path.read_bytes().replace(b"sqlite_autoindex_records", b"sqlite_autoindex_recor\xe4s"))
    with pytest.warns(StoreWarning, match="is no store of results, or damaged"):
        assert store.get(["a"]) == {}


def test_what_is_forgotten_leaves_the_disk(tmp_path):
    store = Store(tmp_path)
    store.put({"a": {"x": np.random.default_rng(0).random(100_000)}}, "row", "x")
    store.clear()
    assert os.path.getsize(store.path) < 50_000


def test_a_relative_place_stays_where_it_was_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store("memory")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.put({"a": {}}, "row", "x")
    assert store.location == "memory"
    assert (tmp_path / "memory" / FILE).is_file()


def test_what_may_stand_for_a_store(tmp_path):
    store = Store(tmp_path)
    assert as_store(store) is store
    assert as_store(str(tmp_path)).location == as_store(tmp_path).location == str(tmp_path)
    assert as_store(joblib.Memory(tmp_path, verbose=0)).location == str(tmp_path)
    assert as_store(joblib.Memory(None)) is as_store(None) is None


@pytest.mark.parametrize("memory", [3, [], {}, set()])
def test_what_is_no_place_is_refused(memory, smears):
    with pytest.raises(TypeError, match="memory must be a folder"):
        as_store(memory)
    with pytest.raises(ValueError, match="'memory' parameter"):
        FeatureSet([MeanColor()], memory=memory).fit(smears.images)


def test_a_notebook_shows_what_is_in_it(tmp_path):
    store = Store(tmp_path)
    assert "0.0 MB of at most 2,147" in store._repr_html_()
    store.put({"a": {"x": np.random.default_rng(0).random(3000)}}, "row", "a <b>")
    page = store._repr_html_()
    assert "a &lt;b&gt;" in page
    assert "0.02" in page


@pytest.mark.parametrize("used", [b"bytes", "text", 2.0**70, None])
def test_the_table_of_a_damaged_store_can_be_read(tmp_path, used):
    store = Store(tmp_path)
    store.put({"a" * 32: {"cells": 1}}, "row", "areas")
    with sqlite3.connect(store.path) as database:
        database.execute("UPDATE records SET used = ?", (used,))
    assert store.table()["records"].tolist() == [1]
    assert store.table()["used"].isna().all()
    assert "areas" in store._repr_html_()
