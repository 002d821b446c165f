"""The reader of source code: a file is an item, and its programming language a column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from semsearch.ingest.base import ReadOptions
from semsearch.ingest.streams import whole_text
from semsearch.records import Item

LANGUAGES = {
    "Python": (".py", ".pyi"),
    "JavaScript": (".js", ".mjs", ".cjs", ".jsx"),
    "TypeScript": (".ts", ".tsx"),
    "C": (".c", ".h"),
    "C++": (".cc", ".cpp", ".cxx", ".hpp"),
    "C#": (".cs",),
    "Java": (".java",),
    "Kotlin": (".kt",),
    "Swift": (".swift",),
    "Go": (".go",),
    "Rust": (".rs",),
    "Ruby": (".rb",),
    "PHP": (".php",),
    "Perl": (".pl", ".pm"),
    "R": (".r",),
    "Scala": (".scala",),
    "Haskell": (".hs",),
    "Lua": (".lua",),
    "Shell": (".sh", ".bash"),
    "SQL": (".sql",),
    "CSS": (".css",),
    "LaTeX": (".tex",),
    "reStructuredText": (".rst",),
    "Org": (".org",),
}


class CodeReader:
    """A file of source code, stored unchanged. Its title is its name."""

    name = "code"
    suffixes: tuple[str, ...] = tuple(suffix for suffixes in LANGUAGES.values() for suffix in suffixes)
    skips_unreadable = True

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Item]:
        """One item. Raises InputError if there is no text."""
        name = options.key.rpartition("/")[2]
        suffix = "." + name.lower().removesuffix(".gz").rpartition(".")[2]
        language = next((known for known, suffixes in LANGUAGES.items() if suffix in suffixes), None)
        columns = {"title": name, "body": whole_text(stream, options), "source": options.name, "language": language}
        yield Item(options.key, columns, options.name)
