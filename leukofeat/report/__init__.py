"""Comparison, audit and a model's card as one HTML file that can be sent to a reviewer."""

from leukofeat.report.model import write_card
from leukofeat.report.page import write_report

__all__ = ["write_card", "write_report"]
