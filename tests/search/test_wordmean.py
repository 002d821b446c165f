"""Searching imported words: by one, by several, by a phrase; as SQL; and what cannot be asked of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from semsearch import registry, sqlfunctions
from semsearch.building import build as engine
from semsearch.errors import InputError, NotFoundError
from semsearch.evaluate.words import open_vocabulary
from semsearch.ingest.vectors import VectorSource, load_vectors
from semsearch.search import query
from semsearch.search.explain import explain
from semsearch.search.models import encode_text
from semsearch.storage import collections, datasets
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.planted import make_articles

Run = Callable[..., Result]
# Lengths differ by a hundred: a mean that is not of unit vectors would be all king, or all queen.
LINES = """king 100 0 0 0
queen 0 1 0 0
New_York 0 0 5 0
York 0 0 3 4
new 0 0 0 1
United States of Test 0 0 3 3
"""


@pytest.fixture
def words(db: Connection, tmp_path: Path) -> Connection:
    """The collection `words` of these six."""
    (tmp_path / "w.txt").write_text(LINES)
    load_vectors(db, "words", VectorSource(str(tmp_path / "w.txt")))
    sqlfunctions.register(db)
    return db


@pytest.mark.parametrize(
    ("text", "towards"),
    [
        ("king", (1, 0, 0, 0)),
        ("King!", (1, 0, 0, 0)),
        ("king queen", (1, 1, 0, 0)),
        ("the king, and his queen: the king", (2, 1, 0, 0)),
        ("New York", (0, 0, 1, 0)),
        ("York new", (0, 0, 0.6, 1.8)),
        ("United States of Test", (0, 0, 1, 1)),
    ],
)
def test_a_text_is_the_mean_of_its_known_words(words: Connection, text: str, towards: tuple[float, ...]) -> None:
    found = encode_text(words, collections.get_collection(words, "words"), text)
    expected = np.array(towards) / np.linalg.norm(towards)
    assert found == pytest.approx(expected, abs=1e-6)  # float32, sums of a few numbers up to 1
    (blob,) = words.execute("select semsearch_embed('words', ?)", [text]).fetchone()
    assert np.frombuffer(blob, "<f4") == pytest.approx(expected, abs=1e-6)


def test_no_known_word(words: Connection) -> None:
    assert encode_text(words, collections.get_collection(words, "words"), "qqq zzz") is None
    assert words.execute("select semsearch_embed('words', 'qqq')").fetchone() == (None,)
    found = query.search(words, open_collection(words, "words"), "qqq")
    assert found.hits == () and found.remark == "words has no word of the query"


def test_search_similar_and_explain(words: Connection) -> None:
    hits = query.search(words, open_collection(words, "words"), "king queen", k=2).hits
    assert {hit.id for hit in hits} == {"king", "queen"} and hits[0].row["place"] in (1, 2)
    near = query.similar(words, open_collection(words, "words"), ["York"], k=2).hits
    assert [hit.id for hit in near] == ["United States of Test", "new"]
    told = [one.sentence for one in explain(words, open_collection(words, "words"), "king queen", hits)]
    assert told == ["rank 1 by similarity"] * 2  # as near as each other
    with pytest.raises(InputError, match="words contains words, which have no text to match"):
        query.search(words, open_collection(words, "words"), "king", mode="text")
    with pytest.raises(NotFoundError, match="words has no word 'qqq'"):
        query.similar(words, open_collection(words, "words"), ["qqq"])


def test_no_builder_reads_words(words: Connection, run: Run, path: str) -> None:
    vocabulary = datasets.get_dataset(words, "words_vocabulary")
    with pytest.raises(
        InputError, match="lsa reads documents, but words_vocabulary contains words: use another dataset"
    ):
        engine.build(words, vocabulary, registry.load().builder("lsa"), {})
    done = run("build", path, "words_vocabulary")
    assert done.exit_code == 1 and "No installed builder reads words" in done.stderr
    done = run("index", path, "words_vocabulary")
    assert done.exit_code == 1 and "is the vocabulary of imported vectors" in done.stderr
    done = run("ingest", "documents", path, "words_vocabulary", "-", "--format", "txt", input="text")
    assert done.exit_code == 1 and "already a table or view that ingest did not create" in done.stderr


def test_on_the_command_line(words: Connection, run: Run, path: str) -> None:
    done = run("search", path, "words", "king", "-k", "1")
    assert done.exit_code == 0 and done.stdout == "1  king  (similarity 1.00)\n"
    assert "imported" in run("collections", path).stdout and "words_vocabulary" in run("datasets", path).stdout
    assert run("doctor", path).exit_code == 0
    assert run("cluster", path, "words", "--clusters", "2").exit_code == 0
    assert run("duplicates", path, "words").exit_code == 0
    assert run("analogy", path, "words", "king", "queen", "York", "-k", "1").exit_code == 0
    assert run("odd-one-out", path, "words", "king", "York", "new").stdout.splitlines()[2].startswith("king")


def test_there_are_no_rows_to_take_in(words: Connection, run: Run, path: str) -> None:
    done = run("update", path, "words")
    assert done.exit_code == 1 and "`semsearch ingest vectors` with the same name replaces it" in done.stderr
    make_articles(words)
    assert run("build", path, "articles").exit_code == 0
    done = run("update", path)
    assert done.exit_code == 0 and "articles_lsa: up to date" in done.stderr and "words" not in done.stderr
    stale = {row["name"]: row["stale"] for row in json.loads(run("collections", path, "--json").stdout)}
    assert stale["words"] is None and stale["articles_lsa"] == 0


def test_evaluate_takes_the_publishers_order_for_the_commonest(words: Connection) -> None:
    assert open_vocabulary(words, "words").words[:2] == ["king", "queen"]
