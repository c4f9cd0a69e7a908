"""Why a verdict: the columns and the cells that drove it, exact for linear models."""

from leukofeat.explanation.cells import without_cells
from leukofeat.explanation.explain import explain
from leukofeat.explanation.explanation import Explanation
from leukofeat.explanation.form import LinearForm
from leukofeat.explanation.kinds import describe_columns
from leukofeat.explanation.linear import linear_form

__all__ = ["Explanation", "LinearForm", "describe_columns", "explain", "linear_form", "without_cells"]
