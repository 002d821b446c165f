"""From a dataset to the corpus that a builder reads, by its kind."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from semsearch.errors import BuildError, InputError
from semsearch.images import image_arrays
from semsearch.records import Collection, Corpus, Dataset, Documents, Graph, Images, Kind, Similarities, Table
from semsearch.storage import dependencies, edges, similarities
from semsearch.storage import images as stored
from semsearch.storage.datasets import TextItem
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text

Pairs = Iterable[tuple[Any, Any, Any]]


def documents(db: Connection, dataset: Dataset, options: Any, items: Sequence[TextItem]) -> Documents:
    """The rows as texts. BuildError if there are none."""
    if not items:
        raise BuildError(f"{dataset.name} holds 0 documents: ingest some first")
    return Documents([item.key for item in items], [item.text for item in items])


def with_inputs(db: Connection, corpus: Corpus, read: Mapping[str, Collection]) -> Corpus:
    """The corpus, with all that these collections hold, by the option that names each."""
    if not read or not isinstance(corpus, Documents):
        return corpus
    return replace(
        corpus, inputs={option: dependencies.everything(db, collection) for option, collection in read.items()}
    )


def pairs(db: Connection, dataset: Dataset, options: Any, items: Sequence[TextItem]) -> Similarities:
    """The pairs that the options' `sql`, `table` or `csv` name.

    Where any of the values is the key of a row of the dataset, the items are its rows, and pairs with another value are
    left out; else the values are the items. Raises InputError for what is no pair of items with a finite number.
    """
    sources: dict[str, Callable[[str], Pairs]] = {
        "sql": lambda query: similarities.of_query(db, query),
        "table": lambda name: similarities.of_table(db, name),
        "csv": _of_csv,
    }
    given = [(name, getattr(options, name)) for name in sources if getattr(options, name) is not None]
    if not given:
        raise InputError("Where are the similarities? Give --sql QUERY, --table NAME or --csv FILE")
    name, value = given[0]
    keys: dict[str, int] = {}
    first: list[int] = []
    second: list[int] = []
    values: list[float] = []
    for number, row in enumerate(sources[name](value), 1):
        one, other, similarity = _checked(row, number)
        first.append(keys.setdefault(one, len(keys)))
        second.append(keys.setdefault(other, len(keys)))
        values.append(similarity)
    if not values:
        raise BuildError(f"The {name} gives no pair: there is nothing to learn from")
    found = Similarities(list(keys), np.array(first), np.array(second), np.array(values), known=False)
    return _of_rows(found, {item.key for item in items})


def _checked(row: Sequence[Any], number: int) -> tuple[str, str, float]:
    """Two keys and a number; InputError names the row, counted from 1, and what stands there."""
    one, other, value = row[:3]
    if one is None or other is None:
        raise InputError(f"Row {number} of the similarities has no item in column {1 if one is None else 2}")
    try:
        similarity = math.nan if value is None or isinstance(value, bytes) else float(value)
    except ValueError:
        similarity = math.nan
    if not math.isfinite(similarity):
        pair = f"{as_text(one)}, {as_text(other)}"
        raise InputError(f"Row {number} of the similarities ({pair}) has {value!r} where a number is needed")
    return as_text(one), as_text(other), similarity


def _of_rows(found: Similarities, rows: set[str]) -> Similarities:
    """The pairs among the dataset's own rows, if any of the items is one; else all as they are."""
    known = [key in rows for key in found.keys]
    if not any(known):
        return found
    place = np.cumsum(known) - 1
    both = np.array(known)[found.first] & np.array(known)[found.second]
    keys = [key for key, is_row in zip(found.keys, known, strict=True) if is_row]
    return Similarities(keys, place[found.first[both]], place[found.second[both]], found.values[both])


def _of_csv(path: str) -> Iterator[tuple[Any, Any, Any]]:
    """Rows of a comma-separated file; a first row whose third cell is no number is its header."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    for number, row in enumerate(csv.reader(text.splitlines()), 1):
        if not row:
            continue
        if len(row) != 3:
            raise InputError(f"Line {number} of {path} has {len(row)} columns: item, item and similarity are needed")
        if number > 1 or _is_number(row[2]):
            yield row[0], row[1], row[2]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def graph(db: Connection, dataset: Dataset, options: Any, items: Sequence[TextItem]) -> Graph:
    """The rows as nodes, joined by the dataset's edges. An edge to no row of the dataset is left out.

    Raises BuildError where there are no two nodes or no edge, InputError for a weight below 0 or that is no number.
    """
    if dataset.edges is None:
        raise InputError(f"{dataset.name} has no edges: `semsearch ingest edges` brings them in")
    place = {item.key: row for row, item in enumerate(items)}
    source, target, weight = edges.read(db, dataset, place)
    if len(place) < 2:
        raise BuildError(f"{dataset.name} has {len(place)} node: at least two are needed, and an edge between them")
    if not (source != target).any():
        what = "no edge leads from one node to another" if len(source) else "it has no edge"
        raise BuildError(f"{dataset.name} has {len(place):,} nodes, but {what}: there is nothing to learn from")
    return Graph(list(place), source, target, weight, dataset.edges.directed)


def images(db: Connection, dataset: Dataset, options: Any, items: Sequence[TextItem]) -> Images:
    """The rows' pictures, at one size: that of the options, or what suits them. BuildError if none can be read."""
    shape = image_arrays.common_shape(db, dataset, getattr(options, "image_size", None))
    found = image_arrays.corpus(db, dataset, [item.key for item in items], shape)
    if not len(found):
        raise BuildError(f"None of the {len(items):,} pictures of {dataset.name} can be read: ingest them again")
    return found


def table(db: Connection, dataset: Dataset, options: Any, items: Sequence[TextItem]) -> Table:
    """The columns that the options name, as numbers. InputError names the column and a row that holds none."""
    found, rows = numbers_of(db, dataset, options)
    bad = np.argwhere(~np.isfinite(found.values))
    if len(bad):
        place, at = bad[0].tolist()
        values = [row[at] for row in rows]
        raise InputError(_no_number(dataset.name, found.columns[at], found.keys[place], values[place], values))
    return found


def numbers_of(db: Connection, dataset: Dataset, options: Any) -> tuple[Table, Sequence[Sequence[Any]]]:
    """The columns that the options name, NaN where there is no number, and their values as they stand in the table."""
    columns = [name.strip() for name in (options.columns or "").split(",") if name.strip()]
    keys, rows = stored.numbers(db, dataset, columns)
    values = [[_number(value) for value in row] for row in rows]
    return Table(keys, columns, np.array(values, np.float64).reshape(len(keys), len(columns))), rows


def _number(value: Any) -> float:
    return math.nan if isinstance(value, str | bytes) or value is None else float(value)


def _no_number(table: str, column: str, key: str, value: Any, all_values: Sequence[Any]) -> str:
    found = "NULL" if value is None else f"a BLOB of {len(value):,} bytes" if isinstance(value, bytes) else repr(value)
    nulls = sum(one is None for one in all_values)
    count = f" ({nulls:,} rows have NULL there)" if nulls else ""
    return f"{table}.{column} of row {key} is {found}{count}: numbers are needed; leave the column out or fill it in"


def digest(corpus: Corpus) -> str:
    """What tells a corpus from any other: a training goes on only with what it began with."""
    told = hashlib.blake2b(digest_size=16)
    for part in _parts(corpus):
        told.update(part)
    return told.hexdigest()


def _parts(value: Any) -> Iterator[Any]:
    """Everything in a corpus as bytes, arrays whole."""
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


READERS: Mapping[Kind, Callable[[Connection, Dataset, Any, Sequence[TextItem]], Corpus]] = {
    "documents": documents,
    "similarities": pairs,
    "graph": graph,
    "images": images,
    "table": table,
}


def available_corpora(dataset: Dataset) -> frozenset[Kind]:
    """The kinds of corpus that can be made of a dataset: its own, its texts, its edges, similarities of its rows,
    its columns of numbers."""
    kinds: set[Kind] = {dataset.kind, "similarities", "table"}
    if dataset.text_columns:
        kinds.add("documents")
    if dataset.edges is not None:
        kinds.add("graph")
    return frozenset(kinds)
