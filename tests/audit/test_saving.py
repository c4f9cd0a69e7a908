"""What an audit writes is whole: the old files or the new ones, whatever stops it."""

import errno
import os
import signal
from pathlib import Path

import cv2
import pandas as pd
import pytest

from leukofeat.atomic import write_whole
from leukofeat.audit import audit_dataset
from leukofeat.report import write_report


def content(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def saved(clean, clean_result, tmp_path):
    """A folder with the files of an audit, and another result that is to go there."""
    clean_result.save(tmp_path / "audit")
    return tmp_path / "audit", audit_dataset(clean.images[:4])


@pytest.mark.parametrize("n_written", range(5))
def test_a_full_disk_leaves_whole_files(saved, monkeypatch, n_written):
    folder, other = saved
    before, written = content(folder), []

    def full(path):
        if path.is_file():
            written.append(path)
        if len(written) > n_written:
            path.write_bytes(path.read_bytes()[:20])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("leukofeat.atomic.write_through", full)
    names = ["verdict.txt", "findings.csv", "images.csv", "pairs.csv", "manifest.csv"]
    with pytest.raises(OSError, match=r"No space left on device.*free some room") as caught:
        other.save(folder)
    assert caught.value.errno == errno.ENOSPC
    assert str(folder / names[n_written]) in str(caught.value)
    monkeypatch.undo()
    after = content(folder)
    assert after.keys() == before.keys()
    other.save(folder)
    new = content(folder)
    assert all(after[name] == (new if k < n_written else before)[name] for k, name in enumerate(names))


def test_a_limit_on_the_size_of_files_leaves_the_old_one(tmp_path):
    resource = pytest.importorskip("resource")
    path = write_whole(tmp_path / "a.csv", b"old")
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            write_whole(path, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert "a.csv" in str(caught.value)
    assert content(tmp_path) == {"a.csv": b"old"}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder that may not be written")
def test_a_folder_that_may_not_be_written_is_named(clean_result, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match=r"verdict\.txt"):
        clean_result.save(tmp_path)


def test_a_file_in_the_place_of_a_table_is_replaced_and_a_folder_is_named(clean_result, tmp_path):
    (tmp_path / "images.csv").mkdir()
    with pytest.raises(IsADirectoryError, match=r"images\.csv"):
        clean_result.save(tmp_path)
    assert sorted(content_names(tmp_path)) == ["findings.csv", "images.csv", "verdict.txt"]


def content_names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_name_that_is_no_text_is_written_as_far_as_it_is(clean, tmp_path):
    name = os.fsdecode(os.fsencode(str(tmp_path)) + b"/caf\xe9.png")
    Path(name).write_bytes(cv2.imencode(".png", clean.images[0])[1].tobytes())
    result = audit_dataset([name, *clean.images[:3]])
    assert result.images["error"].tolist() == [""] * 4
    result.save(tmp_path / "audit")
    write_report(tmp_path / "audit" / "report.html", audit=result)
    assert "caf" in pd.read_csv(tmp_path / "audit" / "images.csv")["path"][0]
