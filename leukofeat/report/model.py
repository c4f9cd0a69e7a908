"""A model's card as one HTML file."""

import datetime
import os
from pathlib import Path

from leukofeat.atomic import write_whole
from leukofeat.markup import element, escape
from leukofeat.persistence import ModelCard
from leukofeat.persistence.words import limits, purpose
from leukofeat.report.page import whole_page


def write_card(path: str | os.PathLike[str], card: ModelCard, *, date: str | None = None) -> Path:
    """Write what a model says of itself as one HTML file that loads and runs nothing.

    Parameters
    ----------
    path : path
        File to write; an existing one is replaced.
    card : ModelCard
        As :func:`~leukofeat.persistence.read_card` or :func:`~leukofeat.evaluation.make_card` gives it.
    date : str, optional
        By default today's (ISO 8601).

    Returns
    -------
    Path

    Examples
    --------
    >>> import pathlib, tempfile
    >>> card = ModelCard("mine", "SVC()", {"Benign": 40, "Pro": 60})
    >>> write_card(pathlib.Path(tempfile.mkdtemp()) / "card.html", card).name
    'card.html'
    """
    sections = [
        (f"part-{i}", heading, element("section", element("h2", heading), content))
        for i, (heading, content) in enumerate(card.sections())
        if heading != "Limits"
    ]
    page = whole_page(
        f"Model card: {card.name}",
        date or datetime.date.today().isoformat(),
        [escape(purpose(card))],
        [escape(limit) for limit in limits(card)],
        sections,
        heading="What it is for",
    )
    return write_whole(path, page.encode("utf-8"))
