"""The clean-up against scikit-image's area opening and border clearing, and the way cells get their cytoplasm."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import label, regionprops
from skimage.morphology import area_closing, area_opening
from skimage.segmentation import clear_border
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from leukofeat.features import FeatureSet, GeometryFeatures
from leukofeat.segmentation import Cleanup, DualThresholdSegmenter, LabKMeansSegmenter
from leukofeat.segmentation.cleanup import assemble

masks = arrays(np.uint8, (11, 13), elements=st.integers(0, 1))
NOTHING = {"min_area": 0, "max_hole": 0, "clear_border": False, "split": None}


def cleaned(mask, **params):
    return assemble(mask, mask, Cleanup(**(NOTHING | params)))[0] > 0


@given(masks, st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_binary_area_opening_and_closing(mask, area):
    np.testing.assert_array_equal(cleaned(mask, min_area=area), area_opening(mask, area, connectivity=1))
    if mask.any():
        np.testing.assert_array_equal(cleaned(mask, max_hole=area), area_closing(mask, area, connectivity=1))


@given(masks)
@settings(max_examples=60, deadline=None)
def test_border_objects(mask):
    expected = clear_border(label(mask, connectivity=1)) > 0
    np.testing.assert_array_equal(cleaned(mask, clear_border=True), expected)


@given(masks, st.sampled_from([0.3, 0.6, 0.75, 0.9, 1.0]))
@settings(max_examples=60, deadline=None)
def test_solidity_is_that_of_scikit_image(mask, least):
    expected = np.zeros(mask.shape, bool)
    for region in regionprops(label(mask, connectivity=1)):
        # scikit-image has no hull of a line and says so; its area is the line's own
        line = min(region.image.shape) == 1
        if line or region.solidity >= least:
            expected[tuple(region.coords.T)] = True
    np.testing.assert_array_equal(cleaned(mask, min_solidity=least), expected)


def test_solidity_counts_before_holes_are_filled_and_nuclei_split():
    ring = np.zeros((30, 30), np.uint8)
    ring[5:25, 5:25] = 1
    ring[7:23, 7:23] = 0
    assert cleaned(ring, min_solidity=0.3, max_hole=300).sum() == 20 * 20
    assert not cleaned(ring, min_solidity=0.4, max_hole=300).any()
    with pytest.raises(ValueError, match="min_solidity"):
        Cleanup(min_solidity=1.1).check_params()


@given(masks, masks, st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_small_nuclei_go_with_their_cells_after_the_split(nucleus, cell, least):
    nuclei, cells = assemble(nucleus, cell, Cleanup(**NOTHING))
    kept_nuclei, kept_cells = assemble(nucleus, cell, Cleanup(**NOTHING, min_nucleus_area=least))
    kept = [i for i in range(1, nuclei.max() + 1) if (nuclei == i).sum() >= least]
    assert kept_nuclei.max() == kept_cells.max() == len(kept)
    for new, old in enumerate(kept, start=1):
        np.testing.assert_array_equal(kept_nuclei == new, nuclei == old)
        np.testing.assert_array_equal(kept_cells == new, cells == old)


def test_an_empty_mask_is_no_hole():
    assert not cleaned(np.zeros((3, 3)), max_hole=100).any()
    assert cleaned(np.ones((3, 3)), min_area=1, max_hole=15).all()
    assert not cleaned(np.ones((3, 3)), clear_border=True).any()


def test_input_is_left_alone():
    mask = np.ones((5, 5), np.uint8)
    mask.flags.writeable = False
    assert not cleaned(mask, clear_border=True).any()
    assert mask.all()


@given(masks, masks, st.sampled_from(["extended", "h_maxima", None]), st.booleans())
@settings(max_examples=100, deadline=None)
def test_cells_hold_their_nuclei(nucleus, cell, split, border):
    nuclei, cells = assemble(nucleus, cell, Cleanup(min_area=2, max_hole=2, clear_border=border, split=split))
    assert nuclei.dtype == cells.dtype == np.int32
    np.testing.assert_array_equal(np.where(nuclei > 0, cells, 0), nuclei)
    assert set(np.unique(cells)) | {0} == set(np.unique(nuclei)) | {0} == set(range(nuclei.max() + 1))
    for i in range(1, cells.max() + 1):
        assert label(cells == i, connectivity=2).max() == 1


def test_cytoplasm_goes_to_the_nearer_nucleus_on_a_path_inside_it():
    nucleus = np.zeros((9, 21))
    nucleus[3:6, 3:6] = nucleus[3:6, 15:18] = 1
    cell = np.zeros((9, 21))
    cell[2:7, 2:19] = 1
    cell[:, 8] = 0  # a gap: the strip beyond it belongs to the right nucleus, although the left one is nearer
    cell[8, 20] = 1
    nuclei, cells = assemble(nucleus, cell, Cleanup(min_area=1, max_hole=1, clear_border=False))
    assert nuclei.max() == 2
    assert set(cells[2:7, 2:8].ravel()) == {1}
    assert set(cells[2:7, 9:19].ravel()) == {2}
    assert cells[8, 20] == 0


def test_without_split_touching_nuclei_stay_joined():
    nucleus = np.zeros((30, 50))
    rows, columns = np.ogrid[:30, :50]
    for x in (16, 32):
        nucleus[(rows - 15) ** 2 + (columns - x) ** 2 <= 100] = 1
    assert assemble(nucleus, nucleus)[0].max() == 2
    assert assemble(nucleus, nucleus, Cleanup(split=None))[0].max() == 1


def test_masks_of_different_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape|broadcast"):
        assemble(np.ones((40, 40)), np.ones((40, 41)), Cleanup(clear_border=False))


@pytest.mark.parametrize(
    "bad", [{"min_area": -1}, {"max_hole": 1.5}, {"split": "yes"}, {"h": 0.0}, {"clear_border": "no"}], ids=str
)
def test_bad_parameters_are_named(bad):
    with pytest.raises((TypeError, ValueError), match=f"'{next(iter(bad))}' parameter of Cleanup must be"):
        LabKMeansSegmenter(cleanup=Cleanup(**bad)).fit([np.zeros((4, 4, 3), np.uint8)])
    with pytest.raises((TypeError, ValueError), match="'cleanup' parameter of LabKMeansSegmenter must be"):
        LabKMeansSegmenter(cleanup=bad).fit([])


def test_parameters_of_the_clean_up_can_be_set_and_belong_to_one_stage():
    stage, other = LabKMeansSegmenter(), LabKMeansSegmenter()
    assert stage.set_params(cleanup__min_area=7, n_clusters=3).get_params()["cleanup__min_area"] == 7
    assert other.cleanup is None
    copy = clone(stage).set_params(cleanup__h=2.0)
    assert (copy.cleanup.min_area, copy.cleanup.h, stage.cleanup.h) == (7, 2.0, 1.0)
    given = Cleanup(split=None)
    assert DualThresholdSegmenter().set_params(cleanup=given, cleanup__max_hole=3).cleanup is given


def test_clean_up_is_searched_for_in_a_pipeline(smears):
    pipeline = make_pipeline(
        LabKMeansSegmenter(rank="a"), FeatureSet([GeometryFeatures()]), SimpleImputer(keep_empty_features=True), SVC()
    )
    grid = {"labkmeanssegmenter__cleanup__min_area": [50, 10**6], "labkmeanssegmenter__cleanup__split": [None]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(smears.images, smears.target % 2)
    assert search.best_estimator_[0].cleanup.min_area == search.best_params_["labkmeanssegmenter__cleanup__min_area"]
    assert pipeline[0].cleanup is None
