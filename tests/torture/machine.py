"""Random verbs against a model of the file: what a dataset and its collections must hold after each (Hypothesis).

The model is a few dicts: the rows of the table, and for each collection the rows it has seen. Each row has a word of
its own, so a search for that word must find that row or nothing. Verbs that fail must leave the file as it was.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import semsearch
from semsearch.errors import SemsearchError
from semsearch.storage import connect, damage
from tests.planted import TOPICS
from tests.torture.state import digest_of

NAMES = ("first", "second")
NAME = st.sampled_from(NAMES)
PLACE = st.integers(0, 10**6)  # which of the rows there are, modulo their number


class Verbs(RuleBasedStateMachine):
    """Rules are verbs and changes of the user's table; invariants compare the file with the model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.path = self.folder / "model.db"
        self.rows: dict[int, str] = {}  # key to the row's own word
        self.seen: dict[str, dict[int, str]] = {}  # collection to the rows it has seen
        self.next = 1

    def teardown(self) -> None:
        """Remove the file."""
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        """A table of twelve documents, registered as a dataset."""
        with connect.writing(str(self.path), create=True) as db:
            db.execute("create table docs (id integer primary key, body text)")
            for _, body in TOPICS:
                self._insert(db, body)
        with semsearch.open(self.path) as opened:
            opened.ingest_table("docs", text=["body"])

    def _insert(self, db: Any, body: str) -> None:
        word = f"own{self.next}word"
        db.execute("insert into docs (id, body) values (?, ?)", [self.next, f"{body} {word} {word}"])
        self.rows[self.next] = word
        self.next += 1

    def _key(self, place: int) -> int:
        return sorted(self.rows)[place % len(self.rows)]

    @rule(place=PLACE)
    def add_row(self, place: int) -> None:
        """The user adds a row."""
        with connect.writing(str(self.path)) as db:
            self._insert(db, TOPICS[place % len(TOPICS)][1])

    @rule(place=PLACE)
    def change_row(self, place: int) -> None:
        """The user changes a row: it gets another word of its own."""
        key, word = self._key(place), f"new{self.next}word"
        self.next += 1
        with connect.writing(str(self.path)) as db:
            db.execute("update docs set body = replace(body, ?, ?) where id = ?", [self.rows[key], word, key])
        self.rows[key] = word

    @precondition(lambda self: len(self.rows) > 8)
    @rule(place=PLACE)
    def delete_row(self, place: int) -> None:
        """The user deletes a row."""
        key = self._key(place)
        with connect.writing(str(self.path)) as db:
            db.execute("delete from docs where id = ?", [key])
        del self.rows[key]

    @rule(name=NAME, dim=st.integers(2, 4))
    def build(self, name: str, dim: int) -> None:
        """A collection is built, or built again."""
        with semsearch.open(self.path) as db:
            assert db.build("docs", "lsa", name=name, dim=dim).collections[0].count == len(self.rows)
        self.seen[name] = dict(self.rows)

    @precondition(lambda self: self.seen)
    @rule(one=st.booleans(), name=NAME)
    def update(self, one: bool, name: str) -> None:
        """One collection is brought up to date, or all."""
        which = name if one and name in self.seen else None
        with semsearch.open(self.path) as db:
            assert not db.update(which).left
        for each in self.seen if which is None else (which,):
            self.seen[each] = dict(self.rows)

    @precondition(lambda self: self.seen)
    @rule(name=NAME)
    def drop(self, name: str) -> None:
        """A collection is dropped. One that is not there is an error."""
        with semsearch.open(self.path) as db:
            if name in self.seen:
                db.drop(name)
                del self.seen[name]
            else:
                self._fails(lambda: db.drop(name))

    @precondition(lambda self: self.seen)
    @rule(name=NAME, clusters=st.integers(2, 3))
    def cluster(self, name: str, clusters: int) -> None:
        """A table of clusters is written, or written again."""
        if name in self.seen:
            with semsearch.open(self.path) as db:
                db.cluster(name, clusters)
                assert {row["id"] for row in db.sql(f"select id from {name}_clusters")} == set(self.seen[name])

    @rule()
    def refused(self) -> None:
        """Verbs that cannot be done: each fails with an error of ours and changes nothing."""
        with semsearch.open(self.path) as db:
            self._fails(lambda: db.build("docs", "lsa", name="docs"))
            self._fails(lambda: db.build("docs", "lsa", dim=0))
            self._fails(lambda: db.build("absent"))
            self._fails(lambda: db.ingest("docs", [{"id": 1, "body": "x"}, {"id": "y", "nothing": 2}]))

    def _fails(self, verb: Any) -> None:
        before = digest_of(self.path)
        try:
            verb()
        except SemsearchError as error:
            assert "\n" not in str(error)
        else:
            raise AssertionError("This verb should have failed")
        assert digest_of(self.path) == before

    @precondition(lambda self: self.seen)
    @rule(place=PLACE, name=NAME)
    def search(self, place: int, name: str) -> None:
        """The own word of a row finds that row where the collection has seen it, and nothing else."""
        if name not in self.seen:
            return
        key = self._key(place)
        with semsearch.open(self.path) as db:
            hits = [hit.id for hit in db.search(name, self.rows[key], mode="text")]
            newest = all(seen == self.rows for seen in self.seen.values())
            assert hits == [key] if newest else set(hits) <= {key}
            if key in self.seen[name]:
                assert key not in [hit.id for hit in db.similar(name, key)]

    @invariant()
    def file_is_the_model(self) -> None:
        """Nothing is torn or damaged; collections hold the rows they have seen; staleness counts the others."""
        if not self.path.exists():
            return
        digest_of(self.path)
        with connect.reading(str(self.path)) as db:
            assert list(damage.find(db)) == []
        with semsearch.open(self.path) as db:
            made = {each.name: each for each in db.collections() if not each.name.endswith("_words")}
            assert made.keys() == self.seen.keys()
            stale = db.stale()
            for name, seen in self.seen.items():
                keys, vectors = db.vectors(name)
                assert sorted(keys) == sorted(map(str, seen)) and len(vectors) == made[name].count == len(seen)
                differing = {key for key in seen.keys() | self.rows.keys() if seen.get(key) != self.rows.get(key)}
                assert stale[name] == len(differing), name


def play(examples: int, steps: int, *, seed: int | None = None, shrink: bool = True) -> None:
    """Run so many programs of so many verbs; AssertionError with the shortest program that fails, or the first.

    Without a seed the programs are the same each time.
    """
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=seed is None,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        suppress_health_check=list(HealthCheck),  # a program takes seconds
    )
    machine: Any = Verbs if seed is None else _seeded(seed)
    run_state_machine_as_test(machine, settings=chosen)


def _seeded(seed: int) -> Any:
    return hypothesis.seed(seed)(type("Verbs", (Verbs,), {}))
