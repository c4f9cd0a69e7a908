import numpy as np
import pytest
from skimage.filters import gabor

from leukofeat.features.gabor import GaborFeatures


def test_gabor_is_read_from_the_region(smear):
    family = GaborFeatures(regions=["cytoplasm"], frequencies=[0.2])
    row = dict(zip(family.row_names(), family.row(smear), strict=True))
    means = []
    for angle in (0, 45, 90, 135):
        x = np.hypot(*gabor(smear.gray.astype(float), 0.2, np.deg2rad(angle)))[smear.cytoplasm > 0]
        assert row[f"cytoplasm_gabor_f20_{angle}_mean"] == pytest.approx(x.mean(), rel=1e-6)
        assert row[f"cytoplasm_gabor_f20_{angle}_std"] == pytest.approx(x.std(), rel=1e-6)
        means.append(x.mean())
    assert row["cytoplasm_gabor_f20_all_mean"] == pytest.approx(np.mean(means), rel=1e-6)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"frequencies": [0.9]}, "frequencies"),
        ({"frequencies": []}, "frequencies"),
        ({"bandwidth": np.inf}, "bandwidth"),
        ({"channel": "x"}, "channel"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        GaborFeatures(**params).fit([])
