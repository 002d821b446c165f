"""SOURCE arguments: files, folders, patterns and standard input, and the keys their documents get."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from semsearch.errors import InputError
from semsearch.ingest.base import ReadOptions
from semsearch.ingest.load import Loaded
from semsearch.ingest.readers import builtin_readers
from semsearch.ingest.sources import read_sources, source_name
from semsearch.records import Item

READERS = {reader.name: reader for reader in builtin_readers()}


def keys(*sources: str, **options: Any) -> list[Any]:
    return [item.key for item in read_sources(sources, READERS, **options) if isinstance(item, Item)]


@pytest.fixture
def folder(write: Callable[[str, str | bytes], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder `d` with documents at two depths, and what must be passed over."""
    for name in ("b.txt", "A.md", "sub/c.html", ".hidden.txt", ".git/x.txt", "picture.png", "sub/no-suffix"):
        write(f"d/{name}", "moon")
    write("d/sub/z.TXT.gz", gzip.compress(b"moon"))
    monkeypatch.chdir(tmp_path)
    return "d"


@pytest.mark.parametrize(
    ("sources", "options", "expected"),
    [
        pytest.param(
            ["d"], {}, ["A.md", "b.txt", "sub/c.html", "sub/z.TXT.gz"], id="a folder, sorted, hidden files aside"
        ),
        pytest.param(["d/"], {"format": "txt"}, ["b.txt", "sub/z.TXT.gz"], id="a folder's files of one format"),
        pytest.param(["d/b.txt"], {}, ["b.txt"], id="a file"),
        pytest.param(["d/sub/no-suffix"], {"format": "txt"}, ["no-suffix"], id="a file of any name with --format"),
        pytest.param(["d/*"], {}, ["A.md", "b.txt"], id="a pattern"),
        pytest.param(["d/**/*.*"], {}, ["A.md", "b.txt", "sub/c.html", "sub/z.TXT.gz"], id="a deep pattern"),
        pytest.param(["d/b.txt", "d/sub"], {}, ["b.txt", "c.html", "z.TXT.gz"], id="several sources in their order"),
    ],
)
def test_documents_are_known_by_their_path_below_the_source(
    folder: str, sources: list[str], options: dict[str, Any], expected: list[str]
) -> None:
    assert keys(*sources, **options) == expected


def test_rows_inside_a_folder_are_read_too(write: Callable[..., str], tmp_path: Path) -> None:
    write("d/a.csv", "body\none\n")
    write("d/b.jsonl", '{"body": "two"}')
    items = [item for item in read_sources([str(tmp_path / "d")], READERS) if isinstance(item, Item)]
    assert [item.columns for item in items] == [{"body": "one"}, {"body": "two"}]


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        pytest.param(b' {"a": "x"}', {}, {"a": "x"}, id="jsonl is guessed"),
        pytest.param(b'\xef\xbb\xbf[{"a": "x"}]', {}, {"a": "x"}, id="json is guessed"),
        pytest.param(b"a\nx\n", {"format": "csv"}, {"a": "x"}, id="csv is said"),
        pytest.param(gzip.compress(b'{"a": "x"}'), {}, {"a": "x"}, id="gzip is seen"),
    ],
)
def test_standard_input(content: bytes, options: dict[str, Any], expected: dict[str, Any]) -> None:
    stdin = io.BytesIO(content)
    (item,) = list(read_sources(["-"], READERS, stdin=stdin, **options))
    assert isinstance(item, Item) and item.columns == expected
    assert not stdin.closed


@pytest.mark.parametrize(
    ("content", "found"), [(b"a,b\n", "begins with 'a'"), (b"", "is empty")], ids=["csv", "nothing"]
)
def test_standard_input_of_a_format_that_cannot_be_guessed(content: bytes, found: str) -> None:
    with pytest.raises(InputError, match=f"Standard input {found}.*give --format txt|md"):
        list(read_sources(["-"], READERS, stdin=io.BytesIO(content)))


def test_standard_input_twice() -> None:
    with pytest.raises(InputError, match="given twice"):
        read_sources(["-", "-"], READERS)


@pytest.mark.parametrize(
    ("sources", "name"),
    [(["x/a.csv"], "a.csv"), (["./a.csv", "-"], "a.csv, standard input"), (["x/d/"], "d"), (["x/*.csv"], "*.csv")],
    ids=["file", "two", "folder", "pattern"],
)
def test_a_source_is_remembered_by_its_name(sources: list[str], name: str) -> None:
    assert source_name(sources) == name


class Shout:
    """A reader as a plugin would bring it."""

    name = "shout"
    suffixes: tuple[str, ...] = (".shout",)

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Item]:
        for line in stream:
            yield Item(line.decode().strip(), {"body": line.decode().strip().upper()}, options.name)


def test_a_third_party_reader_is_found_by_its_suffix(write: Callable[..., str], tmp_path: Path) -> None:
    write("d/a.shout.gz", gzip.compress(b"one\ntwo\n"))
    items = list(read_sources([str(tmp_path / "d")], {**READERS, "shout": Shout()}))
    assert [item.columns["body"] for item in items if isinstance(item, Item)] == ["ONE", "TWO"]


def test_two_files_of_one_name_are_told_apart_by_their_folders(
    write: Callable[..., str], load: Callable[..., Loaded], rows: Callable[..., Any], tmp_path: Path
) -> None:
    paths = [write("d/x/a.txt", "moon"), write("d/y/a.txt", "sun"), write("d/y/b.txt", "star")]
    load(*paths)
    assert [row[0] for row in rows("select id from docs order by 1")] == ["b.txt", "x/a.txt", "y/a.txt"]
    assert load(str(tmp_path / "d"), name="all").added == 3
