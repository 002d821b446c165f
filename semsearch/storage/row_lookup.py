"""Rows by name: those whose key or title contains a text, and some rows to start from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from semsearch.records import Dataset
from semsearch.storage.driver import Connection
from semsearch.storage.keys import Keys, as_text, columns_of, quoted

MAX_COUNTED_EDGES = 1_000_000  # in a table with more, degrees are not counted: that would take seconds
_ESCAPE = "escape '\\'"


class Match(IntEnum):
    """How well a row's name fits a text; a larger value is a better fit."""

    INFIX = 1  # the title contains the text
    PREFIX = 2  # the title begins with it
    TITLE = 3  # the title is the text, in any case
    KEY = 4  # the key is the text


@dataclass(frozen=True)
class Named:
    """The table whose rows name a collection's items."""

    table: str
    kind: str
    key_columns: tuple[str, ...]
    title: str | None

    @property
    def key(self) -> str:
        """An SQL expression for the key as a person would type it; rows without a key have none."""
        parts = [f"cast({quoted(column)} as text)" for column in self.key_columns]
        return " || ',' || ".join(parts) or "''"


def fitting(db: Connection, table: Named, text: str, limit: int, kept: set[str] | None) -> list[tuple[str, Match]]:
    """The keys of up to `limit` rows whose key or title contains a text, best match first, of those `kept` if given."""
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    name = f"cast({quoted(table.title)} as text)" if table.title else table.key
    own = f"{table.key} = :text" if table.kind == "integer" else f"{table.key} like :holds {_ESCAPE}"
    reading = Keys(table.kind, table.key_columns, columns_of(db, table.table))
    rows = db.execute(
        f"select case when {table.key} = :text then {Match.KEY:d}"
        f" when {name} = :text collate nocase then {Match.TITLE:d}"
        f" when {name} like :begins {_ESCAPE} then {Match.PREFIX:d} else {Match.INFIX:d} end as fit,"
        f" {reading.select} from {quoted(table.table)}"
        f" where {own} or {name} like :holds {_ESCAPE}"
        f" order by fit desc, length({name}), {name}",
        {"text": text, "begins": f"{plain}%", "holds": f"%{plain}%"},
    )
    matches: list[tuple[str, Match]] = []
    for row in rows:
        key = reading.of(row[1:])
        if key is not None and (kept is None or key in kept):
            matches.append((key, Match(row[0])))
            if len(matches) == limit:
                break
    return matches


def names(db: Connection, table: Named, limit: int) -> list[str]:
    """The titles of up to `limit` rows, or their keys where there are no titles."""
    name = f"cast({quoted(table.title)} as text)" if table.title else table.key
    rows = db.execute(f"select distinct {name} from {quoted(table.table)} where {name} is not null limit ?", [limit])
    return [row[0] for row in rows]


def most_joined(db: Connection, dataset: Dataset, k: int) -> dict[str, int]:
    """The k nodes of highest degree, with their degrees; none if the edges are unknown, gone or too many."""
    edges = dataset.edges
    if edges is None or not columns_of(db, edges.table):
        return {}
    table = quoted(edges.table)
    if db.execute(f"select 1 from {table} limit 1 offset {MAX_COUNTED_EDGES}").fetchone():
        return {}
    source, target = quoted(edges.source), quoted(edges.target)
    ends = f"select {source} as node from {table}"
    if not edges.through:
        ends += f" union all select {target} from {table} where {target} <> {source}"
    rows = db.execute(
        f"select node, count(*) as edges from ({ends}) where node is not null group by node"
        " order by edges desc, node limit ?",
        [k],
    )
    return {as_text(row[0]): row[1] for row in rows}


def first(db: Connection, table: Named, k: int) -> list[str]:
    """The keys of the first rows by title, or by key where there is none."""
    reading = Keys(table.kind, table.key_columns, columns_of(db, table.table))
    order = f"{quoted(table.title)} collate nocase, {reading.order}" if table.title else reading.order
    rows = db.execute(f"select {reading.select} from {quoted(table.table)} order by {order} limit ?", [k])
    return [key for key in map(reading.of, rows) if key is not None]


def latest(db: Connection, table: Named, k: int) -> list[str]:
    """The keys of the k rows that were inserted last, the last first; none for a table WITHOUT ROWID."""
    (without_rowid,) = db.execute("select wr from pragma_table_list where name = ?", [table.table]).fetchone()
    if without_rowid or table.kind == "row":
        return []
    reading = Keys(table.kind, table.key_columns, columns_of(db, table.table))
    rows = db.execute(f"select {reading.select} from {quoted(table.table)} order by _rowid_ desc limit ?", [k])
    return [key for key in map(reading.of, rows) if key is not None]
