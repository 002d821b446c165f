"""Keeps the table NAME_passages in step with the texts of NAME: only documents whose text changed are cut again."""

from __future__ import annotations

import hashlib

from semsearch.errors import InputError
from semsearch.maths.passage_cuts import cut
from semsearch.records import Dataset, Report, silent
from semsearch.storage import datasets, passages
from semsearch.storage.connect import transaction
from semsearch.storage.driver import Connection
from semsearch.storage.passages import Passage
from semsearch.storage.textitem import TextItem

BETWEEN = " › "  # between two headings, one inside the other
MAX_HEADING = 300  # characters of a passage's heading


def make_passages(db: Connection, dataset: Dataset, *, report: Report = silent) -> Dataset:
    """Cut the texts of a dataset into passages, or bring its passages up to date; returns the dataset of passages.

    Everything is one transaction. Raises InputError for a dataset without texts, or one of passages.
    """
    if dataset.made_by == "passages":
        raise InputError(f"{dataset.name} holds passages already: name {dataset.source}")
    if dataset.kind != "documents" or not dataset.text_columns:
        raise InputError(f"{dataset.name} holds no texts that could be cut into passages")
    with transaction(db):
        made = passages.make(db, dataset)
        known = passages.digests(db, made)
        for number, item in enumerate(datasets.read_items(db, dataset), 1):
            digest = _digest(item)
            if known.pop(item.key, None) != digest:
                passages.replace(db, made, item.key, digest, passages_of(item))
            report(number, 0)
        passages.forget(db, made, known)
    return made


def refresh(db: Connection, dataset: Dataset) -> None:
    """Bring a dataset up to date with its source if it is one of passages; nothing for any other."""
    if dataset.made_by == "passages":
        make_passages(db, datasets.get_dataset(db, str(dataset.source)))


def built_over(db: Connection, dataset: Dataset) -> Dataset:
    """What is built where a dataset is named: its passages, brought up to date, if it has some; else itself."""
    found = passages.dataset_of(db, dataset.name)
    if found is None:
        return dataset
    refresh(db, found)
    return found


def base_name(dataset: Dataset) -> str:
    """The name that collections of a dataset begin with: for passages that of their documents."""
    return str(dataset.source) if dataset.made_by == "passages" else dataset.name


def passages_of(item: TextItem) -> list[Passage]:
    """The passages of a document. The document's title is the first part of each heading."""
    made = []
    for position, one in enumerate(cut(item.body), 1):
        headings = [item.title, *(heading for heading in one.headings if heading != item.title)]
        heading = BETWEEN.join(filter(None, headings))[:MAX_HEADING]
        made.append(Passage(position, one.page, heading, one.start, one.end, item.body[one.start : one.end]))
    return made


def _digest(item: TextItem) -> str:
    content = f"{item.title}\0{item.body}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=8).hexdigest()
