"""Tables of a comparison on disk: they come back as they were."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leukofeat.evaluation.saved import FILE, FORMAT, read_saved, write_tables

COLUMNS = {
    "float64": st.floats(width=64),
    "float32": st.floats(width=32),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint8": st.integers(0, 255),
    "bool": st.booleans(),
    "object": st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    "str": st.text(st.characters(exclude_categories=["Cs"])),
}


@st.composite
def tables(draw):
    n = draw(st.integers(0, 5))
    kinds = draw(st.lists(st.sampled_from(sorted(COLUMNS)), max_size=4))
    columns = [pd.Series(draw(st.lists(COLUMNS[kind], min_size=n, max_size=n)), range(n), dtype=kind) for kind in kinds]
    table = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(n))
    return table.set_axis([f"score_{i}" for i in range(len(kinds))], axis=1)


def again(table, place):
    write_tables(place, {"table": table})
    return read_saved(place, FORMAT, ["table"])["table"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables())
def test_every_value_and_every_type_comes_back(table, tmp_path):
    pd.testing.assert_frame_equal(again(table, tmp_path), table, check_exact=True)


@pytest.mark.parametrize(
    "values",
    [
        pd.array([1, None], "Int64"),
        pd.array([True, None], "boolean"),
        pd.array(["a", None], "string"),
        pd.to_datetime(["2024-05-01", None]),
        pd.Categorical(["b", None]),
        np.array(["a", None, float("nan"), np.int64(3), np.True_], object),
    ],
)
def test_types_that_labels_and_groups_may_have(values, tmp_path):
    table = pd.DataFrame({"group": values})
    found = again(table, tmp_path)
    assert found.dtypes.tolist() == table.dtypes.tolist()
    pd.testing.assert_frame_equal(found, table)
    assert [value is None for value in found["group"]] == [value is None for value in table["group"]]


def test_an_index_comes_back_with_its_name(tmp_path):
    for index in (pd.Index(["b", "a"], name="pipeline"), pd.Index([3, 1]), pd.RangeIndex(1, 3)):
        table = pd.DataFrame({"auc": [0.1 + 0.2, -math.inf]}, index)
        found = again(table, tmp_path)
        pd.testing.assert_frame_equal(found, table, check_index_type="equiv", check_exact=True)


def test_what_json_has_no_word_for_is_text(tmp_path):
    assert again(pd.DataFrame({"group": [Path("a"), "b"]}, dtype=object), tmp_path)["group"].tolist() == ["a", "b"]


def test_older_files_are_read_and_replaced(tmp_path):
    pytest.importorskip("pyarrow")
    table = pd.DataFrame({"auc": [0.5]}, pd.Index(["svm"], name="pipeline"))
    table.to_parquet(tmp_path / "table.parquet")
    found = read_saved(tmp_path, 1, ["table", "stress"], optional=["stress"])
    pd.testing.assert_frame_equal(found["table"], table)
    assert list(found) == ["table"]
    write_tables(tmp_path, {"table": table, "stress": None})
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_damaged_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="format 3, of another version"):
        read_saved(tmp_path, 3, ["table"])
    for text in ("", "[]", json.dumps({"table": {"rows": 1}}), json.dumps({"other": {}})):
        (tmp_path / FILE).write_text(text)
        with pytest.raises((ValueError, KeyError, TypeError)):
            read_saved(tmp_path, FORMAT, ["table"])
