"""Label maps to files and back: every number as it is, and what the user reads where a file holds something else."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
import skimage.io
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from leukofeat import ImageError, Smear, read_labels, write_labels

LABELS = np.array([[0, 1, 2, 200], [7, 7, 0, 3]])


def write_png(path, rows, bits, color=0, palette=b""):
    """A PNG of any depth, by hand."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = b""
    for row in rows:
        text = "".join(format(value, f"0{bits}b") for value in row)
        text += "0" * (-len(text) % 8)
        lines += b"\0" + int(text, 2).to_bytes(len(text) // 8, "big")
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), bits, color, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + (chunk(b"PLTE", palette) if palette else b"")
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )
    return path


label_maps = st.sampled_from([np.uint8, np.uint16, np.uint32, np.int32, np.int64]).flatmap(
    lambda kind: arrays(
        kind,
        array_shapes(min_dims=2, max_dims=2, max_side=6),
        elements=st.integers(0, min(int(np.iinfo(kind).max), 2**32 - 1)),
    )
)


@settings(max_examples=60, deadline=None)
@given(labels=label_maps)
def test_what_is_written_is_read_back(labels, tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    for suffix in (".tif", ".png", ".TIFF"):
        path = folder / f"labels{suffix}"
        if suffix == ".png" and labels.max() > 65535:
            with pytest.raises(ValueError, match=r"labels\.png: the label \d+ is beyond 65535, .*; name it \.tif"):
                write_labels(path, labels)
            assert list(folder.glob("*.png*")) == []
            continue
        write_labels(path, labels)
        found = read_labels(path)
        np.testing.assert_array_equal(found, labels)
        assert found.dtype == np.min_scalar_type(labels.max())
        np.testing.assert_array_equal(skimage.io.imread(path), labels)
    np.testing.assert_array_equal(tifffile.imread(folder / "labels.tif"), labels)
    assert sorted(path.suffix for path in folder.iterdir()) in ([".TIFF", ".tif"], [".TIFF", ".png", ".tif"])


@settings(max_examples=30, deadline=None)
@given(ids=st.lists(st.integers(1, 2**32 - 1), min_size=3, max_size=3, unique=True))
def test_the_numbers_of_a_smear_come_back(ids, tmp_path_factory):
    given = np.zeros((4, 6), np.int64)
    given[0, 0], given[1:3, 2], given[3, 4:] = ids
    smear = Smear(np.zeros((4, 6, 3), np.uint8), cells=given)
    path = tmp_path_factory.mktemp("labels") / "cells.tif"
    write_labels(path, smear.cells, label_ids=smear.label_ids)
    np.testing.assert_array_equal(read_labels(path), given)
    again = Smear(smear.image, cells=read_labels(path))
    assert again.label_ids.tolist() == smear.label_ids.tolist()


def test_a_tiff_is_what_imagej_opens(tmp_path):
    write_labels(tmp_path / "a.tif", LABELS * 100)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        page = file.pages.first
        assert (page.dtype, page.photometric.name, page.compression.name) == (np.uint16, "MINISBLACK", "ADOBE_DEFLATE")
        assert len(file.pages) == 1


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_grey_png_of_any_depth_is_not_stretched(bits, tmp_path):
    rows = [[0, 1, min(2, 2**bits - 1), 2**bits - 1], [0, 0, 1, 0]]
    assert read_labels(write_png(tmp_path / "a.png", rows, bits)).tolist() == rows


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_gives_the_numbers_of_its_entries(bits, tmp_path):
    rows = [[0, 1, min(2, 2**bits - 1), min(3, 2**bits - 1)]]
    colors = np.random.default_rng(0).integers(0, 255, 3 * 2**bits, dtype=np.uint8).tobytes()
    assert read_labels(write_png(tmp_path / "a.png", rows, bits, 3, colors)).tolist() == rows


@pytest.mark.parametrize(
    ("mode", "dtype", "factor"),
    [("L", np.uint8, 1), ("I;16", np.uint16, 300), ("I", np.int32, 70000), ("F", np.float32, 9)],
)
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiff_by_other_programs(mode, dtype, factor, compression, tmp_path):
    values = (LABELS * factor).astype(dtype)
    picture = Image.fromarray(values)
    assert picture.mode == mode
    picture.save(tmp_path / "a.tif", compression=compression)
    np.testing.assert_array_equal(read_labels(tmp_path / "a.tif"), values)


@pytest.mark.parametrize(
    "options",
    [
        {"imagej": True},
        {"ome": True, "metadata": {"axes": "YX"}},
        {"photometric": "miniswhite"},  # as ImageJ saves a picture with an inverted table of colours
        {"photometric": "palette", "colormap": np.arange(768, dtype=np.uint16).reshape(3, 256)},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"compression": "zlib", "predictor": True},
        {"tile": (16, 16)},
    ],
)
def test_tiff_in_its_varieties(options, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", LABELS.astype(np.uint8), **options)
    assert read_labels(tmp_path / "a.tif").tolist() == LABELS.tolist()


def test_thirty_two_bits_to_the_last(tmp_path):
    values = np.array([[0, 2**32 - 1, 2**31]], np.uint32)
    tifffile.imwrite(tmp_path / "a.tif", values)
    found = read_labels(tmp_path / "a.tif")
    assert (found.dtype, found.tolist()) == (np.uint32, values.tolist())


def test_grey_in_three_channels_and_alpha_are_one_plane(tmp_path):
    Image.fromarray(np.repeat(LABELS.astype(np.uint8)[:, :, None], 3, 2)).save(tmp_path / "rgb.png")
    Image.fromarray(LABELS.astype(np.uint8)).convert("LA").save(tmp_path / "la.png")
    tifffile.imwrite(tmp_path / "rgb.tif", np.repeat(LABELS.astype(np.uint8)[:, :, None], 3, 2), photometric="rgb")
    for name in ("rgb.png", "la.png", "rgb.tif"):
        assert read_labels(tmp_path / name).tolist() == LABELS.tolist()


def test_an_array_of_numpy(tmp_path):
    for kind in (np.int64, np.uint16, bool):
        np.save(tmp_path / "a.npy", LABELS.astype(kind))
        np.testing.assert_array_equal(read_labels(tmp_path / "a.npy"), LABELS.astype(kind))


def _save(path, what):
    if what == "rgb":
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (4, 5, 3), dtype=np.uint8)).save(path)
    elif what == "rgb16":
        cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 65535, (4, 5, 3), dtype=np.uint16))
    elif what == "jpeg":
        path.write_bytes(cv2.imencode(".jpg", np.zeros((4, 5), np.uint8))[1].tobytes())
    elif what == "stack":
        tifffile.imwrite(path, np.zeros((3, 40, 50), np.uint8), photometric="minisblack")
    elif what == "pages":
        for n in (3, 4):
            tifffile.imwrite(path, np.zeros((n, n), np.uint8), append=True)
    elif what == "fractions":
        tifffile.imwrite(path, np.full((4, 5), 0.5, np.float32))
    elif what == "infinite":
        tifffile.imwrite(path, np.full((4, 5), np.inf, np.float32))
    elif what == "negative":
        tifffile.imwrite(path, np.full((4, 5), -1, np.int16))
    elif what == "seg.npy":
        np.save(tmp := path.with_suffix(".npy"), {"masks": LABELS})
        tmp.rename(path)
    elif what == "three.npy":
        np.save(tmp := path.with_suffix(".npy"), np.zeros((2, 3, 4, 5), int))
        tmp.rename(path)
    elif what == "text.npy":
        np.save(tmp := path.with_suffix(".npy"), np.array([["a"]]))
        tmp.rename(path)
    elif what == "cut":
        write_labels(path, np.random.default_rng(0).integers(0, 60000, (50, 50)))
        path.write_bytes(path.read_bytes()[:-200])
    elif what == "empty":
        path.write_bytes(b"")
    elif what == "text":
        path.write_text("hello")


@pytest.mark.parametrize(
    ("name", "what", "reason"),
    [
        ("a.png", "rgb", "is no label map: holds colours, which are no numbers: .* give that one"),
        ("a.tif", "rgb", "holds colours"),
        ("a.png", "rgb16", "holds colours"),
        ("a.png", "jpeg", r"no PNG, TIFF or \.npy \(JPEG changes values on saving.*save the label map as PNG or TIFF"),
        ("a.png", "text", r"no PNG, TIFF or \.npy \(it begins with b'hello'\)"),
        ("a.tif", "stack", "it has 3 pages; save each label map by itself"),
        ("a.tif", "pages", "it has 2 pages"),
        ("a.tif", "fractions", "no whole numbers"),
        ("a.tif", "infinite", "no whole numbers"),
        ("a.tif", "negative", "negative numbers, -1 for one; set them to 0"),
        ("a_seg.npy", "seg.npy", "holds a pickled object, as _seg.npy of Cellpose, and is not opened.*write_labels"),
        ("a.npy", "three.npy", r"it has the shape \(2, 3, 4, 5\); save one plane"),
        ("a.npy", "text.npy", "its values are <U1; save it as integers"),
        ("a.png", "cut", "damaged PNG file"),
        ("a.tif", "cut", "damaged TIFF file"),
        ("a.png", "empty", r"the file is empty \(0 bytes\)"),
        ("a.png", "nothing", "cannot be read .*; check the path"),
    ],
)
def test_what_is_no_label_map_is_refused(name, what, reason, tmp_path):
    _save(tmp_path / name, what)
    with pytest.raises(ImageError, match=reason) as caught:
        read_labels(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: ")


@pytest.mark.parametrize("n", [4, 8, 12, 40, 80, 120, 160, 200])
def test_tiffs_cut_anywhere_are_damaged(n, tmp_path):
    write_labels(tmp_path / "whole.tif", np.random.default_rng(0).integers(0, 99, (40, 40)))
    (tmp_path / "cut.tif").write_bytes((tmp_path / "whole.tif").read_bytes()[:n])
    with pytest.raises(ImageError, match=r"cut\.tif: "):
        read_labels(tmp_path / "cut.tif")


@pytest.mark.parametrize(
    ("name", "labels", "ids", "error", "reason"),
    [
        ("a.jpg", LABELS, None, ValueError, r"a\.jpg: label maps are written as \.png, \.tif or \.tiff"),
        ("a", LABELS, None, ValueError, "are written as"),
        ("a.png", LABELS.astype(float), None, TypeError, r"a\.png: labels must be integers, not float64"),
        ("a.png", LABELS - 1, None, ValueError, "negative"),
        ("a.png", LABELS[0], None, ValueError, r"shape \(4,\)"),
        ("a.png", LABELS[:0], None, ValueError, r"shape \(0, 4\)"),
        ("a.tif", LABELS * 2**32, None, ValueError, "beyond 4294967295, .*renumber the labels"),
        ("a.tif", LABELS, [1, 2], ValueError, "label_ids must name each label, up to 200"),
        ("a.tif", LABELS > 0, [0], ValueError, "whole number above 0"),
        ("a.tif", LABELS > 0, [1.5], ValueError, "whole number above 0"),
    ],
)
def test_what_cannot_be_written_is_refused(name, labels, ids, error, reason, tmp_path):
    with pytest.raises(error, match=reason):
        write_labels(tmp_path / name, labels, label_ids=ids)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    write_labels(tmp_path / "a.png", LABELS)
    before = (tmp_path / "a.png").read_bytes()

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_labels(tmp_path / "a.png", LABELS * 2)
    monkeypatch.undo()
    assert (tmp_path / "a.png").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    with pytest.raises(OSError, match="gone"):
        write_labels(tmp_path / "gone" / "a.png", LABELS)


def test_a_map_without_objects_and_a_mask_of_bools(tmp_path):
    write_labels(tmp_path / "none.png", np.zeros((2, 3), int), label_ids=[])
    assert read_labels(tmp_path / "none.png").tolist() == [[0, 0, 0], [0, 0, 0]]
    write_labels(tmp_path / "bool.tif", LABELS > 0)
    np.testing.assert_array_equal(read_labels(tmp_path / "bool.tif"), LABELS > 0)
