"""Edges into a graph: a table of edges beside a table of nodes, or two columns of keys of a table that is there.

What edges mean, everywhere: a weight is how much two nodes have to do with each other, 0 or more, 1 where none is
given; an edge given several times adds up; one without direction counts both ways; one from a node to itself keeps the
node and says nothing else. Ids are text, told apart by case; where all are whole numbers, they are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from semsearch.errors import InputError, NameTakenError
from semsearch.ingest.base import Fault, Read, next_batch
from semsearch.ingest.columns import TITLE_NAMES
from semsearch.ingest.edgefiles import EdgeColumns, edge_readers
from semsearch.ingest.sources import read_sources, source_name
from semsearch.records import Dataset, Edges, Item, Report, silent
from semsearch.storage import edges as stored
from semsearch.storage.connect import transaction
from semsearch.storage.datasets import all_datasets, check_new_name, count_items, draft, find_dataset, save
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text, shape_of, table_kind
from semsearch.storage.tables import Upserts, storable

_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_KEYS = ("id", "node", "key", "node_id")


@dataclass(frozen=True)
class LoadedGraph:
    """What an ingest of edges did: the dataset, its nodes and edges, what was left out, what is worth saying."""

    dataset: Dataset
    nodes: int
    edges: int
    skipped: list[str]
    remarks: list[str]


@dataclass(frozen=True)
class Linked:
    """Which columns of a table are edges. With `through`, sources are joined by the values of it that they share:
    people by the grants they worked on."""

    source: str | None = None
    target: str | None = None
    weight: str | None = None
    through: str | None = None
    directed: bool = False


@dataclass(frozen=True)
class GraphRead:
    """A graph as it is read: `edges` as the readers of edgefiles give them, `nodes` rows with an id and attributes, and
    what to call where they come from."""

    edges: Iterable[Read]
    source: str
    nodes: Iterable[Read] = ()


def load_edges(
    db: Connection,
    name: str,
    read: GraphRead,
    *,
    directed: bool = False,
    skip_errors: bool = False,
    report: Report = silent,
) -> LoadedGraph:
    """Write edges into the table NAME_edges, in place of those before, and their nodes into the table `name`.

    An existing table is used as it is, and edges to no row of it say nothing; one that this function made is grown. One
    transaction: an error leaves the file as it was. Raises InputError for what cannot be read and where there is no
    edge, NameTakenError for a table of edges that is somebody else's.
    """
    skipped: list[str] = []
    remarks: list[str] = []
    with transaction(db):
        table = _free_table(db, name)
        staged = stored.Staged(db)
        integer = _stage(staged, _sound(read.edges, skip_errors, skipped), report)
        case = staged.differing_in_case()
        if case:
            remarks.append(f"{case[0]} and {case[1]} differ only in case: they are two nodes")
        keys = list(staged.nodes())
        attributes = list(_sound(read.nodes, skip_errors, skipped))
        if not keys and not attributes:
            raise InputError(f"{read.source} holds no edge: there is nothing to ingest")
        dataset = _nodes(db, name, keys, attributes, integer=integer, source=read.source, remarks=remarks)
        integer = dataset.key_kind == "integer"
        count, repeated, loops = staged.write(table, integer=integer)
        if not directed and (folded := stored.fold_mirrored(db, table)):
            count -= folded
            remarks.append(f"All {folded:,} edges are given from both of their ends: each is one edge")
        if repeated:
            were = "edge was" if repeated == 1 else "edges were"
            remarks.append(f"{repeated:,} {were} given more than once: weights are added up")
        if loops:
            lead = "edge leads" if loops == 1 else "edges lead"
            remarks.append(f"{loops:,} {lead} from a node to itself: kept in the table, not seen by vectors")
        found = Edges(table, "source", "target", "weight", directed)
        dataset = save(db, replace(dataset, edges=found))
        return LoadedGraph(dataset, count_items(db, dataset), count, skipped, remarks)


@dataclass(frozen=True)
class EdgeSources:
    """Where a graph is read from: files or folders of edges, or an existing `table`, and how to read them.

    `columns` names the columns of edges, `nodes` is a file of attributes. `format` and `encoding` are those of the
    files of edges.
    """

    files: Sequence[str] = ()
    table: str | None = None
    columns: Linked = Linked()
    header: bool | None = None
    nodes: str | None = None
    format: str | None = None
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        if bool(self.files) == bool(self.table):
            raise InputError("Edges are read either from files or from a table (--table TABLE): give one of the two")
        if self.table and self.nodes:
            raise InputError(
                "--nodes goes with files of edges. With --table, the nodes are the rows of the table GRAPH"
            )
        if self.columns.through and not self.table:
            raise InputError("--through needs --table TABLE, and no files")
        if self.columns.through and (self.columns.target or self.columns.weight):
            raise InputError("--through replaces --target and --weight: leave them out")


def ingest_edges(
    db: Connection,
    name: str,
    sources: EdgeSources,
    readers: Mapping[str, Any],
    *,
    skip_errors: bool = False,
    report: Report = silent,
) -> LoadedGraph:
    """Make the graph `name` from files by `load_edges`, or from a table by `link_table`; `readers` read its nodes."""
    columns = sources.columns
    if sources.table:
        return link_table(db, name, sources.table, columns)
    named = EdgeColumns(columns.source, columns.target, columns.weight, sources.header)
    edges = read_sources(sources.files, edge_readers(named), format=sources.format, encoding=sources.encoding)
    nodes = read_sources([sources.nodes], readers, encoding=sources.encoding) if sources.nodes else ()
    graph = GraphRead(edges, source_name(sources.files), nodes)
    loaded = load_edges(db, name, graph, directed=columns.directed, skip_errors=skip_errors, report=report)
    loaded.remarks[:0] = dict.fromkeys(named.remarks)
    return loaded


def link_table(db: Connection, name: str, table: str, given: Linked) -> LoadedGraph:
    """Take two columns of keys of an existing table as edges, in place: it is neither copied nor altered.

    Nodes are the rows of the table `name`; where there is none, it is made of the keys that stand in the columns.
    Raises NotFoundError for a column that is not there, InputError for fewer than two columns.
    """
    shape = shape_of(db, table)
    named = (given.source, given.target, given.weight, given.through)
    others = [column for column in shape.columns if column not in named]
    source = given.source or (others.pop(0) if others else None)
    second = given.through or given.target or (others.pop(0) if others else None)
    if source is None or second is None:
        raise InputError(f"{table} has the columns {', '.join(shape.columns)}: two columns of keys are needed")
    found = Edges(shape.name, source, second, given.weight, given.directed, given.through is not None)
    stored.check_columns(db, found)
    remarks = [f"Edges are the columns {source} and {second} of {shape.name} (--source, --target choose others)"]
    if found.through:
        remarks = [f"Two values of {source} are joined by each {second} that they share in {shape.name}"]
    with transaction(db):
        values = stored.distinct_keys(db, found)
        integer = all(isinstance(value, int) for value in values)
        keys = [as_text(value) for value in values]
        dataset = _nodes(db, name, keys, [], integer=integer, source=shape.name, remarks=remarks)
        dataset = save(db, replace(dataset, edges=found))
        count = stored.count(db, found)
        return LoadedGraph(dataset, count_items(db, dataset), count, [], remarks)


def _free_table(db: Connection, name: str) -> str:
    """The name of the table of edges; NameTakenError if it is somebody else's."""
    table = stored.table_name(name)
    if table_kind(db, table) is not None:
        mine = any(found.edges and found.edges.table == table for found in all_datasets(db))
        if not (mine and stored.is_edge_table(db, table)):
            raise NameTakenError(f"{table}, where the edges would go, is already a table or view of yours: rename it")
    return table


def _sound(things: Iterable[Read], skip_errors: bool, skipped: list[str]) -> Iterator[Item]:
    """The items; faults raise InputError, or are noted."""
    for thing in things:
        if isinstance(thing, Fault):
            if not skip_errors:
                raise InputError(f"{thing.message} (--skip-errors leaves such rows out)")
            skipped.append(thing.message)
        else:
            yield thing


def _stage(staged: stored.Staged, items: Iterator[Item], report: Report) -> bool:
    """Lay all edges aside; whether every id is a whole number."""
    integer, passed = True, 0
    while batch := next_batch(iter(items)):
        rows = [
            (thing.columns["source"], thing.columns["target"], thing.columns["weight"])
            for thing in batch
            if isinstance(thing, Item)
        ]
        integer = integer and all(end is None or _INTEGER.fullmatch(end) for row in rows for end in row[:2])
        staged.add(rows)
        passed += len(rows)
        report(passed, 0)
    return integer


def _nodes(
    db: Connection,
    name: str,
    keys: list[str],
    attributes: list[Item],
    *,
    integer: bool,
    source: str,
    remarks: list[str],
) -> Dataset:
    """The dataset whose rows are the nodes, not yet saved with its edges: the user's table, or one made and grown."""
    before = find_dataset(db, name)
    grown = before is not None and before.kind == "graph" and before.made_by == "ingest"
    if table_kind(db, name) is not None and not grown:
        dataset = before or draft(shape_of(db, name), text_columns=())
        if dataset.key_kind not in ("integer", "text"):
            raise InputError(f"{name} has no key of a single column, which edges could name")
        remarks.append(f"Nodes are the rows of {name}, which stays as it is; edges to no row of it say nothing")
        if attributes:
            raise InputError(f"{name} is a table of yours, which is never altered: leave out --nodes")
        return dataset if before else replace(dataset, kind="graph")
    if before is None:
        check_new_name(db, name)
    rows = _attribute_rows(attributes)
    integer = before.key_kind == "integer" if before else integer and all(map(_INTEGER.fullmatch, rows))
    named = set(rows)
    if rows and (unknown := sum(key not in named for key in keys)):
        remarks.append(f"{unknown:,} nodes of edges are not among those described: added without attributes")
    if before and integer and not all(map(_INTEGER.fullmatch, [*keys, *rows])):
        raise InputError(f"The nodes of {name} are numbers, and these are not all: choose another name for this graph")
    upserts = Upserts(db, name, "id", integer_key=integer)
    plain: Iterator[tuple[str, dict[str, Any]]] = ((key, {}) for key in keys if key not in named)
    described = [{"id": int(key) if integer else key, **row} for key, row in rows.items()]
    bare = [{"id": int(key) if integer else key, **row} for key, row in plain]
    for some in (described, bare):
        if some:
            upserts.write(some)
    remarks += upserts.remarks
    shape = shape_of(db, name)
    title = next((column for column in shape.columns if column.lower() in TITLE_NAMES), None)
    label = before.label_column if before else None
    dataset = draft(shape, text_columns=(), title_column=title, label_column=label, made_by="ingest", source=source)
    return replace(dataset, kind="graph")


def _attribute_rows(items: Iterable[Item]) -> dict[str, dict[str, Any]]:
    """Attributes by id. The id is the column of that name, else the first; InputError for one missing or repeated."""
    rows: dict[str, dict[str, Any]] = {}
    for item in items:
        columns = dict(item.columns)
        lowered = {column.lower(): column for column in columns}
        column = next((lowered[name] for name in _KEYS if name in lowered), next(iter(columns), ""))
        key = as_text(item.key if item.key is not None else columns.pop(column, None)).strip()
        if not key:
            raise InputError(f"The node at {item.place} has no {column or 'id'}: each needs one")
        if key in rows:
            raise InputError(f"The node {key!r} is described twice, again at {item.place}: keep one of them")
        rows[key] = {name: storable(value) for name, value in columns.items() if name.lower() != "id"}
    return rows
