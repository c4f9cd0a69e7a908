"""Two thousand damaged files in small: each is read or refused by name, and nobody's library speaks."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from leukofeat import ImageError, read_image
from leukofeat.features import FeatureSet, HOGFeatures, ImageWarning
from tests.decode.damage import KINDS, damage, pristine

FILES = pristine()


@pytest.mark.parametrize("name", FILES)
def test_good_files_are_read(name, tmp_path, capfd):
    (tmp_path / name).write_bytes(FILES[name])
    assert read_image(tmp_path / name).shape == (60, 80, 3)
    assert capfd.readouterr().err == ""


def is_read_or_refused(file):
    try:
        image = read_image(file)
    except ImageError as error:
        return str(error).startswith(f"{file}: ") and "leave it out" in str(error)
    return image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3


@pytest.mark.parametrize("name", FILES)
def test_damaged_files_are_read_or_refused_by_name(name, tmp_path, capfd):
    rng = np.random.default_rng(1)
    file = tmp_path / name
    for kind in KINDS:
        for _ in range(4):
            file.write_bytes(damage(FILES[name], kind, rng))
            assert is_read_or_refused(file)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["plain.jpg", "optimized.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg"])
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_jpeg_cut_in_the_middle_that_has_its_end_marker(name, share, tmp_path):
    data = FILES[name]
    (tmp_path / name).write_bytes(data[: int(share * len(data))] + b"\xff\xd9")
    with pytest.raises(ImageError, match="damaged JPEG"):
        read_image(tmp_path / name)


def test_a_jpeg_with_zeros_inside(tmp_path, rng):
    noise = Image.fromarray(rng.integers(0, 256, (60, 80, 3), np.uint8))
    stream = io.BytesIO()
    noise.save(stream, "JPEG", quality=90)
    data = bytearray(stream.getvalue())
    data[len(data) // 2 : len(data) // 2 + 1500] = bytes(1500)
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(ImageError, match="damaged JPEG"):
        read_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("name", ["plain.png", "alpha.png", "palette.png", "sixteen.png"])
def test_any_flipped_bit_of_a_png_is_seen(name, tmp_path):
    rng = np.random.default_rng(0)
    for place in rng.integers(8, len(FILES[name]), 40):
        data = bytearray(FILES[name])
        data[place] ^= 4
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ImageError, match="damaged PNG"):
            read_image(tmp_path / name)


def test_a_damaged_image_keeps_its_row_and_is_reported(tmp_path):
    files = [tmp_path / f"{i}.jpg" for i in range(3)]
    for file in files:
        file.write_bytes(FILES["plain.jpg"])
    files[1].write_bytes(FILES["plain.jpg"][:1500] + b"\xff\xd9")
    with pytest.warns(ImageWarning, match=r"1 of 3 images .*1\.jpg") as caught:
        rows = FeatureSet([HOGFeatures(regions=("image",))], on_error="nan").fit_transform(
            [str(file) for file in files]
        )
    assert np.isnan(rows[1]).all()
    assert not np.isnan(rows[[0, 2]]).any()
    assert [failure.row for failure in caught[0].message.failures] == [1]
