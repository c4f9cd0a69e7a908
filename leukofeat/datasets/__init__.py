"""Images from disk, public sets, and synthetic smears with exact ground truth."""

from leukofeat.datasets.binary import binary_target
from leukofeat.datasets.composite import blend_cells, paste_cells
from leukofeat.datasets.fetch import (
    DATASETS,
    DataCard,
    fetch_acevedo2020,
    fetch_allidb1,
    fetch_allidb2,
    fetch_aria2021,
    fetch_bccd,
    fetch_bcisc,
    fetch_cnmc2019,
    fetch_sidhom2021,
    fetch_zheng2018,
    list_datasets,
)
from leukofeat.datasets.home import get_data_home
from leukofeat.datasets.load import load_images
from leukofeat.datasets.smears import make_smears

__all__ = [
    "DATASETS",
    "DataCard",
    "binary_target",
    "blend_cells",
    "fetch_acevedo2020",
    "fetch_allidb1",
    "fetch_allidb2",
    "fetch_aria2021",
    "fetch_bccd",
    "fetch_bcisc",
    "fetch_cnmc2019",
    "fetch_sidhom2021",
    "fetch_zheng2018",
    "get_data_home",
    "list_datasets",
    "load_images",
    "make_smears",
    "paste_cells",
]
