"""Edges into a graph: a table of edges and a table of nodes, or two key columns of an existing table.

What edges mean, everywhere: a weight is the strength of a connection, 0 or more, and 1 if none is given. The weights of
repeated edges are added up. An undirected edge counts in both directions. A self-loop keeps its node and has no other
effect. Ids are text and case-sensitive; if all of them are integers, they are stored as integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from semsearch.errors import InputError, NameTakenError
from semsearch.ingest.base import (
    BATCH_ROWS,
    INTEGER,
    EdgeBlock,
    EdgeResult,
    Fault,
    Ingested,
    ItemOrFault,
    Remarks,
    Skipped,
    first_items,
)
from semsearch.ingest.columns import TITLE_NAMES, first_usual
from semsearch.ingest.edge_list import EdgeList, MergedEdges, differing_in_case
from semsearch.ingest.edgefiles import EdgeColumns, edge_readers
from semsearch.ingest.sources import read_sources, source_name
from semsearch.records import Dataset, Edges, Item, Report, silent
from semsearch.storage import edges as stored
from semsearch.storage.connect import transaction
from semsearch.storage.datasets import all_datasets, check_new_name, count_items, draft, find_dataset, save
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text, shape_of, table_kind
from semsearch.storage.tables import Upserts, storable

_ID_COLUMNS = ("id", "node", "key", "node_id")  # usual names of the column that identifies a node


@dataclass(frozen=True)
class LoadedGraph(Ingested):
    """What an ingest of edges returns: also the number of nodes and edges."""

    nodes: int
    edges: int


@dataclass(frozen=True)
class TableEdges:
    """Which columns of a table are edges. With `through`, two sources are joined by each value of that column that they
    share, such as two people by a grant they both worked on."""

    source: str | None = None
    target: str | None = None
    weight: str | None = None
    through: str | None = None
    directed: bool = False


@dataclass(frozen=True)
class GraphSource:
    """A graph to ingest: `edges` as the readers of edgefiles yield them, `nodes` as rows with an id and attributes, and
    the name of the source in messages."""

    edges: Iterable[EdgeResult]
    source: str
    nodes: Iterable[ItemOrFault] = ()


def load_edges(
    db: Connection,
    name: str,
    graph: GraphSource,
    *,
    directed: bool = False,
    skip_errors: bool = False,
    report: Report = silent,
) -> LoadedGraph:
    """Write edges into the table NAME_edges, replacing earlier ones, and their nodes into the table `name`.

    An existing table `name` stays unchanged, and edges to ids without a row in it are ignored. A table that ingest
    created gets the new nodes. One transaction: an error leaves the file as it was. Raises InputError for what cannot
    be read and if there is no edge, NameTakenError if NAME_edges is a table of the user's.
    """
    skipped = Skipped(skip_errors)
    said = Remarks()
    with transaction(db):
        table = _edge_table(db, name)
        edges = _merged(_without_faults(graph.edges, skipped, said), directed, report)
        attributes = [item for item in _without_faults(graph.nodes, skipped, said) if isinstance(item, Item)]
        if not edges.keys and not attributes:
            raise InputError(f"{graph.source} holds no edges: there is nothing to ingest")
        remarks = said.lines()
        if case := differing_in_case(edges.keys):
            remarks.append(f"{case[0]!r} and {case[1]!r} differ only in case: they are two nodes")
        dataset = _Nodes(edges.keys, attributes, graph.source).write(db, name, remarks)
        integer = dataset.key_kind == "integer"
        keys = edges.keys if integer else list(map(str, edges.keys))
        count = stored.write(db, table, keys, (edges.source, edges.target), edges.weight, integer=integer)
        remarks += _edge_remarks(edges)
        dataset = save(db, replace(dataset, edges=Edges(table, "source", "target", "weight", directed)))
        return LoadedGraph(dataset, skipped.messages, skipped.count, remarks, count_items(db, dataset), count)


@dataclass(frozen=True)
class EdgeSources:
    """Where a graph is read from: files or folders of edges, or an existing `table`, and how to read them.

    `columns` names the columns of edges, `nodes` is a file of attributes. `format` and `encoding` are those of the
    files of edges.
    """

    files: Sequence[str] = ()
    table: str | None = None
    columns: TableEdges = TableEdges()
    header: bool | None = None
    nodes: str | None = None
    format: str | None = None
    encoding: str = "utf-8"
    names: tuple[str, ...] = ()  # of the columns, in place of those in the files
    limit: int | None = None  # edges to read at most

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
    named = EdgeColumns(
        columns.source, columns.target, columns.weight, sources.header, sources.names, in_blocks=sources.limit is None
    )
    edges = read_sources(sources.files, edge_readers(named), format=sources.format, encoding=sources.encoding)
    nodes = read_sources([sources.nodes], readers, encoding=sources.encoding) if sources.nodes else ()
    edges = first_items(edges, sources.limit)
    graph = GraphSource(edges, source_name(sources.files), nodes)
    loaded = load_edges(db, name, graph, directed=columns.directed, skip_errors=skip_errors, report=report)
    loaded.remarks[:0] = dict.fromkeys(named.remarks)
    return loaded


def _edge_remarks(edges: MergedEdges) -> list[str]:
    remarks = []
    if edges.folded:
        remarks.append(f"All {edges.folded:,} edges are given in both directions: each is stored once")
    if edges.repeated:
        were = "edge was" if edges.repeated == 1 else "edges were"
        remarks.append(f"{edges.repeated:,} {were} given more than once: the weights were added up")
    if edges.loops:
        lead = "edge leads" if edges.loops == 1 else "edges lead"
        remarks.append(f"{edges.loops:,} {lead} from a node to itself: stored in the table, ignored by builders")
    return remarks


def link_table(db: Connection, name: str, table: str, columns: TableEdges) -> LoadedGraph:
    """Use two key columns of an existing table as edges, in place: the table is neither copied nor altered.

    Nodes are the rows of the table `name`, which is created from the keys in the columns if it does not exist. Raises
    NotFoundError for a missing column, InputError if there are fewer than two columns.
    """
    shape = shape_of(db, table)
    named = (columns.source, columns.target, columns.weight, columns.through)
    others = [column for column in shape.columns if column not in named]
    source = columns.source or (others.pop(0) if others else None)
    second = columns.through or columns.target or (others.pop(0) if others else None)
    if source is None or second is None:
        raise InputError(
            f"{table!r} has the columns {', '.join(shape.columns)}: two columns with the keys of nodes are needed"
        )
    edges = Edges(shape.name, source, second, columns.weight, columns.directed, columns.through is not None)
    stored.check_columns(db, edges)
    remarks = [
        f"The edges are the columns {source!r} and {second!r} of {shape.name!r} (--source, --target choose others)"
    ]
    if edges.through:
        remarks = [f"Two values of {source!r} get an edge for each {second!r} that they share in {shape.name!r}"]
    with transaction(db):
        values = stored.distinct_keys(db, edges)
        is_integer = all(isinstance(value, int) for value in values)
        nodes = _Nodes(values if is_integer else [as_text(value) for value in values], [], shape.name)
        dataset = save(db, replace(nodes.write(db, name, remarks), edges=edges))
        count = stored.count(db, edges)
        return LoadedGraph(dataset, [], 0, remarks, count_items(db, dataset), count)


def _edge_table(db: Connection, name: str) -> str:
    """The name of the table of edges. Raises NameTakenError if that is a table or view of the user's."""
    table = stored.table_name(name)
    if table_kind(db, table) is not None:
        is_ours = any(dataset.edges and dataset.edges.table == table for dataset in all_datasets(db))
        if not (is_ours and stored.is_edge_table(db, table)):
            raise NameTakenError(
                f"{table!r} is already a table or view of yours, and the edges need that name: "
                "rename it, or choose another name for the graph"
            )
    return table


def _without_faults(results: Iterable[EdgeResult], skipped: Skipped, remarks: Remarks) -> Iterator[Item | EdgeBlock]:
    """The items and blocks; faults are errors, or counted as skipped; remarks are kept."""
    for result in results:
        if isinstance(result, Item | EdgeBlock):
            yield result
        elif isinstance(result, Fault):
            skipped.add(result.message, "--skip-errors leaves such rows out")
        else:
            remarks.add(result.message)


def _merged(results: Iterator[Item | EdgeBlock], directed: bool, report: Report) -> MergedEdges:
    """All edges, each once. An item without a target is a node."""
    edges = EdgeList()
    items: list[Mapping[str, Any]] = []
    for result in results:
        if isinstance(result, EdgeBlock):
            edges.add(result.sources, result.targets, result.weights)
        else:
            items.append(result.columns)
        if isinstance(result, EdgeBlock) or len(items) == BATCH_ROWS:
            _add_items(edges, items)
            items.clear()
            report(len(edges), 0)
    _add_items(edges, items)
    report(len(edges), 0)
    return edges.merged(directed=directed)


def _add_items(edges: EdgeList, items: Sequence[Mapping[str, Any]]) -> None:
    for item in items:
        if item["target"] is None:
            edges.add_node(item["source"])
    rows = [item for item in items if item["target"] is not None]
    if rows:
        edges.add(*([row[name] for row in rows] for name in ("source", "target", "weight")))


@dataclass(frozen=True)
class _Nodes:
    """The nodes of a graph: the keys that edges name, integers if all are, and the rows that describe nodes."""

    keys: Sequence[str] | Sequence[int]
    attributes: list[Item]
    source: str

    def write(self, db: Connection, name: str, remarks: list[str]) -> Dataset:
        """The dataset whose rows are the nodes, without edges, not yet saved in the catalogue.

        It is a table of the user's, which stays unchanged, or one that is created here or gets the new nodes.
        """
        existing = find_dataset(db, name)
        is_ours = existing is not None and existing.kind == "graph" and existing.made_by == "ingest"
        if table_kind(db, name) is not None and not is_ours:
            return self._of_user_table(db, name, existing, remarks)
        if existing is None:
            check_new_name(db, name)
        self._upsert(db, name, existing, remarks)
        shape = shape_of(db, name)
        return replace(
            draft(
                shape,
                text_columns=(),
                title_column=next((column for column in shape.columns if column.lower() in TITLE_NAMES), None),
                label_column=existing.label_column if existing else None,
                made_by="ingest",
                source=self.source,
            ),
            kind="graph",
        )

    def _of_user_table(self, db: Connection, name: str, existing: Dataset | None, remarks: list[str]) -> Dataset:
        dataset = existing or draft(shape_of(db, name), text_columns=())
        if dataset.key_kind not in ("integer", "text"):
            raise InputError(f"{name!r} has no key of a single column: edges need one to name its rows")
        remarks.append(f"The nodes are the rows of {name!r}, which stays unchanged; edges to other ids are ignored")
        if self.attributes:
            raise InputError(f"{name!r} is a table of yours and is never altered: leave out --nodes")
        return dataset if existing else replace(dataset, kind="graph")

    def _upsert(self, db: Connection, name: str, existing: Dataset | None, remarks: list[str]) -> None:
        rows = _rows_by_id(self.attributes)
        keys = list(map(str, self.keys)) if rows or not self._are_integers else self.keys
        is_integer = self._are_integers and all(map(INTEGER.fullmatch, rows))
        if rows and (unknown := sum(key not in rows for key in keys)):
            nodes = "node of an edge is" if unknown == 1 else "nodes of edges are"
            remarks.append(f"{unknown:,} {nodes} missing in --nodes: added without attributes")
        if existing and existing.key_kind == "integer" and not is_integer:
            raise InputError(
                f"{name!r} has integers as ids, but not all new ids are integers: choose another name for this graph"
            )
        is_integer = existing.key_kind == "integer" if existing is not None else is_integer
        id_of: type = int if is_integer else str
        upserts = Upserts(db, name, "id", integer_key=is_integer)
        if rows:
            upserts.write([{"id": id_of(key), **row} for key, row in rows.items()])
        upserts.write_keys([id_of(key) for key in keys if key not in rows])
        remarks += upserts.remarks

    @property
    def _are_integers(self) -> bool:
        return all(isinstance(key, int) for key in self.keys)


def _rows_by_id(items: Iterable[Item]) -> dict[str, dict[str, Any]]:
    """The attributes of nodes by id, which is the column of a usual name, else the first.

    Raises InputError for a missing or repeated id.
    """
    rows: dict[str, dict[str, Any]] = {}
    for item in items:
        columns = dict(item.columns)
        column = first_usual(_ID_COLUMNS, list(columns)) or next(iter(columns), "")
        key = as_text(item.key if item.key is not None else columns.pop(column, None)).strip()
        if not key:
            raise InputError(f"The node at {item.place} has no {column or 'id'!r}: every node needs an id")
        if key in rows:
            raise InputError(f"The node {key!r} is described again at {item.place}: keep one of its rows")
        rows[key] = {name: storable(value) for name, value in columns.items() if name.lower() != "id"}
    return rows
