"""Its columns are those of MoradiAmin's recipes and tested with them."""

from __future__ import annotations

import pytest

from leukofeat.baselines import make_baseline
from leukofeat.segmentation import FuzzyCMeansSegmenter, LabKMeansSegmenter


@pytest.mark.parametrize(("name", "stage"), [("fcm", FuzzyCMeansSegmenter), ("kmeans", LabKMeansSegmenter)])
def test_equalised_and_filtered_then_clusters_of_a_and_b_and_an_svm(name, stage):
    pipeline = make_baseline("karthikeyan2017_fcm_svm", segmentation=name, C=2.0)
    stages = ["histogramequalizer", "mediandenoiser", stage.__name__.lower(), "featureset", "calibratedclassifier"]
    assert list(pipeline.named_steps) == stages
    clusters = pipeline[2]
    assert (clusters.space, clusters.rank, clusters.n_clusters) == ("lab", "a", 4)
    assert pipeline[1].size == 3
    svm = pipeline[-1].estimator[-1]
    assert (svm.C, svm.kernel, svm.gamma) == (2.0, "rbf", "scale")


def test_another_segmentation_is_refused_and_the_border_is_kept_on_demand():
    with pytest.raises(ValueError, match="segmentation"):
        make_baseline("karthikeyan2017_fcm_svm", segmentation="otsu")
    assert not make_baseline("karthikeyan2017_fcm_svm", clear_border=False)[2].cleanup.clear_border
