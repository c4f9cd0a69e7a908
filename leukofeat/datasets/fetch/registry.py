"""The public sets by their names."""

from collections.abc import Mapping
from types import MappingProxyType

from leukofeat.datasets.fetch import acevedo2020, allidb, aria2021, bccd, bcisc, cnmc2019, sidhom2021, zheng2018
from leukofeat.datasets.fetch.card import DataCard

_CARDS = (
    aria2021.CARD,
    allidb.IDB1,
    allidb.IDB2,
    cnmc2019.CARD,
    sidhom2021.CARD,
    acevedo2020.CARD,
    zheng2018.CARD,
    bcisc.CARD,
    bccd.CARD,
)

DATASETS: Mapping[str, DataCard] = MappingProxyType({card.name: card for card in _CARDS})


def list_datasets() -> list[str]:
    """Names of the public sets that have a `fetch_NAME`; `print(DATASETS[name])` shows a set's card.

    Returns
    -------
    list of str

    Examples
    --------
    >>> list_datasets()[:3]
    ['aria2021', 'allidb1', 'allidb2']
    """
    return list(DATASETS)
