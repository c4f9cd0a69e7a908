import cv2
import numpy as np
import pytest
from skimage.morphology import closing, disk, opening

from leukofeat.features.granulometry import GranulometryFeatures
from leukofeat.smear import Smear


def row_of(family, smear):
    return dict(zip(family.get_feature_names_out(), family.row(smear), strict=True))


def test_granulometry_matches_scikit_image(smear):
    row = row_of(GranulometryFeatures(regions=["nucleus"], channels=["red"], radii=[1, 3]), smear)
    red, inside = smear.image[..., 0], smear.nuclei > 0
    opened = [red, *(opening(red, disk(r), mode="ignore") for r in (1, 3))]
    closed = [red, *(closing(red, disk(r), mode="ignore") for r in (1, 3))]
    for k, radius in enumerate((1, 3)):
        bright = (opened[k].astype(float) - opened[k + 1])[inside].mean()
        dark = (closed[k + 1].astype(float) - closed[k])[inside].mean()
        assert row[f"nucleus_red_bright_{radius}"] == pytest.approx(bright)
        assert row[f"nucleus_red_dark_{radius}"] == pytest.approx(dark)


def test_grains_show_at_their_size():
    image = np.full((80, 80, 3), 60, np.uint8)
    for row in range(10, 80, 20):
        for column in range(10, 80, 20):
            cv2.circle(image, (column, row), 4, (200, 200, 200), -1)
    row = row_of(GranulometryFeatures(regions=["image"], radii=[1, 2, 3, 4, 5, 6]), Smear(image))
    bright = [row[f"image_green_bright_{r}"] for r in range(1, 7)]
    assert max(bright[:3]) < 0.25 * max(bright)
    assert np.argmax(bright) in (3, 4)


@pytest.mark.parametrize(
    ("params", "message"), [({"radii": [3, 1]}, "rise"), ({"radii": []}, "radii"), ({"channels": "green"}, "channels")]
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        GranulometryFeatures(**params).fit([])
