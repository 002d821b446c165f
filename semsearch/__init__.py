"""Semantic search in any SQLite table, with vectors learned from your own data.

These are the public names; those for authors of plugins are in semsearch.plugin. Importing this module imports neither
numpy, scipy, numba, torch and scikit-learn nor SQLite: these names are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from semsearch.errors import SemsearchError

if TYPE_CHECKING:
    from semsearch.api import Database, open
    from semsearch.hookspecs import hookimpl, hookspec
    from semsearch.records import Documents, Embeddings, Fitted, Hit, State

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


_HOME = {"Database": "api", "open": "api", "hookimpl": "hookspecs", "hookspec": "hookspecs"}  # others: records


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"semsearch.{_HOME.get(name, 'records')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
