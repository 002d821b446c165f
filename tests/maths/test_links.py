"""Scores of pairs by two ways, forests that hold a graph together, and planted edges found again."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from semsearch.errors import InputError
from semsearch.evaluate.links import hide_edges, score_links
from semsearch.maths.graphs import adjacency
from semsearch.maths.links import (
    MIN_SIMILARITY,
    ProductScorer,
    adamic_adar,
    best_pairs,
    common_neighbours,
    link_scorer,
    sample_non_edges,
    spanning_forest,
)
from semsearch.maths.metrics import auc, f1_scores
from semsearch.maths.prone import factor_graph, propagate
from semsearch.records import Graph


def blocks(rng: np.random.Generator, n: int = 300) -> Graph:
    """Five communities: inside one an edge with chance 0.3, between two 0.01; two lone nodes behind them."""
    of = np.arange(n) % 5
    chance = np.where(of[:, None] == of, 0.3, 0.01)
    source, target = np.nonzero(np.triu(rng.random((n, n)) < chance, 1))
    return Graph([str(row) for row in range(n + 2)], source, target, np.ones(len(source)))


def matrix(graph: Graph) -> sp.csr_matrix:
    return adjacency(graph.source, graph.target, graph.weight, len(graph), directed=False)


def test_neighbours_in_common_by_two_ways() -> None:
    A = matrix(blocks(np.random.default_rng(0), 40))
    dense = A.toarray().astype(float)
    degrees = dense.sum(axis=1)
    worth = np.where(degrees > 0, 1 / np.log(np.maximum(degrees, 2)), 0)
    i, j = np.triu_indices(40, 1)
    pairs = np.stack([i, j])
    assert np.allclose(common_neighbours(A).pairs(pairs), (dense @ dense)[i, j])
    slow = [sum(worth[k] for k in range(42) if dense[a, k] and dense[b, k]) for a, b in pairs.T]
    assert np.allclose(adamic_adar(A).pairs(pairs), slow, atol=1e-5)  # sums in float32
    assert np.allclose(adamic_adar(A).rows(3, 9)[:, :40], (dense * worth @ dense)[3:9, :40], atol=1e-5)


def test_the_best_pairs_are_those_of_the_whole_matrix() -> None:
    rng = np.random.default_rng(1)
    graph = blocks(rng)
    A = matrix(graph)
    vectors = rng.standard_normal((302, 8)).astype(np.float32)
    pairs, scores = best_pairs(ProductScorer(vectors), A, 50)
    whole = np.where(np.triu(np.ones((302, 302)), 1).astype(bool) & (A.toarray() == 0), vectors @ vectors.T, -np.inf)
    whole[:, 300:] = -np.inf  # lone nodes
    assert np.allclose(scores, np.sort(whole.ravel())[::-1][:50], atol=1e-5)
    assert np.allclose(whole[pairs[0], pairs[1]], scores, atol=1e-5)


def test_a_forest_joins_all_that_is_joined() -> None:
    graph = blocks(np.random.default_rng(2))
    edges = np.stack([graph.source, graph.target])
    chosen = spanning_forest(edges, 302)
    parts = connected_components(matrix(graph))[0]
    assert chosen.sum() == 302 - parts
    tree = adjacency(*edges[:, chosen], np.ones(chosen.sum()), 302, directed=False)
    assert connected_components(tree)[0] == parts


def test_hidden_edges_take_nothing_apart() -> None:
    graph = blocks(np.random.default_rng(3))
    split = hide_edges(graph, 0.2, np.random.default_rng(0))
    A = matrix(graph)
    assert split.hidden.shape[1] == round(0.2 * A.nnz / 2) == split.unjoined.shape[1]
    assert connected_components(split.A)[0] == connected_components(A)[0]
    assert (A[split.hidden[0], split.hidden[1]] > 0).all() and not split.A[split.hidden[0], split.hidden[1]].any()
    assert not A[split.unjoined[0], split.unjoined[1]].any()


def test_planted_links_are_found_better_than_by_chance_and_neighbours() -> None:
    rng = np.random.default_rng(4)
    split = hide_edges(blocks(rng), 0.2, rng)
    vectors = propagate(split.A, factor_graph(split.A, 16, rng=rng)[0])
    by = {one.by: one for one in score_links(split, vectors, rng=rng)}
    # six of seven edges are inside a community and one of five other pairs: to know no more than that gives .83
    assert by["vectors"].auc > 0.8
    assert by["vectors"].auc >= by["Adamic-Adar"].auc - 0.02


def test_only_pairs_that_predict_links_lists_count_for_precision() -> None:
    rng = np.random.default_rng(4)
    split = hide_edges(blocks(rng), 0.2, rng)
    vectors = propagate(split.A, factor_graph(split.A, 16, rng=rng)[0])
    by = {one.by: one for one in score_links(split, vectors, rng=rng)}
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    cosines = np.einsum("ij,ij->i", unit[split.hidden[0]], unit[split.hidden[1]])
    assert by["vectors"].left_out == np.mean(cosines < MIN_SIMILARITY) > 0
    assert by["Adamic-Adar"].left_out == 0


def test_how_busy_nodes_are_counts_too() -> None:
    rng = np.random.default_rng(5)
    hubs = np.arange(60) < 6  # everybody meets hubs, nobody anybody else; vectors say nothing
    source, target = np.nonzero(np.triu(hubs[:, None] | hubs, 1) & (rng.random((60, 60)) < 0.7))
    A = adjacency(source, target, np.ones(len(source)), 60, directed=False)
    vectors = rng.standard_normal((60, 4)).astype(np.float32)
    pairs, _ = best_pairs(link_scorer(vectors, A, rng=rng), A, 10)
    assert hubs[pairs].any(axis=0).mean() > 0.8


def test_a_full_graph_has_no_link_to_suggest() -> None:
    A = sp.csr_matrix(np.ones((5, 5)) - np.eye(5))
    rng = np.random.default_rng(0)
    assert sample_non_edges(A, 10, rng).shape == (2, 0)
    with pytest.raises(InputError, match="no link to predict"):
        link_scorer(np.ones((5, 2), np.float32), A, rng=rng)


def test_a_tree_has_no_edge_to_hide() -> None:
    graph = Graph(list("abc"), np.array([0, 1]), np.array([1, 2]), np.ones(2))
    with pytest.raises(InputError, match="No edge can be hidden"):
        hide_edges(graph, 0.5, np.random.default_rng(0))


def test_auc_is_the_share_of_pairs_told_apart() -> None:
    rng = np.random.default_rng(0)
    yes, no = rng.integers(0, 8, 30).astype(float), rng.integers(0, 6, 40).astype(float)
    slow = np.mean([(a > b) + 0.5 * (a == b) for a in yes for b in no])
    assert auc(yes, no) == pytest.approx(slow)
    assert auc(np.ones(3), np.zeros(2)) == 1 and auc(np.ones(3), np.ones(2)) == 0.5


def test_f1_is_scikit_learns() -> None:
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    truth, told = rng.random((50, 6)) < 0.3, rng.random((50, 6)) < 0.4
    micro, macro = f1_scores(truth, told)
    assert micro == pytest.approx(f1_score(truth, told, average="micro"))
    assert macro == pytest.approx(f1_score(truth, told, average="macro"))
