"""Classifiers that scikit-learn does not have, for columns of numbers: of published systems, other laboratories, slides and patients."""

from leukofeat.classification.gated import GatedClassifier
from leukofeat.classification.group import GroupClassifier
from leukofeat.classification.pnn import ProbabilisticNeuralNetwork
from leukofeat.classification.pool import LogOpinionPool
from leukofeat.classification.sugeno import SugenoClassifier

__all__ = ["GatedClassifier", "GroupClassifier", "LogOpinionPool", "ProbabilisticNeuralNetwork", "SugenoClassifier"]
