"""Which tables and views are derived from which other tables.

An actor who may not see a table must not read it through its vectors, vocabulary, full-text table, the catalogue or
the tables in which SQLite counts rows. Only schema and catalogue are read, so this works without sqlite-vec.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from semsearch.storage import contexts, driver, fulltext, vectors
from semsearch.storage.driver import Connection
from semsearch.storage.keys import WRITTEN
from semsearch.storage.results import MADE_OF

INTERNAL = "_semsearch_"
COUNTERS = ("sqlite_sequence", *(f"sqlite_stat{number}" for number in (1, 2, 3, 4)))


@dataclass(frozen=True)
class _Catalogue:
    """The source tables of each collection, vector table and full-text table."""

    collections: Mapping[str, frozenset[str]]
    vector_tables: Mapping[int, frozenset[str]]
    datasets: Mapping[int, frozenset[str]]

    @property
    def sources(self) -> frozenset[str]:
        return frozenset().union(*self.datasets.values(), *self.collections.values())


def fingerprint(db: Connection) -> tuple[object, ...]:
    """A value that changes whenever `derived_tables` may change.

    A build or a drop changes the schema, an update the rows of a dataset and its collections.
    """
    state: list[object] = [db.execute("pragma schema_version").fetchone()[0]]
    try:
        for table in ("_semsearch_datasets", "_semsearch_collections"):
            state += map(tuple, db.execute(f"select * from {table} order by id"))
    except driver.OperationalError as error:
        if "no such" not in str(error):
            raise
    return tuple(state)


def derived_tables(db: Connection) -> dict[str, frozenset[str]]:
    """Each derived table or view, with the names of all tables it is derived from, directly or indirectly.

    What cannot be attributed, and the catalogue itself, counts as derived from every source. If a source is gone, or
    the catalogue has another version, that means every ordinary table, because a source may have been renamed.
    """
    rows = db.execute("select name, type, coalesce(sql, '') from sqlite_master where type in ('table', 'view')")
    schema = {row[0]: (row[1], row[2]) for row in rows}
    if not any(name.startswith(INTERNAL) for name in schema):
        return {}
    catalogue = _read(db, schema)
    direct = {} if catalogue is None else _direct(schema, catalogue)
    every = frozenset() if catalogue is None else catalogue.sources
    for name, (kind, sql) in schema.items():
        if name not in direct and (
            name.startswith(INTERNAL) or name in COUNTERS or (kind == "view" and INTERNAL in sql)
        ):
            direct[name] = every
    ordinary = frozenset(
        name
        for name, (kind, sql) in schema.items()
        if kind == "table" and name not in direct and not name.startswith(("_", "sqlite_")) and not _is_virtual(sql)
    )
    if catalogue is None:
        return dict.fromkeys(direct, ordinary)
    return {name: _closed(sources, direct, schema, ordinary) for name, sources in direct.items()}


def _read(db: Connection, schema: Mapping[str, tuple[str, str]]) -> _Catalogue | None:
    """The catalogue; None where it is not as this version writes it."""
    try:
        made = db.execute(
            "select c.name, c.vector_table, c.dataset, coalesce(r.options ->> 'sql', r.options ->> 'table', ''),"
            " d.edges ->> 'table' from _semsearch_collections c left join _semsearch_runs r on r.id = c.run"
            " left join _semsearch_datasets d on d.name = c.dataset"
        ).fetchall()
        read = db.execute(
            "select c.name, i.collection from _semsearch_collections c join _semsearch_inputs i on i.run = c.run"
        ).fetchall()
        datasets = db.execute("select id, name from _semsearch_datasets").fetchall()
    except driver.OperationalError as error:
        if "no such" not in str(error):
            raise
        return None
    inputs = {row[0]: [name for reader, name in read if reader == row[0]] for row in made}
    of = {
        name: frozenset((dataset, *_named_in(sql, schema), *filter(None, [edges]), *inputs[name]))
        for name, _, dataset, sql, edges in made
    }
    return _Catalogue(
        of, {row[1]: of[row[0]] for row in made}, {number: frozenset((name,)) for number, name in datasets}
    )


def _named_in(sql: str, schema: Mapping[str, tuple[str, str]]) -> set[str]:
    """The tables and views that a query may read: those whose name stands in it, or in a view that does.

    A table cannot be read without its name being written, so none is missed; one may be named that is not read.
    """
    result: set[str] = set()
    waiting = [sql.lower()] if sql else []
    while waiting:
        text = waiting.pop()
        named = {
            name
            for name in schema
            if name not in result and re.search(rf"(?<!\w){re.escape(name.lower())}(?!\w)", text.replace('""', '"'))
        }
        result |= named
        waiting += [schema[name][1].lower() for name in named if schema[name][0] == "view"]
    return result


def _direct(schema: Mapping[str, tuple[str, str]], catalogue: _Catalogue) -> dict[str, frozenset[str]]:
    """The tables and views whose source the catalogue names, each with that source."""
    result = {}
    written = {f"{name}_{what}": source for name, source in catalogue.collections.items() for what in WRITTEN}
    for name in schema:
        source = (
            catalogue.collections.get(name)
            or (name in written and written[name] | _noted(schema[name][1]))
            or catalogue.vector_tables.get(_number(name, vectors.PREFIX))
            or catalogue.vector_tables.get(_number(name, contexts.PREFIX))
            or catalogue.datasets.get(_number(name, fulltext.PREFIX))
            or _noted(schema[name][1])
        )
        if source and source != {name}:  # the words of an import are a table of their own, made of no other
            result[name] = source
    return result


def _noted(sql: str) -> frozenset[str]:
    """The source that a table of results names in its own definition (storage.results.replace)."""
    noted = re.search(rf"/\* {MADE_OF}((?:[0-9a-f]{{2}})+) \*/\)$", sql)
    return frozenset([bytes.fromhex(noted[1]).decode()] if noted else [])


def _number(name: str, prefix: str) -> int:
    """The number of an internal table or of the one whose shadow it is; -1 for other names."""
    digits = name[len(prefix) :].partition("_")[0] if name.startswith(prefix) else ""
    return int(digits) if digits.isascii() and digits.isdecimal() else -1


def _is_virtual(sql: str) -> bool:
    return sql.lower().lstrip().startswith("create virtual")


def _closed(
    sources: frozenset[str], direct: Mapping[str, frozenset[str]], schema: Iterable[str], ordinary: frozenset[str]
) -> frozenset[str]:
    """The sources with theirs (a vocabulary can be searched too), and every ordinary table for one that is gone."""
    result: set[str] = set()
    waiting = list(sources)
    while waiting:
        name = waiting.pop()
        if name not in result:
            result.add(name)
            waiting += direct.get(name, ())
            waiting += () if name in schema else ordinary
    return frozenset(result)
