"""Which tables and views are derived from which other tables.

An actor who may not see a table must not read it through its vectors, vocabulary, full-text table, the catalogue or
the tables in which SQLite counts rows. Only schema and catalogue are read, and some rows of tables that were renamed
(storage.sources), so this works without sqlite-vec.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from semsearch.storage import contexts, driver, fulltext, vectors
from semsearch.storage import sources as kept_sources
from semsearch.storage.driver import Connection
from semsearch.storage.keys import WRITTEN
from semsearch.storage.results import MADE_OF, RUN_OF, SOURCE_OF
from semsearch.storage.sources import Source, Tables, folded, noted
from semsearch.storage.unchanged import has_its_rows

INTERNAL = "_semsearch_"
COUNTERS = ("sqlite_sequence", *(f"sqlite_stat{number}" for number in (1, 2, 3, 4)))
_CATALOGUE = ("_semsearch_datasets", "_semsearch_collections", "_semsearch_sources")
Schema = Mapping[str, tuple[str, str]]  # type and definition of each table and view
Names = frozenset[str]
_DOUBT = frozenset([""])  # the name of no table


@dataclass(frozen=True)
class Lineage:
    """The names of all tables that something is derived from, directly or indirectly.

    `tables` is by the name of a derived table or view, `runs` by the number of a run. `everything` is what the
    catalogue as a whole is derived from.
    """

    tables: Mapping[str, Names] = field(default_factory=dict)
    runs: Mapping[int, Names] = field(default_factory=dict)
    everything: Names = frozenset()

    def of_run(self, run: int) -> Names:
        """The sources of a run; those of the whole catalogue for one that is not known."""
        return self.runs.get(run, self.everything)


@dataclass(frozen=True)
class _Catalogue:
    """The source tables of each run, collection, vector table and dataset, and of each table of results that names
    its own. A source in doubt is every table."""

    runs: Mapping[int, Names]
    collections: Mapping[str, Names]
    vector_tables: Mapping[int, Names]
    datasets: Mapping[int, Names]
    results: Mapping[int, Names]  # by the number of the source

    @property
    def sources(self) -> Names:
        return frozenset().union(*self.datasets.values(), *self.runs.values(), *self.results.values())


def fingerprint(db: Connection) -> tuple[object, ...]:
    """A value that changes whenever `lineage` may change.

    A build or a drop changes the schema, an update the rows of a dataset and its collections.
    """
    state: list[object] = [db.execute("pragma schema_version").fetchone()[0]]
    for table in _CATALOGUE:
        columns = "id, run, dataset" if table == "_semsearch_sources" else "*"
        try:
            state += map(tuple, db.execute(f"select {columns} from {table} order by id"))
        except driver.OperationalError as error:
            if "no such" not in str(error):
                raise
    return tuple(state)


def derived_tables(db: Connection) -> Mapping[str, Names]:
    """Each derived table or view, with the names of all tables it is derived from."""
    return lineage(db).tables


def lineage(db: Connection) -> Lineage:
    """What is derived from what.

    What cannot be attributed, and the catalogue itself, counts as derived from every source. If a source is gone or in
    doubt, or the catalogue has another version, that means every ordinary table.
    """
    schema = _schema(db)
    if not any(name.startswith(INTERNAL) for name in schema):
        return Lineage()
    catalogue = _read(db, schema)
    direct = {} if catalogue is None else _direct(schema, catalogue)
    every = frozenset() if catalogue is None else catalogue.sources
    for name, (kind, sql) in schema.items():
        if name not in direct and (
            name.startswith(INTERNAL) or name in COUNTERS or (kind == "view" and INTERNAL in sql.lower())
        ):
            direct[name] = every
    ordinary = frozenset(
        name
        for name, (kind, sql) in schema.items()
        if kind == "table" and name not in direct and not name.startswith(("_", "sqlite_")) and not _is_virtual(sql)
    )
    if catalogue is None:
        return Lineage(dict.fromkeys(direct, ordinary), {}, ordinary)
    known = {folded(name) for name in schema}

    def closed(sources: Names) -> Names:
        return _closed(sources, direct, known, ordinary)

    tables = {name: closed(sources) for name, sources in direct.items()}
    return Lineage(tables, {run: closed(sources) for run, sources in catalogue.runs.items()}, closed(every))


def sources_of(db: Connection, names: Iterable[str], *, runs: Iterable[int] = ()) -> list[Source]:
    """Tables as they are now, to be kept as the sources of a run that reads them; views by the tables they read.

    What is derived stands for its own sources, and `runs` for theirs: they are known better than by a name.
    """
    tables, derived, kept = Tables(db), lineage(db), noted(db)
    result: list[Source] = []
    for name in names:
        own = derived.tables.get(name)
        result += [tables.described(name)] if own is None else [Source(name), *map(tables.described, own - {name})]
    for run in runs:
        known = [each.source for each in kept if each.run == run]
        result += known or map(tables.described, derived.of_run(run))
    return list(dict.fromkeys(result))


def tables_in(db: Connection, sql: str) -> list[str]:
    """The tables and views that a query may read."""
    return sorted(_named_in(sql, _schema(db)))


def note(db: Connection, found: Sequence[Source], *, run: int, dataset: int) -> None:
    """Keep the sources of a build; the first is its dataset's table, whose words the full text now holds."""
    kept_sources.write(db, found, run=run)
    kept_sources.forget(db, dataset=dataset)
    kept_sources.write(db, found[:1], dataset=dataset)


def adopt(db: Connection, dataset: str) -> None:
    """Keep the sources of a dataset and of its runs where there are none, as they are known now: before it changes.

    A file of an older semsearch has none. What is in doubt now stays in doubt.
    """
    kept, catalogue = noted(db), _read(db, _schema(db))
    if catalogue is None:
        return
    tables = Tables(db)
    runs = {row[0] for row in db.execute("select id from _semsearch_runs where dataset = ?", [dataset])}
    for run in runs - {each.run for each in kept}:
        kept_sources.write(db, map(tables.described, sorted(catalogue.runs[run])), run=run)
    numbers = {row[0] for row in db.execute("select id from _semsearch_datasets where name = ?", [dataset])}
    for number in numbers - {each.dataset for each in kept}:
        kept_sources.write(db, map(tables.described, sorted(catalogue.datasets[number])), dataset=number)


def renew(db: Connection, table: str, *, runs: Iterable[int], dataset: int) -> None:
    """Keep the sources of a dataset and of its runs as they are now, after an update has read the table.

    A source that was renamed or is in doubt stays as it is, and the table is one more source.
    """
    tables, kept = Tables(db), noted(db)
    owners: list[dict[str, int]] = [{"dataset": dataset}, *({"run": run} for run in runs)]
    for owner in owners:
        own = [each.source for each in kept if owner in ({"run": each.run}, {"dataset": each.dataset})]
        same = [each for each in own if tables.found(each) == {each.name}]
        found = [tables.described(each.name) if each in same else each for each in own]
        if not any(folded(each.name) == folded(table) for each in same):
            found.append(tables.described(table))
        if found != own:
            kept_sources.forget(db, **owner)
            kept_sources.write(db, found, **owner)


def _schema(db: Connection) -> dict[str, tuple[str, str]]:
    rows = db.execute("select name, type, coalesce(sql, '') from sqlite_master where type in ('table', 'view')")
    return {row[0]: (row[1], row[2]) for row in rows}


def _read(db: Connection, schema: Schema) -> _Catalogue | None:
    """The catalogue; None where it is not as this version writes it."""
    try:
        made = db.execute("select name, vector_table, dataset, run from _semsearch_collections").fetchall()
        runs = db.execute("select id, dataset, options from _semsearch_runs").fetchall()
        read = db.execute("select run, collection from _semsearch_inputs").fetchall()
        datasets = db.execute("select id, name, edges from _semsearch_datasets").fetchall()
    except driver.OperationalError as error:
        if "no such" not in str(error):
            raise
        return None
    kept = _Kept(db)
    of_dataset = {number: kept.of_dataset(number) or _by_name(db, number, name) for number, name, _ in datasets}
    by_name = {name: (of_dataset[number], _edges(text)) for number, name, text in datasets}
    of_run = {}
    for run, name, options in runs:
        own, edges = by_name.get(name, (frozenset([str(name)]), frozenset()))
        named = edges | {each for number, each in read if number == run}
        known = kept.of_run(run)
        if known:
            of_run[run] = known | {each for each in named if each in schema}
        else:
            of_run[run] = own | named | _in_options(options, schema)
    return _Catalogue(
        of_run,
        {row[0]: of_run.get(row[3], _DOUBT) for row in made},
        {row[1]: of_run.get(row[3], _DOUBT) for row in made},
        of_dataset,
        kept.of_results(),
    )


class _Kept:
    """The sources that the file keeps, each found where it is now."""

    def __init__(self, db: Connection) -> None:
        self._tables = Tables(db)
        self._noted = noted(db)

    def of_run(self, run: int) -> Names:
        """The sources of a run; none if none were kept."""
        return self._found(each.source for each in self._noted if each.run == run)

    def of_dataset(self, dataset: int) -> Names:
        """The sources of a dataset; none if none were kept."""
        return self._found(each.source for each in self._noted if each.dataset == dataset)

    def of_results(self) -> dict[int, Names]:
        """The further sources of tables of results, by number."""
        own = (each for each in self._noted if each.run is None and each.dataset is None)
        return {each.id: self._found([each.source]) for each in own}

    def _found(self, kept: Iterable[Source]) -> Names:
        """The tables that sources are now; for one in doubt its old name and a name that no table has."""
        result: set[str] = set()
        for source in kept:
            found = self._tables.found(source)
            result |= {source.name, *_DOUBT} if found is None else found
        return frozenset(result)


def _by_name(db: Connection, number: int, name: str) -> Names:
    """The source of a dataset of which only the name is known; in doubt if the table does not have its rows."""
    return frozenset([name]) if has_its_rows(db, number) else frozenset([name]) | _DOUBT


def _edges(text: Any) -> Names:
    """The table of a dataset's edges; in doubt if the catalogue's value is damaged."""
    if text is None:
        return frozenset()
    try:
        return frozenset([str(json.loads(text)["table"])])
    except (ValueError, TypeError, KeyError):
        return _DOUBT


def _in_options(text: Any, schema: Schema) -> Names:
    """The tables and views that the options of a run name; in doubt if they are damaged."""
    try:
        options = json.loads(text)
        named = [str(options[key]) for key in ("sql", "table") if options.get(key)]
    except (ValueError, TypeError, AttributeError):
        return _DOUBT
    return frozenset(each for one in named for each in (_named_in(one, schema) or _DOUBT))


def _named_in(sql: str, schema: Schema) -> set[str]:
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


def _direct(schema: Schema, catalogue: _Catalogue) -> dict[str, Names]:
    """The tables and views whose source the catalogue names, each with that source."""
    result: dict[str, Names] = {}
    collections = {folded(name): sources for name, sources in catalogue.collections.items()}
    written = {folded(f"{name}_{what}"): found for name, found in catalogue.collections.items() for what in WRITTEN}
    for name, (_, sql) in schema.items():
        by_name = collections.get(folded(name)) or written.get(folded(name)) or frozenset()
        source = (
            (by_name | _noted(sql, catalogue))
            or catalogue.vector_tables.get(_number(name, vectors.PREFIX))
            or catalogue.vector_tables.get(_number(name, contexts.PREFIX))
            or catalogue.datasets.get(_number(name, fulltext.PREFIX))
        )
        if source and source != {name}:  # the words of an import are a table of their own, made of no other
            result[name] = source
    return result


def _noted(sql: str, catalogue: _Catalogue) -> Names:
    """The sources that a table of results names in its own definition (storage.results): it keeps them if renamed."""
    named = {bytes.fromhex(each).decode() for each in re.findall(rf"/\* {MADE_OF}((?:[0-9a-f]{{2}})+) \*/", sql)}
    for run in re.findall(rf"/\* {RUN_OF}([0-9]{{1,18}})(?: revision [0-9]+)? \*/", sql):
        named |= catalogue.runs.get(int(run), _DOUBT)
    for source in re.findall(rf"/\* {SOURCE_OF}([0-9]{{1,18}}) \*/", sql):
        named |= catalogue.results.get(int(source), _DOUBT)
    return frozenset(named)


def _number(name: str, prefix: str) -> int:
    """The number of an internal table or of the one whose shadow it is; -1 for other names."""
    digits = name[len(prefix) :].partition("_")[0] if name.startswith(prefix) else ""
    return int(digits) if digits.isascii() and digits.isdecimal() else -1


def _is_virtual(sql: str) -> bool:
    return sql.lower().lstrip().startswith("create virtual")


def _closed(sources: Names, direct: Mapping[str, Names], known: set[str], ordinary: Names) -> Names:
    """The sources with theirs (a vocabulary can be searched too), and every ordinary table for one that is gone."""
    result: set[str] = set()
    waiting = list(sources)
    while waiting:
        name = waiting.pop()
        if name not in result:
            result.add(name)
            waiting += direct.get(name, ())
            waiting += () if folded(name) in known else ordinary
    return frozenset(result) - _DOUBT
