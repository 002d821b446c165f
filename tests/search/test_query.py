"""Search, similar, ranks, and what is said when there is nothing to find."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch import registry
from semsearch.building import build as engine
from semsearch.errors import InputError, NotFoundError
from semsearch.records import Dataset
from semsearch.search.models import encode_text
from semsearch.search.query import default_weight, search, similar
from semsearch.search.scorers import VectorScorer
from semsearch.storage import chunks, collections, connect, vectors
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.planted import BREAD, SPACE, make_articles


@pytest.fixture
def built(db: Connection, articles: Dataset) -> Connection:
    """Two topics, built in two dimensions."""
    engine.build(db, articles, registry.load().builder("lsa"), {"dim": 2})
    return db


def titles(found: object) -> list[str]:
    return [hit.row["title"] for hit in found.hits]


def test_vector_search_finds_the_topic_through_words_that_are_not_there(built: Connection) -> None:
    found = titles(search(built, open_collection(built, "articles_lsa"), "capsule", mode="vector", k=6))
    assert set(found) == set(dict(SPACE))


def test_text_search_finds_the_words_alone(built: Connection) -> None:
    assert titles(search(built, open_collection(built, "articles_lsa"), "steam", mode="text")) == ["Crust"]


def test_hybrid_puts_the_word_first_and_fills_up_by_meaning(built: Connection) -> None:
    found = search(built, open_collection(built, "articles_lsa"), "steam", k=6)
    assert found.hits[0].row["title"] == "Crust"
    assert set(titles(found)) == set(dict(BREAD))


def test_vec0_and_brute_force_agree(built: Connection) -> None:
    collection = collections.get_collection(built, "articles_lsa")
    vector = encode_text(built, collection, "yeast")
    assert vector is not None
    side = VectorScorer(built, collection, vector)
    keys, matrix = chunks.everything(built, collection)
    by_hand = dict(zip(keys, (matrix @ vector).tolist(), strict=True))
    near = side.top(12)
    assert near.keys() == by_hand.keys()
    assert all(near[key] == pytest.approx(by_hand[key], abs=1e-6) for key in near)  # float32
    # Looked up by key or by a pass over all they are the very same numbers, else equal documents would not stay equal.
    assert side.of(keys) == dict(near) == dict(side.top(vectors.MAX_K + 1))


def test_every_part_of_a_score_is_told(built: Connection) -> None:
    found = search(built, open_collection(built, "articles_lsa"), "rocket fuel")
    weight = default_weight(built, collections.get_collection(built, "articles_lsa"))
    assert found.weight == weight
    here = found.query_weight
    assert here is not None and 0 < here < 1
    best_vector = max(hit.vector_score for hit in found.hits if hit.vector_score is not None)
    best_text = max(hit.text_score for hit in found.hits if hit.text_score is not None)
    for hit in found.hits:
        assert hit.vector_rank is not None and hit.vector_score is not None
        vector, text = hit.vector_score / best_vector, (hit.text_score or 0) / best_text
        assert hit.score**4 == pytest.approx(here * vector**4 + (1 - here) * text**4)
        assert hit.distance == pytest.approx(1 - hit.vector_score)
        assert isinstance(hit.id, int)


def test_similar_leaves_out_what_was_asked_about(built: Connection) -> None:
    found = similar(built, open_collection(built, "articles_lsa"), ["7", "8"], k=4)
    assert set(titles(found)) == set(dict(BREAD)) - {"Sourdough", "Baguette"}


def test_words_are_similar_to_words(built: Connection) -> None:
    found = similar(built, open_collection(built, "articles_lsa_words"), ["astronauts"], k=5)
    of_the_topic = " ".join(f"{title} {body}" for title, body in SPACE).lower().split()
    assert len(found.hits) == 5 and {str(hit.id) for hit in found.hits} <= set(of_the_topic)


def test_fifty_identical_documents_all_come_back_with_equal_scores(db: Connection) -> None:
    dataset = make_articles(db, (("Same", "the very same words in every one"),) * 50)
    engine.build(db, dataset, registry.load().builder("lsa"), {})
    for mode in ("hybrid", "vector", "text"):
        hits = search(db, open_collection(db, "articles_lsa"), "same words", mode=mode, k=50).hits
        assert [hit.id for hit in hits] == list(range(1, 51))
        assert len({hit.score for hit in hits}) == 1


def test_one_document_builds_and_is_found(db: Connection) -> None:
    dataset = make_articles(db, (("Only", "a single document about lighthouses"),))
    engine.build(db, dataset, registry.load().builder("lsa"), {})
    for mode in ("hybrid", "vector", "text"):
        assert titles(search(db, open_collection(db, "articles_lsa"), "lighthouse", mode=mode)) == ["Only"]


def test_unknown_words_alone_find_nothing_and_that_is_said(built: Connection) -> None:
    found = search(built, open_collection(built, "articles_lsa"), "xyzzy")
    assert found.hits == () and found.remark == "articles_lsa has no word of the query"


def test_rows_deleted_since_the_build_are_passed_over(built: Connection) -> None:
    built.execute("delete from articles where id = 4")
    assert "Booster" not in titles(search(built, open_collection(built, "articles_lsa"), "rocket booster fuel", k=6))
    assert len(search(built, open_collection(built, "articles_lsa"), "rocket booster fuel", k=6).hits) == 6


def test_a_document_of_stop_words_has_no_vector_but_its_words_count(db: Connection) -> None:
    dataset = make_articles(db, (*SPACE, ("", "to be or not to be"), ("", "")))
    built = engine.build(db, dataset, registry.load().builder("lsa"), {})
    assert built.without_vector == 2
    assert search(db, open_collection(db, "articles_lsa"), "not to be", mode="text").hits[0].id == 7


@pytest.mark.parametrize(
    ("query", "k", "mode", "said"),
    [
        ("  ", 10, "hybrid", "The query is empty"),
        ("x" * 5000, 10, "hybrid", "5,000 characters: the limit is 4,096"),
        ("rocket", 0, "hybrid", "-k must be between 1 and 4,096, not 0"),
        ("rocket", 5000, "hybrid", "-k must be between 1 and 4,096, not 5,000"),
        ("rocket", 10, "magic", "--mode must be hybrid, vector or text, not 'magic'"),
    ],
    ids=["empty", "long", "k=0", "k=5000", "mode"],
)
def test_bad_questions_are_one_clear_error(built: Connection, query: str, k: int, mode: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        search(built, open_collection(built, "articles_lsa"), query, k=k, mode=mode)


@pytest.mark.parametrize(
    "query", ['"', "NEAR(", "a AND", "* ^ - :", "title:x OR", "'; drop table articles --", "\0", "🦄"]
)
def test_no_query_is_a_syntax_error(built: Connection, query: str) -> None:
    collection = open_collection(built, "articles_lsa")
    found = search(built, collection, query)
    assert found.hits or found.remark
    assert {"Apollo", "Booster", "Lander"} <= set(titles(search(built, collection, query + " rocket", mode="text")))


def test_unknown_names_say_what_there_is(built: Connection) -> None:
    with pytest.raises(NotFoundError, match="there are articles_lsa, articles_lsa_words"):
        search(built, open_collection(built, "nothing"), "rocket")
    with pytest.raises(NotFoundError, match="has no document '99'"):
        similar(built, open_collection(built, "articles_lsa"), ["99"])
    with pytest.raises(NotFoundError, match="has no word 'zebra'"):
        similar(built, open_collection(built, "articles_lsa_words"), ["zebra"])


def test_a_rebuild_is_noticed_by_the_kept_state(built: Connection, articles: Dataset) -> None:
    before = search(built, open_collection(built, "articles_lsa"), "rocket", mode="vector").hits
    built.execute("update articles set body = 'zebra and rocket'")
    engine.build(built, articles, registry.load().builder("lsa"), {"dim": 1})
    after = search(built, open_collection(built, "articles_lsa"), "zebra", mode="vector").hits
    assert len(after) == 10 and after != before


def test_readers_see_one_vector_per_item_in_memory_too(built: Connection, path: str) -> None:
    with connect.reading(path) as other:
        collection = collections.get_collection(other, "articles_lsa")
        rows = vectors.StoredRows(other, collection)
        many = rows.take(["1", "2"] * 300)
        assert np.allclose(many[:2], rows.take(["1", "2"])) and many.shape == (600, 2)
        with pytest.raises(KeyError, match="77"):
            rows.take(["77"])


def test_items_can_be_unlike_others(built: Connection) -> None:
    opened = open_collection(built, "articles_lsa")
    mixed = ["1", "7"]  # one of either topic
    found = similar(built, opened, mixed, k=10, unlike=["8"])
    assert {hit.row["title"] for hit in found.hits[:4]} <= set(dict(SPACE))
    assert not {1, 7, 8} & {hit.id for hit in found.hits}
    with pytest.raises(InputError, match="nothing is left"):
        similar(built, opened, ["1"], unlike=["1"])
    with pytest.raises(NotFoundError, match="99"):
        similar(built, opened, ["1"], unlike=["99"])
