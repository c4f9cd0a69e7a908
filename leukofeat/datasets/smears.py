"""Synthetic stained smears with exact label maps, and switches that plant known faults."""

from collections.abc import Iterable

import numpy as np
from sklearn.utils import Bunch, check_random_state

from leukofeat.datasets.morphology import CLASS_TYPES, draw_cells
from leukofeat.datasets.render import (
    compress,
    draw_clutter,
    draw_leukocytes,
    draw_red_cells,
    noise_pool,
    photograph,
)
from leukofeat.datasets.slides import NUISANCES, PATIENT_SPREAD, STAIN_NUISANCES, Slide, draw_slide, vary
from leukofeat.preprocessing.scale_bar import burn_in

FAULTS = ("stain", "scale_bar", "duplicates", "leak")
_BAR_STYLES = ("white box", "red", None, "white box")  # shared by two classes, as in published sets
_DUPLICATED = 0.05
_TEST_SHARE = 0.25
_PAD = 80  # wider than any drawn object is, so that nothing is clipped while it is added


def _share_out(n_samples: int, slide_label: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    target = np.arange(n_samples) % n_classes
    groups = np.empty(n_samples, np.int64)
    for label in range(n_classes):
        own, members = np.flatnonzero(slide_label == label), np.flatnonzero(target == label)
        groups[members] = own[np.arange(len(members)) % len(own)]
    return target, groups


def _split(target: np.ndarray, groups: np.ndarray, leak: bool) -> np.ndarray:
    split = np.full(len(target), "train", dtype="<U5")
    for label in np.unique(target):
        slides = np.unique(groups[target == label])
        if leak:
            for slide in slides:
                members = np.flatnonzero(groups == slide)
                if len(members) > 1:
                    split[members[: max(1, round(_TEST_SHARE * len(members)))]] = "test"
        elif len(slides) > 1:
            split[np.isin(groups, slides[-max(1, round(_TEST_SHARE * len(slides))) :])] = "test"
    return split


def _pairs(rng: np.random.Generator, target: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Pairs (copy, original) of the same class, of different slides where there are some; no image in two pairs."""
    wanted = max(1, round(_DUPLICATED * len(target)))
    free = np.ones(len(target), bool)
    pairs: list[tuple[int, int]] = []
    for copy in rng.permutation(len(target)):
        others = np.flatnonzero(free & (target == target[copy]))
        others = others[others != copy]
        elsewhere = others[groups[others] != groups[copy]]
        candidates = elsewhere if len(elsewhere) else others
        if len(pairs) == wanted or not (free[copy] and len(candidates)):
            continue
        original = int(rng.choice(candidates))
        free[[copy, original]] = False
        pairs.append((int(copy), original))
    return np.array(pairs, np.int64).reshape(-1, 2)


def _plan(
    faults: tuple[str, ...], target: np.ndarray, groups: np.ndarray, split: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    planted = {}
    if "stain" in faults:
        planted["stain"] = np.arange(len(target))
    if "scale_bar" in faults:
        planted["scale_bar"] = np.flatnonzero([_BAR_STYLES[label] is not None for label in target])
    if "duplicates" in faults:
        planted["duplicates"] = _pairs(rng, target, groups)
    if "leak" in faults:
        planted["leak"] = np.intersect1d(groups[split == "train"], groups[split == "test"])
    for fault, where in planted.items():
        if not len(where):
            raise ValueError(
                f"the fault {fault!r} cannot be planted in {len(target)} images of {len(np.unique(groups))} slides: "
                "raise n_samples or lower n_slides"
            )
    return planted


def _burn_scale_bar(image: np.ndarray, style: str) -> None:
    size = image.shape[0]
    length = min(28, size // 3)  # 10 micrometres
    left, right, row = size - 6 - length, size - 6, size - 5
    ticks = [(column, row - 2, column, row + 1, 1) for column in (left, right)]
    burn_in(
        image,
        (200, 30, 40) if style == "red" else (10, 10, 10),
        ("10 um", (right - 27, row - 4), 0.28) if length == 28 else None,
        [(left, row, right, row, 2), *ticks],
        (row - 13, left - 4, row + 3, right + 5) if style == "white box" else None,
    )


def _draw_field(
    seed: np.random.SeedSequence, slide: Slide, label: int, size: int, pool: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    slide = vary(rng, slide)
    cells = draw_cells(rng, slide, label, size)
    planes = np.zeros((4, size + 2 * _PAD, size + 2 * _PAD), np.float32)
    draw_red_cells(planes, rng, slide, cells, size)
    draw_clutter(planes, rng, slide, pool, size)
    nuclei, labels = draw_leukocytes(planes, rng, cells, pool, size)
    image = photograph(planes[:, _PAD : _PAD + size, _PAD : _PAD + size], rng, slide, pool)
    return image, nuclei, labels


def make_smears(
    n_samples: int = 200,
    *,
    size: int = 224,
    n_slides: int = 24,
    random_state: int | np.random.RandomState | None = 0,
    faults: str | Iterable[str] = (),
) -> Bunch:
    """Make synthetic fields of stained blood smears in four classes, with exact label maps.

    ================   ==============================================================
    Classes            Benign, Early, Pre, Pro (balanced, in random order)
    Images             (size, size, 3) uint8 RGB, one list entry a field
    Magnification      about 2.8 pixels a micrometre, whatever the size of the field
    Groups             `n_slides` slides; a slide is one patient and has one class
    Ground truth       label maps of nuclei and of whole cells, exact by construction
    ================   ==============================================================

    Stain amounts of red cells, chromatin, cytoplasm and clutter are drawn with anti-aliased edges and turned into light
    by the Beer-Lambert law, so densities add where red cells overlap. Uneven light, defocus, the sharpening of a
    camera, sensor noise and JPEG compression follow.

    The classes differ in morphology only, with the spread from cell to cell and from patient to patient of real ones:
    *Benign* (haematogones, mature lymphocytes) small, dense, smooth and round nuclei with a bare rim of cytoplasm;
    *Early* (early pre-B) larger, lightly indented nuclei with finer chromatin; *Pre* (pre-B) still larger, with clumped
    chromatin, a nucleolus and deeply basophilic cytoplasm; *Pro* (pro-B) folded nuclei with open chromatin, prominent
    nucleoli and wider cytoplasm. Some cells of a field belong to another class or are neutrophils. Stain, light, red
    cells, the number of leukocytes and all clutter belong to the slide and have the same distribution in every class:
    what reads the class from them stays near chance on slides not seen.
    The classes are those of the ALL image dataset of Aria et al. (2021).

    Parameters
    ----------
    n_samples : int, default=200
        Number of fields, at least 1.
    size : int, default=224
        Side of a field in pixels, at least 64. The scale stays: a smaller field holds fewer cells, at least one.
    n_slides : int, default=24
        Number of slides, at least 4; slide `s` has class `s % 4`. With few slides a stain can go along with a class by
        chance, as in a small study.
    random_state : int, RandomState instance or None, default=0
        The same value gives the same bytes. A fault changes nothing else: with and without ``"scale_bar"``, say, the
        same cells lie at the same places.
    faults : str or iterable of str, default=()
        Known faults to plant. ``"stain"``: hue and strength of the stains and the tint of the background follow the
        class. ``"scale_bar"``: a bar burned into the bottom right corner, red in Early, black in a white box in Benign
        and Pro, none in Pre (label maps still show what lies under it). ``"duplicates"``: 5 % of the images are exact
        copies of images of the same class, of another slide where there is one. ``"leak"``: `split` is drawn within
        slides.

    Returns
    -------
    data : sklearn.utils.Bunch
        images : list of (size, size, 3) uint8 arrays
        target : (n_samples,) int64 array
        target_names : array of the 4 class names
        nuclei, cells : lists of (size, size) int32 label maps; background 0, nucleus i lies inside cell i; every label
        is one 4-connected part. Neutrophils are labelled as the leukocytes they are; smudge cells and platelets are
        not.
        groups : (n_samples,) int64 array, the slide of each field
        split : (n_samples,) array of "train" and "test"; whole slides, about a quarter of each class, unless "leak"
        planted : dict, what each fault did: "stain" and "scale_bar" hold the indices of the images touched,
        "duplicates" the pairs (copy, original), "leak" the slides on both sides
        DESCR : str

    Raises
    ------
    ValueError
        If a fault is unknown, a number is too small, or there are too few images to plant a fault in.

    Examples
    --------
    >>> from leukofeat.datasets import make_smears
    >>> data = make_smears(8, size=128, faults="duplicates")
    >>> data.images[0].shape, data.images[0].dtype
    ((128, 128, 3), dtype('uint8'))
    >>> sorted(data.target_names[data.target].tolist())
    ['Benign', 'Benign', 'Early', 'Early', 'Pre', 'Pre', 'Pro', 'Pro']
    >>> copy, original = data.planted["duplicates"][0]
    >>> bool((data.images[copy] == data.images[original]).all())
    True
    >>> bool((data.nuclei[0] == data.cells[0])[data.nuclei[0] > 0].all())
    True
    """
    faults = (faults,) if isinstance(faults, str) else tuple(faults)
    unknown = sorted(set(faults) - set(FAULTS))
    if unknown:
        raise ValueError(f"unknown faults {unknown}; the faults that can be planted are {list(FAULTS)}")
    names = np.array(list(CLASS_TYPES))
    if n_samples < 1 or n_slides < len(names) or size < 64:
        raise ValueError(
            f"make_smears needs n_samples >= 1, n_slides >= {len(names)} and size >= 64; "
            f"got n_samples={n_samples}, n_slides={n_slides}, size={size}"
        )
    # One stream a purpose: planting a fault must not move what the other streams draw.
    root = np.random.SeedSequence(int(check_random_state(random_state).randint(np.iinfo(np.int32).max)))
    slide_rng, order_rng, pool_rng, pair_rng = map(np.random.default_rng, root.spawn(4))

    slide_label = np.arange(n_slides) % len(names)
    quantiles = slide_rng.random((n_slides, len(NUISANCES)))
    departures = slide_rng.standard_normal((n_slides, len(PATIENT_SPREAD)))
    if "stain" in faults:
        quantiles[:, : len(STAIN_NUISANCES)] += slide_label[:, None]
        quantiles[:, : len(STAIN_NUISANCES)] /= len(names)
    slides = [draw_slide(u, z) for u, z in zip(quantiles, departures, strict=True)]
    target, groups = _share_out(n_samples, slide_label, len(names))
    order = order_rng.permutation(n_samples)
    target, groups = target[order], groups[order]

    split = _split(target, groups, leak="leak" in faults)
    planted = _plan(faults, target, groups, split, pair_rng)

    pool = noise_pool(pool_rng)
    images, nuclei, cells = [], [], []
    for seed, label, group in zip(root.spawn(n_samples), target, groups, strict=True):
        image, nucleus, cell = _draw_field(seed, slides[group], int(label), size, pool)
        style = _BAR_STYLES[label] if "scale_bar" in faults else None
        if style:
            _burn_scale_bar(image, style)
        images.append(compress(image, slides[group].quality))
        nuclei.append(nucleus)
        cells.append(cell)

    for copy, original in planted.get("duplicates", ()):
        for column in (images, nuclei, cells):
            column[copy] = column[original].copy()
    return Bunch(
        images=images,
        target=target,
        target_names=names,
        nuclei=nuclei,
        cells=cells,
        groups=groups,
        split=split,
        planted=planted,
        DESCR=make_smears.__doc__,
    )
