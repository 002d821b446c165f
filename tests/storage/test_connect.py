"""Files that cannot be used, and work that fails half way: one line, and the file as it was."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
import sqlite_utils
from semsearch_migrations.migrations import migrations

from semsearch import registry
from semsearch.building import build as engine
from semsearch.errors import DatabaseError, SchemaError
from semsearch.storage import chunks, collections, connect, datasets
from semsearch.storage.driver import Connection, sqlite3
from semsearch.storage.keys import shape_of
from tests.planted import make_articles


def digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def build(db: Connection, name: str | None = None) -> None:
    engine.build(
        db, datasets.get_dataset(db, "articles"), registry.load().builder("lsa"), {}, engine.BuildOptions(name=name)
    )


def test_a_new_file_uses_wal_and_large_pages(path: str, db: Connection) -> None:
    make_articles(db)
    assert connect.is_wal(db)
    assert db.execute("pragma page_size").fetchone()[0] == 16_384


def test_a_users_file_keeps_its_journal_mode_triggers_and_page_size(path: str) -> None:
    own = sqlite3.connect(path, isolation_level=None)
    own.execute("create table log (what text)")
    own.execute("create table articles (id integer primary key, body text)")
    own.execute("insert into articles (body) values ('a rocket'), ('some bread'), ('a rocket and bread')")
    own.execute("create trigger t after insert on articles begin insert into log values ('inserted'); end")
    schema = own.execute("select sql from sqlite_master where name in ('articles', 'log', 't')").fetchall()
    with connect.writing(path) as db:
        with connect.transaction(db):
            dataset = datasets.register(db, shape_of(db, "articles"), text_columns=["body"])
        engine.build(db, dataset, registry.load().builder("lsa"), {})
        assert connect.checkpoint(db) is None
    assert own.execute("pragma journal_mode").fetchone()[0] == "delete"
    assert own.execute("pragma page_size").fetchone()[0] == 4096
    assert own.execute("select sql from sqlite_master where name in ('articles', 'log', 't')").fetchall() == schema
    assert own.execute("select count(*) from log").fetchone()[0] == 0
    own.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, this is a letter and not a database. " * 50)
    with pytest.raises(DatabaseError, match="is not an SQLite database"), connect.reading(str(path)):
        pass


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = str(tmp_path / "none.db")
    for opened in (connect.reading, connect.writing):
        with pytest.raises(DatabaseError, match="There is no file"), opened(path):
            pass
    assert not os.path.exists(path)


def test_a_folder_is_not_a_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="folder"), connect.writing(str(tmp_path), create=True):
        pass


def test_a_new_file_is_removed_when_its_first_work_fails(path: str) -> None:
    with pytest.raises(ZeroDivisionError), connect.writing(path, create=True) as db:
        make_articles(db)
        raise ZeroDivisionError
    assert os.listdir(os.path.dirname(path)) == []


def test_a_locked_file_is_one_clear_error(path: str, db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    make_articles(db)
    monkeypatch.setattr(connect, "BUSY_MS", 50)
    db.execute("begin exclusive")
    with pytest.raises(DatabaseError, match="locked by another program"), connect.writing(path) as other:
        build(other)
    db.execute("rollback")


def test_a_full_disk_leaves_the_old_vectors(path: str, db: Connection) -> None:
    make_articles(db)
    build(db)
    connect.checkpoint(db)
    pages = db.execute("pragma page_count").fetchone()[0]
    before = collections.all_collections(db)
    with pytest.raises(DatabaseError, match="No room left"), connect.writing(path) as other:
        other.execute(f"pragma max_page_count = {pages + 2}")
        build(other, "second")
    assert collections.all_collections(db) == before
    assert chunks.everything(db, before[0])[1].shape == (12, 6)


@pytest.mark.parametrize("stage", ["swap_in", "write_arrays", "write_run"])
def test_ctrl_c_while_writing_leaves_the_old_vectors(
    path: str, db: Connection, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_articles(db)
    build(db)
    before = db.execute("select name, sql from sqlite_master order by name").fetchall()
    real = getattr(collections, stage)

    def interrupted(*arguments: object, **options: object) -> None:
        real(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(collections, stage, interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(db)
    assert db.execute("select name, sql from sqlite_master order by name").fetchall() == before
    assert len(collections.all_runs(db)) == 1


def old_file(path: str) -> None:
    """A file as the version before the last migration left it, with a row in it."""
    with connect.writing(path, create=True) as db:
        migrations.apply(sqlite_utils.Database(db), stop_before="m002_collections")
        db.execute("create table articles (id integer primary key, body text)")
        db.execute("insert into articles (body) values ('a rocket'), ('some bread')")
        values = [1, "articles", "documents", "integer", '["id"]', '["body"]', None, None, "table", None, ""]
        db.execute(f"insert into _semsearch_datasets values ({', '.join('?' * len(values))})", values)


def test_an_older_file_is_answered_with_the_command_and_then_opens(path: str) -> None:
    old_file(path)
    before = digest(path)
    with pytest.raises(SchemaError, match="semsearch migrate"), connect.reading(path):
        pass
    assert digest(path) == before
    with connect.writing(path) as db, connect.transaction(db):
        pass
    with connect.reading(path) as db:
        assert [dataset.name for dataset in datasets.all_datasets(db)] == ["articles"]


def test_a_newer_file_is_refused_and_left_alone(path: str, db: Connection) -> None:
    make_articles(db)
    db.execute(
        "insert into _sqlite_migrations (migration_set, name, applied_at) values ('semsearch', 'm999_later', '')"
    )
    connect.checkpoint(db)
    for opened in (connect.reading, connect.writing):
        with pytest.raises(SchemaError, match="newer semsearch"), opened(path):
            pass


def test_other_peoples_migrations_are_not_ours_to_judge(path: str, db: Connection) -> None:
    make_articles(db)
    db.execute("insert into _sqlite_migrations (migration_set, name, applied_at) values ('llm', 'm001', '')")
    with connect.reading(path) as other:
        assert datasets.all_datasets(other)


def test_reading_changes_nothing(path: str, db: Connection) -> None:
    make_articles(db)
    connect.checkpoint(db)
    before = digest(path)
    with connect.reading(path) as other, pytest.raises(sqlite3.OperationalError):
        other.execute("create table t (a)")
    assert digest(path) == before


def test_a_file_in_a_folder_that_cannot_be_written_can_be_read(
    path: str, db: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_articles(db)
    connect.checkpoint(db)
    monkeypatch.setattr(os, "access", lambda place, mode: mode != os.W_OK)  # root may write anywhere
    with connect.reading(path) as other:
        assert other.execute("select count(*) from articles").fetchone()[0] == 12
        assert "immutable=1" in connect._frozen(path, "ro")
