"""Titles of items for the listings of the command line."""

from __future__ import annotations

from collections.abc import Iterable

from semsearch import present
from semsearch.records import Hit, OpenCollection
from semsearch.storage import datasets
from semsearch.storage.driver import Connection

WIDEST_TITLE = 40  # characters of a title in a table


def titles_of(db: Connection, opened: OpenCollection, keys: Iterable[str]) -> dict[str, str]:
    """The title of each of these items that has one other than its key, by key; none for words."""
    if opened.of == "word":
        return {}
    rows = datasets.rows_by_key(db, opened.dataset, sorted(set(keys)))
    titles = {key: present.title_of(opened.dataset, Hit(key, 1.0, row=row)) for key, row in rows.items()}
    return {key: title for key, title in titles.items() if title != key}
