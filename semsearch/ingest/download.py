"""Download one file over https into a cache folder: resumed after an interruption, used only once verified.

FILE.part grows during the download. FILE.part.tag holds the server's version of the file, so that the download starts
over if the file has changed (RFC 9110, If-Range). FILE appears when size and hash are right. If no hash is stated,
FILE.sha256 keeps the hash of the first download.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from semsearch import __version__
from semsearch.errors import InputError
from semsearch.records import Report, silent

MAX_TRIES = 3  # requests per call until an interrupted download is given up
TIMEOUT_SECONDS = 30  # without a byte
_CHUNK_BYTES = 1 << 18  # bytes read at a time
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True)
class Download:
    """A file to download: its address and name; its size in bytes and hash (`sha256:hex`, `md5:hex`) if known."""

    url: str
    file: str
    size: int | None = None
    hash: str | None = None


def cache_folder() -> Path:
    """The folder for downloads: $SEMSEARCH_CACHE, else the platform's folder for caches."""
    folder = os.environ.get("SEMSEARCH_CACHE")
    if folder:
        return Path(folder)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "semsearch" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "semsearch"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "semsearch"


def fetch(
    wanted: Download, folder: Path | None = None, *, plain_http_to: Sequence[str] = (), report: Report = silent
) -> Path:
    """The path of the file in the folder, downloaded if missing and verified. `report` gets (bytes so far, all bytes).

    Raises InputError for an address or redirect that is not https (except to the hosts in `plain_http_to`), a server
    that cannot be reached or lacks the file, an interrupted download, a wrong size or hash, and a folder that cannot be
    written. What has been downloaded is kept for the next call.
    """
    folder = folder or cache_folder()
    path = folder / wanted.file
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _check_scheme(wanted.url, plain_http_to)
            part = _Part(wanted, folder / f"{wanted.file}.part", build_opener(_HttpsOnly(plain_http_to)), report)
            part.complete()
            _verify(replace(wanted, size=part.total), part.path, path)
            part.tag.unlink(missing_ok=True)
            os.replace(part.path, path)
        else:
            _verify(wanted, path, path)
    except OSError as error:
        if isinstance(error, URLError):
            raise InputError(f"{_host(wanted.url)} cannot be reached ({error.reason}): try again later") from error
        raise InputError(
            f"{folder} cannot be written ({error.strerror or error}): name another folder in SEMSEARCH_CACHE"
        ) from error
    return path


class _Part:
    """A download in progress."""

    def __init__(self, wanted: Download, path: Path, opener: OpenerDirector, report: Report) -> None:
        self.wanted, self.path, self.opener, self.report = wanted, path, opener, report
        self.tag = path.with_name(f"{path.name}.tag")
        self.total = wanted.size

    @property
    def size(self) -> int:
        """Bytes downloaded so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def complete(self) -> None:
        """Download what is missing, in up to MAX_TRIES requests."""
        reason = ""
        for _ in range(MAX_TRIES):
            if self.total is not None and self.size == self.total:
                return
            try:
                self._request_rest()
                if self.total is None or self.size >= self.total:
                    return
            except (HTTPException, ConnectionError, TimeoutError) as error:
                reason = f" ({type(error).__name__})"
        size = f"{self.size:,} of {self.total:,} bytes" if self.total else f"{self.size:,} bytes"
        raise InputError(
            f"The download of {self.wanted.file} was interrupted after {size}{reason}: repeat the command to resume it"
        )

    def _request_rest(self) -> None:
        """One request for the missing bytes."""
        done = self.size
        headers = {"User-Agent": f"semsearch/{__version__}", "Accept-Encoding": "identity"}
        if done:
            headers["Range"] = f"bytes={done}-"
            if self.tag.exists():
                headers["If-Range"] = self.tag.read_text()
        try:
            response = self.opener.open(Request(self.wanted.url, headers=headers), timeout=TIMEOUT_SECONDS)
        except HTTPError as error:
            with error:
                if error.code == 416 and done:
                    self._at_end(error.headers.get("Content-Range", ""), done)
                    return
            raise InputError(
                f"{self.wanted.url} cannot be downloaded: the server answers {error.code} {error.reason}"
            ) from error
        with response:
            self._save(response, done)

    def _at_end(self, content_range: str, done: int) -> None:
        """The server has no more bytes: the download is complete, or it is of another version and starts over."""
        if content_range == f"bytes */{done}":
            self.total = done
        else:
            self.path.unlink()
            self._request_rest()

    def _save(self, response: Any, done: int) -> None:
        match = _RANGE.fullmatch(response.headers.get("Content-Range", "")) if response.status == 206 else None
        is_resumed = match is not None and int(match[1]) == done
        length = response.headers.get("Content-Length")
        if not is_resumed:
            tag = response.headers.get("ETag") or response.headers.get("Last-Modified")
            self.tag.unlink(missing_ok=True)
            if tag and not tag.startswith("W/"):  # a weak tag does not guarantee equal bytes
                self.tag.write_text(tag)
            done = 0
        if length:
            self.total = done + int(length)
        with self.path.open("ab" if is_resumed else "wb") as file:
            while content := response.read(_CHUNK_BYTES):
                file.write(content)
                done += len(content)
                self.report(done, self.total or 0)


class _HttpsOnly(HTTPRedirectHandler):
    """Follows redirects to https only."""

    def __init__(self, plain_http_to: Sequence[str]) -> None:
        self.plain_http_to = plain_http_to

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        _check_scheme(newurl, self.plain_http_to, f"{_host(req.full_url)} redirects to {newurl}, which")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_scheme(url: str, plain_http_to: Sequence[str], subject: str = "") -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in plain_http_to):
        raise InputError(f"{subject or url} is not https, so nothing was downloaded: give an https address")


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _verify(wanted: Download, content: Path, path: Path) -> None:
    """Raise InputError for a wrong size or hash, and delete the file. If no hash is known, keep this one."""
    hash_file = path.with_name(f"{path.name}.sha256")
    stated = wanted.hash or (f"sha256:{hash_file.read_text().strip()}" if hash_file.exists() else None)
    algorithm, _, expected = (stated or "sha256:").partition(":")
    size = content.stat().st_size
    actual = _digest(content, algorithm)
    fault = None
    if wanted.size is not None and size != wanted.size:
        fault = f"{size:,} bytes, not {wanted.size:,}"
    elif expected and actual != expected:
        fault = f"{algorithm} {actual}, not {expected}"
    if fault:
        content.unlink()
        raise InputError(
            f"{wanted.file} has {fault}: it was damaged or another file, and was deleted; repeat the command"
        )
    if stated is None:
        hash_file.write_text(f"{actual}\n")


def _digest(path: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while content := file.read(1 << 20):
            digest.update(content)
    return digest.hexdigest()
