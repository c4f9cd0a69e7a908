"""What a comparison says, in sentences: the first thing a reader sees."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.report.html import Markup, element, escape, join, number, p_value

# A fall below this many accuracy points is what another sample of images would bring as well.
_WORTH_SAYING = 2.0


def best_pipeline(comparison: Any) -> str:
    """Name of the pipeline with the highest accuracy; the first of several."""
    return comparison.table["accuracy"].idxmax()


def verdict(comparisons: Mapping[str, Any], controls: Collection[str] = ()) -> list[Markup]:
    """Sentences about the best pipeline of the last (strictest) protocol, its rivals, and what it does not survive."""
    name, comparison = list(comparisons.items())[-1]
    best = best_pipeline(comparison)
    sentences = [_headline(best, comparison, name if len(comparisons) > 1 else "")]
    rival = _rival(comparison, best)
    if rival is not None:
        sentences.append(rival)
    sentences += _controls(comparison, best, controls)
    if len(comparisons) > 1:
        sentences += _protocols(comparisons, best)
    sentences += _stress(comparison, best)
    return sentences


def cautions(comparisons: Mapping[str, Any]) -> list[Markup]:
    """What a reader has to know before believing the figures, each note once."""
    found: dict[str, list[str]] = {}
    for name, comparison in comparisons.items():
        for note in getattr(comparison, "notes", None) or []:
            found.setdefault(str(note), []).append(name)
    several = len(comparisons) > 1
    return [join([element("b", ", ".join(names) + ": ") if several else None, note]) for note, names in found.items()]


def with_interval(row: Any, metric: str) -> str:
    """A metric with its 95 % interval, "0.912 (0.880–0.941)"."""
    value, low, high = (row.get(f"{metric}{end}") for end in ("", "_low", "_high"))
    shown = number(value)
    return shown if low is None or low != low else f"{shown} ({number(low)}–{number(high)})"


def _headline(best: str, comparison: Any, protocol: str) -> Markup:
    row = comparison.table.loc[best]
    own = comparison.predictions[comparison.predictions["pipeline"] == best]
    count = f"{own['row'].nunique():,} test images"
    if "group" in own:
        count += f" of {own['group'].nunique():,} groups"
    under = join([" under ", element("b", protocol)]) if protocol else ""
    return join(
        [element("b", best), " reads ", element("b", with_interval(row, "accuracy")), " accuracy", under, f", on {count}",
         "; the interval is 95 %." if "accuracy_low" in row else "."]
    )  # fmt: skip


def _rival(comparison: Any, best: str) -> Markup | None:
    others = comparison.table["accuracy"].drop(best).sort_values(ascending=False)
    if others.empty:
        return None
    second = others.index[0]
    test = _paired_test(getattr(comparison, "pairs", None), best, second)
    gap = 100 * (comparison.table.loc[best, "accuracy"] - others.iloc[0])
    ahead = join([f"{gap:.1f} points ahead of ", element("b", second)])
    if test is None:
        return join([ahead, "; no test of the difference was made."])
    p = test["p_corrected"] if test["p_corrected"] == test["p_corrected"] else test["p"]
    meaning = "more than chance explains" if p < 0.05 else "which chance alone explains as well"
    return join([ahead, f", {meaning} (p {_equals(p)}, {test['method']}, corrected for the number of pairs)."])


def _controls(comparison: Any, best: str, controls: Collection[str]) -> list[Markup]:
    """What is reached without looking at a leukocyte."""
    accuracy = comparison.table["accuracy"]
    if best in controls:
        return [
            join(
                [
                    element("b", best),
                    " is a control that looks at no leukocyte: these classes are told apart without one.",
                ]
            )
        ]
    there = [name for name in accuracy.index if name in controls]
    if not there:
        return []
    strongest = accuracy[there].idxmax()
    gap = 100 * (accuracy[best] - accuracy[strongest])
    return [
        join(["The control ", element("b", strongest), ", which looks at no leukocyte, reads ",
              element("b", number(accuracy[strongest])), f"; the leukocytes add {gap:.1f} points at most."])
    ]  # fmt: skip


def _equals(p: float) -> str:
    shown = p_value(p)
    return shown if shown.startswith("<") else f"= {shown}"


def _paired_test(pairs: pd.DataFrame | None, best: str, second: str) -> pd.Series | None:
    """The strictest test of accuracy that was made: over groups, else over folds, else over images."""
    if pairs is None or not len(pairs):
        return None
    among = pairs[
        pairs["first"].isin((best, second)) & pairs["second"].isin((best, second)) & (pairs["metric"] == "accuracy")
    ]
    among = among[among["p"].notna()]
    for word in ("groups", "resampled t", ""):
        found = among[among["method"].str.contains(word, regex=False)]
        if len(found):
            return found.iloc[0]
    return None


def _protocols(comparisons: Mapping[str, Any], best: str) -> list[Markup]:
    values = {
        name: float(found.table.loc[best, "accuracy"])
        for name, found in comparisons.items()
        if best in found.table.index
    }
    high, low = max(values, key=values.__getitem__), min(values, key=values.__getitem__)
    points = 100 * (values[high] - values[low])
    if points < _WORTH_SAYING:
        return [escape(f"The split makes little difference to it: {number(values[low])} to {number(values[high])}.")]
    return [
        join(["The split alone is worth ", element("b", f"{points:.1f} points"), f": {number(values[high])} under {high}, "
              f"{number(values[low])} under {low}."])
    ]  # fmt: skip


def _stress(comparison: Any, best: str) -> list[Markup]:
    stress = getattr(comparison, "stress", None)
    if stress is None or not len(stress):
        return []
    own = stress[stress["pipeline"] == best]
    lost = own[own["points_lost"] >= _WORTH_SAYING].sort_values("points_lost", ascending=False)
    if not len(own):
        return []
    if lost.empty:
        return [escape("It keeps its accuracy under every shortcut test.")]
    worst = lost.iloc[0]
    sentences = [
        join(["Shortcut test ", element("b", worst["test"]), " costs it ", element("b", f"{worst['points_lost']:.1f} points"),
              f" ({number(worst['clean'])} to {number(worst['stressed'])})."])
    ]  # fmt: skip
    follows = own["follows_background"].max() if "follows_background" in own else np.nan
    if follows >= 0.1:
        sentences.append(
            escape(
                f"Pasted onto another class's background, {100 * follows:.0f}\u00a0% of the leukocytes are given that background's class."
            )
        )
    return sentences
