"""The three hooks a plugin may implement. Built-in builders and readers come in through them too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pluggy

PROJECT = "semsearch"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_builders(register: Callable[[Any], None]) -> None:
    """Call `register(builder)` for each builder object (see builders/base.py for what one is)."""


@hookspec
def register_readers(register: Callable[[Any], None]) -> None:
    """Call `register(reader)` for each reader object: it turns an outside file into items (see ingest/base.py)."""


@hookspec
def register_commands(cli: Any) -> None:
    """Add commands to the `semsearch` click group, as `@cli.command()`."""
