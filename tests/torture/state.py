"""What a database holds, as one digest: to tell the state before a verb from the one after it, and from any other."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeAlias

from semsearch.storage import connect
from semsearch.storage.driver import Connection, Error
from semsearch.storage.keys import quoted

Digest: TypeAlias = str
# These differ from run to run; `born` and `token` are random.
VOLATILE = {"created", "started", "seconds", "metrics", "versions", "at", "applied_at", "born", "token"}


class Torn(Exception):
    """A database that SQLite cannot read, or whose parts do not fit together."""


def digest_of(database: Path) -> Digest:
    """A digest of all tables. Raises Torn for a file that is damaged, or holds an orphan."""
    try:
        with connect.reading(str(database)) as db:
            (checked,) = db.execute("pragma integrity_check").fetchone()
            if checked != "ok":
                raise Torn(f"integrity_check: {checked}")
            _check_orphans(db)
            digest = hashlib.blake2b(digest_size=16)
            for name in _tables(db):
                digest.update(name.encode())
                columns = [row[1] for row in db.execute(f"pragma table_xinfo({quoted(name)})") if row[6] != 1]
                kept = ", ".join(quoted(column) for column in columns if column not in VOLATILE)
                for row in db.execute(f"select {kept} from {quoted(name)} order by 1" if kept else "select 1"):
                    digest.update(repr(row).encode("utf-8", "surrogatepass"))
            return digest.hexdigest()
    except Error as error:
        raise Torn(f"{type(error).__name__}: {error}") from error


def _tables(db: Connection) -> list[str]:
    """Every table that holds rows of its own: shadow tables too, virtual tables and views not."""
    rows = db.execute(
        "select name from pragma_table_list where schema = 'main' and type in ('table', 'shadow')"
        " and name not like 'sqlite_%' order by name"
    )
    return [row[0] for row in rows]


def _check_orphans(db: Connection) -> None:
    """Raise Torn for a vector table without a collection, or a collection without its vector table."""
    names = {row[0] for row in db.execute("select name from sqlite_master where type = 'table'")}
    if "_semsearch_collections" not in names:
        return
    wanted = {f"_semsearch_vec_{row[0]}" for row in db.execute("select vector_table from _semsearch_collections")}
    rows = db.execute(
        "select name from pragma_table_list where type = 'virtual' and name like '\\_semsearch\\_vec\\_%' escape '\\'"
    )
    there = {row[0] for row in rows}
    if wanted != there:
        raise Torn(f"vector tables {sorted(there)} for collections that need {sorted(wanted)}")
