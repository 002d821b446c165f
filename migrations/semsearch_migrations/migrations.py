"""The append-only migrations of a semsearch file.

`semsearch migrate x.db` applies them, and so does `sqlite-utils migrate x.db` pointed at this file. Vector tables and
full-text tables are not made here: their shape depends on what is built.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("semsearch")


@migrations()
def m001_datasets(db: Database) -> None:
    """What people put in: datasets, and each item's key and content hash."""
    db.execute("""
        create table _semsearch_datasets (
            id integer primary key,
            name text not null unique,
            kind text not null,
            key_kind text not null,
            key_columns text not null,
            text_columns text not null,
            title_column text,
            label_column text,
            made_by text not null,
            source text,
            created text not null
        )""")
    db.execute("""
        create table _semsearch_items (
            item integer primary key,
            dataset integer not null references _semsearch_datasets(id),
            key text not null,
            row_hint integer,
            hash blob not null
        )""")
    db.execute("create unique index _semsearch_items_key on _semsearch_items (dataset, key)")


@migrations()
def m002_collections(db: Database) -> None:
    """What builders learned: runs, their curves, their states, and the collections of vectors."""
    db.execute("""
        create table _semsearch_runs (
            id integer primary key,
            dataset text not null,
            builder text not null,
            options text not null,
            seed integer not null,
            device text not null,
            started text not null,
            seconds real not null,
            metrics text not null,
            versions text not null
        )""")
    db.execute("""
        create table _semsearch_run_steps (
            run integer not null references _semsearch_runs(id),
            step integer not null,
            metrics text not null,
            primary key (run, step)
        )""")
    db.execute("""
        create table _semsearch_models (
            run integer not null references _semsearch_runs(id),
            name text not null,
            part integer not null,
            dtype text not null,
            shape text not null,
            content blob not null,
            primary key (run, name, part)
        )""")
    db.execute("""
        create table _semsearch_collections (
            id integer primary key,
            name text not null unique,
            dataset text not null,
            builder text not null,
            run integer not null references _semsearch_runs(id),
            kind text not null,
            vector_table integer not null unique,
            dim integer not null,
            count integer not null,
            created text not null
        )""")
