"""Bombs, pipes, links, depth and damage: one line in bounded memory, before much is read."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tarfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semsearch.errors import InputError, SemsearchError
from semsearch.images.image_io import ImageSpec
from semsearch.ingest.edgefiles import EdgeColumns, edge_readers
from semsearch.ingest.front_door import RATIO_BYTES
from semsearch.ingest.html_tokens import tokens
from semsearch.ingest.imagefiles import ImageFile
from semsearch.ingest.images import first_images, load_images, read_images
from semsearch.ingest.load import Loaded
from semsearch.ingest.markup import heading_of_markdown, text_of_html, without_markup
from semsearch.ingest.readers import builtin_readers
from semsearch.ingest.sources import read_sources
from semsearch.ingest.vectors import VectorSource, open_vectors
from semsearch.storage.driver import Connection, sqlite3

Write = Callable[[str, "str | bytes"], str]
Load = Callable[..., Loaded]
Rows = Callable[..., list[tuple[Any, ...]]]
READERS = {reader.name: reader for reader in builtin_readers()}
BOMB = gzip.compress(bytes(2 * RATIO_BYTES), 9)  # 32 KB


def read_vectors(path: str, **options: Any) -> int:
    """How many vectors a file holds, read to its end."""
    with open_vectors(VectorSource(path, **options)) as stream:
        return sum(len(block.keys) for block in stream.blocks)


def peak_of(act: Callable[[], object]) -> int:
    """The bytes of memory that an act needs, which must end in a SemsearchError."""
    tracemalloc.start()
    try:
        with pytest.raises(SemsearchError) as caught:
            act()
        assert "\n" not in str(caught.value)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def tar_with_endless_header() -> bytes:
    """A tar.gz whose pax header claims, and has, more bytes than any path."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 4 << 20
    return gzip.compress(info.tobuf() + os.urandom(1 << 16) * 64)


def zip_bomb(name: str, size: int) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(size))
    return content.getvalue()


def npz_bomb() -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, images=np.zeros((70_000, 28, 28), np.uint8))
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", BOMB),
        ("a.txt.gz", BOMB),
        ("a.mbox.gz", BOMB),
        ("a.jsonl.gz", gzip.compress(b'{"a": "' + b"x" * (2 * RATIO_BYTES))),
        ("a.json", b"[" * 3_000_000),
        ("a.json", b'[{"a":' * 500_000),
        ("a.jsonl", b'{"a":' * 500_000),
    ],
)
def test_a_bomb_of_text_is_one_line_in_little_memory(write: Write, name: str, content: bytes) -> None:
    path = write(name, content)

    def read() -> None:
        for result in read_sources([path], READERS):
            raise InputError(getattr(result, "message", "an item"))

    assert peak_of(read) < 200 << 20


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tar.gz", tar_with_endless_header(), "a header claims 4,194,304 bytes"),
        ("a.tar.gz", gzip.compress(bytes(2 * RATIO_BYTES)), "holds nothing to ingest"),
        ("a.zip", zip_bomb("a.png", 2 * RATIO_BYTES), "more than 100 times its size"),
        ("a.npz", npz_bomb(), "more than 100 times its size"),
        ("x-idx3-ubyte", bytes([0, 0, 8, 3]) + struct.pack(">III", *[2**31 - 1] * 3), "claims images of"),
        ("x-idx3-ubyte", bytes([0, 0, 8, 3]) + struct.pack(">III", 2**31 - 1, 9, 9), "is truncated"),
        ("x-idx3-ubyte", bytes([0, 0, 8, 3]) + struct.pack(">III", 5, 0, 0), "claims images of"),
        ("x-idx3-ubyte", bytes([0, 0, 8, 255]), "is truncated"),
        ("x-idx3-ubyte.gz", BOMB, "more than 100 times its size"),
    ],
)
def test_a_bomb_of_images_is_one_line_in_little_memory(
    write: Write, db: Connection, name: str, content: bytes, message: str
) -> None:
    path = write(name, content)

    def load() -> None:
        with pytest.raises(InputError, match=message) as caught:
            load_images(db, "p", read_images([path]), ImageSpec(8), source="s")
        raise caught.value

    assert peak_of(load) < 100 << 20


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt.gz", BOMB, "more than 100 times its size"),
        ("a.txt", b"the 0.1 0.2\n" + b"x" * (3 << 20), "longer than 1 MB"),
        ("a.txt", b"9" * 5000 + b" 3\nword 1 2 3\n", "numbers, not 1"),
        ("a.bin", b"3 999999999\nthe \0\0\0\0", "of 999,999,999 dimensions"),
        (
            "a.npy",
            b"\x93NUMPY\x01\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999999999999, 3)}",
            "is not an .npy file",
        ),
        ("a.npz", zip_bomb("vectors.npy", 100), "has no array 'ids'"),
        ("a.zip", zip_bomb("a.txt", 2 * RATIO_BYTES), "more than 100 times its size"),
        ("a.parquet", b"PAR1" + b"\xff" * 50 + b"PAR1", "is not a Parquet file"),
    ],
)
def test_a_bomb_of_vectors_is_one_line_in_little_memory(write: Write, name: str, content: bytes, message: str) -> None:
    path = write(name, content)
    write("a.ids.txt", "one\n")

    def read() -> None:
        with pytest.raises(InputError, match=message) as caught:
            read_vectors(path)
        raise caught.value

    assert peak_of(read) < 100 << 20


@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "</",
        "<a ",
        '<a b="',
        "<a b='",
        "<![CDATA[",
        "<script>",
        "<title>",
        "<?",
        "<!",
        "<",
        "&#",
        "<svg>",
        '= "',
    ],
)
def test_html_takes_time_in_proportion_to_its_length(piece: str) -> None:
    """A quadratic parser needs minutes for 400 KB; ours a second, on a busy machine."""
    started = time.process_time()
    text_of_html(piece * (400_000 // len(piece)))
    without_markup("<b>" + piece * (400_000 // len(piece)))
    heading_of_markdown("# " + " " * 400_000 + piece)
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>x</p><![foo bar]><p>y</p>", "x\ny"),
        ("a<!-- <p> -->b<!-->c<!--->d", "abcd"),
        ("a <!-- b", "a b"),
        ("a < b and c <d", "a < b and c <d"),
        ("<p title=\"a>b\" class='c>d'>x", "x"),
        ("<p title=it's>x<i>y", "xy"),
        ("<script>if (a<b) '</p>'</script >x", "x"),
        ("<![CDATA[x <b> y]]>", "x <b> y"),
        ("&lt;b&gt; &amp;amp; &#65; &#x42; &#99999999999; &bogus;", "<b> &amp; A B \ufffd &bogus;"),
        ("<textarea><b>x</b></textarea>", "<b>x</b>"),
        ("<br/><P>A</P>", "A"),
        ("x</ y>z", "xz"),
        ("", ""),
    ],
)
def test_html_as_browsers_show_it(html: str, text: str) -> None:
    assert text_of_html(html)[1] == text


def test_every_kind_of_token() -> None:
    assert list(tokens("<A b=c>x<br/></a>")) == [("start", "a"), ("text", "x"), ("single", "br"), ("end", "a")]


def test_a_folder_leaves_out_pipes_links_to_elsewhere_and_other_formats_and_says_so(
    write: Write, load: Load, rows: Rows, tmp_path: Path
) -> None:
    for name in ("in/a.txt", "in/.hidden.txt", "in/pic.png", "in/sub/b.txt", "secret.txt", "away/c.txt"):
        write(name, "words of " + name)
    folder = tmp_path / "in"
    os.mkfifo(folder / "p.txt")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "inside.txt").symlink_to(folder / "a.txt")
    (folder / "gone.txt").symlink_to(tmp_path / "nothing.txt")
    (folder / "linked").symlink_to(tmp_path / "away")
    said = "\n".join(load(str(folder)).remarks)
    assert [row[0] for row in rows("select id from docs order by 1")] == ["a.txt", "inside.txt", "sub/b.txt"]
    for reason, name in (
        ("hidden", ".hidden.txt"),
        ("of another format", "pic.png"),
        ("pipe, device or socket", "p.txt"),
        ("link to a place outside the folder", "out.txt"),
        ("link to nothing", "gone.txt"),
        ("linked folder, which is not followed", "linked"),
    ):
        assert f"Left out 1 file of {folder} ({reason}): {name}" in said
    assert len(list(read_sources([str(folder / "*.txt")], READERS))) == 5  # two documents, three remarks


@pytest.mark.parametrize("verb", ["documents", "images", "vectors", "edges"])
def test_devices_are_refused_and_nothing_waits(verb: str) -> None:
    path = "/dev/zero"
    with pytest.raises(InputError, match="is a device"):
        if verb == "documents":
            list(read_sources([path], READERS, format="txt"))
        elif verb == "edges":
            list(read_sources([path], edge_readers(EdgeColumns()), format="csv"))
        elif verb == "images":
            list(read_images([path]))
        else:
            read_vectors(path)


def test_a_pipe_that_is_named_is_read(tmp_path: Path, load: Load, rows: Rows) -> None:
    path = tmp_path / "p.csv"
    os.mkfifo(path)
    if os.fork() == 0:
        path.write_text("id,body\n1,bread\n2,3.10\n")
        os._exit(0)
    load(str(path))
    os.wait()
    assert rows() == [(1, "bread"), (2, "3.10")]


def test_a_repeated_key_with_equal_content_is_one_item(write: Write, load: Load, rows: Rows) -> None:
    loaded = load(write("a.csv", "id,body\n1,bread\n2,moon\n1,bread\n1,bread\n"))
    assert (loaded.added, rows()) == (2, [(1, "bread"), (2, "moon")])
    assert "2 rows repeat an earlier one, key and content: each is stored once" in loaded.remarks


def test_sources_whose_paths_collide_are_told_apart(write: Write, load: Load, rows: Rows, tmp_path: Path) -> None:
    for name in ("one/n.txt", "two/n.txt", "two/m.txt", "x/one/n.txt"):
        write(name, name)
    load(str(tmp_path / "one"), str(tmp_path / "two"), str(tmp_path / "one"))
    assert [row[0] for row in rows("select id from docs order by 1")] == ["m.txt", "one/n.txt", "two/n.txt"]
    load(str(tmp_path / "one"), str(tmp_path / "x/one"), name="docs2")
    keys = [row[0] for row in rows("select id from docs2 order by 1")]
    assert keys == sorted(str(tmp_path / name).lstrip("/") for name in ("one/n.txt", "x/one/n.txt"))


def test_images_whose_paths_collide_are_told_apart(write: Write, tmp_path: Path) -> None:
    for name in ("a/x/i.png", "b/x/i.png"):
        write(name, b"png")
    files = [one for one in read_images([str(tmp_path / "a/x"), str(tmp_path / "b/x")]) if isinstance(one, ImageFile)]
    assert [file.key for file in files] == [f"{tmp_path}/{name}/x/i.png".lstrip("/") for name in "ab"]
    assert len(list(first_images(files, 1))) == 2  # an image and a remark


LLM = (
    "create table collections (id integer primary key, name text, model text);"
    "insert into collections values (1, 'a', 'm');"
)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            "create table embeddings (collection_id, id, embedding); insert into embeddings values (1, 'x', '[1,2]')",
            "text",
        ),
        (
            "create table embeddings (collection_id, id, embedding); insert into embeddings values (1, 'x', null)",
            "no emb",
        ),
        (
            "create table embeddings (collection_id, id, embedding); insert into embeddings values (1, 'x', 3.5)",
            "number",
        ),
        (
            "create view embeddings as with recursive n(i) as (select 1 union all select i + 1 from n)"
            " select 1 as collection_id, i as id, zeroblob(4) as embedding from n where i < 0",
            "no ordinary table",
        ),
        (
            "create table embeddings (collection_id, id, embedding as (zeroblob(1000)))",
            "no ordinary table",
        ),
    ],
)
def test_an_llm_database_with_other_embeddings(tmp_path: Path, made: str, message: str) -> None:
    path = str(tmp_path / "e.db")
    file = sqlite3.connect(path)
    file.executescript(LLM + made)
    file.close()
    with pytest.raises(InputError, match=message):
        read_vectors(path)


def test_numbers_of_json_stay_as_they_are(write: Write, load: Load, rows: Rows) -> None:
    values = '{"id": 1, "body": "b", "n": 18446744073709551615, "e": 1e400, "m": NaN, "f": 0.1, "z": -0, "d": %s}' % (
        "9" * 5000
    )
    for name in ("a.json", "a.jsonl"):
        load(write(name, f"[{values}]" if name == "a.json" else values), name=name[2:])
        (row,) = rows(f"select n, e, m, f, z, d from {name[2:]}")
        assert row == ("18446744073709551615", "1e400", None, 0.1, 0, "9" * 5000)


def test_a_name_twice_in_one_object_is_no_silent_loss(write: Write, load: Load) -> None:
    for name, content in (("a.json", '[{"body": "x", "body": "y"}]'), ("a.jsonl", '{"body": "x", "body": "y"}')):
        with pytest.raises(InputError, match="has the name 'body' twice"):
            load(write(name, content))


def test_text_into_a_column_of_floats_loses_no_digit(write: Write, load: Load, rows: Rows) -> None:
    lines = [json.dumps({"id": n, "body": "b", "x": 0.1234567890123456}) for n in range(1_200)]
    lines.append(json.dumps({"id": 1_200, "body": "b", "x": "3.10"}))
    load(write("a.jsonl", "\n".join(lines)))
    assert rows("select x from docs where id in (0, 1200) order by id") == [("0.1234567890123456",), ("3.10",)]


@pytest.mark.parametrize("name", ["a.csv", "a.json"])
def test_names_of_columns_that_sql_would_misread(write: Write, load: Load, rows: Rows, name: str) -> None:
    names = ["id", "select", "order by", 'a"b', "a]b", "a`b", "rowid", "x;--", "ü", "body"]
    values = [1, *(f"value {n}" for n in range(1, 10))]
    if name == "a.csv":
        header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
        content = f"{header}\n{','.join(map(str, values))}\n"
    else:
        content = json.dumps([dict(zip(names, values, strict=True))])
    load(write(name, content))
    assert rows("select * from docs") == [tuple(values)]


def test_surrogates_in_names_and_values_are_replaced(write: Write, load: Load, rows: Rows) -> None:
    load(write("a.jsonl", r'{"body": "x\ud800", "a\udfff": "y"}'))
    assert rows("select body, [a\ufffd] from docs") == [("x\ufffd", "y")]
