import numpy as np
from scipy.stats import norm
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_curve

from leukofeat.statistics.curves import GRID, reliability, roc_band


def test_roc_band_against_scikit_learn(rng):
    positive = rng.random(300) < 0.4
    scores = np.round(rng.normal(size=300) + positive, 1)  # ties
    curve, low, high = roc_band(positive, scores, np.arange(300))
    fpr, tpr, _ = roc_curve(positive, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve[1:], np.interp(GRID[1:], fpr, tpr), atol=1e-12)
    assert (low <= curve).all()
    assert (curve <= high).all()
    assert 0.02 < np.mean(high - low) < 0.3
    grouped = roc_band(positive, scores, np.arange(300) // 30)
    np.testing.assert_array_equal(grouped[0], curve)
    for degenerate in (np.zeros(300, bool), np.ones(300, bool)):
        assert np.isnan(roc_band(degenerate, scores, np.arange(300))[0]).all()


def test_reliability_against_scikit_learn(rng):
    confidence = rng.uniform(0.25, 1, 500)
    correct = rng.random(500) < confidence
    stated, found, low, high, count = reliability(confidence, correct)
    share, mean = calibration_curve(correct, confidence, n_bins=10)
    np.testing.assert_allclose(found, share)
    np.testing.assert_allclose(stated, mean)
    assert count.sum() == 500
    assert ((low <= found) & (found <= high)).all()
    n, z = count, norm.isf(0.025)
    centre = (found + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(found * (1 - found) / n + z**2 / (4 * n**2))
    np.testing.assert_allclose([low, high], [np.maximum(centre - half, 0), np.minimum(centre + half, 1)], atol=1e-12)
    assert reliability(np.array([1.0, 0.0]), np.array([1, 0]))[4].tolist() == [1, 1]
