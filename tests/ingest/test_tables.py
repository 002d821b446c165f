"""Delimited rows: delimiters, quotes, headers and types, as docs/ingest.md says."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from semsearch.errors import InputError
from semsearch.ingest.base import Fault, ReadOptions, Remark, TableOptions
from semsearch.ingest.column_types import ColumnType
from semsearch.ingest.header import distinct_names
from semsearch.ingest.load import Columns, Loaded
from semsearch.ingest.readers import builtin_readers
from semsearch.records import Item

READERS = {reader.name: reader for reader in builtin_readers()}
Write = Callable[[str, "str | bytes"], str]
Load = Callable[..., Loaded]


def read(name: str, content: str | bytes, **table: Any) -> list[Any]:
    raw = content.encode() if isinstance(content, str) else content
    return list(READERS[name].read(io.BytesIO(raw), ReadOptions("a.x", "a.x", table=TableOptions(**table))))


def rows(results: list[Any]) -> list[dict[str, Any]]:
    return [dict(one.columns) for one in results if isinstance(one, Item)]


def messages(results: list[Any], kind: type) -> str:
    return "\n".join(one.message for one in results if isinstance(one, kind))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            "id;price (EUR, gross);body\n1;10,50;x\n",
            {"id": 1, "price (EUR, gross)": "10,50", "body": "x"},
            id="; with commas",
        ),
        pytest.param('"id";"t, long";"b"\n1;B;f\n', {"id": 1, "t, long": "B", "b": "f"}, id="; and quotes"),
        pytest.param("id\tname, first\tb\n1\tDoe, Ann\tx\n", {"id": 1, "name, first": "Doe, Ann", "b": "x"}, id="tabs"),
        pytest.param("sep=;\nid;t;b\n1;B;f\n", {"id": 1, "t": "B", "b": "f"}, id="sep="),
        pytest.param("sep=^\nid^t\n1^B\n", {"id": 1, "t": "B"}, id="sep= of any character"),
        pytest.param("id|b\n1|x, y; z\n", {"id": 1, "b": "x, y; z"}, id="bars"),
        pytest.param("id,b\n1,x; y; z\n2,x; y; z\n", {"id": 1, "b": "x; y; z"}, id="commas, with ; in texts"),
        pytest.param("body\nx\n", {"body": "x"}, id="one column"),
        pytest.param("body\nx, y\nz\n", None, id="one column with a comma is a ragged row"),
        pytest.param("\n\n id , b \n1,x\n", {"id": 1, "b": "x"}, id="blank lines and spaces"),
    ],
)
def test_the_delimiter_is_the_one_that_fits_all_lines(content: str, expected: dict[str, Any] | None) -> None:
    results = read("csv", content)
    if expected is None:
        assert "has 2 cells, but the header has 1" in messages(results, Fault)
    else:
        assert rows(results)[0] == expected


def test_a_guessed_delimiter_is_said() -> None:
    assert messages(read("csv", "a;b\n1;2\n"), Remark) == "The cells of a.x are separated by ';', as line 1 shows"
    assert messages(read("csv", "sep=;\na;b\n1;2\n"), Remark) == "Line 1 of a.x names the delimiter, ';'"
    assert messages(read("csv", "a,b\n1,2\n"), Remark) == ""


@pytest.mark.parametrize(
    ("name", "content", "bodies", "faults"),
    [
        pytest.param(
            "csv", 'id,b\n1,one\n2,"open\n3,three\n4,four\n', ["one", "three", "four"], "Line 3", id="never closed"
        ),
        pytest.param("csv", 'id,b\n1,one\n2,"a\nb"\n3,c\n', ["one", "a\nb", "c"], "", id="over lines"),
        pytest.param("csv", 'id,b\n1,"x"y\n2,z\n', ["z"], "Line 2", id="text behind a quote"),
        pytest.param("csv", 'id,b\n1,say "yes" now\n', ['say "yes" now'], "", id="inside a cell"),
        pytest.param(
            "tsv",
            'id\tb\n1\t"open\n2\ttwo"\n3\tthree\n',
            ['"open', 'two"', "three"],
            "",
            id="tsv, closed in another row",
        ),
        pytest.param("tsv", 'id\tb\n1\t"open\n2\ttwo\n', ['"open', "two"], "", id="tsv, never closed"),
        pytest.param("tsv", 'id\tb\n1\t"a\nb"\n2\ttwo\n', ["a\nb", "two"], "", id="tsv, over lines"),
        pytest.param("tsv", 'id\tb\n1\t"a\tb"\n', ["a\tb"], "", id="tsv, a tab in quotes"),
    ],
)
def test_an_open_quote_spoils_its_own_row_only(name: str, content: str, bodies: list[str], faults: str) -> None:
    results = read(name, content)
    assert [row["b"] for row in rows(results)] == bodies
    assert bool(messages(results, Fault)) == bool(faults) and faults in messages(results, Fault)
    assert ("Quotes that do not match" in messages(results, Remark)) == any(
        '"' in body for body in bodies if name == "tsv"
    )


def test_rows_swallowed_by_quotes_that_happen_to_match_are_mentioned() -> None:
    results = read("csv", 'id,a,b\n1,x,"open\n2,x,y\n3,x,close"\n4,x,z\n')
    assert "1 quoted cells span lines that look like rows, from line 2 of a.x on" in messages(results, Remark)


def test_many_open_quotes_take_no_quadratic_time() -> None:
    results = READERS["csv"].read(io.BytesIO(b"a,b\n" + b'a",",\n' * 400_000), ReadOptions("a.x", "a"))
    with pytest.raises(InputError, match="quotes of a.x do not match from line"):
        list(results)


@pytest.mark.parametrize(
    ("content", "has_header"),
    [
        (
            '"3","Fears for pensions","Unions say they are disappointed"\n"4","The race is on","Toronto, Canada"\n',
            False,
        ),
        ("1,2.5\n2,3.5\n", False),
        ("id,body\n1,x\n", True),
        ("name,price\nx,1\ny,2\n", True),
        ("country,1990,1991,1992\nfr,1,2,3\nde,4,5,6\n", True),
        ("a,b\nx,y\n", True),
        ("positive,a film\nnegative,no film\npositive,one more\n", False),
        (f"{'long text ' * 9},x\n{'more text ' * 9},y\n", False),
        ("text,label\ntext,label\n", True),
    ],
)
def test_a_table_without_header_is_recognised_and_said(content: str, has_header: bool) -> None:
    results = read("csv", content)
    assert len(rows(results)) == content.count("\n") - has_header
    assert ("was read as a row" in messages(results, Remark)) == (not has_header)
    assert (list(rows(results)[0])[0] == "column_1") == (not has_header)


def test_header_and_columns_overrule_the_guess() -> None:
    content = "1,one\n2,two\n"
    assert rows(read("csv", content, header=True)) == [{"1": 2, "one": "two"}]
    named = read("csv", content, columns=("id", "body"))
    assert rows(named) == [{"id": 1, "body": "one"}, {"id": 2, "body": "two"}] and not messages(named, Remark)
    replaced = read("csv", "key,value\nx,1\n", columns=("id", "n"))
    assert rows(replaced) == [{"id": "x", "n": 1}] and "replaced by --columns" in messages(replaced, Remark)
    assert rows(read("csv", "key,value\nx,y\n", header=False)) == [
        {"column_1": "key", "column_2": "value"},
        {"column_1": "x", "column_2": "y"},
    ]
    with pytest.raises(InputError, match="--columns names 1 columns, but line 1 of a.x has 2 cells"):
        read("csv", content, columns=("id",))
    assert rows(read("csv", "3,x\n4,y\n", expected=("X",))) == [{"3": 4, "x": "y"}]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (["", "a", ""], ["column_1", "a", "column_3"]),
        (["a", "A", "a"], ["a", "A_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["two\nlines", " x "], ["two lines", "x"]),
        (["", "column_1"], ["column_2", "column_1"]),
    ],
)
def test_every_column_gets_its_own_name(names: list[str], expected: list[str]) -> None:
    assert distinct_names(names)[0] == expected


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", "0"], int),
        (["1", "-0"], None),
        (["1", "007"], None),
        (["1", "2.5"], float),
        (["1.50", "12.00"], float),
        (["1.50", "12.0"], None),
        (["3.9", "3.10"], None),
        (["1e5"], None),
        (["1e+20", "2.5"], float),
        (["2e308"], None),
        (["1" * 18], int),
        (["1" * 18, "2.5"], None),
        (["1" * 19], None),
        (["0.1", "0.30000000000000004"], float),
        (["123456789012345.67"], float),
        (["1,5"], None),
        (["nan"], None),
        (["１"], None),
        ([], None),
    ],
)
def test_a_column_is_numeric_if_no_cell_loses_anything(cells: list[str], kind: type | None) -> None:
    for step in (1, 2, 1_000):
        column = ColumnType()
        for start in range(0, len(cells), step):
            column.see(cells[start : start + step])
        assert column.cast is kind


def test_any_order_of_cells_gives_the_same_type() -> None:
    rng = random.Random(5)
    pool = ["1", "-2", "0", "2.5", "1.50", "3.10", "1e5", "1e-05", "007", "x", "9" * 17, "9" * 20]
    for _ in range(300):
        cells = rng.choices(pool, k=rng.randint(1, 5))
        kinds = set()
        for _ in range(4):
            rng.shuffle(cells)
            column = ColumnType()
            for cell in cells:
                column.see([cell])
            kinds.add(column.cast)
        assert len(kinds) == 1, cells


def test_more_columns_than_a_table_has() -> None:
    with pytest.raises(InputError, match="Line 1 of a.x has 300,001 cells, but a table may have 2,000 columns"):
        read("csv", "a," * 300_000 + "b\n1\n")


def test_html_in_text_columns_is_removed_and_counted(write: Write, load: Load, db: Any) -> None:
    path = write("a.csv", 'id,title,body,code\n1,R&amp;D,"<p>one <b>two</b></p>",<b>\n2,List<String>,a < b,x\n')
    loaded = load(path)
    assert list(db.execute("select title, body, code from docs order by id")) == [
        ("R&D", "one two", "<b>"),
        ("List<String>", "a < b", "x"),
    ]
    said = "\n".join(loaded.remarks)
    assert "removed from 1 cell of 'body' (--keep-html keeps them)" in said and "1 cell of 'title'" in said
    load(path, name="kept", columns=Columns(keep_html=True))
    assert db.execute("select body from kept where id = 1").fetchone() == ("<p>one <b>two</b></p>",)


def test_the_options_of_the_command_line(run: Callable[..., Result], path: str, write: Write) -> None:
    source = write("a.csv", "3,moon rocket\n4,bread oven\n5,star\n")
    done = run("ingest", "documents", path, "d", source, "--columns", "code, body", "--id", "code", "--limit", 2)
    assert done.exit_code == 0 and "d: 2 added" in done.stderr and "Only the first 2 items" in done.stderr
    failed = run("ingest", "documents", path, "e", source, "--limit", 0)
    assert failed.exit_code == 1 and "--limit must be at least 1" in failed.stderr
    edges = run("ingest", "edges", path, "g", source, "--columns", "target,source", "--limit", 1)
    assert edges.exit_code == 0 and "g: 2 nodes, 1 edge" in edges.stderr
