"""Places to read from: fsspec's memory, and a web server on this machine."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def memory() -> Iterator:
    """An empty memory:// file system."""
    files = pytest.importorskip("fsspec").filesystem("memory")
    files.store.clear()
    files.pseudo_dirs[:] = [""]
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, which are counted; some paths answer as a broken server does."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        name = self.path.partition("?")[0]
        if "/denied" in name:
            self.send_error(403)
        elif "/broken" in name:
            self.send_error(500)
        elif "/circle" in name and name.endswith("/"):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(
                b'<a href="/">up</a> <a href="/circle/">self</a> <a href="deeper/">on</a> <a href="?C=N">sort</a>'
            )
        else:
            super().do_GET()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """URL of a web server, the folder that it shows, and the paths that were asked for."""
    pytest.importorskip("aiohttp")
    folder = tmp_path / "web"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", folder, server.asked
    server.shutdown()
    server.server_close()
    thread.join()
