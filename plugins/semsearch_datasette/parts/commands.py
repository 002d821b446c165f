"""Command lines that a page tells its reader to run."""

from __future__ import annotations

import shlex

from semsearch_datasette.connection import file_name
from semsearch_datasette.target import Target


def command_line(target: Target, *words: str, options: tuple[str, ...] = ()) -> str:
    """`semsearch WORDS FILE COLLECTION OPTIONS`, quoted for a shell."""
    return shlex.join(["semsearch", *words, file_name(target.database), target.collection.name, *options])


def build_command(target: Target, *options: str) -> str:
    """`semsearch build BUILDER FILE TABLE OPTIONS`, quoted for a shell."""
    words = ("semsearch", "build", target.collection.builder, file_name(target.database), target.dataset.name)
    return shlex.join([*words, *options])
