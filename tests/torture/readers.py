"""Mutated inputs for every reader: each ends in items, faults, remarks or one SemsearchError, in bounded time.

    python -m tests.torture.readers SEED COUNT [NAME ...]

tries COUNT mutations of each reader's samples, or only of the readers named, such as "documents pdf". It prints the
seed. `try_readers` is the same as a function.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import resource
import sqlite3
import struct
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from PIL import Image

from semsearch.errors import SemsearchError
from semsearch.files import parsing
from semsearch.images import image_io
from semsearch.images.image_io import ImageSpec
from semsearch.ingest.edgefiles import EdgeColumns, edge_readers
from semsearch.ingest.edges import GraphSource, load_edges
from semsearch.ingest.images import load_images, read_images
from semsearch.ingest.load import load_documents
from semsearch.ingest.readers import builtin_readers
from semsearch.ingest.sources import read_sources
from semsearch.ingest.vectors import VectorSource, load_vectors
from semsearch.storage import connect
from tests import made_files
from tests.torture.file_samples import file_samples

MAX_SECONDS = 10.0  # processor time of one input
ENDED_PARSER = ("makes its parser crash", "takes its parser longer")  # one line for users, and still a fault
READERS = {reader.name: reader for reader in builtin_readers()}
Try = Callable[[Any, str], object]  # reads a file into an open database

MBOX = b"""From a Mon Jan  1 00:00:00 2024
Message-ID: <1@x>
Subject: =?utf-8?q?H=C3=A9llo?=
Date: Mon, 1 Jan 2024 10:00:00 +0100
Content-Type: multipart/mixed; boundary=B

--B
Content-Type: text/plain; charset=latin-1

bread \xe9
--B
Content-Type: text/html

<p>rocket &amp; moon</p>
--B--

From b Mon Jan  1 00:00:00 2024
Subject: two

>From here
"""
# Pieces that readers have stumbled over, put into any file.
PIECES = [
    *(b"\0", b"\r", b"\r\n", b"\n\n", b'"', b'""', b"'", b"\t", b";", b",", b"\\", b"[", b"]", b"{", b"}", b":"),
    *(b"<!--", b"-->", b"</", b"<![x]>", b"<![CDATA[", b"&#99999999999;", b"<script>", b"&amp;"),
    *(b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xe9", b"\xf0\x9f\x8d\x9e", b"\\ud800", b"\xed\xa0\x80"),
    *(
        b"1e400",
        b"NaN",
        b"-0",
        b"9" * 30,
        b"9" * 5000,
        b"1_000",
        b"0x1p3",
        b"inf",
        b"null",
        b"true",
        b"18446744073709551616",
    ),
    *(b"charset=idna", b"charset=undefined", b"boundary=", b"From x\n", b"Date: 99999999999 99999999999\n"),
    *(
        b"sep=;\n",
        b"# x\n",
        b"%%MatrixMarket matrix coordinate real general\n",
        b"[[[[[[[[",
        b"\x1f\x8b",
        b"PK\x03\x04",
    ),
    *(b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\xff" * 8, b"(999999999999999999999, 3)", b"OOOO"),
]


def text_samples() -> dict[str, list[bytes]]:
    """Small valid sources of documents, by the name of their reader."""
    rows = [{"id": n, "body": f"bread and water {n}", "x": n / 2, "y": [1, {"a": None}], "é": "ü"} for n in range(4)]
    table = 'id,body,price,note\n1,"bread, ""warm""",1.50,\n2,"two\nlines",12.00,x\n3,<b>moon</b> &amp; sun,3.25,y\n'
    return {
        "txt": ["bread and water\nmöon\n".encode(), "möon".encode("utf-16")],
        "md": [b"---\na: b\n---\n# Moon\n\n```\n# no\n```\ntext\n====\n"],
        "html": [
            b"<!DOCTYPE html><head><title>M &amp; S</title><style>p{}</style></head><p class='x'>one<p>t<b>w</b>o"
        ],
        "csv": [table.encode(), b"a;b;c\n1;2,5;x\n2;3,5;y\n", b"1,one\n2,two\n", "a,b\r1,ü\r".encode()],
        "tsv": [b't\tb\tg\n1\t"Giliap\tx\n2\ty"\tz\n', b"id\ttext\n1\tmoon\n"],
        "json": [json.dumps(rows, ensure_ascii=False).encode(), b'[{"n": 1e5, "m": 18446744073709551615}]'],
        "jsonl": ["\n".join(map(json.dumps, rows)).encode()],
        "mbox": [MBOX],
        "eml": [MBOX.partition(b"\n")[2].partition(b"\nFrom b")[0]],
        "rtf": [rb"{\rtf1\ansi\ansicpg1252 bread \'e9 {\b rocket}\par \u960? moon\par}"],
        **file_samples(),
    }


def edge_samples() -> dict[str, list[bytes]]:
    """Small valid graphs, by the name of their reader."""
    return {
        "csv": [b"source,target,weight\na,b,1.5\nb,c,2\n", b"1;2;1,5\n2;3;2,5\n"],
        "tsv": [b"a\tb\nb\tc\n"],
        "jsonl": [b'{"source": "a", "target": "b", "weight": 2}\n["b", "c", 1]\n'],
        "edgelist": [b"# comment\n1 2\n2 3 {'weight': 2.5}\n", b"a b 1\nb c 2\n"],
        "adjlist": [b"a b c\nb c\nd\n"],
        "mtx": [b"%%MatrixMarket matrix coordinate real symmetric\n% x\n3 3 2\n2 1 1.5\n3 2 1\n"],
    }


def vector_samples(folder: Path) -> dict[str, list[bytes]]:
    """Small valid files of vectors, by suffix."""
    matrix = np.arange(12, dtype=np.float32).reshape(4, 3) + 1
    words = ["the", "king", "queen", "man"]
    text = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in zip(words, matrix.tolist(), strict=True))
    binary = b"4 3\n" + b"".join(
        w.encode() + b" " + row.tobytes() + b"\n" for w, row in zip(words, matrix, strict=True)
    )
    return {
        ".txt": [text.encode(), b"4 3\n" + text.encode()],
        ".bin": [binary],
        ".npy": [_saved(lambda file: np.save(file, matrix))],
        ".npz": [_saved(lambda file: np.savez(file, ids=np.array(words), vectors=matrix))],
        ".db": [_llm_file(folder, matrix)],
        **_parquet(words, matrix),
    }


def _llm_file(folder: Path, matrix: Any) -> bytes:
    path = folder / "llm-sample.db"
    with sqlite3.connect(path) as db:
        db.execute("create table collections (id integer primary key, name text, model text)")
        db.execute("create table embeddings (collection_id integer, id text, embedding blob)")
        db.execute("insert into collections values (1, 'a', 'm')")
        db.executemany(
            "insert into embeddings values (1, ?, ?)", [(str(n), row.tobytes()) for n, row in enumerate(matrix)]
        )
    db.close()
    return path.read_bytes()


def _parquet(words: list[str], matrix: Any) -> dict[str, list[bytes]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as parquet
    except ImportError:
        return {}
    table = pa.table({"id": words, "vector": matrix.tolist()})
    return {".parquet": [_saved(lambda file: parquet.write_table(table, file))]}


def image_samples() -> dict[str, list[bytes]]:
    """Small valid files of images, arrays and archives, by suffix."""
    pixels = np.arange(2 * 6 * 5, dtype=np.uint8).reshape(2, 6, 5)
    image = Image.fromarray(pixels[0])
    png, jpeg, gif, tiff = (
        _saved(lambda file, kind=kind: image.save(file, kind)) for kind in ("PNG", "JPEG", "GIF", "TIFF")
    )
    offsets = np.array([0, len(png), 2 * len(png)])
    return {
        ".png": [
            png,
            image_io.to_png(pixels[0][:, :, None]),
            _saved(lambda file: image.convert("RGBA").save(file, "PNG")),
        ],
        ".jpg": [jpeg, _saved(lambda file: image.convert("CMYK").save(file, "JPEG", progressive=True))],
        ".gif": [gif],
        ".tif": [tiff],
        ".bmp": [_saved(lambda file: image.save(file, "BMP"))],
        ".webp": [_saved(lambda file: image.convert("RGB").save(file, "WEBP"))],
        ".pgm": [_saved(lambda file: image.save(file, "PPM"))],
        ".npz": [
            _saved(lambda file: np.savez(file, images=pixels, labels=np.array([1, 2]))),
            _saved(lambda file: np.savez(file, blob=np.frombuffer(png * 2, np.uint8), offsets=offsets)),
        ],
        ".npy": [_saved(lambda file: np.save(file, pixels))],
        "-images-idx3-ubyte": [bytes([0, 0, 8, 3]) + struct.pack(">III", 2, 6, 5) + pixels.tobytes()],
        ".zip": [_zip({"a/x.png": png, "b/y.jpg": jpeg, "z.txt": b"no"})],
        ".tar": [_tar({"a/x.png": png, "b/y.jpg": jpeg}, "w"), _tar({"a/" + "x" * 200 + ".png": png}, "w")],
        ".tar.gz": [_tar({"a/x.png": png}, "w:gz")],
    }


def _saved(save: Callable[[Any], object]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


def _zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _tar(members: dict[str, bytes], mode: Any) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=tarfile.PAX_FORMAT) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def mutated(content: bytes, rng: random.Random) -> bytes:
    """The content with one to four damages: bytes changed, cut, doubled, moved, or a piece of PIECES put in."""
    result = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(result) + 1)
        end = min(len(result), at + rng.choice((1, 1, 2, 4, 16, 200)))
        damage = rng.randrange(6)
        if damage == 0 and at < len(result):
            result[at] = rng.randrange(256)
        elif damage == 1:
            del result[at:end]
        elif damage == 2:
            result[at:at] = rng.choice(PIECES) * rng.choice((1, 1, 1, 2, 50))
        elif damage == 3:
            result[at:end] = rng.choice(PIECES)
        elif damage == 4:
            result[at:at] = result[at:end] * rng.choice((1, 2, 30))
        else:
            del result[at:]
    return bytes(result)


def _damaged(content: bytes, rng: random.Random) -> bytes:
    """The content mutated; of a zip archive, half the time a member instead, so that its check sum is right."""
    if not content.startswith(b"PK") or rng.random() < 0.5:
        return mutated(content, rng)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = rng.choice(sorted(members))
    return made_files.zipped(members | {chosen: mutated(members[chosen], rng)})


def _documents(name: str) -> Try:
    def read(db: Any, path: str) -> object:
        items = read_sources([path], READERS, format=name)
        return load_documents(db, "d", items, source="s", skip_errors=True)

    return read


def _edges(name: str) -> Try:
    def read(db: Any, path: str) -> object:
        edges = read_sources([path], edge_readers(EdgeColumns()), format=name)
        return load_edges(db, "g", GraphSource(edges, "s"), skip_errors=True)

    return read


def _vectors(db: Any, path: str) -> object:
    return load_vectors(db, "v", VectorSource(path))


def _images(db: Any, path: str) -> object:
    return load_images(db, "p", read_images([path]), ImageSpec(8), source="s")


def targets(folder: Path) -> Iterator[tuple[str, str, Try, list[bytes]]]:
    """Each reader with a name for messages, the suffix of its files, how to read them, and its samples."""
    for name, samples in text_samples().items():
        yield f"documents {name}", READERS[name].suffixes[0], _documents(name), samples
        if name in ("csv", "jsonl"):
            yield f"documents {name}.gz", f".{name}.gz", _documents(name), [gzip.compress(one) for one in samples]
    for name, samples in edge_samples().items():
        yield f"edges {name}", f".{name}", _edges(name), samples
    for suffix, samples in vector_samples(folder).items():
        yield f"vectors {suffix}", suffix, _vectors, samples
    for suffix, samples in image_samples().items():
        yield f"images {suffix}", suffix, _images, samples


def try_readers(seed: int, count: int, folder: Path, only: Sequence[str] = ()) -> list[str]:
    """Try `count` mutations of each reader's samples in an empty folder: what went wrong, one line for each.

    `only` names the readers as messages do; empty means all of them. What a file made is removed before the next one.
    Equal seeds give equal inputs.
    """
    failures: list[str] = []
    (folder / "in.ids.txt").write_text("the\nking\nqueen\nman\n")
    with connect.writing(str(folder / "torture.db"), create=True) as db, _parsers_kept():
        for name, suffix, read, samples in targets(folder):
            if only and name not in only:
                continue
            rng = random.Random(f"{seed} {name}")
            path = folder / f"in{suffix}"
            for number in range(count):
                path.write_bytes(_damaged(rng.choice(samples), rng) if number else samples[0])
                problem = _try(db, read, str(path))
                if problem:
                    kept = folder / f"failed-{len(failures)}{suffix}"
                    kept.write_bytes(path.read_bytes())
                    failures.append(f"{name}, seed {seed}, input {number} ({kept.name}): {problem}")
            path.unlink()
    return failures


@contextmanager
def _parsers_kept() -> Iterator[None]:
    """Keep the parsers' processes from one input to the next: starting them takes most of the time."""
    with patch("semsearch.ingest.sources.end_workers"):
        yield
    parsing.end_workers()


def _try(db: Any, read: Try, path: str) -> str:
    """What is wrong with how one file is read; empty if nothing is."""
    started = time.process_time()
    try:
        read(db, path)
    except SemsearchError as error:
        if "\n" in str(error) or not str(error).isprintable():
            return f"a message of several lines or with control characters: {str(error)!r}"
        if any(sign in str(error) for sign in ENDED_PARSER):
            return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        for table in ("d", "g", "g_edges", "p"):
            db.execute(f"drop table if exists {table}")
        for (table,) in db.execute("select name from sqlite_master where name = '_semsearch_datasets'").fetchall():
            db.execute(f"delete from {table} where name in ('d', 'g', 'p')")
    seconds = time.process_time() - started
    return f"took {seconds:.1f} s" if seconds > MAX_SECONDS else ""


def main() -> None:
    """Try as many mutations as the command line says; exit 1 if anything went wrong."""
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    print(f"seed {seed}, {count:,} inputs for each reader")
    folder = Path(tempfile.mkdtemp(prefix="torture-readers-"))
    failures = try_readers(seed, count, folder, sys.argv[3:])
    for who, whose in (("this process", resource.RUSAGE_SELF), ("parsers", resource.RUSAGE_CHILDREN)):
        print(f"largest memory, {who}: {resource.getrusage(whose).ru_maxrss >> 10} MB")
    print("\n".join(failures) or "no failure")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
