"""Public sets of the papers: a file a set, with its card and what reads it."""

from leukofeat.datasets.fetch.acevedo2020 import fetch_acevedo2020
from leukofeat.datasets.fetch.allidb import fetch_allidb1, fetch_allidb2
from leukofeat.datasets.fetch.aria2021 import fetch_aria2021
from leukofeat.datasets.fetch.bccd import fetch_bccd
from leukofeat.datasets.fetch.bcisc import fetch_bcisc
from leukofeat.datasets.fetch.card import DataCard
from leukofeat.datasets.fetch.cnmc2019 import fetch_cnmc2019
from leukofeat.datasets.fetch.registry import DATASETS, list_datasets
from leukofeat.datasets.fetch.sidhom2021 import fetch_sidhom2021
from leukofeat.datasets.fetch.zheng2018 import fetch_zheng2018

__all__ = [
    "DATASETS",
    "DataCard",
    "fetch_acevedo2020",
    "fetch_allidb1",
    "fetch_allidb2",
    "fetch_aria2021",
    "fetch_bccd",
    "fetch_bcisc",
    "fetch_cnmc2019",
    "fetch_sidhom2021",
    "fetch_zheng2018",
    "list_datasets",
]
