"""What is given beside the images: gaps, names in two spellings, shapes, estimated slides."""

import cv2
import numpy as np
import pytest

from leukofeat.audit import audit_dataset
from leukofeat.audit.checks import classes
from leukofeat.audit.dataset import as_categories
from leukofeat.evaluation import estimate_slides


def test_an_audit_of_no_image():
    with pytest.raises(ValueError, match="There is no image to audit"):
        audit_dataset([])


@pytest.mark.parametrize("nothing", [[], np.array([], "U1"), np.array([], float), np.array([], object)])
def test_a_column_of_no_image(nothing):
    assert list(as_categories("y", nothing, 0)) == []


def test_a_check_that_there_is_not_is_told(smears):
    with pytest.raises(KeyError, match=r"'leaks' is no check; there are broken_files, .*split_leak"):
        audit_dataset(smears.images)["leaks"]


def test_names_in_two_spellings_are_a_finding(smears):
    y = ["Benign", "Benign ", "Pro", "Pro", "benign", "Pro", "Early", "Early"]
    found = audit_dataset(smears.images, y, groups=list("aabbccdd"))["names_alike"]
    assert found.severity == "warning"
    assert "class 'Benign' and 'Benign ' and 'benign'" in found.finding
    assert found.images.tolist() == [0, 1, 4]
    assert audit_dataset(smears.images, smears.target)["names_alike"].severity == "passed"
    assert audit_dataset(smears.images)["names_alike"].severity == "not tested"


def test_what_is_missing_is_counted(smears):
    y = ["a", None, "b", np.nan, "a", "b", "a", "b"]
    result = audit_dataset(smears.images, y, groups=[1, 1, np.nan, 2, 2, 3, 3, 4])
    found = result["missing_values"]
    assert (found.severity, found.images.tolist()) == ("warning", [1, 2, 3])
    assert found.finding.startswith("2 images without a class; 1 image without a group.")
    assert found.finding in result.verdict
    assert result.images["group"].fillna("").tolist() == ["1", "1", "", "2", "2", "3", "3", "4"]
    assert result.images["label"].fillna("").tolist() == ["a", "", "b", "", "a", "b", "a", "b"]


@pytest.mark.parametrize("gap", ["", "  ", np.nan], ids=repr)
def test_what_is_left_blank_is_missing(smears, gap):
    y = ["a", gap, "b", "a", "b", "a", "b", "a"]
    groups = ["1", "1", gap, gap, gap, "2", "2", "3"]
    result = audit_dataset(smears.images, y, groups=groups)
    assert result["missing_values"].finding.startswith("1 image without a class; 3 images without a group.")
    assert set(result.images["label"].dropna()) == {"a", "b"}
    assert result.manifest["group"].nunique() == 6  # no image shows the same as another


def test_a_column_of_one_column(smears):
    y = np.array(["a", "b"] * 4)
    one, two = (audit_dataset(smears.images, labels) for labels in (y, y[:, None]))
    assert one.verdict == two.verdict
    with pytest.raises(ValueError, match=r"y must hold one value an image: 8 images, y of shape \(8, 2\)"):
        audit_dataset(smears.images, np.zeros((8, 2)))


def test_estimated_slides_will_do_as_groups(smears):
    slides = estimate_slides(smears.images, smears.target)
    one, two = (audit_dataset(smears.images, smears.target, groups=groups) for groups in (slides, slides.groups))
    assert one.verdict == two.verdict
    assert one.images.equals(two.images)


def test_a_damaged_jpeg_is_an_error_row(smears, tmp_path):
    files = [str(tmp_path / f"{i}.jpg") for i in range(4)]
    for file, image in zip(files, smears.images, strict=False):
        assert cv2.imwrite(file, image)
    data = (tmp_path / "0.jpg").read_bytes()
    (tmp_path / "0.jpg").write_bytes(data[: len(data) // 2] + b"\xff\xd9")
    result = audit_dataset(files, ["a", "b", "a", "b"])
    assert "damaged JPEG" in result.images["error"][0]
    assert (result.images["error"][1:] == "").all()
    assert result["broken_files"].images.tolist() == [0]
    assert "1 file of 4 cannot be read" in result["broken_files"].finding
    assert len(result.manifest) == 3


def test_of_very_many_sizes_the_commonest_are_told_apart():
    values = np.array([f"{k // 3}x9" if k < 900 else "96x96" for k in range(6000)])
    pooled = classes._common(values)
    assert len(np.unique(pooled)) == 201
    assert (pooled[900:] == "96x96").all()
    assert set(pooled) - {"another"} <= set(values)
    np.testing.assert_array_equal(classes._common(values[:5000]), values[:5000])
