"""Hypothesis strategies for what a stranger may bring: images, label maps, manifests, pipelines and schemas of models."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

_SIDES = st.one_of(st.integers(1, 5), st.integers(6, 70))
_NAMES = st.one_of(
    st.sampled_from(["a", "NA", "01", "=1+1", "-1", "<b>", "a\nb", "a,b", '"', "\x1b[2J", "\u202e", "é", " a", "'"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8),
)


@st.composite
def images(draw: st.DrawFn, *, odd: bool = True) -> np.ndarray:
    """Images of any size from one pixel, grey or RGB, of one colour, noise or a smear's blobs, in any layout, also read-only.

    With `odd` some are of a type, depth or shape that is no image here.
    """
    height, width = draw(_SIDES), draw(_SIDES)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape: tuple[int, ...] = (height, width, 3)
    kind = draw(st.sampled_from(["one", "noise", "blobs", "two"]))
    if kind == "one":
        image = np.full(shape, draw(st.sampled_from([0, 1, 127, 254, 255])), np.uint8)
    elif kind == "noise":
        image = rng.integers(0, 256, shape, np.uint8)
    elif kind == "two":
        image = (rng.integers(0, 2, shape) * 255).astype(np.uint8)
    else:
        y, x = np.mgrid[:height, :width]
        image = np.full(shape, (225, 205, 210), np.uint8)
        for _ in range(draw(st.integers(1, 4))):
            inside = (y - rng.uniform(0, height)) ** 2 + (x - rng.uniform(0, width)) ** 2 < rng.uniform(1, 20) ** 2
            image[inside] = rng.integers(40, 160, 3)
    if draw(st.booleans()):
        image = _laid_out(image, draw(st.sampled_from(["fortran", "mirrored", "stepped", "transposed", "grey"])))
    if odd and draw(st.integers(0, 9)) == 0:
        image = _made_odd(image, draw(st.sampled_from(["float", "int", "wide", "bool", "empty", "four", "one_axis"])))
    image.flags.writeable = draw(st.booleans()) and image.flags.writeable
    return image


def _laid_out(image: np.ndarray, layout: str) -> np.ndarray:
    if layout == "fortran":
        return np.asfortranarray(image)
    if layout == "mirrored":
        return image[::-1, ::-1, ::-1]
    if layout == "stepped":
        return np.repeat(np.repeat(image, 2, 0), 2, 1)[::2, ::2]
    if layout == "transposed":
        return image.transpose(1, 0, 2)
    return image[:, :, 0]


def _made_odd(image: np.ndarray, how: str) -> np.ndarray:
    if how == "empty":
        return image[:0]
    if how == "four":
        return np.concatenate([image, image], axis=-1)
    if how == "one_axis":
        return image.ravel()
    return image.astype({"float": np.float64, "int": np.int64, "wide": np.uint16, "bool": bool}[how])


@st.composite
def label_maps(draw: st.DrawFn, shape: tuple[int, int]) -> np.ndarray:
    """Label maps of any integer type: empty, full, a pixel each, touching the border, with gaps in the numbers, in any layout."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["none", "full", "noise", "pixels", "blobs", "gaps"]))
    labels = np.zeros(shape, np.int64)
    if kind == "full":
        labels[:] = 1
    elif kind == "noise":
        labels = rng.integers(0, 4, shape)
    elif kind == "pixels":
        n = min(labels.size, 6)
        labels.flat[rng.choice(labels.size, n, replace=False)] = np.arange(1, n + 1)
    elif kind in ("blobs", "gaps"):
        y, x = np.mgrid[: shape[0], : shape[1]]
        for i in range(draw(st.integers(1, 4))):
            inside = (y - rng.uniform(0, shape[0])) ** 2 + (x - rng.uniform(0, shape[1])) ** 2 < rng.uniform(1, 15) ** 2
            labels[inside] = (i + 1) * (40 if kind == "gaps" else 1)
    found = labels.astype(draw(st.sampled_from([np.uint8, np.int32, np.int64, np.uint16])))
    return np.asfortranarray(found) if draw(st.booleans()) else found


@st.composite
def smears(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An image with label maps of nuclei and cells that belong to each other."""
    image = draw(images(odd=False))
    cells = draw(label_maps(image.shape[:2]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    nuclei = np.where(rng.random(cells.shape) < draw(st.sampled_from([0.0, 0.5, 1.0])), cells, 0).astype(cells.dtype)
    return image, nuclei, cells


@st.composite
def manifests(draw: st.DrawFn) -> bytes:
    """Texts of a manifest: columns in any number and order, names of any kind, in several encodings and ends of line."""
    columns = draw(st.lists(st.sampled_from(["path", "label", "split", "group", "pixel_size", "x", ""]), max_size=6))
    cell = st.one_of(
        _NAMES, st.sampled_from(["images/0.png", "images/1.png", "../a.png", "/dev/zero", "0.14", "", "train"])
    )
    rows = draw(st.lists(st.lists(cell, max_size=7), max_size=5))
    end = draw(st.sampled_from(["\n", "\r\n", "\r", ""]))
    sign = draw(st.sampled_from([",", ";", "\t"]))
    text = end.join(sign.join(row) for row in [columns, *rows])
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])), "replace")


_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.integers(), st.floats(), st.booleans(), _NAMES.map(ascii), st.lists(st.integers(), max_size=3), st.just({})
)


@st.composite
def pipelines(draw: st.DrawFn) -> bytes:
    """Texts of a pipeline's TOML: known and unknown classes and parameters, values of any kind, and what is no TOML."""
    classes = [
        "MedianDenoiser",
        "HOGFeatures",
        "sklearn.svm.SVC",
        "os.system",
        "builtins.eval",
        "leukofeat.__main__.main",
        "Resizer",
        "a.b",
    ]
    keys = ["size", "C", "regions", "kernel", "n_jobs", "memory", "__class__", "a b"]
    text = ""
    for name in draw(st.lists(st.sampled_from(classes), max_size=4)):
        text += f'[[stage]]\nclass = "{name}"\n'
        for key, value in draw(st.dictionaries(st.sampled_from(keys), _VALUES, max_size=3)).items():
            text += f"{key} = {str(value).lower() if isinstance(value, bool) else value}\n"
    return (text + draw(st.sampled_from(["", "[", "x = 1\n", "\0", "a = " + "[" * 3000]))).encode()


def schemas(good: dict[str, Any]) -> st.SearchStrategy[Any]:
    """A model's schema of which some parts are others: types, loaders, names and contents."""
    names = st.sampled_from(["system", "eval", "MedianDenoiser", "SVC", "partial", "dtype", "Tree", "", "__main__"])
    modules = st.sampled_from(
        [
            "posix",
            "builtins",
            "leukofeat.preprocessing.denoise",
            "functools",
            "numpy",
            "leukofeat.__main__",
            "sklearn.tree._tree",
        ]
    )
    loaders = st.sampled_from(
        [
            "ObjectNode",
            "MethodNode",
            "FunctionNode",
            "PartialNode",
            "TypeNode",
            "JsonNode",
            "NdArrayNode",
            "CachedNode",
            "OperatorFuncNode",
            "x",
        ]
    )
    other = {
        "__class__": names,
        "__module__": modules,
        "__loader__": loaders,
        "__id__": st.integers(0, 3),
        "file": st.just("../a"),
        "is_json": st.booleans(),
    }

    @st.composite
    def changed(draw: st.DrawFn, node: Any = good) -> Any:
        if isinstance(node, list):
            return [draw(changed(item)) for item in node]
        if not isinstance(node, dict):
            return node if draw(st.integers(0, 30)) else draw(st.one_of(_VALUES, st.none()))
        return {
            key: draw(other[key]) if key in other and not draw(st.integers(0, 15)) else draw(changed(value))
            for key, value in node.items()
        }

    return changed()
