"""binary_target: two classes of several."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from leukofeat.datasets import binary_target, make_smears


def test_by_name_whatever_the_case():
    assert binary_target(["BENIGN", "pro", " benign "]).tolist() == ["benign", "malignant", "benign"]
    for kind in (list, np.array, pd.Series, lambda y: np.array(y, object), pd.Categorical, tuple):
        assert binary_target(kind(["blast", "healthy"])).tolist() == ["malignant", "benign"]


def test_codes_with_names():
    smears = make_smears(n_samples=8, size=64, random_state=0)
    names = smears.target_names[smears.target]
    expected = np.where(names == "Benign", "benign", "malignant")
    np.testing.assert_array_equal(binary_target(smears.target, target_names=smears.target_names), expected)
    np.testing.assert_array_equal(binary_target(names), expected)


def test_other_names():
    y = ["lymphocyte", "blast", "monocyte"]
    assert binary_target(y, benign=("Lymphocyte", "monocyte", "n.n.")).tolist() == ["benign", "malignant", "benign"]
    assert binary_target(y, benign="blast").tolist() == ["malignant", "benign", "malignant"]


@pytest.mark.parametrize(
    ("y", "options", "reason"),
    [
        (["AML", "APL"], {}, "None of the classes AML, APL is benign"),
        (["Benign", "normal"], {}, "All of the classes Benign, normal are benign"),
        (["Benign", "Pro"], {"benign": ()}, "None of the classes"),
        ([0, 1], {}, "y holds numbers; say with target_names="),
        ([0, 2], {"target_names": ["Benign", "Pro"]}, "codes from 0 to 1"),
        (["Benign", "Pro"], {"target_names": ["Benign", "Pro"]}, "codes from 0 to 1"),
        ([["Benign"], ["Pro"]], {}, r"shape \(2, 1\)"),
        ([], {}, r"shape \(0,\)"),
        (np.array(["Benign", None, "Pro"], object), {}, "have no class"),
        (np.array(["Benign", np.nan, "Pro"], object), {}, "have no class"),
        (["Benign", " ", "Pro"], {}, "have no class"),
    ],
)
def test_what_makes_no_two_classes(y, options, reason):
    with pytest.raises(ValueError, match=reason):
        binary_target(y, **options)


def test_a_missing_class_of_pandas():
    with pytest.raises(ValueError, match="have no class"):
        binary_target(pd.array(["Benign", pd.NA, "Pro"], dtype="string"))
