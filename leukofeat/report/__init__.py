"""Comparison and audit as one HTML file that can be sent to a reviewer, and verdicts with their reasons as another."""

from leukofeat.report.explanation import write_explanations
from leukofeat.report.page import write_report

__all__ = ["write_explanations", "write_report"]
