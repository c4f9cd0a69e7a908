"""Shape of regions and of their outlines."""
