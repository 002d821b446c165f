"""Cells of Datasette's own table pages: vectors in the views of collections, thumbnails of images."""

from __future__ import annotations

from typing import Any

from datasette import hookimpl
from datasette.utils import tilde_encode
from markupsafe import Markup, escape

from semsearch.records import Dataset
from semsearch.storage import datasets
from semsearch_datasette import links
from semsearch_datasette.connection import quietly
from semsearch_datasette.datasette_menus import collections_of
from semsearch_datasette.request_cache import once

FLOAT_BYTES = 4
SHOWN_SIDE = 64  # pixels of a thumbnail in a cell


@hookimpl
def render_cell(row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any) -> Any:
    """A vector in a collection's view, as its length and a link to the most similar items; an image as its thumbnail.

    The thumbnail is a page of a collection, which asks for the permissions of the actor again.
    """
    if not isinstance(value, bytes) or not table or not value:
        return None

    async def inner() -> Markup | None:
        if column == "embedding" and (cell := await _vector(datasette, database, table, row, value)) is not None:
            return cell
        return await _thumbnail(datasette, database, table, row, column)

    return inner


async def _vector(datasette: Any, database: str, table: str, row: Any, value: bytes) -> Markup | None:
    """The cell of a vector; None if the table is no collection or the value no vector of it."""
    collection = next((each for each in await collections_of(datasette, database) if each.name == table), None)
    if collection is None or collection.dim * FLOAT_BYTES != len(value):
        return None
    columns = row.keys()  # a row of SQLite: `in row` would look among its values
    if "id" not in columns:
        return Markup(f"{collection.dim} floats")  # hidden by ?_nocol=id, where Datasette's own link to a BLOB fails
    href = links.similar(datasette, database, table, row["id"])
    return Markup(f'{collection.dim} floats · <a href="{escape(href)}">similar →</a>')


async def _thumbnail(datasette: Any, database: str, table: str, row: Any, column: str) -> Markup | None:
    """The cell of an image; None if no collection of images was built from the table, or for a row without its key."""
    built = [each for each in await collections_of(datasette, database) if (each.dataset, each.of) == (table, "image")]
    if not built:
        return None
    dataset = await once(("dataset", database, table), lambda: _dataset(datasette, database, table))
    if dataset is None or dataset.kind != "images" or column != (dataset.image_column or "content"):
        return None
    keys = dataset.key_columns
    columns = row.keys()  # a row of SQLite: `in row` would look among its values
    if len(keys) != 1 or keys[0] not in columns:
        return None
    id = str(row[keys[0]])
    source = links.collection(datasette, database, built[0].name, f"thumbnail/{tilde_encode(id)}")
    href = links.item(datasette, database, built[0].name, id)
    side = f'width="{SHOWN_SIDE}" height="{SHOWN_SIDE}"'
    image = f'<img src="{escape(source)}" alt="Image {escape(id)}" {side} loading="lazy">'
    return Markup(f'<a href="{escape(href)}">{image}</a>')


async def _dataset(datasette: Any, database: str, table: str) -> Dataset | None:
    result: Dataset | None = await quietly(
        datasette.databases[database], lambda conn: datasets.get_dataset(conn, table)
    )
    return result
