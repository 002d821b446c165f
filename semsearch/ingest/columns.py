"""Which columns hold text, title, key and label: those the user names, else a guess from names and contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from semsearch.errors import InputError, NotFoundError
from semsearch.images.image_io import read_size
from semsearch.records import Dataset, Kind
from semsearch.storage.connect import transaction
from semsearch.storage.datasets import draft, find_dataset, get_dataset, save
from semsearch.storage.driver import Connection
from semsearch.storage.keys import TableShape, quoted, shape_of, table_kind
from semsearch.storage.tables import sample_rows

SAMPLE_ROWS = 200  # rows read to guess the columns of a table
TEXT_NAMES = ["body", "text", "content", "contents", "description", "abstract", "article", "message", "story", "review"]
TEXT_NAMES += ["comment", "summary", "transcript", "lyrics"]
TITLE_NAMES = ["title", "name", "subject", "headline", "question"]


@dataclass(frozen=True)
class Columns:
    """The columns that the user named. Empty ones are guessed, but for the label, which is never guessed."""

    text: tuple[str, ...] = ()
    title: str | None = None
    id: str | None = None
    label: str | None = None
    image: str | None = None
    keep_html: bool = False  # keep HTML tags and entities in the text columns of rows
    language: str | None = None  # not a column: that of the texts


def match_column(name: str, names: Sequence[str], where: str) -> str:
    """The column of this name, in the table's own spelling. Raises NotFoundError, with the list of columns."""
    if name in names:
        return name
    for column in names:
        if column.lower() == name.lower():
            return column
    raise NotFoundError(f"{where} has no column {name!r}: it has {', '.join(names)}")


def match_columns(columns: Columns, names: Sequence[str], where: str) -> Columns:
    """The same columns in the table's own spelling. Raises NotFoundError for one that the table lacks."""

    def match(name: str | None) -> str | None:
        return None if name is None else match_column(name, names, where)

    text = tuple(dict.fromkeys(match_column(name, names, where) for name in columns.text))
    return replace(
        columns,
        text=text,
        title=match(columns.title),
        id=match(columns.id),
        label=match(columns.label),
        image=match(columns.image),
    )


def named_columns(columns: Columns) -> tuple[str, ...]:
    """All names of columns that the user mentions."""
    others = (columns.title, columns.id, columns.label, columns.image)
    return (*columns.text, *(name for name in others if name is not None))


def mean_text_lengths(sample: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, float]:
    """Mean length in characters of each column's texts, over the rows with text; columns without text are left out."""
    lengths: dict[str, float] = {}
    for name in names:
        values = [value for value in (row.get(name) for row in sample) if isinstance(value, str) and value.strip()]
        if values:
            lengths[name] = sum(map(len, values)) / len(values)
    return lengths


def guess_missing(columns: Columns, texts: Mapping[str, float], where: str) -> tuple[Columns, list[str]]:
    """The columns with text and title guessed where they are missing, and a remark about each guess.

    `texts` maps each column that holds text to its mean length. Raises InputError if no column holds text.
    """
    remarks: list[str] = []
    if not columns.text:
        candidates = {
            name: size for name, size in texts.items() if name not in (columns.id, columns.label, columns.title)
        }
        if not candidates:
            raise InputError(f"{where} has no text column to search: name one with --text")
        text = first_usual(TEXT_NAMES, list(candidates)) or max(candidates, key=lambda name: candidates[name])
        columns = replace(columns, text=(text,))
        remarks.append(f"The column {text!r} was chosen as the text (--text chooses another)")
    if columns.title is None:
        title = first_usual(TITLE_NAMES, [name for name in texts if name not in columns.text])
        if title is not None:
            columns = replace(columns, title=title)
            remarks.append(f"The column {title!r} was chosen as the title (--title chooses another)")
    return columns, remarks


def first_usual(usual: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of the usual names that is among the columns, in their spelling; None if none is."""
    spelling = {name.lower(): name for name in reversed(names)}
    return next((spelling[name] for name in usual if name in spelling), None)


def guess_columns(db: Connection, table: str, columns: Columns | None = None) -> tuple[Columns, list[str]]:
    """Text and title columns of an existing table, guessed from a sample of rows, and a remark about each guess.

    Writes nothing. What `columns` names is not guessed. Raises NotFoundError for a missing table or column, InputError
    for a view or a table without a text column.
    """
    shape = shape_of(db, table)
    given = match_columns(columns or Columns(), shape.columns, repr(table))
    sample = sample_rows(db, table, SAMPLE_ROWS)
    texts = mean_text_lengths(sample, shape.columns) if sample else _text_columns_by_type(shape)
    outside_key = {name: size for name, size in texts.items() if name not in shape.key_columns}
    binary = next((name for name in shape.columns if any(isinstance(row.get(name), bytes) for row in sample)), None)
    if not outside_key and not given.text and binary is not None:
        raise InputError(f"{table!r} has no text column: if {binary!r} holds images, give --image {binary}")
    return guess_missing(given, outside_key, repr(table))


def _text_columns_by_type(shape: TableShape) -> dict[str, float]:
    """The columns whose declared type holds text, with length 0: for a table without rows."""
    pairs = zip(shape.columns, shape.types, strict=True)
    return {name: 0.0 for name, kind in pairs if not kind or any(word in kind for word in ("TEXT", "CHAR", "CLOB"))}


def describe_table(db: Connection, table: str, columns: Columns | None = None) -> tuple[Dataset, list[str]]:
    """An existing table as a dataset that is not saved yet, and a remark about each guess. Writes nothing.

    Columns that are not named stay as an existing dataset has them, else they are guessed. The kind (images, graph) and
    the origin (made by ingest) of an existing dataset stay. Raises what `guess_columns` raises, and InputError for an
    internal table, for the vocabulary of imported vectors, and for --image on a table that ingest made.
    """
    if table.lower().startswith(("_semsearch_", "sqlite_")):
        raise InputError(f"{table!r} is an internal table: name one of your own")
    shape = shape_of(db, table)
    existing = find_dataset(db, shape.name)
    if existing is not None and existing.kind == "words":
        raise InputError(f"{shape.name!r} is the vocabulary of imported vectors: search those, or copy the table")
    given = columns or Columns()
    if existing is not None:
        given = fill_from_dataset(given, existing, shape.columns)
    kind: Kind = "images" if given.image else existing.kind if existing is not None else "documents"
    if given.image and existing is not None and existing.made_by == "ingest":
        raise InputError(f"{table!r} was made by ingest: --image is only for tables of your own; leave it out")
    remarks = _remark_about_rowids(shape)
    if kind == "images" and not given.text:  # images are searched by their pixels: no text column is needed
        chosen = match_columns(given, shape.columns, repr(table))
    else:
        chosen, guesses = guess_columns(db, table, given)
        remarks += guesses
    if chosen.image:
        remarks += _check_images(db, table, chosen.image)
    dataset = draft(
        shape,
        text_columns=chosen.text,
        title_column=chosen.title,
        label_column=chosen.label,
        made_by=existing.made_by if existing else "table",
        source=existing.source if existing else None,
        kind=kind,
    )
    return replace(dataset, image_column=chosen.image, asked_language=chosen.language), remarks


def _remark_about_rowids(shape: TableShape) -> list[str]:
    if not shape.by_rowid:
        return []
    return [
        f"{shape.name} has no primary key, so its rowid is the key: join on {quoted(shape.name)}.rowid = id,"
        " and run `semsearch update` after VACUUM, which can change it"
    ]


def _check_images(db: Connection, table: str, column: str) -> list[str]:
    """A remark if some of the first rows hold no readable image. Raises InputError if none of them does."""
    faults = []
    sample = sample_rows(db, table, SAMPLE_ROWS)
    for row in sample:
        content = row.get(column)
        if not isinstance(content, bytes):
            faults.append("is not a BLOB" if content is not None else "is NULL")
            continue
        try:
            read_size(content)
        except InputError as error:
            faults.append(str(error))
    if sample and len(faults) == len(sample):
        raise InputError(f"{table}.{column} holds no images: the first value {faults[0]}; give another --image")
    return [f"{len(faults):,} of the first {len(sample):,} rows hold no readable image"] if faults else []


def kind_to_index(dataset: Dataset) -> Kind:
    """What `index` builds from: the texts of a dataset that has text columns, else its kind."""
    return "documents" if dataset.text_columns else dataset.kind


def describe_rows(db: Connection, table: str) -> Dataset:
    """An existing table as a dataset that is not saved yet; one without text columns is no error."""
    try:
        return describe_table(db, table)[0]
    except InputError:
        return draft(shape_of(db, table), text_columns=())


def dataset_to_build(db: Connection, name: str, reads: Kind) -> Dataset:
    """The dataset `name`, or any table of that name, described but not saved, for a builder that reads no text.

    `reads` is what the builder reads. Raises NotFoundError if there is no such dataset or table.
    """
    known = find_dataset(db, name)
    if reads in ("similarities", "table") and known is None and table_kind(db, name) is not None:
        return describe_rows(db, name)
    return known or get_dataset(db, name)


def fill_from_dataset(columns: Columns, dataset: Dataset, names: Sequence[str]) -> Columns:
    """The columns, with those of an existing dataset where none are given, as far as they are still in `names`."""
    text = columns.text or tuple(name for name in dataset.text_columns if name in names)
    title = dataset.title_column if dataset.title_column in names and dataset.title_column not in text else None
    label = dataset.label_column if dataset.label_column in names else None
    image = dataset.image_column if dataset.image_column in names else None
    return replace(
        columns,
        text=text,
        title=columns.title or title,
        label=columns.label or label,
        image=columns.image or image,
        language=columns.language or dataset.asked_language,
    )


def register_table(db: Connection, table: str, columns: Columns | None = None) -> tuple[Dataset, list[str]]:
    """Make an existing table a dataset in place. Only the catalogue is written, in a transaction of its own.

    Raises what `describe_table` raises.
    """
    with transaction(db):
        dataset, remarks = describe_table(db, table, columns)
        return save(db, dataset), remarks
