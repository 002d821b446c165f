"""The process that parses: `python -m semsearch.files.worker`. It reads requests from stdin and answers on stdout.

Native libraries meet hostile files here, with bounded memory. If one of them crashes, only this process ends.
A request is a line of JSON, `{"format", "name"}`, then the file in chunks, each with its length, the last of length 0.
An answer is a number of frames: a letter, a length and the content.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import BinaryIO

from semsearch.errors import SemsearchError
from semsearch.files.parts import Attachment, Facts, Part, Text, bounded

PARSERS = {  # the module and function of each format
    "pdf": "pdf:parse_pdf",
    "docx": "word_files:parse_docx",
    "pptx": "slides:parse_pptx",
    "sheets": "sheets:parse_sheets",
    "opendocument": "opendocument:parse_opendocument",
    "epub": "books:parse_epub",
    "rtf": "rtf:parse_rtf",
    "msg": "outlook:parse_msg",
}
LENGTH = struct.Struct(">I")  # of a chunk or frame, in bytes
MAX_MEMORY = 3 << 30  # bytes of address space
MAX_CHUNK = 1 << 20  # bytes of text or attachment in a frame
PROGRESS_PARTS = 20  # parts without text, after which a frame tells that the parser is alive


def main() -> None:
    """Answer requests until stdin ends."""
    _bound_memory()
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get into the answers
    while line := requests.readline():
        request = json.loads(line)
        with tempfile.NamedTemporaryFile(prefix="semsearch-", suffix=".file") as file:
            for chunk in chunks(requests):
                file.write(chunk)
            file.flush()
            for kind, content in _answer(request["format"], file.name, request["name"]):
                answers.write(kind + LENGTH.pack(len(content)) + content)
                answers.flush()


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(MAX_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The chunks up to the one of length 0."""
    while True:
        (length,) = LENGTH.unpack(_exactly(stream, LENGTH.size))
        if not length:
            return
        yield _exactly(stream, length)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise SystemExit(0)  # the parent is gone
    return content


def _answer(format: str, path: str, name: str) -> Iterator[tuple[bytes, bytes]]:
    """The frames: facts (F), text (T), attachments (N the name, A the content), progress (P), and the end.

    The end is Z, or an error: E for a user's, M for a missing package, X for a library's.
    """
    try:
        for count, part in enumerate(bounded(_parser(format)(path, name), name), 1):
            if isinstance(part, Facts):
                yield b"F", json.dumps(part.values).encode()
            elif isinstance(part, Text):
                yield from _pieces(b"T", part.text.encode("utf-8", "replace"))
            elif isinstance(part, Attachment):
                yield b"N", part.name.encode("utf-8", "replace")
                yield from _pieces(b"A", part.content)
            elif count % PROGRESS_PARTS == 0:
                yield b"P", b""
        yield b"Z", b""
    except SemsearchError as error:
        yield b"E", str(error).encode("utf-8", "replace")
    except ImportError as error:
        yield b"M", str(error.name or error).encode()
    except MemoryError:
        yield b"E", f"{name} needs more memory than {MAX_MEMORY >> 30} GB: split it into parts".encode()
    except Exception as error:  # parsers may raise anything on damaged bytes
        yield b"X", f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:10_000]


def _pieces(kind: bytes, content: bytes) -> Iterator[tuple[bytes, bytes]]:
    for start in range(0, len(content), MAX_CHUNK):
        yield kind, content[start : start + MAX_CHUNK]


def _parser(format: str) -> Callable[[str, str], Iterator[Part]]:
    module, function = PARSERS[format].split(":")
    parser: Callable[[str, str], Iterator[Part]] = getattr(import_module(f"semsearch.files.{module}"), function)
    return parser


if __name__ == "__main__":
    main()
