"""Documents with their best passages, from a search among passages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from semsearch.errors import InputError
from semsearch.records import Dataset, Hit, OpenCollection
from semsearch.search.query import MAX_K, Found
from semsearch.storage import datasets, passages
from semsearch.storage.driver import Connection

PASSAGES = 3  # passages of a document that a hit shows
AHEAD = 4  # passages that are looked at for each document that is asked for


def holds_passages(opened: OpenCollection) -> bool:
    """Whether the items of a collection are passages of documents."""
    return opened.of == "document" and opened.dataset.made_by == "passages"


def check_by(opened: OpenCollection, by: str | None) -> None:
    """Raise InputError where documents or passages are asked for, and the collection has no passages."""
    if by is not None and not holds_passages(opened):
        raise InputError(f"{opened.name} has no passages: leave out --by, or cut its texts with --passages")


def found_by(
    db: Connection, opened: OpenCollection, find: Callable[[int], Found], k: int, by: str | None
) -> tuple[Found, Dataset]:
    """The k best items, and the dataset to show them by: documents for a collection of passages, unless by passage."""
    if not holds_passages(opened) or by == "passage":
        return find(k), opened.dataset
    return documents_of(db, opened, find, k)


def passage_hits(hits: Sequence[Hit]) -> list[Hit]:
    """The hits of the best passage of each document, to explain their scores; others as they are."""
    return [replace(hit, id=hit.passages[0]["id"]) if hit.passages else hit for hit in hits]


def documents_of(db: Connection, opened: OpenCollection, find: Callable[[int], Found], k: int) -> tuple[Found, Dataset]:
    """The k best documents, and the dataset to show them by. `find(n)` finds the n best passages.

    A document has the scores of its best passage, and up to PASSAGES of them. Its row has its columns without its text,
    which the column `text` of the best passage replaces.
    """
    source = datasets.get_dataset(db, str(opened.dataset.source))
    wanted = min(MAX_K, AHEAD * k)
    while True:
        found = find(wanted)
        grouped: dict[str, list[Hit]] = {}
        for hit in found.hits:
            grouped.setdefault(str(hit.row["document"]), []).append(hit)
        if len(grouped) >= k or len(found.hits) < wanted or wanted >= MAX_K:
            break
        wanted = min(MAX_K, 4 * wanted)
    keys = list(grouped)[:k]
    rows = datasets.rows_by_key(db, source, keys)
    hits = tuple(_document(source, key, rows[key], grouped[key]) for key in keys if key in rows)
    return replace(found, hits=hits), replace(source, text_columns=("text",))


def _document(source: Dataset, key: str, row: dict[str, object], hits: list[Hit]) -> Hit:
    best = hits[0]
    shown = {name: value for name, value in row.items() if name not in source.text_columns}
    listed = tuple({**passages.shown(hit.row), "score": hit.score} for hit in hits[:PASSAGES])
    id = int(key) if source.key_type == "integer" else key
    return replace(best, id=id, row=shown | {"text": best.row["text"]}, passages=listed)
