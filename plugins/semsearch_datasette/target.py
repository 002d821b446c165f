"""The target of a URL: a database, a collection in it and the table it was built from, if the actor may view it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from datasette import Forbidden, NotFound
from datasette.utils import tilde_decode

from semsearch import present
from semsearch.errors import SemsearchError
from semsearch.images.generate import can_decode, can_sample
from semsearch.images.quizzes import has_task
from semsearch.records import Collection, Dataset, OpenCollection
from semsearch.search.components import has_topics
from semsearch.search.gaps import has_gaps
from semsearch.search.images import has_pictures
from semsearch.search.models import takes_text
from semsearch.search.word_contexts import has_contexts
from semsearch.storage import collections, connect, datasets, keys, labels, maps, results
from semsearch.storage.lineage import Lineage, fingerprint
from semsearch_datasette import links
from semsearch_datasette.compat import allows
from semsearch_datasette.connection import read
from semsearch_datasette.parts.how import how_of
from semsearch_datasette.permissions import look_at_lineage, remember_lineage, visibility, visible_collections
from semsearch_datasette.result_cache import DatabaseCaches, computed

Result = TypeVar("Result")
COLLECTIONS_KEPT = 64  # of each database: what pages ask of a collection each time
MAX_COMPARED = 20_000  # items of a collection whose pairs a page compares


@dataclass(frozen=True)
class Target:
    """A collection that the actor may view, its dataset, and all collections of its run (`together`)."""

    database: Any
    opened: OpenCollection
    together: tuple[Collection, ...]
    private: bool
    takes_text: bool  # whether a text can be embedded
    has_topics: bool
    has_clusters: bool
    has_links: bool
    has_map: bool
    has_contexts: bool
    has_eigen: bool  # components that can be drawn as images
    columns: tuple[str, ...]  # columns to filter by; none for words
    labels: tuple[str, ...]  # columns that look like labels

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
        """Whether its items are nodes of a stored graph."""
        return self.collection.of == "node" and self.dataset.edges is not None

    def part(self, of: str) -> Collection | None:
        """The collection of this kind of items from the same run."""
        return next((part for part in self.together if part.of == of), None)


def current(target: Target, function: Callable[[Any, OpenCollection], Result]) -> Callable[[Any], Result]:
    """The function for a connection alone, with the target's collection as that connection sees it: a build or an
    update may have come after the request began. Costs one query of the catalogue."""
    return lambda conn: function(conn, collections.reopened(conn, target.opened))


async def look(target: Target, function: Callable[[Any, OpenCollection], Result]) -> Result:
    """The result of `function` for a connection and the target's collection. Raises what `connection.read` raises."""
    return await read(target.database, current(target, function))


async def look_once(
    target: Target, kind: str, function: Callable[[Any, OpenCollection], Result], *arguments: Any
) -> Result:
    """`look`, computed once for each state of the file and these arguments: for results that take a second."""
    stamp = connect.stamp_of(target.database.path)
    if not stamp:  # in memory: nothing says whether it was written to
        return await look(target, function)
    collection = target.collection
    key = (kind, collection.name, collection.run, collection.created, stamp, *arguments)
    return await computed(target.database, key, current(target, function))


def database_of(datasette: Any, request: Any) -> Any:
    """The database that a URL names. Raises NotFound if there is none."""
    name = tilde_decode(request.url_vars["database"])
    try:
        return datasette.get_database(route=name)
    except KeyError as error:
        raise NotFound(f"Database not found: {name}") from error


async def target_of(datasette: Any, request: Any) -> Target:
    """The target of a request. Raises Datasette's NotFound and Forbidden.

    A collection that the actor may not see is answered like one that does not exist. Neither error names other
    collections, because the actor may not be allowed to see them.
    """
    database = database_of(datasette, request)
    name = tilde_decode(request.url_vars["collection"])
    try:
        result, made_of = await read(database, lambda conn: _seen(conn, database, name))
    except SemsearchError as error:  # only those who may view a database learn what is wrong with it
        if not await allows(datasette, request.actor, database.name):
            raise Forbidden("You do not have permission to view this database") from error
        raise
    remember_lineage(database, made_of)
    visible = private = False
    if result is not None:
        opened = result.opened
        visible, private = await visibility(datasette, request.actor, database.name, opened.collection, opened.dataset)
    if result is None or not visible:
        if not await allows(datasette, request.actor, database.name):
            raise Forbidden("You do not have permission to view this database")
        raise NotFound(f"No collection {name!r} in {database.name}")
    if not result.has_table:
        raise NotFound(f"The table {result.opened.dataset.name}, from which {name} was built, does not exist any more")
    together = await visible_collections(datasette, request.actor, database.name, result.together)
    topics = result.has_topics
    clusters = result.has_clusters and await allows(datasette, request.actor, database.name, clusters_of(name))
    links_table = results.table_name(name, "links")
    linked = result.has_links and await allows(datasette, request.actor, database.name, links_table)
    mapped = result.has_map and await allows(datasette, request.actor, database.name, results.table_name(name, "map"))
    return Target(
        database=database,
        opened=result.opened,
        together=tuple([part for part, _ in together]),
        private=private,
        takes_text=result.takes_text,
        has_topics=topics,
        has_clusters=clusters,
        has_links=linked,
        has_map=mapped,
        has_contexts=result.has_contexts,
        has_eigen=result.has_eigen,
        columns=result.columns,
        labels=result.labels,
    )


def clusters_of(collection: str) -> str:
    """The name of the table of a collection's clusters, which may not exist."""
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
    has_links: bool
    has_map: bool
    has_contexts: bool
    has_eigen: bool
    columns: tuple[str, ...]
    labels: tuple[str, ...] = ()  # found among the rows, so looked for again whenever the file was written to


_found: DatabaseCaches[_Found | None] = DatabaseCaches(COLLECTIONS_KEPT)  # by the file's fingerprint and the name
_offered: DatabaseCaches[tuple[str, ...]] = DatabaseCaches(
    COLLECTIONS_KEPT
)  # by the file's stamp, the name and the run


def _seen(conn: Any, database: Any, name: str) -> tuple[_Found | None, Lineage]:
    """`_look`, and what was made of what: both read again only when the schema or the catalogue has changed."""
    now = fingerprint(conn)
    result = _found.of(database).get_or_compute((now, name), lambda: _look(conn, name))
    made_of = look_at_lineage(conn, database, now)
    if result is not None and result.has_table:
        result = replace(result, labels=_labels(conn, database, result.opened))
    return result, made_of


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
        has_links=results.has_links(conn, name),
        has_map=maps.is_written(conn, name),
        has_contexts=has_contexts(conn, collection),
        has_eigen=has_pictures(conn, collection),
        columns=() if collection.of == "word" else keys.columns_of(conn, dataset.name),
    )


def _labels(conn: Any, database: Any, opened: OpenCollection) -> tuple[str, ...]:
    """The columns that could hold labels, looked for once for each state of the file."""

    def offered() -> tuple[str, ...]:
        return tuple(labels.candidates(conn, opened.dataset, opened.collection))

    stamp = connect.stamp_of(database.path)
    if not stamp:  # in memory: nothing says whether it was written to
        return offered()
    return _offered.of(database).get_or_compute((stamp, opened.name, opened.collection.run), offered)


def id_of(request: Any) -> str:
    """The item that a URL names."""
    return str(tilde_decode(request.url_vars["id"]))


PARTS = {
    "search": ("item", "similar", "read"),
    "runs": ("comparison",),
    "components": ("splits",),
}  # pages that have no tab of their own, by their parent


def _current(tab: str, page: str) -> str | None:
    """The value of aria-current for a tab: "page" for this page, "true" for the parent of this page."""
    if tab == page:
        return "page"
    return "true" if page in PARTS.get(tab, ()) else None


def frame(datasette: Any, target: Target, page: str) -> dict[str, Any]:
    """The context of the frame around every page of a collection: names, and links to its other pages."""
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
        "purpose": present.purpose(target.collection),
        "dataset": target.dataset,
        "table_url": datasette.urls.table(database, target.dataset.name),
        "tabs": [
            {
                "label": label,
                "about": about,
                "href": links.collection(datasette, database, name, "" if key == "search" else key),
                "current": _current(key, page),
            }
            for key, label, about in _tabs(target)
        ],
        "others": others,
        "home_url": links.home(datasette),
        "search_url": links.collection(datasette, database, name),
        "how": how_of(datasette, target.collection, page),
    }


def _tabs(target: Target) -> list[tuple[str, str, str]]:
    """The pages of a collection: key, label, and a sentence about each; some exist only if vectors can be read."""
    collection = target.collection
    kind = collection.of
    is_word = kind == "word"
    can_answer = kind == "document" and target.takes_text
    is_comparable = 1 < collection.count <= MAX_COMPARED
    topics = "The components of the texts, with the words and documents of each."
    tabs = (
        (True, "search", "Search", f"Find {kind}s."),
        (target.has_map, "map", "Map", f"All {kind}s in two dimensions, with named groups."),
        (can_answer, "ask", "Ask", "The passages that answer a question."),
        (target.has_topics, "components", "Topics", topics),
        (target.has_eigen, "components", "Components", "The principal components as images."),
        (can_decode(collection), "reconstruct", "Reconstruct", "Images reconstructed from vectors."),
        (can_sample(collection), "samples", "Samples", "Images generated from random latent codes."),
        (
            has_task(collection) or has_gaps(collection),
            "pretext",
            "The task",
            f"The self-supervised task of this model, on your {'images' if kind == 'image' else 'texts'}.",
        ),
        (is_word, "analogy", "Analogy", "A is to B as C is to what?"),
        (is_word, "plot", "Plot", "Words on their first two principal components."),
        (target.has_contexts, "cooccurrence", "Co-occurrence", "Counts and PMI of pairs of words."),
        (is_comparable, "duplicates", "Duplicates", f"Pairs of {kind}s that are nearly the same."),
        (bool(target.labels), "labels", "Labels", "How well the vectors predict a column of labels."),
        (target.has_clusters, "clusters", "Clusters", f"Groups of similar {kind}s."),
        (target.has_links, "links", "Links", "Missing edges that were predicted."),
        (True, "runs", "Runs", "How the vectors were built: options, metrics and training curves."),
    )
    return [(key, label, about) for exists, key, label, about in tabs if exists]
