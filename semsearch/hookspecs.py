"""The three hooks that a plugin can implement. Built-in builders and readers are registered through them too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pluggy

PROJECT = "semsearch"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_builders(register: Callable[[Any], None]) -> None:
    """Call `register(builder)` for each builder object (semsearch.plugin.Builder says what it needs)."""


@hookspec
def register_readers(register: Callable[[Any], None]) -> None:
    """Call `register(reader)` for each reader object, which turns a file into items (see semsearch.plugin.Reader)."""


@hookspec
def register_commands(cli: Any) -> None:
    """Add commands to the `semsearch` click group, as `@cli.command()`."""
