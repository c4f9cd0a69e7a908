"""Texture of regions: co-occurrence, local binary patterns, run lengths, filters, openings, gradients."""
