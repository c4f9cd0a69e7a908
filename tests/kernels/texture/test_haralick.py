import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.feature import graycomatrix, graycoprops

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.texture.haralick import HARALICK_NAMES, haralick
from tests.cells import degenerate_masks, drawn_field, real_cells

DIRECTIONS = [(0, 1), (1, 1), (1, 0), (1, -1)]


def measured(levels, labels, distances=(1,)):
    return haralick(levels, labels, region_boxes(labels), distances)


def entropy(p):
    p = p[p > 0]
    return -(p * np.log2(p)).sum()


def haralick_oracle(levels, mask, distance):
    """Textbook formulas on the full matrix, pair by pair."""
    levels = levels.astype(int)
    n = int(levels.max()) + 2
    out = np.full((4, 13), np.nan)
    height, width = levels.shape
    for d, (dr, dc) in enumerate(DIRECTIONS):
        p = np.zeros((n, n))
        for r in range(height):
            for c in range(width):
                r2, c2 = r + dr * distance, c + dc * distance
                if 0 <= r2 < height and 0 <= c2 < width and mask[r, c] and mask[r2, c2]:
                    p[levels[r, c] + 1, levels[r2, c2] + 1] += 1
                    p[levels[r2, c2] + 1, levels[r, c] + 1] += 1
        if not p.any():
            continue
        p /= p.sum()
        i, j = np.indices(p.shape)
        px = p.sum(axis=1)
        k = np.arange(n)
        mean = (k * px).sum()
        variance = ((k - mean) ** 2 * px).sum()
        plus = np.bincount((i + j).ravel(), p.ravel())
        minus = np.bincount(abs(i - j).ravel(), p.ravel())
        s = np.arange(len(plus))
        hx, hxy = entropy(px), entropy(p)
        cross = np.outer(px, px)
        hxy1 = -(p[cross > 0] * np.log2(cross[cross > 0])).sum()
        hxy2 = entropy(cross)
        average = (s * plus).sum()
        out[d] = [
            (p**2).sum(),
            ((i - j) ** 2 * p).sum(),
            ((i * j * p).sum() - mean**2) / variance if variance > 1e-12 else 1,
            variance,
            (p / (1 + (i - j) ** 2)).sum(),
            average,
            ((s - average) ** 2 * plus).sum(),
            entropy(plus),
            hxy,
            (k**2 * minus).sum() - (k * minus).sum() ** 2,
            entropy(minus),
            (hxy - hxy1) / hx if hx > 1e-12 else 0,
            np.sqrt(max(0, 1 - np.exp(-2 * (hxy2 - hxy)))),
        ]
    return out


def gray_of(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


@pytest.mark.parametrize("distance", [1, 3])
def test_haralick_matches_the_textbook(distance):
    image, nuclei, _ = drawn_field()
    levels = gray_of(image) // 8
    got = measured(levels, nuclei, distances=(1, distance))
    for k in (1, 2, 4):
        np.testing.assert_allclose(got[k - 1, 1], haralick_oracle(levels, nuclei == k, distance), rtol=1e-6, atol=1e-9)
    assert np.isnan(got[2]).all()


@pytest.mark.parametrize("name", degenerate_masks())
def test_haralick_of_degenerate_masks(name):
    labels = degenerate_masks()[name]
    levels = np.random.default_rng(0).integers(0, 4, labels.shape).astype(np.uint8)
    for plane in (levels, np.full_like(levels, 2)):
        expected = haralick_oracle(plane, labels, 1)
        np.testing.assert_allclose(measured(plane, labels)[0, 0], expected, rtol=1e-6, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.uint8, (6, 7), elements=st.integers(0, 255)),
    arrays(np.int32, (6, 7), elements=st.integers(0, 1)),
)
def test_haralick_of_anything(levels, labels):
    if labels.any():
        expected = haralick_oracle(levels, labels, 1)
        np.testing.assert_allclose(measured(levels, labels)[0, 0], expected, rtol=1e-6, atol=1e-6)


def test_haralick_matches_scikit_image_on_a_full_rectangle():
    levels = gray_of(drawn_field()[0]) // 4
    got = measured(levels, np.ones(levels.shape, int))[0, 0]
    matrix = graycomatrix(levels, [1], [0], levels=64, symmetric=True, normed=True)
    for name, theirs in {
        "contrast": "contrast",
        "correlation": "correlation",
        "energy": "ASM",
        "homogeneity": "homogeneity",
    }.items():
        assert got[0, HARALICK_NAMES.index(name)] == pytest.approx(graycoprops(matrix, theirs)[0, 0], rel=1e-6)


def test_haralick_matches_mahotas_on_real_cells():
    mahotas = pytest.importorskip("mahotas")
    for image, nuclei, _ in real_cells(20):
        gray = gray_of(image)
        alone = np.where(nuclei > 0, gray.astype(np.int32) + 1, 0)
        theirs = mahotas.features.haralick(alone, ignore_zeros=True, use_x_minus_y_variance=True)
        np.testing.assert_allclose(measured(gray, nuclei)[0, 0], theirs, rtol=1e-6)


def test_haralick_ignores_what_lies_outside_the_mask():
    image, nuclei, _ = drawn_field()
    levels = gray_of(image) // 4
    painted = np.where(nuclei > 0, levels, 63 - levels)
    np.testing.assert_array_equal(measured(painted, nuclei), measured(levels, nuclei))


def test_turning_the_region_by_a_right_angle_swaps_directions():
    image, nuclei, _ = drawn_field()
    levels = gray_of(image) // 4
    straight = measured(levels, nuclei)
    turned = measured(np.rot90(levels), np.rot90(nuclei))
    np.testing.assert_allclose(turned[:, :, [2, 3, 0, 1]], straight, rtol=1e-9)


def test_read_only_and_strided_planes_give_the_same():
    image, nuclei, _ = drawn_field()
    gray = gray_of(image)
    frozen = gray.copy()
    frozen.flags.writeable = False
    for other in (frozen, np.repeat(gray, 2, axis=0)[::2]):
        np.testing.assert_array_equal(measured(other, nuclei), measured(gray, nuclei))


def test_of_a_large_field_in_black_and_white():
    levels, labels = np.zeros((4000, 4000), np.uint8), np.ones((4000, 4000), np.int32)
    levels[2000:] = 255
    along_rows = dict(zip(HARALICK_NAMES, measured(levels, labels)[0, 0, 0], strict=True))  # pairs of equal levels
    wanted = {"variance": 127.5**2, "correlation": 1, "sum_variance": 255**2, "difference_variance": 0}
    assert {name: along_rows[name] for name in wanted} == pytest.approx(wanted)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="differ in shape"):
        measured(np.zeros((3, 4), np.uint8), np.zeros((4, 3), int))
