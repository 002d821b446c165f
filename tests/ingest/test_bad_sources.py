"""Every bad source is one line that says what was found, and leaves the database as it was; or it is skipped."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semsearch.errors import InputError, NotFoundError, SemsearchError
from semsearch.ingest.documents import TextReader
from semsearch.ingest.load import Columns, Loaded, load_documents
from semsearch.ingest.sources import read_sources
from semsearch.storage.driver import Connection

Write = Callable[[str, "str | bytes"], str]
Load = Callable[..., Loaded]
Rows = Callable[..., list[tuple[Any, ...]]]
LONG = b"x" * (50 << 20)
TRUNCATED = gzip.compress(b"body\n" + b"".join(b"row %d\n" % n for n in range(9_000)))[:-400]

FILES = [
    pytest.param("a.txt", "moon é".encode("latin-1"), "is not utf-8, byte 0xe9 at position 5", id="wrong encoding"),
    pytest.param("a.csv", b"a\n" + b"x\n" * 50_000 + b"\xe9\n", "position 100002", id="wrong encoding far into a file"),
    pytest.param("a.txt", "moon".encode("utf-16-le"), "--encoding utf-16-le", id="utf-16 without a mark"),
    pytest.param("a.txt", "moon".encode("utf-16-be"), "--encoding utf-16-be", id="utf-16 of big ends"),
    pytest.param("a.txt", b"mo\0on", "NUL byte at position 2", id="NUL byte"),
    pytest.param("a.json", b'[{"a": "\0"}]', "NUL byte", id="NUL byte in json"),
    pytest.param("a.txt", LONG, "larger than 32 MB", id="a long document"),
    pytest.param("a.jsonl", b'{"a": "' + LONG + b'"}', "row at line 1 of", id="a long line of jsonl"),
    pytest.param("a.csv", b'a\n"' + LONG, "row at line 2 of", id="a long line of csv"),
    pytest.param(
        "a.csv", b'a\nx\n"' + (b"y" * 99 + b"\n") * 400_000, "Line 3 of", id="an unclosed quote before a long rest"
    ),
    pytest.param("a.json", b'[{"a": "' + LONG + b'"}]', "item longer than 32 MB", id="a long item of json"),
    pytest.param("a.txt", b" \n", "is empty", id="empty text"),
    pytest.param("a.html", b"<p></p>", "holds only tags", id="empty html"),
    pytest.param("a.csv", b"", "is empty", id="empty csv"),
    pytest.param("a.csv", b"a,b\n", "no rows", id="a header alone"),
    pytest.param("a.jsonl", b"\n", "is empty", id="empty jsonl"),
    pytest.param("a.json", b"", "is empty", id="empty json"),
    pytest.param("a.json", b"[]", "empty array", id="an empty array"),
    pytest.param("a.mbox", b"", "is empty", id="empty mbox"),
    pytest.param("a.json", b'{"a": 1}', "--format jsonl", id="json that is one object"),
    pytest.param("a.json", b"moon", "begins with 'm'", id="json that is not json"),
    pytest.param("a.json", b'[{"a": 1}, {"a" 2}]', "not JSON after item 1", id="bad json"),
    pytest.param("a.json", b'[{"a": 1}, {"a":', "not JSON after item 1", id="json that breaks off"),
    pytest.param("a.mbox", b"moon\n", "is not a mailbox", id="no mailbox"),
    pytest.param("a.csv.gz", TRUNCATED, "is truncated", id="truncated gzip"),
    pytest.param("a.csv.gz", b"body\nx\n", "not valid gzip", id="no gzip at all"),
    pytest.param("a.csv.gz", b"", "is empty", id="an empty gzip"),
]
ROWS = [
    pytest.param("a.csv", "body,b\nx,1\ny\nz,3\n", "Line 3 of {} has 1 cells, but the header has 2", id="ragged csv"),
    pytest.param("a.csv", 'body,b\nx,1\n"y"y,2\nz,3\n', "Line 3 of {} cannot be read as csv", id="bad quotes"),
    pytest.param("a.jsonl", '{"body": "x"}\n{"body"\n{"body": "z"}\n', "Line 2 of {} is not JSON", id="bad jsonl"),
    pytest.param("a.jsonl", '{"body": "x"}\n[1]\n{"body": "z"}\n', "Line 2 of {} is an array", id="jsonl of no object"),
    pytest.param(
        "a.jsonl", '{"body": "x"}\n{"a": ' + "[" * 99_999 + '\n{"body": "z"}\n', "Line 2 of {} cannot", id="deep jsonl"
    ),
    pytest.param(
        "a.jsonl",
        '{"body": "x"}\n{"body": "\\u0000"}\n{"body": "z"}\n',
        "'body' at line 2 of {} has a NUL",
        id="escaped NUL",
    ),
    pytest.param("a.json", '[{"body": "x"}, 7, {"body": "z"}]', "Item 2 of {} is a number", id="json of no object"),
]


def one_line(caught: pytest.ExceptionInfo[SemsearchError]) -> str:
    text = str(caught.value)
    assert "\n" not in text and len(text) < 600
    return text


@pytest.mark.parametrize(("name", "content", "message"), FILES)
def test_a_bad_file_is_an_error_and_nothing_is_written(
    write: Write, load: Load, rows: Rows, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        load(write(name, content))
    assert message in one_line(caught) and name in one_line(caught)
    assert rows("select name from sqlite_master") == []


# Skipping does not depend on how much there is to skip, so the large ones are tried once.
@pytest.mark.parametrize(("name", "content", "message"), [case for case in FILES if len(case.values[1]) < 1 << 20])
def test_a_bad_file_is_skipped_when_that_is_wished(
    write: Write, load: Load, rows: Rows, name: str, content: bytes, message: str
) -> None:
    whole = ".txt" in name or ".html" in name or ".mbox" in name
    good = write("z.txt", "moon") if whole else write("z.csv", "body\nmoon\n")
    loaded = load(write(name, content), good, skip_errors=True, columns=Columns(text=("body",) if whole else ()))
    assert loaded.skipped_count == 1 and message in loaded.skipped[0]
    if whole:
        assert rows("select body from docs") == [("moon",)]
    else:
        assert loaded.added >= 1


@pytest.mark.parametrize(("name", "content", "message"), ROWS)
def test_a_bad_row_is_an_error_that_names_its_place(
    write: Write, load: Load, rows: Rows, name: str, content: str, message: str
) -> None:
    path = write(name, content)
    with pytest.raises(InputError) as caught:
        load(path)
    assert message.format(path) in one_line(caught) and "--skip-errors" in one_line(caught)
    assert rows("select name from sqlite_master") == []


@pytest.mark.parametrize(("name", "content", "message"), ROWS)
def test_a_bad_row_is_skipped_and_the_others_keep_their_numbers(
    write: Write, load: Load, rows: Rows, name: str, content: str, message: str
) -> None:
    path = write(name, content)
    loaded = load(path, skip_errors=True)
    assert rows("select id, body from docs order by id") == [(1, "x"), (3, "z")]
    assert loaded.skipped_count == 1 and message.format(path) in loaded.skipped[0]


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        pytest.param("nowhere", {}, "no file or folder nowhere", id="no such path"),
        pytest.param("nowhere/*.txt", {}, "matches nowhere/*.txt", id="a pattern without match"),
        pytest.param("a.txt", {"format": "klingon"}, "choose one of txt, md, html", id="an unknown format"),
        pytest.param("a.txt", {"encoding": "klingon"}, "no encoding 'klingon'", id="an unknown encoding"),
        pytest.param("a.txt", {"encoding": "base64"}, "no encoding 'base64'", id="a codec of bytes"),
        pytest.param("a.bin", {}, "--format", id="an unknown suffix"),
        pytest.param(".", {"format": "mbox"}, "holds no file", id="a folder without such files"),
    ],
)
def test_a_source_that_cannot_be_opened_as_asked(
    write: Write, load: Load, monkeypatch: pytest.MonkeyPatch, source: str, options: Any, message: str
) -> None:
    write("a.bin", "moon")
    monkeypatch.chdir(Path(write("a.txt", "moon")).parent)
    with pytest.raises((InputError, NotFoundError)) as caught:
        load(source, **options)
    assert message in one_line(caught)


def test_a_file_that_vanishes_after_it_was_listed(write: Write, tmp_path: Path, db: Connection) -> None:
    write("d/a.txt", "moon")
    gone = write("d/b.txt", "sun")
    items = read_sources([str(tmp_path / "d")], {"txt": TextReader()})
    Path(gone).unlink()
    with pytest.raises(InputError) as caught:
        load_documents(db, "docs", items, source="d")
    assert "b.txt no longer exists" in one_line(caught)


def test_a_file_that_may_not_be_read(write: Write, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a.txt", "moon")

    def refused(*arguments: Any, **options: Any) -> None:  # the tests may run as root, who may read anything
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("semsearch.ingest.front_door.os.open", refused, raising=False)
    with pytest.raises(InputError, match="a.txt cannot be read .Permission denied.: check its permissions"):
        load(path)


def test_everything_skipped_is_an_error(write: Write, load: Load) -> None:
    with pytest.raises(InputError, match="everything was skipped; the first message is: .*is empty"):
        load(write("a.txt", ""), skip_errors=True)
