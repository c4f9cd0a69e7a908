from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import ConvexHull
from scipy.spatial.distance import cdist
from skimage.measure import find_contours, perimeter, regionprops

from leukofeat import Smear
from leukofeat.baselines import find_pipeline, make_baseline
from leukofeat.selection import information_gain
from tests.baselines.independent import colors, haralick, segmented


def body(part):
    """The 23 shapes of one region."""
    convex = np.pad(part.image_convex, 1)
    hull = ConvexHull(np.vstack(find_contours(convex, 0.5)))
    widths = [np.ptp(hull.points @ normal) for normal in hull.equations[:, :2]]
    long, short = part.axis_major_length, part.axis_minor_length
    area, around, feret = part.area, part.perimeter, part.feret_diameter_max
    found = {
        "area": area, "perimeter": around, "equivalent_diameter": part.equivalent_diameter_area, "major_axis": long,
        "minor_axis": short, "eccentricity": part.eccentricity, "aspect_ratio": short / long, "extent": part.extent,
        "convex_area": part.area_convex, "solidity": part.solidity, "feret_max": feret, "feret_min": min(widths),
        "convexity": perimeter(convex) / around, "circularity": 4 * np.pi * area / around**2, "compactness": around**2 / area,
        "roundness": 4 * area / (np.pi * feret**2),
    }  # fmt: skip
    return found | {f"hu_{k + 1}": moment for k, moment in enumerate(part.moments_hu)}


def geometry(nuclei, cells):
    inner, outer = regionprops(nuclei), regionprops(cells)
    rows = [
        {f"nucleus_{key}": value for key, value in body(n).items()}
        | {f"cell_{key}": value for key, value in body(c).items()}
        for n, c in zip(inner, outer, strict=True)
    ]
    centers = np.array([part.centroid for part in outer])
    apart = cdist(centers, centers)
    np.fill_diagonal(apart, np.inf)
    for k, (row, n, c) in enumerate(zip(rows, inner, outer, strict=True)):
        across = c.equivalent_diameter_area
        row["cytoplasm_area"] = c.area - n.area
        row["nc_area_ratio"] = n.area / c.area
        row["nc_diameter_ratio"] = n.equivalent_diameter_area / across
        row["nucleus_cytoplasm_ratio"] = n.area / (c.area - n.area) if c.area > n.area else np.nan
        row["nucleus_offset"] = np.hypot(*np.subtract(n.centroid, c.centroid)) / across
        row["cell_neighbor_distance"] = apart[k].min() if len(rows) > 1 else np.hypot(*cells.shape)
    values = np.ma.masked_invalid([list(row.values()) for row in rows]).mean(axis=0).filled(np.nan)
    means = dict(zip([f"{key}_mean" for key in rows[0]], values, strict=True))
    return {"cell_count": len(rows)} | means


@pytest.mark.parametrize("given", [True, False])
def test_the_109_columns_are_those_of_scikit_image_and_numpy(given, three):
    images, pipeline = three.images, make_baseline("acharya2019_infogain")
    if given:  # label maps
        images = [Smear(*parts) for parts in zip(images, three.nuclei, three.cells, strict=True)]
        pipeline = make_baseline("acharya2019_infogain", segmenter="passthrough")
    records, table = segmented(pipeline, images, three.target)
    assert table.shape[1] == 109
    whole = 0
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        nuclei, cells = record.nuclei, record.cells
        regions = {"nucleus": nuclei, "cytoplasm": np.where(nuclei > 0, 0, cells)}
        expected = geometry(nuclei, cells)
        for region, labels in regions.items():
            if labels.any():
                whole += region == "cytoplasm"
                expected |= colors(record.image, labels, region) | haralick(record.gray, labels > 0, region)
            else:
                assert row[[name for name in table if name.startswith("cytoplasm_rgb")]].isna().all()
        assert set(expected) <= set(table)
        np.testing.assert_allclose(row[list(expected)], list(expected.values()), rtol=1e-6, atol=1e-9)
    assert whole == 3 or not given


def test_twenty_columns_by_information_gain_and_an_svm(rng):
    pipeline = make_baseline("acharya2019_infogain")
    assert list(pipeline.named_steps) == ["labkmeanssegmenter", "featureset", "calibratedclassifier"]
    assert (pipeline[0].space, pipeline[0].rank) == ("lab", "red")
    inner = pipeline[-1].estimator
    assert list(inner.named_steps) == ["simpleimputer", "standardscaler", "selectkbest", "svc"]
    assert (inner[-1].C, inner[-1].kernel, inner[-1].gamma) == (1.0, "rbf", "scale")
    X, y = rng.normal(size=(80, 109)), np.arange(80) % 4
    X[:, 40:60] += y[:, None]
    kept = inner.fit(X, y).named_steps["selectkbest"].get_support()
    assert np.flatnonzero(kept).tolist() == list(range(40, 60))
    assert inner[-2].score_func is information_gain


def test_the_rank_is_that_of_the_segmenter():
    assert find_pipeline("acharya2019_infogain:rank=a,k=7")[1][0].rank == "a"
    with pytest.raises(ValueError, match="rank must be one of"):
        make_baseline("acharya2019_infogain", rank="blue")
