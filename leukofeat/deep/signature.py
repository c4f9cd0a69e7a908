"""What an ONNX file says about its inputs and outputs, read without running it.

OpenCV runs a network on input of any shape and returns numbers that mean nothing where the shape is wrong, and it
lists the outputs in an order that depends on its version. The file itself says both.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Tensor:
    """Name and shape of an input or output; a dimension that the file leaves open is None, an unknown shape is None."""

    name: str
    shape: tuple[int | None, ...] | None

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.name!r} (shape not given)"
        return f"{self.name!r} ({', '.join('?' if d is None else str(d) for d in self.shape)})"


@dataclass(frozen=True)
class Signature:
    """Inputs (weights left out) and outputs, in the order of the file."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read_signature(model: bytes) -> Signature:
    """Inputs and outputs of an ONNX model.

    Parameters
    ----------
    model : bytes
        Content of the file.

    Returns
    -------
    Signature

    Raises
    ------
    ValueError
        When the bytes are no ONNX model. Field numbers are those of onnx.proto3 (ModelProto.graph is 7, GraphProto.output is 12).
    """
    graphs = _fields(memoryview(model), 7)
    if not graphs:
        raise ValueError("no ONNX model: it holds no graph")
    graph = graphs[-1]
    weights = {_text(name) for tensor in _fields(graph, 5) for name in _fields(tensor, 8)}
    inputs = tuple(tensor for tensor in map(_tensor, _fields(graph, 11)) if tensor.name not in weights)
    return Signature(inputs, tuple(map(_tensor, _fields(graph, 12))))


def _tensor(value_info: memoryview) -> Tensor:
    name = "".join(_text(part) for part in _fields(value_info, 1))
    for kind in _fields(value_info, 2):
        for tensor_type in _fields(kind, 1):
            for shape in _fields(tensor_type, 2):
                return Tensor(name, tuple(_dimension(dimension) for dimension in _fields(shape, 1)))
    return Tensor(name, None)


def _dimension(message: memoryview) -> int | None:
    values = [value for number, value in _walk(message) if number == 1 and isinstance(value, int)]
    return values[-1] if values and values[-1] > 0 else None


def _fields(message: memoryview, number: int) -> list[memoryview]:
    return [value for found, value in _walk(message) if found == number and isinstance(value, memoryview)]


def _text(value: memoryview) -> str:
    return bytes(value).decode("utf-8", "replace")


def _walk(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Fields of a protobuf message: (number, integer) or (number, bytes); lengths are skipped over, not read."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == 2:
            size, at = _varint(message, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError("no ONNX model: its fields cannot be read")
        if at + size > len(message):
            raise ValueError("no ONNX model, or only part of one: a field ends after the file")
        yield number, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(message):
            raise ValueError("no ONNX model, or only part of one: a number ends after the file")
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("no ONNX model: its numbers cannot be read")
