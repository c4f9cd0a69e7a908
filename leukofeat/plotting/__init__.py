"""Displays after scikit-learn's: made by a class method, drawn on axes that can be given, with `figure_` and `axes_`."""

from leukofeat.markup import NOTE
from leukofeat.pictures import CELL_COLOR, NUCLEUS_COLOR
from leukofeat.plotting.cells import CellsDisplay
from leukofeat.plotting.comparison import ComparisonDisplay
from leukofeat.plotting.confusion import ConfusionDisplay
from leukofeat.plotting.drawing import TRUTH_COLOR, outline
from leukofeat.plotting.embedding import EmbeddingDisplay
from leukofeat.plotting.explanation import ExplanationDisplay
from leukofeat.plotting.families import FamilyGainDisplay
from leukofeat.plotting.features import FeatureDisplay
from leukofeat.plotting.grad_cam import GradCAMDisplay
from leukofeat.plotting.reliability import ReliabilityDisplay
from leukofeat.plotting.roc import RocBandDisplay
from leukofeat.plotting.segmentation import SegmentationDisplay
from leukofeat.plotting.selection import SelectionDisplay
from leukofeat.plotting.slides import SlidesDisplay
from leukofeat.plotting.stages import StagesDisplay
from leukofeat.plotting.training_sizes import TrainingSizeDisplay
from leukofeat.plotting.transfer import TransferDisplay

__all__ = [
    "CELL_COLOR",
    "NOTE",
    "NUCLEUS_COLOR",
    "TRUTH_COLOR",
    "CellsDisplay",
    "ComparisonDisplay",
    "ConfusionDisplay",
    "EmbeddingDisplay",
    "ExplanationDisplay",
    "FamilyGainDisplay",
    "FeatureDisplay",
    "GradCAMDisplay",
    "ReliabilityDisplay",
    "RocBandDisplay",
    "SegmentationDisplay",
    "SelectionDisplay",
    "SlidesDisplay",
    "StagesDisplay",
    "TrainingSizeDisplay",
    "TransferDisplay",
    "outline",
]
