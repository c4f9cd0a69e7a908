import numpy as np
import pytest
from scipy.linalg import logm
from scipy.ndimage import correlate1d
from skimage.color import rgb2lab
from skimage.draw import disk

from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.texture.covariance import SIGNALS, matrix_logarithms, region_covariances


def blurred(plane, sigma):
    reach = int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    once = correlate1d(plane, weights / weights.sum(), axis=0, mode="nearest")
    return correlate1d(once, weights / weights.sum(), axis=1, mode="nearest")


def steepness(plane):
    across, along = np.array([-1.0, 0, 1]), np.array([3.0, 10, 3])
    gradients = [
        correlate1d(correlate1d(plane, across, axis=axis, mode="nearest"), along, axis=1 - axis, mode="nearest")
        for axis in (0, 1)
    ]
    return np.hypot(*gradients) / 32


def shrunk(plane, height, width):
    """Area averages, by matrices of how much of each row goes into each."""
    for n in (height, width):
        edges = np.linspace(0, len(plane), n + 1)
        rows = np.arange(len(plane))
        share = np.minimum(edges[1:, None], rows + 1) - np.maximum(edges[:-1, None], rows)
        plane = (np.maximum(share, 0) @ plane / (len(plane) / n)).T
    return plane


def oracle(image, inside, area, size, seen=None):
    share = min(1.0, size / np.sqrt(area))
    margin = int(np.ceil(3 / share))
    rows, columns = np.nonzero(inside)
    top, left = max(rows.min() - margin, 0), max(columns.min() - margin, 0)
    box = (slice(top, rows.max() + 1 + margin), slice(left, columns.max() + 1 + margin))
    counts = np.ones(inside.shape) if seen is None else (seen | inside).astype(float)
    planes = [*np.moveaxis(rgb2lab(image) * counts[..., None], 2, 0), inside.astype(float), counts]
    planes = [plane[box] for plane in planes]
    if share < 1:
        height, width = (max(1, round(n * share)) for n in planes[0].shape)
        planes = [shrunk(plane, height, width) for plane in planes]
    signals = []
    counts = planes[4]
    for plane in planes[:3]:
        finest, finer, coarser, coarsest = (
            blurred(plane, sigma) / np.maximum(blurred(counts, sigma), 1e-300) for sigma in (0.8, 1.28, 1.6, 2.56)
        )
        signals.append(
            [plane / np.maximum(counts, 1e-300), 0.8 * steepness(finest), finest - finer, coarser - coarsest]
        )
    by_kind = np.array(signals).transpose(1, 0, 2, 3).reshape(12, *planes[0].shape)
    return np.cov(by_kind[:, planes[3] > 0.5], bias=True)


def noisy(seed=0, shape=(90, 80)):
    image = np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)
    labels = np.zeros(shape, np.int32)
    labels[disk((30, 35), 20)] = 1
    labels[60:90, 50:80] = 2  # at the border
    labels[70, 10] = 3  # a pixel
    return image, labels


@pytest.mark.parametrize("size", [8.0, 20.0, 1000.0])
def test_covariances_are_those_of_the_formula(size):
    image, labels = noisy()
    found = region_covariances(image, labels, region_boxes(labels), [1500, 900, 1], size)
    for k, area in enumerate([1500, 900]):
        expected = oracle(image, labels == k + 1, area, size)
        np.testing.assert_allclose(found[k], expected, rtol=2e-3, atol=2e-3)
    assert (found[2] == 0).all()  # nothing varies over one pixel
    assert found.shape == (3, len(SIGNALS), len(SIGNALS))


@pytest.mark.parametrize("size", [8.0, 20.0, 1000.0])
def test_over_the_cell_alone_they_are_those_of_normalised_convolution(size):
    image, labels = noisy()
    labels[labels == 3] = 0
    cells = np.zeros_like(labels)
    cells[disk((34, 35), 21)] = 1  # which leaves some of its region out
    cells[59:, 49:] = 2
    found = region_covariances(image, labels, region_boxes(labels), [1500, 900], size, cells)
    for k, area in enumerate([1500, 900]):
        expected = oracle(image, labels == k + 1, area, size, cells == k + 1)
        np.testing.assert_allclose(found[k], expected, rtol=2e-3, atol=2e-3)
    without = region_covariances(image, labels, region_boxes(labels), [1500, 900], size)
    assert (abs(found - without).max(axis=(1, 2)) > 0.1).all()


def test_cells_that_fill_the_image_leave_nothing_out():
    image, labels = noisy()
    labels[labels > 1] = 0
    everything = np.ones_like(labels)
    found, expected = (
        region_covariances(image, labels, region_boxes(labels), [1257], 20, x) for x in (everything, None)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_real_sizes_between_pixels():
    image, labels = noisy(1, (83, 77))
    labels[labels > 1] = 0
    found = region_covariances(image, labels, region_boxes(labels), [2000], 31.7)
    np.testing.assert_allclose(found[0], oracle(image, labels == 1, 2000, 31.7), rtol=2e-3, atol=2e-3)


def test_what_lies_far_outside_changes_nothing():
    image, labels = noisy()
    other = image.copy()
    other[60:] = 0
    one, two = (region_covariances(x, labels, region_boxes(labels), [1257, 900, 1])[0] for x in (image, other))
    np.testing.assert_array_equal(one, two)


def test_order_of_axes_and_read_only_arrays():
    image, labels = noisy()
    expected = region_covariances(image, labels, region_boxes(labels), [1257, 900, 1])
    image.flags.writeable = labels.flags.writeable = False
    strange = np.asfortranarray(image), np.asfortranarray(labels)
    np.testing.assert_array_equal(region_covariances(*strange, region_boxes(labels), [1257, 900, 1]), expected)


def test_labels_without_pixels_and_thin_regions():
    image, labels = noisy()
    boxes = region_boxes(labels, 4)
    found = region_covariances(image, labels, boxes, [1257, 900, 1, 0])
    assert np.isnan(found[3]).all()
    line = np.zeros((400, 400), np.int32)
    line[:, 200] = 1  # a pixel wide, of a large cell: thinner than what it is shrunk to
    picture = np.random.default_rng(0).integers(0, 256, (400, 400, 3), np.uint8)
    thin = region_covariances(picture, line, region_boxes(line), [160000])
    assert np.isfinite(thin).all()
    assert (thin[0, :3, :3].diagonal() > 0).all()
    one = region_covariances(
        np.zeros((1, 1, 3), np.uint8), np.ones((1, 1), int), region_boxes(np.ones((1, 1), int)), [1]
    )
    assert (one == 0).all()
    far = np.zeros((3000, 3000), np.int32)
    far[:30, :30] = far[-30:, -30:] = 1  # two corners of a field under one number
    corners = region_covariances(np.resize(picture, (3000, 3000, 3)), far, region_boxes(far), [1800])
    assert np.isfinite(corners).all()
    nothing = np.zeros((0, 7), np.int64)
    assert region_covariances(image, np.zeros_like(labels), nothing, []).shape == (0, 12, 12)


@pytest.mark.parametrize(("shape", "areas", "message"), [((9, 8, 3), [1], "shape"), ((9, 9, 3), [1, 2], "areas")])
def test_what_does_not_fit_is_refused(shape, areas, message):
    labels = np.ones((9, 9), np.int32)
    with pytest.raises(ValueError, match=message):
        region_covariances(np.zeros(shape, np.uint8), labels, region_boxes(labels), areas)


def test_cells_of_another_shape_are_refused():
    labels = np.ones((9, 9), np.int32)
    with pytest.raises(ValueError, match="cells"):
        region_covariances(
            np.zeros((9, 9, 3), np.uint8), labels, region_boxes(labels), [1], cells=np.ones((9, 8), np.int32)
        )


def test_logarithms_are_those_of_scipy():
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(3, 40, 12))
    covariances = np.stack([np.cov(one.T) for one in samples])
    found = matrix_logarithms(covariances, 0.1)
    rows, columns = np.triu_indices(12)
    for k in range(3):
        expected = logm(covariances[k] + 0.1 * np.eye(12))
        np.testing.assert_allclose(found[k], expected[rows, columns] * np.where(rows == columns, 1, np.sqrt(2)))
    difference = logm(covariances[0] + 0.1 * np.eye(12)) - logm(covariances[1] + 0.1 * np.eye(12))
    assert np.linalg.norm(found[0] - found[1]) == pytest.approx(np.linalg.norm(difference))


def test_logarithms_of_what_is_missing_or_constant():
    covariances = np.stack([np.full((12, 12), np.nan), np.zeros((12, 12))])
    missing, constant = matrix_logarithms(covariances, 0.1)
    assert np.isnan(missing).all()
    assert set(constant.round(9)) == {0.0, round(np.log(0.1), 9)}
