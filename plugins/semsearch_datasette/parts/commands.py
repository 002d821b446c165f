"""Command lines that a page tells its reader to run."""

from __future__ import annotations

import shlex

from semsearch import present
from semsearch_datasette.connection import file_name
from semsearch_datasette.target import Target


def command_line(target: Target, *words: str, options: tuple[str, ...] = ()) -> str:
    """`semsearch WORDS FILE COLLECTION OPTIONS`, quoted for a shell."""
    return shlex.join(["semsearch", *words, file_name(target.database), target.collection.name, *options])


def build_command(target: Target, *options: str, builder: str | None = None) -> str:
    """`semsearch build BUILDER FILE TABLE OPTIONS`, quoted for a shell; by default with the builder of the target."""
    words = (
        "semsearch",
        "build",
        builder or target.collection.builder,
        file_name(target.database),
        target.dataset.name,
    )
    return shlex.join([*words, *options])


def with_file(target: Target, text: str | None) -> str | None:
    """A remark whose commands name the file of the target."""
    return text and present.with_database(text, file_name(target.database))
