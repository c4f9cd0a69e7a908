"""A data set in parts: the same bytes however it came about, and nothing measured twice."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from leukofeat.datasets import make_smears
from leukofeat.decode import ImageError
from leukofeat.extraction import extract as extract_module
from leukofeat.extraction import extract_parquet, folder, join_parts, part, run
from leukofeat.failures import WorkerError
from leukofeat.features import ColorFeatures, FeatureSet, GeometryFeatures
from leukofeat.opencv import cv2
from leukofeat.parallel import note_image
from leukofeat.segmentation import LabKMeansSegmenter
from leukofeat.sequence import as_sequence

N = 11


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(folder, "IMAGES_A_PART", 4)
    monkeypatch.setattr(run, "IMAGES_A_PART", 4)
    monkeypatch.setattr(extract_module, "IMAGES_A_PART", 4)
    monkeypatch.setattr(run, "_AT_ONCE", 3)


@pytest.fixture(scope="module")
def pixels():
    return make_smears(n_samples=N, size=64, random_state=0).images


@pytest.fixture
def files(tmp_path, pixels):
    root = tmp_path / "images"
    root.mkdir()
    for i, image in enumerate(pixels):
        cv2.imwrite(str(root / f"{i:02}.png"), image)
    return sorted(map(str, root.iterdir()))


FEATURES = FeatureSet([ColorFeatures(regions=("cell",)), GeometryFeatures()], on_error="nan", on_empty="nan")


def extract(files, place, **options):
    """Extract behind a segmenter; the digest of a sequence's steps counts, so each call makes its own."""
    features = options.pop("features", FEATURES)
    return extract_parquet(features, LabKMeansSegmenter().fit_transform(files), place, **options)


def contents(place):
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


def test_the_rows_are_those_of_extract(files, tmp_path):
    found = extract(files, tmp_path / "out")
    table = pd.read_parquet(tmp_path / "out")
    expected = FEATURES.extract(LabKMeansSegmenter().fit_transform(files)).values
    np.testing.assert_array_equal(table.drop(columns="path").to_numpy(), expected)
    assert table["path"].tolist() == files
    assert (found.n_images, found.n_rows, found.n_measured, found.complete) == (N, N, N, True)
    assert found.n_columns == table.shape[1]
    assert len(list((tmp_path / "out").glob("part-*.parquet"))) == 3
    assert not (tmp_path / "out" / "_pending").exists()


def test_the_cells_are_those_of_measure_cells(files, tmp_path):
    found = extract(files, tmp_path / "out", per="cell")
    table = pd.read_parquet(tmp_path / "out")
    expected = FEATURES.measure_cells(LabKMeansSegmenter().fit_transform(files))
    assert found.n_rows == len(expected) > 0
    pd.testing.assert_frame_equal(
        table.drop(columns="path"), expected.drop(columns=["image", "source"]), check_exact=True
    )
    assert table["path"].tolist() == expected["source"].tolist()


@pytest.mark.parametrize("per", ["image", "cell"])
def test_any_number_of_workers_and_of_shares_gives_the_same_bytes(files, tmp_path, per):
    extract(files, tmp_path / "one", per=per)
    extract(
        files,
        tmp_path / "two",
        per=per,
        features=FeatureSet(FEATURES.families, on_error="nan", on_empty="nan", n_jobs=2),
    )
    assert contents(tmp_path / "two") == contents(tmp_path / "one")
    for number in (2, 3, 1):
        shared = extract(files, tmp_path / "shared", per=per, shard=(number, 3))
        assert shared.complete == (number == 1)
    assert contents(tmp_path / "shared") == contents(tmp_path / "one")


def test_more_shares_than_parts(files, tmp_path):
    for number in (1, 2, 3, 4, 5):
        found = extract(files, tmp_path / "shared", shard=(number, 5))
    assert found.n_images == 0
    assert found.complete
    assert len(pd.read_parquet(tmp_path / "shared")) == N


class PlugPulledError(Exception):
    """What ends a run in the middle."""


@pytest.mark.parametrize("stop_at", range(N))
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(files, tmp_path, monkeypatch, stop_at):
    extract(files, tmp_path / "whole")
    measure_batches = run.measure_batches

    def one_by_one(plan, images, **options):
        for i in range(len(images)):
            if i == stop_at:
                raise PlugPulledError
            yield from measure_batches(plan, images[i : i + 1], **options)

    with monkeypatch.context() as stopping:
        stopping.setattr(run, "measure_batches", one_by_one)
        with pytest.raises(PlugPulledError):
            extract(files, tmp_path / "out")
    assert extract(files, tmp_path / "out").n_measured == N - stop_at
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_process_that_is_killed_leaves_parts_that_are_whole(files, tmp_path):
    script = (
        "import sys\n"
        "from tests.extraction import test_extract as t\n"
        "t.folder.IMAGES_A_PART = t.run.IMAGES_A_PART = t.extract_module.IMAGES_A_PART = 4\n"
        "t.extract(sys.argv[2:], __import__('pathlib').Path(sys.argv[1]))\n"
    )
    place = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", script, str(place), *files * 9])
    while not list(place.glob("part-*.parquet")) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert all(part.read_head(file) is not None for file in place.glob("part-*.parquet"))
    found = extract(files * 9, place)
    assert 0 <= found.n_measured < 9 * N
    extract(files * 9, tmp_path / "whole")
    assert contents(place) == contents(tmp_path / "whole")


def test_nothing_is_measured_again(files, tmp_path):
    extract(files, tmp_path / "out")
    before = contents(tmp_path / "out")
    assert extract(files, tmp_path / "out").n_measured == 0
    assert contents(tmp_path / "out") == before


def test_changes_are_noticed_by_content(files, pixels, tmp_path):
    place = tmp_path / "out"
    extract(files, place)
    os.utime(files[0])
    assert extract(files, place).n_measured == 0

    cv2.imwrite(files[5], pixels[5][::-1])
    assert extract(files, place).n_measured == 1  # changed

    renamed = files[0].replace("00.png", "zz.png")
    os.rename(files[0], renamed)
    now = sorted([*files[1:], renamed])
    assert extract(now, place).n_measured == 0  # called otherwise, and in another part
    assert pd.read_parquet(place)["path"].tolist() == now

    assert extract(now[3:], place).n_measured == 0  # some are gone, and all others in other parts
    new = str(tmp_path / "images" / "000.png")
    cv2.imwrite(new, pixels[0][:, ::-1])
    assert extract([new, *now], place).n_measured == 4  # the three that were gone are gone

    extract([new, *now], tmp_path / "anew")
    assert contents(place) == contents(tmp_path / "anew")


def test_what_a_row_says_besides_may_change_without_measuring(files, tmp_path):
    first = pd.DataFrame({"path": files, "label": ["a"] * N})
    extract(files, tmp_path / "out", frame=first)
    second = first.assign(label=[None, *"b" * (N - 1)], patient=range(N))
    assert extract(files, tmp_path / "out", frame=second).n_measured == 0
    table = pd.read_parquet(tmp_path / "out")
    assert table["label"].tolist() == second["label"].tolist()
    assert table["patient"].tolist() == [str(i) for i in range(N)]


def test_other_parameters_start_anew_and_say_so_and_what_was_there_comes_back(files, tmp_path):
    place = tmp_path / "out"
    extract(files, place)
    before = contents(place)
    other = FeatureSet([GeometryFeatures()], on_error="nan", on_empty="nan")

    def stopped(*args, **options):
        raise PlugPulledError
        yield

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "measure_batches", stopped)
        with pytest.raises(PlugPulledError), pytest.warns(UserWarning, match="by other parameters"):
            extract(files, place, features=other)
    with pytest.warns(UserWarning, match="measured anew"):
        assert extract(files, place).n_measured == 0
    assert contents(place) == before

    with pytest.warns(UserWarning, match="by other parameters"):
        assert extract(files, place, features=other).n_measured == N
    assert not (place / "_before").exists()
    assert "nucleus_area_mean" in pd.read_parquet(place)


def test_another_version_starts_anew_and_says_so(files, tmp_path, monkeypatch):
    extract(files, tmp_path / "out")
    monkeypatch.setattr(run, "environment", lambda: "another")
    with pytest.warns(UserWarning, match="another version of leukofeat or of a library"):
        assert extract(files, tmp_path / "out").n_measured == N


def test_broken_images_are_listed_and_tried_again(files, tmp_path):
    place = tmp_path / "out"
    good = Path(files[2]).read_bytes()
    Path(files[2]).write_bytes(good[:50])
    missing = files[7]
    os.rename(missing, missing + ".away")
    found = extract(files, place)
    assert [failure.row for failure in found.failures] == [2, 7]
    errors = pd.read_csv(place / "_errors.csv")
    assert errors["path"].tolist() == [files[2], files[7]]
    assert errors["error"].str.startswith("ImageError").all()
    table = pd.read_parquet(place)
    assert table["nucleus_area_mean"].isna()[[2, 7]].all()
    assert len(extract(files, place).failures) == 2

    Path(files[2]).write_bytes(good)
    os.rename(missing + ".away", missing)
    again = extract(files, place)
    assert (again.n_measured, again.failures) == (2, [])
    extract(files, tmp_path / "whole")
    assert contents(place) == contents(tmp_path / "whole")


def test_strict_stops_and_keeps_what_was_measured(files, tmp_path):
    Path(files[9]).write_bytes(b"not an image")
    strict = FeatureSet(FEATURES.families, on_empty="nan")
    with pytest.raises(ImageError, match=r"09\.png"):
        extract(files, tmp_path / "out", features=strict)
    found = extract(files, tmp_path / "out")
    assert found.n_measured < N
    assert [failure.row for failure in found.failures] == [9]


def test_a_file_that_is_changed_while_it_is_measured_is_no_row(files, pixels, tmp_path):
    def meddle(smear):
        if smear.source == files[3]:
            cv2.imwrite(files[3], np.random.default_rng(time.monotonic_ns()).integers(0, 255, (64, 64, 3), np.uint8))
        return smear

    images = LabKMeansSegmenter().fit_transform(as_sequence(files).with_step(meddle))
    found = extract_parquet(FEATURES, images, tmp_path / "out")
    assert [(failure.row, "changed" in failure.reason) for failure in found.failures] == [(3, True)]
    assert pd.read_parquet(tmp_path / "out").isna().sum(axis=1).eq(len(FEATURES.row_names())).tolist() == [
        i == 3 for i in range(N)
    ]


def test_a_file_that_vanishes_is_a_line_of_errors(files, tmp_path):
    def remove(smear):
        if smear.source == files[1] and os.path.exists(files[4]):
            os.remove(files[4])
        return smear

    images = LabKMeansSegmenter().fit_transform(as_sequence(files).with_step(remove))
    found = extract_parquet(FEATURES, images, tmp_path / "out")
    assert [(failure.row, "No such file" in failure.reason) for failure in found.failures] == [(4, True)]


def test_the_same_image_many_times(files, tmp_path):
    many = [files[0]] * 9 + files[1:3] + [files[0]] * 6
    extract(many, tmp_path / "out")
    table = pd.read_parquet(tmp_path / "out").drop(columns="path")
    assert len(table) == 17
    assert len(table.drop_duplicates()) == 3
    assert extract(many[1:], tmp_path / "out").n_measured == 0


def test_two_extractions_into_one_folder(files, tmp_path):
    place = tmp_path / "out"
    extract(files, place)
    before = contents(place)
    with FileLock(place / "_lock-1-of-1"), pytest.raises(BlockingIOError, match="another extraction is writing here"):
        extract(files[1:], place)
    with FileLock(place / "_lock-1-of-2"), pytest.raises(BlockingIOError, match="another extraction is writing here"):
        extract(files[1:], place)
    for name in ("_lock-1-of-1", "_lock-1-of-2"):
        (place / name).unlink(missing_ok=True)
    assert contents(place) == before


def test_a_damaged_part_is_measured_again(files, tmp_path):
    place = tmp_path / "out"
    extract(files, place)
    before = contents(place)
    (place / "part-000001.parquet").write_bytes(b"PAR1 and nothing else")
    assert extract(files, place).n_measured == 4
    (place / "_extraction.json").write_text("{")
    assert extract(files, place).n_measured == 0
    assert contents(place) == before


def test_a_damaged_row_in_the_store_is_measured_again(files, tmp_path, monkeypatch):
    extract(files, tmp_path / "whole")
    seen = []

    def damage_once(self, some):
        found = get(self, some)
        if not seen and found:
            seen.append(found.popitem())
            self.forget([seen[0][0]])
        return found

    get = run.Store.get
    monkeypatch.setattr(run.Store, "get", damage_once)
    assert extract(files, tmp_path / "out").n_measured == N + 1
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_full_disk_is_told_and_nothing_is_damaged(files, tmp_path, monkeypatch):
    place = tmp_path / "out"
    extract(files[:6], place)
    before = contents(place)

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pq.ParquetWriter, "write_table", full)
        with pytest.raises(
            OSError, match=r"No space left on device; what was there is as it was.*part-000001\.parquet"
        ):
            extract(files, place)
    there = contents(place)
    assert {name: there[name] for name in before if name.startswith("part")} == {
        name: data for name, data in before.items() if name.startswith("part")
    }
    assert not [name for name in there if name.endswith(".tmp")]
    assert extract(files, place).n_measured < N - 6  # some are in the store
    assert len(pd.read_parquet(place)) == N


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything may be written there")
def test_a_folder_that_may_not_be_written(files, tmp_path):
    place = tmp_path / "out"
    extract(files, place)
    place.chmod(0o500)
    try:
        with pytest.raises(OSError, match="out"):
            extract(files[1:], place)
    finally:
        place.chmod(0o700)


def test_a_folder_with_something_else_is_refused(files, tmp_path):
    with pytest.raises(FileExistsError, match="holds something else, images for one"):
        extract(files, tmp_path)


def test_no_image_and_one(files, tmp_path):
    assert extract([], tmp_path / "none").n_rows == 0
    assert pd.read_parquet(tmp_path / "none").shape == (0, 1 + len(FEATURES.row_names()))
    assert extract(files[:1], tmp_path / "none").n_rows == 1
    assert extract([], tmp_path / "none").n_rows == 0
    assert len(pd.read_parquet(tmp_path / "none")) == 0


def test_arrays_and_nothing_but_failures(pixels, tmp_path):
    assert extract(list(pixels), tmp_path / "arrays").n_measured == N
    assert extract(list(pixels), tmp_path / "arrays").n_measured == 0
    found = extract(["a.png", "b.png"], tmp_path / "broken", per="cell")
    assert (found.n_rows, len(found.failures)) == (0, 2)
    assert pd.read_parquet(tmp_path / "broken").shape[0] == 0


def test_a_memory_spares_measuring(files, tmp_path, monkeypatch):
    with_memory = FeatureSet(FEATURES.families, on_error="nan", on_empty="nan", memory=tmp_path / "memory")
    images = LabKMeansSegmenter().fit_transform(files)
    with_memory.extract(images)
    monkeypatch.setattr("leukofeat.measuring.image._measure_family", lambda *args: pytest.fail("it was measured again"))
    extract_parquet(with_memory, images, tmp_path / "out")
    assert len(pd.read_parquet(tmp_path / "out")) == N


def test_what_cannot_be_told_apart_is_refused(files, tmp_path):
    with open(files[0], "rb") as file:
        images = as_sequence(files).with_step(lambda smear: smear if file else None)
        with pytest.raises(TypeError, match=r"use FeatureSet\.extract"):
            extract_parquet(FeatureSet([ColorFeatures(regions=("image",))]), images, tmp_path / "out")


@pytest.mark.parametrize("shard", [(0, 1), (2, 1), (1, 0), (1,), (1.5, 2), (True, 1), 3])
def test_shares_that_cannot_be(files, tmp_path, shard):
    with pytest.raises(ValueError, match="shard says which share"):
        extract(files, tmp_path / "out", shard=shard)


def test_tables_that_do_not_fit(files, tmp_path):
    with pytest.raises(ValueError, match="frame has 1 rows for 11 images"):
        extract(files, tmp_path / "out", frame=pd.DataFrame({"path": ["a"]}))
    with pytest.raises(ValueError, match="frame has a column 'nucleus_area_mean'"):
        extract(files, tmp_path / "out", frame=pd.DataFrame({"nucleus_area_mean": files}))


def test_large_tables_are_written_in_several_row_groups(files, tmp_path, monkeypatch):
    extract(files, tmp_path / "whole", per="cell")
    monkeypatch.setattr(part, "_ROW_GROUP", 1)
    extract(files, tmp_path / "groups", per="cell")
    assert pq.read_metadata(tmp_path / "groups" / "part-000000.parquet").num_row_groups > 1
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "groups"), pd.read_parquet(tmp_path / "whole"))
    assert extract(files[1:], tmp_path / "groups", per="cell").n_measured == 0  # rows are found again over groups
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "groups"),
        pd.read_parquet(tmp_path / "whole").query("path != @files[0]").reset_index(drop=True),
    )


def test_the_folder_says_what_it_holds(files, tmp_path):
    extract(files, tmp_path / "out")
    told = json.loads((tmp_path / "out" / "_extraction.json").read_text())
    assert (told["images"], told["parts"], told["per"]) == (N, 3, "image")
    assert "LabKMeansSegmenter" in told["measured"]
    assert "GeometryFeatures" in told["measured"]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no such file system there")
def test_a_place_where_nothing_can_be_made(files):
    with pytest.raises(OSError, match="/proc/features"):
        extract(files, Path("/proc/features"))


def test_a_killed_worker_is_told_and_nothing_is_lost(files, tmp_path, monkeypatch):
    measure_batches = run.measure_batches
    n_done = iter([5, 2, 0])

    def killed(plan, images, **options):
        count = next(n_done)
        yield from measure_batches(plan, images[:count], **options)
        raise WorkerError(count, len(images))

    monkeypatch.setattr(run, "measure_batches", killed)
    with (
        pytest.warns(UserWarning, match=r"killed after [52] of (11|6) images.*Going on there") as told,
        pytest.raises(WorkerError, match="after 0 of 4"),
    ):
        extract(files, tmp_path / "out")
    assert len(told) == 2
    monkeypatch.setattr(run, "measure_batches", measure_batches)
    assert extract(files, tmp_path / "out").n_measured == 4


def test_shares_that_begin_at_once(files, tmp_path):
    extract(files, tmp_path / "whole")
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda number: extract(files, tmp_path / "out", shard=(number, 3)), (1, 2, 3)))
    assert any(one.complete for one in found)
    assert {name: data for name, data in contents(tmp_path / "out").items() if name.startswith("part")} == {
        name: data for name, data in contents(tmp_path / "whole").items() if name.startswith("part")
    }


@pytest.mark.parametrize("name", ["._extraction.json.77.tmp", "_errors.csv", ".DS_Store", "_lock-1-of-9"])
def test_what_a_killed_one_or_a_system_has_left_is_no_obstacle(files, tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_bytes(b"")
    assert extract(files, tmp_path / "out").n_rows == N


def test_places_that_others_take_for_something_else(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in ("~", "run:1"):
        assert extract(files, place).n_rows == N
        assert len(list((tmp_path / place).glob("part-*"))) == 3
    with pytest.raises(ValueError, match="written to this machine's own disks"):
        extract(files, "s3://bucket/table")


def test_other_parameters_in_another_share_at_the_same_time(files, tmp_path):
    extract(files, tmp_path / "out", shard=(1, 2))
    other = FeatureSet([GeometryFeatures()], on_error="nan", on_empty="nan")
    with FileLock(tmp_path / "out" / "_lock-1-of-2"), pytest.raises(BlockingIOError, match="with other parameters"):
        extract(files, tmp_path / "out", features=other, shard=(2, 2))


def test_shares_of_an_older_set_are_not_complete(files, tmp_path):
    for number in (1, 2, 3):
        extract(files, tmp_path / "out", shard=(number, 3))
    assert not extract(files[:2], tmp_path / "out", shard=(1, 3)).complete
    assert extract(files, tmp_path / "out", shard=(1, 3)).complete
    frame = pd.DataFrame({"path": files, "label": "a"})
    assert [extract(files, tmp_path / "out", frame=frame, shard=(number, 3)).complete for number in (1, 2, 3)] == [
        False,
        False,
        True,
    ]


def test_notes_and_images_without_a_cell_are_told_each_time(files, tmp_path):
    def note(smear):
        note_image(smear.source, "is odd")
        return smear

    for _ in range(2):
        images = LabKMeansSegmenter().fit_transform(as_sequence(files).with_step(note))
        with pytest.warns(UserWarning, match=r"11 of 11 images, .*00\.png for one: is odd") as told:
            extract_parquet(FEATURES, images, tmp_path / "out")
        assert len(told) == 1


def test_strictness_about_images_without_a_cell(files, tmp_path):
    cv2.imwrite(files[3], np.full((64, 64, 3), 230, np.uint8))
    first = extract(files, tmp_path / "out").empty
    assert files[3] in first
    assert extract(files, tmp_path / "out").empty == first
    with pytest.raises(ValueError, match="no cell found"), pytest.warns(UserWarning, match="anew"):
        extract(files, tmp_path / "out", features=FeatureSet(FEATURES.families, on_empty="raise"))


def test_damage_in_the_folder_costs_time_only(files, tmp_path, monkeypatch):
    place = tmp_path / "out"
    extract(files, place)
    before = contents(place)
    (place / "_pending").mkdir()
    (place / "_pending" / "leukofeat.sqlite").write_bytes(b"garbage" * 1000)
    assert extract(files, place).n_measured == 0
    damaged = bytearray((place / "part-000001.parquet").read_bytes())
    damaged[100:2000] = bytes(1900)
    (place / "part-000001.parquet").write_bytes(damaged)
    assert 4 <= extract([files[0], *files[2:]], place).n_measured <= 5
    extract(files, place)
    assert contents(place) == before


def test_rows_that_never_come_back_end_the_run(files, tmp_path, monkeypatch):
    monkeypatch.setattr(run.Store, "get", lambda self, keys: {})
    with pytest.raises(OSError, match="rows cannot be read back from it; delete it"):
        extract(files, tmp_path / "out")


def test_another_number_of_shares_leaves_nothing_behind(files, tmp_path, monkeypatch):
    def stopped(*args, **options):
        yield from measure_batches(*args, **options)
        raise PlugPulledError

    measure_batches = run.measure_batches
    monkeypatch.setattr(run, "measure_batches", stopped)
    with pytest.raises(PlugPulledError):
        extract(files, tmp_path / "out", shard=(2, 2))
    monkeypatch.setattr(run, "measure_batches", measure_batches)
    assert extract(files, tmp_path / "out").complete
    assert not list((tmp_path / "out").glob("_pending*"))


def test_a_memory_in_the_folder_of_the_table(files, tmp_path):
    features = FeatureSet(FEATURES.families, memory=tmp_path / "out")
    with pytest.raises(ValueError, match="lies in the folder of the table"):
        extract(files, tmp_path / "out", features=features)


def test_frames_of_all_kinds(files, tmp_path):
    polars = pytest.importorskip("polars")
    extract(files, tmp_path / "polars", frame=polars.DataFrame({"path": files, "sex": ["f"] * N}))
    assert pd.read_parquet(tmp_path / "polars")["sex"].tolist() == ["f"] * N
    paths = pd.Series([os.fsdecode(b"\xe9.png")] * N, dtype=object)
    odd = pd.DataFrame({"path": paths, "list": [[1, 2]] * N, "none": [np.nan] * N})
    extract(files, tmp_path / "odd", frame=odd)
    assert pd.read_parquet(tmp_path / "odd").iloc[0, :2].tolist() == ["\\xe9.png", "[1, 2]"]
    for frame in (pd.DataFrame(index=range(N)), pd.DataFrame([[1, 2]] * N, columns=["a", "a"])):
        with pytest.raises(ValueError, match="frame must have columns, each of another name"):
            extract(files, tmp_path / "bad", frame=frame)


def test_an_incomplete_table_is_not_joined(files, tmp_path):
    extract(files, tmp_path / "out", shard=(1, 2))
    with pytest.raises(ValueError, match="is no complete table in parts"):
        join_parts(tmp_path / "out", tmp_path / "table.csv")
    with pytest.raises(ValueError, match="is no complete table in parts"):
        join_parts(tmp_path, tmp_path / "table.csv")
