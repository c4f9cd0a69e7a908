"""What is wrong with a dataset before a model sees it."""

from leukofeat.audit.audit import AuditResult, audit_dataset
from leukofeat.audit.findings import Finding

__all__ = ["AuditResult", "Finding", "audit_dataset"]
