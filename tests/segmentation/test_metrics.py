"""Metrics against hand-computed values and slow oracles."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leukofeat.label_maps import is_mask
from leukofeat.preprocessing import MedianDenoiser
from leukofeat.segmentation import (
    OtsuSegmenter,
    aggregated_jaccard,
    count_error,
    dice,
    evaluate_segmentation,
    iou,
    panoptic_quality,
)
from leukofeat.smear import Smear

maps = arrays(np.int32, (5, 6), elements=st.sampled_from([0, 0, 1, 2, 7]))
EMPTY = np.zeros((4, 5), np.int32)


def slow_jaccard(truth, found):
    """The index as its paper spells it out, one object after the other."""
    used, numerator, denominator = set(), 0, 0
    for t in set(truth[truth > 0].tolist()):
        best, best_f = 0.0, None
        for f in sorted(set(found[found > 0].tolist())):
            both, either = ((truth == t) & (found == f)).sum(), ((truth == t) | (found == f)).sum()
            if both / either > best:
                best, best_f = both / either, f
        if best_f is None:
            denominator += (truth == t).sum()
        else:
            numerator += ((truth == t) & (found == best_f)).sum()
            denominator += ((truth == t) | (found == best_f)).sum()
            used.add(best_f)
    denominator += sum((found == f).sum() for f in set(found[found > 0].tolist()) - used)
    return numerator / denominator if denominator else 1.0


def slow_panoptic(truth, found, threshold):
    truths, founds = set(truth[truth > 0].tolist()), set(found[found > 0].tolist())
    if not truths and not founds:
        return 1.0, 1.0, 1.0
    matches = []
    for t in truths:
        for f in founds:
            overlap = ((truth == t) & (found == f)).sum() / ((truth == t) | (found == f)).sum()
            if overlap > threshold:
                matches.append(overlap)
    missed, invented = len(truths) - len(matches), len(founds) - len(matches)
    quality = sum(matches) / (len(matches) + missed / 2 + invented / 2)
    return quality, np.mean(matches) if matches else 0.0, len(matches) / (len(matches) + missed / 2 + invented / 2)


@given(maps, maps)
@settings(max_examples=150, deadline=None)
def test_object_metrics_against_slow_ones(truth, found):
    assume(not is_mask(truth) and not is_mask(found))
    assert aggregated_jaccard(truth, found) == pytest.approx(slow_jaccard(truth, found))
    for threshold in (0.5, 0.75):
        assert panoptic_quality(truth, found, threshold) == pytest.approx(slow_panoptic(truth, found, threshold))
    assert count_error(truth, found) == len(set(found[found > 0])) - len(set(truth[truth > 0]))


@given(maps, maps)
@settings(max_examples=60, deadline=None)
def test_laws(truth, found):
    assume(not is_mask(truth) and not is_mask(found))
    d, j = dice(truth, found), iou(truth, found)
    assert j == pytest.approx(d / (2 - d))
    assert d == dice(found, truth)
    assert 0 <= aggregated_jaccard(truth, found) <= 1
    for score in (dice, iou, aggregated_jaccard):
        assert score(truth, truth) == 1
    assert panoptic_quality(truth, truth) == (1, 1, 1)
    renamed = np.where(found > 0, 2**40 - found.astype(np.int64), 0)
    assume(not is_mask(renamed))
    assert panoptic_quality(truth, renamed) == pytest.approx(panoptic_quality(truth, found))


def test_by_hand():
    truth = np.zeros((6, 8), np.int32)
    truth[:3, :4] = 1  # 12 pixels
    truth[4:, 4:] = 2  # 8 pixels
    found = np.zeros((6, 8), np.int32)
    found[:3, 1:5] = 3  # 12 pixels, 9 of them in object 1: 9 / 15
    found[4:, 4:6] = 5  # 4 pixels, all in object 2: 4 / 8, no match
    found[4, :2] = 6  # 2 pixels of nothing
    assert dice(truth, found) == pytest.approx(2 * 13 / (20 + 18))
    assert iou(truth, found) == pytest.approx(13 / 25)
    assert aggregated_jaccard(truth, found) == pytest.approx((9 + 4) / (15 + 8 + 2))
    pq, sq, rq = panoptic_quality(truth, found)
    assert (sq, rq) == pytest.approx((0.6, 1 / (1 + 0.5 + 1)))
    assert pq == pytest.approx(sq * rq)
    assert count_error(truth, found) == 1


def test_two_empty_maps_agree_and_one_alone_does_not():
    full = EMPTY + 1
    for score in (dice, iou, aggregated_jaccard):
        assert score(EMPTY, EMPTY) == 1
        assert score(EMPTY, full) == score(full, EMPTY) == 0
    assert panoptic_quality(EMPTY, EMPTY) == (1, 1, 1)
    assert panoptic_quality(EMPTY, full) == panoptic_quality(full, EMPTY) == (0, 0, 0)
    assert (count_error(EMPTY, full), count_error(full, EMPTY), count_error(EMPTY, EMPTY)) == (1, -1, 0)


def test_a_mask_of_one_object_is_its_label_map():
    ones = np.ones((3, 3), bool)
    assert aggregated_jaccard(ones, ones.astype(np.uint8) * 255) == 1
    assert count_error(ones, ones) == 0


@pytest.mark.parametrize("mask", [np.array([[True, False, True]]), np.array([[255, 0, 255]], np.uint8)])
def test_objects_of_a_mask_are_not_counted(mask):
    labels = np.array([[1, 0, 2]])
    for score in (aggregated_jaccard, panoptic_quality, count_error):
        with pytest.raises(ValueError, match=r"truth is a mask.*skimage.measure.label\(mask\)"):
            score(mask, labels)
        with pytest.raises(ValueError, match="found is a mask"):
            score(labels, mask)
    assert dice(mask, labels) == iou(labels, mask) == 1
    table = evaluate_segmentation([Smear(np.zeros((1, 3, 3), np.uint8), labels)], truth_nuclei=[mask])
    assert table.filter(regex="dice|iou").eq(1).all(axis=None)
    assert table.filter(regex="aji|pq|sq|rq|count").isna().all(axis=None)


@pytest.mark.parametrize(("first", "second"), [(7, 2**31 + 5), (7, 2**32 + 7), (2**32 - 1, 2**40)])
def test_labels_of_any_size(first, second):
    truth = np.array([[first, first, 0, second]])
    assert count_error(truth, truth) == count_error(truth, np.array([[1, 1, 0, 2]])) == 0
    assert panoptic_quality(truth, np.array([[2, 2, 0, 1]])) == (1, 1, 1)
    assert aggregated_jaccard(truth, np.array([[2, 2, 0, 1]])) == 1


def test_the_cost_is_that_of_the_pixels():
    side = np.arange(280)
    labels = np.where((side % 4 < 3) & (side % 4 < 3)[:, None], side // 4 * 70 + (side // 4)[:, None] + 1, 0)
    tracemalloc.start()
    assert count_error(labels, labels) == 0
    assert panoptic_quality(labels, labels) == (1, 1, 1)
    assert aggregated_jaccard(labels, labels) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6, "4,900 objects are no table of 4,900 x 4,900"


def test_bad_maps_are_refused():
    with pytest.raises(ValueError, match="shape"):
        dice(EMPTY, EMPTY[:2])
    with pytest.raises(TypeError, match="integer"):
        aggregated_jaccard(EMPTY, EMPTY.astype(float))
    with pytest.raises(ValueError, match="threshold"):
        panoptic_quality(EMPTY, EMPTY, 0.4)


@pytest.fixture
def fields():
    rows, columns = np.ogrid[:60, :60]
    cell = ((rows - 30) ** 2 + (columns - 30) ** 2 <= 18**2).astype(np.int32)
    nucleus = ((rows - 30) ** 2 + (columns - 30) ** 2 <= 10**2).astype(np.int32)
    image = np.full((60, 60, 3), (236, 230, 228), np.uint8)
    image[cell > 0] = (165, 145, 205)
    image[nucleus > 0] = (90, 40, 150)
    return [image, np.full_like(image, 230)], [nucleus, 0 * nucleus], [cell, 0 * cell]


def test_a_row_an_image(fields):
    images, nuclei, cells = fields
    table = evaluate_segmentation(OtsuSegmenter(), images, nuclei, cells)
    assert table.shape == (2, 14)
    assert (table.filter(regex="dice|iou|aji|pq|sq|rq") == 1).all(axis=None)
    assert (table.filter(like="count_error") == 0).all(axis=None)
    smears = OtsuSegmenter().transform(images)
    again = evaluate_segmentation(smears, truth_nuclei=nuclei, truth_cells=cells)
    assert again.equals(table)


def test_truth_may_be_missing(fields):
    images, nuclei, _ = fields
    table = evaluate_segmentation(OtsuSegmenter(), images, truth_nuclei=[None, nuclei[1]])
    assert list(table.columns) == [f"nucleus_{s}" for s in ("dice", "iou", "aji", "pq", "sq", "rq", "count_error")]
    assert table.iloc[0].isna().all()
    assert table.iloc[1].notna().all()


def test_sources_name_the_rows(fields):
    smears = [Smear(fields[0][0], fields[1][0], source=name) for name in ("a.png", "b.png")]
    table = evaluate_segmentation(smears, truth_nuclei=[fields[1][0]] * 2)
    assert table.index.tolist() == ["a.png", "b.png"]


def test_what_does_not_fit_together_is_refused(fields):
    images, nuclei, _ = fields
    stage = OtsuSegmenter()
    with pytest.raises(ValueError, match="truth_nuclei"):
        evaluate_segmentation(stage, images)
    with pytest.raises(ValueError, match="needs images"):
        evaluate_segmentation(stage, truth_nuclei=nuclei)
    with pytest.raises(ValueError, match="leave"):
        evaluate_segmentation(stage.transform(images), images, nuclei)
    with pytest.raises(ValueError, match="no nucleus map for item 1"):
        evaluate_segmentation(stage, images, nuclei[:1])
    with pytest.raises(ValueError, match="no image for item 1"):
        evaluate_segmentation(stage, images[:1], nuclei)
    with pytest.raises(TypeError, match="no segmented Smear"):
        evaluate_segmentation(MedianDenoiser(3), images, nuclei)
