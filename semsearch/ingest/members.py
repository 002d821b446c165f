"""Files inside files: attachments of a message, members of an archive. Each is read by the reader of its suffix.

Their names are only used as keys, below the key of the file that holds them: `../../etc/passwd` in `a.zip` is the item
`a.zip/etc/passwd`. Nothing is unpacked to a path that a name decides.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO, cast

from semsearch.errors import CapabilityError, InputError
from semsearch.ingest.base import Fault, ItemOrFault, Reader, ReadOptions, Remark, quantity, reader_for
from semsearch.ingest.front_door import decompressed, guarded, printable

MAX_DEPTH = 5  # files inside files
MAX_NAMED = 3  # members that a remark names
_TABLES = frozenset(["csv", "tsv", "json", "jsonl"])  # in mail they are read as text: their rows would have no keys


class Members:
    """The files inside one file: their keys, which are distinct, and those that are left out."""

    def __init__(self, options: ReadOptions, noun: str, *, rows_as_text: bool = False) -> None:
        self._options, self._noun, self._rows_as_text = options, noun, rows_as_text
        self._keys: Counter[str] = Counter()
        self._left_out: dict[str, list[str]] = {}

    def reader_of(self, name: str) -> Reader | None:
        """The reader of a member; None, and it is counted as left out, if it is hidden or of another format."""
        path = clean_path(name)
        if not path or any(part.startswith(".") or part == "__MACOSX" for part in path.split("/")):
            self.leave_out(name, "hidden")
            return None
        reader = reader_for(path, self._options.readers)
        if reader is None:
            self.leave_out(name, "of another format")
        elif self._rows_as_text and reader.name in _TABLES:
            return self._options.readers.get("txt")
        return reader

    def leave_out(self, name: str, reason: str) -> None:
        """Count a member that is not read."""
        self._left_out.setdefault(reason, []).append(printable(name))

    def read(self, name: str, reader: Reader, stream: BinaryIO) -> Iterator[ItemOrFault]:
        """The items of a member. What cannot be read is a Fault, so that the next member can."""
        path = clean_path(name)
        self._keys[path] += 1
        if self._keys[path] > 1:
            path = f"{path} ({self._keys[path]})"
        where = f"{path} in {self._options.name}"
        is_skipped = getattr(reader, "skips_unreadable", False)
        if self._options.depth >= MAX_DEPTH:
            message = f"{where} is a file inside more than {MAX_DEPTH} files: unpack it and ingest it apart"
            yield Fault(message, is_skipped=True)
            return
        title = os.path.splitext(os.path.basename(clean_path(name)).removesuffix(".gz"))[0]
        key, depth = f"{self._options.key}/{path}", self._options.depth + 1
        options = replace(self._options, name=where, key=key, title=title, depth=depth)
        try:
            content = decompressed(io.BufferedReader(cast(io.RawIOBase, stream)), where)
            yield from guarded(reader.read(cast(BinaryIO, content), options), where)
        except (InputError, CapabilityError) as error:
            yield Fault(str(error), is_skipped=is_skipped)

    def remarks(self) -> Iterator[Remark]:
        """What was left out, by reason."""
        for reason, names in self._left_out.items():
            more = ", …" if len(names) > MAX_NAMED else ""
            first = ", ".join(names[:MAX_NAMED]) + more
            count = quantity(len(names), self._noun)
            yield Remark(f"Left out {count} of {self._options.name} ({reason}): {first}")


def clean_path(name: str) -> str:
    """A member's name as a relative path, without root, drive and `..`."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..") and part[1:] != ":"]
    return printable("/".join(parts))[:500]


def read_members(members: Members, contents: Iterable[tuple[str, bytes]]) -> Iterator[ItemOrFault]:
    """The items of members (name, content), and what was left out."""
    for name, content in contents:
        reader = members.reader_of(name)
        if reader is not None:
            yield from members.read(name, reader, io.BytesIO(content))
    yield from members.remarks()
