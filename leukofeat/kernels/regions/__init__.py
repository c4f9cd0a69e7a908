"""Label maps: runs along rows, sums by label, distances, morphology, watershed."""
