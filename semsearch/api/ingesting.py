"""Methods that import data into a database."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from semsearch import registry
from semsearch.building.passages import make_passages
from semsearch.errors import InputError
from semsearch.images.image_io import ImageSpec
from semsearch.ingest import pretrained
from semsearch.ingest.base import TableOptions, check_strictness, first_items
from semsearch.ingest.columns import named_columns
from semsearch.ingest.edges import EdgeSources, LoadedGraph, TableEdges, ingest_edges
from semsearch.ingest.images import first_images, load_images, read_images
from semsearch.ingest.load import Columns, Loaded, load_documents, register_table
from semsearch.ingest.sources import read_sources, source_name
from semsearch.ingest.vectors import Imported, VectorSource, load_vectors
from semsearch.maths.languages import checked_language
from semsearch.records import Dataset, Item, Report, silent
from semsearch.session import Opened
from semsearch.storage.passages import dataset_of as find_passages

Path = str | os.PathLike[str]


class Ingesting(Opened):
    """Imports into a database file, each in one transaction."""

    def ingest(
        self,
        dataset: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        id: str | None = None,
        text: Sequence[str] = (),
        title: str | None = None,
        label: str | None = None,
        language: str | None = None,
        report: Report = silent,
    ) -> Loaded:
        """Write rows into the table `dataset`. A new table is made; an existing one is updated by the column `id`.

        `text`, `title` and `label` name columns; text and title are guessed if not given. `language` is that of
        the texts, by default found from them. Raises InputError for rows that cannot be used or a language that is not
        known, NameTakenError for a table that ingest did not make.
        """
        items = (Item(None, _checked_row(row, number), f"row {number}") for number, row in enumerate(rows, 1))
        spoken = language and checked_language(language)
        columns = Columns(tuple(text), title, id, label, keep_html=True, language=spoken)
        with self._writing() as db:
            return load_documents(db, dataset, items, source="rows", columns=columns, report=report)

    def ingest_files(
        self,
        dataset: str,
        *sources: Path,
        format: str | None = None,
        encoding: str = "utf-8",
        id: str | None = None,
        text: Sequence[str] = (),
        title: str | None = None,
        label: str | None = None,
        header: bool | None = None,
        columns: Sequence[str] = (),
        limit: int | None = None,
        keep_html: bool = False,
        language: str | None = None,
        skip_errors: bool = False,
        strict: bool = False,
        passages: bool = False,
        report: Report = silent,
    ) -> Loaded:
        """Write the documents of files and folders into the table `dataset`, as `semsearch ingest documents` does.

        `format` is that of the files, by default from the suffix; for the columns see `ingest`. `header` says whether
        the first line of a table names its columns, which `columns` replaces; by default it is found out. `limit` is
        the number of items to read. HTML in the text columns of rows is removed without `keep_html`. With
        `skip_errors`, what cannot be read is listed in `skipped`, as PDF and Office files, archives and the like are
        without `strict`. With `passages` the texts are cut into passages in the table DATASET_passages, which are
        searched instead, as they are where the table exists. Raises InputError for a source that cannot be read.
        """
        paths = [os.fspath(source) for source in sources]
        spoken = language and checked_language(language)
        chosen = Columns(tuple(text), title, id, label, keep_html=keep_html, language=spoken)
        table = TableOptions(header, tuple(columns), named_columns(chosen))
        check_strictness(strict=strict, skip_errors=skip_errors)
        readers = registry.load().readers
        items = read_sources(paths, readers, format=format, encoding=encoding, table=table, strict=strict)
        items = first_items(items, limit)
        how: dict[str, Any] = {"columns": chosen, "skip_errors": skip_errors}
        with self._writing() as db:
            loaded = load_documents(db, dataset, items, source=source_name(paths), report=report, **how)
            if passages or find_passages(db, dataset) is not None:
                make_passages(db, loaded.dataset, report=report)
            return loaded

    def ingest_table(
        self,
        table: str,
        *,
        text: Sequence[str] = (),
        title: str | None = None,
        label: str | None = None,
        image: str | None = None,
    ) -> Dataset:
        """Register an existing table as a dataset; it is neither copied nor changed.

        Columns of text and title are guessed if not given; `image` is a column of images. Raises NotFoundError for an
        unknown table or column, InputError for a table without text.
        """
        with self._writing() as db:
            dataset, _ = register_table(db, table, Columns(tuple(text), title, label=label, image=image))
            return dataset

    def ingest_images(
        self,
        dataset: str,
        *sources: Path,
        size: int | None = None,
        channels: int | None = None,
        link: bool = False,
        limit: int | None = None,
        strict: bool = False,
        report: Report = silent,
    ) -> Loaded:
        """Write the images of files, folders, archives and arrays into the table `dataset`.

        `size` scales each into a square of that many pixels; `channels` is 1 for greyscale, 3 for RGB. With `link` only
        paths are stored. `limit` is the number of images to read. With `strict` an image that cannot be read raises
        InputError, else it is listed in `skipped`.
        """
        paths = [os.fspath(source) for source in sources]
        spec, source = ImageSpec(size, channels, link=link), source_name(paths)
        with self._writing() as db:
            images = first_images(read_images(paths), limit)
            return load_images(db, dataset, images, spec, source=source, strict=strict, report=report)

    def ingest_edges(
        self,
        graph: str,
        *files: Path,
        table: str | None = None,
        source: str | None = None,
        target: str | None = None,
        weight: str | None = None,
        through: str | None = None,
        directed: bool = False,
        nodes: Path | None = None,
        header: bool | None = None,
        columns: Sequence[str] = (),
        limit: int | None = None,
        format: str | None = None,
        encoding: str = "utf-8",
        skip_errors: bool = False,
        report: Report = silent,
    ) -> LoadedGraph:
        """Make the graph `graph` of the edges in files, or of an existing `table` of edges, which is used in place.

        `source`, `target` and `weight` name columns. With `through`, two sources are joined by each value of that
        column that they share. `nodes` is a file of the nodes' attributes. `columns` are the names of the columns in
        the files, `limit` the number of edges to read. Raises InputError for files that cannot be read, without
        `skip_errors`, and where there is no edge.
        """
        edges = EdgeSources(
            files=tuple(os.fspath(file) for file in files),
            table=table,
            columns=TableEdges(source, target, weight, through, directed),
            header=header,
            names=tuple(columns),
            limit=limit,
            nodes=None if nodes is None else os.fspath(nodes),
            format=format,
            encoding=encoding,
        )
        with self._writing() as db:
            return ingest_edges(db, graph, edges, registry.load().readers, skip_errors=skip_errors, report=report)

    def ingest_vectors(
        self,
        name: str,
        file: Path | None = None,
        *,
        public: str | None = None,
        format: str | None = None,
        member: str | None = None,
        ids: Path | None = None,
        limit: int | None = None,
        report: Report = silent,
    ) -> Imported:
        """Import words and their vectors as the collection `name`, from a file or a public set that is downloaded.

        `public` is a name of `pretrained()`. `format`, `member` and `ids` say what a file's name does not; `limit` is
        the number of rows to read. Raises InputError for a file that cannot be read.
        """
        path = None if file is None else os.fspath(file)
        source = VectorSource(path or "", format, member, None if ids is None else os.fspath(ids), limit)
        source, facts = pretrained.resolve(source, public, report=report)
        with self._writing() as db:
            return load_vectors(db, name, source, facts=facts, report=report)


def _checked_row(row: Any, number: int) -> Mapping[str, Any]:
    """The row. Raises InputError unless it is a dict with columns' names as its keys."""
    if not isinstance(row, Mapping):
        raise InputError(f"Row {number} is {row!r:.60} ({type(row).__name__}): give a dict from columns to values")
    for name in row:
        if not isinstance(name, str):
            raise InputError(f"Row {number} has a column {name!r:.60} ({type(name).__name__}): give a text as its name")
    return row
