"""Sets of images with as much truth as there is, and how outlines are scored on each."""
