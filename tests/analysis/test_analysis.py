"""Near-duplicates that were planted are found and look-alikes are not; clusters find planted topics."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from click.testing import Result

from semsearch import registry
from semsearch.analysis import clusters, duplicates
from semsearch.building import build as engine
from semsearch.errors import InputError, NameTakenError
from semsearch.maths.counts import count_terms
from semsearch.maths.pairs import near_pairs, shared_words
from semsearch.maths.text import Analyzer
from semsearch.records import Dataset
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.planted import BREAD, SPACE, TOPICS, make_articles


@pytest.mark.parametrize("dim", [8, 150], ids=["fewer than the head", "more than the head"])
def test_pairs_are_those_of_all_products(dim: int) -> None:
    rng = np.random.default_rng(0)
    base = rng.standard_normal((400, dim)) * np.geomspace(1, 0.05, dim)
    near = base[:100] + 0.02 * rng.standard_normal((100, dim))
    vectors = np.vstack([base, near]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    i, j, cosines = near_pairs(vectors, 0.8)
    products = np.triu(vectors @ vectors.T, 1)
    expected = {(a, b) for a, b in zip(*np.nonzero(products >= 0.8), strict=True)}
    border = {(a, b) for a, b in zip(*np.nonzero(abs(products - 0.8) < 1e-5), strict=True)}  # float32 sums differ there
    assert set(zip(i.tolist(), j.tolist(), strict=True)) ^ expected <= border and len(expected) >= 100
    assert cosines == pytest.approx(products[i, j], abs=1e-5)


def test_no_pairs() -> None:
    i, j, cosines = near_pairs(np.eye(3, dtype=np.float32), 0.5)
    assert len(i) == len(j) == len(cosines) == 0


def test_words_in_common_are_counted_by_hand() -> None:
    counts = count_terms(["red red blue", "red blue green", "", "pink"], Analyzer(stem=False, stop=False)).matrix
    shares = shared_words(counts, np.array([0, 0, 2]), np.array([1, 3, 2]))
    assert shares.tolist() == pytest.approx([2 / 3, 0, 0])


def copies() -> tuple[tuple[str, str], ...]:
    """Both topics, with a copy of each document in which one word is changed, and another order of words."""
    changed = tuple((f"{title} again", body.replace(" the ", " zebra ", 1)) for title, body in TOPICS)
    return TOPICS + changed


def build(db: Connection, dataset: Dataset) -> None:
    engine.build(db, dataset, registry.load().builder("lsa"), {"dim": 8})


def test_planted_copies_are_found_and_other_texts_on_the_subject_are_not(db: Connection) -> None:
    build(db, make_articles(db, copies()))
    found = duplicates.duplicates(db, open_collection(db, "articles_lsa"), words=0.8)
    pairs = {(int(pair.one), int(pair.other)) for pair in found}
    changed = {row for row, (_, body) in enumerate(TOPICS, 1) if " the " in body}
    assert {(row, row + len(TOPICS)) for row in changed} <= pairs
    assert all(other - one == len(TOPICS) for one, other in pairs)
    assert all(pair.words is not None and pair.words >= 0.8 and pair.cosine >= 0.9 for pair in found)
    assert [pair.words for pair in found] == sorted((pair.words for pair in found), reverse=True)


def test_words_of_a_collection_have_cosines_only(db: Connection, articles: Dataset) -> None:
    engine.build(db, articles, registry.load().builder("lsa"), {"dim": 2})
    found = duplicates.duplicates(db, open_collection(db, "articles_lsa_words"), threshold=0.999)
    assert found and all(pair.words is None for pair in found)


@pytest.mark.parametrize(("threshold", "words"), [(0, 0.9), (1.5, 0.9), (0.9, -1)])
def test_shares_outside_their_range_are_refused(
    db: Connection, articles: Dataset, threshold: float, words: float
) -> None:
    build(db, articles)
    with pytest.raises(InputError, match="must be above 0 and at most 1, not"):
        duplicates.duplicates(db, open_collection(db, "articles_lsa"), threshold=threshold, words=words)


def test_clusters_are_the_planted_topics_and_named_by_them(db: Connection, articles: Dataset) -> None:
    engine.build(db, articles, registry.load().builder("lsa"), {"dim": 2})
    clustering = clusters.cluster(db, open_collection(db, "articles_lsa"), 2)
    clusters.write(db, clustering)
    found = clustering.clusters
    rows = db.execute("select id, cluster, label, similarity from articles_lsa_clusters order by id").fetchall()
    space, bread = rows[: len(SPACE)], rows[len(SPACE) :]
    assert len({row[1] for row in space}) == len({row[1] for row in bread}) == 1 and space[0][1] != bread[0][1]
    assert len(bread) == len(BREAD) and all(row[3] > 0.5 for row in rows)
    assert {"astronauts", "orbit", "launch", "moon", "earth", "rocket"} & set(space[0][2].split(", "))
    assert sum(one.count for one in found) == 12 and [one.number for one in found] == [1, 2]
    clusters.write(db, clustering)  # and the table is ours to replace


def test_no_more_clusters_than_distinct_vectors() -> None:
    matrix = np.repeat(np.eye(2, dtype=np.float32), 4, axis=0)
    labels, centres = clusters._k_means(matrix, 3, 0)
    assert len(centres) == 2 and sorted(np.bincount(labels).tolist()) == [4, 4]


def test_a_table_of_that_name_is_not_ours_to_replace(db: Connection, articles: Dataset) -> None:
    build(db, articles)
    db.execute("create table articles_lsa_clusters (mine)")
    with pytest.raises(NameTakenError, match="semsearch did not write"):
        clusters.write(db, clusters.cluster(db, open_collection(db, "articles_lsa"), 2))


@pytest.mark.parametrize("number", [0, 1, 13])
def test_impossible_numbers_of_clusters(db: Connection, articles: Dataset, number: int) -> None:
    build(db, articles)
    with pytest.raises(InputError, match="--clusters must be between 2 and 12"):
        clusters.cluster(db, open_collection(db, "articles_lsa"), number)


def test_commands(db: Connection, path: str, run: Callable[..., Result]) -> None:
    build(db, make_articles(db, copies()))
    pairs = json.loads(run("duplicates", path, "articles_lsa", "--min-overlap", "0.8", "--json").stdout)
    assert set(pairs[0]) == {"id", "title", "other", "other_title", "cosine", "similarity", "words"}
    assert pairs[0]["similarity"] == pairs[0]["cosine"] <= 1
    none = run("duplicates", path, "articles_lsa", "--min-overlap", "1", "--csv")
    assert none.exit_code == 0 and none.stdout.startswith("id,other,cosine,words")
    groups = json.loads(run("cluster", path, "articles_lsa", "--clusters", 2, "--json").stdout)
    assert [group["items"] for group in groups] == [12, 12]
    titles = {str(title) for (title,) in db.execute("select title from articles")}
    assert {group["nearest"] for group in groups} <= titles and {pairs[0]["title"], pairs[0]["other_title"]} <= titles
    assert run("drop", path, "articles_lsa").exit_code == 0
    assert db.execute("select count(*) from sqlite_master where name like '%clusters'").fetchone()[0] == 0


def test_update_names_the_tables_that_are_stale_after_it(
    db: Connection, articles: Dataset, path: str, run: Callable[..., Result]
) -> None:
    build(db, articles)
    assert run("cluster", path, "articles_lsa", "--clusters", 2).exit_code == 0
    assert "cluster" not in run("update", path).stderr
    db.execute("insert into articles (title, body) values ('Moon', 'a rocket flies to the moon')")
    stale = "articles_lsa_clusters was computed before this update: run `semsearch cluster` again"
    assert stale in run("update", path).stderr
    assert run("cluster", path, "articles_lsa", "--clusters", 2).exit_code == 0
    assert "cluster" not in run("update", path).stderr


def planted_groups(groups: int, each: int, dim: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around orthogonal centres in the first dimensions, with noise in all, and their groups."""
    rng = np.random.default_rng(0)
    of = np.repeat(np.arange(groups), each)
    matrix = noise * rng.standard_normal((len(of), dim)) / np.sqrt(dim)
    matrix[np.arange(len(of)), of] += 1
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32), of


@pytest.mark.parametrize("groups", [3, 5, 10])
def test_the_number_of_clusters_is_the_planted_one(groups: int) -> None:
    matrix, _ = planted_groups(groups, 60, 20, 0.5)
    assert clusters.choose_number(clusters.leading(matrix), 0) == groups


def test_leading_directions_keep_the_groups_and_drop_the_noise() -> None:
    matrix, of = planted_groups(6, 50, 400, 1.5)
    near = clusters.leading(matrix, 6)
    assert near.shape == (300, 6) and np.linalg.norm(near, axis=1) == pytest.approx(np.ones(300), abs=1e-5)
    same = of[:, None] == of

    def gap(rows: np.ndarray) -> float:
        products = rows @ rows.T
        return float(products[same].mean() - products[~same].mean())

    assert gap(near) > gap(matrix) + 0.3
    assert clusters.leading(matrix, 500) == pytest.approx(matrix, abs=1e-6)


def test_edited_and_cut_copies_share_about_nine_words_in_ten() -> None:
    """Of ten words one is changed: 9 of 10. Of ten words eight are left: 2 · 8 of 18."""
    counts = np.zeros((3, 11), np.float32)
    counts[0, :10] = 1
    counts[1, 1:11] = 1
    counts[2, :8] = 1
    found = shared_words(sp.csr_matrix(counts), np.array([0, 0]), np.array([1, 2]))
    assert found == pytest.approx([0.9, 16 / 18])
    assert found.min() > duplicates.WORDS
