"""The pass: what is shared runs once, failures and times are data, whatever the number of workers."""

from __future__ import annotations

import numpy as np
import pytest

from leukofeat import as_sequence
from leukofeat.measuring import measure
from leukofeat.plan import Leaf, Node, Plan
from tests.stages import Area, Darker, DarkSegmenter, MeanColor


@pytest.fixture
def plan() -> Plan:
    """Two tables of segmented images, which share a family, and one of dark images."""
    nodes = [Node(-1), Node(0, (Darker(20).apply,)), Node(0, (DarkSegmenter().apply,))]
    leaves = [Leaf(2, (0,), "nan"), Leaf(2, (0, 1), "nan", "raise"), Leaf(1, (2,), "nan")]
    return Plan([Area(), MeanColor(), MeanColor()], leaves, nodes)


def test_each_leaf_gets_its_table(plan, smears):
    images = as_sequence(smears.images)
    segmented = DarkSegmenter().transform(images)
    area, both, dark = measure(plan, images)
    np.testing.assert_array_equal(area.values, Area().transform(segmented))
    np.testing.assert_array_equal(dark.values, MeanColor().transform(Darker(20).transform(images)))
    found = [i for i in range(8) if segmented[i].n_cells]
    expected = np.hstack([area.values, MeanColor().transform(images)])
    np.testing.assert_array_equal(both.values[found], expected[found])


def test_failures_are_data_and_only_of_the_table_they_concern(plan, smears):
    blank = np.full((8, 8, 3), 230, np.uint8)
    area, both, dark = measure(plan, as_sequence([smears.images[0], blank, "gone.png"]))
    assert [failure.row for failure in area.failures] == [failure.row for failure in dark.failures] == [2]
    assert [(failure.row, failure.name) for failure in both.failures] == [(1, "image 1"), (2, "gone.png")]
    assert both.failures[0].reason.startswith("ValueError: no cell found")
    assert np.isnan(both.values).all(axis=1).tolist() == [False, True, True]
    assert area.values[1, 0] == 0


def test_time_is_counted_by_image_and_stage(plan, smears):
    area, both, dark = measure(plan, as_sequence(smears.images))
    assert (area.seconds.shape, both.seconds.shape, dark.seconds.shape) == ((8, 3), (8, 4), (8, 3))
    np.testing.assert_array_equal(area.seconds, both.seconds[:, :3])
    np.testing.assert_array_equal(area.seconds[:, 0], dark.seconds[:, 0])
    assert (area.seconds > 0).all()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_rows_of_cells_know_their_image(smears, n_jobs):
    images = DarkSegmenter().transform([*smears.images, "gone.png"])
    cells = Plan([Area()], [Leaf(0, (0,), "nan")], per="cell")
    (found,) = measure(cells, images, n_jobs=n_jobs)
    counts = [images[i].n_cells for i in range(8)]
    np.testing.assert_array_equal(found.images, np.repeat(np.arange(8), counts))
    np.testing.assert_array_equal(found.values, np.vstack([Area().cells(images[i]) for i in range(8)]))
    assert [failure.row for failure in found.failures] == [8]


class Crooked(Area):
    """Names one column of cells and gives two."""

    def cells(self, smear):
        return np.zeros((smear.n_cells, 2))


def test_cells_must_have_as_many_columns_as_names(smears):
    with pytest.raises(ValueError, match=r"Crooked returned shape \(\d+, 2\) for 1 named columns") as caught:
        measure(Plan([Crooked()], [Leaf(0, (0,))], per="cell"), DarkSegmenter().transform(smears.images))
    assert caught.value.__notes__ == ["While measuring image 0."]


def test_no_image_gives_empty_tables(plan):
    for found, width in zip(measure(plan, as_sequence([])), (2, 5, 3), strict=True):
        assert found.values.shape == (0, width)
        assert found.failures == []


def test_cells_are_counted_image_by_image(plan, smears):
    blank = np.full((8, 8, 3), 230, np.uint8)
    images = as_sequence([smears.images[0], blank, "gone.png"])
    area, both, dark = measure(plan, images)
    n = DarkSegmenter().transform(images).smear(0).n_cells
    assert area.n_cells.tolist() == [n, 0, -1]
    assert both.n_cells.tolist() == [n, -1, -1]  # where no cell is an error
    assert dark.n_cells.tolist() == [-1, -1, -1]  # never segmented
    assert [found.empty.tolist() for found in (area, both, dark)] == [[1], [], []]
    (cells,) = measure(Plan([Area()], [Leaf(2, (0,), "nan")], plan.nodes, per="cell"), images)
    assert (cells.n_cells.tolist(), cells.empty.tolist()) == ([n, 0, -1], [])


class Interrupted(MeanColor):
    """Somebody presses Ctrl-C while a kernel runs, which comes out of that as another error."""

    def row(self, smear):
        try:
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt as interrupt:
                raise SystemError("returned a result with an exception set") from interrupt
        except SystemError as error:
            raise SystemError("returned a result with an exception set") from error


def test_an_interrupt_within_a_kernel_is_no_failure_of_the_image(smears):
    with pytest.raises(KeyboardInterrupt):
        measure(Plan([Interrupted()], [Leaf(0, (0,), "nan")], [Node(-1)]), as_sequence(smears.images))
