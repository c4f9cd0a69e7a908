"""Why a verdict: the columns, the cells and, of a patient, the images that drove it, exact for linear models."""

from leukofeat.explanation.explain import explain
from leukofeat.explanation.explanation import Explanation
from leukofeat.explanation.form import LinearForm
from leukofeat.explanation.group_explanation import GroupExplanation
from leukofeat.explanation.groups import explain_groups
from leukofeat.explanation.kinds import describe_columns
from leukofeat.explanation.linear import linear_form
from leukofeat.leaving_out import without_cells

__all__ = [
    "Explanation",
    "GroupExplanation",
    "LinearForm",
    "describe_columns",
    "explain",
    "explain_groups",
    "linear_form",
    "without_cells",
]
