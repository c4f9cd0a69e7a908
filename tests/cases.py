"""One entry for every public stage; the contract tests run over all of them, and a stage without an entry fails them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np

import leukofeat.features
import leukofeat.preprocessing
import leukofeat.segmentation
from leukofeat import Smear
from leukofeat.base import FeatureFamily, ImageStage
from leukofeat.features import (
    ChromatinFeatures,
    ColorFeatures,
    ContourFeatures,
    CovarianceFeatures,
    CytologyFeatures,
    FeatureSet,
    FractalFeatures,
    FunctionFeatures,
    GaborFeatures,
    GeometryFeatures,
    GranulometryFeatures,
    HOGFeatures,
    OutlineFeatures,
    RelativeColorFeatures,
    RunLengthFeatures,
    ScaledFeatures,
    TextureFeatures,
    WaveletFeatures,
)
from leukofeat.preprocessing import (
    BilateralDenoiser,
    ChromaDenoiser,
    ColorNormalizer,
    ContrastStretcher,
    GaussianDenoiser,
    HistogramEqualizer,
    MedianDenoiser,
    Resizer,
    ScaleBarCropper,
    ShadingCorrector,
)
from leukofeat.segmentation import (
    Cleanup,
    DualThresholdSegmenter,
    FuzzyCMeansSegmenter,
    GrabCutSegmenter,
    LabKMeansSegmenter,
    LeukocyteSegmenter,
    OtsuSegmenter,
    RegionMasker,
    TriangleSegmenter,
    WatershedSplitter,
)
from tests.stages import DarkSegmenter

MODULES = (leukofeat.preprocessing, leukofeat.segmentation, leukofeat.features)


def lobedness(smear: Smear) -> float:
    """A measure of one cell, as a user would write it."""
    return float((smear.region("nucleus") > 0).sum() / smear.image[:, :, 0].size)


def brightness(smear: Smear) -> dict[str, Any]:
    """Two measures of one image."""
    return {"image_darkest": smear.image.min(), "image_brightest": smear.image.max()}


@dataclass
class Case:
    """A stage, another value for some of its parameters, and whether it works on segmented smears only."""

    stage: Any
    other: dict[str, Any]
    segmented: bool = False

    @property
    def is_family(self) -> bool:
        return isinstance(self.stage, FeatureFamily)

    @property
    def learns(self) -> bool:
        if isinstance(self.stage, ScaleBarCropper):
            return self.stage.height == "auto"
        return isinstance(self.stage, ColorNormalizer) and self.stage.template is None

    def prepare(self, X: Any) -> Any:
        """What the stage is given in place of bare images."""
        return DarkSegmenter().transform(X) if self.segmented else X

    def __repr__(self) -> str:
        return f"{type(self.stage).__name__}-{'-'.join(map(str, self.other.values()))}"


_TEMPLATE = np.random.default_rng(5).integers(40, 220, (9, 9, 3)).astype(np.uint8)
_WHOLE = Cleanup(clear_border=False)

CASES = [
    Case(ColorNormalizer(), {"method": "histogram"}),
    Case(ColorNormalizer("reinhard", template=_TEMPLATE), {"method": "macenko"}),
    Case(ColorNormalizer("lab", template=_TEMPLATE), {"method": "template"}),
    Case(HistogramEqualizer(), {"plane": "lightness"}),
    Case(HistogramEqualizer("luma"), {"plane": "value"}, segmented=True),
    Case(ContrastStretcher(), {"saturated": 0.2}),
    Case(MedianDenoiser(), {"size": 5}),
    Case(GaussianDenoiser(), {"sigma": 2.0}),
    Case(BilateralDenoiser(), {"sigma_color": 60.0}),
    Case(Resizer(64), {"size": (48, 64)}),
    Case(Resizer(pixel_size=0.25, target_pixel_size=0.2), {"target_pixel_size": 0.5}, segmented=True),
    Case(ChromaDenoiser(), {"radius": 2}),
    Case(ShadingCorrector(0.0), {"least": 0.1}),
    Case(ScaleBarCropper(), {"height": 20}),
    Case(ScaleBarCropper(0.143), {"height": 8}),
    Case(LabKMeansSegmenter(), {"n_clusters": 3}),
    Case(LabKMeansSegmenter(rank="a", cleanup=_WHOLE), {"cleanup__min_area": 500}),
    Case(LabKMeansSegmenter(rank="a", cleanup=_WHOLE), {"space": "hsv"}),
    Case(LabKMeansSegmenter(equalize="twice", cleanup=_WHOLE), {"cleanup__min_nucleus_area": 500}),
    Case(LeukocyteSegmenter(), {"diameter": 60.0}),
    Case(OtsuSegmenter(cleanup=_WHOLE), {"n_classes": 2}),
    Case(TriangleSegmenter(cleanup=_WHOLE), {"channel": "green"}),
    Case(TriangleSegmenter("magenta", cleanup=_WHOLE), {"equalize": True}),
    Case(DualThresholdSegmenter(cleanup=_WHOLE), {"cleanup__min_area": 500}),
    Case(DualThresholdSegmenter(cleanup=_WHOLE), {"color_channel": "hue"}),
    Case(FuzzyCMeansSegmenter(cleanup=_WHOLE), {"n_clusters": 3}),
    Case(FuzzyCMeansSegmenter(cleanup=_WHOLE), {"space": "hv"}),
    Case(GrabCutSegmenter(cleanup=_WHOLE), {"cleanup__min_area": 500}),
    Case(GrabCutSegmenter(OtsuSegmenter()), {"segmenter__n_classes": 2}),
    Case(WatershedSplitter(h=0.5), {"region": "cell"}, segmented=True),
    Case(RegionMasker(), {"region": "nucleus"}, segmented=True),
    Case(RegionMasker("background", fill="slide", margin=2), {"fill": "black"}, segmented=True),
    Case(ColorFeatures(), {"regions": ("cell", "background")}, segmented=True),
    Case(ColorFeatures(regions=("image",)), {"spaces": ("hsv",)}),
    Case(ColorFeatures(summary=("mean",)), {"summary": ("median", "std")}, segmented=True),
    Case(GeometryFeatures(), {"summary": ("median", "max")}, segmented=True),
    Case(HOGFeatures(), {"orientations": 6}, segmented=True),
    Case(HOGFeatures(regions=("image",), vector=True), {"vector_size": (32, 32)}),
    Case(TextureFeatures(), {"levels": 16}, segmented=True),
    Case(TextureFeatures(regions=("image",)), {"distances": (1, 3)}),
    Case(RunLengthFeatures(), {"levels": 8}, segmented=True),
    Case(ChromatinFeatures(), {"channel": "red"}, segmented=True),
    Case(CovarianceFeatures(), {"size": 20.0}, segmented=True),
    Case(CytologyFeatures(), {"summary": ("median",)}, segmented=True),
    Case(OutlineFeatures(), {"degree": 4}, segmented=True),
    Case(OutlineFeatures(signature=True), {"signature": False}, segmented=True),
    Case(
        TextureFeatures(circles=[(8, 1)], lbp_method="nri_uniform", directions=("0", "mean")),
        {"lbp_method": "default", "cooccurrence": ("cluster_shade",)},
        segmented=True,
    ),
    Case(
        ColorFeatures(spaces=("cmyk",), statistics=("mean", "energy"), summary=("mean",)),
        {"statistics": ("energy",)},
        segmented=True,
    ),
    Case(
        FeatureSet([GeometryFeatures(), ColorFeatures()], columns=["nucleus_area_mean", "*_lab_?_mean"]),
        {"columns": ["cell_count"]},
        segmented=True,
    ),
    Case(RelativeColorFeatures(), {"references": ("background",)}, segmented=True),
    Case(GaborFeatures(), {"frequencies": (0.25,)}, segmented=True),
    Case(GaborFeatures(regions=("image",), n_angles=8), {"bandwidth": 1.5}),
    Case(WaveletFeatures(), {"wavelet": "db2"}, segmented=True),
    Case(GranulometryFeatures(), {"radii": (1, 4)}, segmented=True),
    Case(FractalFeatures(), {"lbp": False}, segmented=True),
    Case(ContourFeatures(), {"high": 200.0}),
    Case(FunctionFeatures(brightness, names=["image_darkest", "image_brightest"]), {"names": ["image_darkest"]}),
    Case(FunctionFeatures(lobedness, per="cell"), {"summary": ("max",)}, segmented=True),
    Case(ScaledFeatures(GeometryFeatures()), {"red_cell": 40.0}, segmented=True),
    Case(ScaledFeatures(ChromatinFeatures(), LabKMeansSegmenter()), {"summary": ("max",)}, segmented=True),
    Case(
        FeatureSet([GeometryFeatures(), HOGFeatures(), ColorFeatures(), TextureFeatures(), ContourFeatures()]),
        {"geometryfeatures__summary": ("max",), "on_error": "nan"},
        segmented=True,
    ),
]

FAMILIES = [case for case in CASES if case.is_family]
IMAGE_STAGES = [case for case in CASES if not case.is_family]


def public_stages() -> set[type]:
    """Every stage class that a subpackage announces."""
    announced = (getattr(module, name) for module in MODULES for name in module.__all__)
    return {found for found in announced if inspect.isclass(found) and issubclass(found, (ImageStage, FeatureFamily))}
