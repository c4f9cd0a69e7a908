"""Every public name has its place in the reference, once; so has every system in the page of systems."""

from __future__ import annotations

import re
import sys

import pytest

from leukofeat.baselines import list_baselines
from tests.docs.scripts import script
from tests.test_public import PUBLIC


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages") / "api"
    script("reference").write(folder)
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


@pytest.fixture(scope="module")
def documented(written):
    return re.findall(r"^\.\. (?:auto\w+|py:data):: (\S+)$", "\n".join(written.values()), re.MULTILINE)


def test_every_public_name_is_there(documented):
    find = script("reference")._find
    there = {id(find(name)) for name in documented}
    assert [name for name, thing in PUBLIC.items() if id(thing) not in there] == []


def test_each_name_is_there_once(documented):
    assert len(documented) == len(set(documented))


def test_a_new_name_would_be_there(monkeypatch, tmp_path):
    module = sys.modules["leukofeat.audit"]
    monkeypatch.setattr(module, "__all__", [*module.__all__, "another"])
    monkeypatch.setattr(module, "another", lambda images: images, raising=False)
    reference = script.__wrapped__("reference")
    reference.write(tmp_path / "api")
    assert ".. autofunction:: leukofeat.audit.another" in (tmp_path / "api/leukofeat.audit.rst").read_text()


def test_every_page_is_in_a_table_of_contents(written):
    listed = {
        f"{name}.rst" for text in written.values() for name in re.findall(r"^   (leukofeat\S*)$", text, re.MULTILINE)
    }
    assert listed == set(written) - {"index.rst"}


@pytest.mark.parametrize(
    ("name", "main"),
    [
        ("leukofeat.store.Store", "leukofeat.Store"),
        ("leukofeat.evaluation.comparison.Comparison", "leukofeat.evaluation.Comparison"),
        ("FeatureSet.measure_cells", "leukofeat.features.FeatureSet.measure_cells"),
        ("leukofeat.kernels.regions.boxes.region_boxes", None),
        ("sklearn.svm.SVC", None),
    ],
)
def test_other_names_of_a_thing_lead_to_it(name, main):
    assert script("reference").main_name(name) == main


def test_a_name_that_does_not_exist_is_no_reference():
    assert not script("reference").exists("FeatureSett")
    assert script("reference").exists("leukofeat.kernels.regions.boxes.region_boxes")


def test_every_system_is_there(tmp_path):
    script("systems").write(tmp_path / "systems.rst")
    text = (tmp_path / "systems.rst").read_text(encoding="utf-8")
    assert [name for name in list_baselines().index if name not in text] == []
