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


@migrations()
def m003_revisions(db: Database) -> None:
    """What each collection has seen of its dataset, so that `update` knows what is left to do, and what updates found.

    A dataset's revision goes up when its rows are found changed; each item keeps the revision its text dates from, each
    collection the one it was built from and the one it has seen since.
    Before this step every build noted all items anew: the last build of a dataset has seen them as they are noted
    (revision 1); what an earlier one has seen is not known (revision 0).
    """
    db.execute("alter table _semsearch_datasets add column revision integer not null default 0")
    db.execute("alter table _semsearch_items add column revision integer not null default 1")
    db.execute("alter table _semsearch_collections add column revision integer not null default 0")
    db.execute("alter table _semsearch_collections add column built integer not null default 0")
    db.execute("update _semsearch_datasets set revision = 1 where id in (select dataset from _semsearch_items)")
    db.execute(
        "update _semsearch_collections set revision = 1, built = 1 where run in"
        " (select max(id) from _semsearch_runs group by dataset)"
    )
    db.execute("""
        create table _semsearch_deleted (
            dataset integer not null references _semsearch_datasets(id),
            key text not null,
            revision integer not null,
            primary key (dataset, key)
        ) without rowid""")
    db.execute("""
        create table _semsearch_updates (
            id integer primary key,
            run integer not null references _semsearch_runs(id),
            started text not null,
            seconds real not null,
            added integer not null,
            changed integer not null,
            deleted integer not null,
            metrics text not null
        )""")


@migrations()
def m004_edges(db: Database) -> None:
    """Where the edges of a dataset's rows stand, as JSON (records.Edges); null for one that is no graph."""
    db.execute("alter table _semsearch_datasets add column edges text")


@migrations()
def m005_pictures(db: Database) -> None:
    """Pictures (PNG) of what a training made of the same few items as it went on."""
    db.execute("""
        create table _semsearch_run_pictures (
            run integer not null references _semsearch_runs(id),
            step integer not null,
            content blob not null,
            primary key (run, step)
        )""")


@migrations()
def m006_inputs(db: Database) -> None:
    """Which other collections a run read, by the option that named each, and the run that had made what it read."""
    db.execute("""
        create table _semsearch_inputs (
            run integer not null references _semsearch_runs(id),
            option text not null,
            collection text not null,
            made integer not null,
            primary key (run, option)
        ) without rowid""")


@migrations()
def m007_image_column(db: Database) -> None:
    """The column of a table of somebody's own that holds pictures; null for one that ingest made, and for others."""
    db.execute("alter table _semsearch_datasets add column image_column text")


@migrations()
def m008_sources(db: Database) -> None:
    """Which tables each run, or a dataset's full text, was read from, so that a renamed table is found again.

    `sample` is JSON: the columns, then the row numbers and hashes of some rows. Runs from before this step have no rows
    here: their sources are known by name.
    """
    db.execute("""
        create table _semsearch_sources (
            id integer primary key,
            run integer references _semsearch_runs(id),
            dataset integer references _semsearch_datasets(id),
            name text not null,
            rootpage integer not null,
            definition text not null,
            sample text not null
        )""")


@migrations()
def m009_tokens(db: Database) -> None:
    """Random bytes that change with what they stand beside, so that memory of one file never serves another.

    A collection's `born` names its model, its `token` its vectors, a dataset's `token` its items.
    """
    db.execute("alter table _semsearch_collections add column born text not null default ''")
    db.execute("alter table _semsearch_collections add column token text not null default ''")
    db.execute("alter table _semsearch_datasets add column token text not null default ''")
    db.execute("update _semsearch_collections set born = hex(randomblob(8)), token = hex(randomblob(8))")
    db.execute("update _semsearch_datasets set token = hex(randomblob(8))")


@migrations()
def m010_languages(db: Database) -> None:
    """The language of a dataset's full-text index (null: that of version 0.1), and the language that the user named."""
    db.execute("alter table _semsearch_datasets add column language text")
    db.execute("alter table _semsearch_datasets add column asked_language text")


@migrations()
def m011_results(db: Database) -> None:
    """Tables of results that an update changes in place: the state of the collection that each represents, and facts
    about it as JSON. The comment in a table's definition cannot change with its rows."""
    db.execute("""
        create table _semsearch_results (
            name text primary key,
            run integer not null,
            revision integer not null,
            facts text not null
        )""")
