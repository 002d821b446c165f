"""Search any SQLite table by meaning, with vectors learned from your own data.

The names here are the public ones; importing this loads neither torch nor scipy, numba or scikit-learn.
"""

from semsearch.errors import SemsearchError
from semsearch.hookspecs import hookimpl, hookspec
from semsearch.records import Documents, Embeddings, Fitted, Hit, State

__all__ = ["Documents", "Embeddings", "Fitted", "Hit", "SemsearchError", "State", "hookimpl", "hookspec"]
__version__ = "0.1.0"
