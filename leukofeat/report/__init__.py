"""HTML files that can be sent to a reviewer: comparison and audit, verdicts with their reasons, a model's card."""

from leukofeat.report.explanation import write_explanations
from leukofeat.report.model import write_card
from leukofeat.report.page import write_report
from leukofeat.report.patients import write_group_explanations

__all__ = ["write_card", "write_explanations", "write_group_explanations", "write_report"]
