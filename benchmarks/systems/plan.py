"""What is run: the systems, the tasks that the labels allow, and the folds, which are the same for every task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from leukofeat.baselines import find_pipeline, make_baseline
from leukofeat.baselines.recipe import BINARY, DEEP, FOUR_CLASSES, NETWORK, Recipe
from leukofeat.baselines.registry import RECIPES
from leukofeat.datasets import binary_target
from leukofeat.evaluation.known_protocols import known_protocols
from leukofeat.evaluation.protocols import Protocol, make_protocols

CONTROLS = tuple(name for name, recipe in RECIPES.items() if recipe.firmness == "control")
TASKS = ("classes", "binary")
ESTIMATED = "estimated slides"


class System(NamedTuple):
    """A row of the tables: its record, and what makes its pipeline."""

    recipe: Recipe
    make: Callable[[], Any]


class Task(NamedTuple):
    """What is to be told: under `kind`, a task as records call it, and the class of each image."""

    name: str
    kind: str
    target: np.ndarray


def systems(names: Sequence[str] | None, network: str | None) -> dict[str, System]:
    """Systems by the name of their row: all that can be built, or those of `names`; the controls always.

    Raises
    ------
    ValueError
        For a name that there is not, or that needs a network when none is given.
    """
    found: dict[str, System] = {}
    for name, recipe in RECIPES.items():
        if not recipe.built or recipe.needs == DEEP or (recipe.needs == NETWORK and network is None):
            continue
        given = {"network": network} if recipe.needs == NETWORK else {}
        found[name] = System(recipe, partial(make_baseline, name, **given))
        for text in recipe.variants:
            found[text] = System(recipe, partial(_variant, text, network if recipe.needs == NETWORK else None))
    if names is None:
        return found
    for name in names:
        if name not in found:
            text = (
                f"{name}:network={network}" if network and name in RECIPES and RECIPES[name].needs == NETWORK else name
            )
            find_pipeline(text)  # says what is wrong with it, or that it is a form that has no row yet
            found[name] = System(RECIPES[name.partition(":")[0]], partial(_variant, name, None))
    return {name: found[name] for name in dict.fromkeys([*names, *CONTROLS])}


def _variant(text: str, network: str | None) -> Any:
    return find_pipeline(text if network is None else f"{text},network={network}")[1]


def tasks(bunch: Any, asked: Sequence[str]) -> list[Task]:
    """The classes as they are labelled, and malignant against benign, as far as they are two tasks and the labels allow them."""
    labels = bunch.target_names[bunch.target]
    two = _two_classes(labels)
    classes = np.unique(labels)
    found = []
    if "classes" in asked and (two is None or len(classes) > 2):
        kind = FOUR_CLASSES if two is not None and len(classes) == 4 else " / ".join(map(str, classes))
        found.append(Task("classes", kind, labels))
    if two is not None and ("binary" in asked or len(classes) == 2):
        found.append(Task("binary", BINARY, two))
    return found


def _two_classes(labels: np.ndarray) -> np.ndarray | None:
    """Malignant or benign by the names of the classes; None where these do not say."""
    try:
        return binary_target(labels)
    except ValueError:
        return None


def protocols(bunch: Any, asked: Sequence[str] | None, **options: Any) -> dict[str, Protocol]:
    """Ways to split by name, the published one first: one clustering or estimate of several is enough here.

    Raises
    ------
    ValueError
        When one that is asked for is not possible with these data.
    """
    n_estimates = int(asked is not None and ESTIMATED in asked)
    known = known_protocols(bunch, n_estimates=n_estimates, **options)
    ways = {name: next(iter(together.values())) for name, together in known.items()}
    order = sorted(ways, key=lambda name: name != "published")
    for name in asked or ():
        if name not in ways:
            raise ValueError(f"--protocols {name}: these data allow {', '.join(order)}.")
    chosen = [name for name in order if asked is None or name in asked]
    cv, groups = ({name: ways[name][part] for name in chosen} for part in (0, 1))
    return make_protocols(cv, groups, bunch.target_names[bunch.target], 0)
