"""What a stage learns from images is learned once, where a store remembers it."""

from contextlib import suppress
from typing import Any

import numpy as np

from leukofeat.digest import describe, digest, environment
from leukofeat.sequence import ImageSequence
from leukofeat.store import Store


def learn_once(stage: Any, images: ImageSequence, y: Any, store: Store | None) -> None:
    """Let a stage learn from images, or give it what a store knows that it learns from them.

    Parameters
    ----------
    stage : stage
        Its attributes that end in an underscore are what it learns.
    images : ImageSequence of n images
    y : array-like of length n, or None
    store : Store or None
    """
    key = None if store is None or not stage.requires_fit else _key(stage, images, y)
    if store is None or key is None:
        stage.learn(images, y)
        return
    for name in _learned(stage):  # what it has learned before is not part of the key
        delattr(stage, name)
    known = store.get([key]).get(key)
    if known is not None:
        vars(stage).update(known)
        return
    before = _unlearned(stage)
    stage.learn(images, y)
    # one that notes more than attributes with an underscore could not be given back
    if before is not None and before == _unlearned(stage):
        with suppress(TypeError):  # what only pickle could write is learned anew each time
            params = stage.get_params(deep=False)
            unfitted = type(stage)(**{name: value for name, value in params.items() if name != "memory"})
            store.put({key: _learned(stage)}, "learned", describe(unfitted))


def _learned(stage: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(stage).items() if name.endswith("_") and not name.startswith("__")}


def _unlearned(stage: Any) -> str | None:
    """Digest of a stage's other attributes."""
    learned = _learned(stage)
    try:
        return digest({name: value for name, value in stage.identity().items() if name not in learned})
    except TypeError:
        return None


def _key(stage: Any, images: ImageSequence, y: Any) -> str | None:
    parameters = type(stage)(**stage.get_params(deep=False))  # without what it may have learned before
    try:
        contents = [images.content(i) for i in range(len(images))]
        if None in contents:  # it may be there when it is learned from
            return None
        target = np.asarray(y) if y is not None and stage.learns_from_target else None
        return digest("learned", environment(), parameters, contents, images.steps, target)
    except TypeError:
        return None
