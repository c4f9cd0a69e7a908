"""Scale bars: the strip goes from every image and the rest stays where it is; bars drawn are told and hidden."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from leukofeat import Smear
from leukofeat.datasets import make_smears
from leukofeat.preprocessing import ScaleBarCropper
from leukofeat.preprocessing.scale_bar import BAR_STYLES, bar_style, draw_scale_bar, hide_scale_bar


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
    cut = ScaleBarCropper()
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
