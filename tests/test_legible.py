"""What makes pages legible: contrast, boxes that scroll and are reached by keyboard, pictures no wider than the page."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from leukofeat.explanation.card import group_table
from leukofeat.markup import table
from leukofeat.report.comparison import _confusion_row, confusions
from leukofeat.report.page import whole_page


def luminance(color):
    level = np.asarray(color) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)


@pytest.mark.parametrize("true", [0, 1])
def test_counts_can_be_read_on_every_shade_of_a_confusion_matrix(true):
    """Contrast of at least 4.5, as WCAG 2 asks of small text."""
    for n in range(101):
        counts = np.array([n, 100 - n])
        for cell in _confusion_row(true, "a", counts)[1:]:
            *color, share = map(float, re.search(r"rgba\((.*?)\)", cell).group(1).split(","))
            ground = luminance(255 * (1 - share) + share * np.array(color))
            ink = 1.0 if 'class="dark"' in cell else 0.0
            assert (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) >= 4.5


def test_boxes_that_scroll_are_reached_by_keyboard():
    compared = SimpleNamespace(confusion={"a": pd.DataFrame([[1, 2], [3, 4]])})
    for markup in (table(pd.DataFrame({"a": [1]})), confusions(compared, ["a"])):
        assert re.findall(r"<div [^>]*wide[^>]*>", markup) == ['<div class="wide" tabindex="0">']


def test_pictures_are_no_wider_than_the_page():
    assert "img{max-width:100%;height:auto}" in whole_page("a", "b", [], [], [])


def test_every_column_of_an_explanation_has_a_heading():
    class Explanation:
        groups = pd.DataFrame(
            {"group": ["colour"], "contribution": [0.5], "n_columns": [3], "lead": ["nucleus_rgb_r_mean"]}
        )
        base, value, unit, verdict, against = 0.1, 0.6, "log-odds", "Pre", "Benign"

    headings = re.findall(r"<th [^>]*>(.*?)</th>", group_table(Explanation))
    assert len(headings) == 5
    assert all(headings)
