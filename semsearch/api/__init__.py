"""The Python API: `semsearch.open(path)` gives a Database whose methods are the verbs of the command line.

    import semsearch

    with semsearch.open("my.db") as db:
        db.index("articles")
        for hit in db.search("articles_lsa", "interest rates", k=5):
            print(hit.score, hit.row["title"])

docs/python.md walks through it. The methods are in one module for each group of verbs.
"""

from __future__ import annotations

import os

from semsearch.api.analysing import Analysing
from semsearch.api.evaluating import Evaluating
from semsearch.api.imaging import Imaging
from semsearch.api.ingesting import Ingesting
from semsearch.api.learning import Learning
from semsearch.api.listing import Listing
from semsearch.api.searching import Searching
from semsearch.arguments import checked
from semsearch.search import resident

Path = str | os.PathLike[str]
CACHE_BYTES = 512 << 20  # of vectors in memory


@checked
def open(path: Path, *, create: bool = False, memory: int = CACHE_BYTES) -> Database:
    """A database file to search and to build in; with `create` it need not exist yet.

    Searched collections are kept in memory, shared by the whole process, up to `memory` bytes of vectors; 0 reads the
    file for each search. A file of an older semsearch is upgraded by the first method that writes, or by `migrate`.
    Raises DatabaseError if there is no such file or it is not a database, SchemaError if another version wrote it,
    InputError for arguments of another type.
    """
    resident.enable_cache(memory)
    return Database(os.fspath(path), create=create)


class Database(Searching, Ingesting, Learning, Analysing, Imaging, Evaluating, Listing):
    """One database file. Each read sees one state of it; a write is done completely or not at all.

    A context manager; `close()` does the same. Threads can share it. Raises semsearch.SemsearchError, whose text is one
    line for people.
    """


__all__ = ["Database", "open"]
