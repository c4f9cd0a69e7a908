"""Co-occurrence by direction and its further measures, and the local binary patterns that are told apart, beside scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern

from leukofeat.features import TextureFeatures, haralick_names, lbp_names, measure_haralick, measure_lbp
from leukofeat.kernels.texture.haralick import COOCCURRENCE_NAMES, HARALICK_NAMES
from leukofeat.kernels.texture.lbp import LBP_METHODS, lbp_patterns
from leukofeat.smear import Smear

# scikit-image counts rows downwards
ANGLES = {"0": 0.0, "45": 0.75 * np.pi, "90": 0.5 * np.pi, "135": 0.25 * np.pi}
MORE = COOCCURRENCE_NAMES[len(HARALICK_NAMES) :]
planes = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 255))


def gray(plane):
    return Smear(np.repeat(np.asarray(plane, np.uint8)[:, :, None], 3, axis=2))


def matrices(plane, distance):
    """By scikit-image, which takes the distance along the line and not along each axis."""
    return {
        angle: graycomatrix(
            plane.copy(),
            [distance * (1 if angle in ("0", "90") else np.sqrt(2))],
            [radians],
            256,
            symmetric=True,
            normed=True,
        )[:, :, 0, 0]
        for angle, radians in ANGLES.items()
    }


def by_hand(p):
    """The measures that scikit-image may have too, from their formulas."""
    i, j = np.indices(p.shape)
    mean = (i * p).sum()
    return {
        "dissimilarity": (abs(i - j) * p).sum(),
        "cluster_shade": ((i + j - 2 * mean) ** 3 * p).sum(),
        "cluster_prominence": ((i + j - 2 * mean) ** 4 * p).sum(),
        "maximum_probability": p.max(),
    }


@settings(max_examples=25, deadline=None)
@given(planes, st.integers(1, 3))
def test_each_direction_is_that_of_scikit_image(plane, distance):
    options = {"distances": [distance], "directions": list(ANGLES), "cooccurrence": COOCCURRENCE_NAMES}
    smear = gray(plane)
    row = dict(
        zip(
            haralick_names(["image"], **options), measure_haralick(smear, ["image"], levels=256, **options), strict=True
        )
    )
    theirs = {"ASM": "energy", "contrast": "contrast", "dissimilarity": "dissimilarity", "homogeneity": "homogeneity"}
    for angle, p in matrices(smear.gray, distance).items():
        got = {name: row[f"image_haralick_{name}_d{distance}_{angle}"] for name in COOCCURRENCE_NAMES}
        if p.sum() == 0:
            assert np.isnan(list(got.values())).all()
            continue
        for name, ours in theirs.items():
            assert got[ours] == pytest.approx(graycoprops(p[:, :, None, None], name)[0, 0], rel=1e-9, abs=1e-12)
        for name, value in by_hand(p).items():
            scale = 510.0 ** {"cluster_shade": 3, "cluster_prominence": 4}.get(name, 0)
            assert got[name] == pytest.approx(value, rel=1e-9, abs=1e-12 * scale), name


def test_a_worked_example():
    """Pairs to the right of [[0, 0, 1], [0, 0, 1]]: two of (0, 0), two of (0, 1) each way."""
    options = {"directions": ["0"], "cooccurrence": MORE}
    smear = gray(np.array([[0, 0, 1], [0, 0, 1]]) * 128)
    row = measure_haralick(smear, ["image"], levels=2, **options)
    # p(0,0) = 1/2, p(0,1) = p(1,0) = 1/4; μ = 1/4, so i + j - 2μ is -1/2 or 1/2, as often
    assert row.tolist() == [0.5, 0.0, 0.0625, 0.5]


def test_a_constant_region():
    options = {"directions": ["0", "mean", "range"], "cooccurrence": MORE}
    for level in (0, 7, 255):
        row = measure_haralick(gray(np.full((5, 4), level)), ["image"], levels=256, **options)
        assert row.reshape(3, 4).tolist() == [[0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert np.isnan(measure_haralick(gray([[3]]), ["image"], **options)).all()


def test_mean_and_range_are_over_the_directions(smear):
    options = {"directions": ["range", "90", "mean", "0", "135", "45"], "cooccurrence": COOCCURRENCE_NAMES}
    for per_cell in (False, True):
        found = measure_haralick(smear, ["nucleus", "cytoplasm"], per_cell=per_cell, **options)
        values = found.reshape(-1, 2, 6, len(COOCCURRENCE_NAMES))
        four = values[:, :, [1, 3, 4, 5]]
        np.testing.assert_allclose(values[:, :, 2], four.mean(axis=2), rtol=1e-12)
        np.testing.assert_allclose(values[:, :, 0], np.ptp(four, axis=2), rtol=1e-12)


def test_what_is_asked_for_has_the_values_it_has_among_others(smear):
    all_of_them = TextureFeatures(circles=(), directions=("45", "mean", "range"), cooccurrence=COOCCURRENCE_NAMES)
    values = dict(zip(all_of_them.row_names(), all_of_them.row(smear), strict=True))
    for options in ({}, {"cooccurrence": ("cluster_shade", "energy")}, {"directions": ["45"]}):
        family = TextureFeatures(circles=(), **options)
        assert family.row(smear).tolist() == [values[name] for name in family.row_names()]


@settings(max_examples=40, deadline=None)
@given(
    planes,
    st.sampled_from(LBP_METHODS),
    st.sampled_from([(2, 1), (3, 1.5), (7, 1), (8, 1), (8, 2.5), (12, 2), (24, 3), (32, 4)]),
)
def test_patterns_are_those_of_scikit_image(plane, method, circle):
    if method == "default" and circle[0] > 8:
        with pytest.raises(ValueError, match="at most 8 points"):
            lbp_patterns(plane, *circle, method)
        return
    np.testing.assert_array_equal(lbp_patterns(plane, *circle, method), local_binary_pattern(plane, *circle, method))


@pytest.mark.parametrize(("method", "n"), [("nri_uniform", 59), ("default", 256)])
def test_patterns_are_counted_bin_by_bin_within_the_region(smear, method, n):
    regions = ["nucleus", "background", "image"]
    names = lbp_names(regions, [(8, 1)], method)
    row = dict(zip(names, measure_lbp(smear, regions, circles=[(8, 1)], method=method), strict=True))
    patterns = local_binary_pattern(smear.gray, 8, 1, method).astype(int)
    for region in regions:
        x = patterns[smear.region(region) > 0]
        got = [row[f"{region}_lbp_{method}_8_1_{k}"] for k in range(n)]
        np.testing.assert_allclose(got, np.bincount(x, minlength=n) / len(x), rtol=1e-12)


@pytest.mark.parametrize("method", LBP_METHODS)
def test_cells_have_their_own_patterns(smear, method):
    family = TextureFeatures(regions=["nucleus"], distances=(), circles=[(8, 1), (6, 2)], lbp_method=method)
    cells, areas = family.cells(smear), np.bincount(smear.nuclei.ravel(), minlength=smear.n_cells + 1)[1:]
    known = areas > 0
    np.testing.assert_allclose(
        (cells[known] * areas[known, None]).sum(axis=0) / areas.sum(), family.row(smear), atol=1e-12
    )
    assert np.isnan(cells[~known]).all()


def test_mappings_are_coarsenings_of_each_other(smear):
    """Equal plain patterns are equal uniform ones, and those equal by their number of bits."""
    plain, uniform, turned = (
        lbp_patterns(smear.gray, 8, 1, method) for method in ("default", "nri_uniform", "uniform")
    )
    for fine, coarse in ((plain, uniform), (uniform, turned)):
        pairs = np.unique(np.stack([fine.ravel(), coarse.ravel()]), axis=1)
        assert len(np.unique(pairs[0])) == pairs.shape[1]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"lbp_method": "default"}, "16 points .* at most 8 points"),
        ({"lbp_method": "riu2"}, "lbp_method"),
        ({"directions": ["30"]}, "directions"),
        ({"directions": [0]}, "directions"),
        ({"directions": []}, "directions"),
        ({"cooccurrence": ["shade"]}, "cooccurrence"),
        ({"cooccurrence": "energy"}, "cooccurrence"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        TextureFeatures(**params).fit([])


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1)])
def test_any_layout_and_any_size(shape, rng):
    plane = rng.integers(0, 256, shape).astype(np.uint8)
    frozen = plane.copy()
    frozen.flags.writeable = False
    wide = np.repeat(np.repeat(plane, 2, axis=0), 2, axis=1)
    for method in LBP_METHODS:
        expected = local_binary_pattern(plane, 8, 1, method)
        for given_plane in (frozen, np.asfortranarray(plane), wide[::2, ::2], plane.tolist()):
            np.testing.assert_array_equal(lbp_patterns(given_plane, 8, 1, method), expected)
