"""The words of a collection, as its vocabulary table lists them."""

from __future__ import annotations

from semsearch.records import Collection
from semsearch.storage.driver import Connection
from semsearch.storage.keys import columns_of, quoted

Word = tuple[str, str | None, int]  # as written, its term, how often it occurs (1 if imported)


def words_of(db: Connection, collection: Collection) -> list[Word]:
    """All words of a word collection, the most frequent first; imported ones in the order of their source."""
    table = collection.vocabulary
    columns = columns_of(db, table)
    term = "term" if "term" in columns else "null"
    count = "count" if "count" in columns else "1"
    order = "place" if "place" in columns else f"-{count}"
    rows = db.execute(f"select word, {term}, {count} from {quoted(table)} order by {order}, word")
    return [(str(word), term, int(count or 1)) for word, term, count in rows]
