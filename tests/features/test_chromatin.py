import numpy as np
import pytest

from leukofeat.features.chromatin import ChromatinFeatures
from leukofeat.kernels.texture.chromatin import CHROMATIN_NAMES


@pytest.mark.parametrize(("channel", "index"), [("red", 0), ("green", 1), ("blue", 2)])
def test_density_is_that_of_the_channel(smear, channel, index):
    family = ChromatinFeatures(channel=channel)
    values = dict(zip(family.cell_names(), family.cells(smear).T, strict=True))
    density = -np.log10((smear.image[..., index] + 1.0) / 256)
    for k in (0, 1, 3):
        x = density[smear.nuclei == k + 1]
        assert values["nucleus_integrated_density"][k] == pytest.approx(x.sum())
        assert values["nucleus_density_cv"][k] == pytest.approx(x.std() / x.mean())
    assert all(np.isnan(values[f"nucleus_{name}"][2]) for name in CHROMATIN_NAMES)


def test_bad_parameters_are_named():
    with pytest.raises(ValueError, match="channel"):
        ChromatinFeatures(channel="saturation").fit([])
    with pytest.raises(ValueError, match="summary"):
        ChromatinFeatures(summary=["mode"]).fit([])
