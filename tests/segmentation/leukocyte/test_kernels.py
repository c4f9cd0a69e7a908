"""Kernels of the leukocyte segmentation against slow or library versions of what they compute."""

from __future__ import annotations

import tracemalloc
from itertools import combinations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage as ndi
from skimage.color import rgb2lab
from skimage.filters import threshold_otsu
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.labels import label_sums, nearest_label, renumbered, separated
from leukofeat.segmentation.leukocyte.bodies import Bodies, frame_contacts, is_cut
from leukofeat.segmentation.leukocyte.cell_fit import far_colors, ring_colors
from leukofeat.segmentation.leukocyte.component_tree import core_sums, sharpest_components, stain_edges
from leukofeat.segmentation.leukocyte.cores import core_gaps, inner_distance, lobe_gaps
from leukofeat.segmentation.leukocyte.evidence import ALL_NUCLEUS, STRIP, inner_part, outline_evidence
from leukofeat.segmentation.leukocyte.hues import magenta
from leukofeat.segmentation.leukocyte.leaks import color_sums, red_sums, without_leaks
from leukofeat.segmentation.leukocyte.lobes import Limits
from leukofeat.segmentation.leukocyte.necks import split_at_necks
from leukofeat.segmentation.leukocyte.neighbors import hull_counts, joined, label_gaps, touching_labels
from leukofeat.segmentation.leukocyte.nucleus_fit import discriminate, remove_specks, threshold_each
from leukofeat.segmentation.leukocyte.planes import Planes
from leukofeat.segmentation.leukocyte.red_cells import red_cell_radius
from leukofeat.segmentation.leukocyte.stain import PER_CHANNEL, background_mode, color_edges, relative_planes
from leukofeat.segmentation.leukocyte.star_contour import mark_star, star_contour

SLIDE = np.full(3, 240, np.float32)
shapes = st.tuples(st.integers(1, 12), st.integers(1, 12))
label_maps = arrays(np.int32, shapes, elements=st.integers(0, 3))


def discs(size, *circles):
    yy, xx = np.mgrid[: size[0], : size[1]]
    out = np.zeros(size, np.int32)
    for label, (y, x, r) in enumerate(circles, 1):
        out[np.hypot(yy - y, xx - x) <= r] = label
    return out


def sobel(index):
    return stain_edges(np.pad(index, 1, mode="edge"))


def tree_oracle(index, floor, step):
    """All components of all level sets, from SciPy."""
    seen = set()
    for level in range(floor, 256, step):
        parts, n = ndi.label(index >= level)
        seen |= {tuple(np.flatnonzero(parts.ravel() == k)) for k in range(1, n + 1)}
    return seen


@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 70, 90, 200])))
@settings(max_examples=100, deadline=None)
def test_components_are_disjoint_members_of_the_tree(index):
    labels, n = sharpest_components(index, sobel(index), 60, 3, 2)
    members = tree_oracle(index, 60, 3)
    assert set(np.unique(labels)) - {0} == set(range(1, n + 1))
    for k in range(1, n + 1):
        assert tuple(np.flatnonzero(labels.ravel() == k)) in members
    # nothing large enough is left without a component
    parts, m = ndi.label(index >= 60)
    for k in range(1, m + 1):
        assert labels[parts == k].any() == ((parts == k).sum() >= 2)


def test_component_takes_its_own_sharpest_level():
    index = np.zeros((60, 100), np.uint8)
    index[discs((60, 100), (30, 25, 20)) > 0] = 80  # a pale rim
    index[discs((60, 100), (30, 25, 10)) > 0] = 230  # around a dark body
    index[discs((60, 100), (30, 75, 12)) > 0] = 100  # and a pale body
    labels, n = sharpest_components(index, sobel(index), 60, 3, 20)
    assert n == 2
    assert (labels == labels[30, 25]).sum() == (index == 230).sum()
    assert (labels == labels[30, 75]).sum() == (index == 100).sum()


def test_many_components_do_not_run_out_of_room():
    dots = np.random.default_rng(0).integers(60, 256, (60, 60)).astype(np.uint8)
    index = np.kron(dots, np.array([[1, 0], [0, 0]], np.uint8))
    labels, n = sharpest_components(index, sobel(index), 60, 1, 1)
    assert n == ndi.label(index >= 60)[1]
    assert ((labels > 0) == (index >= 60)).all()


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_star_finds_a_disc(dy, dx, first):
    cy, cx, r = 30 + dy, 32 + dx, 15.0
    yy, xx = np.mgrid[:64, :64]
    gain = np.clip(r - np.hypot(yy - cy, xx - cx), -1, 1).astype(np.float32)
    field = np.stack([gain, np.zeros_like(gain)], axis=-1)
    radius = star_contour(field, cy, cx, 10.0, first, 40)
    np.testing.assert_allclose(radius, r, atol=1.01)
    inside = filled(radius, cy, cx, (64, 64))
    expected = np.hypot(yy - cy, xx - cx) <= r
    assert (inside != expected).mean() < 0.02


def filled(radius, cy, cx, shape):
    marks = np.zeros(shape, np.uint8)
    mark_star(radius, cy, cx, marks)
    return np.cumsum(marks, axis=1) % 2


@given(st.integers(0, 10**6), st.sampled_from([16, 32, 48, 64]))
@settings(max_examples=30, deadline=None)
def test_marks_begin_and_end_the_polygon(seed, rays):
    radius = np.random.default_rng(seed).uniform(2, 25, rays)
    inside = filled(radius, 18.3, 22.7, (40, 50))
    t = 2 * np.pi * (np.arange(rays) + 0.5) / rays
    polygon = np.stack([22.7 + radius * np.cos(t), 18.3 + radius * np.sin(t)], axis=1).astype(np.float32)
    for y in range(0, 40, 3):
        for x in range(0, 50, 3):
            side = cv2.pointPolygonTest(polygon.reshape(-1, 1, 2), (float(x), float(y)), True)
            if abs(side) > 1e-3:
                assert inside[y, x] == (side > 0)


def test_split_at_necks_cuts_a_dumbbell_but_not_a_bean():
    for gap, expected in ((26, 2), (8, 1)):
        both = (discs((50, 80), (25, 25, 14), (25, 25 + gap, 14)) > 0).astype(np.int32)
        distance = cv2.distanceTransform(both.astype(np.uint8), cv2.DIST_L2, 5)
        parts = split_at_necks(both, distance, 0.8)
        assert parts.max() == expected
        assert ((parts > 0) == (both > 0)).all()


@given(label_maps)
@settings(max_examples=60, deadline=None)
def test_split_keeps_labels_apart(labels):
    distance = np.where(labels > 0, 1, 0).astype(np.float32)
    parts = split_at_necks(labels, distance, 0.8)
    assert ((parts > 0) == (labels > 0)).all()
    for k in range(1, parts.max(initial=0) + 1):
        assert len(np.unique(labels[parts == k])) == 1


@given(label_maps)
@settings(max_examples=60, deadline=None)
def test_label_sums_and_gaps(labels):
    n = 3
    values = np.arange(labels.size, dtype=np.uint8).reshape(labels.shape)
    boxes = region_boxes(labels, n)
    sums = label_sums(labels, boxes, values)
    np.testing.assert_allclose(sums, [values[labels == k].sum() for k in range(1, n + 1)])
    expected = {}
    for i, j in combinations([k for k in range(1, n + 1) if boxes[k - 1, 4]], 2):
        a, b = np.argwhere(labels == i), np.argwhere(labels == j)
        expected[i - 1, j - 1] = np.linalg.norm(a[:, None] - b[None], axis=2).min()
    for reach in (np.full(n, 100.0), np.array([1.0, 2.0, 4.0])):
        gaps = label_gaps(labels, boxes[:, [0, 2, 1, 3]], reach)
        found = dict(zip(zip(gaps.first.tolist(), gaps.second.tolist(), strict=True), gaps.pixels, strict=True))
        near = {(i, j): gap for (i, j), gap in expected.items() if gap <= max(reach[i], reach[j])}
        assert found == pytest.approx(near)


def test_twenty_thousand_labels_are_no_table():
    side = np.arange(600)
    labels = np.where((side % 4 < 3) & (side % 4 < 3)[:, None], side // 4 * 150 + (side // 4)[:, None] + 1, 0)
    labels = labels.astype(np.int32)
    boxes = region_boxes(labels)[:, [0, 2, 1, 3]]
    tracemalloc.start()
    gaps, touching = label_gaps(labels, boxes, np.full(len(boxes), 3.0)), touching_labels(labels)
    groups = joined(gaps.first, gaps.second, len(boxes))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(gaps.first) == 2 * 150 * 149 + 2 * 149**2
    assert len(touching) == 2 * 150 * 149
    assert (groups == 1).all()
    assert peak < 20e6


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
@settings(max_examples=60, deadline=None)
def test_joined_by_pairs(pairs):
    lowest = list(range(10))
    for _ in pairs:
        for i, j in pairs:
            lowest[i] = lowest[j] = min(lowest[i], lowest[j])
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    assert joined(first, second, 10).tolist() == [sorted(set(lowest)).index(i) + 1 for i in lowest]


@given(label_maps)
@settings(max_examples=60, deadline=None)
def test_touching_labels_are_neighbours_or_next_but_one(labels):
    expected = np.zeros((4, 4), bool)
    for step in (1, 2):
        for a, b in ((labels[step:], labels[:-step]), (labels[:, step:], labels[:, :-step])):
            for i, j in zip(a.ravel(), b.ravel(), strict=True):
                if i and j and i != j:
                    expected[min(i, j), max(i, j)] = True
    np.testing.assert_array_equal(touching_labels(labels), np.argwhere(expected))


@given(label_maps)
@settings(max_examples=60, deadline=None)
def test_nearest_labels_are_the_nearest(labels):
    nearest, distance = nearest_label(labels)
    there = np.argwhere(labels > 0)
    if not there.size:
        assert not nearest.any()
        assert (distance == 32768).all()
        return
    np.testing.assert_array_equal(nearest[labels > 0], labels[labels > 0])
    np.testing.assert_allclose(
        distance, cv2.distanceTransform((labels == 0).astype(np.uint8), cv2.DIST_L2, 5), rtol=1e-4
    )
    for y, x in np.ndindex(labels.shape):
        gaps = np.linalg.norm(there - (y, x), axis=1)
        # the distance is Borgefors' approximation: an owner is nearest but for a few per cent
        own = gaps[[labels[tuple(p)] == nearest[y, x] for p in there]]
        assert own.min() <= gaps.min() * 1.05 + 1e-9


def test_of_two_equally_near_labels_the_lower_one_is_nearest():
    for ends in ((1, 2), (2, 1)):
        labels = np.zeros((5, 9), np.int32)
        labels[:, 0], labels[:, 8] = ends
        assert (nearest_label(labels)[0][:, 4] == 1).all()


def test_a_large_map_has_room_for_many_labels_and_long_ways():
    labels = np.zeros((3, 20000), np.int32)
    labels[1, 0], labels[1, 19999] = 1, 70000
    nearest, distance = nearest_label(labels)
    assert (nearest[:, :9999] == 1).all()
    assert (nearest[:, 10001:] == 70000).all()
    np.testing.assert_allclose(distance[1, :9999], np.arange(9999))


@given(label_maps)
@settings(max_examples=60, deadline=None)
def test_separated_labels_leave_out_where_two_touch(labels):
    padded = np.pad(labels, 1)
    expected = np.zeros(labels.shape, np.uint8)
    for y, x in np.argwhere(labels > 0):
        around = [padded[y, x + 1], padded[y + 2, x + 1], padded[y + 1, x], padded[y + 1, x + 2]]
        expected[y, x] = all(c in (0, labels[y, x]) for c in around)
    np.testing.assert_array_equal(separated(labels), expected)


@given(label_maps)
@settings(max_examples=60, deadline=None)
def test_inner_distance_is_that_of_the_whole_map(labels):
    labels = np.kron(np.pad(labels, ((0, 3), (4, 0))), np.ones((3, 3), np.int32))
    expected = cv2.distanceTransform(separated(labels), cv2.DIST_L2, 5)
    np.testing.assert_array_equal(inner_distance(labels), expected)


@given(label_maps)
@settings(max_examples=30, deadline=None)
def test_labels_are_renumbered(labels):
    table = np.array([0, 7, 0, 1], np.int32)
    np.testing.assert_array_equal(renumbered(labels, table), table[labels])


@given(label_maps, st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_core_sums_are_sums(labels, seed):
    rng = np.random.default_rng(seed)
    distance = rng.uniform(0, 9, labels.shape).astype(np.float32)
    azure = rng.integers(0, 256, labels.shape).astype(np.uint8)
    offset = rng.normal(0, 20, (*labels.shape, 3)).astype(np.float32)
    violet = 2 * offset[..., 1] - offset[..., 2]
    for row, k in zip(core_sums(labels, 3, distance, azure, offset), (1, 2, 3), strict=True):
        where = labels == k
        expected = [where.sum(), distance[where].max(initial=0), azure[where].sum(), violet[where].sum()]
        np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-4)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_colors_are_summed_where_they_belong(data):
    wide, narrow, nuclei = (data.draw(arrays(np.int32, (6, 9), elements=st.integers(0, 3))) for _ in range(3))
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    offset = rng.normal(0, 20, (6, 9, 3)).astype(np.float32)
    contrast, edge = (rng.uniform(0, high, (6, 9)).astype(np.float32) for high in (24, 6))
    azure = rng.integers(0, 120, (6, 9)).astype(np.uint8)
    planes = Planes(offset, contrast, azure, azure, azure, azure.astype(np.uint16), edge, SLIDE)
    sums = color_sums(planes, nuclei, narrow, wide, 3, 12.0)

    def expected(where):
        return [*offset[where].sum(axis=0, dtype=float), where.sum()]

    red = (wide == 0) & (azure < 60) & (edge < 3) & (contrast > 12)
    np.testing.assert_allclose(red_sums(planes, wide, 12.0, 60), expected(red), atol=1e-9)
    for k in (1, 2, 3):
        for row, inside in ((0, narrow == k), (1, narrow != k), (2, (narrow != k) & (edge < 3) & (contrast > 12))):
            np.testing.assert_allclose(sums[row, k], expected((wide == k) & (nuclei == 0) & inside), atol=1e-9)


@given(st.tuples(label_maps, label_maps), arrays(bool, 3))
def test_a_leaked_cell_gives_up_and_takes_nothing(versions, flags):
    (h, w) = np.minimum(*(labels.shape for labels in versions))
    bold, shy = (labels[:h, :w].copy() for labels in versions)
    leaked = np.append(False, flags)
    expected = np.where(leaked[bold], np.where(shy == bold, bold, 0), np.where(leaked[shy], shy, bold))
    np.testing.assert_array_equal(without_leaks(bold, shy, leaked), expected)


def test_first_colors_are_those_near_and_far():
    nuclei = discs((40, 60), (20, 15, 6), (20, 45, 6))
    distance = cv2.distanceTransform((nuclei == 0).astype(np.uint8), cv2.DIST_L2, 5)
    nearest = np.where(np.arange(60) < 30, 1, 2).astype(np.int32) * np.ones((40, 1), np.int32)
    bins = np.random.default_rng(0).integers(0, 4096, nuclei.shape).astype(np.uint16)
    rest, near = far_colors(bins, distance, 4.0, 9.0), ring_colors(bins, nuclei, nearest, distance, np.full(2, 3.0))
    weight = np.clip((distance - 4) / 5, 0, 1)
    np.testing.assert_allclose(rest, np.bincount(bins.ravel(), weight.ravel(), 4096), rtol=1e-5, atol=1e-6)
    for c in (1, 2):
        ring = (distance <= 3) & (nuclei == 0) & (nearest == c)
        np.testing.assert_array_equal(near[c - 1], np.bincount(bins[ring], minlength=4096))


@given(label_maps)
@settings(max_examples=60, deadline=None)
def test_hull_holds_its_own_pixels(labels):
    box = np.array([0, labels.shape[0], 0, labels.shape[1]])
    own, others, good, bad = hull_counts(labels, labels, 1, 2, box)
    assert own == np.isin(labels, (1, 2)).sum()
    assert others <= (labels == 3).sum()
    assert good == 0
    assert bad <= (labels == 0).sum()


def test_hull_of_two_squares_is_the_rectangle():
    labels = np.zeros((20, 30), np.int32)
    labels[5:10, 4:9] = 1
    labels[5:10, 20:25] = 2
    cells = np.zeros_like(labels)
    cells[:, :15] = 1
    own, others, good, bad = hull_counts(labels, cells, 1, 2, np.array([5, 10, 4, 25]))
    assert (own, others, good, bad) == (50, 0, 5 * 6, 5 * 5)


def test_threshold_is_otsu_of_each_cell():
    rng = np.random.default_rng(0)
    cells = discs((60, 90), (30, 25, 20), (30, 65, 20))
    values = np.where(discs((60, 90), (30, 25, 10), (30, 65, 8)) > 0, 180, 70) + rng.integers(-20, 20, cells.shape)
    values = np.clip(values + 30 * (cells == 2), 0, 255).astype(np.uint8)
    mask, full = threshold_each(values, cells, cells, 2, 42.5)
    assert not full.any()
    for k in (1, 2):
        inside = cells == k
        np.testing.assert_array_equal(mask[inside] > 0, values[inside] > threshold_otsu(values[inside]))


def test_discriminant_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    cells = discs((60, 60), (30, 30, 25))
    rough = discs((60, 60), (30, 30, 12))
    colors = rng.normal(0, 4, (60, 60, 3)).astype(np.float32) + np.float32([-30, 20, -20]) * (rough > 0)[..., None]
    mixed = cv2.morphologyEx(rough.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
    found = discriminate(colors, rough, cells, cells, np.zeros(2, bool), 1 - mixed, 0.0)
    inside = cells > 0
    lda = LinearDiscriminantAnalysis(priors=[0.5, 0.5]).fit(colors[inside], rough[inside])
    assert (found[inside] == lda.predict(colors[inside])).mean() > 0.999


@pytest.mark.parametrize("radius", [20, 40])
def test_the_outline_of_a_nucleus_that_fills_its_cell_lies_half_way(radius):
    size = 2 * radius + 24
    nucleus = discs((size, size), (size // 2, size // 2, radius))
    cells = discs((size, size), (size // 2, size // 2, radius + 1))
    regions = discs((size, size), (size // 2, size // 2, radius + 6))
    noise = np.random.default_rng(0).normal(0, 2, (size, size, 3))
    blurred = cv2.GaussianBlur((nucleus > 0).astype(np.float32), (0, 0), 1.0)[..., None]
    colors = (noise + blurred * (-60, 30, -30)).astype(np.float32)
    rough = discs((size, size), (size // 2, size // 2, radius - 1))
    mixed = cv2.morphologyEx(rough.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    found = discriminate(colors, rough, regions, cells, np.zeros(2, bool), 1 - mixed, 30.0)
    assert abs(np.sqrt(found.sum() / np.pi) - np.sqrt(nucleus.sum() / np.pi)) < 0.3


def specks_oracle(mask, cells, n, share, hole_share):
    """The same with SciPy's components."""
    nuclei = np.where(mask > 0, cells, 0)
    for k in range(1, n + 1):
        total = (nuclei == k).sum()
        parts, m = ndi.label(nuclei == k)
        for i in range(1, m + 1):
            if (parts == i).sum() < share * total:
                nuclei[parts == i] = 0
        gaps, m = ndi.label((cells == k) & (nuclei == 0), np.ones((3, 3)))
        for i in range(1, m + 1):
            around = ndi.binary_dilation(np.pad(gaps == i, 1), np.ones((3, 3))) & ~np.pad(gaps == i, 1)
            if (np.pad(nuclei, 1)[around] == k).all() and (gaps == i).sum() < hole_share * total:
                nuclei[gaps == i] = k
    return nuclei


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_specks_go_and_holes_close(data):
    cells = np.kron(data.draw(arrays(np.int32, (3, 3), elements=st.integers(0, 3))), np.ones((5, 5), np.int32))
    h, w = data.draw(st.tuples(st.integers(1, 15), st.integers(1, 15)))
    cells = np.ascontiguousarray(cells[:h, :w])
    mask = (np.random.default_rng(data.draw(st.integers(0, 10**6))).random((h, w)) < 0.75).astype(np.uint8)
    nuclei = remove_specks(mask, cells, 3, 0.1, 0.2)
    np.testing.assert_array_equal(nuclei, specks_oracle(mask, cells, 3, 0.1, 0.2))


def test_background_is_where_light_pixels_gather():
    rng = np.random.default_rng(0)
    image = np.clip(rng.normal((230, 222, 215), 2, (80, 80, 3)), 0, 255).astype(np.uint8)
    image[:30] = (120, 60, 150)
    image[:8] = (255, 255, 255)
    expected = rgb2lab(np.array([[[230, 222, 215]]], np.uint8))[0, 0]
    np.testing.assert_allclose(background_mode(cv2.cvtColor(image, cv2.COLOR_RGB2LAB), 0.25, 7.0), expected, atol=1.5)


def test_planes_tell_nuclei_from_red_cells():
    rgb = np.array([[[240, 235, 240], [95, 50, 150], [215, 165, 165]]], np.uint8)
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    field = np.broadcast_to(rgb2lab(rgb)[0, 0].astype(np.float32), (1, 3, 3)).copy()
    density = -np.log10(np.maximum(np.arange(256), 3) / rgb[0, 0][:, None]).astype(np.float32)
    offset, contrast, azure, excess, violet, bins = relative_planes(rgb, lab, field, density, np.tile(PER_CHANNEL, 3))
    np.testing.assert_allclose(offset[0, 0], 0, atol=1)
    np.testing.assert_allclose(contrast, np.linalg.norm(offset, axis=2), rtol=1e-6)
    assert azure[0, 1] > 150
    assert azure[0, 0] == azure[0, 2] == 0
    assert excess[0, 1] > excess[0, 2] + 50
    assert violet[0, 1] > violet[0, 0]
    assert len(set(bins[0].tolist())) == 3


@given(arrays(np.float32, st.tuples(st.integers(1, 8), st.integers(1, 8), st.just(3)), elements=st.integers(-50, 50)))
@settings(max_examples=40, deadline=None)
def test_edges_are_sobel(offset):
    total = sum(ndi.sobel(offset[..., c], axis, mode="nearest") ** 2 for c in range(3) for axis in (0, 1))
    np.testing.assert_allclose(color_edges(offset), np.sqrt(total) / 8, rtol=1e-4, atol=1e-3)


def test_red_cell_radius_of_discs():
    red = discs((200, 200), *[(y, x, 14) for y in (30, 90, 150) for x in (30, 90, 150)]) > 0
    contrast = np.where(red, 20, 0).astype(np.float32)
    cores = discs((200, 200), (185, 15, 10))
    for azure, radius in ((0, 14), (90, 0)):
        plane = np.full(red.shape, azure, np.uint8)
        planes = Planes(np.zeros((*red.shape, 3), np.float32), contrast, plane, plane, plane, plane, contrast, SLIDE)
        found, whole = red_cell_radius(planes, cores)
        assert found == pytest.approx(radius, rel=0.1)
        assert whole == (radius > 0)
    # what is drawn over by cells is not measured, and discs much smaller than a nucleus are no red cells
    planes = planes._replace(azure=np.zeros_like(plane))
    assert red_cell_radius(planes, np.ones_like(cores)) == (0.0, False)


def test_red_cells_that_the_frame_cuts_are_not_known_whole():
    # slices of discs of radius 30, 12 deep, on all sides
    centers = [(y, x) for y in (-18, 218) for x in (40, 100, 160)] + [
        (y, x) for x in (-18, 218) for y in (40, 100, 160)
    ]
    red = discs((200, 200), *[(y, x, 30) for y, x in centers]) > 0
    plane = np.zeros(red.shape, np.uint8)
    contrast = np.where(red, 20, 0).astype(np.float32)
    planes = Planes(np.zeros((*red.shape, 3), np.float32), contrast, plane, plane, plane, plane, contrast, SLIDE)
    radius, whole = red_cell_radius(planes, discs((200, 200), (100, 100, 30)))
    assert 0 < radius < 20
    assert not whole


def test_violet_tells_chromatin_from_a_darker_blue_cytoplasm():
    density = np.array([[0.0, 0, 0], [0.40, 0.66, 0.26], [0.66, 0.74, 0.26]])
    rgb = np.rint(240 * 10.0**-density).astype(np.uint8)[None]
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    field = np.broadcast_to(rgb2lab(rgb)[0, 0].astype(np.float32), (1, 3, 3)).copy()
    table = -np.log10(np.maximum(np.arange(256), 3) / rgb[0, 0][:, None]).astype(np.float32)
    planes = relative_planes(rgb, lab, field, table, np.tile(PER_CHANNEL, 3))
    excess, violet = planes[3][0].astype(int), planes[4][0].astype(int)
    assert excess[2] > excess[1]
    assert violet[1] > violet[2] + 20


def outlined(edge_of_nucleus, grain):
    """A disc in a disc, the edge strength along the inner outline and within it."""
    cells, nuclei = discs((80, 80), (40, 40, 30)), discs((80, 80), (40, 40, 18))
    outline = (nuclei > 0) & (ndi.binary_erosion(nuclei > 0) == 0)
    edge = np.where(outline, edge_of_nucleus, np.where(nuclei > 0, grain, 0)).astype(np.float32)
    return nuclei, cells, edge


def evidence_of(nuclei, cells, edge):
    n = int(cells.max())
    return outline_evidence(nuclei, inner_part(cells), edge, region_boxes(cells, n))


@given(
    arrays(
        np.int32, st.tuples(st.integers(1, 30), st.integers(1, 30)), elements=st.integers(1, 9).map(lambda v: v // 9)
    ),
    st.integers(0, 3),
)
def test_the_inner_part_is_what_distances_tell(labels, other):
    labels = np.where(labels > 0, 0, 1 + (np.arange(labels.shape[1]) > 12).astype(np.int32) * other)
    np.testing.assert_array_equal(inner_part(labels) > 0, inner_distance(labels) > STRIP)


@pytest.mark.parametrize("shape", [(1, 1), (1, 20), (20, 3), (20, 20)])
def test_the_inner_part_of_a_label_that_fills_the_map_is_all_of_it(shape):
    assert inner_part(np.ones(shape, np.int32)).all()
    assert not inner_part(np.zeros(shape, np.int32)).any()


def test_evidence_is_the_edge_against_the_texture():
    assert evidence_of(*outlined(10.0, 1.0))[0] == pytest.approx(5.0, rel=0.05)
    assert evidence_of(*outlined(10.0, 9.0))[0] == pytest.approx(1.0, rel=0.05)


def test_a_ring_is_edge_all_over_and_no_evidence():
    cells = discs((80, 80), (40, 40, 30))
    ring = np.where(discs((80, 80), (40, 40, 22)) > 0, 0, discs((80, 80), (40, 40, 26)))
    edge = np.where(ring > 0, 9, 1).astype(np.float32)
    assert evidence_of(ring, cells, edge)[0] < 1


def test_evidence_of_none_and_of_all_nucleus_is_not_a_number():
    _, cells, edge = outlined(10.0, 1.0)
    assert np.isnan(evidence_of(cells, cells, edge)).all()
    none = np.zeros_like(cells)
    assert np.isnan(evidence_of(none, cells, edge)).all()
    assert evidence_of(none, none, edge).shape == (0,)


def test_an_outline_that_is_mostly_that_of_the_cell_tells_little():
    """What lies on the outline of the cell is not known to end there: the notch alone would say as much as a whole nucleus."""
    cells = discs((80, 80), (40, 40, 30))
    notch = discs((80, 80), (40, 62, 12))
    whole = discs((80, 80), (40, 40, 18))
    both = []
    for nuclei in np.where(notch > 0, 0, cells), whole:
        outline = (inner_distance(nuclei) < 1.2) & (nuclei > 0)
        edge = np.where(outline, 10, np.where(nuclei > 0, 1, 0)).astype(np.float32)
        both.append(evidence_of(nuclei, cells, edge)[0])
    assert ALL_NUCLEUS < both[0] < 0.55 * both[1]


@pytest.mark.parametrize(
    ("disc", "cut"),
    [
        ((50, 50, 20), False),
        ((20, 50, 20), False),  # touches
        ((19, 50, 20), False),  # lacks a row
        ((10, 50, 20), True),
        ((-8, 50, 20), True),
        ((9, 92, 12), True),  # holds a corner
    ],
)
def test_what_the_frame_touches_is_not_cut(disc, cut):
    labels = discs((100, 100), disc, (50, 20, 5))
    assert Bodies.measure(labels, np.ones(labels.shape, np.uint8)).cut.tolist() == [cut, False]


def test_what_two_bodies_lack_at_the_frame_adds_up():
    labels = np.zeros((30, 40), np.int32)
    labels[:6, :4], labels[6:12, :4] = 1, 2  # one holds a corner, the other lies below it
    joined = Bodies.measure(np.minimum(labels, 1), np.ones(labels.shape, np.uint8))
    contacts = frame_contacts(labels, 2)
    assert contacts.sum(axis=0).tolist() == frame_contacts(joined.labels, 1)[0].tolist() == [4, 0, 12, 0, 1]
    assert is_cut(contacts.sum(axis=0), joined.area[0]) == joined.cut[0] == True  # noqa: E712
    assert frame_contacts(np.zeros((1, 7), np.int32), 0).shape == (0, 5)


def test_what_the_frame_cuts_cannot_be_judged_by_its_size():
    limits, compact = Limits(np.inf, 10.0), (27.0, 1.2)
    parts = np.pi * np.array([16.0, 13.0]) ** 2
    assert limits.allow(parts, parts, compact, cut=False)
    assert not limits.allow(parts, parts, compact, cut=True)
    lobes = np.pi * np.array([9.0, 9.0]) ** 2
    assert limits.allow(lobes, lobes, compact, cut=True)


def test_what_fills_its_cell_at_the_frame_is_no_lobe_where_nothing_tells_sizes():
    parts = np.pi * np.array([20.0, 15.0]) ** 2  # radius of both 25
    unknown = Limits(np.inf, 0.0, sure=False)
    for radius, part_cut, allowed in (30.0, True, False), (40.0, True, True), (30.0, False, True):
        assert unknown.allow(parts, parts, (radius, 1.2), cut=True, part_cut=part_cut) == allowed


def test_three_parts_larger_than_red_cells_are_no_lobes():
    limits, compact = Limits(np.inf, 10.0), (27.0, 1.0)
    for radii, allowed in ([12.0, 12.0, 12.0], False), ([14.0, 12.0, 9.0], True):
        parts = np.pi * np.array(radii) ** 2
        assert limits.allow(parts, parts, compact, cut=False) == allowed


def test_how_far_a_lobe_may_lie_depends_on_both():
    def gaps(*bodies):
        labels = discs((120, 160), *bodies)
        cores = Bodies.measure(labels, np.ones(labels.shape, np.uint8))
        return lobe_gaps(cores, core_gaps(cores)).first.size

    assert gaps((60, 40, 30), (60, 118, 30)) == 1  # 18 pixels between two of 30
    assert gaps((60, 40, 30), (60, 96, 8)) == 0
    assert gaps((60, 40, 30), (60, 86, 8)) == 1


def test_magenta_is_the_same_for_pale_and_for_dark_chromatin():
    chromatin, cytoplasm = np.array([-60.0, 30.0, -40.0]), np.array([-45.0, 8.0, -40.0])
    offset = np.repeat(np.stack([chromatin, 0.4 * chromatin, cytoplasm, 0 * chromatin])[None], 3, axis=0)
    dark, pale, blue, empty = magenta(np.repeat(offset, 3, axis=1).astype(np.float32))[1, 1::3]
    assert dark == pale == 127
    assert blue < 50
    assert empty == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (6, 1), (9, 70), (30, 31)])
def test_magenta_is_smoothed_as_opencv_does_it(shape):
    offset = np.random.default_rng(0).normal(0, 20, (*shape, 3)).astype(np.float32)
    level = 255 * offset[..., 1] / np.maximum(-offset[..., 0], 4)
    np.testing.assert_array_equal(magenta(offset), cv2.medianBlur(np.clip(level, 0, 255).astype(np.uint8), 3))
