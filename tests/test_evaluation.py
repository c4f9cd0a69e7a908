import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from leukofeat.baselines import make_baseline
from leukofeat.evaluation import compare


def test_compare_agrees_with_scikit_learn(smears):
    pipelines = {"a": make_baseline("four_colors"), "b": make_baseline("four_colors", C=0.1)}
    cv = StratifiedGroupKFold(2)
    result = compare(pipelines, smears.images, smears.target, cv=cv, groups=smears.groups)
    assert list(result.table.index) == ["a", "b"]
    for name, pipeline in pipelines.items():
        expected = cross_val_predict(pipeline, smears.images, smears.target, cv=cv, groups=smears.groups)
        found = result.predictions[result.predictions["pipeline"] == name].sort_values("row")
        np.testing.assert_array_equal(found["predicted"], expected)
        assert result.table.loc[name, "accuracy"] == accuracy_score(smears.target, expected)
        assert result.table.loc[name, "macro_f1"] == f1_score(smears.target, expected, average="macro")
        assert result.table.loc[name, "ms_per_image"] > 0


def test_compare_refuses_targets_of_another_length(smears):
    with pytest.raises(ValueError, match="targets"):
        compare({"a": make_baseline("four_colors")}, smears.images, smears.target[:-1])
