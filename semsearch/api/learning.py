"""Methods that build collections, keep them up to date, export and remove them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Any

from semsearch import registry
from semsearch.builders.base import make_options, reads_of
from semsearch.building.build import BuildOptions, Built, build, default_builder
from semsearch.building.drop import drop
from semsearch.building.passages import make_passages
from semsearch.building.update import Outcome, update
from semsearch.export.write import export
from semsearch.ingest.columns import dataset_to_build, kind_to_index
from semsearch.ingest.load import Columns, describe_table, register_table
from semsearch.records import Report, silent
from semsearch.session import Opened
from semsearch.storage import collections, connect, datasets

Path = str | os.PathLike[str]


class Learning(Opened):
    """Builds and updates of collections, each in one transaction."""

    def index(
        self,
        table: str,
        *,
        text: Sequence[str] = (),
        title: str | None = None,
        label: str | None = None,
        image: str | None = None,
        language: str | None = None,
        passages: bool = False,
        report: Report = silent,
    ) -> Built:
        """Make a table searchable in place, with the default builder. Columns that are not named are guessed.

        With `passages` the texts are cut into passages in the table TABLE_passages, and these are searched.
        With `image`, a column of images, those are searched. `language` is that of the texts, by default found in
        them. Raises NotFoundError for an unknown table or column, InputError for an unknown language,
        BuildError where there is nothing to learn from.
        """
        with self._writing() as db:
            dataset, _ = describe_table(db, table, Columns(tuple(text), title, label=label, image=image))
            how = BuildOptions(report=report, language=language)
            if passages:
                dataset, _ = register_table(db, table, Columns(tuple(text), title, label=label, image=image))
                make_passages(db, dataset, report=report)
            return build(db, dataset, registry.load().default_builder(kind_to_index(dataset)), {}, how)

    def build(
        self,
        dataset: str,
        builder: str | None = None,
        *,
        name: str | None = None,
        seed: int = 0,
        device: str = "auto",
        resume: bool = False,
        memory: str | None = None,
        language: str | None = None,
        report: Report = silent,
        **options: Any,
    ) -> Built:
        """Learn embeddings from a dataset with a builder, by default the one for its kind and size.

        `options` are those of the builder (docs/builders.md). `name` is that of the collection, by default
        DATASET_BUILDER. `language` is that of the texts, by default the dataset's or found in them. `resume` continues
        an interrupted training from its checkpoint. `memory`, such as "4G", is what a builder that can estimate its
        need may take, by default half of what is free. Raises NotFoundError for an unknown dataset or builder,
        InputError for options that cannot be used, BuildError where there is nothing to learn from, CapabilityError for
        a missing package or device.
        """
        how = BuildOptions(name, seed, device, resume, report, language, memory)
        with self._writing() as db:
            if builder is None:
                source = datasets.get_dataset(db, dataset)
                return build(db, source, default_builder(db, source), options, how)
            chosen = registry.load().builder(builder)
            source = dataset_to_build(db, dataset, reads_of(chosen, make_options(chosen, options)))
            return build(db, source, chosen, options, how)

    def update(self, collection: str | None = None, *, report: Report = silent) -> Outcome:
        """Embed new and changed rows and remove deleted ones, of one collection or of all; nothing is trained again.

        Raises NotFoundError for an unknown collection, InputError for one that cannot be updated.
        """
        with self._writing() as db:
            return update(db, collection, report=report)

    def export(self, collection: str, file: Path, *, report: Report = silent) -> list[str]:
        """Write the vectors of a collection to new files in the format of the suffix; returns their paths.

        Raises InputError for an unknown suffix and for a file that exists.
        """
        with self._reading() as db:
            return [os.fspath(path) for path in export(db, collection, FilePath(file), report=report)]

    def drop(self, name: str) -> list[str]:
        """Remove a collection, or a dataset with all its collections, but never its table; returns what was removed.

        Raises NotFoundError for an unknown name, InputError for a collection that another one was built from.
        """
        with self._writing() as db:
            return drop(db, name)

    def views(self, *, on: bool) -> list[str]:
        """Make the views of all collections, or remove them, so that programs without sqlite-vec can use ALTER TABLE.

        Returns the names of the views that were made or removed.
        """
        with self._writing() as db, connect.transaction(db):
            return collections.restore_views(db) if on else collections.remove_views(db)

    def migrate(self) -> list[str]:
        """Upgrade a file that an older semsearch wrote; returns the names of the applied migrations.

        Raises SchemaError for a file of a newer semsearch.
        """
        with self._writing(up_to_date=False) as db:
            return connect.upgrade(db)
