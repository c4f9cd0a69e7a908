from __future__ import annotations

import numpy as np

from leukofeat.baselines import make_baseline
from tests.baselines.independent import SHAPES, segmented, shapes


def test_the_eight_columns_are_those_of_regionprops(three):
    pipeline = make_baseline("joshi2013_knn")
    records, table = segmented(pipeline, three.images, three.target)
    assert sorted(table) == sorted(f"nucleus_{name}_mean" for name in SHAPES)
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        expected = shapes(record.nuclei, "nucleus")
        np.testing.assert_allclose(row[list(expected)], list(expected.values()), rtol=1e-9)


def test_the_stages_are_the_decided_ones():
    pipeline = make_baseline("joshi2013_knn")
    assert list(pipeline.named_steps) == [
        "contraststretcher", "histogramequalizer", "otsusegmenter", "featureset", "simpleimputer", "standardscaler",
        "kneighborsclassifier",
    ]  # fmt: skip
    assert (pipeline[0].saturated, pipeline[1].plane) == (0.01, "value")
    assert (pipeline[2].n_classes, pipeline[2].channel, pipeline[2].equalize) == (2, "gray", False)
    assert (pipeline[-1].n_neighbors, pipeline[-1].metric) == (5, "euclidean")


def test_the_relative_neither_equalises_nor_takes_two_classes():
    relative = make_baseline("joshi2013_knn", equalize=False, n_classes=3)
    assert list(relative.named_steps)[:2] == ["contraststretcher", "otsusegmenter"]
    assert relative[1].n_classes == 3
