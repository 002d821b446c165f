"""Semantic search in any SQLite table, with vectors learned from your own data.

These are the public names; those for authors of plugins are in semsearch.plugin. Importing this module imports neither
torch, scipy, numba and scikit-learn nor SQLite: `open` and `Database` are imported when they are first used.
"""

from typing import TYPE_CHECKING, Any

from semsearch.errors import SemsearchError
from semsearch.hookspecs import hookimpl, hookspec
from semsearch.records import Documents, Embeddings, Fitted, Hit, State

if TYPE_CHECKING:
    from semsearch.api import Database, open

__all__ = [
    "Database",
    "Documents",
    "Embeddings",
    "Fitted",
    "Hit",
    "SemsearchError",
    "State",
    "hookimpl",
    "hookspec",
    "open",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in ("Database", "open"):
        from semsearch import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
