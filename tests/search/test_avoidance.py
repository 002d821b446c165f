"""A word that avoids itself in planted texts, the split of its PMI into left and right vectors, and whole counts."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest

from semsearch import registry
from semsearch.building import build
from semsearch.errors import InputError
from semsearch.search import avoidance, whole_counts
from semsearch.storage import connect, datasets, keys
from semsearch.storage.collections import open_collection

WINDOW = 2
COMPANY = ("red", "blue", "green")


def texts() -> list[str]:
    """`lone` is frequent, twice within a window only in the first text; the colours keep to themselves and to it."""
    rng = np.random.default_rng(0)
    return ["lone lone red", *(" ".join([*rng.choice(COMPANY, 3), "lone", *rng.choice(COMPANY, 3)]) for _ in range(90))]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("lone") / "lone.db")
    with connect.writing(path, create=True) as db:
        db.execute("create table says (id integer primary key, body text)")
        db.executemany("insert into says (body) values (?)", [(text,) for text in texts()])
        with connect.transaction(db):
            dataset = datasets.register(db, keys.shape_of(db, "says"), text_columns=["body"])
        options = {"dim": 2, "min_count": 1, "window": WINDOW}
        pmi = registry.load(entry_points=False).builder("pmi")
        build.build(db, dataset, pmi, options)
        build.build(db, dataset, pmi, options | {"distance_weighting": "flat"}, how=build.BuildOptions(name="flat"))
        connect.checkpoint(db)
    return path


def by_hand() -> Counter[tuple[str, str]]:
    """Pairs of positions at most WINDOW apart, in both orders."""
    counts: Counter[tuple[str, str]] = Counter()
    for text in texts():
        words = text.split()
        for i, j in product(range(len(words)), repeat=2):
            if i != j and abs(i - j) <= WINDOW:
                counts[words[i], words[j]] += 1
    return counts


def test_whole_counts_are_those_counted_by_hand(file):
    counts, words = by_hand(), ("lone", *COMPANY)
    with connect.reading(file) as db:
        opened = open_collection(db, "says_pmi")
        table = whole_counts.whole_counts(db, opened, words)
        assert whole_counts.weighs_by_distance(db, opened)
        assert not whole_counts.weighs_by_distance(db, open_collection(db, "flat"))
    expected = [[counts[a, b] for b in words] for a in words]
    assert table.words == words and table.counts.tolist() == expected
    totals = {a: sum(n for (first, _), n in counts.items() if first == a) for a in words}
    chance = [[totals[a] * totals[b] / counts.total() for b in words] for a in words]
    np.testing.assert_allclose(table.expected, chance)
    np.testing.assert_allclose(table.pmi, np.log(np.array(expected) / chance))


def test_too_many_tokens_are_refused_with_the_build_that_helps(file, monkeypatch):
    monkeypatch.setattr(whole_counts, "MAX_TOKENS", 10)
    with connect.reading(file) as db, pytest.raises(InputError, match="--distance-weighting flat"):
        whole_counts.whole_counts(db, open_collection(db, "says_pmi"), ["lone"])


def test_the_example_is_the_word_that_avoids_itself(file):
    with connect.reading(file) as db:
        found = avoidance.self_avoiding(db, open_collection(db, "flat").collection)
    assert found is not None and found.words[0] == "lone" and found.words[1] in COMPANY
    assert found.counts[0, 0] == by_hand()["lone", "lone"] == 2 < found.expected[0, 0]
    assert found.split.M[0, 0] == pytest.approx(np.log(2 / found.expected[0, 0])) and found.split.M[0, 0] < 0
    assert found.split.eigenvalues[1] < 0 < found.split.left[0] @ found.split.left[0]
    np.testing.assert_allclose(found.split.left @ found.split.right.T, found.split.M, atol=1e-12)


def test_a_matrix_of_scalar_products_needs_no_right_vectors():
    vectors = np.random.default_rng(0).normal(size=(3, 3))
    split = avoidance.split_matrix(vectors @ vectors.T)
    assert (split.eigenvalues > 0).all()
    np.testing.assert_allclose(split.left, split.right)
