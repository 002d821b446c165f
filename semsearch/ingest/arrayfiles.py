"""Vectors in files of arrays and tables: numpy's .npy with a file of ids, our .npz, Parquet, llm's embeddings.db.

Nothing is ever unpickled.
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
from semsearch.ingest.vectorfiles import BLOCK_ROWS, Block, VectorStream
from semsearch.storage.llmfile import LlmFile

KEY_COLUMNS = ("id", "key", "word", "token", "name")  # usual names of the column of keys, best first


def read_npy(path: str, ids: str | None) -> VectorStream:
    """A matrix (n, dim) of numbers. Its n ids, in order, are in a text file, one per line, or in a JSON array."""
    ids = ids or _find_ids(path)
    try:
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise InputError(f"{path} is not an .npy file of plain numbers ({error}): save a matrix of numbers") from error
    _check_matrix(matrix.shape, matrix.dtype, path)
    keys = _read_ids(ids)
    if len(keys) != len(matrix):
        raise InputError(f"{path} has {len(matrix):,} rows, but {ids} has {len(keys):,} ids: give one id per row")

    def blocks() -> Iterator[Block]:
        for start in range(0, len(matrix), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            yield Block(keys[rows], np.asarray(matrix[rows], np.float32))

    return VectorStream("npy", matrix.shape[1], len(matrix), blocks())


def _find_ids(path: str) -> str:
    stem = path.removesuffix(".npy")
    for end in (".ids.txt", ".ids.json"):
        if os.path.isfile(stem + end):
            return stem + end
    raise InputError(
        f"There is no file of ids next to {path} ({os.path.basename(stem)}.ids.txt or .json): give --ids FILE"
    )


def _read_ids(path: str) -> Sequence[str]:
    if not os.path.isfile(path):
        raise InputError(f"There is no file of ids {path}: check the path after --ids")
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            if path.lower().endswith(".json"):
                ids = json.load(file)
                if not isinstance(ids, list):
                    raise InputError(f"{path} is not a JSON array of ids: write one")
                return [str(key) for key in ids]
            return [line.removesuffix("\n") for line in file]
    except ValueError as error:
        kind = "JSON" if path.endswith(".json") else "text"
        raise InputError(f"{path} is not UTF-8 {kind} ({error}): fix or convert it") from error


def _check_matrix(shape: Sequence[int], dtype: np.dtype[Any], name: str) -> None:
    if len(shape) != 2 or dtype.kind not in "fiu" or not shape[1]:
        raise InputError(f"{name} is {dtype} of shape {tuple(shape)}: a matrix of numbers (items, dim) is needed")


def read_npz(path: str) -> VectorStream:
    """The arrays `ids` (n,) and `vectors` (n, dim) of an .npz file, as `export` writes it."""
    stack = ExitStack()
    try:
        archive = stack.enter_context(zipfile.ZipFile(path))
        missing = [name for name in ("ids", "vectors") if f"{name}.npy" not in archive.namelist()]
        if missing:
            held = ", ".join(name.removesuffix(".npy") for name in archive.namelist())
            raise InputError(f"{path} has no array {' and '.join(map(repr, missing))}: it has {held or 'none'}")
        ids, vectors = (
            _ArrayStream(stack.enter_context(archive.open(f"{name}.npy")), path) for name in ("ids", "vectors")
        )
    except zipfile.BadZipFile as error:
        stack.close()
        raise InputError(f"{path} is not an .npz file, or is truncated ({error}): download it again") from error
    except BaseException:
        stack.close()
        raise
    _check_matrix(vectors.shape, vectors.dtype, path)
    if len(ids.shape) != 1 or ids.shape[0] != vectors.shape[0] or ids.dtype.kind not in "Uiu":
        raise InputError(
            f"{path} has ids of shape {ids.shape} ({ids.dtype}) for vectors of shape {vectors.shape}: give one per row"
        )

    def blocks() -> Iterator[Block]:
        with stack:
            for at in range(0, vectors.shape[0], BLOCK_ROWS):
                n = min(BLOCK_ROWS, vectors.shape[0] - at)
                yield Block([str(key) for key in ids.take(n).tolist()], vectors.take(n).astype(np.float32))

    return VectorStream("npz", vectors.shape[1], vectors.shape[0], blocks())


class _ArrayStream:
    """An .npy inside an archive, read row by row from its beginning."""

    def __init__(self, stream: Any, name: str) -> None:
        self.stream: BinaryIO = stream
        self.name = name
        try:
            version = np.lib.format.read_magic(self.stream)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            self.shape, by_column, self.dtype = read(self.stream)
        except ValueError as error:
            raise InputError(f"{name} holds no array in numpy's format ({error}): save it with numpy.savez") from error
        if by_column and len(self.shape) > 1:
            raise InputError(f"{name} has a matrix in column order: pass it through np.ascontiguousarray before saving")
        if self.dtype.hasobject:
            raise InputError(f"{name} holds Python objects, which are never read: save the ids as text")

    def take(self, n: int) -> npt.NDArray[Any]:
        """The next n rows."""
        shape = (n, *self.shape[1:])
        size = int(np.prod(shape)) * self.dtype.itemsize
        try:
            content = self.stream.read(size)
        except (zipfile.BadZipFile, EOFError) as error:
            raise InputError(f"{self.name} is damaged ({error}): download it again") from error
        if len(content) < size:
            raise InputError(f"{self.name} is truncated: download it again")
        return np.frombuffer(content, self.dtype).reshape(shape)


def load_pyarrow(what: str) -> Any:
    """pyarrow's Parquet module. Raises CapabilityError, which begins with `what`, if it is not installed."""
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise CapabilityError(f"{what} needs pyarrow: pip install 'semsearch[parquet]'") from error
    return parquet


def read_parquet(path: str) -> VectorStream:
    """A column of keys and a column of lists of numbers, of any names."""
    parquet = load_pyarrow("Reading .parquet")
    import pyarrow as pa

    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path} is not a Parquet file, or is truncated ({str(error).splitlines()[0]}): download it again"
        ) from error
    keys, vectors = _key_and_vector_columns(pa, file.schema_arrow, path)
    dim = 0
    first = next(file.iter_batches(1, columns=[vectors]), None)
    if first is not None and len(first) and first.column(0)[0].is_valid:
        dim = len(first.column(0)[0])
    if not dim:
        file.close()
        raise InputError(f"{path} holds no vectors: ingest another file")

    def blocks() -> Iterator[Block]:
        row = 1
        with file:
            for batch in file.iter_batches(BLOCK_ROWS, columns=[keys, vectors]):
                yield Block(_keys(batch.column(keys)), _vectors(batch.column(vectors), dim, path, row))
                row += len(batch)

    return VectorStream("parquet", dim, file.metadata.num_rows, blocks())


def _key_and_vector_columns(pa: Any, schema: Any, path: str) -> tuple[str, str]:
    """The names of the columns of keys and of vectors. Raises InputError if there is none or several candidates."""
    types = pa.types
    lists = [field.name for field in schema if types.is_list(field.type) or types.is_fixed_size_list(field.type)]
    plain = [
        field.name
        for field in schema
        if types.is_string(field.type) or types.is_large_string(field.type) or types.is_integer(field.type)
    ]
    named = [name for wanted in KEY_COLUMNS for name in plain if name.lower() == wanted] or plain
    if len(lists) != 1 or not named:
        columns = ", ".join(f"{field.name} ({field.type})" for field in schema)
        raise InputError(f"{path} has the columns {columns}: one of keys and one of lists of numbers are needed")
    return named[0], lists[0]


def _keys(column: Any) -> list[str]:
    return ["" if key is None else str(key) for key in column.to_pylist()]


def _vectors(column: Any, dim: int, path: str, row: int) -> npt.NDArray[np.float32]:
    flat = column.flatten()
    if column.null_count or len(flat) != len(column) * dim or not _all_have_length(column, dim):
        at = next(at for at, vector in enumerate(column) if not vector.is_valid or len(vector) != dim)
        count = len(column[at]) if column[at].is_valid else 0
        raise InputError(f"Row {row + at:,} of {path} has {count:,} numbers, not {dim:,}: fix that row")
    return flat.to_numpy(zero_copy_only=False).astype(np.float32).reshape(-1, dim)


def _all_have_length(column: Any, dim: int) -> bool:
    """Whether every list of a column has this length."""
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    return bool((lengths == dim).all())


def read_llm(path: str, member: str | None) -> VectorStream:
    """One collection of an embeddings.db of llm."""
    file = LlmFile(path)
    try:
        name = file.choose(member)
        first = next(file.rows(name, 1), None)
        dim = len(first[1][0]) // 4 if first else 0
        if not dim:
            raise InputError(f"The collection {name!r} of {path} holds no vectors: choose another with --member")
        total = file.count(name)
    except BaseException:
        file.close()
        raise

    def blocks() -> Iterator[Block]:
        row = 1
        try:
            for keys, blobs in file.rows(name, BLOCK_ROWS):
                for at, blob in enumerate(blobs):
                    if len(blob) != 4 * dim:
                        length = f"{len(blob):,} bytes, not {4 * dim:,} ({dim:,} numbers)"
                        raise InputError(f"Row {row + at:,} of {path} ({keys[at]!r}) has {length}: fix that row")
                yield Block(keys, np.frombuffer(b"".join(blobs), "<f4").reshape(-1, dim))
                row += len(keys)
        finally:
            file.close()

    return VectorStream("llm", dim, total, blocks())
