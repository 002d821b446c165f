"""Edges from every format into tables; what they mean; and what is refused."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from semsearch.storage import connect, datasets

Run = Callable[..., Result]


def tables(path: str, graph: str = "g") -> tuple[list[tuple], list[tuple]]:
    """The rows of nodes and of edges."""
    with connect.reading(path) as db:
        nodes = db.execute(f"select * from {graph} order by id").fetchall()
        return nodes, db.execute(f"select * from {graph}_edges order by 1, 2").fetchall()


FORMATS = {
    "e.csv": "source,target,weight\na,b,2\nb,c,1\n",
    "e.tsv": "from\tto\tcount\na\tb\t2\nb\tc\t1\n",
    "plain.csv": "a,b,2\nb,c,1\n",
    "semicolon.csv": "a;b;2\nb;c;1\n",
    "e.jsonl": '{"source": "a", "target": "b", "weight": 2}\n[ "b", "c" ]\n',
    "e.edgelist": "# a comment\na b 2\n\nb  c 1\n",
    "e.txt": "a b 2\nb c\n",
    "other.csv": "weight,to,from\n2,b,a\n1,c,b\n",
    "repeats.csv": "a,b,1\na,b,1\nb,c,1\n",
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_graph(name: str, run: Run, path: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(FORMATS[name])
    done = run("ingest", "edges", path, "g", tmp_path / name)
    assert done.exit_code == 0, done.stderr
    assert tables(path) == ([("a",), ("b",), ("c",)], [("a", "b", 2.0), ("b", "c", 1.0)])
    assert "g: 3 nodes, 2 edges" in done.stderr


def test_adjacency_lists_gzipped_with_a_node_alone(run: Run, path: str, tmp_path: Path) -> None:
    (tmp_path / "g.adjlist.gz").write_bytes(gzip.compress(b"# nodes\n1 2 3\n2 3\n4\n"))
    assert run("ingest", "edges", path, "g", tmp_path / "g.adjlist.gz").exit_code == 0
    assert tables(path) == ([(1,), (2,), (3,), (4,)], [(1, 2, 1.0), (1, 3, 1.0), (2, 3, 1.0)])


def test_edges_all_given_from_both_ends_are_one_each(run: Run, path: str, tmp_path: Path) -> None:
    source = tmp_path / "g.adjlist"
    source.write_text("1 2 3\n2 1 10\n3 1\n10 2\n")
    done = run("ingest", "edges", path, "g", source)
    assert "All 3 edges are given in both directions: each is stored once" in done.stderr
    assert "4 nodes, 3 edges" in done.stderr
    assert tables(path)[1] == [(1, 2, 1.0), (1, 3, 1.0), (2, 10, 1.0)]
    assert "6 edges" in run("ingest", "edges", path, "g", source, "--directed").stderr
    source.write_text("1 2 3\n2 1 10\n3 1\n")  # one of them from one end alone: the others were given twice
    assert "5 edges" in run("ingest", "edges", path, "g", source).stderr


@pytest.mark.parametrize(
    ("text", "options", "said", "edges"),
    [
        ("source,target\na,b\n", [], "column names: 'source' and 'target' (--no-header", 1),
        ("a,b\nb,c\n", [], "read as an edge: 'a' and 'b' (--header", 2),
        ("name,other\n1,2\n2,3\n", [], "column names: 'name' and 'other'", 2),
        ("1,2\n2,3\n", [], "read as an edge: '1' and '2'", 2),
        ("x,y\na,b\n", ["--header"], "1 edge", 1),
        ("source,target\na,b\n", ["--no-header"], "2 edges", 2),
        ("x,y\na,b\n", ["--source", "y", "--target", "x"], "1 edge", 1),
    ],
)
def test_a_header_is_found_out_and_said(
    text: str, options: list[str], said: str, edges: int, run: Run, path: str, tmp_path: Path
) -> None:
    (tmp_path / "e.csv").write_text(text)
    done = run("ingest", "edges", path, "g", tmp_path / "e.csv", *options)
    assert said in done.stderr and len(tables(path)[1]) == edges
    if "y" in options:
        assert tables(path)[1] == [("b", "a", 1.0)]


def test_what_is_worth_saying_is_said(run: Run, path: str, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("A,a,1\na,b,2\na,b,3\nc,c,1\n")
    done = run("ingest", "edges", path, "g", tmp_path / "e.csv", "--directed")
    assert "'A' and 'a' differ only in case: they are two nodes" in done.stderr
    assert "1 edge was given more than once" in done.stderr and "1 edge leads from a node to itself" in done.stderr
    assert tables(path)[1] == [("A", "a", 1.0), ("a", "b", 5.0), ("c", "c", 1.0)]
    with connect.reading(path) as db:
        dataset = datasets.get_dataset(db, "g")
    assert dataset.kind == "graph" and dataset.edges is not None and dataset.edges.directed


def test_nodes_bring_attributes_and_may_stand_alone(run: Run, path: str, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("1,2\n2,9\n")
    (tmp_path / "people.csv").write_text("id,name,age\n1,Ann,30\n2,Bob,40\n3,Eve,50\n")
    done = run("ingest", "edges", path, "g", tmp_path / "e.csv", "--nodes", tmp_path / "people.csv")
    assert "1 node of an edge is missing in --nodes" in done.stderr
    assert tables(path)[0] == [(1, "Ann", 30), (2, "Bob", 40), (3, "Eve", 50), (9, None, None)]
    with connect.reading(path) as db:
        assert datasets.get_dataset(db, "g").title_column == "name"


def test_reading_again_replaces_the_edges(run: Run, path: str, tmp_path: Path) -> None:
    for text in ("a,b\nb,c\n", "a,d\n"):
        (tmp_path / "e.csv").write_text(text)
        assert run("ingest", "edges", path, "g", tmp_path / "e.csv").exit_code == 0
    assert tables(path) == ([("a",), ("b",), ("c",), ("d",)], [("a", "d", 1.0)])


BAD = {
    "an edge to nothing": ("a,b\nc,\n", "The edge at line 2 of e.csv has no target"),
    "one cell": ("a,b\nc\n", "Line 2 of e.csv has 1 cell"),
    "negative": ("a,b,1\nb,c,-2\n", "The edge at line 2 of e.csv has the weight '-2'"),
    "nan": ("a,b,1\nb,c,nan\n", "The edge at line 2 of e.csv has the weight 'nan'"),
    "no number": ("a,b,1\nb,c,much\nc,d,1\n", "has the weight 'much'"),
    "empty": ("", "e.csv is empty"),
    "a header alone": ("source,target\n", "holds no edge"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_edges_are_refused_by_their_line(what: str, run: Run, path: str, tmp_path: Path) -> None:
    text, said = BAD[what]
    (tmp_path / "e.csv").write_text(text)
    done = run("ingest", "edges", path, "g", tmp_path / "e.csv")
    assert (
        done.exit_code == 1 and said in done.stderr.replace(f"{tmp_path}/", "") and len(done.stderr.splitlines()) == 1
    )


def test_bad_rows_can_be_left_out(run: Run, path: str, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("a,b,1\nb,c,-2\n,c,1\n")
    done = run("ingest", "edges", path, "g", tmp_path / "e.csv", "--skip-errors")
    assert done.exit_code == 0 and done.stderr.count("Skipped:") == 2
    assert tables(path)[1] == [("a", "b", 1.0)]


@pytest.fixture
def people(run: Run, path: str) -> str:
    """People and the grants they worked on: 1 and 2 share two, 3 shares one with both, 4 none."""
    with connect.writing(path, create=True) as db:
        db.execute("create table people (id integer primary key, name text)")
        db.executemany("insert into people values (?, ?)", [(1, "Ann"), (2, "Bob"), (3, "Eve"), (4, "Max")])
        db.execute("create table worked_on (person integer references people, grant_id text)")
        db.executemany(
            "insert into worked_on values (?, ?)",
            [(1, "x"), (2, "x"), (1, "y"), (2, "y"), (3, "y"), (4, "z"), (1, "y")],
        )
    return path


def test_people_are_joined_by_the_grants_they_share(people: str, run: Run) -> None:
    before = Path(people).stat().st_size
    done = run(
        "ingest", "edges", people, "people", "--table", "worked_on", "--source", "person", "--through", "grant_id"
    )
    assert done.exit_code == 0 and "which stays unchanged" in done.stderr and before
    done = run("build", "netmf", people, "people", "--window", "1")
    assert done.exit_code == 0, done.stderr
    assert "1 node has no vector, because it has no edge to another node" in done.stderr
    hits = run("similar", people, "people_netmf", "3", "--csv").stdout
    assert "Ann" in hits and "Bob" in hits and "Max" not in hits


def test_two_columns_of_keys_are_edges_in_place(people: str, run: Run) -> None:
    with connect.writing(people) as db:
        db.execute("create table knows (a integer, b integer, how_well real)")
        db.executemany("insert into knows values (?, ?, ?)", [(1, 2, 1), (2, 3, 0.5), (3, 99, 1)])
    done = run("ingest", "edges", people, "people", "--table", "knows", "--weight", "how_well")
    assert done.exit_code == 0 and "the columns 'a' and 'b' of 'knows'" in done.stderr
    assert run("build", "prone", people, "people").exit_code == 0
    with connect.writing(people) as db:
        db.execute("update knows set how_well = -1 where a = 2")
    done = run("build", "prone", people, "people")
    assert done.exit_code == 1 and "The edge 2, 3 of knows has the how_well -1.0" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [("a,a\n", "has 1 node: at least two"), ("a,a\nb,b\n", "no edge joins two different nodes")],
)
def test_a_graph_with_nothing_to_learn_from_says_so(text: str, said: str, run: Run, path: str, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(text)
    assert run("ingest", "edges", path, "g", tmp_path / "e.csv").exit_code == 0
    done = run("build", path, "g")
    assert done.exit_code == 1 and said in done.stderr


@pytest.mark.parametrize("builder", ["netmf", "prone", "deepwalk", "node2vec"])
def test_a_directed_cycle_without_exit_is_built(builder: str, run: Run, path: str, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("".join(f"n{at},n{(at + 1) % 12}\n" for at in range(12)))
    assert run("ingest", "edges", path, "g", tmp_path / "e.csv", "--directed").exit_code == 0
    done = run("build", builder, path, "g")
    assert done.exit_code == 0, done.stderr
    hits = run("similar", path, f"g_{builder}", "n0", "-k", "4", "--csv").stdout
    assert "n1" in hits or "n11" in hits


def test_a_table_of_edges_that_is_not_ours_stays(run: Run, path: str, tmp_path: Path) -> None:
    with connect.writing(path, create=True) as db:
        db.execute("create table g_edges (mine text)")
    (tmp_path / "e.csv").write_text("a,b\n")
    done = run("ingest", "edges", path, "g", tmp_path / "e.csv")
    assert done.exit_code == 1 and "already a table or view of yours" in done.stderr
