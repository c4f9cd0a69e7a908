"""The images a pipeline was most wrong about, with what a segmenter finds in them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.markup import Markup, element, number, picture
from leukofeat.pictures import found_in, outlined
from leukofeat.sequence import ImageSequence, as_sequence


def worst_rows(predictions: pd.DataFrame, pipeline: str, n: int) -> pd.DataFrame:
    """Wrong predictions of a pipeline, the most certain first: `row`, `target`, `predicted`, `margin` (NaN without scores)."""
    own = predictions[predictions["pipeline"] == pipeline]
    wrong = own[own["target"] != own["predicted"]].drop_duplicates("row")
    margins = [case[f"score_{case['predicted']}"] - case[f"score_{case['target']}"] for _, case in wrong.iterrows()]
    ranked = wrong.assign(margin=np.array(margins, float)).sort_values("margin", ascending=False, kind="stable")
    return ranked.head(n)


def worst_cases(
    predictions: pd.DataFrame, pipeline: str, X: Any, *, segmenter: Any = None, n: int = 12
) -> Markup | None:
    """Section of the worst cases; images that cannot be read are named and passed over."""
    rows = worst_rows(predictions, pipeline, n)
    if rows.empty:
        return None
    wrong = (predictions["pipeline"].eq(pipeline) & (predictions["target"] != predictions["predicted"])).sum()
    images = as_sequence(X)
    if rows["row"].max() >= len(images):
        raise ValueError(f"images has {len(images)} images; the comparison speaks of image {rows['row'].max()}.")
    found = images if segmenter is None else segmenter.transform(images)
    figures = [_case(images, found, case) for _, case in rows.iterrows()]
    return element(
        "section",
        element("h2", "Worst cases"),
        element(
            "p", f"The {len(rows)} of {wrong} wrong verdicts of ", element("b", pipeline), " that it was most certain of",
            "; cells outlined in green, nuclei in yellow." if segmenter is not None else ".", class_="hint",
        ),
        element("div", *figures, class_="cases"),
    )  # fmt: skip


def _case(images: ImageSequence, found: ImageSequence, case: pd.Series) -> Markup:
    row = int(case["row"])
    name = images.name(row)
    seen = None
    try:
        smear = found.smear(row)
        shown: Any = picture(outlined(smear), f"{name}, true {case['target']}, said {case['predicted']}")
        seen = element("small", found_in(smear)) if smear.is_segmented else None
    except (ValueError, TypeError, OSError) as error:
        shown = element("p", str(error), class_="hint")
    facts = [element("b", case["predicted"]), " instead of ", element("b", case["target"])]
    if case["margin"] == case["margin"]:
        facts.append(f", by {number(case['margin'], 2)}")
    if "group" in case:
        facts.append(f", group {case['group']}")
    caption = element("figcaption", element("span", *facts), seen, element("small", Path(name).name, title=name))
    return element("figure", shown, caption)
