"""Stress tests as tables: a row a test, a column a pipeline, the shortcuts apart from the optics."""

import pandas as pd

from leukofeat.markup import Markup, details, element, join, number, table

_PARTS = {
    "shortcut": (
        "Shortcut tests",
        "Something is changed that is not the leukocyte: what is lost was not read from leukocytes, or their outline moved. Follows: share of the "
        "leukocytes that are given the class of the background they are pasted onto.",
    ),
    "optical": (
        "Optical tests",
        "The same fields, photographed otherwise: what is lost will be lost in another laboratory, or on another day.",
    ),
}


def stress_tables(stress: pd.DataFrame) -> Markup:
    """A table for each kind of test; all figures folded away."""
    parts = []
    for kind, (title, hint) in _PARTS.items():
        own = stress[stress["kind"] == kind]
        if len(own):
            parts += [
                element("h3", title),
                element("p", f"{hint} Accuracy points lost, with their 95 % interval.", class_="hint"),
                table(_by_test(own), left=("test",), titles={name: name for name in own["pipeline"]}),
            ]
    return join([*parts, details("All figures of the stress tests", table(stress))])


def _by_test(stress: pd.DataFrame) -> pd.DataFrame:
    """A row a test under the accuracy on the unchanged images, a column a pipeline."""
    tests = list(stress["test"].unique())
    shown = pd.DataFrame({"test": ["unchanged (accuracy)", *tests]})
    for pipeline, own in stress.groupby("pipeline", sort=False):
        rows = own.set_index("test").loc[tests]
        cells = [element("b", number(rows["clean"].iloc[0])), *(_lost(row) for _, row in rows.iterrows())]
        shown[pipeline] = pd.Series(cells, dtype=object)  # pandas' own strings forget that they are markup
    return shown


def _lost(row: pd.Series) -> Markup:
    points = row["points_lost"]
    value = element("b", f"{points + 0.0:.1f}", class_="lost" if points >= 5 else None)
    below = [f"{row['points_lost_low']:.1f} to {row['points_lost_high']:.1f}"]
    if row["follows_background"] >= 0.005:
        below.append(f"follows {100 * row['follows_background']:.0f} %")
    return join([value, *(element("small", part) for part in below)])
