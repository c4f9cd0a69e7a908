"""Which pipeline is better, by how much, and how far that can be believed."""

from leukofeat.audit.slides import SLIDE_NOTE, estimate_slides
from leukofeat.evaluation.compare import compare
from leukofeat.evaluation.comparison import Comparison
from leukofeat.evaluation.family_gain import FamilyGain, family_gain
from leukofeat.evaluation.feature_checks import (
    FeatureReport,
    check_background,
    check_defined,
    check_feature,
    check_gain,
    check_invariance,
    check_moves,
    check_repeats,
)
from leukofeat.evaluation.foreign import Predictions, read_predictions
from leukofeat.evaluation.magnification import scale_warning
from leukofeat.evaluation.model_card import describe_model, make_card
from leukofeat.evaluation.sites import SiteComparison, column_transfer, compare_sites
from leukofeat.evaluation.splits import make_splitter, published_split
from leukofeat.evaluation.stability import SelectionStability, selection_stability
from leukofeat.evaluation.stress import stress_test
from leukofeat.evaluation.stress_tests import shift_stain
from leukofeat.evaluation.training_sizes import compare_training_sizes
from leukofeat.preprocessing.scale_bar import bar_style, draw_scale_bar, hide_scale_bar
from leukofeat.statistics.bootstrap import bootstrap_interval
from leukofeat.statistics.inference import PairedTest, corrected_t, delong, holm, mcnemar, sign_flip
from leukofeat.statistics.stability import StabilityIndex, mean_jaccard, stability_index

__all__ = [
    "SLIDE_NOTE",
    "Comparison",
    "FamilyGain",
    "FeatureReport",
    "PairedTest",
    "Predictions",
    "SelectionStability",
    "SiteComparison",
    "StabilityIndex",
    "bar_style",
    "bootstrap_interval",
    "check_background",
    "check_defined",
    "check_feature",
    "check_gain",
    "check_invariance",
    "check_moves",
    "check_repeats",
    "column_transfer",
    "compare",
    "compare_sites",
    "compare_training_sizes",
    "corrected_t",
    "delong",
    "describe_model",
    "draw_scale_bar",
    "estimate_slides",
    "family_gain",
    "hide_scale_bar",
    "holm",
    "make_card",
    "make_splitter",
    "mcnemar",
    "mean_jaccard",
    "published_split",
    "read_predictions",
    "scale_warning",
    "selection_stability",
    "shift_stain",
    "sign_flip",
    "stability_index",
    "stress_test",
]
