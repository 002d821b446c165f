"""Fetching one file over https into a folder that keeps it: goes on where it was cut, and is used only when verified.

FILE.part grows while bytes come; FILE.part.tag is what the server calls that version, so that a file which has changed
meanwhile begins anew (RFC 9110, If-Range). FILE appears when its size and hash are right. Where nobody states a hash,
FILE.sha256 keeps that of the first download.
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

TRIES = 3  # times a cut download goes on by itself; after that, whoever asked decides
TIMEOUT = 30  # seconds without a byte
_CHUNK = 1 << 18
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True)
class Download:
    """A file to fetch: its address and name, and its size in bytes and hash (`sha256:hex`, `md5:hex`) where known."""

    url: str
    file: str
    size: int | None = None
    hash: str | None = None


def cache_folder() -> Path:
    """Where downloads are kept: $SEMSEARCH_CACHE, else the platform's folder for caches."""
    named = os.environ.get("SEMSEARCH_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "semsearch" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "semsearch"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "semsearch"


def fetch(
    wanted: Download, folder: Path | None = None, *, plain_http_to: Sequence[str] = (), report: Report = silent
) -> Path:
    """The file in the folder, downloaded if it is not there, verified either way. `report` gets bytes so far and all.

    Raises InputError for an address or a redirect that is not https (`plain_http_to` names hosts that may do without),
    a server that cannot be reached or does not have it, a download that stays cut, a wrong size or hash, and a folder
    that cannot be written. What has come so far stays, for the next time.
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
            raise InputError(f"{_host(wanted.url)} cannot be reached: {error.reason}; try again later") from error
        raise InputError(
            f"{folder} cannot keep the download: {error.strerror or error}; name another folder in SEMSEARCH_CACHE"
        ) from error
    return path


class _Part:
    """A download under way."""

    def __init__(self, wanted: Download, path: Path, opener: OpenerDirector, report: Report) -> None:
        self.wanted, self.path, self.opener, self.report = wanted, path, opener, report
        self.tag = path.with_name(f"{path.name}.tag")
        self.total = wanted.size

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return self.path.stat().st_size if self.path.exists() else 0

    def complete(self) -> None:
        """Fetch what is missing, going on a few times where it is cut."""
        why = ""
        for _ in range(TRIES):
            if self.total is not None and self.size == self.total:
                return
            try:
                self._go_on()
                if self.total is None or self.size >= self.total:
                    return
            except (HTTPException, ConnectionError, TimeoutError) as error:
                why = f" ({type(error).__name__})"
        said = f"{self.size:,} of {self.total:,} bytes" if self.total else f"{self.size:,} bytes"
        raise InputError(f"The download of {self.wanted.file} was cut after {said}{why}: ask again, and it goes on")

    def _go_on(self) -> None:
        """One request for the rest."""
        done = self.size
        headers = {"User-Agent": f"semsearch/{__version__}", "Accept-Encoding": "identity"}
        if done:
            headers["Range"] = f"bytes={done}-"
            if self.tag.exists():
                headers["If-Range"] = self.tag.read_text()
        try:
            answer = self.opener.open(Request(self.wanted.url, headers=headers), timeout=TIMEOUT)
        except HTTPError as error:
            with error:
                if error.code == 416 and done:
                    self._beyond(error.headers.get("Content-Range", ""), done)
                    return
            raise InputError(f"{self.wanted.url} answers {error.code} {error.reason}: it cannot be fetched") from error
        with answer:
            self._take(answer, done)

    def _beyond(self, range_said: str, done: int) -> None:
        """There is nothing after what has come: it is all there is, or of another version and of no use."""
        if range_said == f"bytes */{done}":
            self.total = done
        else:
            self.path.unlink()
            self._go_on()

    def _take(self, answer: Any, done: int) -> None:
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", "")) if answer.status == 206 else None
        goes_on = found is not None and int(found[1]) == done
        length = answer.headers.get("Content-Length")
        if not goes_on:
            tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
            self.tag.unlink(missing_ok=True)
            if tag and not tag.startswith("W/"):  # a weak tag cannot vouch for bytes
                self.tag.write_text(tag)
            done = 0
        if length:
            self.total = done + int(length)
        with self.path.open("ab" if goes_on else "wb") as file:
            while content := answer.read(_CHUNK):
                file.write(content)
                done += len(content)
                self.report(done, self.total or 0)


class _HttpsOnly(HTTPRedirectHandler):
    """Follows redirects to https alone."""

    def __init__(self, plain_http_to: Sequence[str]) -> None:
        self.plain_http_to = plain_http_to

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        _check_scheme(newurl, self.plain_http_to, f"{_host(req.full_url)} sends on to ")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_scheme(url: str, plain_http_to: Sequence[str], before: str = "") -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in plain_http_to):
        raise InputError(
            f"{before}{url}: not https, so nobody vouches for what it sends; nothing was fetched from there"
        )


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _verify(wanted: Download, content: Path, path: Path) -> None:
    """InputError for a wrong size or hash, what was wrong taken away. Where no hash is known the first is kept."""
    noted = path.with_name(f"{path.name}.sha256")
    stated = wanted.hash or (f"sha256:{noted.read_text().strip()}" if noted.exists() else None)
    algorithm, _, expected = (stated or "sha256:").partition(":")
    size = content.stat().st_size
    found = _digest(content, algorithm)
    fault = None
    if wanted.size is not None and size != wanted.size:
        fault = f"{size:,} bytes, not {wanted.size:,}"
    elif expected and found != expected:
        fault = f"{algorithm} {found}, not {expected}"
    if fault:
        content.unlink()
        raise InputError(f"{wanted.file} has {fault}: it is damaged, or another file; it was removed, so ask again")
    if stated is None:
        noted.write_text(f"{found}\n")


def _digest(path: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while content := file.read(1 << 20):
            digest.update(content)
    return digest.hexdigest()
