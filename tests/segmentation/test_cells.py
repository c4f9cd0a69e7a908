import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from leukofeat import Smear
from leukofeat.features import GeometryFeatures
from leukofeat.segmentation import split_cells


def test_every_cell_comes_back_once_with_its_field(smears, records):
    cells = split_cells(records, target=smears.target, groups=smears.groups)
    assert len(cells.images) == sum(record.n_cells for record in records)
    for i in range(len(cells.images)):
        crop, field, label = cells.images.smear(i), records[cells.field[i]], cells.label[i]
        assert crop.n_cells == 1
        assert (crop.cells > 0).sum() == (field.cells == label).sum()
        assert (crop.nuclei > 0).sum() == (field.nuclei == label).sum()
        top, left, bottom, right = cells.box[i]
        assert (field.cells[top:bottom, left:right] == label).sum() == (field.cells == label).sum()
        np.testing.assert_array_equal(
            np.unique(crop.image[crop.cells > 0]), np.unique(field.image[field.cells == label])
        )
    np.testing.assert_array_equal(cells.target, smears.target[cells.field])
    np.testing.assert_array_equal(cells.groups, smears.groups[cells.field])


def test_touching_the_border_is_a_flag_and_not_a_loss():
    labels = np.zeros((20, 20), np.int32)
    labels[0:5, 3:8] = 1
    labels[10:15, 10:15] = 2
    labels[16:20, 16:20] = 4  # label 3 is missing
    cells = split_cells([Smear(np.zeros((20, 20, 3), np.uint8), labels)], margin=2)
    assert cells.label.tolist() == [1, 2, 4]
    assert cells.touches_border.tolist() == [True, False, True]
    assert cells.box[1].tolist() == [10, 10, 15, 15]
    assert [cells.images[i].image.shape[:2] for i in range(3)] == [(7, 9), (9, 9), (6, 6)]


def test_classifying_cells_is_plain_scikit_learn(smears, records):
    cells = split_cells(records, target=smears.target, groups=smears.groups)
    pipeline = make_pipeline(GeometryFeatures(summary=["min"]), SVC())
    from sklearn.impute import SimpleImputer

    pipeline.steps.insert(1, ("imputer", SimpleImputer(keep_empty_features=True)))
    scores = cross_val_score(pipeline, cells.images, cells.target, groups=cells.field, cv=GroupKFold(2))
    assert np.isfinite(scores).all()


def test_no_cell_gives_an_empty_sequence_and_bad_input_a_reason(smears):
    blank = Smear(np.full((9, 9, 3), 230, np.uint8), np.zeros((9, 9), np.int32))
    empty = split_cells([blank, blank])
    assert len(empty.images) == 0
    assert empty.box.shape == (0, 4)
    with pytest.raises(ValueError, match="needs a segmented smear"):
        split_cells(smears.images)
    with pytest.raises(ValueError, match="target has 1 values for 2 fields"):
        split_cells([blank, blank], target=[0])
