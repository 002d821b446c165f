"""`…/clusters`: the clusters that `semsearch cluster` found in a collection."""

from __future__ import annotations

from typing import Any

from semsearch.storage import results
from semsearch.storage.results import Cluster
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.compat import check_visibility
from semsearch_datasette.connection import read
from semsearch_datasette.parts.commands import command_line
from semsearch_datasette.parts.rows import hits_of, title_of
from semsearch_datasette.respond import Answer, absolute_url
from semsearch_datasette.target import Target, clusters_of, frame, target_of

SHOWN_ITEMS = 4  # of each cluster, nearest to its centre


async def clusters(datasette: Any, request: Any) -> Answer:
    """Each cluster with its words, its size and the items nearest its centre; or the command that computes them."""
    target, part = await target_of(datasette, request), paging(request.args, default_k=50)
    name, database = target.collection.name, target.database
    table = clusters_of(name)
    visible, private = await check_visibility(datasette, request.actor, database.name, table)
    exists = visible and await read(database, lambda conn: results.has_clusters(conn, name))
    total, page, titles = 0, list[Cluster](), dict[str, str]()
    stale = False
    if exists:
        total, page, titles = await read(database, lambda conn: _look(conn, target, part.k, part.after))
        stale = await read(database, lambda conn: results.is_stale(conn, table, target.collection))
    command = _command(target) if stale or not exists else None
    next_url = links.next_url(
        part, total, lambda after: links.collection(datasette, database.name, name, "clusters", k=part.k, after=after)
    )

    def context() -> dict[str, Any]:
        largest = max((cluster.count for cluster in page), default=1)
        return frame(datasette, target, "clusters") | {
            "total": total,
            "clusters": [_cluster(datasette, target, cluster, titles, largest) for cluster in page],
            "exists": exists,
            "command": command,
            "clusters_url": datasette.urls.table(database.name, table) if exists else None,
            "next_url": next_url,
        }

    data = {
        "collection": name,
        "total": total,
        "remark": _remark(name, exists, stale, command),
        "clusters": [_data(cluster, titles) for cluster in page],
        "next_url": absolute_url(datasette, request, next_url),
    }
    return Answer("clusters.html", context, data, private or target.private)


def _command(target: Target) -> str:
    """The command that computes the clusters."""
    number = max(2, min(20, target.collection.count))
    return command_line(target, "cluster", options=("--clusters", str(number)))


def _remark(name: str, exists: bool, stale: bool, command: str | None) -> str | None:
    if not exists:
        return f"{name} has no clusters yet. Run: {command}"
    return f"{name} has changed since its clusters were computed. Run: {command}" if stale else None


def _look(conn: Any, target: Target, k: int, after: int) -> tuple[int, list[Cluster], dict[str, str]]:
    """The number of clusters, those of this page, and the titles of their items."""
    name = target.collection.name
    page = results.clusters(conn, name, k=k, after=after, nearest=SHOWN_ITEMS)
    hits = hits_of(conn, target, [id for cluster in page for id in cluster.nearest])
    return results.count_clusters(conn, name), page, {id: title_of(target, hit) for id, hit in hits.items()}


def _cluster(datasette: Any, target: Target, cluster: Cluster, titles: dict[str, str], largest: int) -> dict[str, Any]:
    database, name = target.database.name, target.collection.name
    return {
        "number": cluster.number,
        "label": cluster.label,
        "count": cluster.count,
        "width": round(100 * cluster.count / largest, 1),
        "rows_url": links.table_rows(
            datasette, database, clusters_of(name), cluster=cluster.number, _sort_desc="similarity"
        ),
        "nearest": [{"title": titles[id], "href": links.item(datasette, database, name, id)} for id in cluster.nearest],
    }


def _data(cluster: Cluster, titles: dict[str, str]) -> dict[str, Any]:
    return {
        "cluster": cluster.number,
        "label": cluster.label,
        "count": cluster.count,
        "nearest": [{"id": id, "title": titles[id]} for id in cluster.nearest],
    }
