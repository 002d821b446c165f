"""Items become rows: keys, columns, guesses, updates, and nothing at all after an error."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from semsearch.errors import InputError, NameTakenError, NotFoundError
from semsearch.ingest.base import Fault
from semsearch.ingest.load import Columns, Loaded, load_documents
from semsearch.records import Item
from semsearch.storage.datasets import all_datasets, get_dataset
from semsearch.storage.driver import Connection

Write = Callable[[str, "str | bytes"], str]
Load = Callable[..., Loaded]
Rows = Callable[..., list[tuple[Any, ...]]]


def counts(loaded: Loaded) -> tuple[int, int, int]:
    return loaded.added, loaded.updated, loaded.unchanged


def test_documents_have_id_title_body_and_source(write: Write, load: Load, rows: Rows, db: Connection) -> None:
    path = write("moon.md", "# The moon\nfar away")
    loaded = load(path)
    assert rows() == [("moon.md", "The moon", "# The moon\nfar away", path)]
    assert (counts(loaded), loaded.remarks) == ((1, 0, 0), [])
    dataset = get_dataset(db, "docs")
    assert dataset == loaded.dataset
    assert (dataset.key_columns, dataset.key_kind) == (("id",), "text")
    assert (dataset.text_columns, dataset.title_column) == (("body",), "title")
    assert (dataset.made_by, dataset.source) == ("ingest", "moon.md")


@pytest.mark.parametrize(
    ("file", "columns", "key", "expected"),
    [
        pytest.param(("a.csv", "id,t\n7,x\n"), {}, "id", (7, "x"), id="a column id of integers"),
        pytest.param(("a.csv", "id,t\n007,x\n"), {}, "id", ("007", "x"), id="a column id with leading zeros"),
        pytest.param(("a.csv", "t,_ID\nx,7\n"), {}, "_ID", (7, "x"), id="a column _id in capitals"),
        pytest.param(("a.csv", "id,k,t\n7,a,x\n"), {"id": "k"}, "k", ("a", 7, "x"), id="--id"),
        pytest.param(("a.csv", "id,K,t\n7,a,x\n"), {"id": "k"}, "K", ("a", 7, "x"), id="--id in another case"),
        pytest.param(("a.csv", "k,t\n1.5,x\n"), {"id": "k"}, "k", ("1.5", "x"), id="--id of fractions is text"),
        pytest.param(("a.jsonl", '{"id": 7, "t": "x"}'), {}, "id", (7, "x"), id="json integers"),
        pytest.param(
            ("a.jsonl", '{"id": "7", "t": "x"}'), {}, "id", ("7", "x"), id="json text that looks like integers"
        ),
        pytest.param(("a.csv", "t\nx\n"), {}, "id", (1, "x"), id="numbered rows"),
    ],
)
def test_keys_of_rows(
    write: Write, load: Load, rows: Rows, file: tuple[str, str], columns: dict[str, Any], key: str, expected: Any
) -> None:
    loaded = load(write(*file), columns=Columns(text=("t",), **columns))
    assert rows() == [expected]
    assert loaded.dataset.key_columns == (key,)
    assert loaded.dataset.key_kind == ("integer" if isinstance(expected[0], int) else "text")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param("id,t\n1,x\n,y\n", ["line 3 of", "has no value in 'id'"], id="empty id"),
        pytest.param("id,t\n1,x\n2,y\n1,z\n", ["The id 1", "line 2", "line 4", "--id"], id="repeated id"),
        pytest.param(
            "id,t\n1,x\n" + "".join(f"{n},x\n" for n in range(2, 9)) + ",y\n", ["line 10", "has no value"], id="late"
        ),
    ],
)
def test_bad_ids_name_their_places_and_are_skipped_on_wish(
    write: Write, load: Load, content: str, found: list[str]
) -> None:
    path = write("a.csv", content)
    with pytest.raises(InputError) as caught:
        load(path)
    assert all(part in str(caught.value) for part in found)
    loaded = load(path, skip_errors=True)
    assert (loaded.skipped_count, loaded.added) == (1, content.count("\n") - 2)


def test_an_id_repeated_in_another_source_of_the_same_command(write: Write, load: Load) -> None:
    first, second = write("a.csv", "id,t\n1,x\n"), write("b.csv", "id,t\n1,y\n")
    with pytest.raises(InputError) as caught:
        load(first, second)
    assert f"line 2 of {first}" in str(caught.value) and f"line 2 of {second}" in str(caught.value)


def test_running_again_updates_by_key_and_never_duplicates(write: Write, load: Load, rows: Rows) -> None:
    path = write("a.csv", "id,t,zip\n1,moon,00501\n2,sun,2\n")
    assert counts(load(path)) == (2, 0, 0)
    assert counts(load(path)) == (0, 0, 2)
    write("a.csv", "id,t,zip\n1,moon,00501\n2,star,\n3,comet,3\n")
    assert counts(load(path)) == (1, 1, 1)
    assert rows() == [(1, "moon", "00501"), (2, "star", None), (3, "comet", "3")]


def test_columns_that_appear_later_are_added(write: Write, load: Load, rows: Rows) -> None:
    lines = ['{"t": "early"}'] * 1_500 + ['{"t": "late", "n": 1.5, "deep": {"a": [1]}, "Big": 123456789012345678901}']
    load(write("a.jsonl", "\n".join(lines)))
    assert rows("select id, t, n, deep, Big from docs where n is not null") == [
        (1501, "late", 1.5, '{"a": [1]}', "123456789012345678901")
    ]
    assert load(write("a.jsonl", "\n".join(lines))).unchanged == 1_501


def test_digits_are_not_lost_when_a_column_of_numbers_turns_out_to_be_codes(
    write: Write, load: Load, rows: Rows
) -> None:
    path = write("a.csv", "t,zip,n\n" + "x,10001,1\n" * 1_000 + "x,00501,2\n")
    load(path)
    assert rows("select zip, n, typeof(n) from docs where id in (1, 1001)") == [
        ("10001", 1, "integer"),
        ("00501", 2, "integer"),
    ]
    assert load(path).unchanged == 1_001


def test_a_table_that_was_there_keeps_its_types_and_a_remark_says_what_that_did(write: Write, load: Load) -> None:
    path = write("a.csv", "id,t,zip\n1,x,10001\n")
    load(path)
    write("a.csv", "id,t,zip\n1,x,10001\n2,x,00501\n")
    assert any("docs.zip holds numbers: text such as '00501'" in remark for remark in load(path).remarks)


@pytest.mark.parametrize(
    ("header", "row", "columns", "text", "title"),
    [
        pytest.param("name,body,note", "n,b,a longer note", {}, ("body",), "name", id="by name"),
        pytest.param("a,b", "x,longer text", {}, ("b",), None, id="the longest"),
        pytest.param("title,n", "only text,1", {}, ("title",), None, id="a title alone is the text"),
        pytest.param("Title,Text", "a,b", {}, ("Text",), "Title", id="any case"),
        pytest.param("body,a,b", "x,y,z", {"text": ("a", "B")}, ("a", "b"), None, id="--text"),
        pytest.param("title,body,c", "x,y,z", {"title": "c"}, ("body",), "c", id="--title"),
        pytest.param("body,c", "x,y", {"label": "body"}, ("c",), None, id="never the label"),
    ],
)
def test_text_and_title_are_guessed_and_said(
    write: Write, load: Load, header: str, row: str, columns: Any, text: Any, title: str | None
) -> None:
    loaded = load(write("a.csv", f"{header}\n{row}\n"), columns=Columns(**columns))
    assert (loaded.dataset.text_columns, loaded.dataset.title_column) == (text, title)
    said = " ".join(loaded.remarks)
    assert (f"column {text[0]!r} was chosen as the text" in said) == ("text" not in columns)
    assert "The row number in the source is the key" in said


def test_a_changed_choice_of_columns_is_respected_and_kept(write: Write, load: Load) -> None:
    path = write("a.csv", "id,body,note,kind\n1,x,y,z\n")
    assert load(path).dataset.text_columns == ("body",)
    chosen = load(path, columns=Columns(text=("note",), title="body", label="kind")).dataset
    assert (chosen.text_columns, chosen.title_column, chosen.label_column) == (("note",), "body", "kind")
    kept = load(path).dataset
    assert (kept.text_columns, kept.title_column, kept.label_column) == (("note",), "body", "kind")


@pytest.mark.parametrize("columns", [{"text": ("no",)}, {"title": "no"}, {"label": "no"}, {"id": "no"}], ids=str)
def test_a_column_that_is_not_there(write: Write, load: Load, rows: Rows, columns: Any) -> None:
    with pytest.raises(NotFoundError, match="no column 'no': it has .*body, kind"):
        load(write("a.csv", "body,kind\nx,y\n"), columns=Columns(**columns))
    assert rows("select name from sqlite_master") == []


@pytest.mark.parametrize("made", ["table docs (a)", "table DOCS (a)", "view docs as select 1"], ids=str)
def test_a_table_or_view_of_that_name(write: Write, load: Load, db: Connection, made: str) -> None:
    db.execute(f"create {made}")
    with pytest.raises(NameTakenError, match="ingest table"):
        load(write("a.txt", "moon"))


@pytest.mark.parametrize("name", ["", "_semsearch_docs", "sqlite_docs", "a\nb"], ids=repr)
def test_a_name_that_cannot_be(write: Write, load: Load, name: str) -> None:
    with pytest.raises(InputError, match="cannot be a name"):
        load(write("a.txt", "moon"), name=name)


@pytest.mark.parametrize(
    ("second", "columns", "message"),
    [
        pytest.param("t\ny\n", {}, "would overwrite them: give --id", id="numbered rows of another source"),
        pytest.param("k,t\na,y\n", {"id": "k"}, "'docs' is keyed by id, this source by k", id="another key column"),
        pytest.param("id,t\na,y\n", {}, "'a', but earlier rows have whole numbers", id="another kind of key"),
    ],
)
def test_sources_whose_keys_do_not_meet(write: Write, load: Load, second: str, columns: Any, message: str) -> None:
    load(write("a.csv", "t\nx\n"))
    with pytest.raises(InputError) as caught:
        load(write("b.csv", second), columns=Columns(**columns))
    assert message in str(caught.value)


def test_rows_left_from_a_longer_source_are_mentioned(write: Write, load: Load) -> None:
    load(write("a.csv", "t\nx\ny\nz\n"))
    assert "2 rows of an earlier, longer version of the source stay in 'docs'" in load(write("a.csv", "t\nx\n")).remarks


def test_documents_and_rows_do_not_mix(write: Write, load: Load) -> None:
    with pytest.raises(InputError, match="mixes whole documents and table rows, from line 2 of .*b.csv on"):
        load(write("a.txt", "moon"), write("b.csv", "id,t\n1,x\n"))


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError], ids=["ctrl-c", "a bug in a reader"])
def test_whatever_stops_an_ingest_leaves_the_file_as_it_was(
    db: Connection, rows: Rows, stop: type[BaseException]
) -> None:
    load_documents(db, "docs", [Item("a", {"body": "moon"})], source="s")

    def items() -> Iterator[Item]:
        yield from (Item(str(n), {"body": "sun", "extra": n}) for n in range(3_000))
        raise stop

    with pytest.raises(stop):
        load_documents(db, "docs", items(), source="s")
    assert rows() == [("a", "moon")]
    assert not db.in_transaction
    assert [dataset.name for dataset in all_datasets(db)] == ["docs"]


def test_no_items_at_all(db: Connection) -> None:
    with pytest.raises(InputError, match="nothing to ingest"):
        load_documents(db, "docs", [], source="s")
    assert all_datasets(db) == []


@pytest.mark.parametrize("limit", [3_000, 20_000], ids=["few", "many"])
def test_progress_is_reported_and_memory_does_not_grow_with_the_source(db: Connection, limit: int) -> None:
    steps: list[int] = []
    items = (Item(None, {"id": f"key {n}", "body": f"text {n} " * 20}, f"line {n}") for n in range(limit))
    tracemalloc.start()
    try:
        load_documents(db, "docs", items, source="s", report=lambda step, total, **metrics: steps.append(step))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert steps == list(range(1_000, limit + 1, 1_000))
    assert peak < 4 << 20  # a batch of 1,000 such rows takes about 1 MB; 20,000 of them would take 10


def test_messages_about_what_was_skipped_are_bounded_but_counted(db: Connection) -> None:
    faults = [Fault(f"fault {n}", is_row=True) for n in range(5_000)]
    loaded = load_documents(db, "docs", [*faults, Item(None, {"t": "moon"}, "x")], source="s", skip_errors=True)
    assert (len(loaded.skipped), loaded.skipped_count) == (1_000, 5_000)


@pytest.mark.parametrize(
    "row", [{"a": "x", "A": "y"}, {"a": "x", "": "y"}, {"a": "x", "b\n": "y"}], ids=["case", "empty", "control"]
)
def test_field_names_that_cannot_be_columns(db: Connection, row: dict[str, str]) -> None:
    with pytest.raises(InputError, match="column"):
        load_documents(db, "docs", [Item(None, row, "line 1")], source="s")


def test_half_a_surrogate_pair_is_replaced(write: Write, load: Load, rows: Rows) -> None:
    load(write("a.jsonl", r'{"t": "a\ud800b \ud83d\ude00"}'))
    assert rows("select t from docs") == [("a\ufffdb \U0001f600",)]


def test_more_columns_than_sqlite_allows(db: Connection) -> None:
    wide = Item(None, {f"c{n}": "x" for n in range(2_500)}, "line 1")
    with pytest.raises(InputError, match="2,501 columns, SQLite allows 2,000"):
        load_documents(db, "docs", [wide], source="s")


def test_many_columns_are_compared_at_once(db: Connection) -> None:
    for expected in ((1, 0, 0), (0, 0, 1)):
        wide = Item(None, {f"c{n}": "x" for n in range(1_500)}, "line 1")
        assert counts(load_documents(db, "docs", [wide], source="s")) == expected
