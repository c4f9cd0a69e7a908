"""What a comparison says, in sentences: the first thing a reader sees."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from leukofeat.evaluation.comparison import Comparison
from leukofeat.markup import Markup, element, escape, join, number, p_value

# A fall below this many accuracy points is what another sample of images would bring as well.
_WORTH_SAYING = 2.0


def best_pipeline(comparison: Comparison) -> str:
    """Name of the pipeline with the highest accuracy; the first of several."""
    return comparison.table["accuracy"].idxmax()


def verdict(comparisons: Mapping[str, Comparison], controls: Collection[str] = ()) -> list[Markup]:
    """Sentences about the best pipeline of the last (strictest) protocol, its rivals, and what it does not survive."""
    name, comparison = list(comparisons.items())[-1]
    best = best_pipeline(comparison)
    several = len(comparisons) > 1
    sentences = [
        _headline(best, comparison, name if several else ""),
        _rival(comparison, best),
        _controls(comparison, best, controls),
        _protocols(comparisons, best) if several else None,
        *([] if comparison.stress is None else _stress(comparison.stress[comparison.stress["pipeline"] == best])),
    ]
    return [sentence for sentence in sentences if sentence is not None]


def cautions(comparisons: Mapping[str, Comparison]) -> list[Markup]:
    """What a reader has to know before believing the figures, each note once."""
    found: dict[str, list[str]] = {}
    for name, comparison in comparisons.items():
        for note in comparison.notes:
            found.setdefault(note, []).append(name)
    several = len(comparisons) > 1
    return [join([element("b", ", ".join(names) + ": ") if several else None, note]) for note, names in found.items()]


def _headline(best: str, comparison: Comparison, protocol: str) -> Markup:
    value, low, high = comparison.table.loc[best, ["accuracy", "accuracy_low", "accuracy_high"]]
    interval = f" ({number(low)}–{number(high)})" if low == low else ""
    own = comparison.predictions[comparison.predictions["pipeline"] == best]
    groups = f" of {own['group'].nunique():,} groups" if "group" in own else ""
    under = join([" under ", element("b", protocol)]) if protocol else ""
    return join(
        [element("b", best), " reads ", element("b", number(value), interval), " accuracy", under,
         f", on {own['row'].nunique():,} test images{groups}; the interval is 95 %."]
    )  # fmt: skip


def _rival(comparison: Comparison, best: str) -> Markup | None:
    others = comparison.table["accuracy"].drop(best).sort_values(ascending=False)
    if others.empty:
        return None
    second = others.index[0]
    gap = 100 * (comparison.table.loc[best, "accuracy"] - others.iloc[0])
    ahead = join([f"{gap:.1f} points ahead of " if gap >= 0.05 else "Level with ", element("b", second)])
    tests = _paired_tests(comparison.pairs, best, second)
    if tests.empty:
        return join([ahead, "; no test of the difference was made."])
    test = _strictest(tests)
    if test is None:
        return join(
            [ahead, "; no test can say whether chance explains it, for nothing tells how much differences vary."]
        )
    p = test["p_corrected"]
    meaning = "more than chance explains" if p < 0.05 else "which chance alone explains as well"
    return join([ahead, f", {meaning} (p {_equals(p)}, {test['method']}, corrected for the number of pairs)."])


def _controls(comparison: Comparison, best: str, controls: Collection[str]) -> Markup | None:
    """What is reached without looking at a leukocyte."""
    if best in controls:
        told = " is a control that looks at no leukocyte: these classes are told apart without one."
        return join([element("b", best), told])
    accuracy = comparison.table["accuracy"]
    there = accuracy[accuracy.index.isin(list(controls))]
    if there.empty:
        return None
    gap = 100 * (accuracy[best] - there.max())
    return join(
        ["The control ", element("b", there.idxmax()), ", which looks at no leukocyte, reads ",
         element("b", number(there.max())), f"; the leukocytes add {gap:.1f} points at most."]
    )  # fmt: skip


def _equals(p: float) -> str:
    shown = p_value(p)
    return shown if shown.startswith("<") else f"= {shown}"


def _paired_tests(pairs: pd.DataFrame, best: str, second: str) -> pd.DataFrame:
    """Tests of accuracy that were made."""
    both = pairs["first"].isin((best, second)) & pairs["second"].isin((best, second))
    return pairs[both & (pairs["metric"] == "accuracy")]


def _strictest(tests: pd.DataFrame) -> pd.Series | None:
    """Of those with a p the one over groups, else over folds, else over images."""
    among = tests[tests["p"].notna()]
    for word in ("groups", "resampled t", ""):
        found = among[among["method"].str.contains(word, regex=False)]
        if len(found):
            return found.iloc[0]
    return None


def _protocols(comparisons: Mapping[str, Comparison], best: str) -> Markup:
    values = {name: found.table["accuracy"].get(best, np.nan) for name, found in comparisons.items()}
    among = pd.Series(values, dtype=float).dropna()
    high, low = among.idxmax(), among.idxmin()
    points = 100 * (among[high] - among[low])
    if points < _WORTH_SAYING:
        return escape(f"The split makes little difference to it: {number(among[low])} to {number(among[high])}.")
    return join(
        ["The split alone is worth ", element("b", f"{points:.1f} points"), f": {number(among[high])} under {high}, "
         f"{number(among[low])} under {low}."]
    )  # fmt: skip


def _stress(own: pd.DataFrame) -> list[Markup]:
    """What the stress tests say of one pipeline: the worst of each kind, and whether it follows the background."""
    if own.empty:
        return [escape("No stress test could be asked of it: its predictions were made elsewhere.")]
    sentences = []
    for kind, tests in own.groupby("kind", sort=False):
        worst = tests.loc[tests["points_lost"].idxmax()]
        if worst["points_lost"] < _WORTH_SAYING:
            sentences.append(escape(f"It keeps its accuracy under every {kind} test."))
            continue
        more = int((tests["points_lost"] >= _WORTH_SAYING).sum()) - 1
        others = f"; {more} more cost{'s' * (more == 1)} {_WORTH_SAYING:.0f} points or more" if more else ""
        sentences.append(
            join([f"{str(kind).capitalize()} test ", element("b", worst["test"]), " costs it ",
                  element("b", f"{worst['points_lost']:.1f} points"),
                  f" ({number(worst['clean'])} to {number(worst['stressed'])}){others}."])
        )  # fmt: skip
        follows = tests["follows_background"].max()
        if follows >= 0.1:
            told = f"Pasted onto another class's background, {100 * follows:.0f}\u00a0% of the leukocytes are given that background's class."
            sentences.append(escape(told))
    return sentences
