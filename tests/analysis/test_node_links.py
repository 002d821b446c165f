"""Suggested links of a node are those that `predict-links` lists with it, and example walks follow edges."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch import registry
from semsearch.analysis import links
from semsearch.analysis.example_walks import LENGTH, WALKS, example_walks, walk_parameters
from semsearch.building import build
from semsearch.ingest.edges import EdgeSources, TableEdges, ingest_edges
from semsearch.maths.links import MIN_SIMILARITY, SimilarLinks, link_scorer
from semsearch.storage import connect
from semsearch.storage.collections import open_collection
from semsearch.storage.datasets import get_dataset
from tests.planted import communities


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    A, _ = communities(np.random.default_rng(1), n=60)
    path = str(tmp_path_factory.mktemp("nodes") / "nodes.db")
    with connect.writing(path, create=True) as db:
        db.execute("create table knows (source integer, target integer)")
        source, target = np.nonzero(np.triu(A.toarray()))
        db.executemany("insert into knows values (?, ?)", np.stack([source, target], axis=1).tolist())
        plugins = registry.load(entry_points=False)
        ingest_edges(db, "g", EdgeSources(table="knows", columns=TableEdges("source", "target")), plugins.readers)
        for name, options in (("netmf", {}), ("node2vec", {"p": 4.0, "q": 0.25, "num_walks": 3})):
            build.build(db, get_dataset(db, "g"), plugins.builder(name), {"dim": 8, **options})
        connect.checkpoint(db)
    with connect.reading(path) as db:
        yield db


def test_suggestions_are_those_of_predict_links(db):
    opened = open_collection(db, "g_netmf")
    everything = links.predict_links(db, opened, k=10_000)
    assert everything and min(link.similarity for link in everything) >= MIN_SIMILARITY - 1e-4
    model = links.link_model(db, opened)
    for key in model.graph.keys:
        both = [
            link.target if link.source == key else link.source
            for link in everything
            if key in (link.source, link.target)
        ]
        assert links.suggested_links(model, key, 8) == both[:8]


def test_only_dissimilar_pairs_are_left_out(db):
    model = links.link_model(db, open_collection(db, "g_netmf"))
    scorer = model.scorer.scorer
    cosines = model.vectors @ model.vectors.T
    rows = SimilarLinks(scorer, 0.3).rows(0, len(model.graph))
    clear = np.abs(cosines - 0.3) > 1e-4
    assert ((np.isfinite(rows)) == (cosines >= 0.3))[clear].all()
    np.testing.assert_allclose(rows[np.isfinite(rows)], scorer.rows(0, len(model.graph))[np.isfinite(rows)])
    assert isinstance(link_scorer(model.vectors, model.A, rng=np.random.default_rng(0)), type(scorer))


def test_example_walks_follow_edges_and_are_the_same_each_time(db):
    opened = open_collection(db, "g_node2vec")
    graph = links.link_model(db, opened).graph
    p, q, window, _ = walk_parameters(db, opened, graph)
    assert (p, q, window) == (4.0, 0.25, 10)
    walks = example_walks(graph, "7", p=p, q=q)
    pairs = zip(graph.source.tolist(), graph.target.tolist(), strict=True)
    edges = {frozenset((graph.keys[a], graph.keys[b])) for a, b in pairs}
    assert len(walks) == WALKS and all(walk[0] == "7" and len(walk) == LENGTH for walk in walks)
    assert all(frozenset(step) in edges for walk in walks for step in zip(walk, walk[1:], strict=False))
    assert len({tuple(walk) for walk in walks}) > 1 and walks == example_walks(graph, "7", p=p, q=q)
    assert walk_parameters(db, open_collection(db, "g_netmf"), graph) == (1.0, 1.0, 10, True)
