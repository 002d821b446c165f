"""Maps: near items stay near, the same seed gives the same places, and an update moves no item."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import semsearch
from semsearch.errors import BuildError, CapabilityError, InputError, NameTakenError
from semsearch.maths import map_groups, projection
from semsearch.maths.neighbours import nearest_rows
from semsearch.storage.connect import writing
from tests.planted import BREAD, SPACE, sentences


@pytest.fixture
def library(tmp_path: Path) -> semsearch.Database:
    db = semsearch.open(tmp_path / "my.db", create=True)
    rows = [
        {
            "id": number,
            "theme": "space" if number <= 24 else "bread",
            "body": f"{body} mark{number % 5} sign{number % 7}",
        }
        for number, (_, body) in enumerate(SPACE * 4 + BREAD * 4, 1)
    ]
    db.ingest("articles", rows, text=["body"], id="id")
    db.build("articles", "lsa", dim=8)
    return db


def blobs(n: int = 300, groups: int = 4, dim: int = 16) -> np.ndarray:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((groups, dim))[np.arange(n) % groups] + 0.3 * rng.standard_normal((n, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def apart(places: np.ndarray, groups: int = 4) -> bool:
    """Whether items of a group are nearer to its middle than the middles are to each other."""
    of = np.arange(len(places)) % groups
    middles = np.stack([places[of == group].mean(axis=0) for group in range(groups)])
    inside = np.linalg.norm(places - middles[of], axis=1).mean()
    between = np.linalg.norm(middles[:, None] - middles, axis=2)[np.triu_indices(groups, 1)].min()
    return bool(between > 2 * inside)


@pytest.mark.parametrize("method", ["pca", "umap", "tsne"])
def test_planted_groups_are_apart_and_a_seed_repeats_them(method: projection.Method) -> None:
    if method != "pca":
        pytest.importorskip(projection._MODULES[method])
    vectors = blobs()
    neighbours = nearest_rows(vectors, 15)
    places, used = projection.project(vectors, neighbours, method, 3)
    assert used == method and places.min() >= 0 and places.max() <= 1
    assert apart(places) or method == "pca"
    assert (projection.project(vectors, neighbours, method, 3)[0] == places).all()


@pytest.mark.parametrize(("n", "k"), [(2, 15), (3, 15), (9, 2)])
def test_few_items_are_placed_by_principal_components(n: int, k: int) -> None:
    vectors = blobs(n)
    places, used = projection.project(vectors, nearest_rows(vectors, k), "umap", 0)
    assert used == "pca" and np.isfinite(places).all() and len(np.unique(places, axis=0)) == n


def test_equal_items_are_in_the_middle() -> None:
    vectors = np.repeat(blobs(1), 40, axis=0)
    places, used = projection.project(vectors, nearest_rows(vectors, 5), "umap", 0)
    assert used == "pca" and (places == 0.5).all()
    assert map_groups.group(places, 0).finest.max() == 0


def test_places_that_are_not_finite_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("umap")
    vectors = blobs(50)
    monkeypatch.setattr(projection, "_by_umap", lambda start, neighbours, seed: np.full(start.shape, np.nan))
    with pytest.raises(BuildError, match="places that are not finite"):
        projection.project(vectors, nearest_rows(vectors, 5), "umap", 0)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, library: semsearch.Database) -> None:
    monkeypatch.setattr(projection, "find_spec", lambda name: None)
    with pytest.raises(
        CapabilityError, match=r"needs the package umap-learn: `pip install 'datasette-semsearch\[map\]'`"
    ):
        library.map("articles_lsa", "umap")
    assert library.map("articles_lsa").method == "pca"


def test_levels_of_groups_are_nested() -> None:
    rng = np.random.default_rng(0)
    places = rng.random((6, 2))[np.arange(3_000) % 6] + 0.02 * rng.standard_normal((3_000, 2))
    grouping = map_groups.group(places, 0)
    counts = [len(np.unique(level)) for level in grouping.levels]
    assert counts[0] < counts[1] < counts[2] == 75
    for above, below in zip(grouping.levels, grouping.levels[1:], strict=False):
        assert len({(a, b) for a, b in zip(above.tolist(), below.tolist(), strict=True)}) == len(np.unique(below))
    sizes = np.bincount(grouping.of_level(0))
    assert (np.diff(sizes) <= 0).all()


def test_groups_are_named_by_their_words(library: semsearch.Database) -> None:
    made = library.map("articles_lsa", "pca")
    names = {group.number: group.label for group in made.groups if group.level == 3}
    space = {"orbit", "astronauts", "moon", "earth", "launch", "rocket"}
    bread = {"dough", "flour", "yeast", "bakers", "oven", "water", "salt"}
    for key, cluster in zip(made.keys, made.clusters.tolist(), strict=True):
        words = set(names[cluster].split(", "))
        assert words & (space if int(key) <= 24 else bread)


def test_an_update_places_new_rows_and_moves_no_other(library: semsearch.Database) -> None:
    library.map("articles_lsa", "pca")
    before = {row["id"]: row for row in library.sql("select * from articles_lsa_map")}
    with writing(library.path) as db:
        db.execute("insert into articles (id, body) values (100, 'a rocket in orbit around the moon')")
        db.execute("delete from articles where id = 3")
        db.execute("update articles set body = 'bakers knead dough with flour' where id = 5")
        db.commit()
    assert library.update().refreshed["articles_lsa_map"] == 3
    after = {row["id"]: row for row in library.sql("select * from articles_lsa_map")}
    assert after.keys() == before.keys() - {3} | {100}
    assert all(after[id] == before[id] for id in after.keys() - {5, 100})
    middle = {
        side: np.mean([[r["x"], r["y"]] for r in before.values() if (r["id"] <= 24) == side], axis=0) for side in (0, 1)
    }
    for id, side in ((100, 1), (5, 0)):
        place = np.array([after[id]["x"], after[id]["y"]])
        assert np.linalg.norm(place - middle[side]) < np.linalg.norm(place - middle[1 - side])
    assert library.update().refreshed == {}


def test_a_rebuild_leaves_the_map_stale(library: semsearch.Database, run: Callable[..., Result]) -> None:
    library.map("articles_lsa", "pca")
    library.build("articles", "lsa", dim=5)
    done = run("update", library.path)
    assert "articles_lsa_map was computed before this update: run `semsearch map` again" in done.output


def test_words_nodes_and_imports_have_maps(tmp_path: Path) -> None:
    db = semsearch.open(tmp_path / "my.db", create=True)
    db.ingest("texts", [{"id": n, "body": text} for n, text in enumerate(sentences(), 1)], text=["body"], id="id")
    db.build("texts", "pmi", dim=6)
    made = db.map("texts_pmi", "pca")
    assert all(group.label for group in made.groups)
    edges = tmp_path / "edges.csv"
    edges.write_text("source,target\n" + "".join(f"n{i},n{(i + d) % 20}\n" for i in range(20) for d in (1, 2)))
    db.ingest_edges("ring", str(edges))
    db.build("ring", "netmf", dim=4)
    assert db.map("ring_netmf", "pca").groups[0].label.startswith("n")


def test_bad_input(library: semsearch.Database) -> None:
    with pytest.raises(InputError, match="--method must be pca, umap or tsne, not 'mds'"):
        library.map("articles_lsa", "mds")
    with writing(library.path) as db:
        db.execute("create table articles_lsa_map (mine)")
        db.commit()
    with pytest.raises(NameTakenError, match="that semsearch did not write"):
        library.map("articles_lsa")


def test_the_command_says_what_it_wrote(library: semsearch.Database, run: Callable[..., Result]) -> None:
    done = run("map", library.path, "articles_lsa", "--method", "pca")
    assert "Wrote the table articles_lsa_map: 48 documents by pca, in 3 groups" in done.output
    library.drop("articles_lsa")
    assert not library.sql("select name from sqlite_master where name like 'articles_lsa%'")
