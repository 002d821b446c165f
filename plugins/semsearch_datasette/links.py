"""URLs of our pages and of Datasette's, under base_url, names and ids in Datasette's tilde encoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from datasette.utils import tilde_encode

from semsearch.records import Dataset
from semsearch.web import Paging

Pairs = Sequence[tuple[str, str]]


def home(datasette: Any, database: str | None = None) -> str:
    """The list of collections: all, or one database's."""
    if database is None:
        return str(datasette.urls.path("/-/semsearch"))
    return f"{datasette.urls.database(database)}/-/semsearch"


def training(datasette: Any, database: str) -> str:
    """The trainings that are running in a database."""
    return f"{datasette.urls.database(database)}/-/semsearch-training"


def lecture(datasette: Any, key: str = "") -> str:
    """The guide to the techniques, at one of them."""
    return str(datasette.urls.path("/-/semsearch/lecture")) + (f"#{key}" if key else "")


def glossary(datasette: Any, key: str = "") -> str:
    """The glossary, at one of its terms."""
    return str(datasette.urls.path("/-/semsearch/glossary")) + (f"#{key}" if key else "")


def collection(datasette: Any, database: str, name: str, page: str = "", filters: Pairs = (), **arguments: Any) -> str:
    """A collection's search page, or one of its other pages; `filters` are arguments `column__op` with their values."""
    path = f"{home(datasette, database)}/{tilde_encode(name)}"
    return with_arguments(f"{path}/{page}" if page else path, arguments, filters)


def item(datasette: Any, database: str, name: str, id: Any, **arguments: Any) -> str:
    """One item's page."""
    return with_arguments(of_item(collection(datasette, database, name), "item", id), arguments)


def similar(datasette: Any, database: str, name: str, id: Any, filters: Pairs = (), **arguments: Any) -> str:
    """The page of an item's neighbours."""
    return with_arguments(of_item(collection(datasette, database, name), "similar", id), arguments, filters)


def of_item(collection_url: str, page: str, id: Any) -> str:
    """The URL of an item's page or of its neighbours. A list of hits makes `collection_url` once for all."""
    return f"{collection_url}/{page}/{tilde_encode(str(id))}"


def next_url(paging: Paging, total: int, url_from: Callable[[int], str]) -> str | None:
    """The URL of the next page of a list of `total` items, made by `url_from` an offset; None on the last page."""
    after = paging.next_after(total)
    return url_from(after) if after else None


def with_arguments(path: str, arguments: Mapping[str, Any], filters: Pairs = ()) -> str:
    """A path with the arguments that have a value, then the filters unchanged."""
    given = [(name, value) for name, value in arguments.items() if value not in (None, "")]
    return f"{path}?{urlencode([*given, *filters])}" if given or filters else path


def table_rows(datasette: Any, database: str, table: str, **arguments: Any) -> str:
    """Datasette's own page of some rows of a table."""
    return with_arguments(str(datasette.urls.table(database, table)), arguments)


def row(datasette: Any, database: str, dataset: Dataset, key: Any) -> str | None:
    """Datasette's own page of a row; None for tables keyed by a hash of the row, which Datasette does not know."""
    if dataset.key_kind == "row":
        return None
    path = str(key) if dataset.key_kind == "compound" else tilde_encode(str(key))
    return str(datasette.urls.row(database, dataset.name, path)) if path else None
