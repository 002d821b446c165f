"""Vectors made elsewhere become a collection of words: read block by block, checked, and written in one transaction."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import platform
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, BinaryIO, cast

import numpy as np

from semsearch import __version__
from semsearch.errors import InputError
from semsearch.ingest.arrayfiles import read_llm, read_npy, read_npz, read_parquet
from semsearch.ingest.vectorfiles import Block, Source, read_words
from semsearch.records import Collection, Report, Run, silent
from semsearch.storage import vector_import, vectors
from semsearch.storage.connect import transaction
from semsearch.storage.datasets import now
from semsearch.storage.driver import Connection
from semsearch.storage.vector_import import Incoming

STDIN = "standard input"
FORMATS = ("text", "bin", "npy", "npz", "parquet", "llm")
_SUFFIXES = {".npy": "npy", ".npz": "npz", ".parquet": "parquet", ".db": "llm", ".sqlite": "llm"}
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_REASONS = {
    "repeated": "their word stood before, and the first counts ({!r})",
    "zero": "vectors of zeros point nowhere ({!r})",
    "without_word": "no word stands before their numbers",
}
_TINY = 1e-12  # a vector shorter than this points nowhere


@dataclass(frozen=True)
class VectorSource:
    """What to read: the file or - for standard input, and where its name does not say enough, the format, the member of
    a zip or the collection of an llm database, the file of ids, and how many rows at most."""

    path: str
    format: str | None = None
    member: str | None = None
    ids: str | None = None
    limit: int | None = None

    @property
    def said(self) -> str:
        """What to call the source in messages."""
        return STDIN if self.path == "-" else self.path

    def facts(self) -> dict[str, Any]:
        """What a run remembers of it; a pipe can be read only once, so that its hash is not known."""
        sha256 = sha256_of(self.path) if os.path.isfile(self.path) else None
        return {"source": os.path.basename(self.said), "limit": self.limit, "member": self.member, "sha256": sha256}


@dataclass(frozen=True)
class Imported:
    """What an import made, and what is worth saying about it."""

    collection: Collection
    run: Run
    remarks: tuple[str, ...]


@contextmanager
def opened(asked: VectorSource) -> Iterator[Source]:
    """The vectors of a file. Raises InputError in one line for what is not there or cannot be read."""
    path = asked.path
    if path != "-" and (not os.path.exists(path) or os.path.isdir(path)):
        raise InputError(
            f"There is no file {path}: check the path, or `semsearch pretrained` lists what --from fetches"
        )
    format = asked.format or _SUFFIXES.get(os.path.splitext(path)[1].lower())
    readers: Mapping[str, Callable[[], Source]] = {
        "npy": lambda: read_npy(path, asked.ids),
        "npz": lambda: read_npz(path),
        "parquet": lambda: read_parquet(path),
        "llm": lambda: read_llm(path, asked.member),
    }
    with ExitStack() as stack:
        with _explained(asked.said):
            if format is not None and format in readers:
                source = readers[format]()
            else:
                raw = _standard_input(stack) if path == "-" else stack.enter_context(open(path, "rb"))
                source = read_words(*_unpacked(raw, asked, stack), format, asked.limit)
        stack.callback(getattr(source.blocks, "close", lambda: None))
        yield source


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """What the readers of packed files raise, as InputError."""
    try:
        yield
    except EOFError as error:
        raise InputError(f"{path} is cut short: its packed data breaks off; fetch it again") from error
    except (zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged, or not what its name says ({error}): fetch it again") from error
    except NotImplementedError as error:  # what zipfile raises for a method of packing that it does not know
        raise InputError(f"{path} is packed in a way that Python does not read ({error}): unpack it first") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}; check its permissions") from error


def _standard_input(stack: ExitStack) -> io.BufferedReader:
    raw = io.BufferedReader(cast(Any, sys.stdin.buffer))
    stack.callback(raw.detach)  # else dropping the buffer closes standard input
    return raw


def _unpacked(raw: io.BufferedReader, asked: VectorSource, stack: ExitStack) -> tuple[BinaryIO, str]:
    """The stream of words inside a file, whether plain, gzip or a member of a zip, and what to call it."""
    path, member = asked.said, asked.member
    start = raw.peek(4)[:4]
    if start.startswith(_GZIP):
        return io.BufferedReader(cast(Any, stack.enter_context(gzip.GzipFile(fileobj=raw)))), path
    if start != _ZIP:
        return raw, path
    archive = stack.enter_context(zipfile.ZipFile(raw))
    names = [info.filename for info in archive.infolist() if not info.is_dir() and "__MACOSX" not in info.filename]
    if member is None and len(names) != 1:
        raise InputError(f"{path} holds {', '.join(names) or 'no file'}: say which to read with --member")
    chosen = member or names[0]
    if chosen not in names:
        raise InputError(f"{path} has no member {chosen!r}: it holds {', '.join(names)}")
    if archive.getinfo(chosen).flag_bits & 1:
        raise InputError(f"{chosen} in {path} is encrypted: unpack it first")
    return io.BufferedReader(cast(Any, stack.enter_context(archive.open(chosen)))), f"{chosen} in {path}"


def sha256_of(path: str) -> str:
    """The SHA-256 of a file, 64 hex digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while content := file.read(1 << 20):
            digest.update(content)
    return digest.hexdigest()


def load_vectors(
    db: Connection,
    name: str,
    asked: VectorSource,
    *,
    facts: Mapping[str, Any] | None = None,
    report: Report = silent,
) -> Imported:
    """Make the collection `name` of the vectors of a file, replacing an earlier import of that name.

    All is one transaction: any error, or Ctrl-C, leaves the file as it was. A word that stands again is left out, and
    so is a vector of zeros, which points nowhere. `facts` join the run's options. Raises InputError for what cannot be
    read or is not finite, with the row; NameTakenError for a name that is anything else.
    """
    if asked.limit is not None and asked.limit < 1:
        raise InputError(f"limit is {asked.limit}: at least 1 is needed")
    started, clock = now(), perf_counter()
    with opened(asked) as source, _explained(asked.said), transaction(db):
        options = {"format": source.format} | asked.facts() | dict(facts or {})
        loading = _Loading(Incoming(db, name, source.dim), asked.said)
        total = min(source.total or 0, asked.limit or source.total or 0)
        for block in _limited(source.blocks, asked.limit):
            loading.write(block)
            report(loading.rows, total)
        if not loading.into.count:
            raise InputError(f"{asked.said} holds no vector that can be searched: all are zero, or there is none")
        run = Run(
            id=0,
            dataset=loading.into.vocabulary,
            builder=vector_import.BUILDER,
            options={key: value for key, value in options.items() if value is not None},
            seed=0,
            device="cpu",
            started=started,
            seconds=round(perf_counter() - clock, 3),
            metrics=loading.metrics(),
            versions=_versions(db),
        )
        collection = loading.into.finish(run)
    return Imported(collection, run, loading.remarks())


def _limited(blocks: Iterator[Block], limit: int | None) -> Iterator[Block]:
    left = limit
    for block in blocks:
        if left is not None and len(block.keys) >= left:
            yield Block(block.keys[:left], block.vectors[:left])
            return
        yield block
        left = None if left is None else left - len(block.keys)


class _Loading:
    """Blocks on their way into a collection, with what was left out of them."""

    def __init__(self, into: Incoming, name: str) -> None:
        self.into, self.name, self.rows = into, name, 0
        self.left_out: Counter[str] = Counter()  # by reason
        self.first: dict[str, str] = {}  # the first word of each

    def write(self, block: Block) -> None:
        """Check a block and write what is new in it."""
        self._check(block)
        lengths = vectors.lengths(block.vectors).tolist()
        seen = self.into.known(block.keys)
        kept: list[int] = []
        for at, key in enumerate(block.keys):
            reason = (
                "without_word" if not key else "repeated" if key in seen else "zero" if lengths[at] <= _TINY else ""
            )
            if reason:
                self.left_out[reason] += 1
                self.first.setdefault(reason, key)
            else:
                seen.add(key)
                kept.append(at)
        if kept:
            places = [self.rows + at + 1 for at in kept]
            self.into.add([block.keys[at] for at in kept], places, block.vectors[kept])
        self.rows += len(block.keys)

    def _check(self, block: Block) -> None:
        finite = np.isfinite(block.vectors).all(axis=1)
        if not finite.all():
            at = int(np.flatnonzero(~finite)[0])
            raise InputError(
                f"Row {self.rows + at + 1:,} of {self.name} ({block.keys[at]!r}) has a number that is not finite:"
                " nothing was imported"
            )

    def metrics(self) -> dict[str, float]:
        """How many rows were read, and left out for each reason."""
        return {"rows": float(self.rows)} | {reason: float(count) for reason, count in self.left_out.items()}

    def remarks(self) -> tuple[str, ...]:
        """One line for each reason to leave rows out."""
        return tuple(
            f"Left out {count:,} of {self.rows:,} rows: {_REASONS[reason].format(self.first[reason])}"
            for reason, count in self.left_out.items()
        )


def _versions(db: Connection) -> dict[str, str]:
    ours = {"semsearch": __version__, "python": platform.python_version()}
    return ours | {"numpy": np.__version__, "sqlite-vec": vectors.vec_version(db)}
