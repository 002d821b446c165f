"""Files from before revisions: what the last build has seen is known, what earlier ones have seen is not."""

from __future__ import annotations

import pytest

from semsearch import registry
from semsearch.building import build as engine
from semsearch.building.staleness import stale_rows
from semsearch.building.update import update
from semsearch.errors import SchemaError
from semsearch.records import Dataset
from semsearch.storage import collections, connect, vectors
from semsearch.storage.driver import Connection

OLDER = (
    "alter table _semsearch_datasets drop column revision",
    "alter table _semsearch_items drop column revision",
    "alter table _semsearch_collections drop column revision",
    "alter table _semsearch_collections drop column built",
    "drop table _semsearch_deleted",
    "drop table _semsearch_updates",
    "delete from _sqlite_migrations where name = 'm003_revisions'",
)


@pytest.fixture
def older(db: Connection, articles: Dataset, path: str) -> str:
    """A file as the version before m003 left it: `second` was built when row 1 was there, then `articles_lsa`."""
    lsa = registry.load().builder("lsa")
    engine.build(db, articles, lsa, {"dim": 2}, engine.BuildOptions(name="second"))
    db.execute("delete from articles where id = 1")
    engine.build(db, articles, lsa, {"dim": 2})
    for statement in OLDER:
        db.execute(statement)
    return path


def test_an_older_file_is_read_only_once_it_is_migrated(older: str) -> None:
    with pytest.raises(SchemaError, match="semsearch migrate"), connect.reading(older):
        pass
    with connect.writing(older):
        pass
    with connect.reading(older) as db:
        assert {found.name: found.revision for found in collections.all_collections(db)} == {
            "articles_lsa": 1, "articles_lsa_words": 1, "second": 0, "second_words": 0,
        }  # fmt: skip
        assert stale_rows(db, ["articles_lsa", "second"]) == {"articles_lsa": 0, "second": 12}


def test_an_update_of_an_older_file_mends_what_is_not_known(older: str) -> None:
    with connect.writing(older) as db:
        done = {one.collection.name: one.update for one in update(db).updated}
        second = done["second"]
        assert (second.added, second.changed, second.deleted) == (0, 11, 1)
        assert done["articles_lsa"].metrics == {}
        keys = vectors.all_keys(db, collections.get_collection(db, "second"))
        assert set(keys) == {str(number) for number in range(2, 13)}
        assert stale_rows(db, ["articles_lsa", "second"]) == {"articles_lsa": 0, "second": 0}


def test_a_build_in_an_older_file_brings_it_up_to_date(older: str) -> None:
    with connect.writing(older) as db:
        dataset = engine.datasets.get_dataset(db, "articles")
        engine.build(db, dataset, registry.load().builder("lsa"), {"dim": 2})
        assert stale_rows(db, ["articles_lsa"]) == {"articles_lsa": 0}


def test_a_file_with_a_dataset_that_was_never_built(db: Connection, articles: Dataset, path: str) -> None:
    for statement in OLDER:
        db.execute(statement)
    with connect.writing(path) as other:
        engine.build(other, articles, registry.load().builder("lsa"), {})
        other.execute("delete from articles where id = 1")
        assert update(other).updated[0].update.deleted == 1
