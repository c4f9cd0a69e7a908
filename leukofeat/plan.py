"""What a pass does to each image: a tree of image stages, and tables of features measured at its nodes."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from leukofeat.sequence import Step


class Node(NamedTuple):
    """Image steps behind those of the node `parent`."""

    parent: int
    steps: tuple[Step, ...] = ()


class Leaf(NamedTuple):
    """A table to fill: families by their number, side by side, measured at one node.

    `on_error` and `on_empty` are those of :class:`~leukofeat.features.FeatureSet`. `columns` are the places, among the columns
    of the families side by side, of those that the table has; all of them by default.
    """

    node: int
    families: tuple[int, ...]
    on_error: str = "raise"
    on_empty: str = "warn"
    columns: tuple[int, ...] | None = None


@dataclass
class Plan:
    """What a pass does to each image; a step or a family that several tables need runs once.

    Parameters
    ----------
    families : list
        Whatever has `row_names()` and `row(smear)`, or `cell_names()` and `cells(smear)`.
    leaves : list of Leaf
    nodes : list of Node
        A tree; node 0 is the image as it comes, and a parent stands before its children.
    per : {"image", "cell"}, default="image"
        What has a row of the tables.
    """

    families: list[Any]
    leaves: list[Leaf]
    nodes: list[Node] = field(default_factory=lambda: [Node(-1)])
    per: str = "image"

    def path(self, node: int) -> list[int]:
        """Nodes on the way from the image to `node`."""
        return [] if node < 0 else [*self.path(self.nodes[node].parent), node]
