"""Good files of every kind that the package reads, made here: what the mutants are made of."""

from __future__ import annotations

import io
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from PIL import Image
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import Bunch

from leukofeat import write_labels
from leukofeat.datasets import make_smears
from leukofeat.evaluation import make_card
from leukofeat.features import ColorFeatures, HOGFeatures
from leukofeat.interchange import LabelMaps, write_coco, write_geojson, write_imagej
from leukofeat.persistence import save
from leukofeat.preprocessing import ColorNormalizer, MedianDenoiser
from leukofeat.store import Store
from tests.decode.damage import pristine

PIPELINE = b"""[[stage]]
class = "MedianDenoiser"
size = 5
[[stage]]
class = "HOGFeatures"
regions = ["image"]
[[stage]]
class = "sklearn.svm.SVC"
C = 10.5
class_weight = {a = 1, b = 2}
"""


@cache
def seeds(networks: bool = True) -> dict[str, dict[str, bytes]]:
    """Files by kind and name: `image`, `labels`, `outlines`, `manifest`, `pipeline`, `model`, `predictions`, `store` and, with torch, `network`."""
    smears = make_smears(n_samples=8, size=64, n_slides=4, random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        return {
            "image": _images(smears.images[0]),
            "labels": _labels(place, smears.cells[0]),
            "outlines": _outlines(place, smears),
            "manifest": _manifests(),
            "pipeline": {"own.toml": PIPELINE},
            "model": _models(place, smears),
            "predictions": _predictions(place),
            "store": _stores(place),
        } | (
            {"network": _networks(place, smears)}
            if networks and find_spec("torch") and find_spec("safetensors")
            else {}
        )


def _images(picture: np.ndarray) -> dict[str, bytes]:
    files, image = pristine(), Image.fromarray(picture)

    def pillow(name: str, mode: str = "RGB", **options: object) -> None:
        stream = io.BytesIO()
        image.convert(mode).save(stream, **options)
        files[name] = stream.getvalue()

    def tiff(name: str, data: np.ndarray = picture, **options: object) -> None:
        stream = io.BytesIO()
        tifffile.imwrite(stream, data, **options)
        files[name] = stream.getvalue()

    exif = Image.Exif()
    exif[274], exif[270] = 6, "a smear"
    pillow("exif.jpg", format="JPEG", exif=exif)
    pillow("turned.png", format="PNG", exif=exif)
    pillow("grey_alpha.png", "LA", format="PNG")
    pillow("one_bit.png", "1", format="PNG")
    pillow("keyed.png", "P", format="PNG", transparency=3)
    pillow("fax.tif", "1", format="TIFF", compression="group4")
    pillow("alpha.tif", "RGBA", format="TIFF", compression="tiff_lzw")
    pillow("cmyk.tif", "CMYK", format="TIFF", compression="tiff_lzw")
    pillow("palette.tif", "P", format="TIFF")
    tiff("lzma.tif", photometric="rgb", compression="lzma")
    tiff("predicted.tif", photometric="rgb", compression="zlib", predictor=True, tile=(32, 32), bigtiff=True)
    tiff("imagej.tif", np.moveaxis(picture, -1, 0), imagej=True, metadata={"axes": "CYX"}, resolution=(10, 10))
    tiff(
        "ome.tif",
        np.moveaxis(picture, -1, 0),
        ome=True,
        metadata={"axes": "CYX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1},
    )
    tiff("stack.tif", np.stack([picture[:, :, 0]] * 5), photometric="minisblack", metadata={"axes": "TYX"})
    tiff("one_bit.tif", picture[:, :, 0] > 128)
    return files


def _labels(place: Path, labels: np.ndarray) -> dict[str, bytes]:
    write_labels(place / "a.png", labels)
    write_labels(place / "a.tif", labels.astype(np.int64) * 100_000)
    np.save(place / "a.npy", labels.astype(np.int32))
    np.save(place / "big.npy", np.asfortranarray(labels.astype(">u2")))
    Image.fromarray(labels.astype(np.uint8)).save(place / "lzw.tif", compression="tiff_lzw")
    Image.fromarray(labels > 0).save(place / "bits.png")
    palette = Image.fromarray(labels.astype(np.uint8)).convert("P")
    palette.save(place / "palette.png", bits=4)
    tifffile.imwrite(place / "float.tif", labels.astype(np.float32), tile=(32, 32))
    names = ("a.png", "a.tif", "a.npy", "big.npy", "lzw.tif", "bits.png", "palette.png", "float.tif")
    return {name: (place / name).read_bytes() for name in names}


def _outlines(place: Path, smears: Bunch) -> dict[str, bytes]:
    maps = LabelMaps(nuclei=smears.nuclei[0], cells=smears.cells[0])
    write_geojson(place / "cells.geojson", maps)
    write_coco(place / "cells.json", {"field.png": maps})
    names = ["cells.geojson", "cells.json"]
    if find_spec("roifile"):
        write_imagej(place / "cells.zip", maps)
        names.append("cells.zip")
    return {name: (place / name).read_bytes() for name in names}


def _manifests() -> dict[str, bytes]:
    rows = "".join(
        f"images/{i}.png,{'Benign' if i % 2 else 'Pro'},{'train' if i < 3 else 'test'},slide {i},0.14\n"
        for i in range(5)
    )
    return {
        "manifest.csv": f"path,label,split,group,pixel_size\n{rows}".encode(),
        "quoted.csv": b'\xef\xbb\xbfpath,label\r\n"images/0.png","a, b"\r\n"images/1.png","=1+1"\r\n',
    }


def _models(place: Path, smears: object) -> dict[str, bytes]:
    makers = {
        "hog.skops": make_pipeline(MedianDenoiser(3), HOGFeatures(regions=("image",)), StandardScaler(), SVC()),
        "colors.skops": make_pipeline(ColorNormalizer(), ColorFeatures(regions=("image",)), GaussianNB()),
    }
    files = {}
    for name, model in makers.items():
        fitted = model.fit(smears.images, smears.target)  # type: ignore[attr-defined]
        save(fitted, place / name, make_card(fitted, smears.images, smears.target) if name == "hog.skops" else None)  # type: ignore[attr-defined]
        files[name] = (place / name).read_bytes()
    return files


def _predictions(place: Path) -> dict[str, bytes]:
    table = pd.DataFrame(
        {"path": [f"images/{i}.png" for i in range(5)], "predicted": ["Benign", "Pro"] * 2 + ["Pro"], "fold": [0, 1, 0, 1, 0], "Benign": np.linspace(0, 1, 5), "Pro": np.linspace(1, 0, 5)}
    )  # fmt: skip
    table.to_csv(place / "p.csv", index=False)
    table.to_csv(place / "s.csv", index=False, sep=";", decimal=",")
    table.to_parquet(place / "p.parquet")
    return {name: (place / name).read_bytes() for name in ("p.csv", "s.csv", "p.parquet")}


def _stores(place: Path) -> dict[str, bytes]:
    store = Store(place / "store")
    store.put({f"key{i}": {"values": np.arange(5.0), "what": "text", "cells": i} for i in range(3)}, "row", "areas")
    return {"records.store": store.path.read_bytes()}


def _networks(place: Path, smears: object) -> dict[str, bytes]:
    from leukofeat.deep import CNNClassifier, save_network

    model = CNNClassifier("thanh2017", input_size=50, n_epochs=1).fit(smears.images, smears.target)  # type: ignore[attr-defined]
    save_network(model, place / "a.safetensors")
    return {"a.safetensors": (place / "a.safetensors").read_bytes()}


def write(place: str) -> None:
    """The files of all kinds into a folder."""
    for kind, files in seeds().items():
        (Path(place) / kind).mkdir(parents=True)
        for name, data in files.items():
            (Path(place) / kind / name).write_bytes(data)
