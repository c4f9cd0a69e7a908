import pytest

from leukofeat.features.run_lengths import RunLengthFeatures
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.texture.run_lengths import RUN_LENGTH_NAMES, run_lengths


def test_runs_are_summed_up_over_directions(smear):
    family = RunLengthFeatures(regions=["cytoplasm"], levels=8)
    row = dict(zip(family.get_feature_names_out(), family.row(smear), strict=True))
    cytoplasm = smear.cytoplasm > 0
    direct = run_lengths(smear.gray // 32, cytoplasm, region_boxes(cytoplasm))[0]
    for k, name in enumerate(RUN_LENGTH_NAMES):
        assert row[f"cytoplasm_run_{name}_mean"] == pytest.approx(direct[:, k].mean())
        assert row[f"cytoplasm_run_{name}_range"] == pytest.approx(direct[:, k].max() - direct[:, k].min())


@pytest.mark.parametrize(("params", "message"), [({"levels": 1}, "levels"), ({"channel": "x"}, "channel")])
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        RunLengthFeatures(**params).fit([])
