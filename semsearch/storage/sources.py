"""Which tables a run or a dataset was read from, so that each is found again under another name.

A name can be moved from a private table to a public one. So the root page of each source is kept, its definition, and
hashes of some of its rows. A table that changed its name keeps its root page and its rows. A root page alone proves
nothing: VACUUM moves it, and DROP TABLE frees it for another table. So the rows decide. Where they do not, the source
is in doubt, and permissions take every table of the file for it (storage.lineage).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from semsearch.storage import driver
from semsearch.storage.driver import Connection
from semsearch.storage.keys import quoted, row_hash

TABLE = "_semsearch_sources"
SPREAD = 16  # sampled rows at each end of the table, and between the ends
WINDOW = 256  # rows at each end that are compared where row numbers have changed
LONGEST_VALUE = 65_536  # bytes; of a longer value the length is compared
MOST_COLUMNS = 24  # of each row
HELD = 0.25  # share of sampled rows left in a table whose name and root page are as they were
MOVED = 0.5  # share left in a table of the same definition that has another name or root page
SAME = 1.0  # share left in any other table


@dataclass(frozen=True)
class Source:
    """A table as it was when it was read. `rootpage` is 0 and `columns` is empty if nothing but the name is known."""

    name: str
    rootpage: int = 0
    definition: str = ""  # what follows the name in CREATE TABLE
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[int, str], ...] = ()  # row number (0 in tables without) and hash of each sampled row

    @property
    def is_known(self) -> bool:
        """Whether more than a name was kept."""
        return bool(self.columns)


@dataclass(frozen=True)
class Noted:
    """A source, its number, and the run or the dataset that was read from it."""

    id: int
    run: int | None
    dataset: int | None
    source: Source


def folded(name: str) -> str:
    """One spelling for all names that SQLite takes for the same: it folds ASCII letters only."""
    return name.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def noted(db: Connection) -> list[Noted]:
    """All sources that the file keeps; none in a file of an older semsearch. A damaged one is known by its name only.

    A source whose name is damaged too is in doubt: its name is empty.
    """
    try:
        rows = db.execute(
            f"select id, run, dataset, name, rootpage, definition, sample from {TABLE} order by id"
        ).fetchall()
    except driver.OperationalError as error:
        if "no such" not in str(error):
            raise
        return []
    return [Noted(row[0], row[1], row[2], _parsed(row[3:])) for row in rows]


def _parsed(row: Sequence[object]) -> Source:
    name, rootpage, definition, sample = row
    try:
        kept = json.loads(str(sample))
        rows = tuple((int(number), str(digest)) for number, digest in kept["rows"])
        return Source(str(name), int(str(rootpage)), str(definition), tuple(map(str, kept["columns"])), rows)
    except (ValueError, TypeError, KeyError):
        return Source("")


def write(db: Connection, found: Iterable[Source], *, run: int | None = None, dataset: int | None = None) -> list[int]:
    """Keep the sources of a run, of a dataset or of neither, in addition to those it has; returns their numbers."""
    statement = (
        f"insert into {TABLE} (run, dataset, name, rootpage, definition, sample) values (?, ?, ?, ?, ?, ?) returning id"
    )
    return [
        db.execute(statement, [run, dataset, each.name, each.rootpage, each.definition, _sample_text(each)]).fetchone()[
            0
        ]
        for each in dict.fromkeys(found)
    ]


def _sample_text(source: Source) -> str:
    return json.dumps({"columns": source.columns, "rows": source.rows})


def forget(db: Connection, *, run: int | None = None, dataset: int | None = None) -> None:
    """Forget the sources of a run or of a dataset."""
    db.execute(f"delete from {TABLE} where run is ? and dataset is ?", [run, dataset])


@dataclass(frozen=True)
class _Table:
    """A table of the schema as it is now."""

    name: str
    rootpage: int
    definition: str
    columns: tuple[str, ...]
    has_rowid: bool


class Tables:
    """The ordinary tables of a file at one moment, to describe sources and to find them again."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._tables = {folded(table.name): table for table in _tables(db)}
        self._names = {folded(row[0]) for row in db.execute("select name from sqlite_master")}
        self._by_root = {table.rootpage: table for table in self._tables.values()}
        self._found: dict[Source, frozenset[str] | None] = {}
        self._shares: dict[tuple[str, Source], float] = {}

    def described(self, name: str) -> Source:
        """A table as it is now; for a view or a virtual table a source of which only the name is known."""
        table = self._tables.get(folded(name))
        if table is None:
            return Source(name)
        rows = tuple(_sampled(self._db, table, table.columns))
        return Source(table.name, table.rootpage, table.definition, table.columns, rows)

    def found(self, source: Source) -> frozenset[str] | None:
        """The names of the tables that a source may be now; None if it is in doubt."""
        if source not in self._found:
            self._found[source] = self._look_for(source)
        return self._found[source]

    def _look_for(self, source: Source) -> frozenset[str] | None:
        named = self._tables.get(folded(source.name))
        if not source.is_known:
            known = source.name if named is None else named.name
            return frozenset([known]) if folded(source.name) in self._names else None
        if named is not None and self._is_unmoved(named, source):
            return frozenset([named.name])
        if not source.rows:  # it was empty: nothing but its root page tells it from others
            rooted = self._by_root.get(source.rootpage)
            return frozenset(table.name for table in (named, rooted) if table is not None) or None
        shares = {table.name: self._share(table, source) for table in self._tables.values()}
        likely = (self._by_root.get(source.rootpage), named)
        moved = [table.name for table in likely if table is not None and _extends(table, source)]
        if any(share >= (MOVED if name in moved else SAME) for name, share in shares.items()):
            return frozenset(name for name, share in shares.items() if share)
        return None

    def _is_unmoved(self, table: _Table, source: Source) -> bool:
        """Whether the table of the source's name is the same table: its page, its definition and rows."""
        if table.rootpage != source.rootpage or not _extends(table, source):
            return False
        return not source.rows or self._share(table, source) >= HELD

    def _share(self, table: _Table, source: Source) -> float:
        """The share of a source's sampled rows that are rows of a table."""
        key = (table.name, source)
        if key not in self._shares:
            self._shares[key] = _share_of(self._db, table, source)
        return self._shares[key]


def _extends(table: _Table, source: Source) -> bool:
    """Whether a table has the source's definition, or one with more columns at its end."""
    stem = source.definition.rstrip().rstrip(")").rstrip()
    return table.definition == source.definition or (bool(stem) and table.definition.startswith(f"{stem},"))


def _share_of(db: Connection, table: _Table, source: Source) -> float:
    known = {folded(column): column for column in table.columns}
    columns = tuple(known[folded(column)] for column in source.columns if folded(column) in known)
    if len(columns) < len(source.columns):
        return 0.0
    here = set(_sampled(db, table, columns, [number for number, _ in source.rows]))
    held = {pair for pair in source.rows if pair[0] and pair in here}
    if len(held) < len(source.rows):  # VACUUM gives new numbers to rows without a key
        digests = {digest for _, digest in _window(db, table, columns)} | {digest for _, digest in here}
        held |= {pair for pair in source.rows if pair[1] in digests}
    return len(held) / len(source.rows)


def _tables(db: Connection) -> Iterator[_Table]:
    """The tables that people made: no views, virtual, shadow or internal ones."""
    listed = db.execute("select name, type, wr from pragma_table_list where schema = 'main'").fetchall()
    kinds: Mapping[str, tuple[str, int]] = {row[0]: (row[1], row[2]) for row in listed}
    for name, rootpage, sql in db.execute(
        "select name, rootpage, coalesce(sql, '') from sqlite_master where type = 'table' and rootpage > 0"
    ).fetchall():
        kind, without_rowid = kinds.get(name, ("", 0))
        if kind != "table" or name.startswith(("_semsearch_", "sqlite_", "_sqlite_")):
            continue
        columns = [row[1] for row in db.execute(f"pragma table_xinfo({quoted(name)})") if row[6] == 0]
        yield _Table(name, rootpage, sql[sql.find("(") :], tuple(columns[:MOST_COLUMNS]), not without_rowid)


def _row_number(table: _Table) -> str | None:
    """How the number of a row is written where no column has that name."""
    taken = {folded(column) for column in table.columns}
    free = [name for name in ("rowid", "_rowid_", "oid") if name not in taken]
    return free[0] if table.has_rowid and free else None


def _select(table: _Table, columns: Sequence[str], number: str) -> str:
    """A statement for the number and the values of rows. Long values are not read, and no text is decoded."""
    # octet_length came with the SQLite that can read our full-text tables; without it long values are read.
    bytes_of = "octet_length({})" if driver.is_recent() else "length(cast({} as blob))"
    values = []
    for name in map(quoted, columns):
        size = bytes_of.format(name)
        values.append(f"case when {size} > {LONGEST_VALUE} then {size} else cast({name} as blob) end")
    return f"select {number}, {', '.join(values)} from {quoted(table.name)}"


def _sampled(
    db: Connection, table: _Table, columns: Sequence[str], numbers: Sequence[int] | None = None
) -> Iterator[tuple[int, str]]:
    """The number and the hash of some rows: of these `numbers`, or from both ends and from between."""
    number = _row_number(table)
    if number is None or not columns:
        yield from _ends(db, table, columns, SPREAD)
        return
    chosen = _spread(db, table, number) if numbers is None else numbers
    statement = f"{_select(table, columns, number)} where {number} = ?"
    for each in dict.fromkeys(chosen):
        for row in db.execute(statement, [each]):
            yield row[0], row_hash(tuple(row)[1:])


def _spread(db: Connection, table: _Table, number: str) -> list[int]:
    name = quoted(table.name)
    low = [row[0] for row in db.execute(f"select {number} from {name} order by {number} limit {SPREAD}")]
    high = [row[0] for row in db.execute(f"select {number} from {name} order by {number} desc limit {SPREAD}")]
    if not low:
        return []
    first, last = low[0], high[0]
    between = [first + (last - first) * step // (SPREAD + 1) for step in range(1, SPREAD + 1)]
    statement = f"select {number} from {name} where {number} >= ? order by {number} limit 1"
    return [*low, *(row[0] for each in between for row in db.execute(statement, [each])), *high]


def _window(db: Connection, table: _Table, columns: Sequence[str]) -> Iterator[tuple[int, str]]:
    return _ends(db, table, columns, WINDOW)


def _ends(db: Connection, table: _Table, columns: Sequence[str], rows: int) -> Iterator[tuple[int, str]]:
    """The hashes of the first and last rows in the order in which they are stored, with the number 0."""
    if not columns:
        return
    number = _row_number(table)
    if number:
        order = [number]
    else:
        info = db.execute(f"pragma table_info({quoted(table.name)})").fetchall()
        order = [quoted(row[1]) for row in sorted(info, key=lambda row: row[5]) if row[5]] or ["1"]
    for direction in ("asc", "desc"):
        by = ", ".join(f"{column} {direction}" for column in order)
        for row in db.execute(f"{_select(table, columns, '0')} order by {by} limit {rows}"):
            yield 0, row_hash(tuple(row)[1:])
