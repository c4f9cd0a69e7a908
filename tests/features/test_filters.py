import cv2
import numpy as np
import pytest
from skimage.filters import gabor
from skimage.morphology import closing, disk, opening

from leukofeat.features.filters import (
    WAVELETS,
    GaborFeatures,
    GranulometryFeatures,
    WaveletFeatures,
    wavelet_details,
)
from leukofeat.smear import Smear


def row_of(family, smear):
    return dict(zip(family.get_feature_names_out(), family.row(smear), strict=True))


def test_gabor_is_read_from_the_region(smear):
    row = row_of(GaborFeatures(regions=["cytoplasm"], frequencies=[0.2]), smear)
    means = []
    for angle in (0, 45, 90, 135):
        x = np.hypot(*gabor(smear.gray.astype(float), 0.2, np.deg2rad(angle)))[smear.cytoplasm > 0]
        assert row[f"cytoplasm_gabor_f20_{angle}_mean"] == pytest.approx(x.mean(), rel=1e-6)
        assert row[f"cytoplasm_gabor_f20_{angle}_std"] == pytest.approx(x.std(), rel=1e-6)
        means.append(x.mean())
    assert row["cytoplasm_gabor_f20_all_mean"] == pytest.approx(np.mean(means), rel=1e-6)


def decimated(plane, wavelet):
    """One level of the orthonormal transform, from its matrix: rows of the plane, then columns."""
    low = WAVELETS[wavelet]
    high = low[::-1] * (-1.0) ** np.arange(len(low))

    def matrix(n, taps):
        out = np.zeros((n // 2, n + len(taps)))
        for k in range(n // 2):
            out[k, 2 * k : 2 * k + len(taps)] = taps
        return out

    padded = np.pad(plane, [(0, len(low)), (0, len(low))], mode="symmetric")
    (rows_low, rows_high), (columns_low, columns_high) = (
        [matrix(n, taps) for taps in (low, high)] for n in plane.shape
    )
    pairs = [(rows_low, columns_high), (rows_high, columns_low), (rows_high, columns_high)]
    return [r @ padded @ c.T for r, c in pairs]


@pytest.mark.parametrize("wavelet", WAVELETS)
def test_details_hold_the_decimated_transform(wavelet):
    plane = np.random.default_rng(0).normal(size=(16, 12))
    details = wavelet_details(plane, wavelet, levels=1)[0]
    for ours, theirs in zip(details, decimated(plane, wavelet), strict=True):
        np.testing.assert_allclose(ours[::2, ::2], theirs, atol=1e-12)


@pytest.mark.parametrize("wavelet", WAVELETS)
def test_wavelets_are_orthonormal_and_blind_to_brightness(wavelet):
    low = WAVELETS[wavelet]
    assert low @ low == pytest.approx(1)
    assert low.sum() == pytest.approx(np.sqrt(2))
    plane = np.random.default_rng(0).normal(size=(20, 20))
    np.testing.assert_allclose(wavelet_details(plane + 50, wavelet), wavelet_details(plane, wavelet), atol=1e-9)


def test_second_level_is_the_first_of_the_smoothed_plane():
    plane = np.random.default_rng(0).normal(size=(32, 32))
    smooth = (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) / 2
    second = wavelet_details(plane, "haar", levels=2)[1]
    np.testing.assert_allclose(
        second[:, ::4, ::4], wavelet_details(smooth, "haar", levels=1)[0][:, ::2, ::2], atol=1e-12
    )


def test_wavelet_energy_is_the_mean_square_over_the_region(smear):
    row = row_of(WaveletFeatures(regions=["nucleus"]), smear)
    details = wavelet_details(smear.gray)
    inside = smear.nuclei > 0
    assert row["nucleus_haar_1_horizontal_energy"] == pytest.approx((details[0, 0][inside] ** 2).mean())
    assert row["nucleus_haar_3_diagonal_energy"] == pytest.approx((details[2, 2][inside] ** 2).mean())


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
    ("family", "message"),
    [
        (GaborFeatures(frequencies=[0.9]), "frequencies"),
        (GaborFeatures(channel="x"), "channel"),
        (WaveletFeatures(wavelet="mexican"), "wavelet"),
        (WaveletFeatures(levels=0), "levels"),
        (GranulometryFeatures(radii=[3, 1]), "rise"),
        (GranulometryFeatures(radii=[]), "radii"),
    ],
)
def test_bad_parameters_are_named(family, message):
    with pytest.raises((ValueError, TypeError), match=message):
        family.fit([])
