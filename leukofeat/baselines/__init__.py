"""Pipelines by name: the published recipes, leukofeat's own, and the controls that every figure is shown beside."""

from leukofeat.baselines.registry import list_baselines, make_baseline

__all__ = ["list_baselines", "make_baseline"]
