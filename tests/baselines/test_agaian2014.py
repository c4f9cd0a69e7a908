from __future__ import annotations

import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from leukofeat.baselines import make_baseline
from leukofeat.opencv import cv2
from tests.baselines.independent import colors, haralick, segmented, shapes


def dimension(marks, mask):
    """Slope of the number of boxes, from the corner of the region's own box, on their size."""
    box = np.argwhere(mask)
    points = np.argwhere(marks & mask) - box.min(axis=0)
    sizes = 2 ** np.arange(int(np.log2((np.ptp(box, axis=0) + 1).max())))
    counts = [len(np.unique(points // size, axis=0)) for size in sizes]
    return np.polyfit(-np.log2(sizes), np.log2(counts), 1)[0] if len(points) else 0.0


def outline(mask):
    wide = np.pad(mask, 1)
    inner = wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    return mask & ~inner


@pytest.mark.parametrize("lbp", [True, False])
def test_the_39_columns_are_those_of_scikit_image_and_numpy(lbp, three):
    records, table = segmented(make_baseline("agaian2014_fractal_svm", lbp=lbp), three.images, three.target)
    assert table.shape[1] == 39
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        nuclei, gray = record.nuclei, record.gray
        assert record.n_cells
        plane = local_binary_pattern(gray, 8, 1).astype(np.uint8) if lbp else gray.copy()
        edges = cv2.Canny(plane, 75, 150) > 0
        masks = [nuclei == i for i in np.unique(nuclei[nuclei > 0])]
        expected = shapes(nuclei, "nucleus") | colors(record.image, nuclei, "nucleus")
        expected |= haralick(gray, nuclei > 0, "nucleus")
        expected["nucleus_box_dimension_mean"] = np.mean([dimension(outline(mask), mask) for mask in masks])
        name = "nucleus_lbp_edge_dimension_mean" if lbp else "nucleus_edge_dimension_mean"
        expected[name] = np.mean([dimension(edges, mask) for mask in masks])
        expected["nucleus_energy_mean"] = np.mean([((gray[mask] / 255) ** 2).sum() for mask in masks])
        assert set(expected) == set(table)
        np.testing.assert_allclose(row[list(expected)], list(expected.values()), rtol=1e-6, atol=1e-9)


def test_lab_k_means_and_an_svm():
    pipeline = make_baseline("agaian2014_fractal_svm")
    assert list(pipeline.named_steps) == ["labkmeanssegmenter", "featureset", "calibratedclassifier"]
    assert (pipeline[0].space, pipeline[0].rank) == ("lab", "a")
    svm = pipeline[-1].estimator[-1]
    assert (svm.C, svm.kernel, svm.gamma) == (1.0, "rbf", "scale")
