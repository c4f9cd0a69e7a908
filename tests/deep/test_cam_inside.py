"""Shares of heat in the parts of an image: by hand, as laws, and for what a stranger may bring."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.pipeline import make_pipeline

from leukofeat import Smear
from leukofeat.datasets import make_smears
from leukofeat.deep import CNNClassifier, cam_inside, cam_table
from leukofeat.deep.cam_inside import PLACES, find_bars
from leukofeat.features.relative_color import split_background
from leukofeat.preprocessing.scale_bar import draw_scale_bar
from leukofeat.segmentation import OtsuSegmenter
from leukofeat.sequence import as_sequence
from tests.deep.looking import TinyClassifier


def test_heat_on_one_place_is_all_there(records):
    smear = records[0]
    outside = split_background(smear)
    masks = {
        "nucleus": smear.region("nucleus") > 0,
        "cytoplasm": smear.cytoplasm > 0,
        "red_cells": outside == 2,
        "empty": outside == 1,
    }
    for place, mask in masks.items():
        assert mask.any()
        shares = cam_inside(smear, mask * 3.0)
        assert shares.heat == pytest.approx({name: float(name == place) for name in PLACES})
        assert shares.area[place] == pytest.approx(mask.mean())
        assert shares.enrichment[place] == pytest.approx(1 / mask.mean())


@settings(max_examples=25, deadline=None)
@given(heat=arrays(np.float64, (96, 96), elements=st.floats(0, 1e6)), factor=st.floats(1e-3, 1e3))
def test_shares_sum_to_one_and_have_no_unit(records, heat, factor):
    heat[0, 0] = 1.0
    shares, scaled = cam_inside(records[1], heat), cam_inside(records[1], factor * heat)
    assert sum(shares.heat.values()) == pytest.approx(1)
    assert sum(shares.area.values()) == pytest.approx(1)
    assert scaled.heat == pytest.approx(shares.heat, abs=1e-9)
    assert all(0 <= share <= 1 + 1e-12 for share in shares.heat.values())


def test_even_heat_is_nowhere_denser(records):
    shares = cam_inside(records[0], np.full((96, 96), 0.2))
    assert shares.heat == pytest.approx(shares.area)
    assert np.isnan(shares.enrichment["bar"])
    assert shares.enrichment["nucleus"] == pytest.approx(1)


def test_without_heat_there_are_no_shares_of_it(records):
    shares = cam_inside(records[0], np.zeros((96, 96)))
    assert np.isnan(list(shares.heat.values())).all()
    assert sum(shares.area.values()) == pytest.approx(1)


@pytest.mark.parametrize("style", ["white box", "black"])
def test_a_bar_goes_before_the_cell_that_it_covers(style):
    image = draw_scale_bar(np.full((224, 224, 3), 215, np.uint8), style)
    cells = np.zeros((224, 224), np.int32)
    cells[100:, 100:] = 1
    drawn = (image != 215).any(axis=2)
    shares = cam_inside(Smear(image, cells), drawn)
    assert shares.heat["bar"] > 0.9
    assert shares.heat["bar"] + shares.heat["nucleus"] == pytest.approx(1)
    assert 0 < shares.area["bar"] < 3 * drawn.mean()
    assert cam_inside(Smear(image, cells), drawn, bar=(190, 190, 224, 224)).heat["bar"] == pytest.approx(1)


def test_cells_without_nuclei_images_without_cells_and_small_ones_have_shares():
    none = np.zeros((5, 4), np.int32)
    for cells in (none, none + 1):
        shares = cam_inside(Smear(np.full((5, 4, 3), 200, np.uint8), none, cells), np.ones((5, 4), np.float32))
        assert shares.heat["cytoplasm" if cells.any() else "empty"] == pytest.approx(1)
    one = Smear(np.zeros((1, 1, 3), np.uint8), np.ones((1, 1), np.int32))
    assert cam_inside(one, [[2]]).heat["nucleus"] == 1


def test_says_what_is_wrong(records):
    smear, heat = records[0], np.ones((96, 96))
    with pytest.raises(ValueError, match=r"segmented smear only \(a.png\): put a segmenter"):
        cam_inside(Smear(smear.image, source="a.png"), heat)
    with pytest.raises(ValueError, match=r"heat has shape \(7, 7\); the image has \(96, 96\)"):
        cam_inside(smear, np.ones((7, 7)))
    for wrong in (np.nan, np.inf, -1e-3):
        with pytest.raises(ValueError, match="finite and not negative"):
            cam_inside(smear, np.where(np.eye(96) > 0, wrong, heat))


def test_bars_are_found_by_what_recurs():
    images = make_smears(n_samples=40, random_state=0, faults="scale_bar").images
    alone = [find_bars(as_sequence([image]))[0] for image in images]
    together = find_bars(as_sequence(images))
    assert sum(box is not None for box in together) >= sum(box is not None for box in alone) > 0
    assert find_bars(as_sequence([])) == []


def test_the_table_has_a_row_an_image(smears, records):
    pytest.importorskip("torch")
    model = TinyClassifier().fit(None)
    column = pd.DataFrame({"image": pd.Series(list(smears.images[:3]), index=[5, 6, 9])})
    table = cam_table(model, column, segmenter=OtsuSegmenter())
    assert table.index.tolist() == [5, 6, 9]
    assert table["image"].tolist() == ["image 0", "image 1", "image 2"]
    np.testing.assert_allclose(table.filter(like="area_").sum(axis=1), 1)
    in_front = cam_table(make_pipeline(OtsuSegmenter(), model), column)
    pd.testing.assert_frame_equal(in_front, table)
    by_truth = cam_table(model, records[:3], target="Pre")
    assert set(by_truth["target"]) == {"Pre"}
    assert by_truth["area_nucleus"].iloc[0] == pytest.approx((records[0].region("nucleus") > 0).mean())
    alone = by_truth["cells_alone"]
    assert ((alone > 1.2 * (by_truth["area_nucleus"] + by_truth["area_cytoplasm"])) & (alone < 1)).all()
    fine = cam_table(model, records[:3], layer="0")["cells_alone"]
    assert (fine > alone).all(), "finer maps keep closer to the cells"
    assert cam_table(model, []).columns.tolist() == table.columns.tolist()
    with pytest.raises(ValueError, match="segmenter="):
        cam_table(model, smears.images)


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_a_network_that_saw_cells_alone_saw_them_where_they_are(resize):
    pytest.importorskip("torch")
    cells = np.zeros((32, 96), np.int32)
    cells[:, 32:64] = 1  # all that "crop" shows
    smear = Smear(np.full((32, 96, 3), 200, np.uint8), cells)
    fields = np.random.default_rng(0).integers(0, 256, (4, 32, 96, 3), np.uint8)
    model = CNNClassifier("thanh2017", input_size=48, n_epochs=1, validation=0, resize=resize)
    alone = cam_table(model.fit(fields, [0, 1, 0, 1]), [smear])["cells_alone"].item()
    assert alone == pytest.approx(1) if resize == "crop" else 0.8 < alone < 1
