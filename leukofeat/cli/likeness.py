"""What a model is given against what it was trained on, told before it judges."""

import argparse
from collections.abc import Sequence
from typing import Any

from sklearn.utils import Bunch

from leukofeat.base import ImageStage
from leukofeat.cli.messages import warn
from leukofeat.evaluation import scale_warning
from leukofeat.persistence import read_card


def tell_unlike(arguments: argparse.Namespace, stages: Sequence[ImageStage], classes: Any, bunch: Bunch) -> None:
    """One line for each way in which the images of a folder are unlike those that the model's card tells of."""
    known = [str(label) for label in classes]
    if bunch.target is not None:
        strange = [name for name in bunch.target_names.tolist() if name not in known]
        n = sum(bunch.target_names[code] in strange for code in bunch.target)
        if n:
            shown = ", ".join(map(repr, strange[:5])) + ", ..." * (len(strange) > 5)
            warn(
                f"{n} of {len(bunch.images)} images are labelled {shown}: the model knows {', '.join(map(repr, known))} only, and "
                "calls them one of these."
            )
    try:
        card = read_card(arguments.model)
    except ValueError as error:
        warn(f"{error} The images are not compared with those that it was trained on.")
        return
    if card is None:
        return
    if sorted(card.classes) != sorted(known):
        warn(f"{arguments.model}: its card is of another model; the images are not compared with what it tells.")
        return
    warning = scale_warning(card, stages, bunch.images, n_jobs=arguments.jobs)
    if warning is not None:
        warn(warning)
