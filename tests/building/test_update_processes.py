"""One process updates, others read or die: nobody sees half a state, and who holds collections in memory follows."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from click.testing import Result

from semsearch import registry
from semsearch.building import build as engine
from semsearch.building.update import update
from semsearch.records import Dataset
from semsearch.search import resident
from semsearch.search.query import search
from semsearch.storage import collections, connect, vectors
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection, sqlite3
from tests.browser.machine import SEMSEARCH, serving
from tests.planted import SPACE

Run = Callable[..., Result]
HALTED = """
import sys, time
from semsearch.building import update
from semsearch.storage import change_log, connect
def halt(db, dataset):
    print("written, not committed", flush=True)
    time.sleep(60)
change_log.prune_deletions = halt
with connect.writing(sys.argv[1]) as db:
    update.update(db)
"""


@pytest.fixture
def built(db: Connection, articles: Dataset) -> Connection:
    """Two topics, built in four dimensions."""
    engine.build(db, articles, registry.load().builder("lsa"), {"dim": 4})
    return db


def change(db: Connection, turn: int) -> None:
    """One row more, one row less, one row changed."""
    db.execute("begin")
    db.execute("insert into articles (title, body) values ('Orbit', 'astronauts in orbit around the moon')")
    db.execute("delete from articles where id = (select min(id) from articles)")
    db.execute("update articles set body = body || ' orbit' where id = (select max(id) from articles) - ?", [turn % 5])
    db.execute("commit")


def ask(base: str, query: str) -> list[Any]:
    with urllib.request.urlopen(f"{base}/test/-/semsearch/articles_lsa.json?mode=vector&q={quote_plus(query)}") as page:
        return [hit["row"]["title"] for hit in json.load(page)["hits"]]


def test_a_server_that_holds_a_collection_in_memory_follows_an_update(
    built: Connection, path: str, tmp_path: Path
) -> None:
    connect.checkpoint(built)
    with serving(Path(path), tmp_path / "log.txt") as base:
        before = ask(base, "astronauts in orbit")
        assert "Probe" not in before and "Station" in before
        built.execute("insert into articles (title, body) values ('Probe', 'astronauts in orbit')")
        built.execute("delete from articles where title = 'Station'")
        done = subprocess.run([*SEMSEARCH, "update", path], capture_output=True, text=True, check=True)
        assert "articles_lsa: 1 added, 1 deleted" in done.stderr
        after = ask(base, "astronauts in orbit")
    assert after[0] == "Probe" and "Station" not in after


def test_memory_in_this_process_follows_too(built: Connection, path: str) -> None:
    resident.enable_cache(1 << 20)
    try:
        with connect.reading(path) as reader:
            collection = collections.get_collection(reader, "articles_lsa")
            words = collections.get_collection(reader, "articles_lsa_words")
            held, held_words = resident.resident(reader, collection), resident.resident(reader, words)
            built.execute("delete from articles where id = 1")
            update(built)
            now = resident.resident(reader, collections.get_collection(reader, "articles_lsa"))
            assert isinstance(held, resident.Floats) and isinstance(now, resident.Floats)
            assert [len(one.keys.positions(["1", "2"])) for one in (held, now)] == [2, 1]
            again = collections.get_collection(reader, "articles_lsa_words")
            assert resident.resident(reader, again) is held_words  # words did not change: they are not read again
    finally:
        resident.enable_cache(0)


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_readers_see_the_state_before_or_after(built: Connection, path: str, journal: str) -> None:
    """In one snapshot the collection's revision, count and vectors, and the full text, belong together."""
    built.execute(f"pragma journal_mode = {journal}")
    stop, faults, seen = threading.Event(), [], set()

    def read() -> None:
        with connect.reading(path) as mine:
            while not stop.is_set():
                try:
                    with connect.snapshot(mine):
                        collection = collections.get_collection(mine, "articles_lsa")
                        keys = vectors.all_keys(mine, collection)
                        noted = {row[0] for row in mine.execute("select key from _semsearch_items")}
                        hits = search(mine, open_collection(mine, "articles_lsa"), "astronauts in orbit", k=3).hits
                    seen.add(collection.revision)
                    if len(keys) != collection.count or set(keys) != noted or not hits:
                        faults.append((collection, keys, noted, hits))
                except sqlite3.Error as error:
                    faults.append(error)
                    return

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(8):
        change(built, turn)
        update(built)
    stop.set()
    for reader in readers:
        reader.join()
    assert not faults
    assert len(seen) > 1


def test_a_process_killed_while_writing_leaves_the_state_before(built: Connection, path: str) -> None:
    before = vectors.all_keys(built, collections.get_collection(built, "articles_lsa"))
    built.execute("insert into articles (title, body) values ('Probe', 'astronauts in orbit')")
    with subprocess.Popen([sys.executable, "-c", HALTED, path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and "not committed" in process.stdout.readline()
        assert (
            len(search(built, open_collection(built, "articles_lsa"), "astronauts", mode="text", k=20).hits) == 4
        )  # read on meanwhile
        process.send_signal(signal.SIGKILL)
    with connect.reading(path) as other:
        collection = collections.get_collection(other, "articles_lsa")
        assert vectors.all_keys(other, collection) == before and collection.revision == 1
        assert not [
            hit
            for hit in search(other, open_collection(other, "articles_lsa"), "astronauts", k=20).hits
            if hit.id == 13
        ]
    assert update(built).updated[0].update.added == 1
    assert 13 in [hit.id for hit in search(built, open_collection(built, "articles_lsa"), "astronauts", k=20).hits]
    assert built.execute("pragma integrity_check").fetchone()[0] == "ok"


def test_an_update_while_another_writes_is_one_clear_error(
    built: Connection, path: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "BUSY_MS", 50)
    built.execute("delete from articles where id = 1")
    built.execute("begin immediate")
    refused = run("update", path)
    built.execute("rollback")
    assert refused.exit_code == 1 and "locked by another program: nothing was written" in refused.stderr
    assert run("update", path).exit_code == 0


def test_the_command_says_what_it_did(built: Connection, path: str, run: Run) -> None:
    built.execute("delete from articles where id = 1")
    built.execute("insert into articles (title, body) values (?, ?), ('', 'qqq')", SPACE[0])
    listed = json.loads(run("collections", path, "--json").stdout)
    assert [(row["name"], row["stale"]) for row in listed] == [("articles_lsa", 3), ("articles_lsa_words", None)]
    assert "stale" not in json.loads(run("collections", path, "--quick", "--json").stdout)[0]
    done = run("update", path, "--json")
    assert done.exit_code == 0 and "1 row has no vector: no word is in the vocabulary" in done.stderr
    row = json.loads(done.stdout)[0]
    assert {key: row[key] for key in ("name", "added", "changed", "deleted", "count")} == {
        "name": "articles_lsa", "added": 2, "changed": 0, "deleted": 1, "count": 12,
    }  # fmt: skip
    assert "articles_lsa: up to date, 12 documents" in run("update", path, "articles_lsa").stderr
    told = json.loads(run("runs", path, 1, "--json").stdout)["updates"][0]
    assert told["texts"] == 2 and 0 <= told["residual"] <= 1 and 0 < told["unknown"] <= 1
    assert "added=2" in run("runs", path, 1).stdout


def test_the_command_fails_if_something_is_left(built: Connection, path: str, run: Run) -> None:
    built.execute("drop table articles")
    done = run("update", path)
    assert done.exit_code == 1 and "articles_lsa was not updated: The table articles no longer exists" in done.stderr
    assert run("collections", path).exit_code == 0
    assert run("update", path, "nothing").exit_code == 1
    with connect.writing(path + "2", create=True) as other:
        other.execute("create table t (a)")
    assert "No collection to update" in run("update", path + "2").stderr


def test_the_command_says_when_a_rebuild_would_pay_and_how(built: Connection, path: str, run: Run) -> None:
    dataset = engine.datasets.get_dataset(built, "articles")
    engine.build(
        built,
        dataset,
        registry.load().builder("lsa"),
        {"dim": 3, "stem": False},
        engine.BuildOptions(name="mine", seed=5),
    )
    rows = [("", f"liners crossed an ocean of words in year {year}") for year in range(1900, 1935)]
    built.executemany("insert into articles (title, body) values (?, ?)", rows)
    said = run("update", path, "mine").stderr
    assert "35 texts were added to a model that was built from 12. To rebuild it: " in said
    command = f"semsearch build lsa {path} articles --name mine --seed 5 --dim 3 --no-stem"
    assert command in said
    assert run(*command.split()[1:]).exit_code == 0
    assert "up to date" in run("update", path, "mine").stderr
    assert "rebuild" not in run("update", path, "mine").stderr
