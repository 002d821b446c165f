"""Documents from the vectors of their words: sums by hand, the words they are read from, and what becomes of those."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from semsearch import registry
from semsearch.builders.wordmean import Wordmean, WordmeanOptions
from semsearch.building import build as engine
from semsearch.building.drop import drop
from semsearch.building.update import update
from semsearch.errors import BuildError, InputError
from semsearch.ingest.vectors import VectorSource, load_vectors
from semsearch.present import explanation_lines
from semsearch.records import Dataset, Device, Documents, Embeddings, Fitted, silent
from semsearch.search import query
from semsearch.search.explain import explain
from semsearch.storage import collections
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from semsearch.storage.lineage import derived_tables
from tests.planted import TOPICS

Run = Callable[..., Result]
# Lengths differ: what counts is where a word points.
WORDS = Embeddings("word", ["sun", "moon", "of", "tea"], np.array([[5, 0, 0], [0, 1, 0], [1, 1, 1], [0, 0, 2]], "f4"))
UNIT = WORDS.vectors / np.linalg.norm(WORDS.vectors, axis=1, keepdims=True)
TEXTS = ["sun of moon", "of tea of", "Sun, sun: the MOON", "nobody knows"]


def fit(texts: list[str], words: Embeddings = WORDS, **options: Any) -> Fitted:
    corpus = Documents([str(row) for row in range(len(texts))], texts, {"words": words})
    chosen = WordmeanOptions(words="w", **options)
    return Wordmean().fit(corpus, chosen, rng=np.random.default_rng(0), device=Device(), report=silent)


def test_the_mean_is_of_unit_vectors_and_a_word_said_twice_counts_twice() -> None:
    fitted = fit(TEXTS, weights="mean")
    sun, moon, of, tea = UNIT
    expected = [(sun + of + moon) / 3, (of + tea + of) / 3, (sun + sun + moon) / 3, np.zeros(3)]
    assert np.allclose(fitted.embeddings[0].vectors, expected, atol=1e-6)
    assert fitted.metrics["known_words"] == pytest.approx(9 / 12)


def test_idf_and_sif_by_hand() -> None:
    sun, moon, of, tea = UNIT
    idf = {"sun": np.log(5 / 2), "moon": np.log(5 / 2), "of": np.log(5 / 2), "tea": np.log(5)}
    second = (2 * idf["of"] * of + idf["tea"] * tea) / 3
    assert np.allclose(fit(TEXTS, weights="idf").embeddings[0].vectors[1], second, atol=1e-6)
    a = {word: 1e-3 / (1e-3 + count / 9) for word, count in {"sun": 3, "moon": 2, "of": 3, "tea": 1}.items()}
    means = np.array(
        [
            (a["sun"] * sun + a["of"] * of + a["moon"] * moon) / 3,
            (2 * a["of"] * of + a["tea"] * tea) / 3,
            (2 * a["sun"] * sun + a["moon"] * moon) / 3,
            np.zeros(3),
        ]
    )
    u = np.linalg.svd(means)[2][0]
    assert np.allclose(fit(TEXTS, weights="sif").embeddings[0].vectors, means - np.outer(means @ u, u), atol=1e-6)


def spread(text: str) -> np.ndarray:
    """The eigenvalues of the covariance of a text's words, largest first."""
    rows = UNIT[[WORDS.keys.index(word) for word in text.split()]]
    return np.linalg.eigvalsh(np.cov(rows.T, bias=True))[::-1]


def test_components_join_behind_the_mean() -> None:
    alone, joined = fit(TEXTS, weights="mean"), fit(TEXTS, weights="mean", components=2)
    vectors = joined.embeddings[0].vectors
    assert vectors.shape == (4, 9) and np.array_equal(vectors[:, :3], alone.embeddings[0].vectors)
    assert (
        np.linalg.norm(vectors[0, 3:6]) == pytest.approx(0.125 * np.sqrt(spread(TEXTS[0])[0]), rel=1e-3)
        and not vectors[3].any()
    )
    encoded = Wordmean().encode(joined.state({"words": WORDS}), Documents(["a"], ["moon of sun"]))
    assert np.allclose(encoded[0], vectors[0], atol=1e-5)  # order says nothing


def test_words_spelled_elsewhere_are_found_as_their_publisher_spells_them() -> None:
    words = Embeddings("word", ["Paris", "paris", "don't", "tea"], np.eye(4, dtype="f4"))
    found = fit(["Paris (don't!)", "PARIS tea"], words, weights="mean").embeddings[0].vectors
    assert np.allclose(found, [[0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5]])


def test_texts_that_share_no_word_with_the_collection() -> None:
    with pytest.raises(BuildError, match="No word of the 2 documents is in w: check the language"):
        fit(["один два", "три"])


@pytest.fixture
def built(db: Connection, articles: Dataset) -> Connection:
    """`articles_pmi` and the documents made of it, `articles_wordmean`."""
    builders = registry.load().builders
    engine.build(db, articles, builders["pmi"], {"min_count": 1, "dim": 10, "window": 0})
    engine.build(db, articles, builders["wordmean"], {"words": "articles_pmi"})
    return db


def test_search_by_text_finds_the_topic_and_the_parts_add_up(built: Connection) -> None:
    found = query.search(
        built, open_collection(built, "articles_wordmean"), "orbit moon astronauts", mode="vector", k=6
    )
    assert {hit.row["title"] for hit in found.hits} == {title for title, _ in TOPICS[:6]}
    for told in explain(
        built, open_collection(built, "articles_wordmean"), "orbit moon astronauts", found.hits, most=500
    ):
        assert told.directions == "dimensions" and any("dimensions: " in line for line in explanation_lines(told))
        parts = sum(pair.contribution for pair in told.pairs.listed) + told.pairs.others
        assert parts == pytest.approx(told.hit.vector_score, abs=1e-5) and not told.changed
        assert told.sentence.startswith(("shared words", "no shared word"))


def test_rows_are_taken_in_without_learning(built: Connection) -> None:
    built.execute("insert into articles (title, body) values ('Venus', 'a rocket to orbit the moon'), ('?', 'qq zz')")
    (done,) = [one for one in update(built).updated if one.collection.builder == "wordmean"]
    assert done.update.added == 2 and done.without_vector == 1
    best = query.search(
        built, open_collection(built, "articles_wordmean"), "a rocket to orbit the moon", mode="vector", k=1
    ).hits[0]
    assert best.row["title"] == "Venus"


def test_other_words_under_the_same_name_are_noticed(built: Connection, run: Run, path: str) -> None:
    before = query.similar(built, open_collection(built, "articles_wordmean"), ["1"], k=3).hits
    done = run("build", "pmi", path, "articles", "--dim", "10", "--min-count", "1")
    assert (
        "articles_wordmean is based on an older version of articles_pmi. To rebuild it: semsearch build wordmean"
        in done.stderr
    )
    assert "--words articles_pmi" in done.stderr
    with pytest.raises(
        InputError, match="vectors of articles_pmi, which were rebuilt or dropped.*only mode text works"
    ):
        query.search(built, open_collection(built, "articles_wordmean"), "moon")
    assert query.search(built, open_collection(built, "articles_wordmean"), "moon", mode="text").hits
    assert (
        query.similar(built, open_collection(built, "articles_wordmean"), ["1"], k=3).hits == before
    )  # its own vectors are as they were
    with pytest.raises(InputError, match="were rebuilt or dropped"):
        update(built, "articles_wordmean")
    built.execute("insert into articles (title, body) values ('Venus', 'a rocket')")
    run("build", path, "articles")
    outcome = update(built)
    assert "articles_lsa" in {one.collection.name for one in outcome.updated} and "articles_wordmean" in outcome.left
    assert run("build", "wordmean", path, "articles", "--words", "articles_pmi").exit_code == 0
    assert query.search(built, open_collection(built, "articles_wordmean"), "moon").hits


def test_words_that_are_read_are_not_dropped(built: Connection, run: Run, path: str) -> None:
    with pytest.raises(InputError, match="articles_pmi is read by articles_wordmean: drop that first"):
        drop(built, "articles_pmi")
    assert query.search(built, open_collection(built, "articles_wordmean"), "moon").hits
    drop(built, "articles_wordmean")
    assert drop(built, "articles_pmi") == ["articles_pmi"]


def test_a_dataset_goes_with_all_that_was_made_of_it(built: Connection) -> None:
    assert set(drop(built, "articles")) == {"articles", "articles_pmi", "articles_wordmean"}


def test_what_was_made_of_two_tables_is_closed_with_either(db: Connection, articles: Dataset, tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text("orbit 1 0\ndough 0 1\n")
    load_vectors(db, "outside", VectorSource(str(tmp_path / "w.txt")))
    engine.build(db, articles, registry.load().builders["wordmean"], {"words": "outside", "weights": "mean"})
    assert {"articles", "outside_vocabulary"} <= derived_tables(db)["articles_wordmean"]
    vector_table = collections.get_collection(db, "articles_wordmean").vector_table
    assert {"articles", "outside_vocabulary"} <= derived_tables(db)[f"_semsearch_vec_{vector_table}"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "wordmean reads a collection of words: give --words with one of articles_pmi"),
        (("--words", "nobody"), "No collection 'nobody': there are articles_pmi"),
        (("--words", "articles_wordmean"), "articles_wordmean is a collection of documents: one of words is needed"),
        (("--words", "articles_pmi", "--components", "99"), "--components must be between 0 and 10, not 99"),
    ],
    ids=["none", "unknown", "of documents", "components"],
)
def test_mistakes_get_one_clear_line(built: Connection, run: Run, path: str, given: tuple[str, ...], said: str) -> None:
    done = run("build", "wordmean", path, "articles", *given)
    assert done.exit_code == 1 and said in done.stderr, done.stderr


def test_a_file_without_words_says_what_makes_some(db: Connection, articles: Dataset, run: Run, path: str) -> None:
    done = run("build", "wordmean", path, "articles")
    assert done.exit_code == 1 and "the file has none; `semsearch build pmi " in done.stderr


def test_few_known_words_and_none_are_said(
    db: Connection, articles: Dataset, run: Run, path: str, tmp_path: Path
) -> None:
    (tmp_path / "w.txt").write_text("orbit 1 0\ndough 0 1\n")
    run("ingest", "vectors", path, "outside", tmp_path / "w.txt")
    done = run("build", "wordmean", path, "articles", "--words", "outside", "--weights", "mean")
    assert "of the words of articles have a vector. Check that the word vectors are of the same language" in done.stderr
    assert "documents have no vector, because no word of them is in the vocabulary" in done.stderr
    assert 0 < collections.all_runs(db)[0].metrics["known_words"] < 0.2


def test_words_of_an_lsa_are_refused_with_advice(db: Connection, articles: Dataset) -> None:
    builders = registry.load()
    engine.build(db, articles, builders.builder("lsa"), {"dim": 2})
    with pytest.raises(InputError, match=r"one for each stem.*Use these, or words of `build pmi`"):
        engine.build(db, articles, builders.builder("wordmean"), {"words": "articles_lsa_words"})
