"""Ordinary tables that verbs write for people: COLLECTION_clusters and its like. They are ours to replace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semsearch.errors import NameTakenError
from semsearch.records import Collection
from semsearch.storage import result_states, sources
from semsearch.storage.connect import transaction
from semsearch.storage.damage import fitting
from semsearch.storage.driver import Connection
from semsearch.storage.keys import columns_of, quoted, table_kind
from semsearch.storage.sources import Source

CLUSTER_COLUMNS = {"id": "", "cluster": "integer", "label": "text", "similarity": "real"}
MADE_OF = "made of "  # then a name's bytes in hexadecimal, in tables of an older semsearch
RUN_OF = "of run "  # then the number of a run
SOURCE_OF = "made of source "  # then the number of a source
LINK_COLUMNS = {"source": "", "target": "", "score": "real", "similarity": "real", "common": "integer"}
PREDICTION_COLUMNS = {"id": "", "label": "", "probability": "real", "second": "", "second_probability": "real"}
SUFFIXES = ("clusters", "predictions", "links", "samples", "neighbours", "map", "map_groups")
_PARTS = ("map_groups",)  # of another table of results, with which they are written and become stale
_MADE_FROM = re.compile(r"/\* of run (\d+) revision (\d+) \*/")


def table_name(collection: str, what: str) -> str:
    """What the table of these results is called."""
    return f"{collection}_{what}"


@dataclass(frozen=True)
class Cluster:
    """One group of items: its number from 1, the words that tell it from the rest, how many items it holds, and some
    of their keys, nearest the centre first."""

    number: int
    label: str
    count: int
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """Two nodes that no edge joins: the log odds of an edge, their cosine, and how many neighbours they share."""

    source: str
    target: str
    score: float
    similarity: float
    common: int


def has_clusters(db: Connection, collection: str) -> bool:
    """Whether the table of clusters exists and has the columns that `cluster` writes."""
    name = table_name(collection, "clusters")
    return columns_of(db, name) == tuple(CLUSTER_COLUMNS)


def has_predictions(db: Connection, collection: str) -> bool:
    """Whether `classify` has written this collection's table."""
    return columns_of(db, table_name(collection, "predictions")) == tuple(PREDICTION_COLUMNS)


def has_links(db: Connection, collection: str) -> bool:
    """Whether `predict-links` has written this collection's table."""
    return columns_of(db, table_name(collection, "links")) == tuple(LINK_COLUMNS)


def links(db: Connection, collection: str, *, k: int, after: int = 0) -> list[Link]:
    """The k best links after the first `after`, best first, ends by their keys as text."""
    name = quoted(table_name(collection, "links"))
    rows = db.execute(
        f"select source, target, score, similarity, common from {name} order by score desc, rowid limit ? offset ?",
        [k, after],
    )
    return [Link(str(source), str(target), *facts) for source, target, *facts in rows]


def predictions(db: Connection, collection: str, *, k: int) -> list[tuple[str, str, float]]:
    """The k most certain predictions: key, label and probability."""
    name = quoted(table_name(collection, "predictions"))
    rows = db.execute(f"select id, label, probability from {name} order by probability desc, id limit ?", [k])
    return [(str(id), str(label), float(probability)) for id, label, probability in rows]


def count(db: Connection, name: str) -> int:
    """How many rows a table of results has."""
    return int(db.execute(f"select count(*) from {quoted(name)}").fetchone()[0])


def count_clusters(db: Connection, collection: str) -> int:
    """How many clusters that table tells apart."""
    name = quoted(table_name(collection, "clusters"))
    return int(db.execute(f"select count(distinct cluster) from {name}").fetchone()[0])


def clusters(db: Connection, collection: str, *, k: int, after: int = 0, nearest: int = 4) -> list[Cluster]:
    """The k clusters after the first `after`, in order, each with the keys of the items `nearest` its centre."""
    name = quoted(table_name(collection, "clusters"))
    result = db.execute(
        f"select cluster, min(label), count(*) from {name} group by cluster order by cluster limit ? offset ?",
        [k, after],
    ).fetchall()
    return [
        Cluster(
            _number(number, name),
            str(label or ""),
            int(count),
            tuple(
                str(row[0])
                for row in db.execute(
                    f"select id from {name} where cluster = ? order by similarity desc, id limit ?", [number, nearest]
                )
            ),
        )
        for number, label, count in result
    ]


def _number(value: Any, table: str) -> int:
    """The number of a cluster. Raises DatabaseError for a value that is not one."""
    with fitting(f"A value of the column cluster of {table}"):
        return int(value)


def check_free(db: Connection, name: str, columns: Sequence[str]) -> None:
    """NameTakenError if something stands under this name that is not an earlier version of the same results."""
    kind = table_kind(db, name)
    if kind is None:
        return
    held = [row[0] for row in db.execute("select name from pragma_table_info(?)", [name])]
    if kind != "table" or held != list(columns):
        raise NameTakenError(
            f"{name} is already a {kind} that semsearch did not write: rename it, or choose another name"
        )


def replace(
    db: Connection,
    name: str,
    columns: Mapping[str, str],
    rows: Iterable[Sequence[Any]],
    collection: Collection,
    *,
    key: str | tuple[str, ...] = "id",
    made_of: Sequence[Source] = (),
) -> None:
    """Replace the table inside the caller's transaction; `columns` maps names to SQL types, and `key` is the
    primary key.

    Comments stand in the table's own definition: the state of the collection that the rows were computed from
    (`is_stale` reads it), and the numbers of `made_of`, further tables whose content the rows show. Permissions find
    both there, also after the table was renamed (storage.lineage).
    """
    check_free(db, name, list(columns))
    db.execute(f"drop table if exists {quoted(name)}")
    declared = ", ".join(
        f"{quoted(column)} {kind}{' primary key' if column == key else ''}" for column, kind in columns.items()
    )
    if isinstance(key, tuple):
        declared += f", primary key ({', '.join(map(quoted, key))})"
    numbers = sources.write(db, made_of)
    note = f" /* {RUN_OF}{collection.run} revision {collection.revision} */"
    note += "".join(f" /* {SOURCE_OF}{number} */" for number in numbers)
    db.execute(f"create table {quoted(name)} ({declared}{note}){' without rowid' if isinstance(key, tuple) else ''}")
    result_states.forget(db, name)
    db.executemany(f"insert into {quoted(name)} values ({', '.join('?' * len(columns))})", rows)


def run_note(run: int) -> str:
    """The comment in the definition of a table that tells of a run's collections."""
    return f" /* {RUN_OF}{run} */"


def write_clusters(
    db: Connection,
    collection: Collection,
    clusters: Sequence[Cluster],
    items: Iterable[tuple[str, int, float]],
) -> str:
    """Write COLLECTION_clusters from (key, cluster number, similarity) rows; returns the table's name."""
    name = table_name(collection.name, "clusters")
    labels = {cluster.number: cluster.label for cluster in clusters}
    rows = ((collection.typed(key), number, labels[number], similarity) for key, number, similarity in items)
    with transaction(db):
        replace(db, name, CLUSTER_COLUMNS | {"id": collection.key_type}, rows, collection)
    return name


def write_links(db: Connection, collection: Collection, links: Iterable[Link]) -> str:
    """Write COLLECTION_links; returns the table's name."""
    name = table_name(collection.name, "links")
    typed, key_type = collection.typed, collection.key_type
    rows = ((typed(link.source), typed(link.target), link.score, link.similarity, link.common) for link in links)
    with transaction(db):
        replace(db, name, LINK_COLUMNS | {"source": key_type, "target": key_type}, rows, collection)
    return name


def is_stale(db: Connection, name: str, collection: Collection) -> bool:
    """Whether a table of results was computed from an earlier state of its collection; False where it does not say."""
    state = result_states.state_of(db, name)
    if state is not None:
        return not state.is_of(collection)
    row = db.execute("select sql from sqlite_master where type = 'table' and name = ?", [name]).fetchone()
    noted = _MADE_FROM.search(row[0]) if row else None
    return noted is not None and (int(noted[1]), int(noted[2])) != (collection.run, collection.revision)


def stale_tables(db: Connection, collection: Collection) -> list[str]:
    """The tables of results of a collection that were computed from an earlier state of it."""
    names = [table_name(collection.name, suffix) for suffix in SUFFIXES if suffix not in _PARTS]
    return [name for name in names if is_stale(db, name, collection)]


def drop_all(db: Connection, collection: str) -> None:
    """Remove every table of results of a collection."""
    for suffix in SUFFIXES:
        db.execute(f"drop table if exists {quoted(table_name(collection, suffix))}")
        result_states.forget(db, table_name(collection, suffix))
