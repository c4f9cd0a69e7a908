"""Comparison and audit as one HTML file that can be sent to a reviewer."""

from leukofeat.report.page import write_report

__all__ = ["write_report"]
