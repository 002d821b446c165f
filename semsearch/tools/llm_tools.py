"""The tools for the `llm` package: `llm -T 'Semsearch("my.db")' "question"`. Only `llm` imports this module."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import llm

from semsearch.errors import SemsearchError
from semsearch.tools.local import Files
from semsearch.tools.signature import NAMES, described


class Semsearch(llm.Toolbox):
    """Search of SQLite files by meaning: `Semsearch("my.db")`, or several paths with commas between them."""

    def __init__(self, paths: str) -> None:
        self._files = Files([path.strip() for path in paths.split(",")])

    def tools(self) -> Iterable[llm.Tool]:
        """One tool for each of ours, called `Semsearch_search` and so on."""
        for name in NAMES:
            yield llm.Tool.function(described(name, self._tool(name)), name=f"Semsearch_{name}")

    def _tool(self, name: str) -> Callable[..., str]:
        def call(**arguments: Any) -> str:
            try:
                return self._files.call(name, arguments)
            except SemsearchError as error:
                return f"Error: {error}"

        return call


@llm.hookimpl
def register_tools(register: Callable[..., None]) -> None:
    """Offer the toolbox to `llm`."""
    register(Semsearch)
