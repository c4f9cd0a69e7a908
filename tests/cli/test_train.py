"""Pipelines by what a person types behind --baseline."""

from __future__ import annotations

import pytest

from leukofeat.cli.messages import UsageError
from leukofeat.cli.shared import named_baseline


def test_a_baseline_with_parameters():
    assert named_baseline("jin2023_svm:C=7")[-1].estimator[-1].C == 7
    assert "passthrough" in [step for _, step in named_baseline("leukofeat_svm:C=0.01", segments=False).steps]


@pytest.mark.parametrize("name", ["thanh2017_cnn", "jin2023_svm:D=1", "jin2023", "vogado2017_ensemble"])
def test_a_pipeline_that_cannot_be_trained_here_is_a_matter_of_usage(name):
    if name == "thanh2017_cnn":
        pytest.importorskip("torch")
    with pytest.raises(UsageError, match=name.partition(":")[0]):
        named_baseline(name)
