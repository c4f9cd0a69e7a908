from __future__ import annotations

import numpy as np
import pytest

from leukofeat import Smear
from leukofeat.baselines import make_baseline
from tests.baselines.independent import colors, haralick, segmented, shapes


@pytest.mark.parametrize("name", ["putzu2014_svm", "sahlol2019_ssoa_knn"])
@pytest.mark.parametrize("given", [True, False])
def test_the_74_columns_are_those_of_scikit_image_and_numpy(name, given, three):
    if given:  # label maps
        images = [Smear(*parts) for parts in zip(three.images, three.nuclei, three.cells, strict=True)]
        pipeline = make_baseline(name, segmenter="passthrough")
    else:
        images, pipeline = three.images, make_baseline(name)
    records, table = segmented(pipeline, images, three.target)
    assert table.shape[1] == 74
    measured = 0
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        image, nuclei, cells = record.image, record.nuclei, record.cells
        cytoplasm = np.where(nuclei > 0, 0, cells)
        if len(np.unique(cytoplasm)) == 1:
            continue
        measured += 1
        expected = shapes(nuclei, "nucleus") | shapes(cells, "cell")
        areas = [np.bincount(labels.ravel(), minlength=cells.max() + 1)[1:] for labels in (nuclei, cells)]
        expected["cytoplasm_area_mean"] = np.mean(areas[1] - areas[0])
        expected["nc_area_ratio_mean"] = np.mean(areas[0] / areas[1])
        for region, labels in (("nucleus", nuclei), ("cytoplasm", cytoplasm)):
            expected |= colors(image, labels, region) | haralick(record.gray, labels > 0, region)
        assert set(expected) == set(table)
        np.testing.assert_allclose(row[list(expected)], list(expected.values()), rtol=1e-6, atol=1e-9)
    assert measured >= (3 if given else 1)


def test_zacks_threshold_on_equalised_yellow_and_an_svm():
    pipeline = make_baseline("putzu2014_svm")
    assert list(pipeline.named_steps) == ["trianglesegmenter", "featureset", "calibratedclassifier"]
    zack = pipeline[0]
    assert (zack.channel, zack.equalize, zack.cleanup.min_solidity, zack.cleanup.max_hole) == (
        "yellow",
        True,
        0.3,
        1000,
    )
    assert zack.min_contrast == 0
    svm = pipeline[-1].estimator[-1]
    assert (svm.C, svm.kernel, svm.gamma) == (1.0, "rbf", "scale")
    relative = make_baseline("putzu2014_svm", channel="cyan", equalize=False)[0]
    assert (relative.channel, relative.equalize) == ("cyan", False)
