"""Also the rows of karthikeyan2017_fcm_svm, which has the same columns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kurtosis, skew

from leukofeat import Smear
from leukofeat.baselines import find_pipeline, make_baseline
from leukofeat.opencv import cv2
from tests.baselines.independent import segmented, shapes

NAMES = ("moradiamin2015_kmeans_svm", "moradiamin2015_pca_svm", "karthikeyan2017_fcm_svm")
VARIANTS = ("equalize=false", "equalize=false", "segmentation=kmeans")


STATISTICS = ("mean", "std", "skewness", "kurtosis", "entropy")


def statistics(values):
    p = np.unique(values, return_counts=True)[1] / len(values)
    shape = [skew(values), kurtosis(values)] if len(p) > 1 else [0, 0]
    return [values.mean(), values.std(), *shape, -(p * np.log2(p)).sum()]


def color_statistics(record):
    """Means over the cells: hues unrolled around the mean of each cell, those means around the mean of all."""
    planes = np.dstack([record.image, record.hsv]).astype(float)
    cells = [planes[record.nuclei == i] for i in np.unique(record.nuclei[record.nuclei > 0])]
    turns = np.array([np.exp(2j * np.pi * pixels[:, 3] / 256).mean() for pixels in cells])
    means = np.angle(turns) * 128 / np.pi % 256
    middle = np.angle(np.exp(2j * np.pi * means / 256).sum()) * 128 / np.pi % 256
    each = []
    for pixels, turn, mean in zip(cells, turns, means, strict=True):
        found = [statistics(plane) for plane in pixels.T]
        hue = statistics((pixels[:, 3] - np.rint(mean) + 128) % 256)
        hue[:2] = (mean - middle + 128) % 256 + middle - 128, np.sqrt(-2 * np.log(abs(turn))) * 128 / np.pi
        found[3] = hue
        each.append(np.ravel(found))
    channels = ("rgb_r", "rgb_g", "rgb_b", "hsv_h", "hsv_s", "hsv_v")
    names = [f"nucleus_{channel}_{name}_mean" for channel in channels for name in STATISTICS]
    return dict(zip(names, np.ma.masked_invalid(each).mean(axis=0).filled(np.nan), strict=True))


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize(("name", "variant"), list(zip(NAMES, VARIANTS, strict=True)))
def test_the_38_columns_are_those_of_regionprops_and_numpy(name, variant, given, three):
    images = three.images
    if given:  # label maps
        images = [Smear(*parts) for parts in zip(images, three.nuclei, three.cells, strict=True)]
        pipelines = [make_baseline(name, segmenter="passthrough")]
    else:
        pipelines = [make_baseline(name), find_pipeline(f"{name}:{variant}")[1]]
    for pipeline in pipelines:
        records, table = segmented(pipeline, images, three.target)
        assert table.shape[1] == 38
        for record, (_, row) in zip(records, table.iterrows(), strict=True):
            if not record.n_cells:
                assert row.isna().all()
                continue
            expected = shapes(record.nuclei, "nucleus") | color_statistics(record)
            assert set(expected) == set(table)
            np.testing.assert_allclose(row[list(expected)], list(expected.values()), rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_measured_is_the_equalised_image(name, three):
    pipeline = make_baseline(name)
    assert next(iter(pipeline.named_steps)) == "histogramequalizer"
    image = three.images[0]
    even = pipeline[:1].transform([image])[0]
    value = cv2.equalizeHist(image.max(axis=2)).astype(int)
    assert abs(even.max(axis=2).astype(int) - value).max() <= 1


def test_k_means_on_hue_and_saturation_and_an_svm():
    pipeline = make_baseline("moradiamin2015_kmeans_svm")
    stages = ["histogramequalizer", "labkmeanssegmenter", "featureset", "calibratedclassifier"]
    assert list(pipeline.named_steps) == stages
    kmeans = pipeline[1]
    assert (kmeans.space, kmeans.rank, kmeans.n_clusters, kmeans.n_init, kmeans.threshold) == ("hsv", "red", 4, 4, 0)
    inner = pipeline[-1].estimator
    assert list(inner.named_steps) == ["simpleimputer", "standardscaler", "svc"]
    assert (inner[-1].C, inner[-1].kernel, inner[-1].gamma) == (1.0, "rbf", "scale")
    assert list(make_baseline("moradiamin2015_kmeans_svm", equalize=False).named_steps) == stages[1:]


def test_fuzzy_c_means_and_components_of_95_percent(three, rng):
    pipeline = make_baseline("moradiamin2015_pca_svm", C=3.0)
    fuzzy = pipeline[1]
    assert (fuzzy.space, fuzzy.rank, fuzzy.n_clusters, fuzzy.fuzziness) == ("hsv", "red", 4, 2.0)
    inner = pipeline[-1].estimator
    assert list(inner.named_steps) == ["simpleimputer", "standardscaler", "components", "svc"]
    assert (inner[-1].C, inner[-1].kernel, inner[-1].gamma) == (3.0, "rbf", "scale")
    X = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 38)) + 0.1 * rng.normal(size=(60, 38))
    shares = inner.fit(X, np.arange(60) % 2).named_steps["components"].explained_variance_ratio_
    assert shares.sum() > 0.95 >= shares[:-1].sum()
