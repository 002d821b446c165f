"""The Python API: `semsearch.open(path)` gives a Database whose methods are the functions the command line calls.

    import semsearch

    with semsearch.open("my.db") as db:
        db.index("articles")
        for hit in db.search("articles_lsa", "interest rates", k=5):
            print(hit.score, hit.row["title"])

docs/python.md walks through it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from semsearch import registry
from semsearch.arrays import FloatArray
from semsearch.building import build as engine
from semsearch.building import update as updating
from semsearch.building.build import Built
from semsearch.building.staleness import stale_rows
from semsearch.building.update import Outcome, Updated
from semsearch.export.write import export as write
from semsearch.images.image_io import ImageSpec
from semsearch.ingest.columns import kind_to_index
from semsearch.ingest.images import load_images, read_images
from semsearch.ingest.load import Columns, Loaded, describe_table, load_documents
from semsearch.ingest.sources import read_sources, source_name
from semsearch.ingest.vectors import Imported, VectorSource, load_vectors
from semsearch.labels import classify as labels
from semsearch.labels.classify import Classified, Suggestion
from semsearch.records import Collection, Dataset, Hit, Item, Report, Run, Update, silent
from semsearch.search import explain, models, query, resident
from semsearch.search.explain import Explanation
from semsearch.search.images import Picture, search_by_picture
from semsearch.search.query import Filter, Mode
from semsearch.session import Opened
from semsearch.storage import chunks, collections, datasets
from semsearch.storage.collections import open_collection

Path = str | os.PathLike[str]
MEMORY = 512 << 20


def open(path: Path, *, create: bool = False, memory: int = MEMORY) -> Database:
    """A database file to search and to build in; with `create` one that need not be there yet.

    Collections that are searched are kept in memory, shared by the whole process, up to `memory` bytes of vectors; 0
    reads the file each time. Raises DatabaseError if there is no such file or it is no database, SchemaError if it is
    another version's. A file that an older version wrote is brought up to date by the first method that writes, or by
    `semsearch migrate`.
    """
    resident.enable_cache(memory)
    return Database(os.fspath(path), create=create)


class Database(Opened):
    """One file. Reads see one state of it each; writes are all or nothing. May be shared between threads.

    A context manager; `close()` does the same. Raises semsearch.SemsearchError, whose text is one line for people.
    """

    def search(
        self,
        collection: str,
        text: str,
        *,
        k: int = 10,
        mode: Mode = "hybrid",
        weight: float | None = None,
        where: str | None = None,
    ) -> list[Hit]:
        """The k items that answer a text best, best first, of the rows for which the SQL condition `where` holds.

        `mode`: by meaning ("vector"), by words ("text"), or both; `weight` is then meaning's share, 0..1. A "phrase" in
        the text must stand in a hit, a -word must not. See semsearch.search.query.search.
        """
        with self._reading() as db:
            opened = open_collection(db, collection)
            found = query.search(db, opened, text, mode=mode, k=k, weight=weight, only=Filter(where=where))
        return list(found.hits)

    def similar(self, collection: str, *ids: str | int, k: int = 10, where: str | None = None) -> list[Hit]:
        """The k items nearest to one item, or to the mean of several, without themselves."""
        with self._reading() as db:
            opened = open_collection(db, collection)
            return list(query.similar(db, opened, [str(id) for id in ids], k=k, only=Filter(where=where)).hits)

    def search_by_picture(
        self, collection: str, picture: Picture, *, k: int = 10, where: str | None = None
    ) -> list[Hit]:
        """The k pictures nearest to one of yours: a path, the bytes of a file, or pixels (height, width) or (height,
        width, 1 or 3), uint8. It is looked at and not kept."""
        with self._reading() as db:
            opened = open_collection(db, collection)
            return list(search_by_picture(db, opened, picture, k=k, only=Filter(where=where)).hits)

    def explain(self, collection: str, text: str, hits: Sequence[Hit]) -> list[Explanation]:
        """Why each of these hits of a search was found: parts that add up to its scores, and a sentence."""
        with self._reading() as db:
            return list(explain.explain(db, open_collection(db, collection), text, hits))

    def embed(self, collection: str, text: str) -> FloatArray | None:
        """The unit vector of a text in a collection, (dim,) float32; None where no word of it is known."""
        with self._reading() as db:
            return models.encode_text(db, collections.get_collection(db, collection), text)

    def vector(self, collection: str, id: str | int) -> FloatArray:
        """The stored unit vector of an item, (dim,) float32; NotFoundError if it has none."""
        with self._reading() as db:
            return query.vector_of(db, collections.get_collection(db, collection), str(id))

    def vectors(self, collection: str) -> tuple[list[str], FloatArray]:
        """All keys of a collection (n,), as text, and their unit vectors (n, dim) float32."""
        with self._reading() as db:
            return chunks.everything(db, collections.get_collection(db, collection))

    def sql(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """The rows of a query, as dicts; the SQL functions are there (docs/sql.md). The connection only reads."""
        with self._reading() as db:
            rows = db.execute(statement, parameters)
            names = [column[0] for column in rows.description or ()]
            return [dict(zip(names, row, strict=True)) for row in rows]

    def collections(self) -> list[Collection]:
        """Every collection, by name."""
        with self._reading() as db:
            return collections.all_collections(db)

    def datasets(self) -> list[Dataset]:
        """Every dataset, by name."""
        with self._reading() as db:
            return datasets.all_datasets(db)

    def runs(self) -> list[Run]:
        """Every run, newest first."""
        with self._reading() as db:
            return collections.all_runs(db)

    def updates(self, run: int) -> list[Update]:
        """What updates brought to the collections of a run, oldest first."""
        with self._reading() as db:
            return collections.updates_of(db, run)

    def stale(self) -> dict[str, int | None]:
        """How many rows each collection has not seen: added, changed or deleted since. Reads the tables.

        None for words learned beside documents, and where the table or one of its columns is gone.
        """
        with self._reading() as db:
            return stale_rows(db, [found.name for found in collections.all_collections(db)])

    def index(
        self,
        table: str,
        *,
        text: Sequence[str] = (),
        title: str | None = None,
        label: str | None = None,
        image: str | None = None,
    ) -> Built:
        """Make a table searchable by meaning, in place: columns that are not named are guessed, the rest is default.
        With `image`, a column of pictures, it is searched by those."""
        with self._writing() as db:
            dataset, _ = describe_table(db, table, Columns(tuple(text), title, label=label, image=image))
            return engine.build(db, dataset, registry.load().default_builder(kind_to_index(dataset)), {})

    def ingest(
        self,
        dataset: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        id: str | None = None,
        text: Sequence[str] = (),
        title: str | None = None,
        label: str | None = None,
    ) -> Loaded:
        """Write rows into the table `dataset`: made if it is not there, updated by the column `id` if it is."""
        items = (Item(None, row, f"row {number}") for number, row in enumerate(rows, 1))
        with self._writing() as db:
            return load_documents(db, dataset, items, source="rows", columns=Columns(tuple(text), title, id, label))

    def ingest_files(self, dataset: str, *sources: Path, format: str | None = None, **columns: Any) -> Loaded:
        """Write what files and folders hold into the table `dataset`, as `semsearch ingest documents` does.

        `columns`: id, text, title, label, as in `ingest`.
        """
        paths = [os.fspath(source) for source in sources]
        items = read_sources(paths, registry.load().readers, format=format)
        chosen = Columns(**{**columns, "text": tuple(columns.get("text", ()))})
        with self._writing() as db:
            return load_documents(db, dataset, items, source=source_name(paths), columns=chosen)

    def ingest_images(
        self,
        dataset: str,
        *sources: Path,
        size: int | None = None,
        channels: int | None = None,
        link: bool = False,
        strict: bool = False,
    ) -> Loaded:
        """Write pictures into the table `dataset`, as `semsearch ingest images` does; 1 channel makes them grey."""
        paths = [os.fspath(source) for source in sources]
        with self._writing() as db:
            found, wanted = read_images(paths), ImageSpec(size, channels, link=link)
            return load_images(db, dataset, found, wanted, source=source_name(paths), strict=strict)

    def build(
        self,
        dataset: str,
        builder: str | None = None,
        *,
        name: str | None = None,
        seed: int = 0,
        device: str = "auto",
        resume: bool = False,
        report: Report = silent,
        **options: Any,
    ) -> Built:
        """Learn embeddings from a dataset, by its default builder or another, with the builder's own options."""
        with self._writing() as db:
            found, known = datasets.get_dataset(db, dataset), registry.load()
            chosen = known.default_builder(found.kind) if builder is None else known.builder(builder)
            how = engine.BuildOptions(name, seed, device, resume, report)
            return engine.build(db, found, chosen, options, how)

    def ingest_vectors(
        self,
        name: str,
        file: Path,
        *,
        format: str | None = None,
        member: str | None = None,
        ids: Path | None = None,
        limit: int | None = None,
        report: Report = silent,
    ) -> Imported:
        """Make the collection `name` of words and vectors made elsewhere. See semsearch.ingest.vectors.load_vectors."""
        asked = VectorSource(os.fspath(file), format, member, None if ids is None else os.fspath(ids), limit)
        with self._writing() as db:
            return load_vectors(db, name, asked, report=report)

    def classify(self, *collections: str, label: str | None = None, table: str | None = None, **how: Any) -> Classified:
        """Learn a column of labels from the rows that have one, and write what the others are told as a table.

        `how`: words, seed, report, as in semsearch.labels.classify.classify; `suggest` says which rows to label next.
        """
        with self._writing() as db:
            opened = [open_collection(db, name) for name in collections]
            found = labels.classify(db, opened, label, table=table, **how)
            labels.write(db, found, table=table)
            return found

    def suggest(self, *collections: str, k: int = 20, label: str | None = None, seed: int = 0) -> list[Suggestion]:
        """The k rows without a label whose labels would teach most, the first one first."""
        with self._reading() as db:
            return labels.suggest(db, [open_collection(db, name) for name in collections], k, label, seed=seed)

    def export(self, collection: str, file: Path, *, report: Report = silent) -> list[str]:
        """Write a collection to new files in the format that the suffix says; returns their paths."""
        with self._reading() as db:
            return [os.fspath(path) for path in write(db, collection, FilePath(file), report=report)]

    def update(self, collection: str | None = None, *, report: Report = silent) -> Outcome:
        """Take in new and changed rows and take out deleted ones, of one collection or of all; nothing is learned."""
        with self._writing() as db:
            return updating.update(db, collection, report=report)

    def drop(self, name: str) -> list[str]:
        """Remove a collection, or a dataset with all of its collections, never its table; returns what went."""
        with self._writing() as db:
            return engine.drop(db, name)


__all__ = [
    "Built",
    "Classified",
    "Database",
    "Explanation",
    "Imported",
    "Loaded",
    "Outcome",
    "Suggestion",
    "Updated",
    "open",
]
