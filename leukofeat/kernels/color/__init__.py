"""Colour distributions, clusters and thresholds."""
