"""Mutated files and odd arrays for every way in: see run.py, and `make fuzz`."""
