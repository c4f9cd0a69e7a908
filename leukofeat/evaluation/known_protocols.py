"""Every way to split that a data set allows, and the tables that set one beside the others."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold

from leukofeat.audit.slides import estimate_slides
from leukofeat.evaluation.comparison import Comparison
from leukofeat.evaluation.splits import make_splitter

# what a protocol is: `cv` and `groups` of a comparison
Way = tuple[Any, Any]


def known_protocols(
    bunch: Any, *, columns: Sequence[str] = (), n_estimates: int = 3, n_jobs: int | None = None, verbose: int = 0
) -> dict[str, dict[str, Way]]:
    """Ways to split that the manifest of a data set allows, from the easiest to the strictest.

    Parameters
    ----------
    bunch : Bunch
        Of :func:`~leukofeat.datasets.load_images` or :func:`~leukofeat.datasets.make_smears`: `images`, `target`, `groups` and, as
        far as there is one, `frame`, in which are looked for: `split` (train, and valid or else test), `block` (contiguous
        pseudo-slides), `cluster0`, `cluster1`, ... (several colour clusterings) and `stream` (series of acquisition).
    columns : sequence of str
        Further columns of `frame` that hold groups.
    n_estimates : int, default=3
        How many times slides are estimated where there are neither clusters nor streams, each with a seed of its own.
    n_jobs : int, optional
    verbose : int, default=0
        For the estimate of slides.

    Returns
    -------
    dict of name to dict of name to (cv, groups)
        Under a name what is shown together as one figure, the mean; `cv` and `groups` are as in
        :func:`~leukofeat.evaluation.compare`.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> smears = make_smears(n_samples=16, size=64, n_slides=8, random_state=0)
    >>> {name: list(ways) for name, ways in known_protocols(smears).items()}
    {'random': ['random'], 'slides': ['group'], 'estimated slides': ['estimated0', 'estimated1', 'estimated2']}
    """
    frame, target = bunch.get("frame", pd.DataFrame()), bunch.target
    fewest = int(np.bincount(target).min())
    at_random = "random" if fewest >= 5 else make_splitter("random", n_splits=max(2, fewest))
    found: dict[str, dict[str, Way]] = {"random": {"random": (at_random, None)}}
    if "split" in frame and (split := published_rows(frame["split"])) is not None:
        found["published"] = {"published": ([split], None)}
    several = [str(name) for name in frame if frame[name].nunique() > 1]  # a single group can't be held out
    clusters = sorted(name for name in several if re.fullmatch(r"cluster\d+", name))
    if "block" in several:
        found["blocks"] = {"block": by_group(target, frame["block"].to_numpy())}
    if clusters:
        found["coarse clusters"] = {name: by_group(target, frame[name].to_numpy()) for name in clusters}
    if bunch.groups is not None and len(np.unique(bunch.groups)) > 1:
        found["slides"] = {"group": by_group(target, np.asarray(bunch.groups))}
    if "stream" in several:
        found["unseen streams"] = {"stream": (LeaveOneGroupOut(), frame["stream"].to_numpy())}
    for name in columns:
        found[name] = {name: by_group(target, frame[name].to_numpy())}
    if n_estimates and not clusters and "stream" not in several and not columns:
        seeds = [
            estimate_slides(bunch.images, target, random_state=seed, n_jobs=n_jobs, verbose=verbose).groups
            for seed in range(n_estimates)
        ]
        found["estimated slides"] = {f"estimated{i}": by_group(target, groups) for i, groups in enumerate(seeds)}
    return found


def published_rows(split: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Rows of "train", and those of "valid" or else of "test"; None where there are not both.

    Examples
    --------
    >>> published_rows(["train", "test", "train"])
    (array([0, 2]), array([1]))
    """
    parts = np.asarray(split)
    part = "valid" if (parts == "valid").any() else "test"
    train, test = np.flatnonzero(parts == "train"), np.flatnonzero(parts == part)
    return (train, test) if len(train) and len(test) else None


def by_group(target: Any, groups: Any, n_splits: int = 5) -> Way:
    """Folds that keep groups together: at most `n_splits`, and no more than the class of the fewest groups has, but two.

    Examples
    --------
    >>> by_group([0, 0, 1, 1, 1], ["a", "b", "c", "d", "e"])[0].get_n_splits()
    2
    """
    fewest = pd.Series(groups).groupby(np.asarray(target)).nunique().min()
    return StratifiedGroupKFold(int(min(n_splits, max(2, fewest)))), groups


def flat(protocols: Mapping[str, Mapping[str, Way]]) -> dict[str, Any]:
    """`cv` and `groups` of :func:`~leukofeat.evaluation.compare` for all the ways at once.

    Examples
    --------
    >>> flat({"random": {"random": ("random", None)}})
    {'cv': {'random': 'random'}, 'groups': {'random': None}}
    """
    ways = {name: way for together in protocols.values() for name, way in together.items()}
    return {
        "cv": {name: cv for name, (cv, _) in ways.items()},
        "groups": {name: own for name, (_, own) in ways.items()},
    }


def accuracy_table(
    results: Mapping[str, Comparison], protocols: Mapping[str, Mapping[str, Any]], names: Sequence[str]
) -> pd.DataFrame:
    """Accuracy, a row a pipeline of `names` and a column a way to split; the mean where several ways stand under one name."""
    columns = {
        column: pd.concat([results[way].table["accuracy"] for way in together], axis=1).mean(axis=1, skipna=False)
        for column, together in protocols.items()
    }
    return pd.DataFrame(columns).reindex(list(names)).rename_axis("pipeline")


def points_lost_table(result: Comparison, names: Sequence[str]) -> pd.DataFrame:
    """Points of accuracy lost, a row a pipeline of `names` and a column a stress test, and `follows_background` behind them, of the first way to paste."""
    stress = result.stress
    if stress is None:
        return pd.DataFrame(index=pd.Index(names, name="pipeline"))
    lost = stress.pivot(index="pipeline", columns="test", values="points_lost")[stress["test"].unique()]
    follows = stress.dropna(subset="follows_background").drop_duplicates("pipeline")
    follows = follows.set_index("pipeline")["follows_background"]
    return lost.assign(follows_background=follows).reindex(list(names))
