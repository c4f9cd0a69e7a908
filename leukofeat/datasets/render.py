"""How a synthetic field looks: stain amounts drawn with anti-aliased edges, then Beer-Lambert, optics, sensor, JPEG."""

import itertools

import numpy as np

from leukofeat.datasets.morphology import FIELD, N_ANGLES, Cells, outlines, scatter_red_cells
from leukofeat.datasets.slides import Slide
from leukofeat.opencv import cv2

HAEMOGLOBIN, AZURE, RNA, EOSIN = range(4)
POOL = 512


def noise_pool(rng: np.random.Generator) -> np.ndarray:
    """Unit-variance noise at four grain sizes (white, fine, coarse, cloudy), shape (4, POOL, POOL) float32."""
    pool = []
    for sigma in (0.0, 0.75, 1.7, 6.0):
        field = rng.standard_normal((POOL, POOL), dtype=np.float32)
        if sigma:
            field = cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
            field -= cv2.GaussianBlur(field, (0, 0), 2.0 * sigma, borderType=cv2.BORDER_REFLECT)
        pool.append(field / field.std())
    return np.stack(pool)


def _patches(pool: np.ndarray, rng: np.random.Generator, n: int, side: int) -> np.ndarray:
    corners = rng.integers(0, POOL - side, (n, 2))
    return np.stack([pool[i : i + side, j : j + side] for i, j in corners])


def _each(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, np.float32)[:, None, None]


def _grid(centres: np.ndarray, half: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pixel coordinates about n centres, (n, side, side) each, and the integer corner of each patch."""
    x, y = centres.T
    left, top = np.floor(x).astype(int) - half, np.floor(y).astype(int) - half
    steps = np.arange(2 * half + 1)
    dx = (left[:, None] + steps - x[:, None]).astype(np.float32)
    dy = (top[:, None] + steps - y[:, None]).astype(np.float32)
    shape = (len(x), len(steps), len(steps))
    return np.broadcast_to(dx[:, None, :], shape), np.broadcast_to(dy[:, :, None], shape), left, top


def _polar(dx: np.ndarray, dy: np.ndarray, outline: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance from the centre, and the outline's radius in that direction."""
    flat = (dx.shape[0] * dx.shape[1], dx.shape[2])
    distance, angle = cv2.cartToPolar(np.ascontiguousarray(dx).reshape(flat), np.ascontiguousarray(dy).reshape(flat))
    index = (angle * (N_ANGLES / (2 * np.pi))).astype(np.int32) % N_ANGLES
    rows = np.arange(len(dx), dtype=np.int32)[:, None, None] * N_ANGLES
    return distance.reshape(dx.shape), outline.ravel()[index.reshape(dx.shape) + rows]


def _cover(distance: np.ndarray, edge: np.ndarray, soft: float = 1.0) -> np.ndarray:
    return np.clip((edge - distance) / soft + 0.5, 0.0, 1.0)


def _lobed(x: np.ndarray, y: np.ndarray, lobes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance and radius, as `_polar` gives, to the nearest of the lobes or of the threads between them."""
    distance, radius = np.hypot(x - lobes[0, 0], y - lobes[0, 1]), np.full(x.shape, lobes[0, 2])
    for (ax, ay, _), (bx, by, size) in itertools.pairwise(lobes):
        length = max(float((bx - ax) ** 2 + (by - ay) ** 2), 1e-6)
        along = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0.0, 1.0)
        thread = np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay))
        for other, reach in ((np.hypot(x - bx, y - by), size), (thread, 1.3)):
            nearer = other - reach < distance - radius
            distance, radius = np.where(nearer, other, distance), np.where(nearer, reach, radius)
    return distance, radius


def _largest(mask: np.ndarray) -> np.ndarray:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    return mask if count <= 2 else labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()


def draw_red_cells(planes: np.ndarray, rng: np.random.Generator, slide: Slide, cells: Cells, size: int) -> None:
    """Add biconcave discs to the haemoglobin plane; densities add where discs overlap."""
    pad = (planes.shape[1] - size) // 2
    centres, radius = scatter_red_cells(rng, slide, cells, size)
    n = len(radius)
    if not n:
        return
    outline = outlines(rng, radius, 0.06 * rng.random(n) ** 2 + 0.015)
    if slide.crenation:
        angle = np.linspace(0, 2 * np.pi, N_ANGLES, endpoint=False)
        spikes = rng.integers(9, 14, n)[:, None] * angle + rng.uniform(0, 6.3, (n, 1))
        outline = outline * (1 + slide.crenation * rng.random((n, 1)) * np.cos(spikes)).astype(np.float32)
    half = int(np.ceil(outline.max())) + 2
    dx, dy, left, top = _grid(centres, half)
    distance, edge = _polar(dx, dy, outline)

    shift = 0.12 * radius * rng.standard_normal(n)
    turn = rng.uniform(0, 2 * np.pi, n)
    hollow = np.hypot(dx - _each(shift * np.cos(turn)), dy - _each(shift * np.sin(turn))) / _each(
        radius * rng.uniform(0.38, 0.70, n)
    )
    depth = np.clip(slide.pallor * rng.uniform(0.2, 1.4, n), 0, 0.95)
    disc = 1.0 - _each(depth) * np.exp(-(hollow**4)) + 0.12 * (distance / edge) ** 8
    disc *= 1.0 + 0.15 * (dx * _each(np.cos(turn)) + dy * _each(np.sin(turn))) / _each(radius)
    disc *= _cover(distance, edge, 1.6) * _each(np.exp(0.18 * rng.standard_normal(n)))
    for patch, i, j in zip(disc, top + pad, left + pad, strict=True):
        planes[HAEMOGLOBIN, i : i + 2 * half + 1, j : j + 2 * half + 1] += patch


def draw_clutter(planes: np.ndarray, rng: np.random.Generator, slide: Slide, pool: np.ndarray, size: int) -> None:
    """Add platelets, stain specks and smudge cells: what is purple or pink on a smear but no leukocyte to count."""
    pad = (planes.shape[1] - size) // 2
    area = (size / FIELD) ** 2
    kinds = (
        (slide.platelets, (2.0, 4.2), 0.10, 1, 0.40, 1.6, (AZURE, 0.28), (EOSIN, 0.25)),
        (slide.specks, (0.6, 1.1), 0.15, 1, 0.2, 1.0, (AZURE, 0.7), (RNA, 0.3)),
        (slide.smudges, (14.0, 24.0), 0.18, 1, 0.14, 5.0, (EOSIN, 0.45), (AZURE, 0.16)),
    )
    for rate, sizes, roughness, grain, contrast, soft, *amounts in kinds:
        n = int(rng.poisson(rate * area))
        if not n:
            continue
        radius = rng.uniform(*sizes, n)
        outline = outlines(rng, radius, np.full(n, roughness))
        half = int(np.ceil(outline.max() + soft)) + 1
        centres = rng.uniform(0, size, (n, 2))
        dx, dy, left, top = _grid(centres, half)
        distance, edge = _polar(dx, dy, outline)
        texture = np.maximum(1.0 + contrast * _patches(pool[grain], rng, n, 2 * half + 1), 0.0)
        patches = _cover(distance, edge, soft) * texture * _each(rng.uniform(0.6, 1.2, n))
        for patch, i, j in zip(patches, top + pad, left + pad, strict=True):
            for plane, amount in amounts:
                planes[plane, i : i + 2 * half + 1, j : j + 2 * half + 1] += amount * patch


def draw_leukocytes(
    planes: np.ndarray, rng: np.random.Generator, cells: Cells, pool: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Add leukocytes to the stain planes and return the label maps of nuclei and cells, (size, size) int32."""
    pad = (planes.shape[1] - size) // 2
    half = int(np.ceil(cells.cell.max())) + 3
    side = 2 * half + 1
    n = len(cells.centre)
    dx, dy, left, top = _grid(cells.centre, half)
    distance, edge = _polar(dx, dy, cells.cell)
    cell = _cover(distance, edge)
    depth = np.clip(distance / np.maximum(edge, 1.0), 0.0, 1.0)
    nx, ny = dx - _each(cells.offset[:, 0]), dy - _each(cells.offset[:, 1])
    distance, edge = _polar(nx, ny, cells.nucleus)
    for segmented in np.flatnonzero(cells.lobes[:, 0, 2]):
        distance[segmented], edge[segmented] = _lobed(nx[segmented], ny[segmented], cells.lobes[segmented])
    nucleus = _cover(distance, edge) * cell
    inner = np.clip(distance / np.maximum(edge, 1.0), 0.0, 1.0)

    coarse = np.tanh(1.2 * _patches(pool[2], rng, n, side))
    fine = _patches(pool[1], rng, n, side)
    chromatin = 1.0 + _each(cells.clumping) * coarse + _each(cells.grain) * fine
    chromatin += 0.12 * inner**6 - 0.10 * inner**2
    for dot in range(cells.nucleoli.shape[1]):
        px, py, radius, contrast = cells.nucleoli[:, dot].T
        ring = np.hypot(nx - _each(px), ny - _each(py)) / _each(np.maximum(radius, 0.1))
        present = _each(contrast * (radius > 0))
        chromatin += present * (0.2 * np.exp(-(((ring - 1.5) / 0.4) ** 2)) - np.exp(-(ring**2.5)))
    azure = _each(cells.density) * np.maximum(chromatin, 0.15) * nucleus
    cloud = _patches(pool[3], rng, n, side)
    rna = (
        _each(cells.basophilia) * (0.75 + 0.45 * depth**3 + 0.12 * cloud + 0.08 * fine) * cell * (1.0 - 0.75 * nucleus)
    )
    eosin = _each(cells.granularity) * (0.8 + 0.5 * np.maximum(fine, 0.0)) * cell * (1.0 - nucleus)

    shape = planes.shape[1:]
    taken = np.zeros(shape, np.float32)
    nuclei, labels = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    frame = np.s_[pad : pad + size, pad : pad + size]
    in_frame = np.zeros(shape, bool)
    in_frame[frame] = True
    label = 0
    for k in range(n):
        window = np.s_[top[k] + pad : top[k] + pad + side, left[k] + pad : left[k] + pad + side]
        free = 1.0 - taken[window]
        # A leukocyte pushes red cells aside for the most part: their densities hardly add.
        planes[HAEMOGLOBIN][window] *= 1.0 - 0.85 * cell[k] * free
        planes[AZURE][window] += azure[k] * free
        planes[RNA][window] += rna[k] * free
        planes[EOSIN][window] += eosin[k] * free
        body = _largest((cell[k] * free >= 0.5) & in_frame[window])
        inside = _largest((nucleus[k] * free >= 0.5) & body)
        if inside.any():
            label += 1
            labels[window][body] = label
            nuclei[window][inside] = label
        taken[window] = np.maximum(taken[window], cell[k])
    return np.ascontiguousarray(nuclei[frame]), np.ascontiguousarray(labels[frame])


def photograph(planes: np.ndarray, rng: np.random.Generator, slide: Slide, pool: np.ndarray) -> np.ndarray:
    """Light through the stain planes (4, S, S): Beer-Lambert in base 10, uneven light, blur, sharpening, noise."""
    size = planes.shape[1]
    density = cv2.transform(np.ascontiguousarray(planes.transpose(1, 2, 0)), np.ascontiguousarray(slide.stains.T))
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    tilt_x, tilt_y, vignette = slide.light
    light = 1.0 + tilt_x * axis + (tilt_y * axis - vignette * axis**2)[:, None] - vignette * axis**2
    image = np.exp(density * np.float32(-np.log(10))) * (light[..., None] * slide.background)
    image = cv2.GaussianBlur(image, (0, 0), slide.blur)
    # Blue is focused a little off: the coloured fringe of an achromat.
    image[..., 2] = cv2.GaussianBlur(image[..., 2], (0, 0), 0.8)
    if slide.sharpening:
        image += np.float32(slide.sharpening) * (image - cv2.GaussianBlur(image, (0, 0), 1.6))
    rows, columns = (rng.integers(0, POOL, (2, 3))[..., None] + np.arange(size)) % POOL
    for c, grain in enumerate((0, 1, 0)):
        image[..., c] += np.float32(slide.noise) * pool[grain][rows[c]][:, columns[c]]
    return np.clip(image, 0, 255).astype(np.uint8)


def compress(image: np.ndarray, quality: int) -> np.ndarray:
    """Pass an RGB image through JPEG and back."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.cvtColor(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)), cv2.COLOR_BGR2RGB)
