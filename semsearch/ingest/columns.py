"""Which columns are text, title, key and label: as the user says, else as names and contents suggest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from semsearch.errors import InputError, NotFoundError
from semsearch.images.image_io import measured
from semsearch.records import Dataset, Kind
from semsearch.storage.connect import transaction
from semsearch.storage.datasets import draft, find_dataset, get_dataset, save
from semsearch.storage.driver import Connection
from semsearch.storage.keys import TableShape, shape_of, table_kind
from semsearch.storage.tables import sample_rows

SAMPLE = 200
TEXT_NAMES = ["body", "text", "content", "contents", "description", "abstract", "article", "message", "story", "review"]
TEXT_NAMES += ["comment", "summary", "transcript", "lyrics"]
TITLE_NAMES = ["title", "name", "subject", "headline", "question"]


@dataclass(frozen=True)
class Columns:
    """The columns a person named; what is empty is guessed, and a label is never guessed."""

    text: tuple[str, ...] = ()
    title: str | None = None
    id: str | None = None
    label: str | None = None
    image: str | None = None


def found_column(name: str, names: Sequence[str], where: str) -> str:
    """The column of this name, in the table's own spelling; NotFoundError lists those there are."""
    if name in names:
        return name
    for known in names:
        if known.lower() == name.lower():
            return known
    raise NotFoundError(f"{where} has no column {name!r}: it has {', '.join(names)}")


def checked(columns: Columns, names: Sequence[str], where: str) -> Columns:
    """The same columns in the table's own spelling; NotFoundError for one it does not have."""

    def one(name: str | None) -> str | None:
        return None if name is None else found_column(name, names, where)

    text = tuple(dict.fromkeys(found_column(name, names, where) for name in columns.text))
    return Columns(text, one(columns.title), one(columns.id), one(columns.label), one(columns.image))


def mean_lengths(sample: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, float]:
    """Mean length of each column's text over the rows that have text there; columns without any are left out."""
    lengths: dict[str, float] = {}
    for name in names:
        values = [value for value in (row.get(name) for row in sample) if isinstance(value, str) and value.strip()]
        if values:
            lengths[name] = sum(map(len, values)) / len(values)
    return lengths


def completed(columns: Columns, texts: Mapping[str, float], where: str) -> tuple[Columns, list[str]]:
    """The columns with text and title guessed where they are not given, and a remark about each guess.

    `texts` are the columns that hold text, with their mean length. InputError if there is nothing to guess from.
    """
    remarks: list[str] = []
    if not columns.text:
        candidates = {
            name: size for name, size in texts.items() if name not in (columns.id, columns.label, columns.title)
        }
        if not candidates:
            raise InputError(f"{where} has no column of text to search: name one with --text")
        text = _named(TEXT_NAMES, list(candidates)) or max(candidates, key=lambda name: candidates[name])
        columns = replace(columns, text=(text,))
        remarks.append(f"The text is in the column {text} (--text chooses another)")
    if columns.title is None:
        title = _named(TITLE_NAMES, [name for name in texts if name not in columns.text])
        if title is not None:
            columns = replace(columns, title=title)
            remarks.append(f"The title is in the column {title} (--title chooses another)")
    return columns, remarks


def _named(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of the usual names that is there."""
    spelled = {name.lower(): name for name in reversed(names)}
    return next((spelled[name] for name in wanted if name in spelled), None)


def guess_columns(db: Connection, table: str, columns: Columns | None = None) -> tuple[Columns, list[str]]:
    """Text and title columns of an existing table from a sample of its rows; a remark about each guess. Reads only.

    What `columns` names is kept. Raises NotFoundError for a table or column that is not there, InputError for a view or
    a table without a column of text.
    """
    shape = shape_of(db, table)
    given = checked(columns or Columns(), shape.columns, table)
    sample = sample_rows(db, table, SAMPLE)
    texts = mean_lengths(sample, shape.columns) if sample else _declared_texts(shape)
    outside_key = {name: size for name, size in texts.items() if name not in shape.key_columns}
    binary = next((name for name in shape.columns if any(isinstance(row.get(name), bytes) for row in sample)), None)
    if not outside_key and not given.text and binary is not None:
        raise InputError(f"{table} has no column of text: if {binary} holds pictures, name it with --image {binary}")
    return completed(given, outside_key, table)


def _declared_texts(shape: TableShape) -> dict[str, float]:
    """The columns meant for text, by their declared type, for a table that has no rows yet."""
    pairs = zip(shape.columns, shape.types, strict=True)
    return {name: 0.0 for name, kind in pairs if not kind or any(word in kind for word in ("TEXT", "CHAR", "CLOB"))}


def describe_table(db: Connection, table: str, columns: Columns | None = None) -> tuple[Dataset, list[str]]:
    """An existing table as a dataset not yet saved, with a remark about each guess. Reads only.

    What is not named stays as the dataset has it, if it is one, else it is guessed; pictures and graphs stay what they
    are. What ingest made stays so. Raises
    what `guess_columns` raises, and InputError for an internal table.
    """
    if table.lower().startswith(("_semsearch_", "sqlite_")):
        raise InputError(f"{table} is an internal table: name one of your own")
    shape = shape_of(db, table)
    before = find_dataset(db, shape.name)
    if before is not None and before.kind == "words":
        raise InputError(f"{shape.name} lists the words of vectors that were imported: search those, or copy the table")
    given = columns or Columns()
    if before is not None:
        given = with_former(given, before, shape.columns)
    kind: Kind = "images" if given.image else before.kind if before is not None else "documents"
    if given.image and before is not None and before.made_by == "ingest":
        raise InputError(f"{table} was made by ingest: --image names the pictures of a table of your own")
    is_seen = kind == "images" and not given.text  # what pictures show is not in words
    chosen, remarks = (checked(given, shape.columns, table), []) if is_seen else guess_columns(db, table, given)
    if chosen.image:
        remarks += _pictures_in(db, table, chosen.image)
    dataset = draft(
        shape,
        text_columns=chosen.text,
        title_column=chosen.title,
        label_column=chosen.label,
        made_by=before.made_by if before else "table",
        source=before.source if before else None,
        kind=kind,
    )
    return replace(dataset, image_column=chosen.image), remarks


def _pictures_in(db: Connection, table: str, column: str) -> list[str]:
    """A remark about rows whose column holds no picture, of the first ones. InputError if none of them holds one."""
    faults = []
    sample = sample_rows(db, table, SAMPLE)
    for row in sample:
        content = row.get(column)
        if not isinstance(content, bytes):
            faults.append("is no BLOB" if content is not None else "is NULL")
            continue
        try:
            measured(content)
        except InputError as error:
            faults.append(str(error))
    if sample and len(faults) == len(sample):
        raise InputError(f"{table}.{column} holds no picture: the first {faults[0]}")
    return [f"{len(faults):,} of the first {len(sample):,} rows hold no picture that can be read"] if faults else []


def kind_to_index(dataset: Dataset) -> Kind:
    """What `index` builds from: the texts of a dataset that has some, else what it is of."""
    return "documents" if dataset.text_columns else dataset.kind


def described_anyway(db: Connection, table: str) -> Dataset:
    """An existing table as a dataset, not yet saved, for whoever needs its rows and not its text: it may have none."""
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
        return described_anyway(db, name)
    return known or get_dataset(db, name)


def with_former(columns: Columns, former: Dataset, names: Sequence[str]) -> Columns:
    """The columns, with those a dataset had where none are given; former ones that are gone, or taken, are not kept."""
    text = columns.text or tuple(name for name in former.text_columns if name in names)
    title = former.title_column if former.title_column in names and former.title_column not in text else None
    label = former.label_column if former.label_column in names else None
    image = former.image_column if former.image_column in names else None
    return replace(
        columns, text=text, title=columns.title or title, label=columns.label or label, image=columns.image or image
    )


def register_table(db: Connection, table: str, columns: Columns | None = None) -> tuple[Dataset, list[str]]:
    """Make an existing table a dataset, in place: only the catalogue is written, in a transaction of its own.

    Raises what `describe_table` raises.
    """
    with transaction(db):
        dataset, remarks = describe_table(db, table, columns)
        return save(db, dataset), remarks
