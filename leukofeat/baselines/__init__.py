"""Pipelines by name: the published recipes, leukofeat's own, the controls beside every figure, and pipelines of one's own."""

from leukofeat.baselines.find import find_pipeline
from leukofeat.baselines.registry import list_baselines, make_baseline
from leukofeat.baselines.toml import read_pipeline

__all__ = ["find_pipeline", "list_baselines", "make_baseline", "read_pipeline"]
