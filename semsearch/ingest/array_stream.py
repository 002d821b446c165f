"""Arrays in numpy's .npy format as streams, from a file or from a member of an .npz. Nothing is ever unpickled.

A header may claim any size, so memory grows with what is there.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from semsearch.errors import InputError
from semsearch.ingest.front_door import MAX_RATIO, RATIO_BYTES, one_line, open_file, printable, read_exactly

Array = npt.NDArray[Any]
MAX_WHOLE_BYTES = 256 << 20  # bytes of an array that is held in memory, such as labels
MAX_ROW_BYTES = 64 << 20  # bytes of one row of an array


class ArrayStream:
    """One array, read row by row from its beginning. Raises InputError for what is no array of plain values."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream, self.name = stream, name
        try:
            version = np.lib.format.read_magic(stream)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            self.shape, self._by_column, self.dtype = read(stream)
        except Exception as error:  # numpy evaluates the header as Python, so anything may come
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{name} holds no array in numpy's format ({reason}): save it with numpy.savez") from error
        if self.dtype.hasobject:
            raise InputError(f"{name} holds Python objects, which are never read: save plain numbers or text")
        if min(self.shape, default=0) < 0 or self._row_bytes > MAX_ROW_BYTES:
            raise InputError(f"{name} claims the shape {self.shape} ({self.dtype}), more than an array of items has")

    @property
    def _row_bytes(self) -> int:
        return math.prod(map(int, self.shape[1:])) * self.dtype.itemsize

    @property
    def rows(self) -> int:
        """The length of the first axis, as the header claims it; 1 for a single value."""
        return int(self.shape[0]) if self.shape else 1

    def check_by_row(self) -> None:
        """Raise InputError for a matrix that is stored column by column."""
        if self._by_column and len(self.shape) > 1:
            raise InputError(
                f"{self.name} has a matrix in column order: pass it through np.ascontiguousarray before saving"
            )

    def take(self, n: int) -> Array:
        """The next n rows. Raises InputError if there are fewer."""
        with one_line(self.name):
            content = read_exactly(self._stream, n * self._row_bytes, self.name)
            return np.frombuffer(content, self.dtype).reshape((n, *self.shape[1:]))

    def skip(self, n: int) -> None:
        """Pass over n rows."""
        while n > 0:
            step = min(n, max(1, MAX_ROW_BYTES // max(self._row_bytes, 1)))
            self.take(step)
            n -= step

    def whole(self) -> Array:
        """The whole array. Raises InputError for more than MAX_WHOLE_BYTES."""
        size = self.rows * self._row_bytes
        if size > MAX_WHOLE_BYTES:
            raise InputError(f"{self.name} has {size:,} bytes: the limit is {MAX_WHOLE_BYTES >> 20} MB here")
        values = self.take(self.rows)
        if self._by_column and len(self.shape) > 1:
            return values.reshape(self.shape, order="F")
        return values.reshape(self.shape)

    def blocks(self, rows: int, size: int) -> Iterator[Array]:
        """The array in blocks of at most `rows` rows and about `size` bytes."""
        if self._by_column and len(self.shape) > 1:
            yield self.whole()
            return
        step = max(1, min(rows, size // max(self._row_bytes, 1)))
        for start in range(0, self.rows, step):
            yield self.take(min(step, self.rows - start))


class ArrayFile:
    """The arrays of an .npy file, under the name "images", or of an .npz file. A context manager."""

    def __init__(self, path: str) -> None:
        self.path = printable(path)
        self._stack = ExitStack()
        with one_line(self.path):
            try:
                self._file = self._stack.enter_context(open_file(path))
                self._archive = self._open_archive() if self._file.peek(2)[:2] == b"PK" else None
            except BaseException:
                self._stack.close()
                raise

    def _open_archive(self) -> zipfile.ZipFile:
        return self._stack.enter_context(zipfile.ZipFile(self._file))

    def __enter__(self) -> ArrayFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @property
    def is_archive(self) -> bool:
        """Whether it is an .npz file, which is a zip archive."""
        return self._archive is not None

    @property
    def names(self) -> list[str]:
        """The names of the arrays."""
        if self._archive is None:
            return ["images"]
        return [name.removesuffix(".npy") for name in self._archive.namelist() if name.endswith(".npy")]

    @contextmanager
    def open(self, name: str) -> Iterator[ArrayStream]:
        """One array from its beginning."""
        with ExitStack() as stack:
            stack.enter_context(one_line(self.path))
            if self._archive is None:
                self._file.seek(0)
                yield ArrayStream(self._file, self.path)
                return
            info = self._archive.getinfo(f"{name}.npy")
            check_member(info, os.fstat(self._file.fileno()).st_size, self.path)
            yield ArrayStream(stack.enter_context(self._archive.open(info)), f"{name} in {self.path}")

    def headers(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Shape and type of each array, as its header claims them."""
        result = {}
        for name in self.names:
            with self.open(name) as array:
                result[name] = tuple(map(int, array.shape)), array.dtype
        return result

    def whole(self, name: str) -> Array:
        """A whole array. Raises InputError for more than MAX_WHOLE_BYTES."""
        with self.open(name) as array:
            return array.whole()


def check_member(info: zipfile.ZipInfo, archive_bytes: int, name: str) -> None:
    """Raise InputError for a member of a zip archive that is encrypted or claims to unpack without measure."""
    if info.flag_bits & 1:
        raise InputError(f"{printable(info.filename)} in {name} is encrypted: unpack it first")
    packed = min(info.compress_size, archive_bytes)
    if info.file_size > RATIO_BYTES and info.file_size > MAX_RATIO * packed:
        raise InputError(
            f"{printable(info.filename)} in {name} unpacks to more than {MAX_RATIO} times its size, as only faulty or"
            " hostile files do: unpack it first if you trust it"
        )
