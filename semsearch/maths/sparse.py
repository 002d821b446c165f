"""scipy.sparse as `sp`, imported when it is first used: a search of text needs no sparse matrix, and 0.15 s less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.lazy_module import LazyModule

if TYPE_CHECKING:
    import scipy.sparse as sp
else:
    sp = LazyModule("scipy.sparse")

__all__ = ["sp"]
