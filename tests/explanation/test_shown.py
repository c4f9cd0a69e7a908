"""Explanations as pictures, cards and pages."""

from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from leukofeat import Smear
from leukofeat.explanation import Explanation, explain
from leukofeat.explanation.card import AGAINST_COLOR, FOR_COLOR, SILENT_COLOR, draw_pushes
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures
from leukofeat.plotting import NOTE, ExplanationDisplay
from leukofeat.report import write_explanations

BOX = ["bbox_top", "bbox_left", "bbox_bottom", "bbox_right"]


@pytest.fixture(autouse=True)
def _no_screen():
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def found(smears, records):
    families = [GeometryFeatures(), ColorFeatures(regions=("nucleus",))]
    model = make_pipeline(FeatureSet(families), StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    return explain(model.fit(records, smears.target_names[smears.target]), records)


def test_cells_are_outlined_by_their_push():
    labels = np.zeros((60, 90), int)
    for i in range(3):
        labels[20:40, 30 * i + 5 : 30 * i + 20] = i + 1
    smear = Smear(np.full((60, 90, 3), 230, np.uint8), labels)
    cells = pd.DataFrame(smear.boxes, columns=BOX).assign(label=[1, 2, 3], cell=[1, 2, 3], push=[2.0, -0.5, np.nan])
    seen = draw_pushes(smear, cells, width=360)
    assert seen.shape == (240, 360, 3)
    inked = []
    for i, color in enumerate((FOR_COLOR, AGAINST_COLOR, SILENT_COLOR)):
        edge = seen[100:140, 120 * i + 12 : 120 * i + 30].astype(int)  # the left one, from outside in
        strongest = edge.reshape(-1, 3)[edge.sum(axis=2).argmin()]
        others = [c for c in (FOR_COLOR, AGAINST_COLOR, SILENT_COLOR) if c != color]
        assert all(np.abs(strongest - color).sum() < np.abs(strongest - other).sum() for other in others)
        inked.append((edge.sum(axis=2) < 600).sum(axis=1).max())
    assert inked[0] > inked[1]
    assert (draw_pushes(smear, cells.iloc[:0]) == 230).all()


def test_cells_for_and_against_are_told_apart_without_colour():
    labels = np.zeros((60, 90), int)
    labels[20:40, 5:25], labels[20:40, 50:70] = 1, 2
    smear = Smear(np.full((60, 90, 3), 230, np.uint8), labels)
    cells = pd.DataFrame(smear.boxes, columns=BOX).assign(label=[1, 2], cell=[1, 2], push=[1.0, -1.0])
    grey = draw_pushes(smear, cells, width=360).mean(axis=2)
    around_for, around_against = grey[78:86, 26:96].min(axis=0), grey[78:86, 206:276].min(axis=0)  # upper edges
    assert (around_for < 160).all(), "one line"
    dashed = np.diff((around_against < 160).astype(int))
    assert 4 <= np.abs(dashed).sum() <= 12, "dashes and gaps"
    assert 0.3 < (around_against < 160).mean() < 0.7


@pytest.mark.parametrize("width", [20, 480])
def test_cells_of_a_pixel_are_drawn(width):
    labels = np.zeros((40, 60), int)
    labels[5, 5], labels[39, 59] = 1, 2
    smear = Smear(np.full((40, 60, 3), 230, np.uint8), labels)
    cells = pd.DataFrame(smear.boxes, columns=BOX).assign(label=[1, 2], cell=[1, 2], push=[-1.0, -0.01])
    assert (draw_pushes(smear, cells, width=width) != 230).any()


def test_the_display_has_the_picture_and_bars_that_add_up(found):
    display = ExplanationDisplay.from_explanation(found[0])
    picture, bars = display.axes_
    assert len(picture.images) == 1
    assert sum(bar.get_width() for bar in bars.patches) == pytest.approx(found[0].value)
    silent = (found[0].groups["contribution"].abs() < 0.005 * found[0].groups["contribution"].abs().max()).sum()
    assert len(bars.patches) == len(found[0].groups) + 1 - max(0, silent - 1)  # those too short to be seen are one
    assert display.figure_.get_supxlabel() == NOTE
    assert str(found[0].verdict) in picture.get_title(loc="left")
    few = ExplanationDisplay.from_explanation(found[0], k=2)
    assert sum(bar.get_width() for bar in few.axes_[1].patches) == pytest.approx(found[0].value)
    assert f"{len(found[0].groups) - 2} others" in [text.get_text() for text in few.axes_[1].get_yticklabels()]


def test_the_display_of_an_image_without_a_verdict():
    display = ExplanationDisplay.from_explanation(Explanation("a.png", 0, reason="the file is empty"))
    display.figure_.canvas.draw()
    assert "the file is empty" in display.axes_[0].get_title(loc="left")


def test_from_estimator_takes_one_image(smears):
    model = make_pipeline(ColorFeatures(regions=("image",)), StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(smears.images, smears.target)
    with pytest.raises(ValueError, match="2 images"):
        ExplanationDisplay.from_estimator(model, smears.images[:2])


def test_the_page_shows_each_image_and_says_what_it_is_not(found, tmp_path):
    silent = Explanation("<b>.png", 8, reason="no leukocyte found")
    page = write_explanations(tmp_path / "why.html", [*found, silent]).read_text()
    assert page.count("<img") == page.count(", its cells outlined") == len(found)
    assert "in dashed orange for" in page
    assert page.count(NOTE) >= len(found)
    assert "9 images: " in page
    assert "1 without a verdict" in page
    assert "&lt;b&gt;.png" in page
    assert "<script" not in page
    with pytest.raises(ValueError, match="nothing to write"):
        write_explanations(tmp_path / "none.html", [])


def test_a_card_names_verdict_groups_and_cells(found):
    why = max(found, key=lambda why: len(why.cells))
    shown = why._repr_html_()
    for text in (str(why.verdict), *why.groups["group"].head(3), NOTE, f"Cells ({len(why.cells)} of {len(why.cells)})"):
        assert text in shown


def test_a_class_called_0_is_a_verdict(found):
    shown = replace(found[0], verdict=0)._repr_html_()
    assert ": 0<" in shown
    assert "no verdict" not in shown
    assert "no verdict" in Explanation("3.png", 0, reason="the file is empty")._repr_html_()
