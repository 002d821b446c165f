"""Judged queries set the weight of the vector score: towards the score that finds their documents."""

from __future__ import annotations

import json

import numpy as np
import pytest

from semsearch import registry
from semsearch.building import build as engine
from semsearch.errors import InputError
from semsearch.evaluate.fitted_weight import FittedWeight, fit_weight, store
from semsearch.evaluate.retrieval import evaluate_retrieval
from semsearch.records import Dataset
from semsearch.search.query import EVEN, default_weight, search
from semsearch.storage import collections
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.planted import BREAD, SPACE

NAME = "articles_lsa"


@pytest.fixture
def built(db: Connection, articles: Dataset) -> Connection:
    engine.build(db, articles, registry.load().builder("lsa"), {"dim": 2})
    return db


def words_of(topic: tuple[tuple[str, str], ...]) -> list[str]:
    return sorted({word for _, body in topic for word in body.lower().strip(".").split() if len(word) > 5})


def by_topic() -> tuple[dict[str, str], dict[str, dict[str, float]]]:
    """Queries of one or two words, for which all six documents of a topic are relevant: the vectors find them."""
    queries, judgements = {}, {}
    for first, topic in ((1, SPACE), (7, BREAD)):
        words = words_of(topic)
        for text in [*words, *map(" ".join, zip(words, words[1:], strict=False))]:
            queries[text] = text
            judgements[text] = {str(key): 1.0 for key in range(first, first + 6)}
    return queries, judgements


def test_queries_about_topics_raise_the_weight(built: Connection) -> None:
    queries, judgements = by_topic()
    fitted = fit_weight(built, NAME, queries, judgements, seed=0)
    assert fitted.before == EVEN and fitted.queries == len(queries)
    assert 0 <= fitted.low <= fitted.weight <= fitted.high <= 1
    assert fitted.map >= fitted.map_before
    # The mean at the weight the collection has is that of the rankings themselves.
    assert fitted.map_before == pytest.approx(evaluate_retrieval(built, NAME, queries, judgements, mode="hybrid").map)


def test_queries_for_the_document_with_a_word_lower_the_weight(built: Connection) -> None:
    """Each word's judged document is the one that BM25 puts first: no vector of two dimensions does."""
    queries, judgements = by_topic()
    opened = open_collection(built, NAME)
    for word in queries:
        hit = search(built, opened, word, mode="text", k=1).hits[0]
        judgements[word] = {str(hit.id): 1.0}
    lexical = fit_weight(built, NAME, queries, judgements, seed=0)
    topical = fit_weight(built, NAME, *by_topic(), seed=0)
    assert lexical.weight < topical.weight
    assert lexical.map > 0.95  # two documents with one word can have the same BM25


def test_the_fitted_weight_is_kept_and_used(built: Connection) -> None:
    store(built, NAME, FittedWeight(0.81, 0.6, 0.95, 25, 0.5, 0.5, 0.4))
    collection = collections.get_collection(built, NAME)
    assert default_weight(built, collection) == 0.81
    assert search(built, open_collection(built, NAME), "rocket").weight == 0.81
    metrics = collections.run_metrics(built, collection.run)
    assert (metrics["judged_weight_low"], metrics["judged_weight_high"], metrics["judged_queries"]) == (0.6, 0.95, 25)
    assert metrics["documents"] == 12  # the others stay


def test_a_weight_of_an_older_version_is_no_evidence(built: Connection) -> None:
    collection = collections.get_collection(built, NAME)
    old = json.dumps({"self_retrieval": 0.9, "hybrid_weight": 0.98})
    built.execute("update _semsearch_runs set metrics = ? where id = ?", [old, collection.run])
    assert default_weight(built, collection) == EVEN
    new = json.dumps({"held_out_documents": 200.0, "hybrid_weight": 0.3})
    built.execute("update _semsearch_runs set metrics = ? where id = ?", [new, collection.run])
    assert default_weight(built, collection) == 0.3


def test_fewer_than_twenty_judged_queries_are_too_few(built: Connection) -> None:
    queries = {str(number): "rocket" for number in range(19)}
    with pytest.raises(InputError, match="19 queries have a relevant document: judge at least 20"):
        fit_weight(built, NAME, queries, {query: {"1": 1.0} for query in queries}, seed=0)
    with pytest.raises(InputError, match="no text score"):
        fit_weight(built, "articles_lsa_words", queries, {}, seed=0)


def test_the_same_seed_fits_the_same(built: Connection) -> None:
    queries, judgements = by_topic()
    first, second = (fit_weight(built, NAME, queries, judgements, seed=3) for _ in range(2))
    assert first == second and np.isfinite(first.map)
