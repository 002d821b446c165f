"""The neighbourhood of a node on its page: suggested links, a drawing (ego network), and a table of the same nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from semsearch import present
from semsearch.search import graph
from semsearch.search.graph import Around, Near
from semsearch.storage.node_edges import Tie
from semsearch_datasette import links
from semsearch_datasette.parts.node_links import NodeLinks
from semsearch_datasette.parts.numbers import with_minus
from semsearch_datasette.parts.svg import Label, labels, width_of
from semsearch_datasette.target import Target

WIDTH, HEIGHT = 960, 640  # pixels of the drawing
CROWDED = 30  # nodes above which labels are shorter
LONG_LABEL, SHORT_LABEL = 24, 15  # characters
DIAMOND = "m0-7.5l7.5 7.5-7.5 7.5-7.5-7.5z"  # SVG path of the shape of a node with a similar vector


def context(
    datasette: Any, target: Target, id: str, title: str, around: Around, predicted: NodeLinks | None
) -> dict[str, Any]:
    """The neighbourhood for the template, with titles and URLs."""
    nodes = _Nodes(datasette, target, around)
    assert target.dataset.edges is not None
    edges, database = target.dataset.edges, target.database.name
    ends = (("source", edges.source),) if edges.through else (("source", edges.source), ("target", edges.target))
    return {
        "suggested": [nodes.row(near) for near in around.suggested],
        "degree": around.degree,
        "listed": len(around.neighbours),
        "edge_urls": [
            (f"{edges.table} by {end}", links.table_rows(datasette, database, edges.table, **{f"{column}__exact": id}))
            for end, column in ends
        ],
        "rows": [nodes.row(near) for near in around.drawn],
        "drawing": _drawing(nodes, id, title, around, directed=edges.directed) if around.drawn else None,
        "remark": around.remark,
        "directed": edges.directed,
        "is_predicted": predicted is not None,
        "walks": [[(predicted.titles.get(key, key), nodes.href(key)) for key in walk] for walk in predicted.walks]
        if predicted
        else [],
        "walked": predicted,
        "guide_url": links.lecture(datasette, "walks"),
    }


def data(target: Target, around: Around) -> dict[str, Any]:
    """The neighbourhood for the JSON."""
    assert target.dataset.edges is not None
    return {
        "degree": around.degree,
        "directed": target.dataset.edges.directed,
        "neighbours": [_node_data(near) for near in around.neighbours],
        "suggested": [_node_data(near) for near in around.suggested],
        "edges": [list(edge) for edge in around.edges],
    }


def _node_data(near: Near) -> dict[str, Any]:
    tie = None if near.tie is None else {"weight": near.tie.weight, "there": near.tie.there, "back": near.tie.back}
    hit = present.hit_dict(near.hit)
    node = {"id": hit["id"], "vector_score": hit["vector_score"], "vector_rank": near.rank, "row": hit["row"]}
    return node | {"joined": tie, "common": near.shared, "common_neighbours": list(near.common)}


class _Nodes:
    """Titles and pages of nodes."""

    def __init__(self, datasette: Any, target: Target, around: Around) -> None:
        self.datasette, self.target = datasette, target
        rows = [*around.drawn, *around.nearest]
        self.titles = {near.key: present.title_of(target.dataset, near.hit) for near in rows}
        self.titles |= {key: present.title_of(target.dataset, hit) for key, hit in around.titles.items()}
        self.directed = target.dataset.edges is not None and target.dataset.edges.directed

    def href(self, key: str) -> str:
        return links.item(self.datasette, self.target.database.name, self.target.collection.name, key)

    def row(self, near: Near) -> dict[str, Any]:
        """A node for the table and the list of suggestions."""
        return {
            "title": self.titles[near.key],
            "href": self.href(near.key),
            "similarity": with_minus(present.cosine(near.hit.vector_score)),
            "rank": near.rank,
            "edge": "" if near.tie is None else _weights(near.tie, self.directed),
            "shared": near.shared,
            "common": [(self.titles[key], self.href(key)) for key in near.common if key in self.titles],
            "more": near.shared - len(near.common),
        }


def _weights(tie: Tie, directed: bool) -> str:
    """The weight of an edge: `→ 1, ← 2` to the other node and from it, if the graph is directed."""
    if not directed:
        return f"{tie.weight:.3g}"
    ways = ((f"→ {tie.there:.3g}", tie.there), (f"← {tie.back:.3g}", tie.back))
    return ", ".join(text for text, weight in ways if weight)


def _drawing(nodes: _Nodes, id: str, title: str, around: Around, *, directed: bool) -> dict[str, Any]:
    """Lines, nodes and labels in pixels. A diamond has a similar vector; a filled shape is adjacent."""
    most = LONG_LABEL if len(around.drawn) <= CROWDED else SHORT_LABEL
    titles = {id: title} | {near.key: nodes.titles[near.key] for near in around.drawn}
    texts = {key: _without_middle(text, most) for key, text in titles.items()}
    boxes = {key: (half := max(10.0, width_of(text) / 2) + 4, 25.0, half, 11.0) for key, text in texts.items()}
    places = graph.arranged(id, around, boxes, (WIDTH, HEIGHT))
    placed = labels(places, texts, (WIDTH, HEIGHT))
    kinds = {id: "sem-here"} | _kinds(around)
    drawn = [_node(nodes, key, titles[key], places[key], placed.get(key), kind) for key, kind in kinds.items()]
    similar_only = [near.key for near in around.drawn if near.tie is None]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "lines": _lines(around, places, directed),
        "dashes": [(*places[id], *places[key]) for key in similar_only],
        "nodes": drawn,
        "kinds": set(kinds.values()),
        "unlabelled": len(drawn) - len(placed),
        "alt": _alt(title, len(around.drawn) - len(similar_only), len(similar_only)),
    }


def _kinds(around: Around) -> dict[str, str]:
    """The CSS class of each drawn node: adjacent, adjacent with a similar vector, or a similar vector only."""
    similar = {near.key for near in (*around.nearest, *around.suggested)}
    return {
        near.key: "sem-apart" if near.tie is None else "sem-both" if near.key in similar else "sem-joined"
        for near in around.drawn
    }


def _lines(around: Around, places: Any, directed: bool) -> list[tuple[Any, ...]]:
    """Each edge as both ends in pixels, and whether it has an arrow: it leads from the first end to the second only.

    The arrow is in the middle, where those of many edges to one node do not overlap."""
    edges = set(around.edges)
    return [
        (*places[a], *places[b], directed and (b, a) not in edges)
        for a, b in around.edges
        if a < b or (b, a) not in edges
    ]


def _alt(title: str, neighbours: int, similar: int) -> str:
    text = f"{title} and {_counted(neighbours, 'adjacent node')}"
    return text + (f", with {_counted(similar, 'node')} that {_have(similar)} a similar vector" if similar else "")


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _node(
    nodes: _Nodes, key: str, title: str, place: Sequence[float], label: Label | None, kind: str
) -> dict[str, Any]:
    return {
        "x": place[0],
        "y": place[1],
        "kind": kind,
        "title": title,
        "href": nodes.href(key),
        "label": label,
        "path": f"M{place[0]} {place[1]}{DIAMOND}" if kind in ("sem-apart", "sem-both") else None,
    }


def _without_middle(text: str, most: int) -> str:
    """A text cut in its middle, because names that begin alike often end differently."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail].rstrip()}…{text[-tail:].lstrip()}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
