import numpy as np
import pytest

from leukofeat.features.wavelet import WAVELETS, WaveletFeatures, wavelet_details


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
    family = WaveletFeatures(regions=["nucleus"])
    row = dict(zip(family.row_names(), family.row(smear), strict=True))
    details = wavelet_details(smear.gray)
    inside = smear.nuclei > 0
    assert row["nucleus_haar_1_horizontal_energy"] == pytest.approx((details[0, 0][inside] ** 2).mean())
    assert row["nucleus_haar_3_diagonal_energy"] == pytest.approx((details[2, 2][inside] ** 2).mean())


@pytest.mark.parametrize(("params", "message"), [({"wavelet": "mexican"}, "wavelet"), ({"levels": 0}, "levels")])
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        WaveletFeatures(**params).fit([])
