"""Fitted pipelines in files without pickle, and the card that says what such a file was made from."""

from leukofeat.persistence.archive import load, save
from leukofeat.persistence.card import ModelCard, read_card

__all__ = ["ModelCard", "load", "read_card", "save"]
