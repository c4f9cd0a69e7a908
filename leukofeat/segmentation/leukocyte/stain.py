"""Per-pixel planes of a stained smear relative to its empty background: colour offset, azure stain, edges."""

import numpy as np

from leukofeat.kernels.jit import jit

# green density at most that goes with one unit of blue density in a red cell: haemoglobin and eosin absorb both
HEMOGLOBIN = 1.75
# colour difference from the background under which there is no stain; see NOISE, FAINT and PALE in `planes`
BLANK = 8.0
# red density at most that goes with one unit of green density in a basophilic cytoplasm: RNA binds azure dyes as DNA does, yet
# is blue, which absorbs red and green nearly alike, where chromatin (azure with eosin) is violet and lets red through
BASOPHILIA = 0.9
# azure stain p as a grey level, AZURE_SCALE * p / (p + AZURE_HALF): saturating, so that pale nuclei keep their levels
AZURE_SCALE, AZURE_HALF = 300.0, 0.3
# differences of densities (green minus blue, green minus 0.9 red) as a grey level: the density that is 0, and levels per unit, so that 255 is a density of 1
EXCESS_LOW, EXCESS_LEVELS = -0.2, 212.5
NO_EXCESS = 42.5  # the level of no density, 0.2 * 212.5

# colour bins: signed square roots of the L*, a* and b* offsets, fine near the background, where pale cytoplasm has to be
# told from empty glass; where the bins of each axis begin, and their width
BINS_PER_AXIS = 16
BIN_LOW, BIN_STEP = np.array([-10.0, -4.0, -9.0]), np.array([0.72, 0.85, 0.85])
# LAB as OpenCV stores it in 8 bits: L* is 100 / 255 of the value, a* and b* are the value less 128
LAB_SCALE, LAB_ZERO = np.array([100 / 255, 1, 1], np.float32), np.array([0, 128, 128], np.float32)
PER_CHANNEL = np.stack([LAB_SCALE, LAB_ZERO, BIN_LOW, 1 / BIN_STEP]).astype(np.float32)

SETTLED = 0.05  # movement in 8-bit LAB values from which on a mean shift is at its end
SHIFTS = 5  # steps of the mean shift at most


def bin_contrasts() -> np.ndarray:
    """Colour difference from the background of each colour bin's centre, (4096,) float64."""
    roots = BIN_LOW[:, None] + (np.arange(BINS_PER_AXIS) + 0.5) * BIN_STEP[:, None]
    light, a, b = np.meshgrid(*roots, indexing="ij")
    return np.sqrt(light**4 + a**4 + b**4).ravel()


@jit
def background_mode(lab: np.ndarray, share: float, radius: float) -> np.ndarray:
    """Colour around which the light pixels gather: mean shift from their median.

    Parameters
    ----------
    lab : (H, W, 3) uint8
        LAB as OpenCV stores it in 8 bits.
    share : float
        Share of the pixels, the lightest, that are looked at.
    radius : float
        Radius of the mean shift in LAB units.

    Returns
    -------
    (3,) float64
        L*, a*, b* of the empty background.
    """
    pixels = lab.reshape(-1, 3)
    counts = np.zeros((3, 256), np.int64)
    # neighbours are much alike: counted in turns, none waits for the one before
    for i in range(pixels.shape[0]):
        counts[i & 1, pixels[i, 0]] += 1
    light, seen = -1, 0
    while seen < (1 - share) * pixels.shape[0]:
        light += 1
        seen += counts[0, light] + counts[1, light]
    # the light pixels by themselves, plane by plane
    bright = np.empty((3, pixels.shape[0]), np.uint8)
    counts = np.zeros((3, 256), np.int64)
    n = 0
    for i in range(pixels.shape[0]):
        if pixels[i, 0] >= light:
            for c in range(3):
                bright[c, n] = pixels[i, c]
                counts[c, pixels[i, c]] += 1
            n += 1
    center = np.zeros(3)
    for c in range(3):
        median, seen = -1, 0
        while 2 * seen < n:
            median += 1
            seen += counts[c, median]
        center[c] = median
    scale = 100.0 / 255.0
    lightness, green_red, blue_yellow = bright[0], bright[1], bright[2]
    for _ in range(SHIFTS):
        total = np.zeros(4)
        for i in range(n):
            d0 = (lightness[i] - center[0]) * scale
            d1 = green_red[i] - center[1]
            d2 = blue_yellow[i] - center[2]
            if d0 * d0 + d1 * d1 + d2 * d2 < radius * radius:
                total[0] += lightness[i]
                total[1] += green_red[i]
                total[2] += blue_yellow[i]
                total[3] += 1
        if total[3] == 0:
            break
        moved = 0.0
        for c in range(3):
            mean = total[c] / total[3]
            moved = max(moved, abs(mean - center[c]))
            center[c] = mean
        if moved < SETTLED:
            break
    center[0] *= scale
    center[1] -= 128
    center[2] -= 128
    return center


@jit
def _level(difference: np.float32) -> np.int32:
    """A difference of densities as a grey level."""
    e = min(max(difference, np.float32(EXCESS_LOW)), np.float32(1))
    return np.int32((e - np.float32(EXCESS_LOW)) * np.float32(EXCESS_LEVELS) + np.float32(0.5))


@jit
def relative_planes(
    rgb: np.ndarray, lab: np.ndarray, field: np.ndarray, density: np.ndarray, per_channel: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Colour offset from the empty background, its length, azure stain and colour bin of every pixel.

    Parameters
    ----------
    rgb, lab : (H, W, 3) uint8
        The image in both colour spaces (LAB as OpenCV stores it in 8 bits).
    field : (H, W, 3) float32
        L*, a*, b* of the empty background at each pixel.
    density : (3, 256) float32
        Optical density of each 8-bit value against the empty background, per channel.
    per_channel : (4, 3 * W) float32
        `PER_CHANNEL`, repeated along a row, so that rows run in vector registers.

    Returns
    -------
    offset : (H, W, 3) float32
        LAB minus background.
    contrast : (H, W) float32
        Length of the offset: the colour difference from the background.
    azure : (H, W) uint8
        Stain that absorbs green but not blue, saturating.
    excess : (H, W) uint8
        Green minus blue optical density, from -0.2 to 1 in 255 steps.
    violet : (H, W) uint8
        Green minus 0.9 red optical density, likewise: what chromatin has and basophilic cytoplasm, however dark, has not.
    bins : (H, W) uint16
        One of 16 x 16 x 16 colour bins.
    """
    h, w, _ = rgb.shape
    offset = np.empty((h, w, 3), np.float32)
    contrast = np.empty((h, w), np.float32)
    azure = np.empty((h, w), np.uint8)
    excess = np.empty((h, w), np.uint8)
    violet = np.empty((h, w), np.uint8)
    bins = np.empty((h, w), np.uint16)
    scale, zero, low, per_unit = per_channel[0], per_channel[1], per_channel[2], per_channel[3]
    lab_rows, field_rows, offset_rows = lab.reshape(h, 3 * w), field.reshape(h, 3 * w), offset.reshape(h, 3 * w)
    place = np.empty(3 * w, np.int32)
    square = np.empty(3 * w, np.float32)
    reds, greens, blues = density[0], density[1], density[2]
    half, brown, none = np.float32(AZURE_HALF), np.float32(HEMOGLOBIN), np.float32(0)
    last = np.float32(BINS_PER_AXIS - 1)
    for y in range(h):
        values, empty, row = lab_rows[y], field_rows[y], offset_rows[y]
        for i in range(3 * w):
            d = np.float32(values[i]) * scale[i] - zero[i] - empty[i]
            row[i] = d
            square[i] = d * d
            place[i] = np.int32(min(max((np.copysign(np.sqrt(abs(d)), d) - low[i]) * per_unit[i], none), last))
        for x in range(w):
            length = none + square[3 * x] + square[3 * x + 1] + square[3 * x + 2]
            contrast[y, x] = np.sqrt(length)
            bins[y, x] = (place[3 * x] * BINS_PER_AXIS + place[3 * x + 1]) * BINS_PER_AXIS + place[3 * x + 2]
            red, green, blue = reds[rgb[y, x, 0]], greens[rgb[y, x, 1]], blues[rgb[y, x, 2]]
            stain = 0
            if length >= BLANK * BLANK:
                p = max(green - brown * blue - max(red - green, none), none)
                stain = min(int(np.float32(AZURE_SCALE) * p / (p + half)), 255)
            azure[y, x] = stain
            excess[y, x] = _level(green - blue)
            violet[y, x] = _level(green - np.float32(BASOPHILIA) * red)
    return offset, contrast, azure, excess, violet, bins


@jit
def color_edges(offset: np.ndarray) -> np.ndarray:
    """Gradient magnitude (Sobel, per pixel) of an (H, W, 3) float32 colour offset, C-contiguous."""
    h, w, _ = offset.shape
    rows = offset.reshape(h, 3 * w)
    out = np.empty((h, w), np.float32)
    # columns -1 and w repeat the outermost ones
    smooth = np.empty(3 * w + 6, np.float32)
    slope = np.empty(3 * w + 6, np.float32)
    square = np.empty(3 * w, np.float32)
    for y in range(h):
        up, mid, down = rows[max(y - 1, 0)], rows[y], rows[min(y + 1, h - 1)]
        for i in range(3 * w):
            smooth[i + 3] = up[i] + (mid[i] + mid[i]) + down[i]
            slope[i + 3] = down[i] - up[i]
        for c in range(3):
            smooth[c], slope[c] = smooth[c + 3], slope[c + 3]
            smooth[3 * w + 3 + c], slope[3 * w + 3 + c] = smooth[3 * w + c], slope[3 * w + c]
        for i in range(3 * w):
            gx = smooth[i + 6] - smooth[i]
            gy = slope[i] + (slope[i + 3] + slope[i + 3]) + slope[i + 6]
            square[i] = gx * gx + gy * gy
        for x in range(w):
            out[y, x] = np.sqrt(square[3 * x] + square[3 * x + 1] + square[3 * x + 2]) * np.float32(0.125)
    return out
