"""What a node's page computes from the whole graph: suggested links, as `predict-links` has them, and random walks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from semsearch.analysis import links as engine
from semsearch.analysis.example_walks import WALKED, example_walks, walk_parameters
from semsearch.analysis.links import LinkModel
from semsearch.errors import SemsearchError
from semsearch.records import OpenCollection
from semsearch_datasette.parts.rows import hits_of, title_of
from semsearch_datasette.target import MAX_COMPARED, Target, look, look_once

SUGGESTED = 8


@dataclass(frozen=True)
class NodeLinks:
    """The keys of suggested nodes, and walks by keys, with the `titles` of their nodes; p and q of the walks, the
    context window of the build, and whether half of its dimensions use the edges alone."""

    suggested: tuple[str, ...]
    walks: tuple[tuple[str, ...], ...]
    titles: Mapping[str, str]
    p: float = 1.0
    q: float = 1.0
    window: int = 0
    is_joined: bool = False


async def node_links(target: Target, id: str) -> NodeLinks | None:
    """The suggestions and walks of a node; None for a graph that is too large or has no link to predict."""
    if not target.is_of_nodes or target.collection.count > MAX_COMPARED:
        return None
    try:
        model, p, q, window, is_joined = await look_once(target, "links", _model)
    except SemsearchError:  # no edge is left, a weight is not a number, or every two nodes have an edge
        return None
    suggested = tuple(engine.suggested_links(model, id, SUGGESTED))
    is_walked = target.collection.builder in WALKED and id in model.place
    walks = tuple(tuple(walk) for walk in example_walks(model.graph, id, p=p, q=q)) if is_walked else ()
    keys = list(dict.fromkeys(key for walk in walks for key in walk))
    hits = await look(target, lambda conn, opened: hits_of(conn, target, keys))
    titles = {key: title_of(target, hit) for key, hit in hits.items()}
    return NodeLinks(suggested, walks, titles, p, q, window, is_joined)


def _model(conn: Any, opened: OpenCollection) -> tuple[LinkModel, float, float, int, bool]:
    model = engine.link_model(conn, opened)
    walked = opened.collection.builder in WALKED
    return (model, *(walk_parameters(conn, opened, model.graph) if walked else (1.0, 1.0, 0, False)))
