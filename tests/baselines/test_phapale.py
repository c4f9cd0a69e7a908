"""phapale_selection: its columns are all that the families have, and what its three forms keep."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import RFE, f_classif
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import leukofeat.features
from leukofeat.base import FeatureFamily
from leukofeat.baselines import find_pipeline, make_baseline
from leukofeat.baselines.registry import RECIPES
from leukofeat.datasets import make_smears
from leukofeat.preprocessing import ScaleBarCropper
from leukofeat.segmentation import LabKMeansSegmenter


@pytest.fixture(scope="module")
def smears():
    return make_smears(n_samples=20, size=96, random_state=4)


@pytest.fixture(scope="module")
def measured(smears):
    return make_baseline("phapale_selection")[:2].fit_transform(smears.images)


def _families():
    found = [getattr(leukofeat.features, name) for name in leukofeat.features.__all__]
    kinds = [kind for kind in found if isinstance(kind, type) and issubclass(kind, FeatureFamily)]
    # what a haematologist names is no part of the recipe, nor what came after its figures were measured
    left_out = ("FunctionFeatures", "FeatureSet", "ScaledFeatures", "CytologyFeatures", "CovarianceFeatures")
    return [kind() for kind in kinds if kind.__name__ not in left_out]


def test_967_columns_of_every_family(smears, measured):
    segmented = LabKMeansSegmenter(rank="a", n_cytoplasm_clusters=1).transform(smears.images[:3])
    expected = [family.fit_transform(segmented) for family in _families()]
    assert measured.shape[1] == 967
    np.testing.assert_array_equal(measured[:3], np.hstack(expected))
    names = make_baseline("phapale_selection")["featureset"].row_names()
    assert names == [name for family in _families() for name in family.row_names()]


def _forest(X, y):
    scores = RandomForestClassifier(300, random_state=0).fit(X, y).feature_importances_
    return np.argsort(-scores, kind="stable")[:100]


def _anova(X, y):
    with np.errstate(all="ignore"), pytest.warns(UserWarning, match="constant"):
        scores = f_classif(X, y)[0]
    return np.argsort(np.nan_to_num(scores, nan=-1))[-100:]


def _rfe(X, y):
    return np.flatnonzero(RFE(SVC(kernel="linear"), n_features_to_select=100, step=0.1).fit(X, y).support_)


@pytest.mark.parametrize(("method", "oracle"), [("rf", _forest), ("rfe", _rfe), ("anova", _anova)])
def test_the_100_that_are_kept(method, oracle, smears, measured):
    svm = make_baseline("phapale_selection", method=method)[-1].estimator
    assert [type(svm[0]), type(svm[1]), type(svm[3])] == [SimpleImputer, StandardScaler, SVC]
    assert (svm[3].kernel, svm[3].C, svm[3].gamma) == ("rbf", 1.0, "scale")
    fitted = svm.fit(measured, smears.target)
    X = np.where(np.isnan(measured), np.nan_to_num(np.nanmedian(measured, axis=0)), measured)
    scaled = (X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1)
    kept = np.flatnonzero(fitted[2].get_support())
    assert len(kept) == 100
    # columns of which one is another's double may change places with the last bit
    assert len(set(kept) & set(oracle(scaled, smears.target))) >= 95
    assert svm[3].n_features_in_ == 100


def test_forms():
    assert RECIPES["phapale_selection"].variants == (
        "phapale_selection:method=rfe",
        "phapale_selection:method=anova",
    )
    assert find_pipeline("phapale_selection:method=anova,k=7")[1][-1].estimator[2].k == 7
    with pytest.raises(ValueError, match="method must be one of"):
        make_baseline("phapale_selection", method="pca")
    given = make_baseline("phapale_selection", crop_bar=True, clear_border=False)
    assert isinstance(given[0], ScaleBarCropper)
    assert given[1].cleanup.clear_border is False
    assert make_baseline("phapale_selection", segmenter="passthrough").steps[0][1] == "passthrough"
