"""The tools over files, for whoever may read the files: behind `semsearch mcp` and the tools of `llm`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from semsearch.errors import InputError
from semsearch.search import resident
from semsearch.session import Opened
from semsearch.storage import collections, datasets
from semsearch.tools.answers import as_json
from semsearch.tools.signature import LIST
from semsearch.tools.subject import Subject, choose
from semsearch.tools.toolbox import TOOLS, describe, list_collections

CACHE_BYTES = 512 << 20  # of vectors in memory


class Files:
    """Database files, by the names of the files without folder and suffix. Threads wait for each other.

    Raises DatabaseError for a file that cannot be read, InputError for two files of one name.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        resident.enable_cache(CACHE_BYTES)
        names = [os.path.splitext(os.path.basename(path))[0] for path in paths]
        if repeated := [name for name in names if names.count(name) > 1]:
            raise InputError(
                f"Two files are called {repeated[0]}: rename one, because tools name databases by their files"
            )
        self._files = {name: Opened(path) for name, path in zip(names, paths, strict=True)}

    def call(self, name: str, arguments: dict[str, Any]) -> str:
        """The answer of a tool as JSON. Raises SemsearchError."""
        if name == LIST:
            return as_json(list_collections(self._described(), **arguments))
        database, collection = choose(str(arguments.pop("collection")), self._names())
        with self._files[database]._reading() as db:
            opened = collections.open_collection(db, collection)
            together = tuple(collections.of_run(db, opened.collection.run))
            return as_json(TOOLS[name](Subject(db, database, opened, together), **arguments))

    def close(self) -> None:
        """Close all files."""
        with ExitStack() as stack:
            for file in self._files.values():
                stack.callback(file.close)

    def _names(self) -> list[tuple[str, str]]:
        result = []
        for database, file in self._files.items():
            with file._reading() as db:
                result += [(database, each.name) for each in collections.all_collections(db)]
        return result

    def _described(self) -> list[dict[str, Any]]:
        result = []
        for database, file in self._files.items():
            with file._reading() as db:
                languages = {each.name: each.language for each in datasets.all_datasets(db)}
                result += [
                    describe(each, database, languages.get(each.dataset), None)
                    for each in collections.all_collections(db)
                ]
        return result
