"""What the sets count: the middle cell of a portrait, boxes of a field, changes that change nothing, tables."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest
from outlines.changed import CHANGES, DYES, Noise, same_partition
from outlines.image_set import ImageSet, of_field, spread
from outlines.masked import Allidb2, Bccd, Bcisc, box_iou
from outlines.measure import measure_set, rate_confidence, sum_up
from outlines.tidied_otsu import TidiedOtsu, tidied
from outlines.unmarked import middle_cell

from leukofeat import Smear

SIZE = 100


def discs(*circles, size=SIZE):
    out = np.zeros((size, size), np.int32)
    for row, column, radius, label in circles:
        cv2.circle(out, (column, row), radius, label, -1)
    return out


def smear_of(nuclei, cells):
    return Smear(np.zeros((*cells.shape, 3), np.uint8), nuclei, cells)


def test_one_cell_in_the_middle():
    middle = middle_cell(smear_of(discs((50, 50, 12, 1)), discs((50, 50, 20, 1))))
    assert middle["in_cell"] == middle["alone"] == 1
    assert middle["ragged"] == middle["at_frame"] == 0
    assert middle["nc"] == pytest.approx(0.36, abs=0.03)


def test_two_nuclei_in_the_middle_cell_are_not_alone_but_specks_of_one_are_one():
    cells = discs((50, 36, 20, 1), (50, 64, 20, 1))
    assert middle_cell(smear_of(discs((50, 35, 14, 1), (50, 66, 14, 1)), cells))["alone"] == 0
    assert middle_cell(smear_of(discs((50, 35, 5, 1), (50, 66, 5, 1)), cells))["alone"] == 1


def test_a_cell_that_spans_the_image_is_not_alone_and_no_cell_is_not_in_one():
    assert middle_cell(smear_of(discs((50, 50, 30, 1)), discs((50, 50, 40, 1))))["alone"] == 0
    assert middle_cell(smear_of(discs((15, 15, 5, 1)), discs((15, 15, 9, 1))))["in_cell"] == 0
    without = middle_cell(smear_of(discs(), discs((50, 50, 20, 1))))
    assert (without["in_cell"], without["alone"], without["nc"]) == (1, 0, 0)


def test_a_fragment_in_the_middle_is_no_cell_of_its_own():
    piece = discs((50, 50, 6, 1))
    assert middle_cell(smear_of(piece, piece))["alone"] == 0


def test_a_nucleus_with_pieces_missing_is_ragged():
    nucleus = discs((50, 50, 18, 1)) - discs((50, 50, 12, 1))
    nucleus[50:] = 0
    assert middle_cell(smear_of(nucleus, discs((50, 50, 22, 1))))["ragged"] == 1


def test_fields_count_cells_with_cuts_and_small_nuclei():
    cells = discs((30, 30, 22, 1), (75, 75, 15, 2))
    cells[:18] = 0
    figures = of_field(smear_of(discs((30, 30, 5, 1), (75, 75, 12, 2)), cells))
    assert (figures["straight"], figures["straight_large"], figures["small_nuclei"]) == (1, 1, 1)


def test_boxes_overlap_as_their_areas_say():
    np.testing.assert_allclose(
        box_iou(np.array([[0, 0, 10, 10.0]]), np.array([[0, 5, 10, 15], [20, 20, 30, 30.0]])), [[1 / 3, 0]]
    )


def test_boxes_match_once(tmp_path):
    box = (
        "<object><name>{}</name><bndbox><ymin>10</ymin><xmin>10</xmin><ymax>31</ymax><xmax>31</xmax></bndbox></object>"
    )
    (tmp_path / "a.xml").write_text(f"<annotation>{box.format('WBC')}{box.format('RBC')}</annotation>")
    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((SIZE, SIZE, 3), np.uint8))
    cells = discs((20, 20, 10, 1), (70, 70, 10, 2))
    scores = Bccd.read(tmp_path, 5).score(0, smear_of(cells, cells))
    assert (scores["boxes"], scores["found"], scores["matched"]) == (1, 2, 1)


def crops(root, table):
    """Images, and masks of 255 that show the disc in the middle, as a manifest names them."""
    for column in ("path", *[name for name in table if name.startswith("mask")]):
        for path in table[column].dropna():
            (root / path).parent.mkdir(exist_ok=True, parents=True)
            mask = np.repeat((255 * discs((50, 50, 15, 1), (10, 10, 5, 1)))[..., None].astype(np.uint8), 3, axis=2)
            cv2.imwrite(str(root / path), mask)
    table.to_csv(root / "manifest.csv", index=False)
    return root


def test_platelets_of_allidb2_are_counted_apart(tmp_path):
    numbers = {"blast/Im001_1.png": "blast", "healthy/Im150_0.png": "healthy", "healthy/Im171_0.png": "healthy"}
    table = pd.DataFrame({"path": list(numbers), "label": list(numbers.values())})
    table["mask_a"] = [f"masks/{i}_a.png" for i in range(3)]
    table["mask_b"] = ["masks/0_b.png", None, None]
    data = Allidb2.read(crops(tmp_path, table), 10)
    exact, nothing = discs((50, 50, 15, 1)), discs()
    rows = pd.DataFrame([data.score(i, smear_of(maps, maps)) for i, maps in enumerate((exact, exact, nothing))])
    assert rows["kind"].tolist() == ["blast", "healthy", "platelet"]
    figures = data.summary(rows.join(data.table))
    assert figures["blasts_mean"] == figures["healthy_mean"] == 1
    assert figures["all_healthy_mean"] == 0.5
    assert (figures["platelets"], figures["platelets_found"], figures["healthy_under_.9"]) == (1, 0, 0)


def test_whole_cells_of_bcisc_by_type(tmp_path):
    table = pd.DataFrame({"path": ["b/1.png", "b/2.png"], "label": ["basophil"] * 2, "mask": ["m/1.png", "m/2.png"]})
    data = Bcisc.read(crops(tmp_path, table), 10)
    whole, nothing = discs((50, 50, 15, 1), (10, 10, 5, 1)), discs()
    rows = pd.DataFrame([data.score(i, smear_of(nothing, maps)) for i, maps in enumerate((whole, nothing))])
    figures = data.summary(rows.join(data.table))
    assert (figures["mean"], figures["not_found"], figures["under_.8"], figures["basophil"]) == (0.5, 1, 1, 0.5)


def test_partitions_are_the_same_whatever_the_numbers():
    a = discs((20, 20, 10, 1), (70, 70, 10, 2))
    assert same_partition(a, discs((20, 20, 10, 5), (70, 70, 10, 1)))
    assert not same_partition(a, discs((20, 20, 10, 1), (70, 70, 10, 1)))
    assert not same_partition(discs((20, 20, 10, 1), (70, 70, 10, 1)), a)
    assert not same_partition(a, discs((20, 20, 10, 1)))
    assert same_partition(discs(), discs())


@pytest.mark.parametrize("name", CHANGES | DYES)
def test_each_change_changes_the_image_a_little(name):
    image = np.random.default_rng(0).integers(90, 200, (32, 32, 3), np.uint8)
    changed = (CHANGES | DYES)[name](image)
    assert changed.shape == image.shape
    assert changed.dtype == np.uint8
    assert 0 < np.abs(changed.astype(int) - image).mean() < 45


def test_a_tidied_mask_has_neither_specks_nor_holes():
    mask = discs((40, 40, 25, 1)) - discs((40, 40, 8, 1)) + discs((90, 90, 4, 1))
    np.testing.assert_array_equal(tidied(mask > 0), cv2.medianBlur(discs((40, 40, 25, 1)).astype(np.uint8), 5) > 0)
    assert not tidied(np.zeros((9, 9), bool)).any()


def test_tidied_otsu_finds_nucleus_and_cell():
    image = np.full((SIZE, SIZE, 3), (240, 236, 244), np.uint8)
    image[discs((50, 50, 25, 1)) > 0] = (205, 180, 228)
    image[discs((50, 50, 15, 1)) > 0] = (95, 50, 150)
    smear = TidiedOtsu().transform([image])[0]
    assert smear.n_cells == 1
    assert (smear.nuclei > 0).sum() == pytest.approx(np.pi * 15**2, rel=0.05)
    assert (smear.cells > 0).sum() == pytest.approx(np.pi * 25**2, rel=0.05)
    assert TidiedOtsu().transform([np.full((20, 20, 3), 200, np.uint8)])[0].n_cells == 0


def test_at_most_so_many_rows_evenly():
    table = pd.DataFrame({"path": list("abcdefghij")})
    assert spread(table, 4)["path"].tolist() == ["a", "c", "f", "h"]
    assert spread(table, 20) is table


class _Rated(TidiedOtsu):
    """Sure of nothing, and says so."""

    def apply(self, smear):
        found = super().apply(smear)
        return found.replace(confidence=np.full(found.n_cells, 0.5))


def test_a_run_gives_a_row_each_and_names_what_cannot_be_read(tmp_path):
    made = np.full((60, 60, 3), 230, np.uint8)
    made[discs((30, 30, 12, 1), size=60) > 0] = (90, 40, 150)
    cv2.imwrite(str(tmp_path / "good.png"), made)
    (tmp_path / "bad.png").write_bytes(b"no image")

    class Set(ImageSet):
        def score(self, i, smear):
            return {"dice": 1.0, "confidence": float(smear.confidence[0])}

    data = Set("a set", pd.DataFrame({"path": ["good.png", "bad.png"]}), tmp_path)
    rows = measure_set(data, {"tidied": TidiedOtsu(), "rated": _Rated()})
    assert len(rows) == 4
    assert rows["failure"].notna().sum() == 2
    table = sum_up(data, rows)
    assert table["images"].tolist() == [1, 1]
    rated = rate_confidence(data, rows, tmp_path)
    assert rated["segmenter"].tolist() == ["rated"]
    assert (tmp_path / "a_set-rated-confidence.png").is_file()


def test_noise_is_the_same_each_time():
    np.testing.assert_array_equal(Noise().image(3), Noise().image(3))
    assert Noise().image(1).std(axis=2).max() == 0
