"""Files that are there whole or not at all."""

import errno
from pathlib import Path

import pytest

from leukofeat import atomic
from leukofeat.atomic import replacing, write_whole


def test_the_old_one_stays_until_the_new_one_is_written(tmp_path):
    path = write_whole(tmp_path / "a.txt", b"old")
    with replacing(path) as new:
        new.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_leaves_nothing(tmp_path):
    path = write_whole(tmp_path / "a.txt", b"old")
    with pytest.raises(TypeError), replacing(path) as new:
        new.write_bytes("text")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_by_the_name_that_was_given(tmp_path):
    with (
        pytest.raises(OSError, match="No space left on device; what was there is as it was; free some room") as caught,
        replacing(tmp_path / "a"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "a"))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        write_whole(tmp_path / "nowhere" / "a", b"")


def test_another_error_stays_what_it_is(tmp_path):
    with pytest.raises(OSError, match=r"^the store is gone$"), replacing(tmp_path / "a"):
        raise OSError("the store is gone")


def test_a_folder_that_cannot_be_written_through_is_no_failure(tmp_path, monkeypatch):
    through = atomic.write_through

    def refused(path):
        if path.is_dir():
            raise OSError(errno.EINVAL, "Invalid argument")
        through(path)

    monkeypatch.setattr(atomic, "write_through", refused)
    assert write_whole(tmp_path / "a", b"new").read_bytes() == b"new"


def test_a_link_stays_a_link(tmp_path):
    target = write_whole(tmp_path / "target", b"old")
    (tmp_path / "link").symlink_to("target")
    write_whole(tmp_path / "link", b"new")
    assert target.read_bytes() == b"new"
    assert (tmp_path / "link").is_symlink()


def test_what_is_wrong_with_another_file_is_said_of_that(tmp_path):
    with pytest.raises(FileNotFoundError, match="No such file or directory: 'another'"), replacing(tmp_path / "a"):
        Path("another").read_bytes()


def test_long_names(tmp_path):
    assert write_whole(tmp_path / ("a" * 250), b"1").read_bytes() == b"1"
    with pytest.raises(OSError, match="File name too long; what was there is as it was; name another place"):
        write_whole(tmp_path / ("a" * 300), b"1")
