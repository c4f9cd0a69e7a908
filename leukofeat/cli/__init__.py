"""The command `leukofeat`."""

from leukofeat.cli.parser import main

__all__ = ["main"]
