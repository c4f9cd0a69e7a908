"""Scale bars: the strip goes from every image and the rest stays where it is; bars drawn are told and hidden."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from leukofeat import Smear
from leukofeat.datasets import make_smears
from leukofeat.preprocessing import ScaleBarCropper
from leukofeat.preprocessing.scale_bar import BAR_STYLES, bar_style, draw_scale_bar, hide_scale_bar
from leukofeat.sequence import as_sequence


@pytest.mark.parametrize(
    ("height", "rows"),
    [(0.125, 84), (0.25, 72), (0.0, 96), (0, 96), (10, 86), (10.9, 86), (96, 1), (1000, 1), (0.999, 1)],
)
def test_how_much_is_cut(height, rows, smears):
    result = ScaleBarCropper(height).transform(smears.images)[0]
    np.testing.assert_array_equal(result, smears.images[0][:rows])


def test_one_row_is_always_left():
    for height in (0.125, 0.9, 5):
        assert ScaleBarCropper(height).transform([np.zeros((1, 7, 3), np.uint8)])[0].shape == (1, 7, 3)


def test_label_maps_are_cut_alike(records):
    result = ScaleBarCropper(20).transform(records)[0]
    assert isinstance(result, Smear)
    np.testing.assert_array_equal(result.image, records[0].image[:76])
    np.testing.assert_array_equal(result.cells, records[0].cells[:76])
    np.testing.assert_array_equal(result.nuclei, records[0].nuclei[:76])


def test_a_planted_scale_bar_is_gone():
    """But for what JPEG compression carried out of the strip, a few grey levels."""
    plain, barred = (make_smears(n_samples=8, faults=faults, random_state=3).images for faults in ((), "scale_bar"))
    cut = ScaleBarCropper().fit(barred)
    differences = [np.abs(a.astype(int) - b).max() for a, b in zip(plain, barred, strict=True)]
    left = [np.abs(a.astype(int) - b).max() for a, b in zip(cut.transform(plain), cut.transform(barred), strict=True)]
    assert max(differences) > 100
    assert max(left) < 10


@pytest.mark.parametrize(
    ("height", "error"), [(-0.1, ValueError), (float("nan"), ValueError), ("an eighth", TypeError), (True, TypeError)]
)
def test_bad_heights(height, error, smears):
    with pytest.raises(error, match="'height' parameter of ScaleBarCropper must be"):
        ScaleBarCropper(height).transform(smears.images)


@pytest.mark.parametrize("size", [96, 224, 512])
def test_bars_are_drawn_told_and_hidden(rng, size):
    field = np.clip(rng.normal((240, 235, 245), 2, (size, size, 3)), 0, 255).astype(np.uint8)
    cv2.circle(field, (size // 2, size // 2), size // 14, (200, 160, 175), -1)
    field.flags.writeable = False
    assert bar_style(field) == "none"
    for style in BAR_STYLES:
        barred = draw_scale_bar(field, style)
        assert bar_style(barred) == style
        assert np.array_equal(barred[: size * 4 // 5], field[: size * 4 // 5])
        np.testing.assert_array_equal(hide_scale_bar(barred), hide_scale_bar(field))
    with pytest.raises(ValueError, match="style"):
        draw_scale_bar(field, "blue")


@pytest.fixture(scope="module")
def fields():
    """Forty fields of usual size, no bars."""
    return make_smears(n_samples=40, random_state=0).images


def test_nothing_is_cut_of_images_without_bars(fields, smears):
    for images in (fields, smears.images, fields[:1], [np.zeros((20, 20, 3), np.uint8)]):
        stage = ScaleBarCropper().fit(images)
        assert (stage.height_, stage.bars_found_) == (0, 0)
        assert stage.decision_.startswith("No scale bar at the bottom of ")
        assert [a.shape for a in stage.transform(images)] == [a.shape for a in images]


@pytest.mark.parametrize("style", BAR_STYLES)
@pytest.mark.parametrize("every", [1, 4])
def test_the_strip_is_cut_of_all_images_where_some_have_bars(fields, style, every):
    mixed = [draw_scale_bar(image, style) if i % every == 0 else image for i, image in enumerate(fields)]
    stage = ScaleBarCropper().fit(mixed)
    assert {image.shape for image in stage.transform(mixed)} == {(192, 224, 3)}
    assert stage.bars_found_ == pytest.approx(1 / every)
    assert stage.decision_.endswith("14.3% of the height is cut off every image.")


def test_what_training_decided_holds_for_new_images(fields):
    barred = [draw_scale_bar(image) for image in fields]
    trained_with, trained_without = ScaleBarCropper().fit(barred), ScaleBarCropper().fit(fields)
    for images in (fields[:2], barred[:2], fields[:1]):
        assert {image.shape[0] for image in trained_with.transform(images)} == {192}
        assert {image.shape[0] for image in trained_without.transform(images)} == {224}
    with pytest.raises(NotFittedError):
        ScaleBarCropper().transform(fields)


def test_files_that_cannot_be_read_are_passed_over(fields, tmp_path):
    barred = [draw_scale_bar(image) for image in fields[:5]]
    stage = ScaleBarCropper().fit([*barred, str(tmp_path / "missing.png")])
    assert stage.decision_.startswith("Scale bars at the bottom of 5 of 5 images looked at")
    assert ScaleBarCropper().fit([str(tmp_path / "missing.png")]).height_ == 0
    assert ScaleBarCropper().fit([]).height_ == 0


def test_a_bar_elsewhere_is_no_reason_to_cut_the_bottom(fields):
    assert ScaleBarCropper().fit([draw_scale_bar(image)[::-1] for image in fields]).height_ == 0


def test_few_images_are_looked_at():
    seen = []

    def look(smear):
        seen.append(1)
        return smear

    images = as_sequence([np.full((60, 60, 3), 200, np.uint8)] * 1000).with_step(look)
    ScaleBarCropper().fit(images)
    assert len(seen) == 64


@pytest.mark.parametrize(("name", "cuts"), [("leukemia4", True), ("pbc5", False), ("bccd", False), ("bcisc", False)])
def test_public_sets(name, cuts, data_folder):
    files = sorted(
        str(p) for p in (data_folder / name).rglob("*") if p.suffix in (".jpg", ".png") and "masks" not in p.parts
    )
    assert (ScaleBarCropper().fit(files).height_ > 0) is cuts
