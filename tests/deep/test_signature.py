"""What a file says about its inputs and outputs."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukofeat.deep.signature import Signature, Tensor, read_signature
from tests.deep.onnx_file import Tiny, message, model, node, number, tensor, value_info

CONTENT = Tiny().content


def test_inputs_and_outputs_in_the_order_of_the_file():
    assert read_signature(CONTENT) == Signature(
        (Tensor("input", (1, 3, 16, 16)),), (Tensor("prob", (1, 3)), Tensor("features", (1, 5)))
    )


def test_weights_that_are_listed_as_inputs_are_left_out(tiny):
    old = model(
        node("Relu", ["x"], ["y"]),
        tensor("w", tiny.kernel),
        value_info(11, "w", tiny.kernel.shape),
        value_info(11, "x", ("n", 3, None, None)),
        value_info(12, "y", None),
    )
    signature = read_signature(old)
    assert signature == Signature((Tensor("x", (None, 3, None, None)),), (Tensor("y", None),))
    assert [str(t) for t in (*signature.inputs, *signature.outputs)] == ["'x' (?, 3, ?, ?)", "'y' (shape not given)"]


@pytest.mark.parametrize(
    "content", [b"", b"hello world, this is text\n", b"\x89PNG\r\n\x1a\n", b"\xff" * 40, number(1, 8)]
)
def test_other_files_are_refused(content):
    with pytest.raises(ValueError, match="no ONNX model"):
        read_signature(content)


@given(st.integers(0, len(CONTENT) - 1))
def test_part_of_a_file_is_refused_or_read(n):
    """The graph is one field near the start, so a cut always falls into it."""
    with pytest.raises(ValueError, match="no ONNX model"):
        read_signature(CONTENT[:n])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    with suppress(ValueError):
        assert isinstance(read_signature(content), Signature)


def test_unknown_fields_are_skipped():
    extra = message(99, b"abc") + number(98, 2**40) + bytes([97 << 3 & 127 | 1 | 128, 6]) + b"12345678"
    assert read_signature(CONTENT + extra) == read_signature(CONTENT)
