import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from leukofeat import Smear
from leukofeat.evaluation import FamilyGain, SelectionStability, mean_jaccard, stability_index
from leukofeat.plotting import (
    CELL_COLOR,
    NUCLEUS_COLOR,
    TRUTH_COLOR,
    FamilyGainDisplay,
    FeatureDisplay,
    GradCAMDisplay,
    SegmentationDisplay,
    SelectionDisplay,
    StagesDisplay,
    outline,
)
from leukofeat.plotting.grad_cam import draw_heat
from leukofeat.preprocessing import MedianDenoiser, ScaleBarCropper
from leukofeat.segmentation import LabKMeansSegmenter


@pytest.fixture(autouse=True)
def _no_screen():
    mpl.use("Agg")
    yield
    plt.close("all")


def test_outline_draws_both_borders_and_leaves_the_record_alone():
    cells = np.zeros((12, 12), np.int32)
    cells[2:10, 2:10] = 1
    nuclei = np.zeros_like(cells)
    nuclei[5:7, 5:7] = 1
    smear = Smear(np.full((12, 12, 3), 200, np.uint8), nuclei, cells)
    picture = outline(smear)
    assert picture.shape == (24, 24, 3)
    for color in (NUCLEUS_COLOR, CELL_COLOR):
        assert (picture == color).all(axis=2).any()
    assert (smear.image == 200).all()


def test_stages_display_has_a_row_for_each_image_and_a_column_for_each_stage(smears):
    pipeline = make_pipeline(ScaleBarCropper(10), MedianDenoiser(), LabKMeansSegmenter())
    display = StagesDisplay.from_pipeline(pipeline, smears.images[:2])
    assert display.axes_.shape == (2, 4)
    assert [ax.get_title() for ax in display.axes_[0]] == [
        "image", "ScaleBarCropper", "MedianDenoiser", "LabKMeansSegmenter",
    ]  # fmt: skip


def test_feature_display_ranks_by_f_and_passes_over_copies():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 30)
    signal = y + 0.1 * rng.normal(size=90)
    table = pd.DataFrame({"noise": rng.normal(size=90), "signal": signal, "copy": 2 * signal, "empty": np.nan})
    table.loc[3, "noise"] = np.nan
    display = FeatureDisplay.from_table(table, y, class_names=["a", "b", "c"], k=2)
    assert next(iter(display.table.columns)) in ("signal", "copy")
    assert list(display.table.columns)[1] == "noise"


def test_segmentation_display_draws_found_and_true_outlines(records):
    truth = [np.roll(record.nuclei, 3, axis=0) for record in records]
    display = SegmentationDisplay.from_smears(records, truth_nuclei=truth, n_columns=4)
    assert display.axes_.shape == (2, 4)
    for color in (NUCLEUS_COLOR, CELL_COLOR, TRUTH_COLOR):
        assert (display.pictures[0] == color).all(axis=2).any()
    assert display.axes_[0, 0].get_title() == f"image 0: {records[0].n_cells}"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"titles": ["a"]}, r"titles= has 1 entries for 2 images; give one for each"),
        ({"truth_nuclei": [np.zeros((20, 20), int)]}, r"truth_nuclei= has 1 entries for 2 images"),
        (
            {"truth_cells": [np.zeros((20, 20), int), np.zeros((20, 30), int)]},
            r"truth_cells\[1\] has the shape \(20, 30\), its image \(20, 20\)",
        ),
        ({"zoom": 0}, r"zoom must be an int in the range \[1, inf\)"),
    ],
)
def test_what_does_not_fit_the_segmented_images_is_refused(options, reason):
    smear = Smear(np.full((20, 20, 3), 200, np.uint8), np.eye(20, dtype=np.int32))
    with pytest.raises(ValueError, match=reason):
        SegmentationDisplay.from_smears([smear, smear], **options)


def test_images_that_are_not_segmented_are_not_drawn(smears):
    with pytest.raises(ValueError, match=r"image 0 is not segmented; draw what a segmenter returns"):
        SegmentationDisplay.from_smears(smears.images[:2])


def test_segmentation_shows_the_least_sure_first():
    labels = np.zeros((20, 20), np.int32)
    labels[5:9, 5:9], labels[12:16, 12:16] = 1, 2
    image = np.full((20, 20, 3), 200, np.uint8)
    sure, doubtful, silent = (Smear(image, labels, confidence=c) for c in ([0.9, 0.8], [0.9, 0.3], None))
    display = SegmentationDisplay.from_smears(
        [silent, sure, doubtful], titles=["?", "sure", "doubtful"], least_sure_first=True
    )
    assert [ax.get_title() for ax in display.axes_.ravel()[:3]] == ["doubtful", "sure", "?"]
    assert "0.30" in SegmentationDisplay.from_smears([doubtful]).axes_.ravel()[0].get_title()


def test_selection_display_draws_the_most_often_chosen():
    chosen = np.random.default_rng(0).random((10, 50)) < np.linspace(1, 0, 50)
    table = pd.DataFrame({"n_chosen": chosen.sum(axis=0), "share": chosen.mean(axis=0)})
    table = table.rename(lambda i: f"feature_{i}").sort_values("share", ascending=False)
    result = SelectionStability(table, stability_index(chosen), mean_jaccard(chosen), 10, chosen)
    display = SelectionDisplay.from_result(result, k=12)
    assert [bar.get_width() for bar in display.bars_] == table["share"].iloc[:12].tolist()
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == table.index[:12].tolist()
    assert "38 more features" in display.ax_.get_title()
    low, high = display.ax_.get_ylim()
    assert low > high, "the first one is at the top"
    _, ax = plt.subplots()
    assert SelectionDisplay.from_result(result, ax=ax).ax_ is ax


def test_family_gain_display_draws_scores_and_costs():
    columns = ["n_columns", "alone", "alone_std", "without", "without_std", "gain", "gain_std", "ms_per_image"]
    rows = [[3, 0.7, 0.1, 0.8, 0.05, 0.1, 0.02, 4.0], [40, 0.85, 0.1, 0.75, 0.05, 0.15, 0.02, 9.0]]
    result = FamilyGain(pd.DataFrame(rows, ["a", "b"], columns), pd.DataFrame(), 0.9, 0.01, "balanced_accuracy", 12.0)
    display = FamilyGainDisplay.from_result(result)
    scores, costs = display.axes_
    assert [text.get_text() for text in scores.get_yticklabels()] == ["a (3)", "b (40)"]
    assert [bar.get_width() for bar in costs.patches] == [4.0, 9.0]
    assert "balanced accuracy" in scores.get_xlabel()
    assert "12.0" in costs.get_xlabel()
    one = result.table.iloc[:1].assign(without=np.nan, without_std=np.nan)
    FamilyGainDisplay.from_result(FamilyGain(one, pd.DataFrame(), 0.9, np.nan, "auc", 1.0)).figure_.canvas.draw()


def test_heat_is_told_from_none_without_colour():
    heat = np.zeros((60, 60))
    heat[:, 30:] = np.linspace(0, 5, 30)
    for level in (0, 255):
        picture = draw_heat(Smear(np.full((60, 60, 3), level, np.uint8)), heat, width=60)
        luma = picture.astype(float) @ [0.299, 0.587, 0.114]
        assert luma[:, 57:].mean() > luma[:, :30].mean() + 60
        assert (picture == 255).all(axis=2).any(axis=1).all(), "the line at half of the most heat"
    assert (draw_heat(Smear(np.zeros((60, 60, 3), np.uint8)), 0 * heat, width=60) < 10).all()


def test_grad_cam_display_shows_networks_side_by_side(smears, records):
    pytest.importorskip("torch")
    from tests.deep.looking import TinyClassifier

    models = {"plain": TinyClassifier().fit(None), "swap": TinyClassifier(seed=1).fit(None)}
    display = GradCAMDisplay.from_estimators(models, records[:2], target="Early")
    assert display.axes_.shape == (2, 3)
    assert display.table["model"].tolist() == ["plain", "plain", "swap", "swap"]
    first = display.table.iloc[0]
    assert display.axes_[0, 0].get_title() == "image 0"
    assert display.axes_[0, 1].get_title() == f"plain: Early, {first['probability']:.2f}"
    assert f"nucleus {100 * first['heat_nucleus']:.0f} %" in display.axes_[0, 1].get_xlabel()
    assert f"nucleus {100 * first['area_nucleus']:.0f} %" in display.axes_[0, 0].get_xlabel()
    assert "Research use only" in display.figure_.get_supxlabel()
    for color in (NUCLEUS_COLOR, CELL_COLOR):
        assert (display.pictures[0][1] == color).all(axis=2).any()
    _, axes = plt.subplots(1, 2)
    one = GradCAMDisplay.from_estimator(models["plain"], smears.images[:1], segmenter=LabKMeansSegmenter(), axes=axes)
    assert one.axes_[0, 1] is axes[1]
    assert not one.axes_[0, 1].get_title().startswith(":")
    for nothing in ({}, models):
        with pytest.raises(ValueError, match="at least one estimator and one image"):
            GradCAMDisplay.from_estimators(nothing, [])
    with pytest.raises(ValueError, match="segmenter="):
        GradCAMDisplay.from_estimator(models["plain"], smears.images[:1])
