import cv2
import numpy as np
import pytest

from leukofeat.features.covariance import CovarianceFeatures
from leukofeat.smear import Smear


def grainy(grain, *, side=96, contrast=40, seed=0):
    """A nucleus whose lightness varies in grains of so many pixels."""
    noise = np.random.default_rng(seed).normal(size=(side, side)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), grain)
    image = np.clip(120 + contrast * noise / noise.std(), 0, 255).astype(np.uint8)
    labels = np.zeros((side, side), np.int32)
    cv2.circle(labels, (side // 2, side // 2), 28, 1, -1)
    return Smear(np.dstack([image] * 3), labels)


def of(smear, **params):
    family = CovarianceFeatures(**params)
    return dict(zip(family.cell_names(), family.cells(smear)[0], strict=True))


def test_names_say_region_and_signals():
    names = CovarianceFeatures(regions=("nucleus", "cytoplasm")).cell_names()
    assert len(names) == len(set(names)) == 2 * 78
    assert names[:2] == ["nucleus_logcov_l_l", "nucleus_logcov_l_a"]
    assert "cytoplasm_logcov_b_edge_l_coarse" in names


def test_fine_and_coarse_grains_are_told_apart():
    fine, coarse = of(grainy(0.8)), of(grainy(3.0))
    assert fine["nucleus_logcov_l_fine_l_fine"] > coarse["nucleus_logcov_l_fine_l_fine"] + 1
    # of the same contrast, coarse grains leave little in fine signals and much in the others
    share = [one["nucleus_logcov_l_coarse_l_coarse"] - one["nucleus_logcov_l_fine_l_fine"] for one in (fine, coarse)]
    assert share[1] > share[0] + 1


def test_grains_without_colour_leave_colour_at_the_noise():
    found = of(grainy(1.5))
    for signal in ("a", "b", "a_edge", "b_fine", "a_coarse"):
        assert found[f"nucleus_logcov_{signal}_{signal}"] == pytest.approx(np.log(0.1), abs=0.05)


def test_the_mean_colour_says_nothing():
    smear = grainy(1.5, contrast=10)
    brighter = Smear(smear.image + np.uint8(6), smear.nuclei)
    one, two = of(smear), of(brighter)
    # L* is not straight in the levels: a factor on all contrasts, no more
    assert max(abs(one[name] - two[name]) for name in one) < 0.1


@pytest.mark.parametrize("times", [2, 3])
def test_cells_are_seen_at_one_size(times):
    smear = grainy(2.5)
    large = Smear(*(x.repeat(times, 0).repeat(times, 1) for x in (smear.image, smear.nuclei)))
    one, two = of(smear, size=30), of(large, size=30)
    assert max(abs(one[name] - two[name]) for name in one) < 0.2


def test_a_row_is_the_mean_over_cells_with_a_nucleus(smear):
    family = CovarianceFeatures()
    cells = family.cells(smear)
    assert np.isnan(cells).all(axis=1).tolist() == [not (smear.nuclei == k + 1).any() for k in range(smear.n_cells)]
    np.testing.assert_allclose(family.row(smear), np.nanmean(cells, axis=0))


@pytest.mark.parametrize("size", [12, 50])
def test_a_cell_seen_alone_is_the_same_on_any_field(size):
    smear = grainy(1.5)
    cells = smear.nuclei.copy()
    cv2.circle(cells, (48, 48), 34, 1, -1)
    elsewhere = smear.image.copy()
    elsewhere[cells == 0] = np.random.default_rng(1).integers(0, 256, (int((cells == 0).sum()), 3))
    one, two = Smear(smear.image, smear.nuclei, cells), Smear(elsewhere, smear.nuclei, cells)
    for regions in (["nucleus"], ["cytoplasm", "cell"]):
        assert of(one, surroundings=False, size=size, regions=regions) == of(
            two, surroundings=False, size=size, regions=regions
        )
    assert of(one) != of(two)


def test_two_cells_that_touch_do_not_see_each_other():
    smear = grainy(1.5)
    cells = np.ones_like(smear.nuclei)
    cells[:, 60:] = 2
    nuclei = np.where(np.abs(np.arange(96) - 60) < 12, cells, 0).astype(np.int32)
    darker = smear.image.copy()
    darker[:, 60:] //= 4
    one, two = (CovarianceFeatures(surroundings=False).cells(Smear(x, nuclei, cells)) for x in (smear.image, darker))
    np.testing.assert_array_equal(one[0], two[0])
    assert abs(one[1] - two[1]).max() > 1


@pytest.mark.parametrize(("params", "message"), [({"regions": ["image"]}, "regions"), ({"size": 2}, "size")])
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        CovarianceFeatures(**params).fit([])
