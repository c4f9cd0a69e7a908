"""A field is read by regions as the whole file is read, or refused by name with the way out."""

import os
import pickle

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from leukofeat import ImageError, read_image
from leukofeat.sequence import SizedPath
from leukofeat.tiling import open_field

REGIONS = [(0, 0, 90, 130), (0, 0, 1, 1), (89, 129, 1, 1), (15, 40, 33, 50), (60, 0, 30, 130)]


@pytest.fixture(scope="module")
def pixels():
    rng = np.random.default_rng(0)
    return cv2.resize(rng.integers(0, 256, (9, 13, 3), np.uint8), (130, 90), interpolation=cv2.INTER_CUBIC)


def like_whole(path):
    field, whole = open_field(path), read_image(path)
    assert field.shape == whole.shape[:2]
    for top, left, height, width in REGIONS:
        if top + height <= whole.shape[0] and left + width <= whole.shape[1]:
            found = field.read(top, left, height, width)
            assert found.dtype == np.uint8
            np.testing.assert_array_equal(found, whole[top : top + height, left : left + width])
    return field


TIFFS = {
    "strips": {},
    "short strips": {"rowsperstrip": 7},
    "tiles": {"tile": (32, 48)},
    "deflate tiles": {"tile": (32, 48), "compression": "zlib", "predictor": True},
    "big-endian": {"byteorder": ">", "tile": (32, 48)},
    "bigtiff": {"bigtiff": True, "rowsperstrip": 16},
}

# what TIFF calls the fourth sample, of which the last is none
TRANSPARENCY = {"alpha": "unassalpha", "premultiplied": "assocalpha", "unspecified": "unspecified"}
INVERTED = {f"inverted {kind}": extra for kind, extra in TRANSPARENCY.items()}


@pytest.mark.parametrize("how", TIFFS.values(), ids=TIFFS)
@pytest.mark.parametrize("kind", ["rgb", "grey", "rgb16", "grey16", "planar", "inverted", *TRANSPARENCY, *INVERTED])
def test_tiffs_of_strips_and_tiles_are_read_as_whole(tmp_path, pixels, how, kind):
    path, how = tmp_path / "field.tif", dict(how)
    writer = {key: how.pop(key) for key in ("byteorder", "bigtiff") if key in how}
    values = {
        "grey": pixels[:, :, 0],
        "inverted": pixels[:, :, 0],
        "rgb16": pixels.astype(np.uint16) * 257 + 3,
        "grey16": pixels[:, :, 0].astype(np.uint16) * 200,
        "planar": np.moveaxis(pixels, 2, 0),
        **dict.fromkeys(TRANSPARENCY, np.dstack([pixels, pixels[:, :, 0]])),
        **dict.fromkeys(INVERTED, pixels[:, :, :2]),
    }.get(kind, pixels)
    photometric = {"grey": "minisblack", "grey16": "minisblack", **dict.fromkeys(["inverted", *INVERTED], "miniswhite")}
    extra = {"photometric": photometric.get(kind, "rgb")} | ({"planarconfig": "separate"} if kind == "planar" else {})
    if kind in TRANSPARENCY | INVERTED:
        extra |= {"planarconfig": "contig", "extrasamples": [(TRANSPARENCY | INVERTED)[kind]]}
    with tifffile.TiffWriter(path, **writer) as file:
        file.write(values, **extra, **how)
    like_whole(path)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_is_applied(tmp_path, pixels, orientation):
    path = tmp_path / "field.tif"
    extratags = [(274, "H", 1, orientation, True)]
    tifffile.imwrite(path, pixels, photometric="rgb", tile=(32, 48), extratags=extratags)
    like_whole(path)


@pytest.mark.parametrize("how", ["tiff_lzw", "jpeg", "packbits", "tiff_adobe_deflate"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_what_other_programs_write_is_read_as_whole(tmp_path, pixels, how, mode):
    if how == "jpeg" and mode in ("P", "1"):
        pytest.skip("there is no such JPEG")
    path = tmp_path / "field.tif"
    picture = Image.fromarray(pixels).convert(mode)
    picture.save(path, compression=how, strip_size=16 * 130 * 3)
    like_whole(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
def test_plain_pictures_are_decoded_whole(tmp_path, pixels, suffix):
    path = tmp_path / f"field{suffix}"
    assert cv2.imwrite(str(path), pixels)
    field = like_whole(path)
    assert field.name == field.source == os.fspath(path)


@pytest.mark.parametrize("values", ["rgb", "grey", "bool", "two", "rgba", "rgb16"])
def test_arrays_and_memory_maps_are_read_like_files(tmp_path, pixels, values):
    array = {
        "grey": pixels[:, :, 0],
        "bool": pixels[:, :, 0] > 99,
        "two": pixels[:, :, :2],
        "rgba": np.dstack([pixels, pixels[:, :, 0]]),
        "rgb16": pixels.astype(np.uint16) * 257,
    }.get(values, pixels)
    np.save(tmp_path / "field.npy", array)
    mapped = np.load(tmp_path / "field.npy", mmap_mode="r")
    one, other = open_field(array), open_field(mapped)
    assert one.shape == other.shape == (90, 130)
    for region in REGIONS:
        np.testing.assert_array_equal(one.read(*region), other.read(*region))
    if values in ("rgb", "rgb16"):
        np.testing.assert_array_equal(one.read(*REGIONS[0]), pixels)


def pyramid(path, pixels, **how):
    with tifffile.TiffWriter(path) as file:
        file.write(pixels, subifds=2, photometric="rgb", tile=(32, 64), **how)
        for step in (2, 4):
            file.write(pixels[::step, ::step], subfiletype=1, photometric="rgb", tile=(32, 64))


@pytest.mark.parametrize("name", ["field.tif", "field.ome.tif"])
def test_levels_of_a_pyramid(tmp_path, pixels, name):
    size = {"PhysicalSizeX": 0.1, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.1, "PhysicalSizeYUnit": "µm"}
    how = {"metadata": {"axes": "YXS", **size}} if ".ome" in name else {}
    pyramid(tmp_path / name, pixels, **how)
    base, small = open_field(tmp_path / name), open_field(tmp_path / name, level=2)
    assert base.levels == small.levels == [(90, 130), (45, 65), (23, 33)]
    assert open_field(tmp_path / name, level=-1).shape == small.shape
    np.testing.assert_array_equal(small.read(3, 4, 9, 10), pixels[::4, ::4][3:12, 4:14])
    if how:
        assert base.pixel_size == 0.1
        assert small.pixel_size == pytest.approx(0.4, rel=0.05)
    with pytest.raises(ImageError, match=rf"{name}: there is no level 3; choose from 0 \(130x90\), 1 \(65x45\)"):
        open_field(tmp_path / name, level=3)


def test_colour_planes_on_pages_are_joined_and_stacks_are_refused(tmp_path, pixels):
    path = tmp_path / "field.ome.tif"
    tifffile.imwrite(path, np.moveaxis(pixels, 2, 0), metadata={"axes": "CYX"}, photometric="minisblack")
    like_whole(path)
    tifffile.imwrite(tmp_path / "stack.tif", np.moveaxis(pixels, 2, 0), photometric="minisblack", metadata=None)
    with pytest.raises(ImageError, match=r"stack.tif.*colour planes or a stack"):
        open_field(tmp_path / "stack.tif")


def test_zarr_folders(tmp_path, pixels):
    zarr = pytest.importorskip("zarr")
    zarr.save_array(tmp_path / "plain.zarr", pixels)
    root = zarr.open_group(tmp_path / "ome.zarr", mode="w")
    for level, step in enumerate((1, 2)):
        planes = np.moveaxis(pixels[::step, ::step], 2, 0)[None, :, None]
        array = root.create_array(str(level), shape=planes.shape, chunks=(1, 1, 1, 32, 32), dtype=np.uint8)
        array[:] = planes
    axes = [{"name": name, **({"unit": "micrometer"} if name in "yx" else {})} for name in "tczyx"]
    sets = [
        {"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": [1, 1, 1, 0.1, 0.1]}]}
        for level in (0, 1)
    ]
    root.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": sets}]}
    for field in (
        open_field(tmp_path / "plain.zarr"),
        open_field(tmp_path / "ome.zarr"),
        open_field(root["0"][0, :, 0].transpose(1, 2, 0)),
    ):
        np.testing.assert_array_equal(field.read(15, 40, 33, 50), pixels[15:48, 40:90])
    assert open_field(tmp_path / "ome.zarr").pixel_size == 0.1
    assert open_field(tmp_path / "ome.zarr", level=1).pixel_size == pytest.approx(0.2)
    scale = {"type": "scale", "scale": [1, 1, 1, 2.5, 2.5]}
    root.attrs["ome"] = {
        "version": "0.5",
        "multiscales": [{"axes": axes, "datasets": sets, "coordinateTransformations": [scale]}],
    }
    assert open_field(tmp_path / "ome.zarr").pixel_size == 0.25  # the level's scale, and behind it that of all levels
    assert open_field(zarr.open(tmp_path / "plain.zarr")).shape == (90, 130)
    with pytest.raises(ImageError, match=r"ome.zarr: there is no level 2"):
        open_field(tmp_path / "ome.zarr", level=2)
    zarr.open_group(tmp_path / "bare.zarr", mode="w")
    for name, what in (("bare.zarr", "without an image"), ("no.zarr", "cannot be read")):
        (tmp_path / name).mkdir(exist_ok=True)
        with pytest.raises(ImageError, match=rf"{name}.*{what}"):
            open_field(tmp_path / name)


def test_slides_by_openslide(tmp_path, pixels):
    pytest.importorskip("openslide")
    from leukofeat.tiling.slide import SlideField

    large = np.ascontiguousarray(np.tile(pixels, (4, 4, 1)))
    pyramid(tmp_path / "slide.tif", large)
    (tmp_path / "slide.tif").rename(tmp_path / "slide.svs")
    field = SlideField(tmp_path / "slide.svs")
    np.testing.assert_array_equal(field.read(15, 40, 33, 50), large[15:48, 40:90])
    assert pickle.loads(pickle.dumps(field)).shape == field.shape == (360, 520)
    assert type(open_field(tmp_path / "slide.svs")) is SlideField
    (tmp_path / "broken.svs").write_bytes(b"no slide")
    with pytest.raises(ImageError, match=r"broken\.svs: no slide that OpenSlide reads"):
        open_field(tmp_path / "broken.svs")


def test_only_what_a_region_touches_is_decoded(tmp_path, pixels):
    path = tmp_path / "field.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", tile=(16, 16))
    field = open_field(path)
    field.read(0, 0, 20, 20)
    assert len(field.cache) == 4
    other = pickle.loads(pickle.dumps(field))
    np.testing.assert_array_equal(other.read(*REGIONS[3]), pixels[15:48, 40:90])
    assert pickle.loads(pickle.dumps(field)) is other


def test_tiles_that_were_never_written_are_empty_slide(tmp_path, pixels):
    path = tmp_path / "field.tif"
    blank = pixels.copy()
    blank[:32, :48] = 0
    tifffile.imwrite(path, blank, photometric="rgb", tile=(32, 48), compression="zlib")
    with tifffile.TiffFile(path, mode="r+") as file:
        page = file.pages.first
        page.tags["TileByteCounts"].overwrite((0, *page.databytecounts[1:]))
    field = open_field(path)
    assert field.read(0, 0, 32, 48).min() == 255
    np.testing.assert_array_equal(field.read(32, 0, 40, 130), pixels[32:72])


def test_truncated_files_are_named(tmp_path, pixels):
    path = tmp_path / "field.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", rowsperstrip=8, compression="zlib")
    data = path.read_bytes()
    for keep in (4, 100, len(data) // 2, len(data) - 20):
        path.write_bytes(data[:keep])
        with pytest.raises(ImageError, match=r"field\.tif.*copy it again"):
            open_field(path).read(0, 0, 90, 130)


@pytest.mark.parametrize(("tag", "value"), [("ImageLength", 2**30), ("ImageWidth", 2**20), ("TileLength", 16)])
def test_dimensions_that_lie_are_found_out(tmp_path, pixels, tag, value):
    path = tmp_path / "field.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", tile=(32, 48))
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages.first.tags[tag].overwrite(value)
    with pytest.raises(ImageError, match=r"field\.tif"):
        (lambda field: field.read(0, 0, *field.shape))(open_field(path))


def _missing_at_first_use(data, *args, **options):
    raise ImportError("imagecodecs")


@pytest.mark.parametrize("decoders", [{}, {50000: _missing_at_first_use}])
def test_a_decoder_that_is_missing_is_no_damage(decoders, tmp_path, pixels, monkeypatch):
    path = tmp_path / "field.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", tile=(32, 48))
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages.first.tags["Compression"].overwrite(50000)
    monkeypatch.setattr(tifffile.TIFF, "DECOMPRESSORS", decoders)
    with pytest.raises(ImageError, match=r"field\.tif: .*its compression \(ZSTD\) cannot be read"):
        open_field(path)


def test_what_is_no_field_is_refused_by_name(tmp_path, pixels):
    path = tmp_path / "field.tif"
    for values, what in (
        (pixels.astype(np.float32), "float32"),
        (pixels.astype(np.uint16) * 16, "14 bits or fewer"),
    ):
        tifffile.imwrite(path, values, photometric="rgb", tile=(32, 48))
        with pytest.raises(ImageError, match=rf"field\.tif.*{what}"):
            open_field(path)
        with pytest.raises(ImageError, match="array"):
            open_field(values)
    (tmp_path / "note.txt").write_text("words")
    (tmp_path / "empty.tif").write_bytes(b"")
    for name in ("note.txt", "empty.tif", "missing.png"):
        with pytest.raises(ImageError, match=name):
            open_field(tmp_path / name)
    for array in (
        np.zeros(5, np.uint8),
        np.zeros((2, 2, 2, 2), np.uint8),
        np.zeros((2, 2, 6), np.uint8),
        np.zeros((0, 5, 3), np.uint8),
    ):
        with pytest.raises(ImageError, match="array"):
            open_field(array)
    with pytest.raises(TypeError, match="a path or an array"):
        open_field(5)


@pytest.mark.parametrize("region", [(-1, 0, 2, 2), (0, 0, 0, 2), (80, 0, 11, 2), (0, 129, 1, 2)])
def test_regions_outside_are_refused(pixels, region):
    with pytest.raises(ValueError, match="no region"):
        open_field(pixels).read(*region)


def test_a_given_pixel_size_goes_first(tmp_path, pixels):
    path = tmp_path / "field.png"
    assert cv2.imwrite(str(path), pixels)
    assert open_field(SizedPath(str(path), 0.25)).pixel_size == 0.25
