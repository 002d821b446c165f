"""Vectors in files of arrays and tables: numpy's .npy with a file of ids, our .npz, Parquet, llm's embeddings.db.

Nothing is ever unpickled.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.errors import CapabilityError, InputError
from semsearch.ingest import json_values
from semsearch.ingest.array_stream import MAX_ROW_BYTES, MAX_WHOLE_BYTES, ArrayFile
from semsearch.ingest.front_door import check_file, one_line, opened
from semsearch.ingest.vectorfiles import BLOCK_ROWS, Block, VectorStream, check_dim
from semsearch.storage.llmfile import LlmFile
from semsearch.storage.vectors import MAX_DIM

KEY_COLUMNS = ("id", "key", "word", "token", "name")  # usual names of the column of keys, best first


def read_npy(path: str, ids: str | None) -> VectorStream:
    """A matrix (n, dim) of numbers. Its n ids, in order, are in a text file, one per line, or in a JSON array."""
    ids = ids or _find_ids(path)
    check_file(path)
    with one_line(path):
        try:
            matrix = np.load(path, mmap_mode="r", allow_pickle=False)
        except ValueError as error:
            raise InputError(
                f"{path} is not an .npy file of plain numbers ({error}): save a matrix of numbers"
            ) from error
    _check_matrix(matrix.shape, matrix.dtype, path)
    keys = _read_ids(ids)
    if len(keys) != len(matrix):
        raise InputError(f"{path} has {len(matrix):,} rows, but {ids} has {len(keys):,} ids: give one id per row")

    def blocks() -> Iterator[Block]:
        for start in range(0, len(matrix), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            yield Block(keys[rows], _as_float32(matrix[rows]))

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
    if not os.path.exists(path):
        raise InputError(f"There is no file of ids {path}: check the path after --ids")
    with one_line(path), opened(path, is_named=True) as file:
        content = file.read(MAX_WHOLE_BYTES + 1)
    if len(content) > MAX_WHOLE_BYTES:
        raise InputError(f"{path} is larger than {MAX_WHOLE_BYTES >> 20} MB, the limit of a file of ids: check it")
    kind = "JSON" if path.lower().endswith(".json") else "text"
    try:
        text = content.decode()
        if kind == "text":
            return text.removesuffix("\n").split("\n") if text else []
        ids = json_values.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not UTF-8 {kind} ({error}): fix or convert it") from error
    if not isinstance(ids, list):
        raise InputError(f"{path} is not a JSON array of ids: write one")
    return [str(key) for key in ids]


def _as_float32(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The values as float32; those beyond its range become infinite, which is an error with their row."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(values, np.float32)


def _check_matrix(shape: Sequence[int], dtype: np.dtype[Any], name: str) -> None:
    if len(shape) != 2 or dtype.kind not in "fiu" or not shape[1]:
        raise InputError(f"{name} is {dtype} of shape {tuple(shape)}: a matrix of numbers (items, dim) is needed")
    check_dim(shape[1], name)


def read_npz(path: str) -> VectorStream:
    """The arrays `ids` (n,) and `vectors` (n, dim) of an .npz file, as `export` writes it."""
    stack = ExitStack()
    try:
        file = stack.enter_context(ArrayFile(path))
        if not file.is_archive:
            raise InputError(f"{path} is not an .npz file, or is truncated: download it again")
        missing = [name for name in ("ids", "vectors") if name not in file.names]
        if missing:
            held = ", ".join(file.names)
            raise InputError(f"{path} has no array {' and '.join(map(repr, missing))}: it has {held or 'none'}")
        ids, vectors = (stack.enter_context(file.open(name)) for name in ("ids", "vectors"))
        for array in (ids, vectors):
            array.check_by_row()
        _check_matrix(vectors.shape, vectors.dtype, path)
        if len(ids.shape) != 1 or ids.shape[0] != vectors.shape[0] or ids.dtype.kind not in "Uiu":
            raise InputError(
                f"{path} has ids of shape {ids.shape} ({ids.dtype}) for vectors of shape {vectors.shape}: "
                "give one per row"
            )
    except BaseException:
        stack.close()
        raise

    def blocks() -> Iterator[Block]:
        with stack:
            step = max(1, min(BLOCK_ROWS, MAX_ROW_BYTES // max(ids.dtype.itemsize, 1)))
            for at in range(0, vectors.rows, step):
                n = min(step, vectors.rows - at)
                yield Block([str(key) for key in ids.take(n).tolist()], _as_float32(vectors.take(n)))

    return VectorStream("npz", int(vectors.shape[1]), vectors.rows, blocks())


def load_pyarrow(what: str) -> Any:
    """pyarrow's Parquet module. Raises CapabilityError, which begins with `what`, if it is not installed."""
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise CapabilityError(f"{what} needs pyarrow: pip install 'datasette-semsearch[parquet]'") from error
    return parquet


def read_parquet(path: str) -> VectorStream:
    """A column of keys and a column of lists of numbers, of any names."""
    parquet = load_pyarrow("Reading .parquet")
    import pyarrow as pa

    check_file(path)
    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path} is not a Parquet file, or is truncated ({reason}): download it again") from error
    try:
        keys, vectors = _key_and_vector_columns(pa, file.schema_arrow, path)
        dim = _parquet_dim(file, vectors, path)
    except BaseException:
        file.close()
        raise

    def blocks() -> Iterator[Block]:
        row = 1
        with file:
            for batch in file.iter_batches(_parquet_rows(dim), columns=[keys, vectors]):
                yield Block(_keys(batch.column(keys)), _vectors(batch.column(vectors), dim, path, row))
                row += len(batch)

    return VectorStream("parquet", dim, file.metadata.num_rows, blocks())


def _parquet_rows(dim: int) -> int:
    """Rows in a batch, so that its vectors take at most MAX_ROW_BYTES."""
    return max(1, min(BLOCK_ROWS, MAX_ROW_BYTES // (4 * dim)))


def _parquet_dim(file: Any, vectors: str, path: str) -> int:
    """The length of the vectors, from the counts of rows and of numbers, before any is unpacked.

    Raises InputError for no vectors, and for lists of different lengths, one of which might be endless.
    """
    metadata = file.metadata
    numbers = sum(
        metadata.row_group(group).column(at).num_values
        for group in range(metadata.num_row_groups)
        for at in range(metadata.num_columns)
        if metadata.row_group(group).column(at).path_in_schema.split(".")[0] == vectors
    )
    if metadata.num_rows < 1 or numbers < 1:
        raise InputError(f"{path} holds no vectors: ingest another file")
    dim = numbers / metadata.num_rows
    if dim > MAX_DIM:
        check_dim(int(dim), path)
    with one_line(path):
        first = next(file.iter_batches(1, columns=[vectors]), None)
        length = len(first.column(0)[0]) if first is not None and len(first) and first.column(0)[0].is_valid else 0
    if not length:
        raise InputError(f"Row 1 of {path} holds no vector: ingest another file")
    check_dim(length, path)
    return length


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
    return _as_float32(flat.to_numpy(zero_copy_only=False)).reshape(-1, dim)


def _all_have_length(column: Any, dim: int) -> bool:
    """Whether every list of a column has this length."""
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    return bool((lengths == dim).all())


def read_llm(path: str, member: str | None) -> VectorStream:
    """One collection of an embeddings.db of llm."""
    check_file(path)
    file = LlmFile(path)
    try:
        name = file.choose(member)
        first = next(file.rows(name, 1), None)
        dim = len(_blob(first[1][0], 1, first[0][0], path)) // 4 if first else 0
        if not dim:
            raise InputError(f"The collection {name!r} of {path} holds no vectors: choose another with --member")
        check_dim(dim, path)
        total = file.count(name)
    except BaseException:
        file.close()
        raise

    def blocks() -> Iterator[Block]:
        row = 1
        try:
            for keys, values in file.rows(name, BLOCK_ROWS):
                blobs = [_blob(value, row + at, keys[at], path, dim) for at, value in enumerate(values)]
                yield Block(keys, np.frombuffer(b"".join(blobs), "<f4").reshape(-1, dim))
                row += len(keys)
        finally:
            file.close()

    return VectorStream("llm", dim, total, blocks())


def _blob(value: Any, row: int, key: str, path: str, dim: int | None = None) -> bytes:
    """The bytes of an embedding, of `dim` numbers if that is known. Raises InputError for anything else."""
    place = f"Row {row:,} of {path} ({key!r})"
    if not isinstance(value, bytes):
        kind = (
            "no embedding" if value is None else "an embedding that is text" if isinstance(value, str) else "a number"
        )
        raise InputError(f"{place} has {kind}: llm stores the bytes of 32-bit floats; embed it again")
    if dim is not None and len(value) != 4 * dim:
        raise InputError(f"{place} has {len(value):,} bytes, not {4 * dim:,} ({dim:,} numbers): fix that row")
    return value
