from __future__ import annotations

import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from leukofeat.baselines import make_baseline
from tests.baselines.independent import haralick, segmented

LBP = [
    ("singhal2014_lbp_svm", {}, "nri_uniform", 59),
    ("singhal2014_lbp_svm", {"mapping": "rotation_invariant"}, "uniform", 10),
    ("singhal2016_texture_knn", {}, "nri_uniform", 59),
]


@pytest.mark.parametrize(("name", "params", "method", "n"), LBP)
def test_the_histogram_is_that_of_scikit_image(name, params, method, n, three):
    records, table = segmented(make_baseline(name, **params), three.images, three.target)
    stem = "lbp" if method == "uniform" else f"lbp_{method}"
    assert list(table) == [f"nucleus_{stem}_8_1_{k}" for k in range(n)]
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        assert record.n_cells
        patterns = local_binary_pattern(record.gray, 8, 1, method)[record.nuclei > 0].astype(int)
        np.testing.assert_allclose(row, np.bincount(patterns, minlength=n) / len(patterns), rtol=1e-12)


def test_the_13_co_occurrence_columns_are_those_of_scikit_image(three):
    records, table = segmented(make_baseline("singhal2016_texture_knn", texture="glcm"), three.images, three.target)
    assert table.shape[1] == 13
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        expected = haralick(record.gray, record.nuclei > 0, "nucleus")
        assert list(table) == list(expected)
        np.testing.assert_allclose(row, list(expected.values()), rtol=1e-6, atol=1e-9)


def test_an_svm_and_a_k_nn_behind_lab_k_means():
    svm, knn = make_baseline("singhal2014_lbp_svm"), make_baseline("singhal2016_texture_knn")
    assert list(svm.named_steps) == ["labkmeanssegmenter", "featureset", "calibratedclassifier"]
    assert list(knn.named_steps) == [
        "labkmeanssegmenter", "featureset", "simpleimputer", "standardscaler", "kneighborsclassifier",
    ]  # fmt: skip
    assert svm[0].rank == knn[0].rank == "a"
    inner = svm[-1].estimator[-1]
    assert (inner.C, inner.kernel, inner.gamma) == (1.0, "rbf", "scale")
    assert (knn[-1].n_neighbors, knn[-1].metric) == (5, "euclidean")


@pytest.mark.parametrize(("name", "key"), [("singhal2014_lbp_svm", "mapping"), ("singhal2016_texture_knn", "texture")])
def test_what_is_neither_is_refused(name, key):
    with pytest.raises(ValueError, match=f"{key} must be one of"):
        make_baseline(name, **{key: "gabor"})
