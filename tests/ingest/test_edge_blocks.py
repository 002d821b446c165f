"""Edges read many lines at a time are those read one by one, and what is wrong is named by its line all the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from semsearch.errors import InputError
from semsearch.ingest.base import EdgeBlock, Fault
from semsearch.ingest.edge_list import EdgeList, differing_in_case
from semsearch.ingest.edgefiles import EdgeColumns, edge_readers
from semsearch.ingest.sources import read_sources
from semsearch.records import Item
from semsearch.storage import connect

Run = Callable[..., Result]
SEPARATED = {"csv": ",", "tsv": "\t", "edgelist": " "}


def lines(mark: str, n: int = 9000) -> list[str]:
    """Edges with a weight, more than fit one chunk of decoded text."""
    rng = np.random.default_rng(0)
    return [f"n{a}{mark}ü{b}{mark}{w / 4}" for a, b, w in rng.integers(0, 3000, (n, 3)).tolist()]


def read(path: Path, *, in_blocks: bool) -> tuple[list[tuple[str, str, float]], list[str], int]:
    """The edges, the messages and the number of blocks."""
    columns = EdgeColumns(in_blocks=in_blocks)
    edges, said, blocks = [], [], 0
    for result in read_sources([str(path)], edge_readers(columns)):
        if isinstance(result, EdgeBlock):
            edges += zip(result.sources, result.targets, result.weights.tolist(), strict=True)
            blocks += 1
        elif isinstance(result, Item):
            edges.append((result.columns["source"], result.columns["target"], result.columns["weight"]))
        else:
            said.append(result.message.replace(str(path.parent), ""))
    return edges, said + columns.remarks, blocks


SPOILED = {
    "nothing": lambda mark, row: row,
    "a blank line": lambda mark, row: "",
    "a comment": lambda mark, row: "# a comment",
    "quotes": lambda mark, row: f'"a{mark}b"{mark}c{mark}1' if mark != " " else row,
    "a quote never closed": lambda mark, row: f'"a{mark}b',
    "one cell": lambda mark, row: "alone",
    "a fourth cell": lambda mark, row: f"{row}{mark}more",
    "no weight": lambda mark, row: row.rpartition(mark)[0],
    "an empty weight": lambda mark, row: f"a{mark}b{mark}",
    "an empty end": lambda mark, row: f"{mark}b{mark}1",
    "a blank end": lambda mark, row: f"  {mark}b{mark}1",
    "spaces around": lambda mark, row: f" a {mark} b\x1f{mark} 2 ",
    "a negative weight": lambda mark, row: f"a{mark}b{mark}-1",
    "no number": lambda mark, row: f"a{mark}b{mark}nan",
    "an endless number": lambda mark, row: f"a{mark}b{mark}1e999",
    "a decimal comma": lambda mark, row: f"a{mark}b{mark}1,5",
    "attributes": lambda mark, row: f"a{mark}b{mark}{{'weight': 3}}",
}


@pytest.mark.parametrize("suffix", SEPARATED)
@pytest.mark.parametrize("spoiled", SPOILED)
def test_blocks_hold_what_single_rows_hold(suffix: str, spoiled: str, tmp_path: Path) -> None:
    mark = SEPARATED[suffix]
    rows = lines(mark)
    for place in (60, 4321, 8999):  # in the first block, in a later one, at the end
        rows[place] = SPOILED[spoiled](mark, rows[place])
    (tmp_path / f"e.{suffix}").write_text("\n".join(rows), encoding="utf-8")
    edges, said, blocks = read(tmp_path / f"e.{suffix}", in_blocks=True)
    single, heard, none = read(tmp_path / f"e.{suffix}", in_blocks=False)
    assert edges == single and said == heard
    assert (spoiled == "a quote never closed" or blocks > 0) and none == 0


def test_a_bad_line_far_below_is_named(run: Run, path: str, tmp_path: Path) -> None:
    rows = lines(",")
    rows[8000] = "a,b,much"
    (tmp_path / "e.csv").write_text("\n".join(rows), encoding="utf-8")
    done = run("ingest", "edges", path, "g", tmp_path / "e.csv")
    assert done.exit_code == 1 and "The edge at line 8001 of" in done.stderr and "'much'" in done.stderr
    done = run("ingest", "edges", path, "g", tmp_path / "e.csv", "--skip-errors")
    assert done.exit_code == 0 and done.stderr.count("Skipped:") == 1 and "edges" in done.stderr


def test_a_limit_counts_edges(run: Run, path: str, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("\n".join(f"{at},{at + 1}" for at in range(9000)))
    done = run("ingest", "edges", path, "g", tmp_path / "e.csv", "--limit", "7000")
    assert done.exit_code == 0 and "7,001 nodes, 7,000 edges" in done.stderr


def test_repeated_edges_are_added_up_and_mirrored_ones_folded() -> None:
    edges = EdgeList()
    edges.add(["10", "2", "2"], ["2", "10", "2"], [1.0, 2.0, 5.0])
    edges.add(["10"], ["2"], [1.0])
    edges.add_node("7")
    undirected = edges.merged(directed=False)
    assert list(undirected.keys) == [2, 7, 10]  # integers by value
    assert [undirected.repeated, undirected.loops, undirected.folded] == [1, 1, 1]
    assert undirected.source.tolist() == [0, 0] and undirected.target.tolist() == [0, 2]
    assert undirected.weight.tolist() == [5.0, 2.0]
    directed = edges.merged(directed=True)
    assert directed.folded == 0 and directed.weight.tolist() == [5.0, 2.0, 2.0]
    edges.add(["7"], ["2"], [1.0])  # from one end alone: the others were given twice
    assert edges.merged(directed=False).folded == 0
    nothing = EdgeList().merged(directed=False)
    assert not nothing.keys and not len(nothing.weight)


def test_text_keys_stay_text_and_case_is_noticed() -> None:
    edges = EdgeList()
    edges.add(["b", "Ä", "01"], ["a", "ä", "1"], [1.0, 1.0, 1.0])
    keys = edges.merged(directed=False).keys
    assert list(keys) == ["01", "1", "a", "b", "Ä", "ä"] and differing_in_case(keys) == ("Ä", "ä")
    assert differing_in_case([1, 2]) is None and differing_in_case(["a", "b"]) is None


def test_ids_that_sqlite_reads_as_one_integer_are_one(run: Run, path: str, tmp_path: Path) -> None:
    with connect.writing(path, create=True) as db:
        db.execute("create table people (id integer primary key, name text)")
        db.executemany("insert into people values (?, ?)", [(1, "Ann"), (2, "Bob")])
    (tmp_path / "e.csv").write_text("1,2,1\n01,2,2\nx,2,1\n")
    done = run("ingest", "edges", path, "people", tmp_path / "e.csv")
    assert done.exit_code == 0, done.stderr
    with connect.reading(path) as db:
        assert db.execute("select * from people_edges order by 1").fetchall() == [(1, 2, 3.0), ("x", 2, 1.0)]


def test_faults_of_single_rows_are_faults(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("a,b\nc\n")
    found = list(read_sources([str(tmp_path / "e.csv")], edge_readers(EdgeColumns(in_blocks=True))))
    assert any(isinstance(result, Fault) for result in found)
    with pytest.raises(InputError, match="empty"):
        (tmp_path / "none.csv").write_text("")
        found = list(read_sources([str(tmp_path / "none.csv")], edge_readers(EdgeColumns())))
        raise InputError(next(result.message for result in found if isinstance(result, Fault)))
