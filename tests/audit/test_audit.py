"""Every check fires on the fault that is planted for it and on none that is not."""

import re

import cv2
import numpy as np
import pandas as pd
import pytest

from leukofeat.audit import audit_dataset
from leukofeat.datasets import load_images, make_smears


def fired(result):
    return {finding.name for finding in result.findings if finding.fired}


def audit(smears, images=None, **more):
    given = {"groups": smears.groups, "splits": smears.split} | more
    return audit_dataset(smears.images if images is None else images, smears.target, **given)


def test_a_clean_set_passes(clean, clean_result):
    assert fired(clean_result) == set()
    assert clean_result.verdict.startswith("Nothing serious was found (96 images, 4 classes, 24 groups)")
    assert len(clean_result.manifest) == 96
    assert not clean_result.manifest[["conflict", "leak"]].to_numpy().any()
    assert len(clean_result.pairs) == 0
    assert clean_result.table["name"].is_unique
    # Made of arrays: there is no file to judge by.
    assert clean_result["predict_from_file_size"].severity == "not tested"


def test_other_clean_sets_pass_too():
    alarms = [name for seed in (1, 2) for name in fired(audit(make_smears(n_samples=72, size=96, random_state=seed)))]
    assert len(alarms) <= 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("stain", {"predict_from_background", "predict_from_four_colors"}),
        ("scale_bar", {"burned_in_marks", "mark_style_by_class", "predict_from_corner"}),
        ("duplicates", {"exact_duplicates"}),
        ("leak", {"split_leak"}),
    ],
)
def test_planted_faults_of_the_generator_are_found(fault, expected):
    smears = make_smears(n_samples=96, size=96, n_slides=24, random_state=0, faults=fault)
    result = audit(smears)
    assert expected <= fired(result)
    assert not fired(result) & ({"exact_duplicates", "near_duplicates", "split_leak", "burned_in_marks"} - expected)
    for name in expected:
        assert result[name].finding in result.verdict
    if fault == "duplicates":
        pairs = {tuple(sorted(pair)) for pair in smears.planted["duplicates"].tolist()}
        assert set(zip(result.pairs["first"], result.pairs["second"], strict=True)) == pairs
        assert len(result.manifest) == 96 - len(pairs)
        assert result.pairs["across_group"].all()
    if fault == "leak":
        assert result["split_leak"].severity == "severe"
        assert result.manifest["leak"].any()
    if fault == "scale_bar":
        np.testing.assert_array_equal(result["burned_in_marks"].images, smears.planted["scale_bar"])
        assert set(result.images["mark_place"]) == {"", "bottom right"}
        assert result["mark_style_by_class"].worth > 30
        assert re.search(r", p [=<] 0\.\d+\):", result["mark_style_by_class"].finding)


def _blur(image):
    return cv2.GaussianBlur(image, (0, 0), 2.0)


def _darken(image):
    return (image * 0.8).astype(np.uint8)


def _enlarge(image):
    return np.ascontiguousarray(cv2.resize(image, None, fx=1.4, fy=1.4)[:96, :96])


def _pad(image):
    return np.pad(image, ((0, 4), (0, 4), (0, 0)), mode="edge")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (_blur, "focus_by_class"),
        (_darken, "brightness_by_class"),
        (_enlarge, "magnification_by_class"),
        (_pad, "resolution_by_class"),
    ],
)
def test_what_goes_along_with_the_class_is_found(clean, change, name):
    images = [change(image) if label < 2 else image for image, label in zip(clean.images, clean.target, strict=True)]
    result = audit_dataset(images, np.where(clean.target < 2, "changed", "as it was"), groups=clean.groups)
    finding = result[name]
    assert finding.severity in ("severe", "warning")
    assert finding.p < 0.05
    assert finding.worth > 5


def _encoded(clean, options):
    """Files of the images: those of the first two classes by one set of options, the others by another."""
    return [
        cv2.imencode(suffix, image[:, :, ::-1], parameters)[1].tobytes()
        for image, label in zip(clean.images, clean.target, strict=True)
        for suffix, parameters in [options[int(label < 2)]]
    ]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ([(".png", []), (".bmp", [])], "format_by_class"),
        (
            [(".jpg", [cv2.IMWRITE_JPEG_QUALITY, 40]), (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 95])],
            "predict_from_file_size",
        ),
        ([(".jpg", [cv2.IMWRITE_JPEG_QUALITY, 90]), (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 91])], "predict_from_metadata"),
    ],
)
def test_what_the_file_tells_is_found(clean, tmp_path, options, name):
    paths = []
    for k, data in enumerate(_encoded(clean, options)):
        paths.append(str(tmp_path / f"{k}.img"))
        (tmp_path / f"{k}.img").write_bytes(data)
    result = audit_dataset(paths, np.where(clean.target < 2, "one", "other"), groups=clean.groups)
    assert result[name].fired
    assert "broken_files" not in fired(result)


def test_broken_and_odd_images_are_listed_and_the_rest_is_measured(clean, tmp_path):
    images = list(clean.images)
    images[3] = cv2.cvtColor(cv2.cvtColor(images[3], cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    images[5] = np.full_like(images[5], 130)
    images[7] = (images[7] * 0.15).astype(np.uint8)
    images[9] = images[9][:60]
    images[11] = cv2.GaussianBlur(images[11], (0, 0), 9)
    (tmp_path / "notes.png").write_text("no image")
    images[13], images[15] = str(tmp_path / "notes.png"), str(tmp_path / "missing.png")
    result = audit(clean, images)
    assert result["broken_files"].images.tolist() == [13, 15]
    assert result["odd_images"].images.tolist() == [3, 5, 7, 9, 11]
    odd = result.images["odd"]
    for k, reason in ((3, "grey"), (5, "blank"), (7, "dark"), (9, "size"), (11, "focus")):
        assert reason in odd[k]
    assert len(result.manifest) == 94
    assert "notes.png" in result.images["error"][13]
    assert "2 files of 96 cannot be read" in result.verdict


def test_conflicting_labels_and_near_duplicates_across_the_split(clean):
    images = list(clean.images)
    other = int(np.flatnonzero(clean.target != clean.target[0])[0])
    images[other] = np.ascontiguousarray(images[0][:, ::-1])
    result = audit(clean, images)
    assert result["label_conflicts"].images.tolist() == [0, other]
    assert result["near_duplicates"].severity == "severe"
    assert result.pairs.loc[0, "how"] == "mirrored"
    assert bool(result.pairs.loc[0, "across_label"])
    kept = result.manifest.set_index("image")
    assert kept.loc[[0, other], "conflict"].all()
    assert kept.loc[0, "group"] == kept.loc[other, "group"]
    assert kept["conflict"].sum() == 2


def test_without_labels_groups_and_splits_the_rest_is_done(clean):
    result = audit_dataset([*clean.images[:20], clean.images[0]])
    assert fired(result) == {"exact_duplicates"}
    assert result["predict_from_background"].severity == "not tested"
    assert "No patient or slide ids were given" in result.verdict
    assert list(result.manifest.columns) == ["image", "path", "group", "conflict", "leak"]


@pytest.mark.parametrize("n", [1, 2])
def test_tiny_sets(clean, n):
    result = audit_dataset(clean.images[:n], clean.target[:n], groups=clean.groups[:n], splits=clean.split[:n])
    assert len(result.images) == len(result.manifest) == n


def test_a_set_of_broken_files_only(tmp_path):
    result = audit_dataset([str(tmp_path / "a.png"), str(tmp_path / "b.png")], ["x", "y"])
    assert fired(result) == {"broken_files"}
    assert len(result.manifest) == 0


def test_missing_labels_and_groups_are_borne(clean):
    labels = [None if k % 10 == 0 else f"class {label}" for k, label in enumerate(clean.target)]
    groups = np.where(np.arange(96) % 7 == 0, np.nan, clean.groups)
    result = audit_dataset(clean.images, labels, groups=groups)
    assert result.images["label"].isna().sum() == 10
    assert result["predict_from_background"].severity == "passed"


def test_wrong_lengths_are_refused_by_name(clean):
    with pytest.raises(ValueError, match="groups must hold one value an image: 96 images"):
        audit_dataset(clean.images, clean.target, groups=[1, 2])


def test_the_same_for_any_number_of_workers(clean, clean_result):
    again = audit_dataset(clean.images, n_jobs=2)
    columns = [name for name in again.images if name not in ("label", "group", "split")]
    pd.testing.assert_frame_equal(again.images[columns], clean_result.images[columns])


def test_saved_tables_can_be_read_and_the_manifest_loaded(clean, tmp_path):
    for k, image in enumerate(clean.images[:12]):
        cv2.imwrite(str(tmp_path / f"{k}.png"), image[:, :, ::-1])
    paths = [str(tmp_path / f"{k}.png") for k in range(12)]
    result = audit_dataset([*paths, paths[0]], [*clean.target[:12], clean.target[0]])
    files = result.save(tmp_path / "report" / "deep")
    assert [file.name for file in files] == ["verdict.txt", "findings.csv", "images.csv", "pairs.csv", "manifest.csv"]
    assert files[0].read_text(encoding="utf-8").strip() == result.verdict
    bunch = load_images(tmp_path, manifest=files[-1])
    assert len(bunch.images) == 12
    assert bunch.groups is not None


def test_the_real_images_give_their_traps_away(data_folder):
    folder = data_folder / "leukemia4"
    frame = pd.read_csv(folder / "manifest.csv")
    # All files that occur twice, and an even share of the others.
    twice = frame["sha256"].duplicated(keep=False)
    frame = pd.concat([frame[twice], frame[~twice].sample(300, random_state=0)], ignore_index=True)
    result = audit_dataset([str(folder / path) for path in frame["path"]], frame["label"])
    truth = np.flatnonzero(frame["sha256"].duplicated(keep=False))
    np.testing.assert_array_equal(result["exact_duplicates"].images, truth)
    for name, least in (
        ("predict_from_background", 0.85),
        ("predict_from_corner", 0.7),
        ("predict_from_four_colors", 0.7),
    ):
        assert result[name].severity == "severe"
        assert result[name].effect > least
        assert f"{result[name].worth:.1f} points" in result.verdict
    assert result["mark_style_by_class"].fired
