import cv2
import numpy as np
import pytest
from scipy.stats import kurtosis, skew

from leukofeat.features.outline import (
    SIGNATURE_NAMES,
    OutlineFeatures,
    bending_energy,
    contour_signature,
    fourier_descriptors,
)
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.shape.contours import region_outlines
from leukofeat.smear import Smear


def outline_points(mask):
    labels = (mask > 0).astype(np.int32)
    return region_outlines(labels, region_boxes(labels, 1))[0]


def circle(n=128):
    return np.exp(2j * np.pi * np.arange(n) / n)


def blob(angle=0.0, scale=1.0, size=240):
    """A lopsided shape, turned and scaled about the centre of a plane."""
    t = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    r = scale * (50 + 14 * np.cos(2 * t) + 9 * np.sin(3 * t) + 4 * np.cos(5 * t + 1))
    points = np.column_stack([r * np.cos(t + angle), r * np.sin(t + angle)]) + size / 2
    return cv2.fillPoly(np.zeros((size, size), np.int32), [np.round(points).astype(np.int32)], 1)


def described(mask):
    family = OutlineFeatures(regions=["nucleus"])
    smear = Smear(np.zeros((*mask.shape, 3), np.uint8), mask)
    return dict(zip(family.cell_names(), family.cells(smear)[0], strict=True))


@pytest.mark.parametrize(("angle", "scale"), [(0.7, 1.0), (0.0, 1.6), (2.5, 0.8)])
def test_turn_and_size_hardly_matter(angle, scale):
    plain, other = described(blob()), described(blob(angle, scale))
    for name, value in plain.items():
        if "fourier" in name or "zernike" in name:
            assert other[name] == pytest.approx(value, abs=0.03), name
        elif "bending" in name:
            assert other[name] == pytest.approx(value, rel=0.1)
        elif "parts" in name:
            assert other[name] == value


def test_mirror_image_has_the_same_descriptors():
    plain, mirrored = described(blob()), described(np.ascontiguousarray(blob()[::-1]))
    for name, value in plain.items():
        assert mirrored[name] == pytest.approx(value, rel=0.02, abs=0.01), name


def test_points_are_evenly_spaced_on_the_contour():
    points = outline_points(blob())
    steps = np.abs(np.diff(np.append(points, points[0])))
    assert steps.max() < 1.45 * steps.min()


def test_points_follow_the_largest_part():
    mask = np.zeros((40, 60), np.uint8)
    mask[2:6, 2:6] = 1
    mask[10:35, 20:50] = 1
    points = outline_points(mask)
    assert points.real.min() == 20
    assert points.imag.min() == 10


@pytest.mark.parametrize("mask", [np.zeros((5, 5)), np.eye(5), np.ones((1, 7)), np.ones((1, 1))])
def test_masks_without_enclosed_area_have_no_outline(mask):
    assert np.isnan(outline_points(mask)).all()
    assert np.isnan(fourier_descriptors(outline_points(mask))).all()
    assert np.isnan(bending_energy(outline_points(mask)))


def test_descriptors_of_known_curves():
    assert fourier_descriptors(circle()).max() < 1e-12
    ellipse = 3 * circle() + circle().conj()
    np.testing.assert_allclose(fourier_descriptors(ellipse, 3), [0, 0, 0, 1 / 3, 0, 0], atol=1e-12)
    start = fourier_descriptors(np.roll(ellipse * np.exp(1j) + 7, 5), 3)
    np.testing.assert_allclose(start, [0, 0, 0, 1 / 3, 0, 0], atol=1e-12)
    np.testing.assert_allclose(fourier_descriptors(ellipse.conj(), 3), start, atol=1e-12)


def test_bending_energy_of_an_ellipse():
    a, b = 5.0, 3.0
    t = np.linspace(0, 2 * np.pi, 20001)[:-1]
    speed = np.hypot(a * np.sin(t), b * np.cos(t))
    expected = ((a * b / speed**3) ** 2 * speed).mean() * speed.mean()
    assert expected > 1.05
    points = a * np.cos(t[::100]) + 1j * b * np.sin(t[::100])
    assert bending_energy(points) == pytest.approx(expected, rel=1e-9)
    assert bending_energy(points * 40) == pytest.approx(expected, rel=1e-9)


def test_several_contours_at_once():
    points = np.stack([circle(64), np.full(64, np.nan + 0j), 3 * circle(64) + circle(64).conj()])
    energies, descriptors = bending_energy(points), fourier_descriptors(points)
    assert np.isnan(energies).tolist() == np.isnan(descriptors).all(axis=1).tolist() == [False, True, False]
    np.testing.assert_array_equal(energies[2], bending_energy(points[2]))
    assert bending_energy(points[:0]).shape == (0,)
    assert fourier_descriptors(points[:0]).shape == (0, 10)


@pytest.mark.parametrize(("params", "message"), [({"regions": ["image"]}, "regions"), ({"degree": 20}, "degree")])
def test_bad_parameters_are_named(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        OutlineFeatures(**params).fit([])


# --- contour signature -------------------------------------------------------------------------------------------


def test_signature_of_known_curves():
    steps = np.linspace(-1, 1, 400, endpoint=False)
    square = np.concatenate([steps * turn + 1j * turn for turn in (-1j, 1, 1j, -1)])[::-1]
    distance = np.hypot(1, steps)
    expected = [distance.mean(), distance.std(), skew(distance), kurtosis(distance), np.ptp(distance) / distance.mean()]
    np.testing.assert_allclose(
        contour_signature(3 * square * np.exp(0.4j) + 80 - 7j), [3 * x for x in expected[:2]] + expected[2:], rtol=1e-6
    )
    around = contour_signature(5 * circle() + 90 + 40j)
    assert around[[0, 1, 4]] == pytest.approx([5, 0, 0], abs=1e-9)
    assert around[2:4].tolist() == [0, 0]


@pytest.mark.parametrize("mask", [np.zeros((5, 5)), np.eye(5), np.ones((1, 7)), np.ones((1, 1))])
def test_signature_needs_an_area(mask):
    assert np.isnan(contour_signature(outline_points(mask))).all()
    assert np.isnan(contour_signature(np.zeros(8, complex))).all()


def test_signature_is_that_of_the_outline_and_off_by_default():
    mask = blob()
    family = OutlineFeatures(regions=["nucleus"], signature=True)
    smear = Smear(np.zeros((*mask.shape, 3), np.uint8), mask)
    found = dict(zip(family.cell_names(), family.cells(smear)[0], strict=True))
    points = outline_points(mask)
    moments = cv2.moments(cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0][0])
    distance = np.abs(points - complex(moments["m10"], moments["m01"]) / moments["m00"])
    expected = [distance.mean(), distance.std(), skew(distance), kurtosis(distance), np.ptp(distance) / distance.mean()]
    got = [found.pop(f"nucleus_signature_{name}") for name in SIGNATURE_NAMES]
    assert got == pytest.approx(expected, rel=1e-3, abs=5e-3)
    assert found == described(mask)


@pytest.mark.parametrize(("angle", "scale"), [(0.7, 1.0), (0.0, 1.6), (2.5, 0.8)])
def test_signature_grows_with_the_cell(angle, scale):
    plain, other = (contour_signature(outline_points(mask)) for mask in (blob(), blob(angle, scale)))
    assert other == pytest.approx(plain * [scale, scale, 1, 1, 1], rel=0.03, abs=0.03)
