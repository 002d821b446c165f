"""The Datasette plugin: pages to search and browse collections, and the links that lead to them.

Datasette registers this module, so every hook it implements is named here. A page reads its arguments (semsearch.web),
calls one function of search off the event loop (connection.read), and is rendered (respond). Nothing here says SQL.
"""

from typing import Any

from datasette import NotFound, hookimpl

from semsearch.search.resident import enable_cache
from semsearch_datasette.agent_tools import register_agent_tools, register_mcp_tools
from semsearch_datasette.compat import get_metadata, hide_counters, jump_items_sql, skip_csrf
from semsearch_datasette.connection import patch_interrupted_errors, prepare_connection
from semsearch_datasette.datasette_cells import render_cell
from semsearch_datasette.datasette_menus import (
    database_actions,
    extra_template_vars,
    menu_links,
    row_actions,
    table_actions,
    view_actions,
)
from semsearch_datasette.pages import (
    ask_page,
    clusters_page,
    comparison_page,
    components_page,
    cooccurrence_page,
    duplicates_page,
    glossary_page,
    home_page,
    item_page,
    labels_page,
    lecture_page,
    links_page,
    map_data,
    map_page,
    openapi_page,
    pretext_page,
    read_page,
    reconstruct_page,
    runs_page,
    samples_page,
    search_page,
    similar_page,
    splits_page,
    training_page,
    upload_page,
    words_pages,
)
from semsearch_datasette.parts import image_routes, sample_routes
from semsearch_datasette.permissions import permission_allowed, permission_resources_sql
from semsearch_datasette.request_cache import asgi_wrapper
from semsearch_datasette.respond import route
from semsearch_datasette.target import target_of

__all__ = [
    "asgi_wrapper",
    "database_actions",
    "extra_template_vars",
    "get_metadata",
    "jump_items_sql",
    "menu_links",
    "permission_allowed",
    "permission_resources_sql",
    "prepare_connection",
    "register_agent_tools",
    "register_mcp_tools",
    "register_routes",
    "render_cell",
    "row_actions",
    "skip_csrf",
    "startup",
    "table_actions",
    "view_actions",
]


@hookimpl
def startup(datasette: Any) -> None:
    enable_cache()  # a server answers many questions: collections are read into memory once, up to a bound
    hide_counters(datasette)
    for database in datasette.databases.values():
        patch_interrupted_errors(database)


async def missing_page(datasette: Any, request: Any) -> Any:
    """A URL below a collection that is none of its pages. Raises NotFound."""
    name = (await target_of(datasette, request)).collection.name
    raise NotFound(f"{name} has no page {request.url_vars['page']!r}. The tabs of {name} list its pages")


@hookimpl
def register_routes() -> list[Any]:
    collection = r"/(?P<database>[^/]+)/-/semsearch/(?P<collection>[^/]+?)"
    return [
        route(r"/-/semsearch", home_page.home),
        route(r"/-/semsearch/lecture", lecture_page.lecture),
        route(r"/-/semsearch/glossary", glossary_page.glossary),
        (r"^/-/semsearch/openapi\.json$", openapi_page.describe),
        route(r"/(?P<database>[^/]+)/-/semsearch", home_page.home),
        route(r"/(?P<database>[^/]+)/-/semsearch-training", training_page.training),
        route(collection, search_page.search, has_csv=True),
        route(collection + r"/item/(?P<id>[^/]+?)", item_page.item),
        route(collection + r"/similar/(?P<id>[^/]+?)", similar_page.similar, has_csv=True),
        route(collection + r"/ask", ask_page.ask),
        route(collection + r"/read/(?P<id>[^/]+?)", read_page.read),
        route(collection + r"/components", components_page.components),
        route(collection + r"/splits", splits_page.splits),
        route(collection + r"/thumbnail/(?P<id>[^/]+?)", image_routes.thumbnail),
        route(collection + r"/component/(?P<number>\d{1,5})", image_routes.component),
        route(collection + r"/reconstruction/(?P<id>[^/]+?)", image_routes.reconstruction),
        route(collection + r"/reconstruct", reconstruct_page.reconstruct),
        route(collection + r"/reconstructed/(?P<row>\d)", reconstruct_page.reconstructed),
        route(collection + r"/coded", image_routes.coded),
        route(collection + r"/asked", image_routes.asked),
        route(collection + r"/pretext", pretext_page.page),
        route(collection + r"/quiz/(?P<place>\d{1,2})", pretext_page.quiz_image),
        route(collection + r"/samples", samples_page.page),
        route(collection + r"/sample", sample_routes.sampled),
        route(collection + r"/walk", sample_routes.walk),
        route(collection + r"/trained/(?P<step>\d{1,12})", image_routes.trained),
        (f"^{collection}/picture$", upload_page.upload),
        route(collection + r"/duplicates", duplicates_page.duplicates, has_csv=True),
        route(collection + r"/clusters", clusters_page.clusters),
        route(collection + r"/links", links_page.predicted),
        route(collection + r"/map", map_page.page, has_csv=True),
        route(collection + r"/map\.bin", map_data.points),
        route(collection + r"/map\.png", map_data.picture),
        route(collection + r"/map/items", map_data.items),
        route(collection + r"/map/column", map_data.column),
        route(collection + r"/map/found", map_data.found),
        route(collection + r"/labels", labels_page.labels),
        route(collection + r"/comparison", comparison_page.page),
        route(collection + r"/runs", runs_page.page),
        route(collection + r"/analogy", words_pages.analogy),
        route(collection + r"/cooccurrence", cooccurrence_page.cooccurrence),
        route(collection + r"/plot", words_pages.plot),
        route(collection + r"/(?P<page>.+?)", missing_page),
    ]
