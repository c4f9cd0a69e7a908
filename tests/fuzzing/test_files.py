"""A few hundred mutated files of every kind, and texts that strategies make: each is read, or refused by name."""

from __future__ import annotations

import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leukofeat.persistence import save
from leukofeat.preprocessing import MedianDenoiser
from tests.fuzzing.mutate import MUTATORS, mended, mutate
from tests.fuzzing.readers import READERS, judge, prepare
from tests.fuzzing.seeds import seeds
from tests.fuzzing.strategies import manifests, pipelines, schemas

MANY = int(os.environ.get("FUZZING_EXAMPLES", "0"))
quickly = settings(
    max_examples=MANY or 40, derandomize=not MANY, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
KINDS = [kind for kind in READERS if kind != "network"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzzing")
    prepare(folder, seeds(networks=False)["image"]["plain.png"])
    return folder


def is_documented(kind, data, file):
    file.write_bytes(data)
    result, told = judge(kind, file)
    assert result != "undocumented", told
    return result


@pytest.mark.parametrize("kind", KINDS)
def test_good_files_are_read(kind, place):
    for name, data in seeds(networks=False)[kind].items():
        assert is_documented(kind, data, place / name) == "result", name


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_are_read_or_refused_by_name(kind, place):
    files, rng = seeds(networks=False)[kind], np.random.default_rng(3)
    for i in range(60):
        name = list(files)[i % len(files)]
        data, _ = mutate(files[name], list(files.values()), rng)
        is_documented(kind, data, place / f"{i}_{name}")


def test_mutants_are_drawn_from_their_seed():
    for files in seeds(networks=False).values():
        for data in files.values():
            first, again = (mutate(data, [data], np.random.default_rng(7)) for _ in range(2))
            assert first == again


@pytest.mark.parametrize("name", MUTATORS)
def test_every_mutator_takes_files_of_any_length(name, rng):
    for length in (1, 2, 9, 50):
        for start in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xc0", b"BM", b"II*\0\x08\0\0\0"):
            assert isinstance(MUTATORS[name]((start + rng.bytes(50))[:length], rng), bytes)


def test_a_png_with_mended_checksums_is_whole():
    good = seeds(networks=False)["image"]["plain.png"]
    assert mended(good) == good
    assert mended(good[:40] + b"\0\1\2" + good[43:]) != good[:40] + b"\0\1\2" + good[43:]


@quickly
@given(text=manifests())
def test_manifests(text, place):
    is_documented("manifest", text, place / "manifest.csv")


@quickly
@given(text=pipelines())
def test_pipelines(text, place):
    is_documented("pipeline", text, place / "own.toml")


@quickly
@given(data=st.data())
def test_schemas_of_models(data, place):
    file = place / "stage.skops"
    save(MedianDenoiser(5), file)
    with zipfile.ZipFile(file) as archive:
        schema = json.loads(archive.read("schema.json"))
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("schema.json", json.dumps(data.draw(schemas(schema))))
    assert judge("model", file)[0] in ("result", "ValueError")
