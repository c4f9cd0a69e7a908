"""The result of a comparison of sites: tables, which can be saved and loaded."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pandas as pd

from leukofeat.evaluation.saved import FORMAT, read_saved, write_tables
from leukofeat.evaluation.sites.rows import OTHERS
from leukofeat.markup import NOTE, card, cells, element, number, table

_HEAD = "sites.json"
_TABLES = ("table", "by_type", "predictions", "sites", "failures")


@dataclass(frozen=True, repr=False)
class SiteComparison:
    """Result of :func:`~leukofeat.evaluation.compare_sites`: what each pipeline keeps from one site to another, as tables.

    Drawn by :class:`~leukofeat.plotting.TransferDisplay`.

    Attributes
    ----------
    table : DataFrame
        A row a pipeline, training and test site: `pipeline`, `train` (a site, or "all others"), `test`, `n` images tested,
        `n_positive`, `n_groups`, `n_train`, `n_empty` (images in which the pipeline found no cell although it has columns that need
        one). With `_low` and `_high` (95 % bootstrap interval over groups, or images where a site has none): `auc`, and at the
        threshold fixed on training data `sensitivity`, `specificity`, `false_alarms` (share of the negative images that is called)
        and `balanced_accuracy`; NaN where a site lacks the class. Then `threshold` (mean over folds on the diagonal), `log_loss`
        (NaN unless the pipeline gives probabilities), `base_log_loss` (of saying the share of positive training images of every
        image), `best_control` (highest AUC there; blank for controls and without AUC), and `margin`, the AUC less that control's, with its paired interval.
    by_type : DataFrame
        A row a pipeline, training, test site, class and type of cell: `n`, `n_called`, `called` (share called positive: false
        alarms of negative classes) with Wilson's interval, which takes every image for independent evidence.
    predictions : DataFrame
        A row a pipeline, training and tested image: `fold`, `row` in its site, `group`, `target`, `cell_type`, `score` of the
        positive class, `threshold`, `called`.
    sites : DataFrame
        Indexed by site: `n_images`, `n_measured`, `n_positive`, `n_groups` (NaN without groups), `trained_on` (whether alone).
    configuration : dict
        Versions, parameters and settings: what is needed to repeat the comparison.
    notes : list of str
        What a reader has to know before believing the figures.
    failures : DataFrame
        A row an image that was left out: `site`, `row`, `name`, `reason`.

    Examples
    --------
    >>> SiteComparison.__dataclass_fields__.keys()
    dict_keys(['table', 'by_type', 'predictions', 'sites', 'configuration', 'notes', 'failures'])
    """

    table: pd.DataFrame
    by_type: pd.DataFrame
    predictions: pd.DataFrame
    sites: pd.DataFrame
    configuration: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failures: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["site", "row", "name", "reason"]))

    def matrix(self, metric: str = "auc") -> pd.DataFrame:
        """A column of `table` as transfer matrix.

        Parameters
        ----------
        metric : str, default="auc"

        Returns
        -------
        DataFrame
            Indexed by pipeline and training, the last "all others"; a column a test site. On the diagonal stands grouped
            cross-validation inside the site.

        Raises
        ------
        ValueError
            For a column that `table` does not have.

        Examples
        --------
        >>> rows = [("a", "A", "A", 0.9), ("a", "A", "B", 0.6), ("a", "all others", "B", 0.6)]
        >>> table = pd.DataFrame(rows, columns=["pipeline", "train", "test", "auc"])
        >>> empty = pd.DataFrame()
        >>> SiteComparison(table, empty, empty, pd.DataFrame(index=["A", "B"])).matrix().loc[("a", "A")].tolist()
        [0.9, 0.6]
        """
        if metric not in self.table:
            raise ValueError(f"There is no {metric!r} in the table; it has {', '.join(self.table)}.")
        names = list(self.sites.index)
        pipelines = self.table["pipeline"].unique()
        trainings = [name for name in [*names, OTHERS] if (self.table["train"] == name).any()]
        index = pd.MultiIndex.from_product([pipelines, trainings], names=["pipeline", "train"])
        found = self.table.set_index(["pipeline", "train", "test"])[metric].unstack("test")
        return found.reindex(index=index, columns=pd.Index(names, name="test"))

    def summary(self) -> pd.DataFrame:
        """What to look at first: each pipeline inside sites, on sites it never saw, and with one site left out.

        Returns
        -------
        DataFrame
            Indexed by pipeline: mean `auc_inside` sites; mean and worst AUC of one site on another (`auc_transfer`, `auc_worst`);
            one site left out: mean `auc_left_out` and `margin_left_out` over the best control, `sensitivity_left_out` and
            `false_alarms_left_out` (means over the sites that have the class).

        Examples
        --------
        >>> SiteComparison.summary.__name__
        'summary'
        """
        rows = {}
        for name, own in self.table.groupby("pipeline", sort=False):
            out = own[own["train"] == OTHERS]
            inside = own[own["train"] == own["test"]]
            across = own[(own["train"] != own["test"]) & (own["train"] != OTHERS)]
            rows[name] = {
                "auc_inside": inside["auc"].mean(),
                "auc_transfer": across["auc"].mean(),
                "auc_worst": across["auc"].min(),
                **{
                    f"{metric}_left_out": out[metric].mean()
                    for metric in ("auc", "margin", "sensitivity", "false_alarms")
                },
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("pipeline")

    def __repr__(self) -> str:
        head = f"Comparison of {self.table['pipeline'].nunique()} pipelines over {len(self.sites)} sites: AUC, row trained on, column tested"
        tables = (found.round(3).to_string() for found in (self.matrix(), self.summary()))
        return "\n".join([head, *tables, *self.notes])

    def _repr_html_(self) -> str:
        shown = self.matrix().reset_index()
        full = self.table.set_index(["pipeline", "train", "test"])
        for site in self.sites.index:
            shown[site] = cells(
                _cell(full.loc[key]) if (key := (pipeline, train, site)) in full.index else element("span", "–")
                for pipeline, train in zip(shown["pipeline"], shown["train"], strict=True)
            )
        n = self.table["pipeline"].nunique()
        return card(
            f"{n} pipeline{'s' * (n != 1)} over {len(self.sites)} sites: AUC, or false alarms (FA) and sensitivity (SE)",
            table(shown, titles={"train": "trained on"}),
            element("div", "Under a figure stands its 95 % interval; on the diagonal, grouped cross-validation."),
            element("ul", *(element("li", note) for note in self.notes)) if self.notes else None,
            element("div", element("i", NOTE)),
        )

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write everything into a folder: `sites.json` and `tables.json`; no pickle.

        Parameters
        ----------
        folder : path
            Made if it is missing; a comparison in it is replaced.

        Returns
        -------
        Path
            The folder.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        head = {"format": FORMAT, "configuration": self.configuration, "notes": self.notes}
        write_tables(place, {name: getattr(self, name) for name in _TABLES})
        (place / _HEAD).write_text(json.dumps(head, indent=1, default=str), encoding="utf-8")
        return place

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Comparison that :meth:`save` wrote.

        Raises
        ------
        ValueError
            When there is none in the folder, or one that cannot be read; the message names the folder.
        ImportError
            For one that an older version saved, as Parquet files, where what reads them is not installed.
        """
        place = Path(folder)
        if not (place / _HEAD).is_file():
            raise ValueError(f"{place}: holds no saved comparison of sites ({_HEAD} is missing).")
        try:
            head = json.loads((place / _HEAD).read_text(encoding="utf-8"))
            found = read_saved(place, head["format"], _TABLES)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{place}: the saved comparison cannot be read ({error}); run it again.") from error
        return cls(**found, configuration=head["configuration"], notes=head["notes"])


def _cell(row: pd.Series) -> Any:
    name, metric = next(
        (name, metric)
        for name, metric in (("", "auc"), ("FA ", "false_alarms"), ("SE ", "sensitivity"))
        if row[metric] == row[metric]
    )
    low, high = row[f"{metric}_low"], row[f"{metric}_high"]
    under = element("small", f"{number(low)}–{number(high)}", style="display:block") if low == low else None
    return element("span", element("b", f"{name}{number(row[metric])}"), under)
