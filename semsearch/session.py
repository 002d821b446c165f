"""A file opened by the Python API: one connection that reads and stays open, and a new one for each transaction."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import TypeVar

from semsearch import sqlfunctions
from semsearch.arguments import checked
from semsearch.storage import connect
from semsearch.storage.driver import Connection

Self = TypeVar("Self", bound="Opened")


class Opened:
    """One file at a path, opened when it is used; a context manager. Threads wait for each other.

    The arguments of the public methods of its subclasses are checked (semsearch.arguments).
    """

    def __init_subclass__(cls) -> None:
        """Checks the arguments of the methods that a subclass adds."""
        for name, method in vars(cls).copy().items():
            if inspect.isfunction(method) and not name.startswith("_"):
                setattr(cls, name, checked(method))

    def __init__(self, path: str, *, create: bool = False) -> None:
        self.path = path
        self._create = create
        self._lock = RLock()
        self._stack = ExitStack()
        self._reader: Connection | None = None
        self._seen: connect.FileSeen | None = None
        if not os.path.exists(path) and create:
            return
        with self._reading():
            pass  # reports now what is wrong with the file

    def __repr__(self) -> str:
        return f"semsearch.open({self.path!r})"

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. It opens again when it is used again."""
        with self._lock:
            self._reader = None
            self._stack.close()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """The connection that reads, at one state of the file.

        It is opened anew if the file at the path is another one now, or shorter: the memory map of a file that was cut
        would end the process.
        """
        with self._lock, connect.explained(self.path):
            if self._reader is not None and not connect.continues(self._seen, self.path):
                self.close()
            self._seen = connect.file_at(self.path)
            if self._reader is None:
                self._reader = self._stack.enter_context(connect.reading(self.path))
                sqlfunctions.register(self._reader)
            with connect.snapshot(self._reader):
                yield self._reader

    @contextmanager
    def _writing(self, *, up_to_date: bool = True) -> Iterator[Connection]:
        """A connection that writes. At the end the write-ahead log is moved into the file, unless a reader prevents it.

        With `up_to_date` a file of an older semsearch is upgraded first.
        """
        with self._lock, connect.writing(self.path, create=self._create, up_to_date=up_to_date) as db:
            yield db
            connect.checkpoint(db)
