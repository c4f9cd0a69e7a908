"""At which scale an image is looked at: a glance at a small copy tells how large its nuclei are."""

import numpy as np

from leukofeat.segmentation.leukocyte.cores import find_cores, typical_radius
from leukofeat.segmentation.leukocyte.frame import reduced
from leukofeat.segmentation.leukocyte.planes import Planes, make_planes

# nuclear radii in pixels
WORK_RADIUS = 34.0  # that images are reduced to
LEAST_SEEN_RADIUS = 4.0  # that the first look has to find, or it looks closer
TEXTURE_RADIUS = 14.0  # under which chromatin shows no texture to smooth
FIRST_LOOK = 224 * 224  # pixels of the first look


def look(image: np.ndarray, diameter: float | None, background: np.ndarray | None = None) -> tuple[Planes, np.ndarray]:
    """Planes and cores at a scale at which the nuclei have the working radius or less."""
    if diameter is None:
        planes, cores, seen_at, radius = first_look(image)
        if not cores.any():
            return planes, cores
    else:
        seen_at, radius = 0.0, diameter / 2
    scale = min(1.0, WORK_RADIUS / radius)
    if scale == seen_at and radius < TEXTURE_RADIUS:
        return planes, cores
    if scale != seen_at:
        planes = make_planes(reduced(image, scale), background)
    return planes, find_cores(planes, radius * scale)


def first_scale(image: np.ndarray) -> float:
    """Scale of 1 or less at which an image has no more pixels than are looked at first."""
    return min(1.0, float(np.sqrt(FIRST_LOOK / (image.shape[0] * image.shape[1]))))


def first_look(image: np.ndarray) -> tuple[Planes, np.ndarray, float, float]:
    """Planes and cores at a small scale, that scale, and the radius of the nuclei in the full image."""
    scale = first_scale(image)
    while True:
        planes = make_planes(reduced(image, scale))
        cores = find_cores(planes, 0.0)
        enough = TEXTURE_RADIUS if scale == 1 else 0.0
        radius = typical_radius(cores, planes.azure, enough) if cores.any() else 0.0
        if scale == 1 or radius >= LEAST_SEEN_RADIUS:
            return planes, cores, scale, radius / scale
        scale = min(1.0, 2 * scale)
