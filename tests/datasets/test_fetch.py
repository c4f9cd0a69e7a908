"""Public sets: found in the data home as published or with a manifest, compared with what is published, and what is said of them."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import leukofeat.datasets as datasets
from leukofeat import ImageError, Smear
from leukofeat.datasets import DATASETS, get_data_home, list_datasets, load_images
from leukofeat.datasets.fetch import find
from leukofeat.datasets.fetch.card import Checksum
from leukofeat.datasets.fetch.page import datasets_page

FETCH = {name: getattr(datasets, f"fetch_{name}") for name in DATASETS}


@pytest.fixture(autouse=True)
def _nothing_told_yet(monkeypatch):
    monkeypatch.setattr(find, "_told", set())


def draw(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(root / name), np.full((6, 8, 3), 90, np.uint8))


def fetched(name, home):
    with pytest.warns(UserWarning, match=name):
        return FETCH[name](home)


def labels(bunch):
    return bunch.target_names[bunch.target].tolist()


def test_data_home(monkeypatch, tmp_path):
    monkeypatch.setenv("LEUKOFEAT_DATA", str(tmp_path / "here"))
    assert get_data_home() == tmp_path / "here"
    assert get_data_home(tmp_path) == tmp_path
    assert not (tmp_path / "here").exists()
    monkeypatch.setenv("LEUKOFEAT_DATA", "~/sets")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert get_data_home() == tmp_path / "sets"
    monkeypatch.setenv("LEUKOFEAT_DATA", "")
    assert get_data_home() == tmp_path / "leukofeat_data"
    monkeypatch.chdir(tmp_path)
    assert get_data_home("a") == tmp_path / "a"


@pytest.mark.parametrize("name", DATASETS)
def test_cards_are_complete(name):
    card = DATASETS[name]
    assert card.name == name
    for part in (card.title, card.summary, card.citation, card.licence, card.terms, card.groups, card.layout):
        assert part.strip() == part != ""
        assert not part.endswith(".") or part in (card.summary, card.terms)
    assert card.url.startswith("https://")
    assert card.instructions.endswith(".")
    assert len(card.known_faults) >= 2
    assert all(fault.endswith(".") for fault in card.known_faults)
    assert card.archive is None or card.archive.url.startswith("https://")
    known = [n for n in card.classes.values() if n is not None]
    assert not known or sum(known) == card.n_images
    text = str(card)
    assert max(map(len, text.splitlines())) <= 120
    plain = " ".join(text.split())
    for part in (card.licence, card.citation, card.layout, card.instructions, *card.known_faults):
        assert " ".join(part.split()) in plain


@pytest.mark.parametrize("name", DATASETS)
def test_docstrings_are_the_cards(name):
    doc = " ".join(FETCH[name].__doc__.split())
    card = DATASETS[name]
    for part in (card.licence, card.citation, card.url, card.layout, *card.known_faults):
        assert " ".join(part.split()) in doc
    for section in ("Parameters", "Returns", "Raises", "Examples"):
        assert f"{section} ---" in doc


def test_every_set_has_its_function_and_no_folder_is_of_two():
    assert list_datasets() == list(DATASETS)
    assert {name for name in datasets.__all__ if name.startswith("fetch_")} == {f"fetch_{name}" for name in DATASETS}
    folders = [folder.casefold() for card in DATASETS.values() for folder in card.folders]
    assert len(folders) == len(set(folders))
    for known in ("leukemia4", "allidb2", "apl", "pbc5", "bccd", "bcisc", "wbcseg"):
        assert known in folders


@pytest.mark.parametrize("name", DATASETS)
def test_a_missing_set_says_how_to_get_it(name, tmp_path):
    card = DATASETS[name]
    with pytest.raises(FileNotFoundError) as caught:
        FETCH[name](tmp_path / "home", download=False)
    text = str(caught.value)
    for part in (card.instructions, card.url, card.layout, str(tmp_path / "home" / card.folders[0]), "LEUKOFEAT_DATA"):
        assert part in text
    assert ("download=True" in text) == (card.archive is not None)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("name", DATASETS)
def test_an_empty_or_strange_folder_is_told_with_the_layout(name, tmp_path):
    root = tmp_path / DATASETS[name].folders[-1]
    root.mkdir()
    with pytest.raises(ImageError, match=re.escape(DATASETS[name].layout)):
        FETCH[name](tmp_path)


def test_faults_are_told_once(tmp_path):
    draw(tmp_path, "allidb1/Im001_1.jpg", "allidb1/Im002_0.jpg")
    with pytest.warns(UserWarning, match="allidb1") as caught:
        bunch = FETCH["allidb1"](tmp_path)
    told = [str(warning.message) for warning in caught]
    assert [text for text in told if text.startswith("allidb1: ")] == [
        f"allidb1: {fault}" for fault in DATASETS["allidb1"].known_faults
    ]
    assert any("2 images, and 108 are published as allidb1" in text for text in told)
    assert all(warning.filename == __file__ for warning in caught)
    assert bunch.summary == "2 images of 2 classes (blast 1, healthy 1); published are 108"
    assert str(DATASETS["allidb1"]) == bunch.DESCR
    assert labels(FETCH["allidb1"](tmp_path)) == ["blast", "healthy"]  # and nothing is told again


def test_another_set_in_its_folder_is_told(tmp_path, monkeypatch):
    draw(tmp_path, "acevedo2020/cats/1.jpg", "acevedo2020/dogs/1.jpg")
    monkeypatch.setattr(find, "_told", {f"acevedo2020: {fault}" for fault in DATASETS["acevedo2020"].known_faults})
    with pytest.warns(match="17,092 are published"), pytest.warns(match="none of the classes cats, dogs is one of"):
        FETCH["acevedo2020"](tmp_path)


def test_aria2021_as_published_and_with_a_manifest(tmp_path):
    names = [
        f"{kind}/{name}/{i}.jpg" for kind in ("Original", "Segmented") for name in ("Benign", "Pro") for i in (1, 2)
    ]
    draw(tmp_path / "aria2021" / "ALL dataset", *names)
    bunch = fetched("aria2021", tmp_path)
    assert labels(bunch) == ["Benign", "Benign", "Pro", "Pro"]
    assert all("Original" in file for file in bunch.filenames)
    assert bunch.groups is None
    other = tmp_path / "other"
    draw(other / "leukemia4", "Benign/1.jpg", "Pro/2.jpg")
    (other / "leukemia4" / "manifest.csv").write_text("path,label,stream\nBenign/1.jpg,Benign,s1\nPro/2.jpg,Pro,02\n")
    assert fetched("aria2021", other).groups.tolist() == ["s1", "02"]


def test_allidb2_holds_copies_of_a_cell_together(tmp_path):
    draw(
        tmp_path,
        "allidb2/img/Im171_0.tif",
        "allidb2/img/Im211_0.tif",
        "allidb2/img/Im001_1.tif",
        "allidb2/img/other.tif",
    )
    bunch = fetched("allidb2", tmp_path)
    assert labels(bunch) == ["blast", "healthy", "healthy"]
    assert bunch.groups.tolist() == ["Im001", "Im171", "Im171"]


def test_cnmc2019_subjects_folds_and_preliminary_test(tmp_path):
    root = tmp_path / "C-NMC_Leukemia"
    draw(
        root / "training_data",
        "fold_0/all/UID_14_6_4_all.bmp",
        "fold_0/hem/UID_H10_1_2_hem.bmp",
        "fold_1/all/UID_15_1_1_all.bmp",
    )
    valid = root / "validation_data"
    draw(valid, "C-NMC_test_prelim_phase_data/1.bmp", "C-NMC_test_prelim_phase_data/2.bmp")
    draw(root, "testing_data/C-NMC_test_final_phase_data/1.bmp")
    (valid / "C-NMC_test_prelim_phase_data_labels.csv").write_text(
        "Patient_ID,new_names,labels\nUID_57_29_1_all.bmp,1.bmp,1\nUID_H2_1_1_hem.bmp,2.bmp,0\n"
    )
    bunch = fetched("cnmc2019", tmp_path)
    frame = pd.DataFrame({"label": labels(bunch), "split": bunch.split, "group": bunch.groups})
    assert frame.to_numpy().tolist() == [
        ["all", "fold_0", "14"],
        ["hem", "fold_0", "H10"],
        ["all", "fold_1", "15"],
        ["all", "valid", "57"],
        ["hem", "valid", "H2"],
    ]
    assert all(Path(file).parent.name != "C-NMC_test_final_phase_data" for file in bunch.filenames)


def test_sidhom2021_wants_its_patients(tmp_path):
    draw(tmp_path, "apl/Patient_00/1.jpg", "apl/Patient_01/1.jpg")
    with pytest.raises(ImageError, match=r"no manifest\.csv, and patients have folders"):
        FETCH["sidhom2021"](tmp_path)
    (tmp_path / "apl/manifest.csv").write_text("path,label,group\nPatient_00/1.jpg,APL,00\nPatient_01/1.jpg,AML,01\n")
    assert fetched("sidhom2021", tmp_path).groups.tolist() == ["00", "01"]


def test_zheng2018_gives_nucleus_and_cell(tmp_path):
    root = tmp_path / "zheng2018" / "segmentation_WBC-master"
    mask = np.zeros((6, 8), np.uint8)
    mask[1:5, 1:6], mask[2:4, 2:4] = 128, 255
    for name in ("Dataset 1/001", "Dataset 1/013", "Dataset 2/001"):
        draw(root, f"{name}.bmp")
        assert cv2.imwrite(str(root / f"{name}.png"), mask)
    bunch = fetched("zheng2018", tmp_path)
    assert bunch.target is None
    for number, kind in (("1", "lymphocyte,2\n"), ("2", "1,4\n")):
        head = "image ID,class label\n"
        (root / f"Class Labels of Dataset {number}.csv").write_text(head + (kind if number == "2" else "1,2\n13,3\n"))
    bunch = FETCH["zheng2018"](tmp_path)
    assert labels(bunch) == ["lymphocyte", "monocyte", "eosinophil"]
    smear = bunch.images.smear(0)
    assert isinstance(smear, Smear)
    assert [(smear.nuclei > 0).sum(), (smear.cells > 0).sum()] == [4, 20]


def test_bcisc_groups_and_masks(tmp_path):
    draw(tmp_path, "bcisc/original-images/baso/10-1.jpg", "bcisc/original-images/eosi/2-1.jpg")
    bunch = fetched("bcisc", tmp_path)
    assert labels(bunch) == ["basophil", "eosinophil"]
    assert bunch.groups.tolist() == ["10", "02"]
    draw(tmp_path, "bcisc/basophil/a.jpg")
    (tmp_path / "bcisc/masks").mkdir()
    assert cv2.imwrite(str(tmp_path / "bcisc/masks/a.png"), np.eye(6, 8, dtype=np.uint8) * 255)
    (tmp_path / "bcisc/manifest.csv").write_text("path,label,group,mask\nbasophil/a.jpg,basophil,01,masks/a.png\n")
    assert (FETCH["bcisc"](tmp_path).images.smear(0).cells > 0).sum() == 6


@pytest.mark.parametrize("layout", ["flat", "published"])
def test_bccd_names_its_boxes(layout, tmp_path):
    images, boxes = ("bccd", "bccd") if layout == "flat" else ("bccd/BCCD/JPEGImages", "bccd/BCCD/Annotations")
    draw(tmp_path, f"{images}/BloodImage_00001.jpg")
    (tmp_path / boxes).mkdir(exist_ok=True)
    bunch = fetched("bccd", tmp_path)
    assert bunch.annotations.tolist() == [str(tmp_path / boxes / "BloodImage_00001.xml")]
    assert bunch.target is None


def test_checksums_of_all_some_and_other_files(tmp_path, monkeypatch):
    import dataclasses
    import hashlib

    root = tmp_path / "set"
    draw(root, "a/1.jpg", "a/2.jpg", "a/3.jpg")
    lines = "".join(f"{i}.jpg {hashlib.sha256((root / f'a/{i}.jpg').read_bytes()).hexdigest()}\n" for i in (2, 3))
    part = Checksum(r"(\d+)\.jpg", 2, 3, hashlib.sha256(lines.encode()).hexdigest())
    card = dataclasses.replace(
        DATASETS["bccd"], name="set", folders=("set",), n_images=3, checksums=(part,), known_faults=()
    )
    fetch = lambda: find.fetch(card, load_images, tmp_path, True, 0)  # noqa: E731
    with pytest.warns(UserWarning, match="is this another set"):
        assert fetch().summary.endswith("; byte for byte as published: 2")
    (root / "a/3.jpg").write_bytes((root / "a/3.jpg").read_bytes() + b"x")
    with pytest.warns(UserWarning, match=r"2\.jpg to 3\.jpg are not byte for byte the files published as set"):
        assert fetch().summary.endswith("; byte for byte as published: 0, not: 2")
    (root / "a/2.jpg").unlink()
    with pytest.warns(UserWarning, match="2 images, and 3 are published"):
        assert fetch().summary.endswith("; published are 3; byte for byte as published: 0")


@pytest.mark.parametrize("name", DATASETS)
def test_real_sets_load_as_they_lie(name, data_folder):
    found = find.find_dataset(DATASETS[name], data_folder.path)
    if found is None:
        pytest.skip(f"the data home has no folder {' or '.join(DATASETS[name].folders)}")
    bunch = fetched(name, data_folder.path)
    n = DATASETS[name].n_images
    assert 0 < len(bunch.images) <= (n or 10**6)
    if name == "aria2021":
        assert "byte for byte as published: 2,656" in bunch.summary
        assert len(np.unique(bunch.groups)) == 12
    if name == "sidhom2021":
        assert len(np.unique(bunch.groups)) == 76
    if name in ("zheng2018", "bcisc"):
        smear = bunch.images.smear(0)
        assert (smear.cells > 0).any()


@pytest.mark.parametrize(
    ("name", "figure", "page", "row"),
    [
        ("aria2021", "0.888", "figures.md", "| control: bar corner | 0.888 |"),
        ("aria2021", "0.996", "figures.md", "| control: no leukocytes | 0.996 |"),
        ("allidb2", "0.962", "baselines.md", "the control no_leukocytes scores 0.962 (random)"),
    ],
)
def test_figures_of_cards_are_those_of_the_tables(name, figure, page, row):
    assert figure in " ".join(DATASETS[name].known_faults)
    assert row in (Path(__file__).resolve().parents[2] / "docs" / page).read_text(encoding="utf-8")


def test_the_page_is_what_the_cards_say():
    page = Path(__file__).resolve().parents[2] / "docs" / "datasets.md"
    assert page.read_text(encoding="utf-8") == datasets_page(), "python -m leukofeat.datasets > docs/datasets.md"
    rows = [line for line in datasets_page().splitlines() if line.startswith("| [`fetch_")]
    assert len(rows) == len(DATASETS)
    assert {row.count(" | ") for row in rows} == {5}
