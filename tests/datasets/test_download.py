"""Downloads from a server on this machine: whole or not at all, gone on with, and archives that mean harm."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import stat
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from leukofeat import ImageError
from leukofeat.datasets import DATASETS, load_images
from leukofeat.datasets.fetch import find
from leukofeat.datasets.fetch.card import Archive
from leukofeat.datasets.fetch.download import download_file, extract_archive

DATA = np.random.default_rng(0).bytes(300_000)


@pytest.fixture
def server():
    """A server of `files`; what is in `stops` breaks off after so many bytes, once; `ranges` are those it was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            data = server.files.get(self.path)
            if data is None:
                return self.send_error(404, "Not Found")
            start = 0
            asked = self.headers.get("Range")
            server.ranges.append(asked)
            if asked and server.can_go_on:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                if start >= len(data):
                    return self.send_error(416)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            end = server.stops.pop(self.path, len(data))
            self.wfile.write(data[start:end])
            return None

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.stops, server.ranges, server.can_go_on = {"/a.bin": DATA}, {}, [], True
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_comes_whole(server, tmp_path):
    path = download_file(
        f"{server.url}/a.bin", tmp_path / "new" / "a.bin", sha256=hashlib.sha256(DATA).hexdigest(), verbose=0
    )
    assert path.read_bytes() == DATA
    assert [file.name for file in path.parent.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("can_go_on", [True, False])
def test_one_that_broke_off_is_gone_on_with(can_go_on, server, tmp_path):
    server.stops["/a.bin"], server.can_go_on = 100_000, can_go_on
    with pytest.raises(OSError, match=r"a\.bin: cannot be downloaded .*; call again later, or get it by hand"):
        download_file(f"{server.url}/a.bin", tmp_path / "a.bin", verbose=0)
    assert not (tmp_path / "a.bin").exists()
    assert download_file(f"{server.url}/a.bin", tmp_path / "a.bin", verbose=0).read_bytes() == DATA
    assert server.ranges == [None, "bytes=100000-"]


def test_rests_of_another_file_are_thrown_away(server, tmp_path):
    (tmp_path / ".a.bin.part").write_bytes(DATA + b"and more")
    assert download_file(f"{server.url}/a.bin", tmp_path / "a.bin", verbose=0).read_bytes() == DATA
    (tmp_path / ".b.bin.part").write_bytes(b"x" * 10)
    right = hashlib.sha256(DATA).hexdigest()
    with pytest.raises(OSError, match=f"has the SHA-256 [0-9a-f]+ and not {right}, so it was thrown away"):
        download_file(f"{server.url}/a.bin", tmp_path / "b.bin", sha256=right, verbose=0)
    assert download_file(f"{server.url}/a.bin", tmp_path / "b.bin", sha256=right, verbose=0).read_bytes() == DATA


def test_no_such_file_and_no_server(server, tmp_path):
    with pytest.raises(OSError, match=r"none\.zip: cannot be downloaded \(Not Found\)"):
        download_file(f"{server.url}/none.zip", tmp_path / "x", verbose=0)
    with pytest.raises(OSError, match=r"cannot be downloaded .*refused"):
        download_file("http://127.0.0.1:9/a.zip", tmp_path / "x", verbose=0)
    assert not (tmp_path / "x").exists()


def zipped(files, link=None):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
        if link:
            info = zipfile.ZipInfo(link)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            file.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def tarred(files, link=None):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
        if link:
            info = tarfile.TarInfo(link)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            file.addfile(info)
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_archives_are_unpacked_without_what_is_hidden(pack, tmp_path):
    (tmp_path / "a").write_bytes(
        pack({"set/Pro/1.txt": b"1", "set/__MACOSX/._1.txt": b"x", "set/.DS_Store": b"x", "./set/b/2.txt": b"2"})
    )
    folder = extract_archive(tmp_path / "a", tmp_path / "out", max_bytes=100)
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "set/Pro/1.txt",
        "set/b/2.txt",
    ]


BAD = {
    "above": ({"../x": b"1"}, None, "would lie beside the folder"),
    "deep above": ({"a/../../x": b"1"}, None, "would lie beside the folder"),
    "absolute": ({"/tmp/x-leukofeat": b"1"}, None, "would lie beside the folder"),
    "a drive": ({"C:/x": b"1"}, None, "would lie beside the folder"),
    "backslashes": ({"..\\x": b"1"}, None, "would lie beside the folder"),
    "a link": ({"a": b"1"}, "b", "is a link or device"),
    "too much": ({"a": b"0" * 2000}, None, "holds more than 1,000 bytes"),
    "twice": ({"a": b"1", "./a": b"2"}, None, "damaged archive"),
}


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("case", BAD)
def test_archives_that_mean_harm_leave_nothing(case, pack, tmp_path):
    files, link, error = BAD[case]
    home = tmp_path / "home"
    home.mkdir()
    (home / "a").write_bytes(pack(files, link))
    with pytest.raises(ImageError, match=error):
        extract_archive(home / "a", home / "out", max_bytes=1000)
    assert [path.name for path in home.iterdir()] == ["a"]
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert not os.path.exists("/tmp/x-leukofeat")


@pytest.mark.parametrize("data", [b"<html>no archive</html>", zipped({"a": DATA})[:-2000], tarred({"a": DATA})[:-2000]])
def test_what_is_no_whole_archive(data, tmp_path):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(ImageError, match="delete it and get it again"):
        extract_archive(tmp_path / "a", tmp_path / "out", max_bytes=10**6)
    assert not (tmp_path / "out").exists()


def test_a_flipped_byte_is_found(tmp_path):
    data = bytearray(zipped({"a": DATA}))
    data[1000] ^= 1
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(ImageError, match="delete it and get it again"):
        extract_archive(tmp_path / "a", tmp_path / "out", max_bytes=10**6)


@pytest.fixture
def card(server, monkeypatch):
    """A set of two images, behind the server."""
    monkeypatch.setattr(find, "_told", set())
    png = cv2.imencode(".png", np.full((6, 8, 3), 90, np.uint8))[1].tobytes()
    server.files["/set.zip"] = zipped({"set-1.0/Benign/1.png": png, "set-1.0/Pro/2.png": png})
    digest = hashlib.sha256(server.files["/set.zip"]).hexdigest()
    archive = Archive(f"{server.url}/set.zip", "set.zip", digest)
    classes = {"Benign": 1, "Pro": 1}
    return dataclasses.replace(
        DATASETS["bccd"], name="set", folders=("set",), n_images=2, classes=classes, known_faults=(), archive=archive
    )


def test_a_set_is_downloaded_once(card, server, tmp_path):
    home = tmp_path / "home"
    with pytest.raises(FileNotFoundError, match=r"download=True downloads it from http://127"):
        find.fetch(card, load_images, home, False, 0)
    for _ in range(2):
        bunch = find.fetch(card, load_images, home, True, 0)
        assert bunch.summary == "2 images of 2 classes (Benign 1, Pro 1)"
    assert len(server.ranges) == 1
    assert [path.name for path in home.iterdir()] == ["set"]


def test_two_at_once_download_once(card, server, tmp_path):
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: find.download_dataset(card, tmp_path, 0), range(2)))
    assert both == [tmp_path / "set"] * 2
    assert len(server.ranges) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_damaged_set_leaves_nothing_and_comes_again(card, server, tmp_path):
    good = server.files["/set.zip"]
    bad = good[:60] + bytes([good[60] ^ 255]) + good[61:]
    card = dataclasses.replace(card, archive=dataclasses.replace(card.archive, sha256=None))
    server.files["/set.zip"] = bad
    with pytest.raises(ImageError, match="get it again"):
        find.fetch(card, load_images, tmp_path, True, 0)
    assert list(tmp_path.iterdir()) == []
    server.files["/set.zip"] = good
    assert len(find.fetch(card, load_images, tmp_path, True, 0).images) == 2


def test_the_bar_can_be_seen(server, tmp_path, capsys):
    download_file(f"{server.url}/a.bin", tmp_path / "a.bin")
    assert "downloading" in capsys.readouterr().err


def test_a_set_that_cannot_be_downloaded_says_how_to_get_it(card, server, tmp_path):
    server.files.clear()
    with pytest.raises(OSError, match=r"set\.zip: cannot be downloaded \(Not Found\).*By hand: .* Put it into"):
        find.fetch(card, load_images, tmp_path, True, 0)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="is a file, and the data home is a folder"):
        find.fetch(card, load_images, tmp_path / "file", True, 0)
