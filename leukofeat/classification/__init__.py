"""Classifiers of published systems that scikit-learn does not have, for columns of numbers."""

from leukofeat.classification.pnn import ProbabilisticNeuralNetwork
from leukofeat.classification.sugeno import SugenoClassifier

__all__ = ["ProbabilisticNeuralNetwork", "SugenoClassifier"]
