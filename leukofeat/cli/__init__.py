"""The command `leukofeat`: a file a command, which adds its options and runs."""

from leukofeat.cli.main import main

__all__ = ["main"]
