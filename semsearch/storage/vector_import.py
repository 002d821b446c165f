"""A collection of words whose vectors come from outside, written batch by batch so that millions need little memory.

Its words are the table NAME_vocabulary (`word`, and `place`: the row it stood in, from 1; most publishers sort by
frequency), which is also its dataset: nothing else in the file stands behind these vectors.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from semsearch.arrays import FloatArray
from semsearch.records import Collection, Run
from semsearch.storage import collections, datasets, lineage, sources, vectors
from semsearch.storage.driver import Connection
from semsearch.storage.keys import quoted, shape_of

BUILDER = "imported"  # what stands in the catalogue where a builder's name does


class Incoming:
    """One import, inside the caller's transaction: begun, then any number of `add`, then `finish`.

    An earlier import of the same name is replaced; NameTakenError where anything else has that name.
    """

    def __init__(self, db: Connection, name: str, dim: int) -> None:
        self.db, self.name, self.dim, self.count = db, name, dim, 0
        self.vocabulary = f"{name}_vocabulary"
        former = collections.find_collection(db, name)
        collections.check_name(db, name, former, self.vocabulary, BUILDER)
        if former is not None:
            collections.remove(db, former)
        self.number = vectors.create(db, dim, "text")
        db.execute(f"create table {quoted(self.vocabulary)} (word text primary key, place integer) without rowid")

    def known(self, words: Sequence[str]) -> set[str]:
        """Which of these words were added before."""
        statement = f"select word from {quoted(self.vocabulary)} where word in (select value from json_each(?))"
        return {row[0] for row in self.db.execute(statement, [json.dumps(words)])}

    def add(self, words: Sequence[str], places: Sequence[int], matrix: FloatArray) -> None:
        """Words not added before, where they stand in the source, and their vectors (n, dim), none of them zero."""
        pairs = sorted(zip(words, places, strict=True))  # in the order of the table, which is that of its words
        self.db.executemany(f"insert into {quoted(self.vocabulary)} values (?, ?)", pairs)
        vectors.write(self.db, self.number, words, matrix, "text")
        self.count += len(words)

    def finish(self, run: Run) -> Collection:
        """Write run, dataset and collection into the catalogue; `run.dataset` is the vocabulary."""
        datasets.register(
            self.db,
            shape_of(self.db, self.vocabulary),
            text_columns=(),
            title_column="word",
            made_by="vectors",
            source=str(run.options.get("source")),
            kind="words",
        )
        run = replace(run, id=collections.write_run(self.db, run))
        sources.write(self.db, lineage.sources_of(self.db, [self.vocabulary]), run=run.id)
        vectors.make_view(self.db, self.name, self.number)
        made = Collection(
            id=0,
            name=self.name,
            dataset=run.dataset,
            builder=run.builder,
            run=run.id,
            of="word",
            vector_table=self.number,
            dim=self.dim,
            count=self.count,
            created=datasets.now(),
        )
        return collections.record(self.db, made)
