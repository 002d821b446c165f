"""Explanations add up to the scores they explain, and name the words that were planted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from semsearch import registry
from semsearch.builders.base import Explains
from semsearch.builders.lsa import SPLITS
from semsearch.building import build as engine
from semsearch.errors import InputError, NotFoundError
from semsearch.records import Dataset
from semsearch.search.components import topic_names, topics
from semsearch.search.explain import Explanation, Parts, explain
from semsearch.search.query import search
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.planted import SPACE, TOPICS, make_articles

NAME = "articles_lsa"
ALL = 10_000
CLOSE = 1e-4  # stored vectors are float32


@pytest.fixture
def built(db: Connection, articles: Dataset) -> Connection:
    """Two topics, built in two dimensions."""
    engine.build(db, articles, registry.load().builder("lsa"), {"dim": 2})
    return db


def why(db: Connection, query: str, *, mode: str = "hybrid", most: int = 8) -> list[Explanation]:
    """Search for all there is, and explain."""
    return explain(
        db,
        open_collection(db, NAME),
        query,
        search(db, open_collection(db, NAME), query, mode=mode, k=20).hits,
        most=most,
    )


def total(parts: Parts[Any]) -> float:
    return math.fsum(one.contribution for one in parts.listed) + parts.others


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("power", [0.0, 0.25])
@pytest.mark.parametrize("dim", [2, 5])
def test_every_part_adds_up_to_the_cosine(
    db: Connection, articles: Dataset, split: str, power: float, dim: int
) -> None:
    engine.build(db, articles, registry.load().builder("lsa"), {"dim": dim, "split": split, "power": power})
    for query in ("rocket", "capsule moon", "yeast yeast in orbit, unheardof", '"launch pad" -steam astronaut'):
        for most in (3, ALL):
            for one in why(db, query, mode="vector", most=most):
                for parts in (one.query_terms, one.document_terms, one.pairs, one.components):
                    assert total(parts) == pytest.approx(one.hit.vector_score, abs=CLOSE)
                    assert len(parts.listed) <= most and (most < ALL or parts.others == 0)
                assert not one.changed


def test_what_a_word_gives_is_the_sum_of_its_pairs(built: Connection) -> None:
    for one in why(built, "rocket fuel", most=ALL):
        for term in one.query_terms.listed:
            pairs = [pair.contribution for pair in one.pairs.listed if pair.query == term.word]
            assert math.fsum(pairs) == pytest.approx(term.contribution)
        for term in one.document_terms.listed:
            pairs = [pair.contribution for pair in one.pairs.listed if pair.document == term.word]
            assert math.fsum(pairs) == pytest.approx(term.contribution)


def test_without_a_word_in_common_it_says_through_which_they_met(built: Connection) -> None:
    found = {one.hit.row["title"]: one for one in why(built, "capsule", mode="vector")}
    booster = found["Booster"]
    assert booster.sentence.startswith("no shared word; similar through: *")
    assert booster.hit.vector_score is not None and booster.hit.vector_score > 0.8
    assert not any(term.shared for term in (*booster.query_terms.listed, *booster.document_terms.listed))
    assert {term.word for term in booster.document_terms.listed} <= set(TOPICS[3][1].split()) | {"booster"}
    assert booster.components.listed[0].words
    assert found["Capsule"].sentence.startswith("shared words: *capsule*")


def test_words_in_common_are_named_as_they_were_typed_and_marked(built: Connection) -> None:
    one = next(one for one in why(built, "Bakers' ovens") if one.hit.row["title"] == "Brioche")
    assert one.sentence.startswith("shared words: *ovens*; similar through: *")
    assert {term.word for term in one.document_terms.listed if term.shared} == {"oven"}
    assert {term.word: term.shared for term in one.query_terms.listed} == {"bakers": False, "ovens": True}
    assert one.missing == ("bakers",)


@pytest.mark.parametrize("mode", ["hybrid", "text"])
def test_what_each_word_gives_adds_up_to_bm25(built: Connection, mode: str) -> None:
    found = why(built, 'fuel fuel launch "rocket booster" oven', mode=mode, most=2)
    scored = [one for one in found if one.hit.text_score is not None]
    for one in scored:
        assert total(one.words) == pytest.approx(one.hit.text_score)
        assert {term.word for term in one.words.listed}.isdisjoint(one.missing)
    assert [one.hit.row["title"] for one in scored] == ["Booster"]
    assert scored[0].missing == ("oven",)
    if mode == "text":
        assert scored[0].sentence == 'contains: *fuel, launch, "rocket booster"*; missing: *oven*'
        assert scored[0].pairs == Parts()


def test_left_out_and_unknown_words_explain_nothing(built: Connection) -> None:
    for one in why(built, "rocket -shuttle xyzzy"):
        assert [term.word for term in one.query_terms.listed] == ["rocket"]
        assert one.hit.row["title"] != "Shuttle"
        assert "xyzzy" in one.missing or one.hit.text_score is None


def test_a_document_without_a_vector_is_explained_by_its_words(db: Connection) -> None:
    dataset = make_articles(db, (*SPACE, ("", "to be or not to be")))
    engine.build(db, dataset, registry.load().builder("lsa"), {})
    by_words = next(one for one in why(db, "not to be") if one.hit.id == 7)
    assert by_words.hit.vector_score is None and by_words.sentence == "contains: *not, to, be*"
    assert by_words.query_terms == by_words.components == Parts()


def test_a_word_too_rare_to_be_learned_is_still_in_common(db: Connection) -> None:
    dataset = make_articles(db, (*TOPICS, ("Odd", "a rocket named xyzzy")))
    engine.build(db, dataset, registry.load().builder("lsa"), {"dim": 2, "min_df": 2})
    odd = next(one for one in why(db, "xyzzy moon", mode="vector") if one.hit.row["title"] == "Odd")
    assert odd.sentence.startswith("shared words: *xyzzy*; similar through: *rocket*")


def test_a_row_edited_since_the_build_is_said_to_be(built: Connection) -> None:
    built.execute("update articles set title = '', body = 'butter and salt' where id = 4")
    found = {one.hit.id: one for one in why(built, "rocket fuel")}
    assert found[4].changed and not found[5].changed


def test_a_row_of_no_known_word_now_does_not_break(built: Connection) -> None:
    built.execute("update articles set title = null, body = null where id = 4")
    one = next(one for one in why(built, "rocket fuel", most=ALL) if one.hit.id == 4)
    assert one.changed and one.pairs == Parts() and "hardly similar" in one.sentence


def test_collections_of_words_and_silent_builders_tell_their_ranks(
    built: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    hits = search(built, open_collection(built, f"{NAME}_words"), "rocket", k=9).hits
    told = [one.sentence for one in explain(built, open_collection(built, f"{NAME}_words"), "rocket", hits)]
    assert told == [f"rank {hit.vector_rank} by similarity" for hit in hits]
    assert isinstance(registry.load().builder("lsa"), Explains)
    meant, spelled = (
        search(built, open_collection(built, NAME), "capsule", mode="vector").hits,
        search(built, open_collection(built, NAME), "steam").hits,
    )
    monkeypatch.setattr(type(registry.load()), "builder", lambda *_: object())
    assert (
        explain(built, open_collection(built, NAME), "capsule", meant)[0].sentence
        == f"rank {meant[0].vector_rank} by similarity"
    )
    assert explain(built, open_collection(built, NAME), "steam", spelled)[0].sentence == "contains: *steam*"


def test_what_cannot_be_explained_is_one_clear_error(built: Connection) -> None:
    assert explain(built, open_collection(built, NAME), "rocket", ()) == []
    with pytest.raises(InputError, match="The query is empty"):
        explain(built, open_collection(built, NAME), " ", ())
    with pytest.raises(NotFoundError, match="there are articles_lsa"):
        explain(built, open_collection(built, "nothing"), "rocket", ())


def test_hundreds_of_words_are_read_in_parts(db: Connection) -> None:
    rows = tuple(("", " ".join(f"w{row * 90 + at}" for at in range(100))) for row in range(12))
    dataset = make_articles(db, rows)
    engine.build(db, dataset, registry.load().builder("lsa"), {"dim": 5})
    for one in why(db, "w95 w100 w300 w301", mode="vector"):
        assert total(one.pairs) == pytest.approx(one.hit.vector_score, abs=CLOSE)


def test_the_command_line_explains(built: Connection, path: str, run: Callable[..., Result]) -> None:
    shown = run("search", path, NAME, "capsule", "-k", 6, "--explain")
    assert shown.exit_code == 0, shown.output
    assert "no shared word; similar through: *" in shown.stdout and "all other pairs" in shown.stdout
    hits = json.loads(run("search", path, NAME, "capsule", "-k", 3, "--offset", 1, "--explain", "--json").stdout)
    assert len(hits) == 3
    for hit in hits:
        told = hit["explanation"]["pairs"]
        parts = sum(pair["contribution"] for pair in told["listed"]) + told["others"]
        assert parts == pytest.approx(hit["vector_score"], abs=CLOSE)
    assert "explanation" not in json.loads(run("search", path, NAME, "capsule", "--json").stdout)[0]
    assert "shared words: *capsule*" in run("search", path, NAME, "capsule", "--explain", "--csv").stdout
    nothing = run("search", path, NAME, "xyzzy", "--explain", "--json")
    assert nothing.exit_code == 0 and json.loads(nothing.stdout) == []


def test_topics_are_named_by_words_of_the_collection(built: Connection) -> None:
    listed = [part for one in why(built, "rocket fuel", mode="vector") for part in one.components.listed]
    assert listed and all(part.name.count(", ") == 1 for part in listed)
    names = {part.number: part.name for part in listed}
    assert set(names.values()) <= set(topic_names(built, open_collection(built, "articles_lsa").collection))


def test_a_model_of_an_older_version_has_directions_without_names(built: Connection) -> None:
    run = open_collection(built, "articles_lsa").collection.run
    built.execute("delete from _semsearch_models where run = ? and name like 'topic_%'", [run])
    for one in why(built, "rocket fuel", mode="vector"):
        assert total(one.components) == pytest.approx(one.hit.vector_score, abs=CLOSE)
        assert all(part.name == "" for part in one.components.listed)
    with pytest.raises(InputError, match="has no rotated topics: build it anew"):
        topics(built, open_collection(built, "articles_lsa"), rotated=True)
    assert all(len(topic.ends) >= 1 for topic in topics(built, open_collection(built, "articles_lsa")).topics)
