import cv2
import numpy as np
import pytest
from skimage.feature import hog

from leukofeat.features.hog import HOGFeatures
from leukofeat.smear import Smear


def row_of(family, smear):
    return dict(zip(family.get_feature_names_out(), family.row(smear), strict=True))


def test_statistics_are_those_of_scikit_images_picture(smear):
    _, picture = hog(smear.gray, 9, (8, 8), (3, 3), visualize=True)
    row = row_of(HOGFeatures(), smear)
    assert row["image_hog_max"] == pytest.approx(picture.max())
    assert row["image_hog_mean"] == pytest.approx(picture.mean())
    assert row["image_hog_std"] == pytest.approx(picture.std())
    assert row["image_hog_active"] == pytest.approx((picture > 0).mean())


def test_gradient_of_a_region_is_read_from_its_own_pixels(smear):
    gray = smear.gray.astype(float)
    gy, gx = np.zeros(gray.shape), np.zeros(gray.shape)
    gy[1:-1], gx[:, 1:-1] = gray[2:] - gray[:-2], gray[:, 2:] - gray[:, :-2]
    magnitude = np.hypot(gy, gx)
    row = row_of(HOGFeatures(regions=["nucleus", "cell", "image"]), smear)
    for region, mask in [("nucleus", smear.nuclei > 0), ("cell", smear.cells > 0), ("image", gray >= 0)]:
        x = magnitude[mask]
        assert row[f"{region}_gradient_max"] == pytest.approx(x.max())
        assert row[f"{region}_gradient_mean"] == pytest.approx(x.mean())
        assert row[f"{region}_gradient_std"] == pytest.approx(x.std())
        assert row[f"{region}_gradient_active"] == pytest.approx((x > 0).mean())


def test_vector_has_the_same_columns_for_every_image_size(smear):
    family = HOGFeatures(regions=["image"], vector=True)
    scaled = cv2.resize(smear.gray, (64, 64), interpolation=cv2.INTER_AREA)
    vector = [v for name, v in row_of(family, smear).items() if "vector" in name]
    np.testing.assert_allclose(vector, hog(scaled, 9, (8, 8), (2, 2)), rtol=1e-9, atol=1e-12)
    assert family.row(Smear(np.zeros((5, 7, 3), np.uint8))).shape == family.row(smear).shape


def test_statistics_do_not_change_with_brightness(smear):
    dim = Smear(smear.image // 2, smear.nuclei, smear.cells)
    brighter = Smear(smear.image // 2 + 100, smear.nuclei, smear.cells)
    np.testing.assert_allclose(HOGFeatures().row(dim), HOGFeatures().row(brighter), rtol=0.02)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"regions": ["nucleolus"]}, "regions"),
        ({"orientations": 0}, "orientations"),
        ({"pixels_per_cell": 8}, "pixels_per_cell"),
        ({"vector": True, "vector_size": (8, 64)}, "holds no block"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        HOGFeatures(**params).fit([])
