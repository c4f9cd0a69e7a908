"""Cells of a large field: each once, wherever tiles are cut, and the same as in one piece."""

import numpy as np
import pandas as pd
import pytest
import tifffile
from sklearn.pipeline import make_pipeline

from leukofeat import ImageError, read_labels
from leukofeat.baselines import make_baseline
from leukofeat.datasets import make_smears
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures, TextureFeatures
from leukofeat.pipeline import split_pipeline
from leukofeat.preprocessing import ColorNormalizer, Resizer, ScaleBarCropper, ShadingCorrector
from leukofeat.segmentation import Cleanup, LeukocyteSegmenter, OtsuSegmenter
from leukofeat.tiling import extract_field, open_field, summarize_field

FEATURES = FeatureSet([GeometryFeatures(), ColorFeatures(regions=("nucleus",))])
PIPELINE = make_pipeline(LeukocyteSegmenter(), FEATURES)
UNCLEARED = make_pipeline(OtsuSegmenter(cleanup=Cleanup(clear_border=False)), FeatureSet([GeometryFeatures()]))
SIMPLE = make_pipeline(OtsuSegmenter(), FeatureSet([GeometryFeatures()]))


@pytest.fixture(scope="module")
def smear():
    return make_smears(n_samples=1, size=420, random_state=3).images[0]


def discs(shape, centers, radius=14, stain=(90, 50, 150)):
    """An empty slide with a nucleus at each place."""
    image = np.full((*shape, 3), (238, 234, 240), np.uint8)
    y, x = np.mgrid[: shape[0], : shape[1]]
    for row, column in centers:
        image[(y - row) ** 2 + (x - column) ** 2 <= radius**2] = stain
    return image


def in_one_piece(image, pipeline):
    stages, features, _ = split_pipeline(pipeline)
    images = [image]
    for stage in stages:
        images = stage.fit(images).transform(images)
    return features.measure_cells(images), images[0]


@pytest.mark.parametrize("pipeline", [make_baseline("leukofeat_svm"), PIPELINE, SIMPLE], ids=["svm", "own", "simple"])
def test_a_field_within_a_tile_is_measured_as_any_image(smear, pipeline, tmp_path):
    expected, whole = in_one_piece(smear, pipeline)
    found = extract_field(smear, pipeline, labels=tmp_path / "cells.tif", nuclei=tmp_path / "nuclei.tif")
    pd.testing.assert_frame_equal(found.table, expected, check_exact=True)
    assert (found.n_tiles, found.n_cells, tuple(found.dropped)) == (1, len(expected), whole.dropped)
    np.testing.assert_array_equal(read_labels(tmp_path / "cells.tif"), whole.cells)
    np.testing.assert_array_equal(read_labels(tmp_path / "nuclei.tif"), whole.nuclei)


def test_tiles_show_the_cells_of_the_whole(smear, tmp_path):
    expected, whole = in_one_piece(smear, PIPELINE)
    found = extract_field(smear, PIPELINE, tile=210, labels=tmp_path / "cells.tif")
    assert found.n_tiles == 4
    assert list(found.table.columns) == list(expected.columns)
    assert found.table.dtypes.tolist() == expected.dtypes.tolist()
    labels = read_labels(tmp_path / "cells.tif")
    assert found.n_cells == len(expected) == labels.max()
    for row in found.table.itertuples():
        own = labels == row.cell
        other = whole.cells == np.bincount(whole.cells[own]).argmax()
        assert (own & other).sum() > 0.9 * (own | other).sum()
        assert row.bbox_top == np.flatnonzero(own.any(axis=1))[0]
        assert row.bbox_right == np.flatnonzero(own.any(axis=0))[-1] + 1


@pytest.mark.parametrize("shift", range(-15, 16, 3))
def test_a_nucleus_at_the_corner_of_four_tiles_counts_once(shift):
    image = discs((240, 240), [(120 + shift, 120 + shift), (60, 60), (180, 120), (120, 30)])
    for overlap in (32, 60):
        found = extract_field(image, SIMPLE, tile=120, overlap=overlap)
        assert (found.n_tiles, found.n_cells) == (4, 4)
        assert not found.table["touches_border"].any()
        assert found.table["nucleus_area"].nunique() == 1


def test_cells_larger_than_the_margin_are_seen_whole():
    image = discs((400, 400), [(200, 200)], radius=70)
    found = extract_field(image, SIMPLE, tile=200, overlap=40)
    assert found.n_cells == 1
    assert found.table["nucleus_area"][0] == pytest.approx(np.pi * 70**2, rel=0.02)
    assert not found.table["touches_border"][0]


def test_what_no_margin_holds_is_reported_as_cut_with_a_word():
    image = discs((400, 1200), [], radius=1)
    image[150:250, 100:1150] = (90, 50, 150)
    with pytest.warns(UserWarning, match="larger than the margin"):
        found = extract_field(image, SIMPLE, tile=200, overlap=32)
    assert found.table["touches_border"].all()


def test_tiles_without_a_margin_report_cut_cells_with_a_word():
    image = discs((240, 240), [(120, 120), (60, 60)])
    with pytest.warns(UserWarning, match="larger than the margin"):
        found = extract_field(image, SIMPLE, tile=120, overlap=0)
    assert (found.n_tiles, found.n_cells) == (4, 5)
    assert found.table["touches_border"].sum() == 4
    assert found.table["nucleus_area"].sum() == pytest.approx(2 * np.pi * 14**2, rel=0.05)


def test_only_the_border_of_the_field_is_a_border():
    places = [(0, 120), (120, 0), (239, 120), (120, 239), (120, 120), (119, 60)]
    for pipeline, n in ((UNCLEARED, 6), (SIMPLE, 2)):
        table = extract_field(discs((240, 240), places), pipeline, tile=120, overlap=40).table
        whole = extract_field(discs((240, 240), places), pipeline).table
        for one in table, whole:
            assert len(one) == n
            assert one["touches_border"].sum() == n - 2
    order = ["bbox_top", "bbox_left"]
    names = [name for name in table if name != "cell"]
    pd.testing.assert_frame_equal(*(one.sort_values(order, ignore_index=True)[names] for one in (table, whole)))


def test_any_number_of_workers_gives_the_same_bytes(smear, tmp_path):
    tifffile.imwrite(tmp_path / "field.tif", smear, photometric="rgb", tile=(64, 64), compression="zlib")
    tables = []
    for jobs in (1, 2):
        place = tmp_path / f"{jobs}.parquet"
        extract_field(
            tmp_path / "field.tif", PIPELINE, tile=100, output=place, labels=tmp_path / f"{jobs}.tif", n_jobs=jobs
        )
        tables.append(pd.read_parquet(place))
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert (tmp_path / "1.tif").read_bytes() == (tmp_path / "2.tif").read_bytes()
    assert tables[0]["source"].unique().tolist() == [str(tmp_path / "field.tif")]


def test_what_is_written_is_what_is_returned(smear, tmp_path):
    expected = extract_field(smear, PIPELINE, tile=210).table
    parts = []
    for output in (tmp_path / "cells.parquet", tmp_path / "cells.csv", parts.append):
        assert extract_field(smear, PIPELINE, tile=210, output=output).table is None
    read = {".parquet": pd.read_parquet(tmp_path / "cells.parquet"), ".csv": pd.read_csv(tmp_path / "cells.csv")}
    for found in (*read.values(), pd.concat(parts, ignore_index=True)):
        pd.testing.assert_frame_equal(found.drop(columns="source"), expected.drop(columns="source"), check_dtype=False)
        assert found["source"].isna().all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cells.csv", "cells.parquet"]


def test_label_maps_in_zarr(smear, tmp_path):
    zarr = pytest.importorskip("zarr")
    extract_field(smear, PIPELINE, tile=210, labels=tmp_path / "cells.zarr", nuclei=tmp_path / "cells.tif")
    extract_field(smear, PIPELINE, tile=210, labels=tmp_path / "cells.tif")
    np.testing.assert_array_equal(zarr.open(tmp_path / "cells.zarr")[:], read_labels(tmp_path / "cells.tif"))


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (7, 9), (40, 500)])
@pytest.mark.parametrize("pipeline", [PIPELINE, make_baseline("leukofeat_svm")], ids=["own", "svm"])
def test_odd_shapes(shape, pipeline, recwarn):
    found = extract_field(np.full((*shape, 3), 230, np.uint8), pipeline, tile=256)
    assert found.n_cells == len(found.table) == 0
    assert "bbox_top" in found.table


def test_a_field_full_of_stain_and_one_of_noise():
    rng = np.random.default_rng(0)
    for image in np.full((300, 300, 3), (90, 50, 150), np.uint8), rng.integers(0, 256, (300, 300, 3), np.uint8):
        extract_field(image, PIPELINE, tile=128)


def test_the_cropper_cuts_the_field_and_not_its_tiles():
    image = discs((400, 300), [(60, 60), (190, 150), (380, 150)])
    for height, n in ((0.1, 2), (40, 2), (0, 3)):
        pipeline = make_pipeline(ScaleBarCropper(height), OtsuSegmenter(), FeatureSet([GeometryFeatures()]))
        tiled, whole = (extract_field(image, pipeline, tile=tile) for tile in (150, 1000))
        assert tiled.n_cells == whole.n_cells == n


def test_light_and_white_balance_are_those_of_the_field():
    light = np.linspace(1, 0.6, 600)[None, :, None]
    image = np.rint(discs((300, 600), [(y, x) for y in (70, 220) for x in range(60, 600, 90)]) * light).astype(np.uint8)
    pipeline = make_pipeline(
        ShadingCorrector(),
        ColorNormalizer("white_balance"),
        OtsuSegmenter(),
        FeatureSet([ColorFeatures(regions=("nucleus",))]),
    )
    tiled, whole = (extract_field(image, pipeline, tile=tile).table for tile in (150, 1000))
    name = "nucleus_rgb_r_mean"
    one, other = (table.sort_values(["bbox_left", "bbox_top"])[name].to_numpy() for table in (tiled, whole))
    np.testing.assert_allclose(one, other, atol=1.5)


def test_a_stage_that_changes_the_size_is_refused():
    pipeline = make_pipeline(Resizer((50, 50)), OtsuSegmenter(), FeatureSet([GeometryFeatures()]))
    with pytest.raises(ValueError, match="changes the size of the image"):
        extract_field(discs((240, 240), [(60, 60)]), pipeline, tile=120)


def test_a_pipeline_without_segmenter_or_features():
    image = discs((240, 240), [(60, 60)])
    with pytest.raises(ValueError, match="nothing has found cells"):
        extract_field(image, make_pipeline(ShadingCorrector(), FEATURES), tile=120)
    table = extract_field(image, make_pipeline(OtsuSegmenter()), tile=120).table
    assert table.columns[-5] == "confidence"
    pd.testing.assert_frame_equal(extract_field(image, OtsuSegmenter(), tile=120).table, table)


def test_a_damaged_tile_is_told_and_the_others_are_measured(tmp_path):
    path = tmp_path / "field.tif"
    image = discs((256, 256), [(64, 64), (192, 192)])
    tifffile.imwrite(path, image, photometric="rgb", tile=(64, 64), compression="zlib")
    with tifffile.TiffFile(path) as file:
        place = file.pages.first.dataoffsets[-1]
    data = bytearray(path.read_bytes())
    data[place : place + 40] = b"\xff" * 40
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"field\.tif: cannot be read at row"):
        extract_field(path, SIMPLE, tile=128, overlap=32)


def test_nothing_is_left_on_a_full_disk(smear, tmp_path, monkeypatch):
    from leukofeat.tiling import output

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output.LabelMap, "_write_tiff", full)
    with pytest.raises(OSError, match=r"No space left on device; what was there .*cells\.tif"):
        extract_field(smear, SIMPLE, tile=210, labels=tmp_path / "cells.tif", output=tmp_path / "cells.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tile": 5}, "tile"),
        ({"overlap": -1}, "overlap"),
        ({"on_error": "ignore"}, "on_error"),
        ({"labels": "cells.png"}, r"cells\.png: is written as"),
        ({"output": "cells.xlsx"}, r"cells\.xlsx: is written as"),
    ],
)
def test_bad_parameters_are_named(smear, wrong, message):
    with pytest.raises(ValueError, match=message):
        extract_field(smear, SIMPLE, **wrong)


def test_a_row_of_the_field_is_that_of_the_image_as_far_as_cells_tell(smear):
    families = FeatureSet([GeometryFeatures(), TextureFeatures(regions=("nucleus",))])
    pipeline = make_pipeline(LeukocyteSegmenter(), families)
    _, whole = in_one_piece(smear, pipeline)
    row = summarize_field(extract_field(smear, pipeline).table, families)
    image = pd.Series(families.row(whole), families.row_names())
    assert row["cell_count"] == whole.n_cells
    shared = [name for name in row.index if name.startswith(("nucleus_area", "cell_area", "nc_area_ratio"))]
    assert len(shared) > 3
    np.testing.assert_allclose(row[shared], image[shared], rtol=1e-12)


def test_a_field_goes_through_as_it_is(smear):
    assert extract_field(open_field(smear), SIMPLE).n_cells == extract_field(smear, SIMPLE).n_cells
