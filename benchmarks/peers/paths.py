"""From a JPEG file to a row of features: by leukofeat, by the fastest other libraries, and by scikit-image throughout.

All follow one recipe, the segmentation of `LabKMeansSegmenter` and the default columns of GeometryFeatures, HOGFeatures,
ColorFeatures (five spaces) and TextureFeatures. The check gives every measuring half the same label maps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np
from skimage.feature import graycomatrix, local_binary_pattern
from skimage.io import imread

from leukofeat.decode import read_image
from leukofeat.features import (
    ChromatinFeatures,
    ColorFeatures,
    ContourFeatures,
    GaborFeatures,
    GeometryFeatures,
    GranulometryFeatures,
    HOGFeatures,
    OutlineFeatures,
    RelativeColorFeatures,
    RunLengthFeatures,
    TextureFeatures,
    WaveletFeatures,
)
from leukofeat.features.color import color_names
from leukofeat.kernels.color.histograms import STATISTIC_NAMES
from leukofeat.kernels.color.stains import optical_density_table
from leukofeat.kernels.texture.haralick import HARALICK_NAMES
from leukofeat.segmentation import Cleanup, LabKMeansSegmenter
from leukofeat.smear import Smear
from peers.color import describe
from peers.segmenting import Labels, segment_fast, segment_plain
from peers.shape import by_our_names, scikit_image_shapes
from peers.texture import CIRCLES, hog_picture_statistics

HOG_NAMES = ("image_hog_max", "image_hog_mean", "image_hog_std", "image_hog_active")
SPACES = ("rgb", "hsv", "lab", "ycrcb", "od")
SEGMENTER = LabKMeansSegmenter(rank="a", cleanup=Cleanup(split="h_maxima", clear_border=False))
SHARED = [
    GeometryFeatures(),
    HOGFeatures(regions=["image"]),
    ColorFeatures(spaces=SPACES),
    TextureFeatures(),
]
EVERYTHING = [
    GeometryFeatures(),
    HOGFeatures(),
    ColorFeatures(),
    TextureFeatures(),
    RunLengthFeatures(),
    GranulometryFeatures(),
    OutlineFeatures(),
    ChromatinFeatures(),
    RelativeColorFeatures(),
    ContourFeatures(),
]
EXTRA = [GaborFeatures(), WaveletFeatures()]


@dataclass
class Path:
    """One way from a file to a row: three steps, and which libraries take them."""

    decode: Callable[[str], np.ndarray]
    segment: Callable[[np.ndarray], Labels]
    measure: Callable[[np.ndarray, np.ndarray, np.ndarray], dict[str, float]]
    packages: tuple[str, ...]

    def __call__(self, file: str) -> dict[str, float]:
        image = self.decode(file)
        return self.measure(image, *self.segment(image))

    @property
    def version(self) -> str:
        return " ".join(f"{name} {version(name)}" for name in self.packages)


def everything(file: str) -> np.ndarray:
    """leukofeat's full catalogue without Gabor and wavelets: the feature row, whose names are spelled out once a pass."""
    smear = SEGMENTER.apply(Smear(read_image(file)))
    return np.concatenate([family.row(smear) for family in EVERYTHING])


def decode_only(file: str) -> np.ndarray:
    """The floor: the JPEG decoded by OpenCV and nothing else."""
    return cv2.imread(file)


def _ours_segment(image: np.ndarray) -> Labels:
    smear = SEGMENTER.apply(Smear(image))
    return smear.region("nucleus"), smear.region("cell")


def _ours_measure(image: np.ndarray, nuclei: np.ndarray, cells: np.ndarray) -> dict[str, float]:
    smear, row = Smear(image, nuclei, cells), {}
    for family in SHARED:
        row.update(zip(family.row_names(), family.row(smear), strict=True))
    return row


def _geometry(nuclei: np.ndarray, cells: np.ndarray) -> dict[str, float]:
    row: dict[str, float] = {"cell_count": float(len(np.unique(cells[cells > 0])))}
    for region, labels in (("nucleus", nuclei), ("cell", cells)):
        columns = by_our_names(scikit_image_shapes(labels))
        columns["circularity"] = 4 * np.pi * columns["area"] / columns["perimeter"] ** 2
        columns["compactness"] = columns["perimeter"] ** 2 / columns["area"]
        columns["roundness"] = 4 * columns["area"] / (np.pi * columns["feret_max"] ** 2)
        for name, x in columns.items():
            row[f"{region}_{name}_mean"], row[f"{region}_{name}_std"] = x.mean(), x.std()
        if region == "nucleus":
            nucleus_area = columns["area"]
        else:
            ratio = nucleus_area / columns["area"]
            row["nc_area_ratio_mean"], row["nc_area_ratio_std"] = ratio.mean(), ratio.std()
    return row


def _color(image: np.ndarray, masks: dict[str, np.ndarray]) -> dict[str, float]:
    smear = Smear(image)
    planes = {"rgb": image, "hsv": smear.hsv, "lab": smear.lab, "ycrcb": smear.ycrcb}
    row: dict[str, float] = {}
    for region, mask in masks.items():
        for space in SPACES:
            stack = planes["rgb" if space == "od" else space][mask]
            names = [n.split("_")[2] for n in color_names([region], [space])[:: len(STATISTIC_NAMES)]]
            for k, channel in enumerate(names):
                counts = np.bincount(stack[:, k])
                x = optical_density_table()[stack[:, k]] if space == "od" else stack[:, k].astype(float)
                for name, value in zip(STATISTIC_NAMES, describe(x, counts), strict=True):
                    row[f"{region}_{space}_{channel}_{name}"] = value
    return row


def _lbp(gray: np.ndarray, masks: dict[str, np.ndarray]) -> dict[str, float]:
    row: dict[str, float] = {}
    for points, radius in CIRCLES:
        codes = local_binary_pattern(gray, points, radius, "uniform").astype(np.int64)
        for region, mask in masks.items():
            counts = np.bincount(codes[mask], minlength=points + 2)
            row.update({f"{region}_lbp_{points}_{radius}_{k}": x for k, x in enumerate(counts / counts.sum())})
    return row


def _name_haralick(row: dict[str, float], region: str, values: np.ndarray) -> None:
    for k, name in enumerate(HARALICK_NAMES):
        row[f"{region}_haralick_{name}_d1_mean"] = values[:, k].mean()
        row[f"{region}_haralick_{name}_d1_range"] = np.ptp(values[:, k])


def _haralick_fast(gray: np.ndarray, masks: dict[str, np.ndarray]) -> dict[str, float]:
    from cp_measure.core.numba.measuretexture import get_texture

    labels = np.zeros(gray.shape, np.int32)
    for k, mask in enumerate(masks.values(), start=1):
        labels[mask] = k
    table = np.array(list(get_texture(labels, gray // 4 + 1, scale=1).values())).reshape(4, 13, len(masks))
    row: dict[str, float] = {}
    for k, region in enumerate(masks):
        _name_haralick(row, region, table[:, :, k])
    # it takes the variance of the histogram of differences for that of the differences
    return {name: x for name, x in row.items() if "difference_variance" not in name}


def _haralick_plain(gray: np.ndarray, masks: dict[str, np.ndarray]) -> dict[str, float]:
    row: dict[str, float] = {}
    for region, mask in masks.items():
        levels = np.where(mask, gray // 4 + 1, 0).astype(np.uint8)
        angles = [0, -np.pi / 4, np.pi / 2, np.pi / 4]
        matrices = graycomatrix(levels, [1], angles, levels=65, symmetric=True)[1:, 1:, 0].transpose(2, 0, 1)
        _name_haralick(row, region, np.array([_textbook(m / m.sum()) for m in matrices]))
    return row


def _textbook(p: np.ndarray) -> list[float]:
    def entropy(x: np.ndarray) -> float:
        x = x[x > 0]
        return float(-(x * np.log2(x)).sum())

    i, j = np.indices(p.shape) + 1
    px = p.sum(axis=1)
    k = np.arange(1, len(px) + 1)
    mean = px @ k
    variance = px @ (k - mean) ** 2
    plus, minus = np.bincount((i + j).ravel(), p.ravel()), np.bincount(abs(i - j).ravel(), p.ravel())
    s, d = np.arange(len(plus)), np.arange(len(minus))
    hx, hxy = entropy(px), entropy(p)
    return [
        (p**2).sum(),
        (p * (i - j) ** 2).sum(),
        ((p * i * j).sum() - mean**2) / variance,
        variance,
        (p / (1 + (i - j) ** 2)).sum(),
        plus @ s,
        plus @ s**2 - (plus @ s) ** 2,
        entropy(plus),
        hxy,
        minus @ d**2 - (minus @ d) ** 2,
        entropy(minus),
        (hxy - 2 * hx) / hx,
        np.sqrt(max(0.0, 1 - np.exp(-2 * (2 * hx - hxy)))),
    ]


def _measure(haralick: Any) -> Callable[[np.ndarray, np.ndarray, np.ndarray], dict[str, float]]:
    def measure(image: np.ndarray, nuclei: np.ndarray, cells: np.ndarray) -> dict[str, float]:
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        row = dict(zip(HOG_NAMES, hog_picture_statistics(gray), strict=True))
        masks = {"nucleus": nuclei > 0, "cytoplasm": (cells > 0) & (nuclei == 0)}
        masks = {region: mask for region, mask in masks.items() if mask.sum() > 1}
        if "nucleus" in masks:
            row |= _geometry(nuclei, cells) | _color(image, masks) | haralick(gray, masks) | _lbp(gray, masks)
        return row

    return measure


def _imread(file: str) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(file), cv2.COLOR_BGR2RGB)


OURS = Path(read_image, _ours_segment, _ours_measure, ("leukofeat",))
PEERS = {
    "fastest peers": Path(
        _imread, segment_fast, _measure(_haralick_fast), ("opencv-python", "scikit-image", "scipy", "cp_measure")
    ),
    "scikit-image": Path(imread, segment_plain, _measure(_haralick_plain), ("scikit-image", "scikit-learn", "scipy")),
}


def check_path(peer: Path, files: list[str]) -> tuple[float, float, int]:
    """Largest relative difference of the columns on the same label maps, mean Dice of the nuclei, and columns compared."""
    worst, dices, columns = 0.0, [], 0
    for file in files:
        image = _imread(file)
        nuclei, cells = _ours_segment(image)
        theirs, _ = peer.segment(image)
        total = np.count_nonzero(nuclei) + np.count_nonzero(theirs)
        dices.append(2 * np.count_nonzero((nuclei > 0) & (theirs > 0)) / total if total else 1.0)
        a, b = _ours_measure(image, nuclei, cells), peer.measure(image, nuclei, cells)
        shared = [name for name in a if name in b and not (np.isnan(a[name]) or np.isnan(b[name]))]
        columns = max(columns, len(shared))
        # Hu's higher moments cancel to noise: what is small against 1e-6 counts as it is
        worst = max([worst, *(abs(a[name] - b[name]) / max(abs(b[name]), 1e-6) for name in shared)])
    return worst, float(np.mean(dices)), columns


def profile_path(files: list[str], repeats: int) -> None:
    """Print the CPU time of each step of the whole path, median over the files."""
    families = {type(family).__name__: family for family in [*EVERYTHING, *EXTRA]}
    times: dict[str, list[float]] = {}

    def clock(name: str, function: Callable[..., Any], *args: Any) -> Any:
        start = time.process_time_ns()
        result = function(*args)
        times.setdefault(name, []).append((time.process_time_ns() - start) / 1e6)
        return result

    for round_ in range(repeats + 1):
        for file in files:
            smear = Smear(clock("decode", read_image, file))
            smear = clock("segment", SEGMENTER.apply, smear)
            for plane in ("gray", "lab", "hsv", "ycrcb", "cytoplasm"):
                clock("shared planes: " + plane, getattr, smear, plane)
            for name, family in families.items():
                clock(name, family.row, smear)
        if round_ == 0:
            # compiling and loading
            times.clear()
    medians = {name: float(np.median(t)) for name, t in times.items()}
    total = sum(medians.values())
    print(f"{'step':28s} {'ms':>8s} {'share':>7s}")
    for name, value in medians.items():
        print(f"{name:28s} {value:8.3f} {value / total:7.1%}")
    counted = total - sum(medians[type(family).__name__] for family in EXTRA)
    print(f"{'all':28s} {total:8.3f}")
    print(f"{'without Gabor and wavelets':28s} {counted:8.3f}   {counted / medians['decode']:.1f} times the decoding")
