"""Files that are there whole or not at all."""

import errno

import pytest

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
        pytest.raises(OSError, match="No space left on device; what was there is as it was") as caught,
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
