"""Methods that list what a database contains, and what this installation offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from semsearch import doctor, registry
from semsearch.builders.base import Builder
from semsearch.building.staleness import stale_rows
from semsearch.doctor import Check
from semsearch.ingest import pretrained
from semsearch.ingest.pretrained import Pretrained
from semsearch.records import Collection, Dataset, Run, Update
from semsearch.run_facts import with_present_names
from semsearch.session import Opened
from semsearch.storage import collections, datasets


class Listing(Opened):
    """Listings of a database file and of this installation."""

    def sql(self, statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """The rows of a query, as dicts, with semsearch's SQL functions (docs/sql.md). The connection only reads.

        Raises DatabaseError for a statement that fails or writes.
        """
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
        """Every run, newest first, with its options, metrics and versions."""
        with self._reading() as db:
            return [with_present_names(run) for run in collections.all_runs(db)]

    def updates(self, run: int) -> list[Update]:
        """The updates of the collections of a run, oldest first. Raises NotFoundError for an unknown run."""
        with self._reading() as db:
            return collections.updates_of(db, run)

    def stale(self) -> dict[str, int | None]:
        """How many rows were added, changed or deleted since each collection was built or updated. Reads the tables.

        None for words learned together with documents, and if the table or one of its columns is gone.
        """
        with self._reading() as db:
            return stale_rows(db, [collection.name for collection in collections.all_collections(db)])

    def builders(self) -> dict[str, Builder]:
        """The installed builders by name, those of plugins included. Raises PluginError for a faulty plugin."""
        return dict(registry.load().builders)

    def pretrained(self) -> list[Pretrained]:
        """The public sets of word vectors that `ingest_vectors` can download."""
        return list(pretrained.ALL)

    def doctor(self) -> list[Check]:
        """The checks of this installation and of this file, each with whether it passed."""
        return doctor.check_installation() + doctor.check_file(self.path)
