"""The explained verdict of a patient as HTML, for notebooks and pages."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.explanation.card import bar, column_table, draw_pushes, group_table, signed
from leukofeat.explanation.cells import untried
from leukofeat.markup import NOTE, Markup, card, cells, details, element, picture, table

_MOST_IMAGES = 50  # rows of a table that somebody reads
_WIDTH = 240  # of a picture, in pixels


def group_explanation_card(explanation: Any) -> Markup:
    """The explanation as a notebook shows it."""
    return card(group_title(explanation), *group_explanation_parts(explanation))


def group_title(explanation: Any) -> str:
    """The patient and the verdict.

    Examples
    --------
    >>> from leukofeat.explanation import GroupExplanation
    >>> group_title(GroupExplanation(7, reason="none of its images could be judged"))
    '7: no verdict'
    """
    return f"{explanation.group}: {'no verdict' if explanation.reason else explanation.verdict}"


def group_explanation_parts(explanation: Any, *, n_pictures: int = 2, n_columns: int = 20) -> list[Markup]:
    """Words, the images that pushed most for and against, the table of images with bars, and columns in the mean."""
    parts = [element("div", *(element("p", sentence) for sentence in explanation.sentences()))]
    if n_pictures:
        parts += _pictures(explanation, n_pictures)
    if explanation.mean is not None:
        parts.append(_images(explanation))
        hint = (
            "What an image adds is exact. What columns add is the mean over the images that have a vote, in the decision value that "
            "probabilities are made of."
        )
        parts.append(element("p", hint, class_="hint"))
        parts += [
            group_table(explanation.mean, "In the mean of the images, what adds up"),
            column_table(explanation.mean, n_columns),
        ]
    silent = explanation.images[explanation.images["reason"] != ""] if len(explanation.images) else explanation.images
    if len(silent):
        shown = silent.head(_MOST_IMAGES)
        titles = {"reason": "why it has no vote"}
        told = table(_named(shown)[["image", "reason"]], titles=titles)
        parts.append(details(f"Images without a vote ({len(shown):,} of {len(silent):,})", told))
    return [*parts, element("p", NOTE, class_="note")]


def _pictures(explanation: Any, n: int) -> list[Markup]:
    """The images that pushed most for the likeliest class, and most against it; nothing for rows of a table."""
    voting = explanation.voting
    if explanation.sequence is None or voting.empty:
        return []
    told: list[Markup] = []
    for side in (voting[voting["share"] > 0].head(n), voting[voting["share"] < 0][::-1].head(n)):
        for one in side.itertuples(index=False):
            smear = explanation.smear(one.row)
            if smear is None:
                continue
            seen = draw_pushes(smear, untried(smear), width=_WIDTH) if smear.is_segmented else smear.image
            says = f"{one.name}, its cells outlined" if smear.is_segmented else one.name
            caption = element("figcaption", f"{Path(one.name).name}: {signed(one.share)} for {explanation.likeliest}")
            told.append(element("figure", picture(seen, says, width=_WIDTH), caption))
    return [element("div", *told, class_="grid")] if told else []


def _images(explanation: Any) -> Markup:
    """What each image adds, with the calibration it starts from: together the log-odds of the patient."""
    voting = explanation.voting
    shown = voting
    if len(voting) > _MOST_IMAGES:  # those in the middle say least
        shown = voting.iloc[np.r_[: _MOST_IMAGES // 2, len(voting) - _MOST_IMAGES // 2 : len(voting)]]
    rows = _named(shown)[["image", "share", "probability", "value_without", "verdict_without"]]
    rows["verdict_without"] = ["none" if one is None else str(one) for one in rows["verdict_without"]]
    rest = voting["share"].sum() - shown["share"].sum()
    more: list[dict[str, Any]] = []
    if len(shown) < len(voting):
        more.append({"image": f"{len(voting) - len(shown):,} others in between", "share": rest})
    if explanation.calibrated:
        more.append({"image": "calibration by patient", "share": explanation.offset})
    if more:
        rows = pd.concat([rows.astype(object), pd.DataFrame(more, dtype=object)], ignore_index=True)
        rows["verdict_without"] = rows["verdict_without"].fillna("")
    greatest = max(rows["share"].abs().max(), 1e-9)
    rows.insert(1, "bar", cells(bar(share / greatest) for share in rows["share"]))
    likeliest, against = explanation.likeliest, explanation.against
    titles = {
        "bar": f"← {against}, {likeliest} →",
        "share": "adds",
        "probability": f"{likeliest} by itself",
        "value_without": "log-odds without it",
        "verdict_without": "verdict without it",
    }
    formats = {"share": signed, "value_without": signed}
    told = f"What adds up to the log-odds {explanation.value:+.2f} for {likeliest} against {against}"
    return table(rows, formats=formats, titles=titles, caption=told, left=("bar",))


def _named(shown: pd.DataFrame) -> pd.DataFrame:
    """Rows with the name of each image as it stands in a table."""
    return shown.assign(image=[Path(name).name for name in shown["name"]])
