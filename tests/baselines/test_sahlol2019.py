from __future__ import annotations

import numpy as np

from leukofeat import Smear
from leukofeat.baselines import make_baseline
from leukofeat.selection import information_gain


def test_the_half_that_says_most_of_the_class_goes_to_five_neighbours(smears):
    pipeline = make_baseline("sahlol2019_ssoa_knn", segmenter="passthrough")
    assert list(pipeline.named_steps)[-4:] == ["simpleimputer", "standardscaler", "selectkbest", "kneighborsclassifier"]
    assert (pipeline[-1].n_neighbors, pipeline[-1].metric) == (5, "euclidean")
    images = [Smear(*parts) for parts in zip(smears.images, smears.nuclei, smears.cells, strict=True)]
    fitted = pipeline.fit(images, smears.target)
    kept = fitted[-2].get_support()
    assert (kept.sum(), len(kept)) == (37, 74)
    gains = information_gain(fitted[:-2].transform(images), smears.target)
    assert gains[kept].min() >= gains[~kept].max()


def test_it_sees_what_putzu_sees():
    ours, putzu = (make_baseline(name) for name in ("sahlol2019_ssoa_knn", "putzu2014_svm"))
    assert repr(ours[:2]) == repr(putzu[:2])
    assert np.array_equal(ours[1].row_names(), putzu[1].row_names())
