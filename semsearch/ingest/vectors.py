"""Vectors from other programs become a collection of words: read in blocks, checked, written in one transaction."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, BinaryIO, cast

import numpy as np

from semsearch import __version__
from semsearch.errors import InputError
from semsearch.ingest.array_stream import check_member
from semsearch.ingest.arrayfiles import read_llm, read_npy, read_npz, read_parquet
from semsearch.ingest.base import check_limit
from semsearch.ingest.front_door import STDIN, guarded, kind_of_path, one_line, opened, printable
from semsearch.ingest.vectorfiles import Block, VectorStream, read_words
from semsearch.records import Collection, Report, Run, silent
from semsearch.storage import vector_import, vectors
from semsearch.storage.connect import transaction
from semsearch.storage.datasets import now
from semsearch.storage.driver import Connection
from semsearch.storage.vector_import import Incoming

FORMATS = ("text", "bin", "npy", "npz", "parquet", "llm")
_SUFFIXES = {".npy": "npy", ".npz": "npz", ".parquet": "parquet", ".db": "llm", ".sqlite": "llm"}
_ZIP_MAGIC = b"PK\x03\x04"  # the first bytes of a zip archive
_REASONS = {  # why a row is left out, by the name of its metric
    "repeated": "their word occurs before ({!r})",
    "zero": "their vectors are zero and have no direction ({!r})",
    "without_word": "they have no word",
}
_MIN_LENGTH = 1e-12  # a shorter vector counts as zero


@dataclass(frozen=True)
class VectorSource:
    """What to read. What is None follows from the file."""

    path: str  # - for standard input
    format: str | None = None  # one of FORMATS
    member: str | None = None  # a file in a zip archive, or a collection of an llm database
    ids: str | None = None  # the file of ids of an .npy
    limit: int | None = None  # rows to read at most

    @property
    def name(self) -> str:
        """The source in messages."""
        return STDIN if self.path == "-" else printable(self.path)

    def facts(self) -> dict[str, Any]:
        """What the run stores about it. A pipe has no hash, because it can be read only once."""
        sha256 = sha256_of(self.path) if os.path.isfile(self.path) else None
        return {"source": os.path.basename(self.name), "limit": self.limit, "member": self.member, "sha256": sha256}


@dataclass(frozen=True)
class Imported:
    """The collection and run of an import, and remarks for the user."""

    collection: Collection
    run: Run
    remarks: tuple[str, ...]


@contextmanager
def open_vectors(source: VectorSource) -> Iterator[VectorStream]:
    """The vectors of a file as a stream. Raises InputError if it does not exist or cannot be read."""
    path, name = source.path, source.name
    if path != "-" and kind_of_path(path) in ("nothing", "folder"):
        raise InputError(
            f"There is no file {name}: check the path, or fetch a public set with --from (see `semsearch pretrained`)"
        )
    format = source.format or _SUFFIXES.get(os.path.splitext(path)[1].lower())
    readers: Mapping[str, Callable[[], VectorStream]] = {
        "npy": lambda: read_npy(path, source.ids),
        "npz": lambda: read_npz(path),
        "parquet": lambda: read_parquet(path),
        "llm": lambda: read_llm(path, source.member),
    }
    with ExitStack() as stack:
        with one_line(name):
            if format is not None and format in readers:
                vector_stream = readers[format]()
            else:
                raw = stack.enter_context(opened(path, is_named=True))
                vector_stream = read_words(*_word_stream(raw, source, stack), format, source.limit)
        stack.callback(getattr(vector_stream.blocks, "close", lambda: None))
        yield replace(vector_stream, blocks=guarded(vector_stream.blocks, name))


def _word_stream(raw: io.BufferedReader, source: VectorSource, stack: ExitStack) -> tuple[BinaryIO, str]:
    """The stream of words in a file, which is plain or a member of a zip archive, and its name in messages."""
    path, member = source.name, source.member
    if raw.peek(4)[:4] != _ZIP_MAGIC:
        return raw, path
    archive = stack.enter_context(zipfile.ZipFile(raw))
    names = [info.filename for info in archive.infolist() if not info.is_dir() and "__MACOSX" not in info.filename]
    if member is None and len(names) != 1:
        raise InputError(f"{path} holds {', '.join(names) or 'no file'}: choose one with --member")
    chosen = member or names[0]
    if chosen not in names:
        raise InputError(f"{path} has no member {chosen!r}: it holds {', '.join(names)}")
    check_member(archive.getinfo(chosen), os.path.getsize(source.path) if source.path != "-" else 1 << 62, path)
    return io.BufferedReader(cast(Any, stack.enter_context(archive.open(chosen)))), f"{chosen} in {path}"


def sha256_of(path: str) -> str:
    """The SHA-256 of a file as 64 hex digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while content := file.read(1 << 20):
            digest.update(content)
    return digest.hexdigest()


def load_vectors(
    db: Connection,
    name: str,
    source: VectorSource,
    *,
    facts: Mapping[str, Any] | None = None,
    report: Report = silent,
) -> Imported:
    """Make the collection `name` of the vectors of a file, replacing an earlier import of that name.

    Everything is one transaction: an error or Ctrl-C leaves the database as it was. A repeated word and a zero vector
    are left out. `facts` are added to the run's options. Raises InputError for what cannot be read and for a value that
    is not finite, with its row; NameTakenError if the name belongs to anything else.
    """
    check_limit(source.limit)
    started, clock = now(), perf_counter()
    with open_vectors(source) as stream, transaction(db):
        options = {"format": stream.format} | source.facts() | dict(facts or {})
        loading = _Loading(Incoming(db, name, stream.dim), source.name)
        total = min(stream.total or 0, source.limit or stream.total or 0)
        for block in _first_rows(stream.blocks, source.limit):
            loading.write(block)
            report(loading.rows, total)
        if not loading.into.count:
            raise InputError(f"{source.name} holds no vector with a word and a direction: ingest another file")
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
    return Imported(collection, run, (*stream.remarks, *loading.remarks()))


def _first_rows(blocks: Iterator[Block], limit: int | None) -> Iterator[Block]:
    remaining = limit
    for block in blocks:
        if remaining is not None and len(block.keys) >= remaining:
            yield Block(block.keys[:remaining], block.vectors[:remaining])
            return
        yield block
        remaining = None if remaining is None else remaining - len(block.keys)


class _Loading:
    """Writes blocks into a collection, and counts the rows that it leaves out."""

    def __init__(self, into: Incoming, name: str) -> None:
        self.into, self.name, self.rows = into, name, 0
        self.left_out: Counter[str] = Counter()  # by reason
        self.first_word: dict[str, str] = {}  # the first word left out, by reason

    def write(self, block: Block) -> None:
        """Check a block and write its new words."""
        self._check(block)
        lengths = vectors.lengths(block.vectors).tolist()
        seen = self.into.known(block.keys)
        new: list[int] = []
        for at, key in enumerate(block.keys):
            reason = (
                "without_word"
                if not key
                else "repeated"
                if key in seen
                else "zero"
                if lengths[at] <= _MIN_LENGTH
                else ""
            )
            if reason:
                self.left_out[reason] += 1
                self.first_word.setdefault(reason, key)
            else:
                seen.add(key)
                new.append(at)
        if new:
            places = [self.rows + at + 1 for at in new]
            self.into.add([block.keys[at] for at in new], places, block.vectors[new])
        self.rows += len(block.keys)

    def _check(self, block: Block) -> None:
        finite = np.isfinite(block.vectors).all(axis=1)
        if not finite.all():
            at = int(np.flatnonzero(~finite)[0])
            raise InputError(
                f"Row {self.rows + at + 1:,} of {self.name} ({block.keys[at]!r}) has a number that is not finite:"
                " fix that row; nothing was imported"
            )

    def metrics(self) -> dict[str, float]:
        """The number of rows read, and of rows left out for each reason."""
        return {"rows": float(self.rows)} | {reason: float(count) for reason, count in self.left_out.items()}

    def remarks(self) -> tuple[str, ...]:
        """One remark for each reason for which rows were left out."""
        return tuple(
            f"Left out {count:,} of {self.rows:,} rows: {_REASONS[reason].format(self.first_word[reason])}"
            for reason, count in self.left_out.items()
        )


def _versions(db: Connection) -> dict[str, str]:
    ours = {"semsearch": __version__, "python": platform.python_version()}
    return ours | {"numpy": np.__version__, "sqlite-vec": vectors.vec_version(db)}
