"""A CSV file without Parquet parts: the bytes that the parts give."""

import pandas as pd
import pytest

from leukofeat.datasets import make_smears
from leukofeat.extraction import extract as extract_module
from leukofeat.extraction import extract_parquet, folder, join, join_parts, plain, run
from leukofeat.extraction.plain import extract_csv
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures
from leukofeat.opencv import cv2
from leukofeat.segmentation import LabKMeansSegmenter
from leukofeat.store import Store

FEATURES = FeatureSet([ColorFeatures(regions=("cell",)), GeometryFeatures()], on_error="nan", on_empty="nan")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    for module in (folder, run, extract_module, plain):
        monkeypatch.setattr(module, "IMAGES_A_PART", 4)
    for module in (join, plain):
        monkeypatch.setattr(module, "ROWS", 3)


@pytest.fixture
def files(tmp_path):
    root = tmp_path / "images"
    root.mkdir()
    for i, image in enumerate(make_smears(n_samples=10, size=64, random_state=0).images):
        cv2.imwrite(str(root / f"{i:02}.png"), image)
    (root / "05.png").write_bytes(b"")
    return sorted(map(str, root.iterdir()))


def both(files, place, frame, per):
    """What either way wrote, and said of it."""
    found, written = [], []
    for name in ("plain", "parts"):
        images = LabKMeansSegmenter().fit_transform(files)
        file, parts = place / f"{name}.csv", place / f"{name}.parts"
        if name == "plain":
            found.append(extract_csv(FEATURES, images, parts, file, frame=frame, per=per))
        else:
            found.append(extract_parquet(FEATURES, images, parts, frame=frame, per=per))
            join_parts(parts, file)
        written.append((file.read_bytes(), (parts / "_errors.csv").read_bytes()))
    return found, written


@pytest.mark.parametrize("per", ["image", "cell"])
@pytest.mark.parametrize("n", [0, 1, 4, 10])
def test_the_bytes_are_those_of_the_parts(per, n, files, tmp_path):
    frame = pd.DataFrame(
        {"path": [f"={i}.png" for i in range(n)], "label": ["a\rb", None, "", "c", "d"][:n] * (1 + n // 6)}
    )
    found, written = both(files[:n], tmp_path, frame[:n], per)
    assert written[0] == written[1]
    for name in ("n_images", "n_rows", "n_columns", "failures", "empty", "complete"):
        assert getattr(found[0], name) == getattr(found[1], name), name


def test_rows_are_in_the_features_memory_where_they_have_one(files, tmp_path):
    features = FeatureSet(FEATURES.families, on_error="nan", on_empty="nan", memory=tmp_path / "kept")
    extract_csv(features, LabKMeansSegmenter().fit_transform(files), tmp_path / "parts", tmp_path / "rows.csv")
    assert len(Store(tmp_path / "kept").table()) > 0
    assert not (tmp_path / "parts" / "_store").exists()
    assert pd.read_csv(tmp_path / "rows.csv")["path"].tolist() == files


def test_a_full_disk_leaves_no_half_of_a_file(files, tmp_path, monkeypatch):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(plain, "write_csv", full)
    with pytest.raises(OSError, match=r"No space left on device.*free some room"):
        extract_csv(FEATURES, LabKMeansSegmenter().fit_transform(files), tmp_path / "parts", tmp_path / "rows.csv")
    assert not (tmp_path / "rows.csv").exists()
