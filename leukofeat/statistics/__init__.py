"""Metrics, intervals, tests and curves over plain arrays; imports nothing else of leukofeat."""
