"""What a page's URL names: a database, a collection in it, the table it was made of; if the actor may see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from datasette import Forbidden, NotFound
from datasette.utils import tilde_decode

from semsearch.errors import SemsearchError
from semsearch.images.generate import can_decode, can_sample
from semsearch.images.quizzes import can_ask
from semsearch.records import Collection, Dataset, OpenCollection
from semsearch.search.components import has_topics
from semsearch.search.images import has_pictures
from semsearch.search.models import takes_text
from semsearch.search.word_contexts import has_contexts
from semsearch.storage import collections, connect, datasets, keys, labels, results
from semsearch.storage.lineage import fingerprint
from semsearch_datasette import links
from semsearch_datasette.compat import allows
from semsearch_datasette.connection import missing, read
from semsearch_datasette.permissions import Derived, ensure_view, look_at_derived, remember_derived

Result = TypeVar("Result")
MOST_COMPARED = 20_000  # items of a collection that a page compares with one another

_offered: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Target:
    """A collection that the actor may see, with its dataset and the collections of the same run."""

    database: Any
    opened: OpenCollection
    together: tuple[Collection, ...]
    private: bool
    takes_text: bool  # whether a text can be placed in the collection
    has_topics: bool
    has_clusters: bool
    has_contexts: bool
    has_eigen: bool  # components that are pictures
    columns: tuple[str, ...]  # of the table, which filters may name; none for words
    labels: tuple[str, ...]  # columns that could hold labels

    @property
    def collection(self) -> Collection:
        """The collection, as it was when the request began."""
        return self.opened.collection

    @property
    def dataset(self) -> Dataset:
        """The dataset whose rows its items are."""
        return self.opened.dataset

    @property
    def is_of_nodes(self) -> bool:
        """Whether its items are nodes, whose edges are known."""
        return self.collection.of == "node" and self.dataset.edges is not None

    def part(self, of: str) -> Collection | None:
        """The collection of the same run that holds this kind of thing."""
        return next((part for part in self.together if part.of == of), None)


def current(target: Target, function: Callable[[Any, OpenCollection], Result]) -> Callable[[Any], Result]:
    """The function for a connection alone. It gets the target's collection as that connection's state of the file has
    it, since a build or an update may have come after the request began: one query of the catalogue."""
    return lambda conn: function(conn, collections.reopened(conn, target.opened))


async def look(target: Target, function: Callable[[Any, OpenCollection], Result]) -> Result:
    """What `function` returns for a connection and the target's collection. Raises what `connection.read` raises."""
    return await read(target.database, current(target, function))


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
    try:
        found, derived = await read(database, lambda conn: _seen(conn, database, name), without_vectors=True)
    except SemsearchError as error:  # what is wrong with a file is told to those who may see it
        if not await allows(datasette, request.actor, database.name):
            raise Forbidden("You do not have permission to view this database") from error
        raise
    remember_derived(database, derived)
    if found is None:
        raise NotFound(f"No collection {name!r} in {database.name}")
    private = await ensure_view(datasette, request.actor, database.name, *_sources(found.opened), name)
    if not found.has_table:
        raise NotFound(f"The table {found.opened.dataset.name}, of which {name} was built, is gone")
    topics = found.has_topics and not missing()
    clusters = found.has_clusters and await allows(datasette, request.actor, database.name, clusters_of(name))
    return Target(
        database=database,
        opened=found.opened,
        together=found.together,
        private=private,
        takes_text=found.takes_text,
        has_topics=topics,
        has_clusters=clusters,
        has_contexts=found.has_contexts,
        has_eigen=found.has_eigen and not missing(),
        columns=found.columns,
        labels=found.labels,
    )


def _sources(opened: OpenCollection) -> list[str]:
    """The tables whose rows the pages of a collection show."""
    edges = opened.dataset.edges
    return [opened.dataset.name, *([edges.table] if edges is not None and opened.of == "node" else [])]


def clusters_of(collection: str) -> str:
    """The table that a collection's clusters are in, where there are any."""
    return results.table_name(collection, "clusters")


@dataclass(frozen=True)
class _Found:
    """What the catalogue says of a collection, before it is known whether the actor may see it."""

    opened: OpenCollection
    together: tuple[Collection, ...]
    has_table: bool
    takes_text: bool
    has_topics: bool
    has_clusters: bool
    has_contexts: bool
    has_eigen: bool
    columns: tuple[str, ...]
    labels: tuple[str, ...] = ()  # found among the rows, so looked for again whenever the file was written to


# Database -> (fingerprint, what the catalogue said of each collection asked for), as last read
_catalogues: WeakKeyDictionary[Any, tuple[Any, dict[str, _Found]]] = WeakKeyDictionary()


def _seen(conn: Any, database: Any, name: str) -> tuple[_Found | None, Derived]:
    """`_look`, and what was made of what: both read again only when the schema or the catalogue has changed."""
    now = fingerprint(conn)
    last, kept = _catalogues.get(database, (None, {}))
    if now != last:
        last, kept = _catalogues[database] = (now, {})
    if name not in kept and (found := _look(conn, name)) is not None:
        kept[name] = found
    found, derived = kept.get(name), look_at_derived(conn, database, now)
    if found is not None and found.has_table:
        found = replace(found, labels=_labels(conn, database, found.opened))
    return found, derived


def _look(conn: Any, name: str) -> _Found | None:
    collection = collections.find_collection(conn, name)
    if collection is None:
        return None
    dataset = datasets.get_dataset(conn, collection.dataset)
    return _Found(
        OpenCollection(collection, dataset),
        tuple(collections.of_run(conn, collection.run)),
        has_table=keys.table_kind(conn, dataset.name) is not None,
        takes_text=takes_text(collection),
        has_topics=has_topics(conn, collection),
        has_clusters=results.has_clusters(conn, name),
        has_contexts=has_contexts(conn, collection),
        has_eigen=has_pictures(conn, collection),
        columns=() if collection.of == "word" else keys.columns_of(conn, dataset.name),
    )


def _labels(conn: Any, database: Any, opened: OpenCollection) -> tuple[str, ...]:
    """The columns that could hold labels, looked for once for each state of the file."""
    stamp, kept = connect.stamp_of(database.path), _offered.setdefault(database, {})
    key = (opened.name, opened.collection.run)
    if kept.get(key, (None,))[0] != stamp or not stamp:
        kept[key] = (stamp, tuple(labels.candidates(conn, opened.dataset, opened.collection)))
    return kept[key][1]


def id_of(request: Any) -> str:
    """The item that a URL names."""
    return str(tilde_decode(request.url_vars["id"]))


def _current(tab: str, page: str) -> str | None:
    """What aria-current says of a tab: whether it is this page, or the one that led here."""
    if tab == page:
        return "page"
    return "true" if tab == "search" and page in ("item", "similar") else None


def frame(datasette: Any, target: Target, page: str) -> dict[str, Any]:
    """What the frame around every page of a collection needs: names, and links to its other pages."""
    name, database = target.collection.name, target.database.name
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
        "tabs": [
            {
                "label": label,
                "href": links.collection(datasette, database, name, "" if key == "search" else key),
                "current": _current(key, page),
            }
            for key, label in _tabs(target)
        ],
        "others": others,
        "home_url": links.home(datasette),
        "search_url": links.collection(datasette, database, name),
    }


def _tabs(target: Target) -> list[tuple[str, str]]:
    """The pages that a collection has, what each is called; some only where vectors can be read."""
    found, whole = target.collection, not missing()
    tabs = (
        (True, "search", "Search"),
        (target.has_topics, "components", "Topics"),
        (target.has_eigen, "components", "Components"),
        (whole and can_decode(found), "reconstruct", "Reconstruct"),
        (whole and can_sample(found), "samples", "Samples"),
        (whole and can_ask(found), "pretext", "The task"),
        (whole and found.of == "word", "analogy", "Analogy"),
        (whole and found.of == "word", "plot", "Plot"),
        (whole and target.has_contexts, "cooccurrence", "Counts"),
        (whole and 1 < found.count <= MOST_COMPARED, "duplicates", "Duplicates"),
        (whole and bool(target.labels), "labels", "Labels"),
        (target.has_clusters, "clusters", "Clusters"),
        (True, "runs", "Runs"),
    )
    return [(key, label) for there, key, label in tabs if there]
