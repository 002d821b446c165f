"""Power failures: states that a crash during a writing verb can leave are opened. Each must be the old or the new one.

The verb runs with record.c preloaded, which records writes and syncs of the database and its log. A crash keeps what
was synced; of what was written since the last sync of a file each write is kept, lost, or torn at a sector. So a state
is a prefix of the record with some choice of these.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from semsearch.errors import SemsearchError
from tests.torture.state import Digest, Torn, digest_of

SECTOR = 512
SOURCE = Path(__file__).parent / "record.c"
_HEAD = struct.Struct("=cIqQ")


@dataclass(frozen=True)
class Write:
    """One recorded change of a file: `op` as in record.c."""

    op: str
    path: str
    offset: int
    data: bytes


@dataclass
class Outcome:
    """How many states were opened, how many of them were the old and the new one, and what was wrong with others."""

    states: int = 0
    old: int = 0
    new: int = 0
    faults: tuple[str, ...] = ()

    def judged(self, database: Path, old: Digest, new: Digest) -> tuple[Digest | None, str | None]:
        """Count the state of a database; its digest if it can be read, and what is wrong with it."""
        self.states += 1
        try:
            seen = digest_of(database)
        except (Torn, SemsearchError) as error:
            return None, str(error)
        self.old += seen == old
        self.new += seen == new
        return seen, None if seen in (old, new) else "neither the old nor the new state"


def compiled(folder: Path) -> Path | None:
    """The library to preload; None on a machine without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "record.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl", "-lpthread"], check=True)
    return library


def record(library: Path, database: Path, arguments: Sequence[str]) -> list[Write]:
    """Run a command of semsearch and return what it wrote to the database and its log, in order."""
    log = database.with_name("record.bin")
    log.unlink(missing_ok=True)
    told = {"LD_PRELOAD": str(library), "TORTURE_PREFIX": str(database), "TORTURE_LOG": str(log)}
    command = [sys.executable, "-m", "semsearch", *arguments]
    subprocess.run(command, env=os.environ | told, check=True, capture_output=True)
    return list(_read(log.read_bytes()))


def _read(content: bytes) -> Iterator[Write]:
    at = 0
    while at < len(content):
        op, name, offset, length = _HEAD.unpack_from(content, at)
        at += _HEAD.size
        path = content[at : at + name].decode()
        at += name
        yield Write(op.decode(), path, offset, content[at : at + length])
        at += length


class Files:
    """The bytes of some files, changed as recorded."""

    def __init__(self, content: dict[str, bytes]) -> None:
        self.content = {path: bytearray(data) for path, data in content.items()}

    def apply(self, write: Write, *, keep: int | None = None) -> None:
        """Apply a change; of a write only its first `keep` bytes if given."""
        if write.op == "u":
            self.content.pop(write.path, None)
        elif write.op == "r":
            self.content[write.data.decode()] = self.content.pop(write.path, bytearray())
        elif write.op == "t":
            held = self.content.setdefault(write.path, bytearray())
            del held[write.offset :]
            held.extend(bytes(write.offset - len(held)))
        elif write.op == "w":
            held = self.content.setdefault(write.path, bytearray())
            data = write.data if keep is None else write.data[:keep]
            held.extend(bytes(max(0, write.offset + len(data) - len(held))))
            held[write.offset : write.offset + len(data)] = data

    def copy(self) -> Files:
        """The same bytes, to be changed apart."""
        return Files({path: bytes(data) for path, data in self.content.items()})

    def write_to(self, folder: Path, database: Path) -> Path:
        """Write the files beside each other into a folder; the path of the database there."""
        for old in folder.iterdir():
            old.unlink()
        for path, data in self.content.items():
            (folder / Path(path).name).write_bytes(bytes(data))
        return folder / database.name


class Disk:
    """What is on the disk for certain, and the changes since the last sync of their file."""

    def __init__(self, before: dict[str, bytes]) -> None:
        self.synced = Files(before)
        self.pending: list[Write] = []

    def follow(self, write: Write) -> None:
        """Take in one recorded change. Changes of the folder count as done at once, with all that is pending."""
        if write.op not in "urs":
            self.pending.append(write)
            return
        done = [each for each in self.pending if write.op != "s" or each.path == write.path]
        for each in done:
            self.synced.apply(each)
        self.pending = [each for each in self.pending if each not in done]
        if write.op != "s":
            self.synced.apply(write)

    def crashed(self, kind: str, rng: random.Random) -> Files:
        """A state after a crash now: with `all`, `none` or `some` of the pending changes, some of those torn."""
        state = self.synced.copy()
        for each in self.pending:
            fate = kind if kind != "some" else rng.choice(("all", "none", "torn"))
            if fate == "all":
                state.apply(each)
            elif fate == "torn" and each.op == "w" and len(each.data) > SECTOR:
                state.apply(each, keep=SECTOR * rng.randrange(1, len(each.data) // SECTOR + 1))
        return state


def states(before: dict[str, bytes], writes: Sequence[Write], seed: int, count: int) -> Iterator[Files]:
    """`count` states that a crash could leave, spread over the record, a third of each kind of `Disk.crashed`."""
    rng = random.Random(seed)
    disk, at = Disk(before), 0
    for number, point in enumerate(sorted(rng.randrange(len(writes) + 1) for _ in range(count))):
        for write in writes[at:point]:
            disk.follow(write)
        at = point
        yield disk.crashed(("all", "none", "some")[number % 3], rng)


def crash(folder: Path, database: Path, arguments: Sequence[str], *, seed: int, count: int) -> Outcome:
    """Record one verb on a database, then open `count` states of a crash during it."""
    library = compiled(folder)
    if library is None:
        raise SemsearchError("A C compiler is needed to record writes")
    before = {str(path): path.read_bytes() for path in _files_of(database)}
    old = digest_of(database)
    writes = record(library, database, arguments)
    new = digest_of(database)
    place = folder / "crashed"
    place.mkdir(exist_ok=True)
    outcome, faults = Outcome(), []
    for number, state in enumerate(states(before, writes, seed, count)):
        _, fault = outcome.judged(state.write_to(place, database), old, new)
        if fault:
            faults.append(f"{arguments[0]}, seed {seed}, state {number}: {fault}")
    outcome.faults = tuple(faults)
    return outcome


def _files_of(database: Path) -> list[Path]:
    return [path for path in (database, database.with_name(database.name + "-wal")) if path.exists()]
