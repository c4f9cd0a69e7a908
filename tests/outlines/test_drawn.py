"""The text file of outlines drawn by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from outlines.drawn import Drawn, fill_outlines, read_outlines

from leukofeat import Smear

TEXT = """# outlines
APL/a.png nucleus 10,10 29,10 29,29 10,29  # a square
APL/a.png cell 5,5 34.5,5 34.5,34.5 5,34.5

APL/b.png nucleus 1,1 5,1 5,5
APL/b.png nucleus 20,20 25,20 25,25 20,25
"""


def test_lines_of_one_region_are_kept_together(tmp_path):
    (tmp_path / "outlines.txt").write_text(TEXT)
    images = read_outlines(tmp_path / "outlines.txt")
    assert list(images) == ["APL/a.png", "APL/b.png"]
    assert [len(own) for own in images["APL/a.png"].values()] == [1, 1]
    assert len(images["APL/b.png"]["nucleus"]) == 2
    np.testing.assert_array_equal(images["APL/b.png"]["nucleus"][0], [(1, 1), (5, 1), (5, 5)])


@pytest.mark.parametrize(
    "line",
    ["a.png nucleus 1,2 3,4", "a.png red 1,2 3,4 5,6", "a.png", "a.png cell 1,2 3 5,6", "a.png cell x,1 2,3 4,5"],
)
def test_what_is_no_outline_is_named(tmp_path, line):
    (tmp_path / "outlines.txt").write_text(f"# one\n{line}\n")
    with pytest.raises(ValueError, match=r"outlines\.txt, line 2: expected `image nucleus|cell"):
        read_outlines(tmp_path / "outlines.txt")


def test_x_goes_to_the_right_and_whole_numbers_are_middles():
    mask = fill_outlines([np.array([(9.5, 2.5), (19.5, 2.5), (19.5, 6.5), (9.5, 6.5)])], (10, 30))
    expected = np.zeros((10, 30), bool)
    expected[3:7, 10:20] = True
    np.testing.assert_array_equal(mask, expected)


def test_a_circle_of_corners_has_its_area():
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    mask = fill_outlines([np.stack([60 + 40 * np.cos(angle), 50 + 40 * np.sin(angle)], axis=1)], (100, 120))
    assert mask.sum() == pytest.approx(np.pi * 40**2, rel=0.005)


def test_images_that_are_not_there_are_left_out_and_the_rest_scored(tmp_path):
    (tmp_path / "outlines.txt").write_text(TEXT)
    (tmp_path / "APL").mkdir()
    cv2.imwrite(str(tmp_path / "APL" / "a.png"), np.full((40, 40, 3), 200, np.uint8))
    drawn = Drawn.read(tmp_path, 10, tmp_path / "outlines.txt")
    assert len(drawn) == 1
    truth = drawn.truth(0)
    scores = drawn.score(0, Smear(drawn.image(0), truth["cells"], truth["cells"]))
    assert scores["cell_dice"] == 1
    assert scores["nc"] == 1
    assert scores["true_nc"] < 0.6
    assert scores["dice"] < 0.75  # a nucleus made as large as its cell
    assert drawn.score(0, Smear(drawn.image(0), truth["nuclei"], truth["cells"]))["dice"] == 1
