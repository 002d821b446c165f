"""Item keys: how a row of any table is named by one piece of text, as Datasette names it in URLs.

A single key column gives its own value; a compound key the tilde-encoded values joined by commas; a table without a
primary key the rowid. A table without a key that has a column called rowid is keyed by the hash of the whole row, with
`-2`, `-3` … for later rows that are identical, and so is every table that an older version keyed like that.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from semsearch.errors import InputError, NotFoundError
from semsearch.storage.driver import Connection

# COLLECTION_… tables that verbs write
WRITTEN = ("vocabulary", "clusters", "predictions", "links", "samples", "neighbours", "map", "map_groups")
KeyKind = Literal["integer", "text", "compound", "row"]
ROWID = "rowid"  # the key column of a table without a primary key, as in Datasette's own addresses
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


def quoted(name: str) -> str:
    """An SQL identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def tilde_encode(text: str) -> str:
    """Datasette's encoding of a value inside a URL path (datasette/utils, tilde_encode)."""
    return "".join(
        chr(byte) if byte in _SAFE else "+" if byte == 32 else f"~{byte:02X}" for byte in text.encode("utf-8")
    )


def tilde_decode(text: str) -> str:
    """The inverse of `tilde_encode`; text that was never encoded comes back as it is."""
    out, raw, at = bytearray(), text.encode("utf-8"), 0
    while at < len(raw):
        pair = raw[at + 1 : at + 3]
        if raw[at] == 126 and len(pair) == 2 and all(chr(digit) in "0123456789abcdefABCDEF" for digit in pair):
            out.append(int(pair, 16))
            at += 3
        else:
            out.append(32 if raw[at] == 43 else raw[at])
            at += 1
    return out.decode("utf-8", "replace")


@dataclass(frozen=True)
class TableShape:
    """What a table looks like: its columns with declared types, and how its rows are keyed."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    key_columns: tuple[str, ...]
    key_kind: KeyKind

    @property
    def by_rowid(self) -> bool:
        """Whether the rows have no key but their rowid, which VACUUM may change."""
        return self.key_columns == (ROWID,) and ROWID not in self.columns

    def is_keyed_by(self, kind: str, columns: Sequence[str]) -> bool:
        """Whether keys of this kind and these columns still name the rows of the table."""
        hashed = kind == "row" and (self.by_rowid or self.key_kind == "row")
        return hashed or (self.key_kind, self.key_columns) == (kind, tuple(columns))


def shape_of(db: Connection, table: str) -> TableShape:
    """The shape of an ordinary table; NotFoundError lists the tables there are, InputError refuses views and such."""
    result = db.execute(
        "select type, sql, name from sqlite_master where lower(name) = lower(?) and type in ('table', 'view')", [table]
    ).fetchone()
    if result is None:
        raise NotFoundError(f"No table {table!r} in this database: it has {_listed(_own_tables(db))}")
    table = result[2]  # as it was created: SQLite does not mind the case of a name, our catalogue does
    if result[0] == "view":
        raise InputError(f"{table} is a view: name the table whose rows are to be searched")
    if (result[1] or "").lower().lstrip().startswith("create virtual"):
        raise InputError(f"{table} is a virtual table: name the ordinary table whose rows are to be searched")
    info = _columns(db, table)
    types = _declared(info)
    by_position = sorted((column[5], column[1]) for column in info if column[5])
    key_columns = tuple(name for _, name in by_position)
    if not key_columns and ROWID not in {column.lower() for column in types}:
        return TableShape(table, tuple(types), tuple(types.values()), (ROWID,), "integer")
    return TableShape(table, tuple(types), tuple(types.values()), key_columns, _key_kind(db, table, key_columns))


def table_kind(db: Connection, name: str) -> str | None:
    """What has this name in the file, whatever its case: table, view, index or trigger; None where the name is free."""
    result = db.execute("select type from sqlite_master where lower(name) = lower(?)", [name]).fetchone()
    return None if result is None else str(result[0])


def table_exists(db: Connection, name: str) -> bool:
    """Whether the file has a table of this name, whatever its case; a view is none."""
    return table_kind(db, name) == "table"


def types_of(db: Connection, table: str) -> dict[str, str]:
    """The columns of a table in order, each with its declared type in capitals; none where it is gone."""
    return _declared(_columns(db, table))


def _declared(info: Sequence[Any]) -> dict[str, str]:
    return {column[1]: (column[2] or "").upper() for column in info}


def _columns(db: Connection, table: str) -> list[Any]:
    """What SQLite says of each column but those that virtual tables hide."""
    return [column for column in db.execute(f"pragma table_xinfo({quoted(table)})") if column[6] != 1]


def columns_of(db: Connection, table: str) -> tuple[str, ...]:
    """The columns of a table, in order; none where it is gone. Reads the schema only."""
    info = db.execute("select name from pragma_table_xinfo(?) where hidden <> 1 order by cid", [table])
    return tuple(row[0] for row in info)


def _key_kind(db: Connection, table: str, key_columns: Sequence[str]) -> KeyKind:
    if not key_columns:
        return "row"
    if len(key_columns) > 1:
        return "compound"
    column = quoted(key_columns[0])
    other = db.execute(f"select 1 from {quoted(table)} where typeof({column}) <> 'integer' limit 1").fetchone()
    empty = db.execute(f"select 1 from {quoted(table)} limit 1").fetchone() is None
    declared = db.execute(
        "select upper(type) from pragma_table_info(?) where name = ?", [table, key_columns[0]]
    ).fetchone()[0]
    integers = "INT" in declared if empty else other is None
    return "integer" if integers else "text"


def ordinary_tables(db: Connection) -> list[str]:
    """Names of the tables a person made: no views, virtual, shadow or internal ones."""
    rows = db.execute(
        "select l.name from pragma_table_list l where l.schema = 'main' and l.type = 'table'"
        " and substr(l.name, 1, 7) <> 'sqlite_' and substr(l.name, 1, 1) <> '_' order by l.name"
    )
    return [row[0] for row in rows]


def _own_tables(db: Connection) -> list[str]:
    """The ordinary tables without the result tables of collections, for the list of tables in an error."""
    has_catalogue = table_exists(db, "_semsearch_collections")
    names = db.execute("select name from _semsearch_collections").fetchall() if has_catalogue else []
    written = {f"{row[0]}_{what}" for row in names for what in WRITTEN}
    return [table for table in ordinary_tables(db) if table not in written]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "") if names else "no tables"


def row_hash(values: Sequence[Any]) -> str:
    """The key of a row without one: 16 hex digits over its values and their types."""
    digest = hashlib.blake2b(digest_size=8)
    for value in values:
        content = value if isinstance(value, bytes) else repr(value).encode("utf-8", "surrogatepass")
        digest.update(f"{type(value).__name__}:{len(content)}:".encode() + content)
    return digest.hexdigest()


class Keys:
    """Gives each row of one pass its key. `select` is what to read for it; `of` turns those values into the key."""

    def __init__(self, kind: str, key_columns: Sequence[str], columns: Sequence[str]) -> None:
        self.kind = kind
        self.seen: Counter[str] = Counter()
        names = columns if kind == "row" else key_columns
        self.select = ", ".join(quoted(name) for name in names)
        self.width = len(names)
        self.order = "_rowid_" if kind == "row" else self.select

    def of(self, values: Sequence[Any]) -> str | None:
        """The key of the row with these values; None where a key column is NULL, which SQLite allows."""
        if self.kind == "row":
            key = row_hash(values)
            self.seen[key] += 1
            return key if self.seen[key] == 1 else f"{key}-{self.seen[key]}"
        if None in values:
            return None
        return join_key(values)


def join_key(values: Sequence[Any]) -> str:
    """One key from the values of the key columns."""
    if len(values) == 1:
        return as_text(values[0])
    return ",".join(tilde_encode(as_text(value)) for value in values)


def as_integer(key: str) -> int | None:
    """The integer that a key spells as SQLite would; None for any other text, and beyond 64 bits."""
    digits = key.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 19:
        return None
    number = int(key)
    return number if -(2**63) <= number < 2**63 else None


def split_key(key: str) -> list[str]:
    """The values of a compound key."""
    return [tilde_decode(part) for part in key.split(",")]


def as_text(value: Any) -> str:
    """A value as text: NULL and BLOBs that are not text as nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "ignore")
    return str(value)
