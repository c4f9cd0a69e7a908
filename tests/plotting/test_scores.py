"""What the displays of a comparison draw is what its tables say."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve
from sklearn.svm import SVC

from leukofeat.plotting import (
    NOTE,
    ComparisonDisplay,
    ConfusionDisplay,
    ReliabilityDisplay,
    RocBandDisplay,
    TrainingSizeDisplay,
)
from leukofeat.plotting.style import line_style, marker_style, short
from leukofeat.statistics.curves import GRID
from tests.plotting.made_up import make_comparison

FOUR = ("Benign", "Early", "Pre", "Pro")
LONG = [f"a_pipeline_with_a_name_that_nobody_can_read_{i:02d}_$of_{i}$_costs" for i in range(30)]


@pytest.fixture(scope="module")
def two():
    return make_comparison(["weak", "strong", "verdicts"], kinds=("probabilities", "decision", "none"))


@pytest.fixture(scope="module")
def thirty():
    return make_comparison(LONG, labels=FOUR)


def drawn_texts(figure):
    """Visible texts of a figure with their places on the screen."""
    figure.canvas.draw()
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    spans = [(axis, sorted(axis.get_view_interval())) for axis in axes]
    unseen = [t.label1 for axis, (low, high) in spans for t in axis.get_major_ticks() if not low <= t.get_loc() <= high]
    found = figure.findobj(lambda part: hasattr(part, "get_text") and part.get_visible() and part.get_text().strip())
    return [(text.get_text(), text.get_window_extent()) for text in found if text not in unseen]


def inside(figure):
    frame = figure.bbox
    return all(
        box.x0 >= frame.x0 - 2 and box.x1 <= frame.x1 + 2 and box.y0 >= frame.y0 - 2 and box.y1 <= frame.y1 + 2
        for text, box in drawn_texts(figure)
    )


def test_comparison_draws_the_intervals_of_the_table(two):
    display = ComparisonDisplay.from_comparison(two, metric="auc", pipelines=["weak", "strong"])
    names = display.table.index.tolist()
    assert names == two.table.loc[["weak", "strong"], "auc"].sort_values(ascending=False).index.tolist()
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == names
    np.testing.assert_array_equal(display.points_.get_xdata(), two.table.loc[names, "auc"])
    ends = [segment[:, 0].tolist() for segment in display.intervals_.get_segments()]
    np.testing.assert_array_equal(ends, two.table.loc[names, ["auc_low", "auc_high"]])
    ticks = [line for line in display.ax_.lines if line.get_marker() == "|"]
    np.testing.assert_array_equal(ticks[0].get_xdata(), two.by_fold.query(f"pipeline == '{names[0]}'")["auc"])
    assert f"{two.table.loc[names[0], 'auc']:.3f}" in [text.get_text() for text in display.ax_.texts]
    assert display.figure_.get_supxlabel() == NOTE
    low, high = display.ax_.get_xlim()
    assert low <= two.table.loc[names, "auc_low"].min() < two.table.loc[names, "auc_high"].max() <= high


def test_comparison_of_what_has_no_interval_and_of_what_is_missing(two):
    time = ComparisonDisplay.from_comparison(two, metric="ms_per_image")
    assert time.table.index[0] == "weak", "the fastest stands first"
    assert time.table["low"].isna().all()
    assert time.folds is None
    missing = ComparisonDisplay.from_comparison(two, metric="brier")
    assert "–" in [text.get_text() for text in missing.ax_.texts], "verdicts alone have no Brier score"
    nothing = ComparisonDisplay.from_comparison(two, metric="brier", pipelines="verdicts")
    nothing.figure_.canvas.draw()
    for wrong in ({"metric": "auc_low"}, {"metric": "beauty"}, {"pipelines": ["nobody"]}):
        with pytest.raises(ValueError, match="There is no"):
            ComparisonDisplay.from_comparison(two, **wrong)


def test_roc_is_that_of_scikit_learn(two):
    display = RocBandDisplay.from_comparison(two)
    assert [curve.name for curve in display.curves] == ["weak", "strong"], "verdicts alone have no curve"
    assert len(display.axes_) == 1, "of two classes one"
    for curve in display.curves:
        own = two.predictions.query(f"pipeline == '{curve.name}'")
        positive, scores = own["target"] == "blast", own["score_blast"]
        fpr, tpr, _ = roc_curve(positive, scores, drop_intermediate=False)
        line = display.lines_[curve.name, "blast"]
        np.testing.assert_allclose(line.get_ydata()[1:], np.interp(GRID, fpr, tpr))
        np.testing.assert_array_equal(line.get_xdata()[1:], GRID)
        known = two.by_class.query(f"pipeline == '{curve.name}' and `class` == 'blast'").iloc[0]
        assert (curve.auc, *curve.auc_interval) == (known["auc"], known["auc_low"], known["auc_high"])
        assert curve.auc == pytest.approx(roc_auc_score(positive, scores))
        assert (curve.low <= curve.tpr).all()
        assert (curve.tpr <= curve.high).all()
        said = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
        assert f"{curve.name} {curve.auc:.2f} ({known['auc_low']:.2f} to {known['auc_high']:.2f})" in said
    assert len(display.axes_[0].collections) == 2, "a band each"


def test_roc_of_four_classes_by_decision_values_and_of_thirty_pipelines(thirty):
    four = RocBandDisplay.from_comparison(make_comparison(["one"], labels=FOUR, kinds=("decision",)))
    assert [ax.get_legend().get_title().get_text() for ax in four.axes_] == [f"AUC, {c} against the rest" for c in FOUR]
    chosen = RocBandDisplay.from_comparison(thirty, classes="Pre")
    assert len(chosen.axes_) == 1
    assert len(chosen.lines_) == 30
    assert not chosen.axes_[0].collections, "thirty bands would be a grey"
    said = [text.get_text() for text in chosen.axes_[0].get_legend().get_texts()]
    assert len(said) == 9
    assert said[-1] == "22 others"
    best = thirty.by_class.groupby("pipeline")["auc"].mean()
    areas = {curve.name: curve.auc for curve in chosen.curves}
    top = sorted(areas, key=lambda name: -areas[name])[:8]
    grey = [name for (name, _), line in chosen.lines_.items() if line.get_linewidth() < 1]
    assert set(grey) == set(areas) - set(top)
    assert best.notna().all()
    assert inside(chosen.figure_)


def test_roc_from_predictions_and_estimators():
    rng = np.random.default_rng(0)
    target, scores = np.repeat([0, 1], 20), np.repeat(rng.normal(size=8), 5) + 0.1 * rng.normal(size=40)
    grouped = RocBandDisplay.from_predictions(target, scores, groups=np.arange(40) // 5, name="mine").curves[0]
    alone = RocBandDisplay.from_predictions(target, scores).curves[0]
    np.testing.assert_array_equal(grouped.tpr, alone.tpr)
    assert np.sum(grouped.high - grouped.low) > np.sum(alone.high - alone.low), "fewer units, a wider band"
    assert alone.auc == pytest.approx(roc_auc_score(target, scores))
    X, y = load_iris(return_X_y=True)
    names = np.array(["a", "b", "c"])[y]
    three = RocBandDisplay.from_estimator(RidgeClassifier().fit(X, names), X, names)
    assert [curve.label for curve in three.curves] == ["a", "b", "c"]
    assert three.curves[0].auc == 1.0
    unseen = RocBandDisplay.from_estimator(LogisticRegression(max_iter=500).fit(X[y < 2], y[y < 2]), X, y)
    assert unseen.curves[2].auc == 0.5, "a class that was never learned has one score"
    pairs = SVC(decision_function_shape="ovo").fit(np.r_[X, X[:40] + 9], np.r_[y, np.full(40, 3)])
    with pytest.raises(ValueError, match="neither probabilities nor a decision value"):
        RocBandDisplay.from_estimator(pairs, X, y)
    for wrong, match in (
        (([0, 1], [0.1, np.nan]), "NaN for 1 of 2"), (([0, 1, 2], [0.1, 0.2, 0.3]), "a column a class"),
        (([0, 1], [0.1]), "length|entries|rows|1"), (([0, 1], [[0.1, 0.2, 0.7]] * 2), "a column a class"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=match):
            RocBandDisplay.from_predictions(*wrong)
    with pytest.raises(ValueError, match="no class 7"):
        RocBandDisplay.from_predictions([0, 1], [0.1, 0.2], classes=[7])
    with pytest.raises(ValueError, match="2 predictions and 3 groups"):
        RocBandDisplay.from_predictions([0, 1], [0.1, 0.2], groups=[1, 2, 3])
    only = RocBandDisplay.from_predictions([1, 1], [0.1, 0.2], labels=[0, 1])
    assert not only.curves
    assert "No pipeline" in only.axes_[0].texts[0].get_text()


def test_reliability_is_that_of_scikit_learn(two):
    display = ReliabilityDisplay.from_comparison(two)
    (curve,) = display.curves
    assert curve.name == "weak", "the others give no probabilities"
    own = two.predictions.query("pipeline == 'weak'")
    scores = own[["score_benign", "score_blast"]].to_numpy()
    share, mean = calibration_curve(own["predicted"] == own["target"], scores.max(axis=1), n_bins=10)
    np.testing.assert_allclose(display.points_["weak"].get_xdata(), mean)
    np.testing.assert_allclose(display.points_["weak"].get_ydata(), share)
    assert curve.n_images.sum() == len(own)
    assert sorted(text.get_text() for text in display.axes_[0].texts) == sorted(map(str, curve.n_images))
    segments = display.axes_[0].collections[0].get_segments()
    np.testing.assert_allclose([s[:, 1] for s in segments], np.column_stack([curve.low, curve.high]))
    one = ReliabilityDisplay.from_predictions(own["target"], own["score_blast"]).curves[0]
    np.testing.assert_allclose(one.found, curve.found)
    with pytest.raises(ValueError, match="no probabilities"):
        ReliabilityDisplay.from_predictions([0, 1], [-3.0, 2.0])
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="CalibratedClassifier"):
        ReliabilityDisplay.from_estimator(RidgeClassifier().fit(X, y), X, y)
    none = ReliabilityDisplay.from_comparison(two, pipelines=["strong"])
    assert "No pipeline" in none.axes_[0].texts[0].get_text()


def test_confusion_counts_images_folds_and_groups(two):
    whole = ConfusionDisplay.from_comparison(two, pipelines=["weak"])
    own = two.predictions.query("pipeline == 'weak'")
    np.testing.assert_array_equal(whole.counts["weak"], confusion_matrix(own["target"], own["predicted"]))
    expected = confusion_matrix(own["target"], own["predicted"], normalize="true")
    np.testing.assert_allclose(whole.shares_["weak"], expected)
    np.testing.assert_allclose(whole.axes_[0].images[0].get_array(), expected)
    parts = [ConfusionDisplay.from_comparison(two, pipelines=["weak"], fold=k).counts["weak"] for k in range(3)]
    np.testing.assert_array_equal(sum(map(np.asarray, parts)), whole.counts["weak"])
    groups = ConfusionDisplay.from_comparison(two, of="groups", normalize=None)
    assert len(groups.axes_) == 3
    votes = two.by_group.query("pipeline == 'weak'")
    np.testing.assert_array_equal(groups.counts["weak"], confusion_matrix(votes["target"], votes["vote"]))
    assert [text.get_text() for text in groups.axes_[0].texts] == groups.counts["weak"].to_numpy().ravel().astype(
        str
    ).tolist()
    assert "groups" in groups.axes_[0].get_xlabel()
    for normalize in ("pred", "all"):
        shares = ConfusionDisplay(whole.counts, normalize=normalize).plot().shares_["weak"]
        np.testing.assert_allclose(shares, confusion_matrix(own["target"], own["predicted"], normalize=normalize))
    plain = make_comparison(["one"], grouped=False)
    for wrong, match in (
        ({"of": "groups"}, "give compare groups="),
        ({"of": "cells"}, "of must be"),
        ({"fold": 9}, "no fold 9"),
        ({"normalize": "rows"}, "normalize must be"),
    ):
        with pytest.raises(ValueError, match=match):
            ConfusionDisplay.from_comparison(plain, **wrong)


def test_confusion_from_predictions_with_an_empty_class():
    display = ConfusionDisplay.from_predictions(["a", "a"], ["a", "b"], labels=["b", "a", "never"])
    assert np.isnan(display.shares_["classifier"][2]).all()
    assert display.axes_[0].texts[-1].get_text() == "0"
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(X, y)
    mine = ConfusionDisplay.from_estimator(model, X, y, name="mine")
    np.testing.assert_array_equal(mine.counts["mine"], confusion_matrix(y, model.predict(X)))
    with pytest.raises(ValueError, match="not one of the classes"):
        ConfusionDisplay.from_predictions(["a"], ["c"], labels=["a", "b"])


@pytest.mark.parametrize("make", [
    ComparisonDisplay.from_comparison, RocBandDisplay.from_comparison, ReliabilityDisplay.from_comparison,
    ConfusionDisplay.from_comparison, lambda found: TrainingSizeDisplay.from_comparisons({"all": found}),
])  # fmt: skip
def test_thirty_pipelines_with_long_names_stay_inside_the_figure(make, thirty):
    display = make(thirty)
    assert inside(display.figure_)
    for said, _ in drawn_texts(display.figure_):
        assert max(map(len, said.split("\n"))) < 80
    plt.close(display.figure_)


def test_axes_that_are_given_are_drawn_on(two):
    figure, (left, right) = plt.subplots(1, 2, layout="constrained")
    assert ComparisonDisplay.from_comparison(two, ax=left).ax_ is left
    display = RocBandDisplay.from_comparison(two, axes=right)
    assert display.axes_[0] is right
    assert display.figure_ is figure
    assert figure.get_supxlabel() == NOTE, "once"
    plt.close(figure)
    again = display.plot()
    assert again is display
    assert again.figure_ is not figure
    _, (one, other) = plt.subplots(1, 2)
    ConfusionDisplay.from_comparison(two, pipelines=["weak", "strong"], axes=[one, other])
    assert NOTE in one.get_xlabel(), "a figure without a layout keeps no room for it below"
    with pytest.raises(ValueError, match="1 axes; 3 are drawn on"):
        ConfusionDisplay.from_comparison(two, axes=[one])


def test_series_are_told_apart_without_colour():
    lines, markers = [line_style(i)["linestyle"] for i in range(8)], [marker_style(i)["marker"] for i in range(8)]
    assert len(set(map(str, lines))) == len(set(markers)) == 8
    for style in (line_style, marker_style):
        assert len({str(style(i)) for i in range(40)}) == 40, "and beyond by both together"


def test_short_names_keep_both_ends():
    assert short("abc", 5) == "abc"
    assert short("model_with_a_long_name_07", 11) == "model…me_07"
    assert short("$x$ \n y") == r"\$x\$ y"


def test_no_predictions_have_no_confusion():
    with pytest.raises(ValueError, match="are empty"):
        ConfusionDisplay.from_predictions([], [])
