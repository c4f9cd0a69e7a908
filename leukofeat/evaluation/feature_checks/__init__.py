"""Whether a column of one's own can be trusted, before a model sees it."""

from leukofeat.evaluation.feature_checks.alone import (
    check_background,
    check_defined,
    check_gain,
    check_invariance,
    check_moves,
    check_repeats,
)
from leukofeat.evaluation.feature_checks.check import check_feature
from leukofeat.evaluation.feature_checks.report import FeatureFinding, FeatureReport

__all__ = [
    "FeatureFinding",
    "FeatureReport",
    "check_background",
    "check_defined",
    "check_feature",
    "check_gain",
    "check_invariance",
    "check_moves",
    "check_repeats",
]
