"""Verdicts of patients with their reasons as one HTML file."""

import datetime
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from leukofeat.atomic import write_whole
from leukofeat.explanation import GroupExplanation
from leukofeat.explanation.group_card import group_explanation_parts, group_title
from leukofeat.explanation.group_explanation import least_certain_first
from leukofeat.markup import Markup, element, escape
from leukofeat.report.explanation import READ_GROUPS
from leukofeat.report.page import whole_page

_EXACT = (
    "What an image adds, and what would stand without it, is exact for the model; what columns add is a mean over the patient's images, "
    "and says what the model went by, not what is true of the patient."
)


def write_group_explanations(
    path: str | os.PathLike[str],
    explanations: Sequence[GroupExplanation],
    *,
    n: int | None = None,
    title: str = "Why these verdicts of patients",
    date: str | None = None,
) -> Path:
    """Write why slides or patients were given their verdicts, the least certain first, as one HTML file that loads and runs nothing.

    Parameters
    ----------
    path : path
        File to write; an existing one is replaced.
    explanations : sequence of GroupExplanation
        What :func:`~leukofeat.explanation.explain_groups` found. Names, and pictures of the images that pushed most, stand in the file.
    n : int, optional
        Sections to write; all are counted in the summary.
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
    >>> write_group_explanations(path, [GroupExplanation("patient 7", reason="none of its images could be judged")]).name
    'why.html'
    """
    if not len(explanations):
        raise ValueError("There is nothing to write: no patient was explained.")
    shown = least_certain_first(explanations)[:n]
    sections = []
    for i, one in enumerate(shown):
        section: Markup = element("section", element("h2", group_title(one)), *group_explanation_parts(one))
        sections.append((f"patient-{i}", str(one.group), section))
    told = [_summary(explanations)]
    if len(shown) < len(explanations):
        told.append(f"The {len(shown):,} least certain stand below.")
    elif len(shown) > 1:
        told.append("The least certain stand first.")
    cautions = [escape(caution) for caution in (_EXACT, READ_GROUPS)]
    when = date or datetime.date.today().isoformat()
    page = whole_page(title, when, [escape(sentence) for sentence in told], cautions, sections)
    return write_whole(path, page.encode("utf-8"))


def _summary(explanations: Sequence[GroupExplanation]) -> str:
    """How many patients got which verdict, of how many the model abstains, and how many have no image that could be judged."""
    counts = Counter(str(one.verdict) for one in explanations if not one.reason)
    abstained = sum(one.abstained for one in explanations)
    silent = sum(bool(one.reason) for one in explanations) - abstained
    n = len(explanations)
    parts = [f"{count:,} {name}" for name, count in sorted(counts.items())]
    parts += [f"{abstained:,} undecided"] * (abstained > 0) + [f"{silent:,} without an image to judge"] * (silent > 0)
    return f"{n:,} slide{'s' * (n != 1)} or patient{'s' * (n != 1)}: {', '.join(parts)}."
