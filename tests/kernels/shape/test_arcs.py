"""Arcs of outlines: the circle that least squares finds, and only where the outline bends like it."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from leukofeat.kernels.shape.arcs import LEAST_BEND, MOST_BEND, circular_arcs, fit_circle, smooth_outlines


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-50, 50), st.floats(-50, 50), st.floats(3, 80), st.floats(1.5, 6.2), st.floats(0, 6.3), st.integers(0, 99)
)
def test_circle_is_that_of_least_squares(x, y, radius, span, turn, seed):
    angle = turn + np.linspace(0, span, 40)
    near = radius * (1 + 0.01 * np.random.default_rng(seed).standard_normal(40))
    px, py = x + near * np.cos(angle), y + near * np.sin(angle)
    found = fit_circle(px, py)
    best = least_squares(lambda c: np.hypot(px - c[0], py - c[1]) - c[2], [x, y, radius], xtol=1e-12, ftol=1e-12).x
    np.testing.assert_allclose(found[:3], best, rtol=1e-3, atol=1e-3 * radius)
    residue = np.hypot(px - found[0], py - found[1]) - found[2]
    assert found[3] == pytest.approx(np.sqrt(np.mean(residue**2)), rel=1e-6)


def test_points_on_a_line_or_too_few_have_no_circle():
    assert fit_circle(np.arange(9.0), 2 * np.arange(9.0))[2] == 0
    assert fit_circle(np.array([0.0, 1.0]), np.array([0.0, 5.0]))[2] == 0


def outlines(mask):
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    points = np.concatenate([c[:, 0] for c in contours])
    ends = np.cumsum([len(c) for c in contours])
    return smooth_outlines(points, ends), ends


def arcs(mask, radius, least=2.0, free=None):
    points, ends = outlines(mask)
    return circular_arcs(points, ends, np.ones(len(points), bool) if free is None else free(points), radius, least)


def disc(shape, *circles):
    mask = np.zeros(shape, np.uint8)
    for x, y, r in circles:
        cv2.circle(mask, (x, y), r, 1, -1)
    return mask


def test_a_disc_is_one_arc_all_the_way_round_and_only_near_its_radius():
    mask = disc((80, 80), (40, 38, 20))
    ((x, y, radius, error, angle),) = arcs(mask, 20.0)
    assert (x, y, radius) == pytest.approx((40, 38, 20), abs=0.5)
    assert angle == pytest.approx(2 * np.pi)
    assert error < 0.5
    assert len(arcs(mask, 60.0)) == len(arcs(mask, 5.0)) == 0


def test_two_discs_that_overlap_are_two_arcs_parted_at_the_notches():
    found = arcs(disc((90, 120), (40, 45, 20), (70, 45, 20)), 20.0)
    assert sorted(found[:, 0]) == pytest.approx([40, 70], abs=1)
    np.testing.assert_allclose(found[:, 2], 20, atol=1)
    assert (found[:, 4] < 5).all()


def test_a_hole_bends_the_other_way():
    mask = np.pad(1 - disc((80, 80), (40, 40, 20)), 20, constant_values=1)
    mask = cv2.copyMakeBorder(mask, 3, 3, 3, 3, cv2.BORDER_CONSTANT)
    assert len(arcs(mask, 20.0)) == 0


def test_points_that_are_not_free_end_an_arc():
    (found,) = arcs(disc((80, 80), (40, 40, 20)), 20.0, free=lambda points: points[:, 0] > 40)
    assert 2.0 < found[4] < 4.0
    assert found[2] == pytest.approx(20, abs=1)


def test_smoothing_is_the_kernel_1_4_6_4_1_around_each_outline():
    points = np.random.default_rng(0).integers(0, 90, (31, 2)).astype(np.int32)
    ends = np.array([20, 31])
    out = smooth_outlines(points, ends)
    for part in (slice(0, 20), slice(20, 31)):
        rolled = sum(w * np.roll(points[part], k, axis=0) for w, k in zip((1, 4, 6, 4, 1), range(-2, 3), strict=True))
        np.testing.assert_array_equal(out[part], rolled / 16)


def test_no_outline_has_no_arc():
    none = np.zeros((0, 2), np.int32), np.zeros(0, np.int64)
    assert len(circular_arcs(smooth_outlines(*none), none[1], np.zeros(0, bool), 10.0, 2.0)) == 0


@pytest.mark.parametrize("radius", [6.0, 12.0, 25.0])
@pytest.mark.parametrize("smallest", [4.0, 10.0, 30.0])
def test_arcs_that_are_too_small_are_left_out_and_no_others(radius, smallest):
    rng = np.random.default_rng(1)
    mask = disc((300, 400), *(rng.integers((0, 0, 4), (400, 300, 40)) for _ in range(60)))
    points, ends = outlines(mask)
    all_of_them = circular_arcs(points, ends, np.ones(len(points), bool), radius, 1.0)
    assert len(all_of_them) > 3
    found = circular_arcs(points, ends, np.ones(len(points), bool), radius, 1.0, smallest)
    np.testing.assert_array_equal(found, all_of_them[all_of_them[:, 2] >= smallest])


@pytest.mark.parametrize(("radius", "largest"), [(2.0, 6), (5.0, 40), (11.0, 40), (23.0, 40)])
def test_bends_near_a_limit_are_told_by_the_arc_tangent(radius, largest):
    """A slow oracle: which points bend like a circle of the radius, and the runs of them."""
    rng = np.random.default_rng(2)
    points, ends = outlines(disc((300, 400), *(rng.integers((0, 0, 2), (400, 300, largest)) for _ in range(60))))
    expected, begin, reach = [], 0, max(2, round(0.5 * radius))
    for end in ends:
        x, y = points[begin:end].T
        before, after = (np.stack([x - np.roll(x, s), y - np.roll(y, s)]) * np.sign(s) for s in (reach, -reach))
        turn, along = before[1] * after[0] - before[0] * after[1], (before * after).sum(axis=0)
        length = (np.hypot(*before) + np.hypot(*after)) / 2
        bend = np.arctan2(turn, along) * radius
        bent = (turn > 0) & (LEAST_BEND * length < bend) & (bend < MOST_BEND * length)
        if len(x) > 2 * reach:
            order = np.roll(np.arange(len(x)), -np.argmin(bent))
            for run in np.split(order, 1 + np.flatnonzero(np.diff(bent[order].astype(int)))):
                if bent[run[0]] and len(run) >= 5:
                    expected.append(fit_circle(x[run], y[run]))
        begin = end
    expected = np.array([circle for circle in expected if circle[2] > 0])
    found = circular_arcs(points, ends, np.ones(len(points), bool), radius, 0.0)
    assert len(expected) > 10
    np.testing.assert_array_equal(found[:, :4], expected)
