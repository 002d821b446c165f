"""Collections, runs and models: the catalogue of what builders learned."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, get_args

import numpy.typing as npt

from semsearch.errors import DatabaseError, NameTakenError, NotFoundError, did_you_mean
from semsearch.records import ROWS, Collection, Dataset, Embeddings, KeyType, Of, OpenCollection, Run, Update
from semsearch.storage import contexts, vectors
from semsearch.storage.codec import array_to_bytes, bytes_to_array, describe
from semsearch.storage.connect import catalogue_rows
from semsearch.storage.damage import check_types, damaged, numbers, parsed
from semsearch.storage.datasets import check_new_name, get_dataset, now
from semsearch.storage.driver import Connection
from semsearch.storage.keys import quoted, table_exists, table_kind
from semsearch.storage.results import run_note

PART_BYTES = 64 << 20
_COLUMNS = "c.id, c.name, c.dataset, c.builder, c.run, c.kind, c.vector_table, c.dim, c.count, c.created, c.revision"
_COLUMNS += f", c.built, {vectors.KEY_TYPE}"
_TOKENS, _NO_TOKENS = "c.born, c.token", "'', ''"  # a file of an older semsearch has none before the first write
_FROM = (
    "from _semsearch_collections c"
    f" left join sqlite_master t on t.type = 'table' and t.name = '{vectors.PREFIX}' || c.vector_table"
)
RUN_COLUMNS = "id, dataset, builder, options, seed, device, started, seconds, metrics, versions"


def catalogued(db: Connection, which: str, values: Sequence[Any] = ()) -> list[Any]:
    """Rows of the catalogue of collections, for `collection_of`."""
    statement, older = (f"select {_COLUMNS}, {tokens} {_FROM} {which}" for tokens in (_TOKENS, _NO_TOKENS))
    return catalogue_rows(db, statement, values, older=older)


def all_collections(db: Connection) -> list[Collection]:
    """Every collection, by name. Raises DatabaseError for a damaged entry of the catalogue."""
    return [collection_of(row) for row in catalogued(db, "order by c.name")]


def undamaged_collections(db: Connection) -> list[Collection]:
    """Every collection whose entry in the catalogue can be read, by name: one that cannot hides no other."""
    result = []
    for row in catalogued(db, "order by c.name"):
        with suppress(DatabaseError):
            result.append(collection_of(row))
    return result


def collection_of(row: Sequence[Any]) -> Collection:
    """The collection of a row of the catalogue. Raises DatabaseError for a damaged one."""
    what = f"The entry of collection {row[1]!r} in _semsearch_collections"
    check_types(row, "itttitiiitiittt", what)
    if row[5] not in get_args(Of):
        raise damaged(what)
    return Collection(*row)


def find_collection(db: Connection, name: str) -> Collection | None:
    """The collection of this name; None where there is none."""
    rows = catalogued(db, "where c.name = ?", [name])
    return collection_of(rows[0]) if rows else None


def get_collection(db: Connection, name: str) -> Collection:
    """The collection of this name, or NotFoundError that lists those there are.

    Raises DatabaseError if its entry or its vector table is damaged.
    """
    collection = find_collection(db, name)
    if collection is not None:
        vectors.check_parts(db, collection)
        return collection
    names = [other.name for other in all_collections(db)]
    if not names:
        raise NotFoundError(f"No collection {name!r}: the file has none yet; `semsearch index DB TABLE` builds one")
    own = [other.name for other in all_collections(db) if other.dataset == name]
    if own:
        raise NotFoundError(f"{name} is a dataset: its collections are {', '.join(own)}")
    raise NotFoundError(f"No collection {name!r}: there are {', '.join(names)}{did_you_mean(name, names)}")


def open_collection(db: Connection, name: str) -> OpenCollection:
    """The collection of this name with its dataset. NotFoundError for an unknown name."""
    collection = get_collection(db, name)
    return OpenCollection(collection, get_dataset(db, collection.dataset))


def reopened(db: Connection, opened: OpenCollection) -> OpenCollection:
    """The collection as it is now: the same object unless a build or an update came between. NotFoundError if it was
    dropped."""
    now = get_collection(db, opened.name)
    return opened if now == opened.collection else OpenCollection(now, get_dataset(db, now.dataset))


def of_run(db: Connection, run: int) -> list[Collection]:
    """The collections of one run, in the order its builder gave them."""
    return [collection_of(row) for row in catalogued(db, "where c.run = ? order by c.id", [run])]


def all_runs(db: Connection, *, skip_damaged: bool = False) -> list[Run]:
    """Every run, newest first. Raises DatabaseError for a damaged entry, unless such are to be left out."""
    names: dict[int, list[str]] = defaultdict(list)
    for run, name in catalogue_rows(db, "select run, name from _semsearch_collections order by id"):
        names[run].append(name)
    rows = catalogue_rows(db, f"select {RUN_COLUMNS} from _semsearch_runs order by id desc")
    result = []
    for row in rows:
        try:
            result.append(run_of_row(row, names[row[0]]))
        except DatabaseError:
            if not skip_damaged:
                raise
    return result


def get_run(db: Connection, number: int) -> Run:
    """One run, or NotFoundError."""
    rows = catalogue_rows(db, f"select {RUN_COLUMNS} from _semsearch_runs where id = ?", [number])
    if not rows:
        raise NotFoundError(f"No run {number}: `semsearch runs DB` lists them")
    return run_of_row(rows[0], [collection.name for collection in of_run(db, number)])


def run_metrics(db: Connection, number: int) -> dict[str, float]:
    """What one run measured about itself; empty for a run that is not there."""
    row = db.execute("select metrics from _semsearch_runs where id = ?", [number]).fetchone()
    return {} if row is None else numbers(row[0], f"The entry of run {number} in _semsearch_runs")


def run_option(db: Connection, number: int, name: str) -> str | None:
    """The text that one option of a run had; None if it had none."""
    statement = "select options ->> ? from _semsearch_runs where id = ? and json_valid(options)"
    row = db.execute(statement, [name, number]).fetchone()
    return None if row is None or row[0] is None else str(row[0])


def add_metrics(db: Connection, number: int, metrics: Mapping[str, float]) -> None:
    """Add what was measured of a run after it ended; a metric of the same name is replaced."""
    merged = run_metrics(db, number) | dict(metrics)
    with db:
        db.execute("update _semsearch_runs set metrics = ? where id = ?", [json.dumps(merged), number])


def run_of_row(row: Sequence[Any], names: Sequence[str]) -> Run:
    """The run of a row of the catalogue, with the names of its collections. Raises DatabaseError for a damaged one."""
    what = f"The entry of run {row[0]} in _semsearch_runs"
    check_types(row, "itttittntt", what)
    return Run(
        id=row[0],
        dataset=row[1],
        builder=row[2],
        options=parsed(row[3], dict, what),
        seed=row[4],
        device=row[5],
        started=row[6],
        seconds=row[7],
        metrics=numbers(row[8], what),
        versions=parsed(row[9], dict, what),
        collections=tuple(names),
    )


def write_run(db: Connection, run: Run) -> int:
    """Record a run; its own id is ours to give and is returned."""
    values = [run.dataset, run.builder, json.dumps(run.options), run.seed, run.device, run.started, run.seconds]
    number = db.execute(
        "insert into _semsearch_runs (dataset, builder, options, seed, device, started, seconds, metrics, versions)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?) returning id",
        [*values, json.dumps(run.metrics), json.dumps(run.versions)],
    ).fetchone()[0]
    return int(number)


def write_curve(
    db: Connection, run: int, curve: Sequence[tuple[int, Mapping[str, float]]], pictures: Sequence[tuple[int, bytes]]
) -> None:
    """Store what a training reported: numbers by step, those of one step together, and pictures (PNG) by step."""
    steps: dict[int, dict[str, float]] = {}
    for step, metrics in curve:
        steps.setdefault(step, {}).update(metrics)
    db.executemany(
        "insert into _semsearch_run_steps (run, step, metrics) values (?, ?, ?)",
        ((run, step, json.dumps(metrics)) for step, metrics in steps.items()),
    )
    db.executemany(
        "insert into _semsearch_run_pictures (run, step, content) values (?, ?, ?)",
        [(run, step, content) for step, content in dict(pictures).items()],
    )


def read_curve(db: Connection, run: int) -> list[tuple[int, dict[str, float]]]:
    """What a training reported, by step."""
    rows = db.execute("select step, metrics from _semsearch_run_steps where run = ? order by step", [run])
    return [(step, numbers(metrics, f"The curve of run {run}")) for step, metrics in rows]


def pictured_steps(db: Connection, run: int) -> list[int]:
    """The steps of a training that there are pictures of."""
    return [row[0] for row in db.execute("select step from _semsearch_run_pictures where run = ? order by step", [run])]


def read_pictures(db: Connection, run: int) -> list[tuple[int, bytes]]:
    """The pictures (PNG) of a training, by step."""
    rows = db.execute("select step, content from _semsearch_run_pictures where run = ? order by step", [run])
    return [(step, content) for step, content in rows]


def write_arrays(db: Connection, run: int, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Store a state's arrays, in parts that stay far from SQLite's limit of a value's length."""
    for name, array in arrays.items():
        dtype, shape = describe(array)
        content = array_to_bytes(array)
        starts = range(0, max(1, len(content)), PART_BYTES)
        db.executemany(
            "insert into _semsearch_models (run, name, part, dtype, shape, content) values (?, ?, ?, ?, ?, ?)",
            ((run, name, part, dtype, shape, content[at : at + PART_BYTES]) for part, at in enumerate(starts)),
        )


def read_arrays(db: Connection, run: int) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a run's state, by name."""
    rows = db.execute(
        "select name, dtype, shape, content from _semsearch_models where run = ? order by name, part", [run]
    ).fetchall()
    described = {row[0]: (row[1], row[2]) for row in rows}
    return {
        name: bytes_to_array(dtype, shape, [row[3] for row in rows if row[0] == name])
        for name, (dtype, shape) in described.items()
    }


def has_array(db: Connection, run: int, name: str) -> bool:
    """Whether a run's state holds an array of this name; reads none."""
    return db.execute("select 1 from _semsearch_models where run = ? and name = ?", [run, name]).fetchone() is not None


def swap_in(
    db: Connection, name: str, former: Collection | None, run: Run, embeddings: Embeddings, dataset: Dataset
) -> Collection:
    """Write embeddings as the collection `name` in place of the `former` one: new vector table, new view, old ones
    dropped.

    Inside the caller's transaction, so that a reader sees the old vectors or the new, never neither.
    """
    if former is not None:
        remove(db, former)
    dim = int(embeddings.vectors.shape[1])
    key_type: KeyType = dataset.key_type if embeddings.of in ROWS else "text"
    number = vectors.create(db, dim, key_type)
    vectors.write(db, number, embeddings.keys, embeddings.vectors, key_type)
    vectors.make_view(db, name, number)
    if embeddings.contexts:
        contexts.write(db, number, embeddings.contexts)
    if embeddings.columns:
        _write_vocabulary(db, f"{name}_vocabulary", embeddings, run.id)
    made = Collection(
        id=0,
        name=name,
        dataset=run.dataset,
        builder=run.builder,
        run=run.id,
        of=embeddings.of,
        vector_table=number,
        dim=dim,
        count=len(embeddings.keys),
        created=now(),
        revision=dataset.revision,
        built=dataset.revision,
        key_type=key_type,
    )
    return record(db, made)


def record(db: Connection, made: Collection) -> Collection:
    """Write the catalogue's row about a collection; returns it with its `id` and its tokens."""
    row = db.execute(
        "insert into _semsearch_collections (name, dataset, builder, run, kind, vector_table, dim, count, created,"
        " revision, built, born, token) values (:name, :dataset, :builder, :run, :of, :vector_table, :dim, :count,"
        " :created, :revision, :built, hex(randomblob(8)), hex(randomblob(8))) returning id, born, token",
        asdict(made),
    ).fetchone()
    return replace(made, id=row[0], born=row[1], token=row[2])


def set_seen(db: Connection, collection: Collection, revision: int, count: int) -> None:
    """Note that a collection has seen its dataset up to this revision, and holds so many vectors."""
    db.execute(
        "update _semsearch_collections set revision = ?, count = ?, token = hex(randomblob(8)) where id = ?",
        [revision, count, collection.id],
    )


def write_update(db: Connection, run: int, update: Update) -> None:
    """Add an update to what is known of a run."""
    counts = [update.added, update.changed, update.deleted]
    db.execute(
        "insert into _semsearch_updates (run, started, seconds, added, changed, deleted, metrics)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        [run, update.started, update.seconds, *counts, json.dumps(update.metrics)],
    )


def updates_of(db: Connection, run: int) -> list[Update]:
    """What updates brought to the collections of a run, oldest first."""
    asked = (
        "select started, seconds, added, changed, deleted, metrics from _semsearch_updates where run = ? order by id"
    )
    rows = db.execute(asked, [run])
    what = f"An update of run {run} in _semsearch_updates"
    result = []
    for row in rows:
        check_types(row, "tniiit", what)
        result.append(Update(row[0], row[1], row[2], row[3], row[4], metrics=numbers(row[5], what)))
    return result


def check_name(db: Connection, name: str, former: Collection | None, dataset: str, builder: str) -> None:
    """NameTakenError unless the name is free or its `former` collection is of the same dataset and builder."""
    if former is None:
        check_new_name(db, name)
    elif (former.dataset, former.builder) != (dataset, builder):
        raise NameTakenError(
            f"{name} is already a collection of {former.dataset} by {former.builder}: choose another --name"
        )
    if former is None or not table_exists(db, former.vocabulary):
        check_new_name(db, f"{name}_vocabulary")


def _write_vocabulary(db: Connection, table: str, embeddings: Embeddings, run: int) -> None:
    types = {
        column: "integer" if values and isinstance(values[0], int) else "text"
        for column, values in embeddings.columns.items()
    }
    declared = ", ".join(f"{quoted(column)} {kind}" for column, kind in types.items())
    db.execute(f"create table {quoted(table)} (word text primary key, {declared}{run_note(run)}) without rowid")
    rows = zip(embeddings.keys, *embeddings.columns.values(), strict=True)
    db.executemany(f"insert into {quoted(table)} values ({', '.join('?' * (1 + len(types)))})", rows)


def words(db: Connection, collection: Collection, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The vocabulary's rows for these words."""
    statement = f"select * from {quoted(collection.vocabulary)} where word in (select value from json_each(?))"
    result = db.execute(statement, [json.dumps(list(keys))])
    names = [column[0] for column in result.description]
    return {row[0]: dict(zip(names, row, strict=True)) for row in result}


def remove_views(db: Connection) -> list[str]:
    """Remove the views of all collections; returns the names of those that were there. Searches do not need them."""
    return [collection.name for collection in all_collections(db) if vectors.drop_view(db, collection.name)]


def restore_views(db: Connection) -> list[str]:
    """Make the views that are missing; returns their names. Raises NameTakenError if another table has such a name."""
    made = []
    for collection in all_collections(db):
        kind = table_kind(db, collection.name)
        if kind not in (None, "view"):
            raise NameTakenError(f"{collection.name} is already a {kind} in this database: rename it, then try again")
        if kind is None:
            vectors.make_view(db, collection.name, collection.vector_table)
            made.append(collection.name)
    return made


def word_counts(db: Connection, collection: Collection) -> dict[str, int]:
    """How often each word of a word collection was counted; empty where its vocabulary does not say."""
    table = collection.vocabulary
    if db.execute("select 1 from pragma_table_info(?) where name = 'count'", [table]).fetchone() is None:
        return {}
    return dict(db.execute(f"select word, count from {quoted(table)}").fetchall())


def drop_run_collections(db: Connection, collection: Collection) -> list[str]:
    """Remove a collection, those of the same run, and the run's model; the run itself stays as a record."""
    together = of_run(db, collection.run)
    for result in together:
        remove(db, result)
    return [result.name for result in together]


def remove(db: Connection, collection: Collection) -> None:
    """Remove a collection with its vectors and vocabulary, and what only its run needed once no collection is left."""
    db.execute(f"drop view if exists {quoted(collection.name)}")
    if collection.of == "word":
        db.execute(f"drop table if exists {quoted(collection.vocabulary)}")
    vectors.drop(db, collection.vector_table)
    contexts.drop(db, collection.vector_table)
    db.execute("delete from _semsearch_collections where id = ?", [collection.id])
    others = db.execute("select 1 from _semsearch_collections where run = ?", [collection.run]).fetchone()
    if others is None:
        for table in ("_semsearch_models", "_semsearch_run_steps", "_semsearch_run_pictures"):
            db.execute(f"delete from {table} where run = ?", [collection.run])
