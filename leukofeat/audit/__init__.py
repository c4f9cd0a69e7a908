"""What is wrong with a dataset before a model sees it."""

from leukofeat.audit._audit import AuditResult, audit_dataset
from leukofeat.audit._findings import Finding

__all__ = ["AuditResult", "Finding", "audit_dataset"]
