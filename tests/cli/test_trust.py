"""What commands leave beside a file, what they say when a write succeeded only in part, and files that are damaged."""

from __future__ import annotations

import os
import signal
import sqlite3 as standard
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from semsearch.storage import collections, connect, driver
from semsearch.storage.driver import Connection
from tests.planted import make_articles

Run = Callable[..., Result]


@pytest.fixture
def built(path: str, db: Connection, run: Run) -> str:
    make_articles(db)
    db.execute("update articles set title = char(27) || '[31mred' || char(7) where id = 1")
    connect.checkpoint(db)
    db.close()
    assert run("index", path, "articles").exit_code == 0
    return path


def beside(path: str) -> list[str]:
    return sorted(each.name for each in Path(path).parent.iterdir() if each.name.startswith(Path(path).name))


def test_commands_that_read_leave_nothing_beside_the_file(built: str, run: Run) -> None:
    for command in (["datasets"], ["collections"], ["runs"], ["search", "articles_lsa", "yeast"], ["doctor"]):
        verb, *rest = command
        assert run(verb, built, *rest).exit_code == 0
        assert beside(built) == [Path(built).name], verb


def test_a_log_that_was_there_stays(built: str, run: Run) -> None:
    other = driver.sqlite3.connect(built, isolation_level=None)
    other.execute("create table more (a)")
    assert run("search", built, "articles_lsa", "yeast").exit_code == 0
    assert Path(f"{built}-wal").stat().st_size > 0
    assert other.execute("select count(*) from more").fetchone() == (0,)
    other.close()


def test_control_characters_do_not_reach_the_terminal(built: str, run: Run) -> None:
    for shape in ([], ["--table"]):
        said = run("search", built, "articles_lsa", "rocket", "-k", "12", *shape)
        assert "\x1b" not in said.output and "\x07" not in said.output
        assert "\ufffd[31mred\ufffd" in said.output, shape
    assert "\\u001b[31mred" in run("search", built, "articles_lsa", "rocket", "-k", "12", "--json").output


def test_views_off_lets_other_tools_alter_tables(built: str, run: Run) -> None:
    def alter(name: str) -> None:
        other = standard.connect(built)
        try:
            other.execute(f"alter table articles rename column theme to {name}")
            other.commit()
        finally:
            other.close()

    with connect.writing(built) as db:
        db.execute("alter table articles add column theme text")
    with pytest.raises(standard.OperationalError, match="no such module: vec0"):
        alter("subject")
    assert "Removed the views articles_lsa, articles_lsa_words" in run("views", built, "--off").output
    alter("subject")
    assert run("search", built, "articles_lsa", "yeast", "--json").exit_code == 0
    assert "There was nothing to do" in run("views", built, "--off").output
    assert run("views", built).exit_code == 2
    assert "Made the views articles_lsa, articles_lsa_words" in run("views", built, "--on").output
    with connect.reading(built) as db:
        assert db.execute("select count(*) from articles_lsa").fetchone() == (12,)


def test_views_on_refuses_a_name_that_is_taken(built: str, run: Run) -> None:
    run("views", built, "--off")
    with connect.writing(built) as db:
        db.execute("create table articles_lsa_words (a)")
    said = run("views", built, "--on")
    assert said.exit_code == 1 and "articles_lsa_words is already a table" in said.output
    with connect.reading(built) as db:
        assert db.execute("select 1 from sqlite_master where name = 'articles_lsa'").fetchone() is None


class FullDisk:
    """A connection whose final checkpoint finds no room."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def execute(self, statement: str, *values: object) -> object:
        if "wal_checkpoint" in statement:
            raise driver.OperationalError("database or disk is full")
        return self._db.execute(statement, *values)


def test_a_full_disk_at_the_checkpoint_says_that_all_was_written(path: str, db: Connection) -> None:
    db.execute("create table kept (a)")
    said = connect.checkpoint(FullDisk(db))
    assert said is not None and said.startswith("Everything was written") and "free some disk space" in said
    assert db.execute("select count(*) from kept").fetchone() == (0,)


DAMAGE = {
    "edges": "update _semsearch_datasets set edges = '{'",
    "key columns": "update _semsearch_datasets set key_columns = '[1]'",
    "metrics": 'update _semsearch_runs set metrics = \'{"a": "b"}\'',
    "options": "update _semsearch_runs set options = x'ff'",
    "dim": "update _semsearch_collections set dim = 'abc'",
    "kind": "update _semsearch_collections set kind = 'planet'",
    "array": "update _semsearch_models set shape = '[1, 2, 3]'",
    "array of another type": "update _semsearch_models set dtype = '<i8', shape = '[' || (length(content) / 8) || ']'",
    "vectors gone": "drop table _semsearch_vec_1",
    "part of the vectors gone": "drop table _semsearch_vec_1_rowids",
    "vectors of another type": "update _semsearch_vec_1_vector_chunks00 set vectors = 'abc'",
    "vectors cut": "update _semsearch_vec_1_vector_chunks00 set vectors = substr(vectors, 1, 100)",
    "vectors of another chunk": "update _semsearch_vec_1_vector_chunks00 set rowid = 'null'",
    "length of a vector": "update _semsearch_vec_1_auxiliary set value00 = '{}'",
    "key": "update _semsearch_items set key = 'x' where item = 1",
    "catalogue not UTF-8": "update _sqlite_migrations set name = cast(x'ff' as text) where id = 1",
    "revision": "update _semsearch_items set revision = 'null'",
    "place of a vector": "update _semsearch_vec_1_rowids set chunk_offset = 99999",
    "run gone": "delete from _semsearch_runs",
}
COMMANDS = (
    ["search", "DB", "articles_lsa", "yeast"], ["similar", "DB", "articles_lsa", "1"], ["collections", "DB"],
    ["datasets", "DB"], ["runs", "DB"], ["update", "DB"], ["duplicates", "DB", "articles_lsa"],
    ["cluster", "DB", "articles_lsa", "--clusters", "2"], ["drop", "DB", "articles_lsa"],
)  # fmt: skip


@pytest.mark.parametrize("statement", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_one_line_that_names_it(built: str, run: Run, statement: str) -> None:
    with connect.writing(built) as db:
        db.execute("pragma foreign_keys = off")
        db.execute(statement)
    found = run("doctor", built)
    assert found.exit_code == 1 and "Traceback" not in found.output
    for command in COMMANDS:
        said = run(*(built if word == "DB" else word for word in command))
        assert said.exit_code in (0, 1) and not said.exception or isinstance(said.exception, SystemExit), command
        assert "Traceback" not in said.output, command
        if said.exit_code == 1:
            assert said.stderr.strip().splitlines()[-1].startswith("Error: "), command


def test_damaged_full_text_is_one_line(built: str, run: Run) -> None:
    with connect.writing(built) as db:
        db.execute("update _semsearch_fts_1_docsize set sz = x'fffe00'")
        db.execute("update articles set body = 'dough' where id = 1")
    said = run("update", built)
    assert said.exit_code == 1
    assert "The full-text table _semsearch_fts_1 is damaged: restore a backup" in said.stderr


def test_a_damaged_model_is_one_line_of_update(built: str, run: Run) -> None:
    with connect.writing(built) as db:
        db.execute("update _semsearch_models set content = zeroblob(length(content)) || x'' where name = 'terms'")
        db.execute("update _semsearch_models set content = replace(content, x'00', x'b9') where name = 'terms'")
        db.execute("update articles set body = 'dough' where id = 1")
    said = run("update", built)
    assert said.exit_code == 1 and isinstance(said.exception, SystemExit)
    assert "damaged" in said.stderr


def test_a_collection_that_lacks_a_part_can_be_dropped(built: str, run: Run) -> None:
    with connect.writing(built) as db:
        db.execute("drop table _semsearch_vec_1_rowids")
    assert (
        "The vector table of collection 'articles_lsa' is damaged" in run("similar", built, "articles_lsa", "1").stderr
    )
    assert run("drop", built, "articles_lsa").exit_code == 0
    with connect.reading(built) as db:
        assert db.execute("select name from sqlite_master where name like '_semsearch_vec_1%'").fetchall() == []
    assert run("index", built, "articles").exit_code == 0


@pytest.mark.skipif(os.name != "posix", reason="sends a signal as a terminal does")
@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.25, 0.5])
def test_ctrl_c_while_modules_load_is_no_traceback(seconds: float) -> None:
    started = subprocess.Popen(
        [sys.executable, "-c", "import semsearch.__main__ as m; print('on', flush=True); m.main()", "builders"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    started.stdout.readline()
    time.sleep(seconds)
    started.send_signal(signal.SIGINT)
    _, errors = started.communicate(timeout=60)
    assert "Traceback" not in errors
    assert started.returncode in (0, 1)


def test_a_broken_collection_hides_no_other(built: str) -> None:
    with connect.writing(built) as db:
        db.execute("update _semsearch_collections set count = 'many' where name = 'articles_lsa'")
        assert [each.name for each in collections.undamaged_collections(db)] == ["articles_lsa_words"]
