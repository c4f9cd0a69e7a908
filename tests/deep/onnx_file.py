"""Tiny ONNX networks, written by hand: a convolution, ReLU, average over the area, and a matrix on top."""

from __future__ import annotations

import numpy as np


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, *parts: bytes | str) -> bytes:
    content = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return varint(field << 3 | 2) + varint(len(content)) + content


def value_info(field: int, name: str, shape) -> bytes:
    """`shape` None writes no shape; a None in it leaves that dimension open."""
    if shape is None:
        return message(field, message(1, name), message(2, message(1, number(1, 1))))
    dims = [message(1, b"" if d is None else message(2, d) if isinstance(d, str) else number(1, d)) for d in shape]
    return message(field, message(1, name), message(2, message(1, number(1, 1), message(2, *dims))))


def tensor(name: str, values: np.ndarray) -> bytes:
    dims = b"".join(number(1, d) for d in values.shape)
    return message(5, dims, number(2, 1), message(8, name), message(9, values.astype("<f4").tobytes()))


def ints(name: str, values) -> bytes:
    return message(5, message(1, name), b"".join(number(8, v) for v in values), number(20, 7))


def node(kind: str, inputs, outputs, *attributes: bytes) -> bytes:
    named = [message(1, name) for name in inputs] + [message(2, name) for name in outputs]
    return message(1, *named, message(4, kind), *attributes)


def model(*graph: bytes) -> bytes:
    return number(1, 8) + message(8, message(1, ""), number(2, 13)) + message(7, *graph, message(2, "tiny"))


class Tiny:
    """Weights, the file's content and the same computation in NumPy."""

    def __init__(self, *, size=16, channels=3, seed=0, outputs=("prob", "features"), open_size=False) -> None:
        rng = np.random.default_rng(seed)
        self.kernel = rng.normal(size=(5, channels, 3, 3)).astype(np.float32)
        self.bias = rng.normal(size=5).astype(np.float32)
        self.top = rng.normal(size=(5, 3)).astype(np.float32)
        side = None if open_size else size
        shapes = {"prob": (1, 3), "features": (1, 5), "maps": (1, 5, None, None)}
        self.content = model(
            node("Conv", ["input", "w", "b"], ["c"], ints("kernel_shape", (3, 3)), ints("strides", (2, 2))),
            node("Relu", ["c"], ["maps"]),
            node("GlobalAveragePool", ["maps"], ["pooled"]),
            node("Flatten", ["pooled"], ["features"]),
            node("MatMul", ["features", "t"], ["prob"]),
            tensor("w", self.kernel),
            tensor("b", self.bias),
            tensor("t", self.top),
            value_info(11, "input", (1, channels, side, side)),
            *(value_info(12, name, shapes[name]) for name in outputs),
        )

    def features(self, blob: np.ndarray) -> np.ndarray:
        """Slow oracle: blob (3, height, width) to (5,)."""
        windows = np.lib.stride_tricks.sliding_window_view(blob.astype(np.float64), (3, 3), axis=(1, 2))[:, ::2, ::2]
        maps = np.einsum("cijkl,ockl->oij", windows, self.kernel.astype(np.float64)) + self.bias[:, None, None]
        return np.maximum(maps, 0).mean(axis=(1, 2))
