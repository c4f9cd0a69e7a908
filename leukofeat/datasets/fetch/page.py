"""The page on public sets and on folders of one's own, docs/datasets.md."""

from leukofeat.datasets.fetch.card import DataCard
from leukofeat.datasets.fetch.registry import DATASETS

_HEAD = """# Data: public sets, the data home, and folders of your own

No images come with the package, and none may: they belong to their authors. For research only. (This page is written by
`python -m leukofeat.datasets > docs/datasets.md`.)

## The data home

One folder holds the public sets, a folder each, and networks in `weights`. It is what `LEUKOFEAT_DATA` says, or else `~/leukofeat_data`:

```sh
export LEUKOFEAT_DATA=/data/smears
```

```text
/data/smears/
    aria2021/      Original/Benign/..., as the archive comes, or class folders with a manifest.csv
    bccd/
    zheng2018/
    weights/       network files, for the benchmarks' --network, --weights and --embedding
```

`fetch_NAME()` finds a set there, compares it with what is published (images, classes, checksums as far as they are known), warns once of its
known faults, and returns what `load_images` does, with `DESCR`, the card as text. What is not there is downloaded where that can be done
without a login; where it cannot, the error says how to get it by hand and where to put it. An incomplete set is loaded, and what is missing is told.

```python
from leukofeat.datasets import DATASETS, fetch_aria2021, list_datasets

print(DATASETS["aria2021"])  # what it is, its licence, how to get it, what is wrong with it
bunch = fetch_aria2021()
bunch.images, bunch.target, bunch.groups
```

The benchmarks and the tests on real images look in the same place: `--data` takes the name of a set there (`aria2021`), that of its folder,
or a path. Tests whose sets are not there are skipped, and say why.

## The sets

"""

_TAIL = """## Folders of your own

`load_images(folder)` takes class folders, the same within `train`, `valid` and `test`, a folder with a `manifest.csv` (`path` and, as far as
there are, `label`, `split`, `group`, `pixel_size`), or images alone. `bunch.summary` says what was understood.

| What you have | How it is read |
|---|---|
| `ALL/1.png`, `Healthy/2.png` | `load_images(folder)` |
| `train/ALL/1.png`, `test/Healthy/2.png` (also `Training`, `val`, capitals) | `load_images(folder)`; `bunch.split` |
| one folder of images and `labels.csv` with the columns `filename`, `diagnosis` | `load_images(folder, manifest="labels.csv", columns={"path": "filename", "label": "diagnosis"})` |
| `train/images/17.png` and `train.csv` with `id` (17) and `class` | `load_images(folder, manifest="train.csv", columns={"path": "id", "label": "class"})` |
| a table with patients | `columns={..., "group": "patient_id"}`: folds then hold patients together |
| a spreadsheet, or labels that are to be made first | `load_images(folder, manifest=frame, columns=...)` with a pandas DataFrame |
| `fold_0/ALL/1.png`, `fold_1/ALL/2.png` | name one fold as the folder, or list the files in a table |
| `1.png` beside `1_mask.png`, or `masks/1.png` | `load_images(folder, cells="*_mask.png", numbered=False)`; see [masks](masks.md) |

A name in a table without a folder, or without its ending, is that of the one image below the folder that is called so; where two are, the
error names both. Where the columns do not fit, the error names those that are there, and what could be said.
"""


def datasets_page() -> str:
    """The page as Markdown: the table of the sets, their cards, and how folders of one's own are read.

    Examples
    --------
    >>> datasets_page().splitlines()[0]
    '# Data: public sets, the data home, and folders of your own'
    """
    rows = ["| set | what | images | groups | licence | without a login |", "|---|---|---|---|---|---|"]
    for card in DATASETS.values():
        count = "–" if card.n_images is None else f"{card.n_images:,}"
        free = "yes" if card.archive else "no"
        anchor = f"[`fetch_{card.name}`](#{card.name})"
        rows.append(f"| {anchor} | {card.title} | {count} | {card.groups} | {card.licence} | {free} |")
    return _HEAD + "\n".join(rows) + "\n\n" + "\n".join(map(_section, DATASETS.values())) + "\n" + _TAIL


def _section(card: DataCard) -> str:
    folders = " or ".join(f"`{folder}`" for folder in card.folders)
    faults = "\n".join(f"- {fault}" for fault in card.known_faults)
    return f"""### {card.name}

{card.title}. {card.summary} {card.images}.

- **Groups**: {card.groups}.
- **Licence**: {card.licence}. {_sentence(card.terms)}
- **Cite**: {card.citation}.
- **To get it** ([page]({card.url})): {card.instructions}
- **In the data home**: {folders}; {card.layout}.

Known faults:

{faults}
"""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
