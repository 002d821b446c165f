"""What the tables of results that an update keeps current represent: a run, a revision, and facts about each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from semsearch.records import Collection
from semsearch.storage.connect import catalogue_rows
from semsearch.storage.damage import parsed
from semsearch.storage.driver import Connection


@dataclass(frozen=True)
class ResultState:
    """The state of a collection that a table of results represents, and facts about the table that JSON can hold."""

    run: int
    revision: int
    facts: Mapping[str, Any]

    def is_of(self, collection: Collection) -> bool:
        """Whether the table represents the collection as it is now."""
        return (self.run, self.revision) == (collection.run, collection.revision)


def state_of(db: Connection, name: str) -> ResultState | None:
    """The state of a table of results; None if none is kept. Raises DatabaseError for a damaged entry."""
    rows = catalogue_rows(db, "select run, revision, facts from _semsearch_results where name = ?", [name])
    if not rows:
        return None
    run, revision, facts = rows[0]
    return ResultState(run, revision, parsed(facts, dict, f"The entry of {name} in _semsearch_results"))


def keep(db: Connection, name: str, collection: Collection, facts: Mapping[str, Any]) -> None:
    """Keep the state of a table of results, inside the caller's transaction."""
    db.execute(
        "insert or replace into _semsearch_results (name, run, revision, facts) values (?, ?, ?, ?)",
        [name, collection.run, collection.revision, json.dumps(facts)],
    )


def forget(db: Connection, name: str) -> None:
    """Forget a table of results."""
    db.execute("delete from _semsearch_results where name = ?", [name])
