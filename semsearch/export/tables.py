"""Files of columns: Parquet, and the two .tsv of TensorBoard's embedding projector."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from semsearch.errors import CapabilityError
from semsearch.export.outgoing import Outgoing
from semsearch.storage import datasets
from semsearch.storage.keys import as_text


def write_parquet(out: Outgoing, path: Path, _: Path) -> None:
    """Columns `id`, int64 or text, and `vector`, lists of `dim` float32."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise CapabilityError("Writing .parquet needs pyarrow: pip install 'datasette-semsearch[parquet]'") from error
    key_type = pa.int64() if out.has_integers else pa.string()
    vector_type = pa.list_(pa.float32(), out.collection.dim)
    schema = pa.schema([("id", key_type), ("vector", vector_type)])
    with parquet.ParquetWriter(path, schema) as writer:
        for block in out.blocks():
            flat = pa.array(np.ascontiguousarray(block.vectors).reshape(-1))
            keys = pa.array(block.keys, key_type)
            vectors = pa.FixedSizeListArray.from_arrays(flat, out.collection.dim)
            writer.write_table(pa.table([keys, vectors], schema=schema))


def write_projector(out: Outgoing, path: Path, metadata: Path) -> None:
    """Vectors without a header, and a second file of metadata: ids only, or id, title and label below a header.

    The projector expects no header in a metadata file of one column (projector.tensorflow.org, "Load data").
    """
    line = "\t".join(["%.9g"] * out.collection.dim) + "\n"
    optional = {"title": out.dataset.title_column, "label": out.dataset.label_column}
    columns = {} if out.collection.of == "word" else {name: column for name, column in optional.items() if column}
    with (
        path.open("w", encoding="utf-8", newline="\n") as file,
        metadata.open("w", encoding="utf-8", newline="\n") as metadata_file,
    ):
        if columns:
            metadata_file.write("\t".join(["id", *columns]) + "\n")
        for block in out.blocks():
            file.writelines(line % tuple(row) for row in block.vectors.tolist())
            rows = _metadata(out, out.keys(block), columns)
            metadata_file.writelines("\t".join(map(_cell, row)) + "\n" for row in rows)


def _metadata(out: Outgoing, keys: Sequence[str], columns: dict[str, str]) -> list[list[Any]]:
    rows = datasets.rows_by_key(out.db, out.dataset, keys) if columns else {}
    return [[key, *(rows.get(key, {}).get(column) for column in columns.values())] for key in keys]


def _cell(value: Any) -> str:
    """A value as text without tabs and line ends."""
    return " ".join(as_text(value).split())
