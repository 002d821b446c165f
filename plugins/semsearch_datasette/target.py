"""What a page's URL names: a database, a collection in it, the table it was made of; if the actor may see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from datasette import NotFound
from datasette.utils import tilde_decode

from semsearch.records import Collection, Dataset
from semsearch.search.components import has_topics
from semsearch.storage import collections, datasets
from semsearch_datasette import links
from semsearch_datasette.connection import missing, read
from semsearch_datasette.permissions import ensure_view


@dataclass(frozen=True)
class Target:
    """A collection that the actor may see, with its dataset and the collections of the same run."""

    database: Any
    collection: Collection
    dataset: Dataset
    together: tuple[Collection, ...]
    private: bool
    has_topics: bool

    def part(self, of: str) -> Collection | None:
        """The collection of the same run that holds this kind of thing."""
        return next((part for part in self.together if part.of == of), None)


def database_of(datasette: Any, request: Any) -> Any:
    """The database that a URL names; NotFound if there is none."""
    asked = tilde_decode(request.url_vars["database"])
    try:
        return datasette.get_database(route=asked)
    except KeyError as error:
        raise NotFound(f"Database not found: {asked}") from error


async def target_of(datasette: Any, request: Any) -> Target:
    """The target of a request. NotFound and Forbidden are Datasette's own.

    Neither error lists what else there is: the actor may not be allowed to see it.
    """
    database = database_of(datasette, request)
    name = tilde_decode(request.url_vars["collection"])

    def look(conn: Any) -> tuple[Collection, Dataset, tuple[Collection, ...]] | None:
        known = {found.name: found for found in collections.all_collections(conn)}
        if name not in known:
            return None
        found = known[name]
        dataset = datasets.get_dataset(conn, found.dataset)
        return found, dataset, tuple(collections.of_run(conn, found.run))

    found = await read(database, look, without_vectors=True)
    if found is None:
        raise NotFound(f"No collection {name!r} in {database.name}")
    collection, dataset, together = found
    private = await ensure_view(datasette, request.actor, database.name, dataset.name)
    if not await database.table_exists(dataset.name):
        raise NotFound(f"The table {dataset.name}, of which {name} was built, is gone")
    topics = not missing() and await read(database, lambda conn: has_topics(conn, collection))
    return Target(database, collection, dataset, together, private, topics)


def id_of(request: Any) -> str:
    """The item that a URL names."""
    return str(tilde_decode(request.url_vars["id"]))


def frame(datasette: Any, target: Target, page: str) -> dict[str, Any]:
    """What the frame around every page of a collection needs: names, and links to its other pages."""
    name, database = target.collection.name, target.database.name
    tabs = [("search", "Search", links.collection(datasette, database, name))]
    if target.has_topics:
        tabs.append(("components", "Topics", links.collection(datasette, database, name, "components")))
    tabs.append(("runs", "Runs", links.collection(datasette, database, name, "runs")))
    others = [
        {"label": f"{part.of}s", "name": part.name, "href": links.collection(datasette, database, part.name)}
        for part in target.together
        if part.name != name
    ]
    return {
        "database": database,
        "table": target.dataset.name,
        "collection": target.collection,
        "dataset": target.dataset,
        "table_url": datasette.urls.table(database, target.dataset.name),
        "tabs": [{"label": label, "href": href, "current": key == page} for key, label, href in tabs],
        "others": others,
        "home_url": links.home(datasette),
        "search_url": tabs[0][2],
    }
