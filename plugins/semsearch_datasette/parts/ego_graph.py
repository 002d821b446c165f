"""A node's surroundings on its page: suggested links, a picture of what is around it, and a table of the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from semsearch import present
from semsearch.search import graph
from semsearch.search.graph import Around, Near
from semsearch.storage.node_edges import Tie
from semsearch_datasette import links
from semsearch_datasette.parts.svg import Label, labels, width_of
from semsearch_datasette.target import Target

WIDTH, HEIGHT = 960, 640  # of the picture
CROWDED = 30  # nodes above which labels are cut to fewer letters
LONG, SHORT = 24, 15
DIAMOND = "m0-7.5l7.5 7.5-7.5 7.5-7.5-7.5z"


def told(datasette: Any, target: Target, id: str, title: str, found: Around) -> dict[str, Any]:
    """What the template needs, titles and URLs made."""
    named = _Named(datasette, target, found)
    assert target.dataset.edges is not None
    edges, database = target.dataset.edges, target.database.name
    ends = (("source", edges.source),) if edges.through else (("source", edges.source), ("target", edges.target))
    return {
        "suggested": [named.link(one) for one in found.suggested],
        "degree": found.degree,
        "listed": len(found.neighbours),
        "edge_urls": [
            (f"{edges.table} by {end}", links.table_rows(datasette, database, edges.table, **{f"{column}__exact": id}))
            for end, column in ends
        ],
        "rows": [named.link(one) for one in found.drawn],
        "picture": _picture(named, id, title, found, directed=edges.directed) if found.drawn else None,
        "remark": found.remark,
        "directed": edges.directed,
    }


def data(target: Target, found: Around) -> dict[str, Any]:
    """The same for the JSON twin."""
    assert target.dataset.edges is not None
    return {
        "degree": found.degree,
        "directed": target.dataset.edges.directed,
        "neighbours": [_datum(one) for one in found.neighbours],
        "suggested": [_datum(one) for one in found.suggested],
        "edges": [list(edge) for edge in found.edges],
    }


def _datum(one: Near) -> dict[str, Any]:
    tie = None if one.tie is None else {"weight": one.tie.weight, "there": one.tie.there, "back": one.tie.back}
    hit = present.hit_dict(one.hit)
    told = {"id": hit["id"], "vector_score": hit["vector_score"], "vector_rank": one.rank, "row": hit["row"]}
    return told | {"joined": tie, "common": one.shared, "common_neighbours": list(one.common)}


class _Named:
    """Titles and pages of nodes."""

    def __init__(self, datasette: Any, target: Target, found: Around) -> None:
        self.datasette, self.target = datasette, target
        rows = [*found.drawn, *found.nearest]
        self.titles = {one.key: present.title_of(target.dataset, one.hit) for one in rows}
        self.titles |= {key: present.title_of(target.dataset, hit) for key, hit in found.titles.items()}
        self.directed = target.dataset.edges is not None and target.dataset.edges.directed

    def href(self, key: str) -> str:
        return links.item(self.datasette, self.target.database.name, self.target.collection.name, key)

    def link(self, one: Near) -> dict[str, Any]:
        """A node with all that is told of it."""
        cosine = one.hit.vector_score
        return {
            "title": self.titles[one.key],
            "href": self.href(one.key),
            "cosine": present.cosine(cosine),
            "rank": one.rank,
            "joined": "" if one.tie is None else _joined(one.tie, self.directed),
            "shared": one.shared,
            "common": [(self.titles[key], self.href(key)) for key in one.common if key in self.titles],
            "more": one.shared - len(one.common),
        }


def _joined(tie: Tie, directed: bool) -> str:
    if not directed:
        return f"{tie.weight:.3g}"
    ways = ((f"to {tie.there:.3g}", tie.there), (f"from {tie.back:.3g}", tie.back))
    return ", ".join(text for text, weight in ways if weight)


def _picture(named: _Named, id: str, title: str, found: Around, *, directed: bool) -> dict[str, Any]:
    """Lines, nodes and labels in pixels. A node's shape says whether it is near, its filling whether it is joined."""
    most = LONG if len(found.drawn) <= CROWDED else SHORT
    titles = {id: title} | {one.key: named.titles[one.key] for one in found.drawn}
    texts = {key: _cut(text, most) for key, text in titles.items()}
    boxes = {key: (half := max(10.0, width_of(text) / 2) + 4, 25.0, half, 11.0) for key, text in texts.items()}
    places = graph.arranged(id, found, boxes, (WIDTH, HEIGHT))
    near = {one.key for one in (*found.nearest, *found.suggested)}
    only_near = [one.key for one in found.drawn if one.tie is None]
    placed = labels(places, texts, (WIDTH, HEIGHT))
    nodes = [_node(named, key, titles[key], places[key], placed.get(key), "sem-here") for key in (id,)]
    for one in found.drawn:
        kind = "sem-apart" if one.tie is None else "sem-both" if one.key in near else "sem-joined"
        nodes.append(_node(named, one.key, titles[one.key], places[one.key], placed.get(one.key), kind))
    both = set(found.edges)
    lines = [
        (*places[a], *places[b], directed, directed and (b, a) in both)
        for a, b in found.edges
        if a < b or (b, a) not in both
    ]
    joined = len(found.drawn) - len(only_near)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "lines": lines,
        "dashes": [(*places[id], *places[key]) for key in only_near],
        "nodes": nodes,
        "kinds": {node["kind"] for node in nodes},
        "unnamed": len(nodes) - len(placed),
        "said": f"{title} and {_counted(joined, 'node', 'nodes')} that edges join to it"
        + (f", with {_counted(len(only_near), 'node', 'nodes')} whose vectors are near its own" if only_near else ""),
    }


def _node(
    named: _Named, key: str, title: str, place: Sequence[float], label: Label | None, kind: str
) -> dict[str, Any]:
    return {
        "x": place[0],
        "y": place[1],
        "kind": kind,
        "title": title,
        "href": named.href(key),
        "label": label,
        "path": f"M{place[0]} {place[1]}{DIAMOND}" if kind in ("sem-apart", "sem-both") else None,
    }


def _cut(text: str, most: int) -> str:
    """A text without its middle: names that begin alike often end otherwise."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail].rstrip()}…{text[-tail:].lstrip()}"


def _counted(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"
