"""The images of all sites as one set of rows."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from leukofeat.evaluation.columns import check_groups, check_labels
from leukofeat.sequence import ImageSequence, as_sequence

OTHERS = "all others"
UNTYPED = "not stated"


class Rows(NamedTuple):
    """Images of all sites one behind the other, and beside each what is known of it.

    Attributes
    ----------
    names : list of str
        Of the sites, in the order given.
    images : ImageSequence of n images
    site : ndarray of shape (n,), str
    number : ndarray of shape (n,), int64
        Row of the image in its own site.
    target : ndarray of shape (n,), str
    groups : ndarray of shape (n,), str
        Distinct over the sites; an image of a site without groups is a group of its own.
    cell_type : ndarray of shape (n,), str
    grouped : dict of str to bool
        Whether a site came with groups.
    """

    names: list[str]
    images: ImageSequence
    site: np.ndarray
    number: np.ndarray
    target: np.ndarray
    groups: np.ndarray
    cell_type: np.ndarray
    grouped: dict[str, bool]

    def of(self, *sites: str) -> np.ndarray:
        """Rows of some sites, ascending."""
        return np.flatnonzero(np.isin(self.site, sites))


def join_sites(sites: Any, positive: str) -> Rows:
    """One set of rows out of several sites.

    Parameters
    ----------
    sites : mapping of name to Bunch or dict
        As of :func:`~leukofeat.evaluation.compare_sites`.
    positive : str

    Returns
    -------
    Rows

    Raises
    ------
    ValueError
        For fewer than two sites, a site without images or classes, columns of another length, a class without the positive one
        anywhere, or more than two classes over all sites; the message names the site.

    Examples
    --------
    >>> images = [np.zeros((8, 8, 3), np.uint8)] * 2
    >>> rows = join_sites(
    ...     {"A": {"images": images, "target": ["blast", "healthy"]}, "B": {"images": images, "target": ["healthy"] * 2}}, "blast"
    ... )
    >>> rows.site.tolist(), rows.groups.tolist()
    (['A', 'A', 'B', 'B'], ['A|image 0', 'A|image 1', 'B|image 0', 'B|image 1'])
    """
    if not isinstance(sites, Mapping):
        raise ValueError(
            f"sites must be a dict of name to Bunch, as load_images() gives it, not a {type(sites).__name__}."
        )
    names = [str(name) for name in sites]
    if len(names) < 2:
        raise ValueError(
            f"{len(names)} site{'s' * (len(names) != 1)} given; two or more are compared. compare() is for a single one."
        )
    twice = sorted({name for name in names if names.count(name) > 1} | ({OTHERS} & set(names)))
    if twice:
        raise ValueError(f"sites: the name {twice[0]!r} stands for something else, too; call the site otherwise.")
    parts = [_one(name, site) for name, site in zip(names, sites.values(), strict=True)]
    target = np.concatenate([part["target"] for part in parts])
    _check_two(target, np.repeat(names, [len(part["target"]) for part in parts]), positive)
    sizes = [len(part["images"]) for part in parts]
    starts = np.cumsum([0, *sizes[:-1]])
    images = [part["images"].numbered(int(start)) for part, start in zip(parts, starts, strict=True)]
    return Rows(
        names=names,
        images=ImageSequence([one[[i]] for one in images for i in range(len(one))]),
        site=np.repeat(names, sizes),
        number=np.concatenate([np.arange(size) for size in sizes]),
        target=target,
        groups=np.concatenate([part["groups"] for part in parts]),
        cell_type=np.concatenate([part["cell_type"] for part in parts]),
        grouped={name: part["grouped"] for name, part in zip(names, parts, strict=True)},
    )


def _one(name: str, site: Any) -> dict[str, Any]:
    if not isinstance(site, Mapping) or site.get("images") is None:
        raise ValueError(f"Site {name!r} must be a Bunch or dict with images and target, as load_images() gives it.")
    images = as_sequence(site["images"])
    n = len(images)
    if not n:
        raise ValueError(f"Site {name!r} has no image; leave it out.")
    if site.get("target") is None:
        raise ValueError(f"Site {name!r} has no classes (its target is None).")
    try:
        target = check_labels(site["target"], n, site.get("target_names")).astype(str)
        given = check_groups(site.get("groups"), n)
    except ValueError as error:
        raise ValueError(f"Site {name!r}: {error}") from None
    types = site.get("cell_type")
    types = np.full(n, UNTYPED, object) if types is None else np.array(list(types), object)
    if len(types) != n:
        raise ValueError(f"Site {name!r}: {n} images and {len(types)} values of cell_type.")
    known = [str(kind).strip() if pd.notna(kind) else "" for kind in types]
    groups = [f"image {i}" for i in range(n)] if given is None else given.tolist()
    return {
        "images": images,
        "target": target,
        "groups": np.array([f"{name}|{group}" for group in groups]),
        "cell_type": np.array([kind or UNTYPED for kind in known]),
        "grouped": given is not None,
    }


def _check_two(target: np.ndarray, site: np.ndarray, positive: str) -> None:
    classes = np.unique(target)
    by_site = "; ".join(f"{name}: {', '.join(np.unique(target[site == name]))}" for name in dict.fromkeys(site))
    if positive not in classes:
        raise ValueError(f"No image of any site is of the class {positive!r} (positive=). The classes are {by_site}.")
    if len(classes) != 2:
        raise ValueError(
            f"{len(classes)} classes over all sites ({by_site}); {positive!r} and one other are wanted, called alike everywhere "
            "(leukofeat.datasets.binary_target makes two of several)."
        )
