"""What the rows of a table are called: rows whose key or title fits a text, and some rows to begin with."""

from __future__ import annotations

from dataclasses import dataclass

from semsearch.records import Dataset
from semsearch.storage.driver import Connection
from semsearch.storage.keys import Keys, as_text, columns_of, quoted

KEY, TITLE = 4, 3  # how well a name fits: the very key, the very title, 2 begins so, 1 holds it
MOST_EDGES = 1_000_000  # of which is counted who has most
_ESCAPE = "escape '\\'"


@dataclass(frozen=True)
class Named:
    """The table that names a collection's items."""

    table: str
    kind: str
    key_columns: tuple[str, ...]
    title: str | None

    @property
    def key(self) -> str:
        """An SQL expression for the key as a person would type it; rows without a key have none."""
        parts = [f"cast({quoted(column)} as text)" for column in self.key_columns]
        return " || ',' || ".join(parts) or "''"


def fitting(db: Connection, table: Named, text: str, limit: int, kept: set[str] | None) -> list[tuple[str, int]]:
    """Keys of rows whose name holds a text, each with how well it fits, best first, of those `kept` if it is given."""
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    name = f"cast({quoted(table.title)} as text)" if table.title else table.key
    own = f"{table.key} = :text" if table.kind == "integer" else f"{table.key} like :holds {_ESCAPE}"
    reading = Keys(table.kind, table.key_columns, columns_of(db, table.table))
    rows = db.execute(
        f"select case when {table.key} = :text then {KEY} when {name} = :text collate nocase then {TITLE}"
        f" when {name} like :begins {_ESCAPE} then 2 else 1 end as fit, {reading.select} from {quoted(table.table)}"
        f" where {own} or {name} like :holds {_ESCAPE}"
        f" order by fit desc, length({name}), {name}",
        {"text": text, "begins": f"{plain}%", "holds": f"%{plain}%"},
    )
    found: list[tuple[str, int]] = []
    for row in rows:
        key = reading.of(row[1:])
        if key is not None and (kept is None or key in kept):
            found.append((key, row[0]))
            if len(found) == limit:
                break
    return found


def most_joined(db: Connection, dataset: Dataset, k: int) -> dict[str, int]:
    """The nodes at which most edges end, with how many; none where the edges are unknown, gone, or too many."""
    found = dataset.edges
    if found is None or not columns_of(db, found.table):
        return {}
    table = quoted(found.table)
    if db.execute(f"select 1 from {table} limit 1 offset {MOST_EDGES}").fetchone():
        return {}
    source, target = quoted(found.source), quoted(found.target)
    ends = f"select {source} as node from {table}"
    if not found.through:
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
