"""A metric by the number of training images, and from site to site."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from leukofeat.evaluation import SiteComparison
from leukofeat.plotting import TrainingSizeDisplay, TransferDisplay
from tests.plotting.made_up import make_comparison


@pytest.fixture(scope="module")
def two():
    return make_comparison(["weak", "strong", "verdicts"], kinds=("probabilities", "decision", "none"))


def test_training_sizes_draw_value_and_interval_by_number_of_images(two):
    more = make_comparison(["weak", "strong", "verdicts"], kinds=("probabilities", "decision", "none"), n=96, seed=1)
    display = TrainingSizeDisplay.from_comparisons({"100 %": more, "50 %": two}, metric="balanced_accuracy")
    line = display.lines_["strong"]
    assert line.get_xdata().tolist() == [32.0, 64.0], "from the smallest"
    np.testing.assert_array_equal(line.get_ydata(), [c.table.loc["strong", "balanced_accuracy"] for c in (two, more)])
    ends = display.table.query("pipeline == 'strong'")[["low", "high"]]
    np.testing.assert_array_equal(
        ends.iloc[1], more.table.loc["strong", ["balanced_accuracy_low", "balanced_accuracy_high"]]
    )
    last = display.table.groupby("pipeline")["value"].last()
    said = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert last[said].tolist() == sorted(last, reverse=True), "in the order in which the lines end"
    single = TrainingSizeDisplay.from_comparisons({"100 %": two}, pipelines=["weak"])
    assert len(single.table) == 1
    for wrong, match in (({}, "dict of size"), (two, "dict of size")):
        with pytest.raises(ValueError, match=match):
            TrainingSizeDisplay.from_comparisons(wrong)
    with pytest.raises(ValueError, match="no metric"):
        TrainingSizeDisplay.from_comparisons({"1": two}, metric="beauty")


def test_transfer_draws_the_matrix_with_its_intervals():
    sites = ["A", "B", "only healthy"]
    rows = [
        (name, train, test, value, value - 0.1, value + 0.05)
        if test != "only healthy"
        else (name, train, test, *[np.nan] * 3)
        for k, name in enumerate(("one", "two"))
        for i, train in enumerate(["A", "B", "all others"])
        for j, test in enumerate(sites)
        for value in [0.5 + 0.1 * i + 0.07 * j + 0.01 * k]
    ]
    table = pd.DataFrame(rows, columns=["pipeline", "train", "test", "auc", "auc_low", "auc_high"])
    result = SiteComparison(table, pd.DataFrame(), pd.DataFrame(), pd.DataFrame(index=sites))
    display = TransferDisplay.from_comparison(result)
    assert len(display.axes_) == 2
    drawn = display.images_["two"].get_array()
    np.testing.assert_allclose(drawn.filled(np.nan), result.matrix().loc["two"])
    said = [text.get_text() for text in display.axes_[0].texts]
    assert said[:2] == ["0.50", "0.40 – 0.55"]
    assert len(said) == 12, "nothing is written where nothing was measured"
    frames = [patch for patch in display.axes_[0].patches if patch.get_hatch() is None]
    hatched = [patch for patch in display.axes_[0].patches if patch.get_hatch()]
    assert len(frames) == 2, "the site itself"
    assert len(hatched) == 3
    bare = TransferDisplay.from_comparison(
        SiteComparison(table.drop(columns=["auc_low", "auc_high"]), pd.DataFrame(), pd.DataFrame(), result.sites),
        pipelines="one",
    )
    assert len(bare.axes_[0].texts) == 6
    with pytest.raises(ValueError, match="'beauty'"):
        TransferDisplay.from_comparison(result, metric="beauty")
