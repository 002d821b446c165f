"""Read a dataset as the corpus that a builder expects: texts, pairs, graph, images or numeric columns."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from semsearch import registry
from semsearch.builders.base import Builder
from semsearch.building.related import RELATED, related_rows
from semsearch.errors import BuildError, InputError, reason_of, written_list
from semsearch.images import image_arrays
from semsearch.maths import languages
from semsearch.records import Collection, Corpus, Dataset, Documents, Graph, Images, Kind, Similarities, Table
from semsearch.storage import dependencies, edges, lineage, similarities
from semsearch.storage.columns import column_values, is_number
from semsearch.storage.datasets import TextItem
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text
from semsearch.storage.sources import Source

Pairs = Iterable[tuple[Any, Any, Any]]


def documents(db: Connection, dataset: Dataset, options: Any, items: Sequence[TextItem]) -> Documents:
    """The rows as texts, with what the option `pairs` asks for. Raises BuildError if there are none."""
    if not items:
        raise BuildError(f"{dataset.name} holds 0 documents: ingest some first")
    pairs = getattr(options, "pairs", None)
    return Documents(
        [item.key for item in items],
        [item.text for item in items],
        language=dataset.language or languages.ENGLISH,
        titles=[item.title for item in items] if pairs == "title" else (),
        related=related_rows(db, dataset, pairs, items) if pairs in RELATED else None,
    )


def with_inputs(db: Connection, corpus: Corpus, inputs: Mapping[str, Collection]) -> Corpus:
    """The corpus with the embeddings of these collections, by the option that names each.

    Raises InputError for the words of an LSA. They have one entry for each stem, so most written forms have no vector,
    and their mean is a worse form of the LSA's own documents.
    """
    if not inputs or not isinstance(corpus, Documents):
        return corpus
    for collection in inputs.values():
        if collection.builder == "lsa" and collection.of == "word":
            raise InputError(
                f"{collection.name} holds the words of an LSA, one for each stem: their means are worse document"
                " vectors than the LSA's own documents. Use these, or words of `build pmi` or `build sgns`"
            )
    return replace(
        corpus, inputs={option: dependencies.everything(db, collection) for option, collection in inputs.items()}
    )


def pairs(db: Connection, dataset: Dataset, options: Any, items: Sequence[TextItem]) -> Similarities:
    """The pairs from the option `sql`, `table` or `csv`.

    If any item is the key of a row of the dataset, the items are rows, and pairs with other items are left out. Else
    the values are the items. Raises InputError for a row that is not two items and a finite number.
    """
    sources: dict[str, Callable[[str], Pairs]] = {
        "sql": lambda query: similarities.of_query(db, query),
        "table": lambda name: similarities.of_table(db, name),
        "csv": _of_csv,
    }
    given = [(name, getattr(options, name)) for name in sources if getattr(options, name) is not None]
    if not given:
        raise InputError("The similarities have no source. Give --sql QUERY, --table NAME or --csv FILE")
    name, value = given[0]
    keys: dict[str, int] = {}
    first: list[int] = []
    second: list[int] = []
    values: list[float] = []
    for number, row in enumerate(sources[name](value), 1):
        key, other_key, similarity = _checked(row, number)
        first.append(keys.setdefault(key, len(keys)))
        second.append(keys.setdefault(other_key, len(keys)))
        values.append(similarity)
    if not values:
        raise BuildError(f"The {name} source has no pairs: there is nothing to learn from")
    corpus = Similarities(list(keys), np.array(first), np.array(second), np.array(values), known=False)
    return _of_rows(corpus, {item.key for item in items})


def _checked(row: Sequence[Any], number: int) -> tuple[str, str, float]:
    """Two keys and their similarity. Raises InputError, which names the row, counted from 1."""
    item, other, value = row[:3]
    if item is None or other is None:
        raise InputError(f"Row {number} of the similarities has no item in column {1 if item is None else 2}")
    try:
        similarity = math.nan if value is None or isinstance(value, bytes) else float(value)
    except ValueError:
        similarity = math.nan
    if not math.isfinite(similarity):
        pair = f"{as_text(item)}, {as_text(other)}"
        raise InputError(f"Row {number} of the similarities ({pair}) has {value!r} where a number is needed")
    return as_text(item), as_text(other), similarity


def _of_rows(corpus: Similarities, rows: set[str]) -> Similarities:
    """The pairs of two keys of `rows`; all pairs if no item is one of them."""
    is_row = np.array([key in rows for key in corpus.keys])
    if not is_row.any():
        return corpus
    index = np.cumsum(is_row) - 1
    both = is_row[corpus.first] & is_row[corpus.second]
    keys = [key for key in corpus.keys if key in rows]
    return Similarities(keys, index[corpus.first[both]], index[corpus.second[both]], corpus.values[both])


def _of_csv(path: str) -> Iterator[tuple[Any, Any, Any]]:
    """The rows of a comma-separated file. A first row whose third cell is not a number is skipped as the header."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # ValueError: undecodable, or a NUL in the path
        raise InputError(f"{path} cannot be read: {reason_of(error)}") from error
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))  # its default is 128 KB
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in rows:
            number = rows.line_num
            if not row:
                continue
            if len(row) != 3:
                raise InputError(
                    f"Line {number} of {path} has {len(row)} columns: item, item and similarity are needed"
                )
            if number > 1 or is_number(row[2]):
                yield row[0], row[1], row[2]
    except csv.Error as error:
        raise InputError(f"Line {rows.line_num} of {path} cannot be read as csv ({error}): check its quotes") from error


def graph(db: Connection, dataset: Dataset, options: Any, items: Sequence[TextItem]) -> Graph:
    """The rows as nodes, with the dataset's edges. Edges to keys that are not rows are left out.

    Raises BuildError without two nodes and an edge between them, InputError for a weight that is negative or not a
    number.
    """
    if dataset.edges is None:
        raise InputError(f"{dataset.name} has no edges: `semsearch ingest edges` adds them")
    index = {item.key: row for row, item in enumerate(items)}
    source, target, weight = edges.read(db, dataset, index)
    if len(index) < 2:
        raise BuildError(
            f"{dataset.name} has {len(index)} node: at least two nodes with an edge between them are needed"
        )
    if not (source != target).any():
        what = "no edge joins two different nodes" if len(source) else "no edge"
        raise BuildError(f"{dataset.name} has {len(index):,} nodes, but {what}: there is nothing to learn from")
    return Graph(list(index), source, target, weight, dataset.edges.directed)


def images(db: Connection, dataset: Dataset, options: Any, items: Sequence[TextItem]) -> Images:
    """The rows' images at one size: the option `image_size`, or one chosen from them.

    Raises BuildError if none is readable.
    """
    shape = image_arrays.common_shape(db, dataset, getattr(options, "image_size", None))
    corpus = image_arrays.corpus(db, dataset, [item.key for item in items], shape)
    if not len(corpus):
        raise BuildError(f"None of the {len(items):,} images of {dataset.name} can be read: ingest them again")
    return corpus


def table(db: Connection, dataset: Dataset, options: Any, items: Sequence[TextItem]) -> Table:
    """The columns that the options name, as numbers. Raises InputError, with column and row, for other values."""
    corpus, rows = numbers_of(db, dataset, options)
    bad = np.argwhere(~np.isfinite(corpus.values))
    if len(bad):
        row, column = bad[0].tolist()
        values = [cells[column] for cells in rows]
        raise InputError(_no_number(dataset.name, corpus.columns[column], corpus.keys[row], values[row], values))
    return corpus


def numbers_of(db: Connection, dataset: Dataset, options: Any) -> tuple[Table, Sequence[Sequence[Any]]]:
    """The columns that the options name, with NaN for values that are not numbers; and the values in the table."""
    columns = [name.strip() for name in (options.columns or "").split(",") if name.strip()]
    keys, rows = column_values(db, dataset, columns)
    values = [[_number(value) for value in row] for row in rows]
    return Table(keys, columns, np.array(values, np.float64).reshape(len(keys), len(columns))), rows


def _number(value: Any) -> float:
    return math.nan if isinstance(value, str | bytes) or value is None else float(value)


def _no_number(table: str, column: str, key: str, value: Any, all_values: Sequence[Any]) -> str:
    shown = "NULL" if value is None else f"a BLOB of {len(value):,} bytes" if isinstance(value, bytes) else repr(value)
    nulls = sum(other is None for other in all_values)
    count = f" ({nulls:,} rows have NULL there)" if nulls else ""
    return f"{table}.{column} of row {key} is {shown}{count}: numbers are needed; leave the column out or fill it in"


def digest(corpus: Corpus) -> str:
    """A hash of everything in a corpus, so that a training resumes only with the corpus it began with."""
    hasher = hashlib.blake2b(digest_size=16)
    for part in _parts(corpus):
        hasher.update(part)
    return hasher.hexdigest()


def _parts(value: Any) -> Iterator[Any]:
    """Everything in a corpus, as bytes or buffers."""
    if isinstance(value, np.ndarray):
        yield np.ascontiguousarray(value).reshape(-1).view(np.uint8).data
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name).encode()
            yield from _parts(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        yield from ((inner if isinstance(inner, bytes) else _encoded(inner)) + b"\0" for inner in value)
    else:
        yield _encoded(value)


def _encoded(value: Any) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


DESCRIPTIONS: Mapping[Kind, str] = {
    "documents": "documents",
    "graph": "a graph",
    "images": "images",
    "table": "numeric columns",
    "similarities": "similarities of pairs of items",
    "words": "words",
}
READERS: Mapping[Kind, Callable[[Connection, Dataset, Any, Sequence[TextItem]], Corpus]] = {
    "documents": documents,
    "similarities": pairs,
    "graph": graph,
    "images": images,
    "table": table,
}


def available_corpora(dataset: Dataset) -> frozenset[Kind]:
    """The kinds of corpus that can be read from a dataset: its own kind, and others that its columns allow."""
    kinds: set[Kind] = {dataset.kind, "similarities", "table"}
    if dataset.text_columns:
        kinds.add("documents")
    if dataset.edges is not None:
        kinds.add("graph")
    return frozenset(kinds)


def wrong_kind(builder: Builder, reads: Kind, dataset: Dataset) -> str:
    """Why a builder cannot read a dataset, and the builders that can."""
    kinds = available_corpora(dataset) - {"similarities", "table"} or {dataset.kind}
    others = [name for name, other in registry.load().builders.items() if other.reads in kinds]
    columns = any(field.name == "columns" for field in dataclasses.fields(builder.Options))
    more = ", or give `--columns` for numeric columns" if columns else ""
    return (
        f"{builder.name} reads {DESCRIPTIONS[reads]}, but {dataset.name} contains"
        f" {DESCRIPTIONS[dataset.kind]}: use"
        f" {written_list(others, 'or') if others else 'another dataset'}{more}"
    )


def sources_of(db: Connection, dataset: Dataset, options: Any, inputs: Mapping[str, Collection]) -> list[Source]:
    """The tables that a build reads: of the dataset (first), its edges, the options and the collections it reads."""
    edge_tables = [dataset.edges.table] if dataset.edges else []
    query, named = (getattr(options, name, None) for name in ("sql", "table"))
    tables = lineage.tables_in(db, " ".join(filter(None, (query, named))))
    runs = {collection.run for collection in inputs.values()}
    return lineage.sources_of(db, [dataset.name, *edge_tables, *tables], runs=sorted(runs))
