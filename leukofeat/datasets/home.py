"""The data home: the one folder in which public sets and networks are looked for."""

import os
from pathlib import Path

VARIABLE = "LEUKOFEAT_DATA"


def get_data_home(data_home: str | os.PathLike[str] | None = None) -> Path:
    """Folder that holds public data sets, a folder each, and networks in its folder `weights`.

    The fetch functions look there and download to there; so do the project's tests and benchmarks on real images.

    Parameters
    ----------
    data_home : path, optional
        By default what the environment variable `LEUKOFEAT_DATA` says, or else the folder `leukofeat_data` in the user's own. A leading
        `~` is the user's folder.

    Returns
    -------
    Path
        Absolute. It need not be there: what downloads something makes it.

    Examples
    --------
    >>> get_data_home("/data/smears").as_posix().endswith("/data/smears")
    True
    """
    place = data_home or os.environ.get(VARIABLE) or Path("~") / "leukofeat_data"
    return Path(place).expanduser().absolute()
