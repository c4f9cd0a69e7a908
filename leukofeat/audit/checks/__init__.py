"""The checks of the audit, a file a subject."""
