"""The same measures by other libraries: what `speed.py` runs beside leukofeat.

Each peer is a function of a `Sample` and returns its raw result; `values` brings it to the names of leukofeat's own
result for the check, outside the clock. A measure that a peer defines otherwise is left out of its values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import cv2
import numpy as np

from leukofeat.features.color import color_names, measure_color
from leukofeat.kernels.regions.boxes import region_boxes
from leukofeat.kernels.regions.spans import part_runs
from leukofeat.kernels.shape.box_counting import box_dimensions
from leukofeat.kernels.shape.region_shapes import SHAPE_NAMES, region_shapes
from leukofeat.kernels.shape.zernike import zernike_moments, zernike_orders
from leukofeat.kernels.texture.gabor import gabor_sums
from leukofeat.kernels.texture.granulometry import opening_sums
from leukofeat.kernels.texture.haralick import HARALICK_NAMES, haralick
from leukofeat.kernels.texture.hog import hog_vector
from leukofeat.kernels.texture.lbp import lbp_histograms
from leukofeat.kernels.texture.plane_sums import plane_sums
from leukofeat.kernels.texture.run_lengths import RUN_LENGTH_NAMES, run_lengths
from leukofeat.smear import Smear

CIRCLES = ((8, 1), (16, 2), (24, 3))
FREQUENCIES, N_ANGLES = (0.1, 0.2, 0.4), 4
SPACES = ("rgb", "hsv", "lab", "ycrcb")
RADII = (1, 2, 3, 5, 7)


@dataclass
class Sample:
    """An image with its nuclei, and what a pipeline has at hand by the time it measures."""

    image: np.ndarray
    nuclei: np.ndarray
    gray: np.ndarray = field(init=False)
    smear: Smear = field(init=False)
    planes: list[np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        # grey starts at 1: peers that ignore zeros then ignore nothing inside a nucleus
        self.gray = np.maximum(cv2.cvtColor(self.image, cv2.COLOR_RGB2GRAY), 1)
        # colour conversion is outside every clock
        self.smear = Smear(self.image, self.nuclei)
        stacks = [self.image, self.smear.hsv, self.smear.lab, self.smear.ycrcb]
        self.planes = [np.ascontiguousarray(stack[:, :, k]) for stack in stacks for k in range(3)]

    @property
    def n(self) -> int:
        return int(self.nuclei.max())

    def boxes(self) -> np.ndarray:
        """Bounding boxes of the nuclei: counted afresh, so that whoever needs them is timed with them."""
        return region_boxes(self.nuclei, self.n)

    def crops(self) -> list[tuple[tuple[slice, slice], np.ndarray]]:
        """Box and mask of each nucleus."""
        slices = [np.s_[r0:r1, c0:c1] for r0, c0, r1, c1 in self.boxes()[:, :4]]
        return [(box, self.nuclei[box] == k) for k, box in enumerate(slices, start=1)]


Values = dict[str, np.ndarray]


@dataclass
class Runner:
    """One library's way to measure a family: `run` is timed, `values` names what came out."""

    package: str
    run: Callable[[Sample], Any]
    values: Callable[[Any, Sample], Values]

    @property
    def version(self) -> str:
        return version(self.package)


def columns(names: Any, table: np.ndarray) -> Values:
    """Columns of a table by name."""
    return dict(zip(names, np.asarray(table, np.float64).T, strict=True))


def nyxus(features: list[str]) -> Callable[[np.ndarray, np.ndarray], Any]:
    """Featurise a grey plane and label map with nyxus on one thread."""
    from nyxus import Nyxus

    measure = Nyxus(features, n_feature_calc_threads=1)
    return lambda plane, labels: measure.featurize(plane.astype(np.uint32), labels.astype(np.uint32))


# ---- Haralick -------------------------------------------------------------------------------------------------------


def _per_direction(values: np.ndarray) -> Values:
    """Columns of (n, 4, 13), `information_*` aside where a peer forms the difference of nearly equal numbers."""
    return {f"{name}_{d}": values[:, d, k] for d in range(4) for k, name in enumerate(HARALICK_NAMES)}


def haralick_runners() -> dict[str, Callable[[], Runner]]:
    def ours() -> Runner:
        # levels count from 1: grey 1 is level 1
        run = lambda s: haralick(s.gray - 1, s.nuclei, region_boxes(s.nuclei, s.n))  # noqa: E731
        return Runner("leukofeat", run, lambda raw, s: _per_direction(raw[:, 0]))

    def cp_measure() -> Runner:
        from cp_measure.core.numba.measuretexture import get_texture

        def values(raw: Any, s: Sample) -> Values:
            table = np.array(list(raw.values())).reshape(4, 13, s.n).transpose(2, 0, 1)
            found = _per_direction(table)
            # it takes the variance of the histogram of differences for that of the differences
            return {name: x for name, x in found.items() if not name.startswith("difference_variance")}

        return Runner("cp_measure", lambda s: get_texture(s.nuclei, s.gray, scale=1), values)

    def mahotas() -> Runner:
        from mahotas.features import haralick as theirs

        def run(s: Sample) -> np.ndarray:
            crops = [np.where(mask, s.gray[box], 0) for box, mask in s.crops()]
            return np.array([theirs(crop, ignore_zeros=True, use_x_minus_y_variance=True) for crop in crops])

        return Runner("mahotas", run, lambda raw, s: _per_direction(raw))

    return {"leukofeat": ours, "cp_measure": cp_measure, "mahotas": mahotas}


# ---- local binary patterns ------------------------------------------------------------------------------------------


def lbp_runners() -> dict[str, Callable[[], Runner]]:
    def values(raw: Any, s: Sample) -> Values:
        return {f"{p}_{r}": np.asarray(x, float) for (p, r), x in zip(CIRCLES, raw, strict=True)}

    def ours() -> Runner:
        return Runner(
            "leukofeat", lambda s: lbp_histograms(s.gray, part_runs(s.nuclei, s.n + 1), s.n + 1, CIRCLES), values
        )

    def scikit_image() -> Runner:
        from skimage.feature import local_binary_pattern

        def run(s: Sample) -> list[np.ndarray]:
            out = []
            for p, r in CIRCLES:
                codes = local_binary_pattern(s.gray, p, r, "uniform").astype(np.int64)
                both = np.bincount((s.nuclei * (p + 2) + codes).ravel(), minlength=(s.n + 1) * (p + 2))
                out.append(both.reshape(s.n + 1, p + 2))
            return out

        return Runner("scikit-image", run, values)

    return {"leukofeat": ours, "scikit-image": scikit_image}


# ---- oriented gradients ---------------------------------------------------------------------------------------------


def hog_runners() -> dict[str, Callable[[], Runner]]:
    def values(raw: Any, s: Sample) -> Values:
        return {"vector": raw}

    def scikit_image() -> Runner:
        from skimage.feature import hog

        return Runner("scikit-image", lambda s: hog(s.gray, 9, (8, 8), (3, 3)), values)

    return {
        "leukofeat": lambda: Runner("leukofeat", lambda s: hog_vector(s.gray, 9, (8, 8), (3, 3)), values),
        "scikit-image": scikit_image,
    }


# ---- Zernike --------------------------------------------------------------------------------------------------------


def zernike_runners() -> dict[str, Callable[[], Runner]]:
    names = [f"{n}_{m}" for n, m in zernike_orders(9)]

    def ours() -> Runner:
        return Runner(
            "leukofeat",
            lambda s: zernike_moments(s.nuclei, s.boxes(), 9),
            lambda raw, s: columns(names, raw),
        )

    def theirs_nyxus() -> Runner:
        measure = nyxus(["ZERNIKE2D"])
        # its disc and its norm are others
        return Runner("nyxus", lambda s: measure(s.gray, s.nuclei), lambda raw, s: {})

    def mahotas() -> Runner:
        from mahotas.features import zernike_moments as theirs

        def run(s: Sample) -> np.ndarray:
            out = []
            for _, mask in s.crops():
                points = np.argwhere(mask)
                center = points.mean(axis=0)
                radius = np.sqrt(((points - center) ** 2).sum(axis=1).max()) + 0.5
                out.append(theirs(mask.astype(np.uint8), radius, 9, cm=center))
            return np.array(out)

        return Runner("mahotas", run, lambda raw, s: columns(names, raw))

    def cp_measure() -> Runner:
        from cp_measure.core.measureobjectsizeshape import get_zernike

        return Runner("cp_measure", lambda s: get_zernike(s.nuclei, None), lambda raw, s: {})

    return {"leukofeat": ours, "nyxus": theirs_nyxus, "mahotas": mahotas, "cp_measure": cp_measure}


# ---- colour statistics ----------------------------------------------------------------------------------------------

_NYXUS_COLOR = {
    "MEAN": "mean",
    "STANDARD_DEVIATION_BIASED": "std",
    "SKEWNESS": "skewness",
    "EXCESS_KURTOSIS": "kurtosis",
    "ENTROPY": "",
    "P25": "",
    "MEDIAN": "p50",
    "P75": "",
    "P10": "",
    "P90": "",
}


def color_runners() -> dict[str, Callable[[], Runner]]:
    channels = [name.removesuffix("_mean").removeprefix("nucleus_") for name in color_names(["nucleus"], SPACES)[::10]]

    def ours() -> Runner:
        return Runner(
            "leukofeat",
            lambda s: measure_color(s.smear, ["nucleus"], SPACES, per_cell=True),
            lambda raw, s: {
                k.removeprefix("nucleus_"): x for k, x in columns(color_names(["nucleus"], SPACES), raw).items()
            },
        )

    def theirs_nyxus() -> Runner:
        measure = nyxus(list(_NYXUS_COLOR))

        def values(raw: Any, s: Sample) -> Values:
            return {
                f"{channel}_{name}": table[theirs].to_numpy(float)
                for channel, table in zip(channels, raw, strict=True)
                for theirs, name in _NYXUS_COLOR.items()
                if name
            }

        return Runner("nyxus", lambda s: [measure(plane, s.nuclei) for plane in s.planes], values)

    def scipy() -> Runner:
        from scipy import stats

        def run(s: Sample) -> np.ndarray:
            out = []
            for box, mask in s.crops():
                row = []
                for plane in s.planes:
                    x = plane[box][mask].astype(float)
                    counts = np.bincount(plane[box][mask])
                    row += [x.mean(), x.std(), stats.skew(x), stats.kurtosis(x), stats.entropy(counts, base=2)]
                    row += list(np.percentile(x, [5, 25, 50, 75, 95]))
                out.append(row)
            return np.array(out)

        names = [name.removeprefix("nucleus_") for name in color_names(["nucleus"], SPACES)]
        return Runner("scipy", run, lambda raw, s: columns(names, raw))

    return {"leukofeat": ours, "nyxus": theirs_nyxus, "scipy": scipy}


# ---- geometry -------------------------------------------------------------------------------------------------------

_SCIKIT_IMAGE_SHAPE = {
    "area": "area",
    "perimeter": "perimeter",
    "equivalent_diameter_area": "equivalent_diameter",
    "axis_major_length": "major_axis",
    "axis_minor_length": "minor_axis",
    "eccentricity": "eccentricity",
    "extent": "extent",
    "area_convex": "convex_area",
    "solidity": "solidity",
    "feret_diameter_max": "feret_max",
    **{f"moments_hu-{k}": f"hu_{k + 1}" for k in range(7)},
}
_NYXUS_SHAPE = [
    "AREA_PIXELS_COUNT",
    "PERIMETER",
    "DIAMETER_EQUAL_AREA",
    "MAJOR_AXIS_LENGTH",
    "MINOR_AXIS_LENGTH",
    "ECCENTRICITY",
    "EXTENT",
    "CONVEX_HULL_AREA",
    "SOLIDITY",
    "CIRCULARITY",
    "ROUNDNESS",
    "COMPACTNESS",
    "STAT_FERET_DIAM_MIN",
    "STAT_FERET_DIAM_MAX",
    *(f"HU_M{k}" for k in range(1, 8)),
]


def geometry_runners() -> dict[str, Callable[[], Runner]]:
    def theirs_nyxus() -> Runner:
        measure = nyxus(_NYXUS_SHAPE)

        def values(raw: Any, s: Sample) -> Values:
            return {"area": raw["AREA_PIXELS_COUNT"].to_numpy(float), "extent": raw["EXTENT"].to_numpy(float)}

        return Runner("nyxus", lambda s: measure(s.gray, s.nuclei), values)

    def scikit_image() -> Runner:
        from skimage.measure import regionprops_table

        wanted = [name for name in _SCIKIT_IMAGE_SHAPE if "-" not in name] + ["moments_hu"]
        return Runner(
            "scikit-image",
            lambda s: regionprops_table(s.nuclei, properties=wanted),
            lambda raw, s: {ours: raw[theirs] for theirs, ours in _SCIKIT_IMAGE_SHAPE.items()},
        )

    return {
        "leukofeat": lambda: Runner(
            "leukofeat", lambda s: region_shapes(s.nuclei, s.boxes())[0], lambda raw, s: columns(SHAPE_NAMES, raw)
        ),
        "nyxus": theirs_nyxus,
        "scikit-image": scikit_image,
    }


# ---- filters --------------------------------------------------------------------------------------------------------


def gabor_runners() -> dict[str, Callable[[], Runner]]:
    angles = [np.pi * k / N_ANGLES for k in range(N_ANGLES)]

    def ours() -> Runner:
        def values(raw: Any, s: Sample) -> Values:
            return {"mean": raw[0, :, :, 1].ravel() / raw[0, :, :, 0].ravel()}

        return Runner(
            "leukofeat", lambda s: gabor_sums(s.gray, part_runs(0 * s.nuclei, 1), 1, FREQUENCIES, N_ANGLES), values
        )

    def opencv() -> Runner:
        from skimage.filters import gabor_kernel

        kernels = [gabor_kernel(f, a).astype(np.complex64) for f in FREQUENCIES for a in angles]
        pairs = [(np.ascontiguousarray(k.real), np.ascontiguousarray(k.imag)) for k in kernels]

        def run(s: Sample) -> list[float]:
            gray = s.gray.astype(np.float32)
            out = []
            for real, imaginary in pairs:
                re = cv2.filter2D(gray, cv2.CV_32F, real, borderType=cv2.BORDER_REFLECT)
                im = cv2.filter2D(gray, cv2.CV_32F, imaginary, borderType=cv2.BORDER_REFLECT)
                mean, _ = cv2.meanStdDev(cv2.magnitude(re, im))
                out.append(mean.item())
            return out

        return Runner("opencv-python", run, lambda raw, s: {"mean": np.array(raw)})

    def scikit_image() -> Runner:
        from skimage.filters import gabor

        def run(s: Sample) -> list[float]:
            gray = s.gray.astype(float)
            return [float(np.hypot(*gabor(gray, f, a)).mean()) for f in FREQUENCIES for a in angles]

        return Runner("scikit-image", run, lambda raw, s: {"mean": np.array(raw)})

    return {"leukofeat": ours, "opencv": opencv, "scikit-image": scikit_image}


def granulometry_runners() -> dict[str, Callable[[], Runner]]:
    def ours() -> Runner:
        def run(s: Sample) -> np.ndarray:
            runs = part_runs(s.nuclei, s.n + 1)
            pixels = plane_sums(s.gray, runs, s.n + 1)[:, :1]
            opened, negative = (opening_sums(plane, runs, s.n + 1, RADII) for plane in (s.gray, ~s.gray))
            return np.hstack([opened, 255 * pixels - negative])

        return Runner("leukofeat", run, lambda raw, s: {str(k): raw[:, k] for k in range(raw.shape[1])})

    def scikit_image() -> Runner:
        from skimage.morphology import closing, disk, opening

        def run(s: Sample) -> list[np.ndarray]:
            planes = [operation(s.gray, disk(r), mode="ignore") for operation in (opening, closing) for r in RADII]
            return [plane_sums(plane, part_runs(s.nuclei, s.n + 1), s.n + 1) for plane in planes]

        return Runner("scikit-image", run, lambda raw, s: {str(k): sums[:, 1] for k, sums in enumerate(raw)})

    return {"leukofeat": ours, "scikit-image": scikit_image}


# ---- run lengths and box counting -----------------------------------------------------------------------------------


def run_length_runners() -> dict[str, Callable[[], Runner]]:
    def theirs_nyxus() -> Runner:
        measure = nyxus(["*ALL_GLRLM*"])
        # it scales the levels to each nucleus
        return Runner("nyxus", lambda s: measure(s.gray, s.nuclei), lambda raw, s: {})

    return {
        "leukofeat": lambda: Runner(
            "leukofeat",
            lambda s: run_lengths(s.gray // 16, s.nuclei, region_boxes(s.nuclei, s.n)),
            lambda raw, s: columns(RUN_LENGTH_NAMES, raw.mean(axis=1)),
        ),
        "nyxus": theirs_nyxus,
    }


def box_counting_runners() -> dict[str, Callable[[], Runner]]:
    def theirs_nyxus() -> Runner:
        measure = nyxus(["FRACT_DIM_BOXCOUNT"])
        return Runner("nyxus", lambda s: measure(s.gray, s.nuclei), lambda raw, s: {})

    return {
        "leukofeat": lambda: Runner(
            "leukofeat", lambda s: box_dimensions(s.nuclei, s.boxes()), lambda raw, s: {"dimension": raw}
        ),
        "nyxus": theirs_nyxus,
    }


FAMILIES: dict[str, Callable[[], dict[str, Callable[[], Runner]]]] = {
    "haralick": haralick_runners,
    "lbp": lbp_runners,
    "hog": hog_runners,
    "zernike": zernike_runners,
    "color": color_runners,
    "geometry": geometry_runners,
    "gabor": gabor_runners,
    "granulometry": granulometry_runners,
    "run_length": run_length_runners,
    "box_counting": box_counting_runners,
}


def load(makers: dict[str, Callable[[], Runner]]) -> tuple[dict[str, Runner], dict[str, str]]:
    """Runners of the libraries that are installed, and why the others are absent."""
    found, absent = {}, {}
    for name, make in makers.items():
        try:
            found[name] = make()
            _ = found[name].version
        except (ImportError, PackageNotFoundError) as error:
            found.pop(name, None)
            absent[name] = f"{type(error).__name__}: {error}"
    return found, absent
