"""One image with its cells: what is drawn lies where the label maps say, and no text over another."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from leukofeat import Smear
from leukofeat.features import ColorFeatures
from leukofeat.plotting import NOTE, CellsDisplay
from leukofeat.plotting.labels import place_labels
from leukofeat.preprocessing import MedianDenoiser
from leukofeat.segmentation import LabKMeansSegmenter


def smear(**options):
    cells = np.zeros((60, 80), np.int32)
    cells[5:25, 10:30], cells[30:50, 40:70] = 4, 9
    nuclei = np.zeros_like(cells)
    nuclei[10:15, 15:22] = 4
    return Smear(np.full((60, 80, 3), 220, np.uint8), nuclei, cells, **options)


def test_outlines_go_round_the_pixels_of_cells_and_nuclei():
    display = CellsDisplay.from_smear(smear(confidence=[np.nan] * 3 + [0.91] + [np.nan] * 5))
    segments = display.outlines_["cell"].get_segments()
    assert len(segments) == 2
    (left, top), (right, bottom) = segments[0].min(axis=0), segments[0].max(axis=0)
    assert (left, top, right, bottom) == (9.5, 4.5, 29.5, 24.5)
    (nucleus,) = display.outlines_["nucleus"].get_segments()
    assert nucleus.min(axis=0).tolist() == [14.5, 9.5]
    assert [text.get_text() for text in display.texts_.values()] == ["4 (0.91)", "9"], "by their names"
    assert display.ax_.get_title() == "2 cells: number (confidence in the outline)"
    assert NOTE not in display.figure_.get_supxlabel(), "nothing is said of the image"


def test_classes_have_dashes_and_words_of_their_own():
    display = CellsDisplay.from_smear(smear(), classes=["blast", None], scores=[0.8, np.nan], verdict="malignant")
    assert list(display.outlines_) == ["cell", "blast", "nucleus"]
    assert [text.get_text() for text in display.texts_.values()] == ["4 blast 0.80", "9"]
    assert display.ax_.get_title().startswith("malignant\n2 cells")
    assert display.figure_.get_supxlabel() == NOTE
    two = CellsDisplay.from_smear(smear(), classes=["blast", "lymphocyte"])
    lines = [str(two.outlines_[kind].get_linestyle()) for kind in ("blast", "lymphocyte")]
    assert lines[0] != lines[1]
    assert two.figure_.get_supxlabel() == NOTE, "classes of cells are verdicts"
    for wrong in ({"classes": ["blast"]}, {"scores": [0.1, 0.2, 0.3]}):
        with pytest.raises(ValueError, match="the image has 2 cells"):
            CellsDisplay.from_smear(smear(), **wrong)


def test_what_was_not_reported_is_marked_where_asked():
    bodies = [(40.0, 12.0, 30, "a platelet")]
    plain = CellsDisplay.from_smear(smear(dropped=bodies))
    assert not plain.ax_.lines
    marked = CellsDisplay.from_smear(smear(dropped=bodies), dropped=True)
    assert [line.get_xydata().tolist() for line in marked.ax_.lines] == [[[12.0, 40.0]]] * 2
    assert "seen, not reported (1)" in [text.get_text() for text in marked.ax_.get_legend().get_texts()]


def test_no_cell_many_cells_and_no_segmenter():
    image = np.full((40, 50, 3), 200, np.uint8)
    empty = CellsDisplay.from_smear(Smear(image, np.zeros((40, 50), int)))
    assert empty.ax_.get_title() == "0 cells"
    assert not empty.outlines_
    with pytest.raises(ValueError, match="not segmented"):
        CellsDisplay.from_smear(Smear(image))
    labels = np.zeros((400, 600), np.int32)
    labels[::4, ::6] = np.arange(1, 10_001).reshape(100, 100)
    many = CellsDisplay.from_smear(Smear(np.full((400, 600, 3), 200, np.uint8), np.where(labels <= 300, labels, 0)))
    assert many.ax_.get_title() == "300 cells, too many for texts"
    assert not many.texts_
    assert len(many.outlines_["cell"].get_segments()) == 300


def test_a_pipeline_is_drawn_with_its_verdict(smears):
    stages = (MedianDenoiser(), LabKMeansSegmenter())
    model = make_pipeline(*stages, ColorFeatures(regions=("image",)), GaussianNB())
    model.fit(smears.images, smears.target)
    display = CellsDisplay.from_estimator(model, smears.images[:1])
    found = make_pipeline(*stages).fit_transform(smears.images[:1])[0]
    assert len(display.cells) == found.n_cells
    np.testing.assert_array_equal(display.smear.image, found.image)
    said, sure = model.predict(smears.images[:1])[0], model.predict_proba(smears.images[:1]).max()
    assert display.title == f"{said}, {sure:.2f}"
    assert CellsDisplay.from_estimator(LabKMeansSegmenter(), smears.images[:1]).title == ""
    with pytest.raises(ValueError, match="2 images; give one"):
        CellsDisplay.from_estimator(model, smears.images[:2])


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80), st.integers(1, 40), st.integers(1, 40)), max_size=12),
    st.integers(0, 30),
)
def test_no_text_lies_over_another_or_over_the_frame(corners, length):
    figure, ax = plt.subplots(figsize=(3, 3))
    ax.imshow(np.zeros((120, 120)))
    boxes = np.array([(top, left, top + high, left + wide) for top, left, high, wide in corners]).reshape(-1, 4)
    placed = place_labels(ax, [f"{i} {'x' * length}" for i in range(len(boxes))], boxes)
    figure.canvas.draw()
    extents = [text.get_window_extent() for text in placed.values()]
    for a, b in itertools.combinations(extents, 2):
        assert not (a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1)
    frame = ax.get_window_extent()
    assert all(e.x0 >= frame.x0 and e.x1 <= frame.x1 and e.y0 >= frame.y0 and e.y1 <= frame.y1 for e in extents)
    assert len(ax.texts) == len(placed)
    plt.close(figure)
