"""ROC curves and calibration of the pipelines of one comparison."""

from leukofeat.evaluation.comparison import Comparison
from leukofeat.evaluation.curves import MOST_BANDS, reliability_curves, roc_curves, scores_by_pipeline
from leukofeat.markup import Markup, element, join
from leukofeat.report.charts import Curve, legend, square_chart


def curves(comparison: Comparison) -> Markup | None:
    """ROC curve of each class with its band, a colour a pipeline."""
    labels, scores = scores_by_pipeline(comparison)
    if all(values is None for values in scores.values()):
        return None
    banded = sum(values is not None for values in scores.values()) <= MOST_BANDS
    found, colors = roc_curves(comparison), {name: i for i, name in enumerate(scores)}
    charts = []
    for label in labels:
        series = [
            Curve(colors[one.name], one.fpr, one.tpr, *((one.low, one.high) if banded else (one.tpr, one.tpr)))
            for one in found
            if one.label == label
        ]
        if series:
            charts.append(square_chart(series, title=str(label), x_label="false positives", y_label="true positives"))
    hint = (
        "Bands: pointwise 95 %, bootstrap over groups where there are groups, else over images."
        if banded
        else f"Bands are drawn for {MOST_BANDS} pipelines at most; intervals of the areas stand in the tables."
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
    places = {name: i for i, name in enumerate(comparison.table.index)}
    charts = []
    for one in reliability_curves(comparison):
        curve = Curve(places[one.name], one.stated, one.found, one.low, one.high)
        charts.append(
            square_chart([curve], title=one.name, x_label="stated confidence", y_label="share right", dots=True)
        )
    if not charts:
        return None
    return join(
        [
            element("h3", "Calibration"),
            element("div", *charts, class_="grid"),
            element("p", "On the dashed line a stated confidence is right as often as it says. Bars: 95 % (Wilson).", class_="hint"),
        ]
    )  # fmt: skip
