"""Model files made to harm: refused with the type and the file by name, and never run."""

from __future__ import annotations

import io
import json
import operator
import os
import pickle
import re
import sys
import zipfile
from functools import partial

import joblib
import numpy as np
import pytest
import scipy.sparse
import skops.io
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from leukofeat.features import FunctionFeatures
from leukofeat.persistence import load, save
from leukofeat.preprocessing import MedianDenoiser

ATTACKS = {
    "posix.system": FunctionFeatures(os.system),
    "builtins.eval": FunctionTransformer(eval),
    "builtins.exec": partial(exec, "1"),
    "numpy.load": FunctionTransformer(np.load, kw_args={"allow_pickle": True}),
    "numpy.fromfile": partial(np.fromfile, "/etc/passwd"),
    "operator.methodcaller": operator.methodcaller("fit"),
    "operator.attrgetter": operator.attrgetter("__class__"),
    "joblib.numpy_pickle.load": FunctionTransformer(joblib.load),
    "builtins.type": np.array([type, 1], dtype=object),
    "builtins.getattr": {"a": [partial(getattr, "a")]},
    "scipy.sparse": scipy.sparse.csr_matrix(np.eye(3)),
}


@pytest.mark.skipif(sys.platform == "win32", reason="posix.system has another name")
@pytest.mark.parametrize("name", ATTACKS)
def test_what_could_run_is_refused_by_name(name, tmp_path):
    skops.io.dump(ATTACKS[name], tmp_path / "a.skops")
    with pytest.raises(ValueError, match="holds types this package does not know: ") as caught:
        load(tmp_path / "a.skops")
    assert str(caught.value).startswith(f"{tmp_path / 'a.skops'}: ")
    assert name in str(caught.value)
    assert "trusted=" in str(caught.value)


def rewritten(file, change, compression=zipfile.ZIP_STORED):
    """The archive with another schema, entries by name besides."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file


def with_schema(change):
    def apply(entries):
        schema = json.loads(entries["schema.json"])
        entries["schema.json"] = json.dumps(change(schema) or schema)

    return apply


def refused(file, words):
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert str(caught.value).isprintable()


@pytest.fixture
def stage(tmp_path):
    save(MedianDenoiser(5), tmp_path / "stage.skops")
    return tmp_path / "stage.skops"


@pytest.mark.parametrize(
    "module", ["leukofeat.__main__", "leukofeat.features.__main__", "leukofeat._x", "leukofeat.nowhere"]
)
def test_a_forged_name_imports_no_command(module, stage, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["leukofeat", "--version"])
    refused(rewritten(stage, with_schema(lambda schema: schema.update(__module__=module))), f"{module}.MedianDenoiser")


def test_a_method_is_no_stage(stage):
    def change(schema):
        return {
            "__class__": schema["__class__"],
            "__module__": schema["__module__"],
            "__loader__": "MethodNode",
            "content": {"func": "fit", "obj": schema},
            "protocol": schema["protocol"],
            "_skops_version": schema["_skops_version"],
        }

    refused(rewritten(stage, with_schema(change)), "MedianDenoiser.fit")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("__loader__", "PickleNode"),
        ("__loader__", ["a"]),
        ("protocol", 10**9),
        ("protocol", "x"),
        ("__class__", None),
        ("content", 3),
    ],
)
def test_odd_schemas(key, value, stage):
    refused(rewritten(stage, with_schema(lambda schema: schema.update({key: value}))), ": ")


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "[" * 100_000, '{"a":' * 50_000, "\xff", "NaN"])
def test_schemas_that_are_none(text, stage):
    refused(rewritten(stage, lambda entries: entries.update({"schema.json": text.encode("latin-1")})), "not a model")


def test_names_that_steer_a_terminal_are_written_out(stage):
    name = "os\x1b[2J\nleukofeat: all is well\u202e" + "a" * 10_000
    refused(rewritten(stage, with_schema(lambda schema: schema.update(__module__=name))), "\\x1b[2J leukofeat: all")


def test_an_archive_that_unpacks_to_much_more_than_it_is(stage):
    def bomb(entries):
        entries["bomb.npy"] = bytes(2**27)

    refused(rewritten(stage, bomb, zipfile.ZIP_DEFLATED), "would unpack to 134,2")


def test_entries_outside_are_never_written(stage, tmp_path):
    def outside(entries):
        entries["../outside.txt"] = entries["/tmp/outside.txt"] = b"x"

    load(rewritten(stage, outside))
    assert not (tmp_path.parent / "outside.txt").exists()


@pytest.mark.parametrize("write", [pickle.dumps, lambda model: joblib_bytes(model)], ids=["pickle", "joblib"])
def test_a_pickle_is_not_opened(write, tmp_path):
    (tmp_path / "a.pkl").write_bytes(write(MedianDenoiser(5)))
    refused(tmp_path / "a.pkl", "pickle, which may run any code")


def joblib_bytes(model):
    stream = io.BytesIO()
    joblib.dump(model, stream)
    return stream.getvalue()


def forge(**learned):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 4)), np.repeat([0, 1, 2], 10)
    model = make_pipeline(StandardScaler(), SVC()).fit(X, y)
    for name, value in learned.items():
        setattr(model[-1], name, value(getattr(model[-1], name)))
    return model


@pytest.mark.parametrize(
    "learned",
    [
        {"_n_support": lambda n: n * 100_000},
        {"_n_support": lambda n: n[:1]},
        {"_n_support": lambda n: -n},
        {"_dual_coef_": lambda array: array[:, :1]},
        {"_dual_coef_": lambda array: array[:1]},
        {"support_vectors_": lambda array: array[:3]},
        {"support_vectors_": lambda array: array[:, :1]},
        {"_intercept_": lambda array: array[:1]},
        {"support_": lambda array: np.arange(10**6, dtype=np.int32)},
        {"classes_": lambda array: np.arange(300)},
        {"classes_": lambda array: None},
    ],
)
def test_arrays_that_libsvm_would_read_beyond(learned, tmp_path):
    save(forge(**learned), tmp_path / "a.skops")
    refused(tmp_path / "a.skops", "the arrays of its SVC do not fit each other")


@pytest.mark.filterwarnings("ignore:.*probability.*:FutureWarning")
@pytest.mark.parametrize("kernel", ["rbf", "linear", "precomputed"])
@pytest.mark.parametrize("kind", [SVC, NuSVC, SVR, NuSVR, OneClassSVM, partial(SVC, probability=True)])
def test_honest_support_vectors_are_read(kernel, kind, tmp_path, rng):
    X = rng.normal(size=(30, 30))
    X = X @ X.T if kernel == "precomputed" else X
    for n_classes in (2, 3):
        model = kind(kernel=kernel).fit(X, np.arange(30) % n_classes)
        save(model, tmp_path / "a.skops")
        np.testing.assert_array_equal(load(tmp_path / "a.skops").predict(X), model.predict(X))
