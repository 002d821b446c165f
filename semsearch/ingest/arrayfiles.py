"""Vectors in the files of arrays and tables: numpy's .npy with a file of ids, our .npz, Parquet, llm's embeddings.db.

None of them is ever unpickled.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from semsearch.errors import CapabilityError, InputError
from semsearch.ingest.vectorfiles import ROWS, Block, Source
from semsearch.storage.llmfile import LlmFile

KEY_NAMES = ("id", "key", "word", "token", "name")  # how a column of keys may be called, best first


def read_npy(path: str, ids: str | None) -> Source:
    """A matrix (n, dim) of numbers, and its n ids in order: a text file, one to a line, or a JSON array."""
    ids = ids or _ids_beside(path)
    try:
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise InputError(f"{path} is no .npy file of plain numbers ({error}): Python objects are never read") from error
    _check_matrix(matrix.shape, matrix.dtype, path)
    keys = _read_ids(ids)
    if len(keys) != len(matrix):
        raise InputError(f"{path} has {len(matrix):,} rows, {ids} {len(keys):,} ids: there must be one for each")

    def blocks() -> Iterator[Block]:
        for at in range(0, len(matrix), ROWS):
            yield Block(keys[at : at + ROWS], np.asarray(matrix[at : at + ROWS], np.float32))

    return Source("npy", matrix.shape[1], len(matrix), blocks())


def _ids_beside(path: str) -> str:
    stem = path.removesuffix(".npy")
    for end in (".ids.txt", ".ids.json"):
        if os.path.isfile(stem + end):
            return stem + end
    raise InputError(f"{path} has no ids beside it ({os.path.basename(stem)}.ids.txt or .json): give --ids FILE")


def _read_ids(path: str) -> Sequence[str]:
    if not os.path.isfile(path):
        raise InputError(f"There is no file {path}, which should hold the ids")
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            if path.lower().endswith(".json"):
                found = json.load(file)
                if not isinstance(found, list):
                    raise InputError(f"{path} is not a JSON array of ids")
                return [str(key) for key in found]
            return [line.removesuffix("\n") for line in file]
    except ValueError as error:
        raise InputError(f"{path} is not UTF-8 {'JSON' if path.endswith('.json') else 'text'}: {error}") from error


def _check_matrix(shape: Sequence[int], dtype: np.dtype[Any], name: str) -> None:
    if len(shape) != 2 or dtype.kind not in "fiu" or not shape[1]:
        raise InputError(f"{name} is {dtype} of shape {tuple(shape)}: vectors are one matrix of numbers, (items, dim)")


def read_npz(path: str) -> Source:
    """`ids` (n,) and `vectors` (n, dim) of one .npz file, as our export writes it."""
    stack = ExitStack()
    try:
        archive = stack.enter_context(zipfile.ZipFile(path))
        missing = [name for name in ("ids", "vectors") if f"{name}.npy" not in archive.namelist()]
        if missing:
            held = ", ".join(name.removesuffix(".npy") for name in archive.namelist())
            raise InputError(f"{path} has no array {' and '.join(missing)}: it has {held or 'none'}")
        ids, vectors = (_Array(stack.enter_context(archive.open(f"{name}.npy")), path) for name in ("ids", "vectors"))
    except zipfile.BadZipFile as error:
        stack.close()
        raise InputError(f"{path} is no .npz file, or cut short ({error}): fetch it again") from error
    except BaseException:
        stack.close()
        raise
    _check_matrix(vectors.shape, vectors.dtype, path)
    if len(ids.shape) != 1 or ids.shape[0] != vectors.shape[0] or ids.dtype.kind not in "Uiu":
        raise InputError(f"{path} has ids of shape {ids.shape} ({ids.dtype}) for vectors of shape {vectors.shape}")

    def blocks() -> Iterator[Block]:
        with stack:
            for at in range(0, vectors.shape[0], ROWS):
                n = min(ROWS, vectors.shape[0] - at)
                yield Block([str(key) for key in ids.take(n).tolist()], vectors.take(n).astype(np.float32))

    return Source("npz", vectors.shape[1], vectors.shape[0], blocks())


class _Array:
    """An .npy inside an archive, read from its beginning on, row by row."""

    def __init__(self, stream: Any, name: str) -> None:
        self.stream: BinaryIO = stream
        self.name = name
        try:
            version = np.lib.format.read_magic(self.stream)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            self.shape, by_column, self.dtype = read(self.stream)
        except ValueError as error:
            raise InputError(f"{name} holds no array as numpy writes it ({error})") from error
        if by_column and len(self.shape) > 1:
            raise InputError(f"{name} has its matrix column by column: np.ascontiguousarray it before saving")
        if self.dtype.hasobject:
            raise InputError(f"{name} holds Python objects, which are never read: save ids as text, not as objects")

    def take(self, n: int) -> npt.NDArray[Any]:
        """The next n rows."""
        shape = (n, *self.shape[1:])
        wanted = int(np.prod(shape)) * self.dtype.itemsize
        try:
            content = self.stream.read(wanted)
        except (zipfile.BadZipFile, EOFError) as error:
            raise InputError(f"{self.name} is damaged ({error}): fetch it again") from error
        if len(content) < wanted:
            raise InputError(f"{self.name} is cut short: fetch it again")
        return np.frombuffer(content, self.dtype).reshape(shape)


def pyarrow(what: str) -> Any:
    """pyarrow's Parquet module; CapabilityError in one line without it."""
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise CapabilityError(f"{what} needs pyarrow: pip install 'semsearch[parquet]'") from error
    return parquet


def read_parquet(path: str) -> Source:
    """One column of keys and one of lists of numbers, whatever they are called."""
    parquet = pyarrow("Reading .parquet")
    import pyarrow as pa

    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is no Parquet file, or cut short ({str(error).splitlines()[0]})") from error
    keys, vectors = _columns(pa, file.schema_arrow, path)
    dim = 0
    first = next(file.iter_batches(1, columns=[vectors]), None)
    if first is not None and len(first) and first.column(0)[0].is_valid:
        dim = len(first.column(0)[0])
    if not dim:
        file.close()
        raise InputError(f"{path} holds no vector")

    def blocks() -> Iterator[Block]:
        row = 1
        with file:
            for batch in file.iter_batches(ROWS, columns=[keys, vectors]):
                yield Block(_texts(batch.column(keys)), _matrix(batch.column(vectors), dim, path, row))
                row += len(batch)

    return Source("parquet", dim, file.metadata.num_rows, blocks())


def _columns(pa: Any, schema: Any, path: str) -> tuple[str, str]:
    """The names of the columns of keys and of vectors. InputError where there is none, or more than one could be."""
    types = pa.types
    lists = [field.name for field in schema if types.is_list(field.type) or types.is_fixed_size_list(field.type)]
    plain = [
        field.name
        for field in schema
        if types.is_string(field.type) or types.is_large_string(field.type) or types.is_integer(field.type)
    ]
    named = [name for wanted in KEY_NAMES for name in plain if name.lower() == wanted] or plain
    if len(lists) != 1 or not named:
        said = ", ".join(f"{field.name} ({field.type})" for field in schema)
        raise InputError(f"{path} has the columns {said}: one of lists of numbers and one of keys are needed")
    return named[0], lists[0]


def _texts(column: Any) -> list[str]:
    return ["" if key is None else str(key) for key in column.to_pylist()]


def _matrix(column: Any, dim: int, path: str, row: int) -> npt.NDArray[np.float32]:
    flat = column.flatten()
    if column.null_count or len(flat) != len(column) * dim or not _even(column, dim):
        at = next(at for at, one in enumerate(column) if not one.is_valid or len(one) != dim)
        found = len(column[at]) if column[at].is_valid else 0
        raise InputError(f"Row {row + at:,} of {path} has {found:,} numbers, not {dim:,}")
    return flat.to_numpy(zero_copy_only=False).astype(np.float32).reshape(-1, dim)


def _even(column: Any, dim: int) -> bool:
    """Whether every list of a column has this length."""
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    return bool((lengths == dim).all())


def read_llm(path: str, member: str | None) -> Source:
    """One collection of llm's embeddings.db."""
    file = LlmFile(path)
    try:
        name = file.choose(member)
        first = next(file.rows(name, 1), None)
        dim = len(first[1][0]) // 4 if first else 0
        if not dim:
            raise InputError(f"The collection {name} of {path} holds no vector")
        total = file.count(name)
    except BaseException:
        file.close()
        raise

    def blocks() -> Iterator[Block]:
        row = 1
        try:
            for keys, blobs in file.rows(name, ROWS):
                for at, blob in enumerate(blobs):
                    if len(blob) != 4 * dim:
                        found = f"{len(blob):,} bytes, not {4 * dim:,} ({dim:,} numbers)"
                        raise InputError(f"Row {row + at:,} of {path} ({keys[at]!r}) has {found}")
                yield Block(keys, np.frombuffer(b"".join(blobs), "<f4").reshape(-1, dim))
                row += len(keys)
        finally:
            file.close()

    return Source("llm", dim, total, blocks())
