"""Clusters: cores that are larger than any nucleus are cut between cells, and nowhere else."""

import cv2
import numpy as np
import pytest

from leukofeat.scale.record import Scale
from leukofeat.segmentation.leukocyte.bodies import Bodies
from leukofeat.segmentation.leukocyte.clusters import (
    DISTINCT,
    DISTINCT_LARGE,
    DISTINCT_SMALL,
    FRAGMENT,
    LARGEST,
    SEVERAL,
    _without_faint_boundaries,
    red_cells_of_cluster,
    split_clusters,
)
from leukofeat.segmentation.leukocyte.lobes import Limits
from leukofeat.segmentation.leukocyte.planes import make_planes
from leukofeat.segmentation.leukocyte.segment import find_leukocytes

RED = 14
SLIDE, RED_CELL, NUCLEUS, MEMBRANE = (242, 232, 214), (200, 130, 130), (96, 52, 140), (178, 160, 205)


def scene(
    nuclei: list[tuple[int, int, int]], *, between: tuple[int, int, int] = MEMBRANE, size: int = 260
) -> np.ndarray:
    """Nuclei of (y, x, radius), cell to cell, on a slide with red cells along its sides."""
    image = np.full((size, size, 3), SLIDE, np.uint8)
    for at in range(RED + 4, size - RED, 2 * RED + 8):
        for y, x in (at, RED + 4), (at, size - RED - 5):
            cv2.circle(image, (x, y), RED, RED_CELL, -1)
    owner = np.full((size, size), -1)
    yy, xx = np.mgrid[:size, :size]
    nearest = np.argmin([np.hypot(yy - y, xx - x) - r for y, x, r in nuclei], axis=0)
    for i, (y, x, r) in enumerate(nuclei):
        owner[(np.hypot(yy - y, xx - x) < r) & (nearest == i)] = i
    image[owner >= 0] = NUCLEUS
    edge = np.zeros(owner.shape, bool)
    for a, b, e in (owner[1:], owner[:-1], edge[1:]), (owner[:, 1:], owner[:, :-1], edge[:, 1:]):
        e |= (a != b) & (a >= 0) & (b >= 0)
    image[cv2.dilate(edge.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0] = between
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.8) + noise, 0, 255).astype(np.uint8)


PAIR = [(130, 92, 34), (130, 156, 34)]
THREE = [(105, 98, 33), (105, 160, 33), (158, 129, 33)]
FIVE = [(80, 130, 30), (125, 88, 30), (125, 172, 30), (175, 105, 30), (175, 160, 30)]


def core_of(image: np.ndarray, nuclei: list[tuple[int, int, int]]) -> np.ndarray:
    """What is one dark body in the scene."""
    core = np.zeros(image.shape[:2], np.uint8)
    for y, x, r in nuclei:
        cv2.circle(core, (x, y), r, 1, -1)
    return core.astype(np.int32)


@pytest.mark.parametrize("nuclei", [PAIR, THREE, FIVE], ids=len)
def test_a_cluster_is_cut_into_its_nuclei(nuclei):
    image = scene(nuclei)
    cores = core_of(image, nuclei)
    parts = split_clusters(cores, make_planes(image), RED * 0.85)
    assert np.array_equal(parts > 0, cores > 0)
    middles = [parts[y, x] for y, x, _ in nuclei]
    assert sorted(middles) == list(range(1, len(nuclei) + 1)) == np.unique(parts[parts > 0]).tolist()
    for (y, x, r), name in zip(nuclei, middles, strict=True):
        own = np.hypot(*(np.mgrid[:260, :260] - np.array([y, x])[:, None, None])) < 0.8 * r
        assert (parts[own] == name).mean() > 0.97


@pytest.mark.parametrize(
    ("times", "error", "n_red_cells", "several"),
    [
        (LARGEST + 0.1, 0.25, 2, True),
        (LARGEST - 0.1, 0.25, 2, False),
        (SEVERAL - 0.1, 0.4, 2, False),
        (SEVERAL + 0.1, 0.4, 2, True),  # several beyond doubt, even if red cells are larger than they seem
        (SEVERAL + 0.1, 0.4, 1, False),  # that one may be a platelet
        (SEVERAL + 0.1, 0.6, 2, False),
    ],
)
def test_how_well_red_cells_have_to_be_known(times, error, n_red_cells, several):
    labels = cv2.circle(np.zeros((160, 160), np.int32), (80, 80), 60, 1, -1)
    body = Bodies.measure(labels, np.full(labels.shape, 100, np.uint8))
    red = float(body.radius[0]) / times
    scale = Scale(2 * red, 2 * red * error, "red cells", n_red_cells=n_red_cells)
    found = red_cells_of_cluster(body, Limits(np.inf, red, sure=False), lambda: scale, suppose=True)
    assert found == (red if several else 0)


def test_nothing_without_a_line_is_cut():
    image = scene(PAIR, between=NUCLEUS)
    cores = np.zeros(image.shape[:2], np.int32)
    cores[90:170, 60:190] = 1  # no neck either
    image[cores > 0] = np.clip(np.random.default_rng(1).normal(NUCLEUS, 4, (*image.shape[:2], 3)), 0, 255)[cores > 0]
    assert split_clusters(cores, make_planes(image), RED).max() == 1


def test_what_one_nucleus_may_be_is_left_alone():
    image = scene(PAIR)
    cores = core_of(image, PAIR)
    radius = np.sqrt((cores > 0).sum() / np.pi)
    assert split_clusters(cores, make_planes(image), 1.01 * radius / LARGEST) is cores


def test_other_cores_keep_to_themselves():
    image = scene(PAIR)
    cores = core_of(image, PAIR)
    cores[20:30, 100:110] = 2
    parts = split_clusters(cores, make_planes(image), RED * 0.85)
    assert np.array_equal(parts > 0, cores > 0)
    assert len(np.unique(parts[20:30, 100:110])) == 1
    assert parts.max() == 3


@pytest.mark.parametrize("nuclei", [THREE, FIVE], ids=len)
def test_a_cluster_is_reported_cell_by_cell(nuclei):
    found = find_leukocytes(scene(nuclei))
    middles = [found.nuclei[y, x] for y, x, _ in nuclei]
    assert len(set(middles)) == len(nuclei)
    assert 0 not in middles


def joined_slowly(parts: np.ndarray, depth: np.ndarray, red: float) -> np.ndarray:
    """What `_without_faint_boundaries` is held against: all boundaries looked at anew after each join."""
    parts = parts.copy()
    while True:
        line: dict[tuple[int, int], list[float]] = {}
        for (y, x), here in np.ndenumerate(parts):
            for v, u in (y - 1, x), (y, x - 1):
                if v >= 0 and u >= 0 and 0 < parts[v, u] != here > 0:
                    line.setdefault((min(here, parts[v, u]), max(here, parts[v, u])), []).append(depth[y, x])
        distinct = {}
        for (i, j), values in line.items():
            a, b = parts == i, parts == j
            wanted = DISTINCT_LARGE if (a | b).sum() > np.pi * (SEVERAL * red) ** 2 else DISTINCT
            wanted = DISTINCT_SMALL if min(a.sum(), b.sum()) < np.pi * (FRAGMENT * red) ** 2 else wanted
            distinct[i, j] = np.mean(values) / (depth[a | b].mean() + 1) / wanted
        if not distinct or min(distinct.values()) >= 1:
            return np.unique(parts, return_inverse=True)[1].reshape(parts.shape)
        i, j = min(distinct, key=lambda pair: (round(distinct[pair], 12), pair))
        parts[parts == j] = i


@pytest.mark.parametrize("seed", range(8))
def test_faint_boundaries_fall_one_by_one(seed):
    rng = np.random.default_rng(seed)
    middles = rng.uniform(0, 40, (12, 2))
    yx = np.stack(np.mgrid[:40, :40], axis=-1)[:, :, None]
    parts = np.hypot(*np.moveaxis(yx - middles, -1, 0)).argmin(axis=2).astype(np.int32) + 1
    parts[np.hypot(*np.moveaxis(yx[:, :, 0] - 20.0, -1, 0)) > 19] = 0
    parts = np.unique(parts, return_inverse=True)[1].reshape(parts.shape).astype(np.int32)
    depth = rng.integers(0, 60, parts.shape).astype(np.uint8)
    depth[:, 1:][parts[:, 1:] != parts[:, :-1]] += rng.integers(0, 120, dtype=np.uint8)
    found = _without_faint_boundaries(parts, depth, red=4.0)
    assert np.array_equal(found, joined_slowly(parts, depth, red=4.0))


def test_thousands_of_parts_are_no_trouble():
    parts = np.kron(np.arange(1, 4901, dtype=np.int32).reshape(70, 70), np.ones((4, 4), np.int32))
    depth = np.random.default_rng(0).integers(0, 9, parts.shape).astype(np.uint8)
    assert _without_faint_boundaries(parts, depth, red=20.0).max() == 1
