"""What the package does with a file of each kind, and what may come of it: a result, or an error that names the file."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from leukofeat import ImageError, read_image, read_labels
from leukofeat.baselines import read_pipeline
from leukofeat.datasets import load_images
from leukofeat.decode import read_pixel_size
from leukofeat.evaluation import read_predictions
from leukofeat.interchange import read_coco, read_outlines
from leukofeat.persistence import load, read_card
from leukofeat.store import Store

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)


def read_an_image(file: Path) -> None:
    read_pixel_size(file)
    image = read_image(file)
    assert image.dtype == np.uint8
    assert image.shape[2:] == (3,)
    assert image.flags.c_contiguous


def read_a_label_map(file: Path) -> None:
    labels = read_labels(file)
    assert labels.ndim == 2
    assert labels.dtype.kind in "iub"
    assert labels.min() >= 0


def read_outlined_cells(file: Path) -> None:
    found = read_coco(file, "field.png") if file.suffix == ".json" else read_outlines(file, (64, 64))
    assert found.cells.shape == found.nuclei.shape
    assert found.cells.max(initial=0) <= len(found.label_ids)


def read_a_manifest(file: Path) -> None:
    bunch = load_images(file.parent, manifest=file)
    assert len(bunch.images) == len(bunch.frame)
    for image in bunch.images[:2]:
        assert image.ndim == 3


def read_a_pipeline(file: Path) -> None:
    assert hasattr(read_pipeline(file), "fit")


def read_a_model(file: Path) -> None:
    """Loaded, it is used: a forged array may crash whoever computes with it. What it then says needs no file's name."""
    with suppress(ValueError):
        read_card(file)
    model = load(file)
    with suppress(Exception):
        model.predict(IMAGES)


def read_a_table(file: Path) -> None:
    names, target = [f"images/{i}.png" for i in range(5)], np.array(["Benign", "Pro", "Benign", "Pro", "Pro"])
    found = read_predictions(file)
    found.check(names, [([1, 3], [0, 2, 4]), ([0, 2, 4], [1, 3])], target)


def read_a_store(file: Path) -> None:
    folder = file.with_suffix("")
    folder.mkdir(exist_ok=True)
    store = Store(folder)
    store.path.write_bytes(file.read_bytes())
    for name in ("-wal", "-shm"):
        Path(f"{store.path}{name}").unlink(missing_ok=True)
    store.get(["key0", "key1", "key2"])
    store.put({"key9": {"values": np.zeros(3)}}, "row", "areas")
    store.table()


def read_a_network(file: Path) -> None:
    from leukofeat.deep import load_network

    model = load_network(file)
    with suppress(Exception):
        model.predict(IMAGES)


READERS: dict[str, Callable[[Path], None]] = {
    "image": read_an_image,
    "labels": read_a_label_map,
    "outlines": read_outlined_cells,
    "manifest": read_a_manifest,
    "pipeline": read_a_pipeline,
    "model": read_a_model,
    "predictions": read_a_table,
    "store": read_a_store,
    "network": read_a_network,
}


def prepare(folder: Path, image: bytes) -> None:
    """The images that manifests tell of."""
    (folder / "images").mkdir(exist_ok=True)
    for i in range(5):
        (folder / f"images/{i}.png").write_bytes(image)


def judge(kind: str, file: Path) -> tuple[str, str]:
    """What became of a file: `result`, the class of a documented error, or `undocumented`; and the error's words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            READERS[kind](file)
        except (ImageError, ValueError, OSError) as error:
            told = f"{type(error).__name__}: {error}"
            named = kind == "predictions" or str(file) in str(error) or _of_another(file, error)
            plain = isinstance(error, ImageError) or type(error) is ValueError or kind == "store"
            return (type(error).__name__, told) if named and plain else ("undocumented", told)
        except Exception as error:
            return "undocumented", f"{type(error).__name__}: {error}"
    return "result", ""


def _of_another(file: Path, error: Any) -> bool:
    """Whether a manifest's image is what the error names."""
    return str(file.parent) in str(error)
