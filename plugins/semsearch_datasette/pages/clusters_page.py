"""`…/clusters`: the groups that `semsearch cluster` sorted a collection into."""

from __future__ import annotations

import os
import shlex
from typing import Any

from semsearch.storage import results
from semsearch.storage.results import Cluster
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.connection import read
from semsearch_datasette.parts.rows import hits_of, named
from semsearch_datasette.permissions import ensure_view
from semsearch_datasette.respond import Answer
from semsearch_datasette.target import Target, clusters_of, frame, target_of

NEAREST = 4  # items shown of each cluster


async def clusters(datasette: Any, request: Any) -> Answer:
    """Each cluster with its words, its size and the items nearest its centre; or the command that makes them."""
    target, asked = await target_of(datasette, request), paging(request.args, default_k=50)
    name, database = target.collection.name, target.database
    table, private = clusters_of(name), target.private
    exists = await read(database, lambda conn: results.has_clusters(conn, name), without_vectors=True)
    total, found, titles = 0, list[Cluster](), dict[str, str]()
    if exists:
        private = await ensure_view(datasette, request.actor, database.name, table) or private
        total, found, titles = await read(
            database, lambda conn: _look(conn, target, asked.k, asked.after), without_vectors=True
        )
    after = asked.next_after(total)
    next_url = links.collection(datasette, database.name, name, "clusters", k=asked.k, after=after) if after else None
    command = None if exists else _command(target)

    def context() -> dict[str, Any]:
        largest = max((one.count for one in found), default=1)
        return frame(datasette, target, "clusters") | {
            "total": total,
            "clusters": [_shown(datasette, target, one, titles, largest) for one in found],
            "command": command,
            "clusters_url": datasette.urls.table(database.name, table) if exists else None,
            "next_url": next_url,
        }

    data = {
        "collection": name,
        "total": total,
        "remark": f"Not sorted into clusters yet. Run: {command}" if command else None,
        "clusters": [_data(one, titles) for one in found],
        "next_url": datasette.absolute_url(request, next_url) if next_url else None,
    }
    return Answer("clusters.html", context, data, private)


def _command(target: Target) -> str:
    """What makes the clusters."""
    file = os.path.basename(target.database.path or "") or target.database.name
    number = max(2, min(20, target.collection.count))
    return shlex.join(["semsearch", "cluster", file, target.collection.name, "--clusters", str(number)])


def _look(conn: Any, target: Target, k: int, after: int) -> tuple[int, list[Cluster], dict[str, str]]:
    """How many there are, some of them, and the titles of the items they name."""
    name = target.collection.name
    found = results.clusters(conn, name, k=k, after=after, nearest=NEAREST)
    hits = hits_of(conn, target, [id for one in found for id in one.nearest])
    return results.count_clusters(conn, name), found, {id: named(target, hit) for id, hit in hits.items()}


def _shown(datasette: Any, target: Target, one: Cluster, titles: dict[str, str], largest: int) -> dict[str, Any]:
    database, name = target.database.name, target.collection.name
    return {
        "number": one.number,
        "label": one.label,
        "count": one.count,
        "width": round(100 * one.count / largest, 1),
        "rows_url": links.table_rows(
            datasette, database, clusters_of(name), cluster=one.number, _sort_desc="similarity"
        ),
        "nearest": [{"title": titles[id], "href": links.item(datasette, database, name, id)} for id in one.nearest],
    }


def _data(one: Cluster, titles: dict[str, str]) -> dict[str, Any]:
    return {
        "cluster": one.number,
        "label": one.label,
        "count": one.count,
        "nearest": [{"id": id, "title": titles[id]} for id in one.nearest],
    }
