"""Downloads from a server on this machine that cuts, changes, refuses and sends on."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from click.testing import Result

from semsearch.errors import InputError
from semsearch.ingest import download, pretrained
from semsearch.ingest.download import Download, cache_folder, fetch
from semsearch.ingest.pretrained import Pretrained

Run = Callable[..., Result]
CONTENT = np.random.default_rng(0).bytes(700_000)  # more than is read at once
SHA256 = hashlib.sha256(CONTENT).hexdigest()
LOCAL = ("127.0.0.1",)


class Server(ThreadingHTTPServer):
    """Serves `content` at every path but /moved; what it was asked for is in `ranges`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.tag = CONTENT, '"one"'
        self.cut: list[int] = []  # bytes after which the next answers break off
        self.ranges: list[str | None] = []
        self.moved_to = ""
        self.knows_ranges = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/words.bin"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, asked = self.server, self.headers["Range"]
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", server.moved_to)
            self.end_headers()
            return
        if self.path == "/gone":
            self.send_error(404)
            return
        server.ranges.append(asked)
        whole = len(server.content)
        fresh = self.headers["If-Range"] in (None, server.tag)
        start = int(asked[6:].rstrip("-")) if asked and fresh and server.knows_ranges else 0
        if start >= whole:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{whole}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        self.send_header("Content-Length", str(whole - start))
        self.send_header("ETag", server.tag)
        self.end_headers()
        end = start + server.cut.pop(0) if server.cut else whole
        self.wfile.write(server.content[start:end])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """Listening until the test is over."""
    with Server() as serving:
        thread = Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture
def wanted(server: Server) -> Download:
    """The file, its hash known."""
    return Download(server.url, "words.bin", len(CONTENT), f"sha256:{SHA256}")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_whole_verified_and_kept(server: Server, wanted: Download, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = fetch(wanted, tmp_path, plain_http_to=LOCAL, report=lambda step, total, **_: seen.append((step, total)))
    assert path.read_bytes() == CONTENT and names(tmp_path) == {"words.bin"}
    assert seen[-1] == (len(CONTENT), len(CONTENT)) and seen == sorted(seen) and len(seen) > 1
    fetch(wanted, tmp_path, plain_http_to=LOCAL)
    assert len(server.ranges) == 1  # the second time it was there


def test_a_cut_download_goes_on_by_itself(server: Server, wanted: Download, tmp_path: Path) -> None:
    server.cut = [300_000, 200_000]
    assert fetch(wanted, tmp_path, plain_http_to=LOCAL).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-", "bytes=500000-"]


def test_one_that_stays_cut_goes_on_next_time(server: Server, wanted: Download, tmp_path: Path) -> None:
    server.cut = [300_000, 0, 0]
    with pytest.raises(
        InputError, match="was interrupted after 300,000 of 700,000 bytes.*: repeat the command to resume it"
    ):
        fetch(wanted, tmp_path, plain_http_to=LOCAL)
    assert names(tmp_path) == {"words.bin.part", "words.bin.part.tag"}
    assert fetch(wanted, tmp_path, plain_http_to=LOCAL).read_bytes() == CONTENT
    assert server.ranges[-1] == "bytes=300000-" and names(tmp_path) == {"words.bin"}


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_another_version_begins_anew(server: Server, tmp_path: Path, knows_ranges: bool) -> None:
    server.cut = [300_000, 0, 0]
    with pytest.raises(InputError, match="was interrupted"):
        fetch(Download(server.url, "words.bin"), tmp_path, plain_http_to=LOCAL)
    server.content, server.tag, server.knows_ranges = CONTENT[::-1], '"two"', knows_ranges
    assert fetch(Download(server.url, "words.bin"), tmp_path, plain_http_to=LOCAL).read_bytes() == CONTENT[::-1]


def test_a_part_that_is_the_whole(server: Server, tmp_path: Path) -> None:
    """Ended between the last byte and the new name: nothing is fetched twice."""
    (tmp_path / "words.bin.part").write_bytes(CONTENT)
    assert fetch(Download(server.url, "words.bin"), tmp_path, plain_http_to=LOCAL).read_bytes() == CONTENT
    assert server.ranges == [f"bytes={len(CONTENT)}-"]
    (tmp_path / "longer.bin.part").write_bytes(CONTENT + b"more")
    assert fetch(Download(server.url, "longer.bin"), tmp_path, plain_http_to=LOCAL).read_bytes() == CONTENT


def test_a_wrong_hash_is_removed(server: Server, wanted: Download, tmp_path: Path) -> None:
    server.content = CONTENT[:-1] + b"!"
    with pytest.raises(InputError, match=f"words.bin has sha256 [0-9a-f]+, not {SHA256}: it was damaged or another"):
        fetch(wanted, tmp_path, plain_http_to=LOCAL)
    assert not (tmp_path / "words.bin").exists() and not (tmp_path / "words.bin.part").exists()
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    with pytest.raises(InputError, match=f"not {md5}"):
        fetch(Download(server.url, "words.bin", hash=f"md5:{md5}"), tmp_path, plain_http_to=LOCAL)
    server.content = CONTENT
    assert fetch(Download(server.url, "words.bin", hash=f"md5:{md5}"), tmp_path, plain_http_to=LOCAL).exists()


def test_where_no_hash_is_stated_the_first_is_kept(server: Server, tmp_path: Path) -> None:
    path = fetch(Download(server.url, "words.bin"), tmp_path, plain_http_to=LOCAL)
    assert (tmp_path / "words.bin.sha256").read_text() == f"{SHA256}\n"
    path.write_bytes(CONTENT[:-1] + b"!")  # a disk that forgets
    with pytest.raises(InputError, match=f"not {SHA256}"):
        fetch(Download(server.url, "words.bin"), tmp_path, plain_http_to=LOCAL)
    assert fetch(Download(server.url, "words.bin"), tmp_path, plain_http_to=LOCAL).read_bytes() == CONTENT


@pytest.mark.parametrize("to", ["http://example.com/words.bin", "ftp://127.0.0.1/words.bin", "file:///etc/passwd"])
def test_only_https_is_followed(server: Server, tmp_path: Path, to: str) -> None:
    server.moved_to = to
    moved = Download(server.url.replace("words.bin", "moved"), "words.bin")
    with pytest.raises(InputError, match=f"127.0.0.1 redirects to {to}, which is not https|'{to}' is not allowed"):
        fetch(moved, tmp_path, plain_http_to=LOCAL)
    assert names(tmp_path) == set()
    server.moved_to = server.url
    assert fetch(moved, tmp_path, plain_http_to=LOCAL).read_bytes() == CONTENT


def test_plain_http_is_for_those_named(server: Server, wanted: Download, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not https"):
        fetch(wanted, tmp_path)
    assert server.ranges == []


def test_nothing_there(server: Server, tmp_path: Path) -> None:
    gone = server.url.replace("words.bin", "gone")
    with pytest.raises(InputError, match="gone cannot be downloaded: the server answers 404 Not Found"):
        fetch(Download(gone, "words.bin"), tmp_path, plain_http_to=LOCAL)
    server.shutdown()
    server.server_close()
    with pytest.raises(InputError, match="127.0.0.1 cannot be reached"):
        fetch(Download(server.url, "words.bin"), tmp_path, plain_http_to=LOCAL)


def test_a_folder_that_cannot_be_written(server: Server, wanted: Download, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written .*: name another folder in SEMSEARCH_CACHE"):
        fetch(wanted, tmp_path / "file", plain_http_to=LOCAL)


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="to the superuser no folder is read-only")
def test_a_folder_that_may_not_be_written(server: Server, wanted: Download, tmp_path: Path) -> None:
    sealed = tmp_path / "sealed"
    sealed.mkdir(mode=0o500)
    with pytest.raises(InputError, match="cannot be written .Permission denied"):
        fetch(wanted, sealed, plain_http_to=LOCAL)


def test_the_cache_is_where_people_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEMSEARCH_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("SEMSEARCH_CACHE")
    monkeypatch.setattr(download.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "semsearch"


def test_from_a_public_set_to_a_search(
    server: Server, run: Run, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A zip of two sizes, as Stanford has it: fetched, verified, and one of them read inside it."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tiny.2d.txt", "king 1 0\nqueen 0.9 0.1\nbread 0 1\n")
        archive.writestr("tiny.3d.txt", "king 1 0 0\n")
    server.content = held.getvalue()
    sha256 = hashlib.sha256(server.content).hexdigest()
    url = server.url.replace("words.bin", "tiny.zip")
    tiny = Pretrained("tiny-2", 3, 2, url, "public domain", "a test", "tiny.2d.txt", None, f"sha256:{sha256}", "us")
    monkeypatch.setattr(pretrained, "ALL", (*pretrained.ALL, tiny))
    monkeypatch.setattr(download, "fetch", partial(fetch, plain_http_to=LOCAL))
    monkeypatch.setenv("SEMSEARCH_CACHE", str(tmp_path / "cache"))
    done = run("ingest", "vectors", path, "tiny", "--from", "tiny-2", "--limit", "3")
    assert done.exit_code == 0, done.output
    assert "Licence: public domain" in done.stderr and "Imported tiny: 3 words, 2 dimensions" in done.stderr
    assert names(tmp_path / "cache") == {"tiny.zip"}
    assert run("similar", path, "tiny", "king", "-k", "1", "--csv").stdout.splitlines()[1].startswith("queen,")
    runs = run("runs", path, "1", "--json").stdout
    assert f'"sha256": "{sha256}"' in runs and '"set": "tiny-2"' in runs and '"licence": "public domain"' in runs
    assert run("ingest", "vectors", path, "tiny", "--from", "nothing").exit_code == 1
    both = run("ingest", "vectors", path, "tiny", "--from", "tiny-2", "--member", "x")
    assert both.exit_code == 1 and "leave out --format, --ids and --member" in both.stderr


def test_the_list_is_sound(run: Run) -> None:
    """Names are unique, addresses https, hashes of a length; each set says whose terms it comes under."""
    lengths = {"sha256": 64, "md5": 32}
    for one in pretrained.ALL:
        assert one.url.startswith("https://") and one.licence and one.words and one.name.endswith(f"-{one.dim}")
        assert one.member is None or one.file.endswith(".zip")
        if one.hash:
            algorithm, _, digits = one.hash.partition(":")
            assert len(digits) == lengths[algorithm] and int(digits, 16) and one.hash_source
    assert len({one.name for one in pretrained.ALL}) == len(pretrained.ALL)
    assert pretrained.find("glove-6b-100").member == "glove.6B.100d.txt"
    assert pretrained.find("glove-840b-300").member == "glove.840B.300d.txt"
    assert "glove-6b-100" in run("pretrained", "--csv").stdout
