"""docs/interchange.md, as it stands: its examples, AnnData where that is installed, and napari by a stand-in."""

from __future__ import annotations

import doctest
import re
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from leukofeat.datasets import make_smears
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures
from leukofeat.interchange import to_anndata
from leukofeat.segmentation import LeukocyteSegmenter

PAGE = Path(__file__).resolve().parents[2] / "docs/interchange.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_its_examples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS).failed == 0


@pytest.fixture(scope="module")
def measured():
    smears = LeukocyteSegmenter().fit_transform(make_smears(n_samples=3, size=128, random_state=0).images)
    features = FeatureSet([GeometryFeatures(), ColorFeatures()])
    return {"smears": smears, "features": features, "table": features.measure_cells(smears)}


def test_layers_of_napari(measured, monkeypatch):
    layers = {}

    class Viewer:
        def add_image(self, data, *, name, rgb):
            assert rgb
            layers[name] = data

        def add_labels(self, data, *, name):
            layers[name] = data

        def add_points(self, data, *, name, features, size):
            assert len(features) == len(data)
            layers[name] = data

    monkeypatch.setitem(sys.modules, "napari", types.SimpleNamespace(Viewer=Viewer))
    exec(compile(BLOCKS[1], str(PAGE), "exec"), dict(measured))
    smear = measured["smears"][0]
    assert layers["smear"].shape[:2] == layers["cells"].shape == layers["nuclei"].shape
    for label, (row, column) in enumerate(layers["centres"], 1):
        assert smear.cells[round(row), round(column)] == label


@pytest.mark.filterwarnings("ignore:The .future.infer_string. option:DeprecationWarning")  # anndata asks for it
def test_anndata(measured, tmp_path, monkeypatch):
    pytest.importorskip("anndata")
    from anndata import read_h5ad

    monkeypatch.chdir(tmp_path)
    exec(compile(BLOCKS[0], str(PAGE), "exec"), dict(measured))
    table, cells = measured["table"], read_h5ad("cells.h5ad")
    assert cells.var_names.tolist() == measured["features"].cell_names()
    np.testing.assert_array_equal(cells.X, table[measured["features"].cell_names()].to_numpy())
    np.testing.assert_array_equal(cells.obsm["spatial"], table[["centroid_x", "centroid_y"]].to_numpy())
    assert cells.obs["cell"].tolist() == table["cell"].tolist()
    assert cells.obs["image"].tolist() == [str(i) for i in table["image"]]
    assert isinstance(cells.obs["image"].dtype, pd.CategoricalDtype)
    assert cells.obs["confidence"].tolist() == pytest.approx(table["confidence"].tolist(), nan_ok=True)
    assert "GeometryFeatures" in cells.uns["leukofeat"]["parameters"]["families"]


@pytest.mark.filterwarnings("ignore:The .future.infer_string. option:DeprecationWarning")
def test_anndata_of_other_tables(measured):
    pytest.importorskip("anndata")
    empty = to_anndata(measured["table"].iloc[:0])
    assert empty.n_obs == 0
    with pytest.raises(ValueError, match="no column 'centroid_x'; take it from"):
        to_anndata(measured["table"].drop(columns="centroid_x"))


def test_anndata_that_is_not_there(measured, monkeypatch):
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(ImportError, match=r"pip install 'leukofeat\[anndata\]'"):
        to_anndata(measured["table"])
