from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import SVC

from leukofeat.baselines import make_baseline
from tests.baselines.independent import SHAPES, segmented, shapes


def test_the_eight_columns_are_those_of_regionprops(three):
    records, table = segmented(make_baseline("chatap2014_knn"), three.images, three.target)
    assert sorted(table) == sorted(f"nucleus_{name}_mean" for name in SHAPES)
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        expected = shapes(record.nuclei, "nucleus")
        np.testing.assert_allclose(row[list(expected)], list(expected.values()), rtol=1e-9)


def test_the_nearest_neighbour_behind_a_global_threshold():
    pipeline = make_baseline("chatap2014_knn")
    assert list(pipeline.named_steps)[:2] == ["otsusegmenter", "featureset"]
    assert (pipeline[0].n_classes, pipeline[0].channel) == (2, "gray")
    assert (pipeline[-1].n_neighbors, pipeline[-1].metric) == (1, "euclidean")
    assert make_baseline("chatap2014_knn", n_classes=3)[0].n_classes == 3


def test_the_svm_in_its_place():
    svm = make_baseline("chatap2014_knn", classifier="svm")[-1].estimator[-1]
    assert isinstance(svm, SVC)
    assert (svm.C, svm.kernel, svm.gamma) == (1.0, "rbf", "scale")
    with pytest.raises(ValueError, match="classifier"):
        make_baseline("chatap2014_knn", classifier="tree")
