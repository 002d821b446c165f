"""A node's surroundings against the whole graph read at once: ties, suggestions, common neighbours, the picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from semsearch.building import corpora
from semsearch.errors import InputError
from semsearch.maths.graphs import adjacency
from semsearch.maths.layout import fit_without_overlap, stress_layout
from semsearch.maths.links import MIN_SIMILARITY
from semsearch.search import graph
from semsearch.storage import connect, datasets, node_edges
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection

Run = Callable[..., Result]
N = 80
HUB = 0


def planted(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two circles of forty, weights 0 to 3, an edge given twice, both ways, and to itself; node 0 knows everybody."""
    of = np.arange(N) % 2
    source, target = np.nonzero(rng.random((N, N)) < np.where(of[:, None] == of, 0.12, 0.01))
    source, target = np.append(source, np.zeros(N, int)), np.append(target, np.arange(N))
    return source, target, rng.integers(0, 4, len(source)).astype(float)


def ingested(run: Run, path: str, folder: Path, how: str) -> None:
    source, target, weight = planted(np.random.default_rng(1))
    lines = [f"{a},{b},{w:g}" for a, b, w in zip(source, target, weight, strict=True)]
    if how in ("undirected", "directed"):
        (folder / "e.csv").write_text("source,target,weight\n" + "\n".join(lines))
        done = run("ingest", "edges", path, "g", folder / "e.csv", *(["--directed"] if how == "directed" else []))
    else:  # a table in place, which has no index and no types
        with connect.writing(path, create=True) as db:
            db.execute("create table g (id integer primary key, name text)")
            db.executemany("insert into g values (?, ?)", [(node, f"node {node}") for node in range(N)])
            db.execute("create table knows (one, other, much)")
            rows = [(int(a), str(b), w) for a, b, w in zip(source, target, weight, strict=True)]
            db.executemany(
                "insert into knows values (?, ?, ?)", [*rows, (3, "1000", 1), (None, "3", 1), (3, "4", None)]
            )
        columns = ["--through", "other"] if how == "through" else ["--target", "other", "--weight", "much"]
        done = run("ingest", "edges", path, "g", "--table", "knows", "--source", "one", *columns)
    assert done.exit_code == 0, done.stderr
    assert run("build", "netmf", path, "g", "--dim", "8").exit_code == 0


@pytest.fixture(params=["undirected", "directed", "in place", "through"])
def built(request: pytest.FixtureRequest, run: Run, path: str, tmp_path: Path) -> str:
    ingested(run, path, tmp_path, request.param)
    return path


def whole(db: Connection) -> tuple[list[str], np.ndarray]:
    """Every node's key, and all weights (n, n) in the direction of the edges, as builders read them."""
    dataset = datasets.get_dataset(db, "g")
    assert dataset.edges is not None
    found = corpora.graph(db, dataset, None, list(datasets.read_items(db, dataset)))
    A = adjacency(found.source, found.target, found.weight, len(found), directed=not dataset.edges.through)
    return list(found.keys), A.toarray()


def test_ties_are_those_of_the_whole_graph(built: str) -> None:
    with connect.reading(built) as db:
        dataset = datasets.get_dataset(db, "g")
        keys, A = whole(db)
        for row in (HUB, 3, 50):
            for tie in (found := node_edges.ties_of(db, dataset, keys[row])):
                place = keys.index(tie.key)
                assert tie.there == pytest.approx(A[row, place], rel=1e-6)  # the matrix is float32
                assert dataset.edges.through or tie.back == pytest.approx(A[place, row], rel=1e-6)
            assert {tie.key for tie in found} == {keys[place] for place in np.flatnonzero(A[row] + A[:, row])}
            assert [tie.weight for tie in found] == sorted((tie.weight for tie in found), reverse=True)


def test_edges_between_are_those_of_the_whole_graph(built: str) -> None:
    with connect.reading(built) as db:
        keys, A = whole(db)
        some, others = set(keys[:9]), set(keys[5:40])
        edges = datasets.get_dataset(db, "g").edges
        assert edges is not None
        here = [(keys[i], keys[j]) for i, j in zip(*np.nonzero(A), strict=True)]
        wanted = {(a, b) for a, b in here if (a in some and b in others) or (b in some and a in others)}
        found = {(a, b) for a, b in node_edges.joined_between(db, edges, some, others) if {a, b} <= set(keys)}
        assert found == wanted


def test_suggested_are_the_nearest_that_are_not_joined_with_their_common_neighbours(built: str) -> None:
    with connect.reading(built) as db:
        keys, A = whole(db)
        joined = (A + A.T) > 0
        for id in ("3", "50"):
            found, row = graph.around(db, open_collection(db, "g_netmf"), id), keys.index(id)
            everyone = graph.similar(db, open_collection(db, "g_netmf"), [id], k=N).hits
            similar = [hit for hit in everyone if hit.score >= MIN_SIMILARITY]
            apart = [str(hit.id) for hit in similar if not joined[row, keys.index(str(hit.id))]]
            assert [one.key for one in found.suggested] == apart[:8]
            assert [one.key for one in found.nearest] == [str(hit.id) for hit in everyone[:8]]
            assert found.degree == joined[row].sum()
            for one in (*found.drawn, *found.nearest):
                place = keys.index(one.key)
                assert (one.tie is not None) == joined[row, place]
                assert one.shared == (joined[row] & joined[place]).sum()
                assert all(joined[row, keys.index(key)] and joined[place, keys.index(key)] for key in one.common)
                assert len(one.common) == min(one.shared, 6)
                rank = next((at for at, hit in enumerate(everyone, 1) if str(hit.id) == one.key), None)
                assert one.rank in (None, rank) and one.hit.row["id"] == one.hit.id


def test_a_hub_is_drawn_with_as_many_as_fit_and_its_nearest_neighbours_first(built: str) -> None:
    with connect.reading(built) as db:
        keys, A = whole(db)
        found = graph.around(db, open_collection(db, "g_netmf"), str(HUB), drawn=20)
        joined = (A + A.T)[keys.index(str(HUB))] > 0
        assert found.degree == joined.sum() > 40 and len(found.drawn) <= 19
        assert [one.rank for one in found.neighbours] == sorted(one.rank or N for one in found.neighbours)
        drawn = {str(HUB), *(one.key for one in found.drawn)}
        assert all({a, b} <= drawn for a, b in found.edges)
        centre = {a if b == str(HUB) else b for a, b in found.edges if str(HUB) in (a, b)}
        assert centre == {one.key for one in found.neighbours}


def test_a_node_without_a_vector_still_has_its_neighbours(run: Run, path: str, tmp_path: Path) -> None:
    ingested(run, path, tmp_path, "in place")
    with connect.writing(path) as db:
        db.execute("insert into g values (500, 'new'), (501, 'alone')")
        db.execute("insert into knows values (500, '7', 2)")
        found = graph.around(db, open_collection(db, "g_netmf"), "500")
        assert [(one.key, one.tie.weight) for one in found.neighbours if one.tie] == [("7", 2.0)]
        assert found.nearest == found.suggested == () and "no vector" in (found.remark or "")
        assert graph.around(db, open_collection(db, "g_netmf"), "501").drawn == ()
        db.execute("insert into knows values (500, '8', -1)")
        assert "500, 8 of knows has the much -1" in (
            graph.around(db, open_collection(db, "g_netmf"), "500").remark or ""
        )
        db.execute("drop table knows")
        found = graph.around(db, open_collection(db, "g_netmf"), "3")
        assert len(found.nearest) == 8 and "knows is gone" in (found.remark or "")


def test_only_nodes_have_neighbours(db: Connection, articles: object) -> None:
    from semsearch import registry
    from semsearch.building import build

    build.build(db, articles, registry.load(entry_points=False).builder("lsa"), {"dim": 2})
    with pytest.raises(InputError, match="articles_lsa contains documents, not nodes"):
        graph.around(db, open_collection(db, "articles_lsa"), "1")


def test_a_path_is_laid_out_in_a_row_and_a_ring_around_its_middle() -> None:
    path = np.eye(6, k=1) + np.eye(6, k=-1) > 0
    X = stress_layout(path)
    apart = np.linalg.norm(X[:, None] - X[None], axis=2)
    assert apart[0, 5] == apart.max() and (np.diff(apart[0, :4]) > 0).all()
    star = np.zeros((7, 7), bool)
    star[0, 1:] = star[1:, 0] = True
    X = stress_layout(star)
    assert np.allclose(np.linalg.norm(X[1:] - X[0], axis=1), np.linalg.norm(X[1] - X[0]), rtol=0.1)  # rounds end early


def test_boxes_do_not_overlap_and_stay_inside() -> None:
    rng = np.random.default_rng(0)
    boxes = np.stack([half := rng.uniform(15, 60, 40), np.full(40, 25.0), half, np.full(40, 11.0)], axis=1)
    X = fit_without_overlap(rng.standard_normal((40, 2)), boxes, (960, 640))
    low, high = X - boxes[:, :2], X + boxes[:, 2:]
    assert (low >= -1e-9).all() and (high <= [960 + 1e-9, 640 + 1e-9]).all()
    overlap = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    deep = np.triu((overlap > 2).all(axis=2), 1)  # pushing ends before the last pixel
    assert not deep.any()
    assert fit_without_overlap(np.zeros((1, 2)), boxes[:1], (960, 640)).tolist() == [[480, 327]]
