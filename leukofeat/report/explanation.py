"""Verdicts with their reasons as one HTML file."""

import datetime
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from leukofeat.atomic import write_whole
from leukofeat.explanation import Explanation
from leukofeat.explanation.card import explanation_parts
from leukofeat.markup import Markup, element, escape
from leukofeat.report.page import whole_page

READ_GROUPS = "Columns that go together share what they say as the fit chose, often with opposite signs: read groups before single columns."
_CAUTIONS = (
    "Contributions are exact for the model and say what it went by, not what is true of the cell.",
    READ_GROUPS,
    "What a cell does is what its removal does: with two cells that are alike, either hides the other.",
)


def write_explanations(
    path: str | os.PathLike[str],
    explanations: Sequence[Explanation],
    *,
    title: str = "Why these verdicts",
    date: str | None = None,
) -> Path:
    """Write why images were given their classes, as one HTML file that loads and runs nothing.

    Parameters
    ----------
    path : path
        File to write; an existing one is replaced.
    explanations : sequence of Explanation
        What :func:`~leukofeat.explanation.explain` found. Their pictures and file names stand in the file.
    title : str
    date : str, optional
        By default today's (ISO 8601).

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        When there is nothing to write.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "why.html"
    >>> write_explanations(path, [Explanation("3.png", 0, reason="the file is empty")]).name
    'why.html'
    """
    if not len(explanations):
        raise ValueError("There is nothing to write: no image was explained.")
    sections = []
    for i, one in enumerate(explanations):
        name = Path(one.name).name
        heading = element("h2", f"{name}: {'no verdict' if one.reason else one.verdict}", title=one.name)
        section: Markup = element("section", heading, *explanation_parts(one))
        sections.append((f"image-{i}", name, section))
    cautions = [escape(caution) for caution in _CAUTIONS]
    when = date or datetime.date.today().isoformat()
    page = whole_page(title, when, [escape(_summary(explanations))], cautions, sections)
    return write_whole(path, page.encode("utf-8"))


def _summary(explanations: Sequence[Explanation]) -> str:
    """How many images got which verdict, and how many none."""
    counts = Counter(str(one.verdict) for one in explanations if not one.reason)
    silent = sum(bool(one.reason) for one in explanations)
    n = len(explanations)
    parts = [f"{count:,} {name}" for name, count in sorted(counts.items())] + [f"{silent:,} without a verdict"] * (
        silent > 0
    )
    return f"{n:,} image{'s' * (n != 1)}: {', '.join(parts)}."
