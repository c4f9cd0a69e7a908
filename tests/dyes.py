"""Smears as other dyes would have stained them."""

import numpy as np

SLIDE = np.array((240.0, 236.0, 244.0))
# densities of red, green and blue that each dye has in the place of those of the usual ones
TEAL = np.array([[1, 0.6, 0], [0, 0.75, 0], [0, 0, 0.75]])
DRAINED = np.array([[0.7, 0.15, 0.15], [0.15, 0.7, 0.15], [0.15, 0.15, 0.7]])
BROWN = np.array([[1, 0, 0], [0, 1, 0], [0, 0.3, 1]])
DYES = {"teal": (TEAL, (0.55, 0.88, 0.92)), "drained": (DRAINED, (1, 1, 1)), "brown": (BROWN, (1, 1, 1))}


def dyed(image, name):
    absorbs, light = DYES[name]
    density = -np.log10(np.maximum(image, 1) / SLIDE) @ absorbs.T
    return np.clip(SLIDE * light * 10.0**-density, 0, 255).astype(np.uint8)
