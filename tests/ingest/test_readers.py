"""Each reader finds what was planted in a small source, compressed or not."""

from __future__ import annotations

import gzip
import io
from typing import Any

import pytest

from semsearch.ingest.base import Fault, ReadOptions
from semsearch.ingest.readers import builtin_readers, register_readers
from semsearch.records import Item

READERS = {reader.name: reader for reader in builtin_readers()}


def read(name: str, content: str | bytes, **options: Any) -> list[Item | Fault]:
    raw = content.encode() if isinstance(content, str) else content
    return list(READERS[name].read(io.BytesIO(raw), ReadOptions("a.x", "a.x", "a", **options)))


def columns(name: str, content: str | bytes, **options: Any) -> list[dict[str, Any]]:
    return [dict(item.columns) for item in read(name, content, **options) if isinstance(item, Item)]


NAMES = ["txt", "md", "html", "csv", "tsv", "json", "jsonl", "mbox", "eml", "pdf", "docx", "pptx", "xlsx", "odt", "rtf"]
NAMES += ["epub", "msg", "zip", "tar", "code"]


def test_the_hook_registers_every_reader_under_its_own_name_and_suffixes() -> None:
    registered: list[Any] = []
    register_readers(registered.append)
    suffixes = [suffix for reader in registered for suffix in reader.suffixes]
    assert [reader.name for reader in registered] == NAMES
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize(
    ("name", "content", "title", "body"),
    [
        pytest.param("txt", "moon\r\nrocket\r\n", "a", "moon\nrocket\n", id="txt takes its file's name and \\n"),
        pytest.param("txt", b"\xef\xbb\xbfmoon", "a", "moon", id="txt loses its byte order mark"),
        pytest.param("md", "intro\n\n## Moon ##\ntext", "Moon", "intro\n\n## Moon ##\ntext", id="md with a # heading"),
        pytest.param("md", "Moon\n====\ntext", "Moon", "Moon\n====\ntext", id="md with an underlined heading"),
        pytest.param("md", "```\n# no\n```\n# Yes\n", "Yes", "```\n# no\n```\n# Yes\n", id="md skips code fences"),
        pytest.param("md", "---\na: b\n---\n# Yes", "Yes", "---\na: b\n---\n# Yes", id="md skips front matter"),
        pytest.param("md", "no heading", "a", "no heading", id="md without heading takes the file's name"),
        pytest.param(
            "html",
            "<head><title>Moon &amp; Sun</title><style>p{}</style></head><p>one<p>t<b>w</b>o<script>x</script>",
            "Moon & Sun",
            "one\ntwo",
            id="html drops style and script and breaks at blocks",
        ),
        pytest.param(
            "html", "<h1>Moon\n rise</h1><div>text</div>", "Moon rise", "Moon rise\ntext", id="html with an h1"
        ),
        pytest.param("html", "<head><title>T</title><p>kept", "T", "kept", id="html whose head is never closed"),
        pytest.param("html", "<td>a</td><td>b</td><br>c", "a", "a b\nc", id="html cells stay apart"),
    ],
)
def test_a_document_is_one_item(name: str, content: str | bytes, title: str, body: str) -> None:
    assert read(name, content) == [Item("a.x", {"title": title, "body": body, "source": "a.x"}, "a.x")]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        pytest.param(
            "csv", 'a,b\r\n1,"x, ""y"""\r\n2,\r\n', [{"a": 1, "b": 'x, "y"'}, {"a": 2, "b": None}], id="quotes"
        ),
        pytest.param("csv", "\ufeffa\nx\n\ny", [{"a": "x"}, {"a": "y"}], id="bom and blank lines"),
        pytest.param("csv", 'a,b\nx,"two\nlines"\n', [{"a": "x", "b": "two\nlines"}], id="a line end inside quotes"),
        pytest.param("csv", "a;b\nx;1,5\n", [{"a": "x", "b": "1,5"}], id="semicolons"),
        pytest.param("csv", "a,b\r1,x\r2,y\r", [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], id="old Mac line ends"),
        pytest.param("csv", "zip\n00501\n10001\n", [{"zip": "00501"}, {"zip": "10001"}], id="leading zeros stay text"),
        pytest.param("csv", "n\n1\n-2\n", [{"n": 1}, {"n": -2}], id="integers"),
        pytest.param("csv", "n\n1\n2.5\n1e-05\n", [{"n": 1.0}, {"n": 2.5}, {"n": 1e-05}], id="floats"),
        pytest.param("csv", "n\n1.50\n12.00\n", [{"n": 1.5}, {"n": 12.0}], id="prices"),
        pytest.param("csv", "n\n3.9\n3.10\n", [{"n": "3.9"}, {"n": "3.10"}], id="versions stay text"),
        pytest.param("csv", "n\n1\n+2\n", [{"n": "1"}, {"n": "+2"}], id="a plus sign is no number"),
        pytest.param("csv", f"n\n{10**20}\n", [{"n": str(10**20)}], id="beyond 64 bits stays text"),
        pytest.param("tsv", "a\tb\n1\tx,y\n", [{"a": 1, "b": "x,y"}], id="tsv"),
        pytest.param("jsonl", '{"a": 1}\r\n\n{"b": [2]}', [{"a": 1}, {"b": [2]}], id="jsonl"),
        pytest.param("jsonl", '{"a": NaN}', [{"a": None}], id="jsonl with the NaN of pandas"),
        pytest.param("json", ' [{"a": 1.5, "b": "é"}, {"a": 2}] ', [{"a": 1.5, "b": "é"}, {"a": 2}], id="json"),
    ],
)
def test_rows_have_no_key_and_the_values_of_the_source(name: str, content: str, expected: list[dict[str, Any]]) -> None:
    items = read(name, content)
    assert [dict(item.columns) for item in items if isinstance(item, Item)] == expected
    assert {item.key for item in items if isinstance(item, Item)} == {None}


def test_numbers_are_judged_by_all_rows() -> None:
    content = "n,m,v\n" + "1,1.5,3.9\n" * 5_000 + "007,n/a,3.10\n5,2.5,2e308\n"
    found = columns("csv", content)
    assert [found[0], *found[-2:]] == [
        {"n": "1", "m": "1.5", "v": "3.9"},
        {"n": "007", "m": "n/a", "v": "3.10"},
        {"n": "5", "m": "2.5", "v": "2e308"},
    ]


@pytest.mark.parametrize("name", ["txt", "csv", "json", "jsonl"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_read_when_it_is_named(name: str, encoding: str) -> None:
    content = {"txt": "café", "csv": "t\ncafé\n", "json": '[{"t": "café"}]', "jsonl": '{"t": "café"}'}[name]
    assert "café" in columns(name, content.encode(encoding), encoding=encoding)[0].values()


def test_places_name_the_line_where_a_row_begins() -> None:
    items = read("csv", 'a,b\n1,"two\nlines"\n2,x\n')
    assert [item.place for item in items if isinstance(item, Item)] == ["line 2 of a.x", "line 4 of a.x"]


MAIL = b"""From someone Mon Jan  1 00:00:00 2024
Message-ID: <one@example.org>
Subject: =?utf-8?q?H=C3=A9llo?=
From: Ann <ann@example.org>
Date: Mon, 1 Jan 2024 10:00:00 +0100
Content-Type: text/plain; charset=latin-1

Caf\xe9 on the moon.
>From here it is far.

From someone Tue Jan  2 00:00:00 2024
Subject: second
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=B

--B
Content-Type: text/html

<p>only <b>html</b></p><script>no</script>
--B
Content-Disposition: attachment; filename=x.txt

attached
--B--
"""


def test_a_mailbox_gives_its_messages() -> None:
    first, second = (item for item in read("mbox", MAIL) if isinstance(item, Item))
    assert first.key == "one@example.org"
    assert first.columns == {
        "title": "Héllo",
        "body": "Café on the moon.\nFrom here it is far.",
        "from": "Ann <ann@example.org>",
        "date": "2024-01-01 10:00:00+01:00",
        "source": "a.x",
    }
    assert (second.key, second.columns["title"], second.columns["body"]) == ("a.x:2", "second", "only html")


def test_a_broken_mail_header_is_kept_as_it_stands() -> None:
    raw = b"From x\nSubject: =?nonsense?q?abc?=\nDate: some day\n\nbody\n"
    (item,) = (item for item in read("mbox", raw) if isinstance(item, Item))
    assert (item.columns["title"], item.columns["date"], item.columns["body"]) == (
        "=?nonsense?q?abc?=",
        "some day",
        "body",
    )


def test_a_compressed_stream_reads_the_same() -> None:
    content = gzip.compress(b"a\nx\n")
    with gzip.open(io.BytesIO(content), "rb") as stream:
        items = list(READERS["csv"].read(stream, ReadOptions("a.csv.gz", "a")))
    assert [item.columns for item in items if isinstance(item, Item)] == [{"a": "x"}]
