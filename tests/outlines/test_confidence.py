"""Whether confidence sorts the failures to the front."""

from __future__ import annotations

import numpy as np
import pytest
from outlines.confidence import draw_confidence, failures_first, risk_coverage

DICE = np.linspace(0.5, 1, 100)


def test_confidence_that_knows_finds_the_failures_first():
    figures = failures_first(DICE, DICE)
    assert figures["failures"] == (DICE < 0.9).sum() == 80
    assert figures["rho"] == pytest.approx(1)
    assert figures["among_5"] == pytest.approx(5 / 80)
    assert figures["among_10"] == pytest.approx(10 / 80)
    assert figures["failing_10"] == 1


def test_confidence_that_errs_finds_none():
    figures = failures_first(-DICE, DICE)
    assert figures["rho"] == pytest.approx(-1)
    assert figures["among_10"] == figures["failing_10"] == 0


def test_one_confidence_for_all_is_worth_a_draw():
    figures = failures_first(np.full(100, 0.5), DICE)
    assert np.isnan(figures["rho"])
    assert figures["among_10"] == pytest.approx(0.1)
    assert figures["failing_10"] == pytest.approx(0.8)
    coverage, mean = risk_coverage(np.full(100, 0.5), DICE)
    assert coverage.tolist() == [1]
    assert mean == pytest.approx([DICE.mean()])


def test_who_does_not_say_is_left_out():
    assert failures_first(np.full(3, np.nan), np.ones(3)) == {}
    assert failures_first(np.zeros(0), np.zeros(0)) == {}
    figures = failures_first(np.array([np.nan, 0.1, 0.9]), np.array([0.2, 0.5, 1.0]))
    assert (figures["cells"], figures["failures"]) == (2, 1)


def test_without_failures_there_is_no_share():
    assert np.isnan(failures_first(DICE, np.ones(100))["among_5"])


def test_mean_dice_of_the_most_confident(tmp_path):
    coverage, mean = risk_coverage(np.array([0.1, 0.9, 0.5, 0.5]), np.array([0.2, 1.0, 0.8, 0.6]))
    assert coverage.tolist() == [0.25, 0.75, 1]
    assert mean == pytest.approx([1, 0.8, 0.65])
    draw_confidence(tmp_path / "picture.png", "a set", np.array([0.1, 0.9, 0.5]), np.array([0.2, 1.0, 0.8]))
    assert (tmp_path / "picture.png").stat().st_size > 1000
