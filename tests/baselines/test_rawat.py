"""rawat2015_glcm_svm and rawat2017_ensemble: their columns by scikit-image, and what decides on them."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.feature import graycomatrix
from skimage.measure import regionprops
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from leukofeat.baselines import make_baseline
from leukofeat.datasets import make_smears
from leukofeat.kernels.texture.haralick import HARALICK_NAMES
from leukofeat.preprocessing import ScaleBarCropper
from leukofeat.segmentation import LabKMeansSegmenter

STEPS = ((0, 1), (-1, 1), (-1, 0), (-1, -1))  # of 0, 45, 90 and 135 degrees
SHAPES = [
    "area",
    "perimeter",
    "equivalent_diameter",
    "major_axis",
    "minor_axis",
    "eccentricity",
    "extent",
    "convex_area",
    "solidity",
    "circularity",
    "compactness",
]


@pytest.fixture(scope="module")
def images():
    return make_smears(n_samples=3, size=160, random_state=4).images


@pytest.fixture(scope="module")
def segmented(images):
    """By k-means with the cytoplasm whole; all three have cytoplasm."""
    found = list(LabKMeansSegmenter(rank="a", n_cytoplasm_clusters=1).transform(images))
    assert all((smear.cells > 0).sum() > (smear.nuclei > 0).sum() > 0 for smear in found)
    return found


def _shapes(labels):
    """Means over the regions of what scikit-image says of each."""
    rows = [
        [
            region.area,
            region.perimeter,
            region.equivalent_diameter_area,
            region.axis_major_length,
            region.axis_minor_length,
            region.eccentricity,
            region.extent,
            region.area_convex,
            region.solidity,
            4 * np.pi * region.area / region.perimeter**2,
            region.perimeter**2 / region.area,
        ]
        for region in regionprops(labels)
    ]
    return np.mean(rows, axis=0)


def _pairs(levels, mask, step):
    """Shares of the pairs of levels whose two pixels lie in the mask, by plain loops over a padded plane."""
    table = np.zeros((64, 64))
    for row, column in np.argwhere(mask):
        other = (row + step[0], column + step[1])
        if 0 <= other[0] < mask.shape[0] and 0 <= other[1] < mask.shape[1] and mask[other]:
            table[levels[row, column], levels[other]] += 1
            table[levels[other], levels[row, column]] += 1
    return table / table.sum()


def _bits(p):
    return -np.sum(p[p > 0] * np.log2(p[p > 0]))


def _haralick(p):
    """The 13 measures after Haralick et al. 1973, entropies in bits."""
    i, j = np.indices(p.shape)
    marginal, k = p.sum(axis=1), np.arange(64)
    mean = marginal @ k
    variance = marginal @ (k - mean) ** 2
    sums = np.bincount((i + j).ravel(), p.ravel(), 127)
    differences = np.bincount(np.abs(i - j).ravel(), p.ravel(), 64)
    of_sums, both, one = np.arange(127), _bits(p), _bits(marginal)
    average = sums @ of_sums
    spread = differences @ (k - differences @ k) ** 2
    values = {
        "energy": np.sum(p**2),
        "contrast": np.sum((i - j) ** 2 * p),
        "correlation": (np.sum(i * j * p) - mean**2) / variance,
        "variance": variance,
        "homogeneity": np.sum(p / (1 + (i - j) ** 2)),
        "sum_average": average + 2,  # levels are numbered from 1
        "sum_variance": sums @ (of_sums - average) ** 2,
        "sum_entropy": _bits(sums),
        "entropy": both,
        "difference_variance": spread,
        "difference_entropy": _bits(differences),
        "information_1": (both - 2 * one) / one,
        "information_2": np.sqrt(1 - np.exp(-2 * (2 * one - both))),
    }
    return [values[name] for name in HARALICK_NAMES]


def _texture(smear, mask):
    levels = smear.gray // 4
    return np.mean([_haralick(_pairs(levels, mask, step)) for step in STEPS], axis=0)


def _row(smear):
    inside = smear.nuclei > 0
    around = (smear.cells > 0) & ~inside
    return np.concatenate([_shapes(smear.nuclei), _texture(smear, inside), _texture(smear, around)])


def test_pairs_are_those_of_scikit_image(segmented):
    """On a whole plane, where no mask is needed, the oracle above is graycomatrix's."""
    levels = segmented[0].gray[:20, :20] // 4
    for step, angle in zip(STEPS[::2], (0, np.pi / 2), strict=True):
        expected = graycomatrix(levels, [1], [angle], 64, symmetric=True, normed=True)[:, :, 0, 0]
        np.testing.assert_allclose(_pairs(levels, np.ones_like(levels, bool), step), expected)


def test_37_columns_as_scikit_image_has_them(images, segmented):
    pipeline = make_baseline("rawat2015_glcm_svm")
    rows = pipeline[:-1].fit_transform(images)
    names = pipeline["featureset"].get_feature_names_out().tolist()
    assert names == [
        *(f"nucleus_{name}_mean" for name in SHAPES),
        *(f"{part}_haralick_{name}_d1_mean" for part in ("nucleus", "cytoplasm") for name in HARALICK_NAMES),
    ]
    assert len(names) == 37
    np.testing.assert_allclose(rows, [_row(smear) for smear in segmented], rtol=1e-6)


@pytest.mark.parametrize(
    ("part", "use", "shapes_of", "texture_of"),
    [
        ("nucleus", "both", "nucleus", ["nucleus"]),
        ("cytoplasm", "both", "cell", ["cytoplasm"]),
        ("both", "glcm", None, ["nucleus", "cytoplasm"]),
        ("nucleus", "glcm", None, ["nucleus"]),
        ("cytoplasm", "glcm", None, ["cytoplasm"]),
        ("both", "shape", "nucleus", []),
        ("cytoplasm", "shape", "cell", []),
    ],
)
def test_parts(part, use, shapes_of, texture_of):
    names = make_baseline("rawat2015_glcm_svm", part=part, use=use)["featureset"].row_names()
    shapes = [f"{shapes_of}_{name}_mean" for name in SHAPES] if shapes_of else []
    assert names == [*shapes, *(f"{one}_haralick_{name}_d1_mean" for one in texture_of for name in HARALICK_NAMES)]


def test_what_there_is_not_is_refused():
    for params in ({"part": "rim"}, {"use": "color"}):
        with pytest.raises(ValueError, match=f"{next(iter(params))} must be one of"):
            make_baseline("rawat2015_glcm_svm", **params)


def test_488_columns_of_the_ensemble(images, segmented):
    pipeline = make_baseline("rawat2017_ensemble")
    rows = pipeline[:2].fit_transform(images)
    names = pipeline["featureset"].get_feature_names_out().tolist()
    families = {"haralick": 52, "run": 44, "rgb": 60, "hsv": 60, "lab": 60, "ycrcb": 60, "od": 60, "hed": 40}
    found = {word: sum(f"_{word}_" in name for name in names) for word in families}
    assert found == families
    assert sum(families.values()) - families["haralick"] - families["run"] == 340
    assert len(names) == 488
    assert not [name for name in names if "count" in name or "lbp" in name]
    table = dict(zip(names, rows.T, strict=True))
    for k, name in enumerate(SHAPES):
        expected = [_shapes(smear.nuclei)[k] for smear in segmented]
        np.testing.assert_allclose(table[f"nucleus_{name}_mean"], expected, rtol=1e-6)
    # of the colours, means over the cells of the mean within each nucleus
    for channel, plane in zip("rgb", range(3), strict=True):
        expected = [np.mean([s.image[s.nuclei == i, plane].mean() for i in range(1, s.n_cells + 1)]) for s in segmented]
        np.testing.assert_allclose(table[f"nucleus_rgb_{channel}_mean_mean"], expected)
    over = [_haralick(_pairs(segmented[0].gray // 4, segmented[0].nuclei > 0, step)) for step in STEPS]
    ranges = [table[f"nucleus_haralick_{name}_d1_range"][0] for name in HARALICK_NAMES]
    np.testing.assert_allclose(ranges, np.ptp(over, axis=0), rtol=1e-6, atol=1e-9)


def test_classifiers_and_first_stages():
    svm = make_baseline("rawat2015_glcm_svm")[-1].estimator
    assert [type(step) for _, step in svm.steps] == [SimpleImputer, StandardScaler, SVC]
    assert (svm[-1].kernel, svm[-1].C, svm[-1].gamma) == ("rbf", 1.0, "scale")
    vote = make_baseline("rawat2017_ensemble")
    assert [name for name, _ in vote.steps][2:] == ["simpleimputer", "standardscaler", "components", "votingclassifier"]
    assert isinstance(vote["components"], PCA)
    assert (vote["components"].n_components, vote["components"].whiten) == (0.95, True)
    members = dict(vote[-1].estimators)
    assert list(members) == ["svm", "knn", "pnn", "sugeno"]
    assert vote[-1].voting == "soft"
    assert members["knn"].n_neighbors == 5
    assert members["pnn"].bandwidth == 1.0
    assert members["sugeno"].n_rules == 3
    for name in ("rawat2015_glcm_svm", "rawat2017_ensemble"):
        given = make_baseline(name, crop_bar=True, clear_border=False)
        assert isinstance(given[0], ScaleBarCropper)
        assert given[1].cleanup.clear_border is False
        assert make_baseline(name, segmenter="passthrough").steps[0][1] == "passthrough"


def test_probabilities_of_the_vote_are_the_mean_of_its_members():
    smears = make_smears(n_samples=24, size=96, random_state=0)
    model = make_baseline("rawat2017_ensemble").fit(smears.images, smears.target)
    X = model[:-1].transform(smears.images)
    assert 1 < X.shape[1] < 24
    np.testing.assert_allclose(X.std(axis=0, ddof=1), 1)
    members = [member.predict_proba(X) for member in model[-1].estimators_]
    assert len(members) == 4
    np.testing.assert_allclose(model.predict_proba(smears.images), np.mean(members, axis=0))
