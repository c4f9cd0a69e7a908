"""ROC curves and calibration of the pipelines of one comparison."""

import numpy as np

from leukofeat.evaluation.comparison import Comparison
from leukofeat.markup import Markup, element, join
from leukofeat.report.charts import Curve, legend, square_chart
from leukofeat.statistics.curves import GRID, reliability, roc_band
from leukofeat.statistics.metrics import top_label

# more bands than these over one another are a grey in which none is seen
_MOST_BANDS = 3


def curves(comparison: Comparison) -> Markup | None:
    """ROC curve of each class with its band, a colour a pipeline."""
    labels, scores = _scores(comparison)
    banded = sum(values is not None for values in scores.values()) <= _MOST_BANDS
    charts = []
    for c, label in enumerate(labels):
        series = []
        for i, (name, values) in enumerate(scores.items()):
            if values is None:
                continue
            own = comparison.predictions[comparison.predictions["pipeline"] == name]
            units = own["group" if "group" in own else "row"].to_numpy()
            band = roc_band((own["target"] == label).to_numpy(), values[:, c], units)
            if not np.isnan(band[0][0]):
                line, *ends = (np.r_[0, end] for end in band)
                series.append(Curve(i, np.r_[0, GRID], line, *(ends if banded else (line, line))))
        if series:
            charts.append(square_chart(series, title=str(label), x_label="false positives", y_label="true positives"))
    if all(values is None for values in scores.values()):
        return None
    hint = (
        "Bands: pointwise 95 %, bootstrap over groups where there are groups, else over images."
        if banded
        else f"Bands are drawn for {_MOST_BANDS} pipelines at most; intervals of the areas stand in the tables."
    )
    return join(
        [
            element("h3", "ROC curves, each class against all others"),
            legend(list(scores)),
            element("div", *charts, class_="grid"),
            element("p", hint, class_="hint"),
        ]
    )  # fmt: skip


def calibration(comparison: Comparison) -> Markup | None:
    """Stated confidence against the share that was right, for the pipelines that give probabilities."""
    labels, scores = _scores(comparison)
    charts = []
    for i, (name, values) in enumerate(scores.items()):
        # A pipeline without probabilities has decision values, which do not add up to one.
        if values is None or values.min() < 0 or not np.allclose(values.sum(axis=1), 1, atol=1e-3):
            continue
        own = comparison.predictions[comparison.predictions["pipeline"] == name]
        stated, found, low, high, _ = reliability(*top_label(own["target"], values, labels))
        curve = Curve(i, stated, found, low, high)
        charts.append(square_chart([curve], title=name, x_label="stated confidence", y_label="share right", dots=True))
    if not charts:
        return None
    return join(
        [
            element("h3", "Calibration"),
            element("div", *charts, class_="grid"),
            element("p", "On the dashed line a stated confidence is right as often as it says. Bars: 95 % (Wilson).", class_="hint"),
        ]
    )  # fmt: skip


def _scores(comparison: Comparison) -> tuple[np.ndarray, dict[str, np.ndarray | None]]:
    """Classes, and the scores of each pipeline (None where it gives none)."""
    labels = np.unique(comparison.predictions["target"])
    scores: dict[str, np.ndarray | None] = {}
    for name in comparison.table.index:
        own = comparison.predictions[comparison.predictions["pipeline"] == name]
        values = own[[f"score_{label}" for label in labels]].to_numpy(np.float64)
        scores[name] = None if np.isnan(values).any() else values
    return labels, scores
