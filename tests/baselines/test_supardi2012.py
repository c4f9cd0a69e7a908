from __future__ import annotations

import numpy as np

from leukofeat.baselines import make_baseline
from tests.baselines.independent import colors, hue_and_saturation, segmented, shapes


def test_the_twelve_columns_are_those_of_regionprops_and_numpy(three):
    records, table = segmented(make_baseline("supardi2012_knn"), three.images, three.target)
    assert table.shape[1] == 12
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        image, nuclei, cells = record.image, record.nuclei, record.cells
        all_of_them = shapes(nuclei, "nucleus") | shapes(cells, "cell") | colors(image, nuclei, "nucleus")
        all_of_them |= hue_and_saturation(image, nuclei, "nucleus")
        areas = [np.bincount(labels.ravel())[1:] for labels in (nuclei, cells)]
        all_of_them["nc_area_ratio_mean"] = np.mean(areas[0] / areas[1])
        exact = [name for name in table if "hsv" not in name]
        assert len(exact) == 10
        np.testing.assert_allclose(row[exact], [all_of_them[name] for name in exact], rtol=1e-9)
        for name in ("nucleus_hsv_h_mean_mean", "nucleus_hsv_s_mean_mean"):  # of planes rounded to 8 bits
            assert abs(row[name] - all_of_them[name]) < 0.6


def test_four_neighbours_by_the_cosine_behind_lab_k_means():
    pipeline = make_baseline("supardi2012_knn")
    assert list(pipeline.named_steps) == [
        "labkmeanssegmenter", "featureset", "simpleimputer", "standardscaler", "kneighborsclassifier",
    ]  # fmt: skip
    assert pipeline[0].rank == "a"
    assert (pipeline[-1].n_neighbors, pipeline[-1].metric) == (4, "cosine")
