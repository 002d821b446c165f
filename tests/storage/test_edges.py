"""Files from before edges, and what the catalogue keeps of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semsearch.errors import SchemaError
from semsearch.records import Dataset, Edges
from semsearch.storage import connect, datasets
from semsearch.storage.driver import Connection


def test_a_file_from_before_edges_is_brought_up_to_date(db: Connection, articles: Dataset, path: str) -> None:
    db.execute("alter table _semsearch_datasets drop column edges")
    db.execute("delete from _sqlite_migrations where name = 'm004_edges'")
    with pytest.raises(SchemaError, match="semsearch migrate"), connect.reading(path):
        pass
    with connect.writing(path) as again, connect.transaction(again):
        assert datasets.get_dataset(again, "articles") == articles


def test_edges_stay_when_a_dataset_is_described_anew(db: Connection, articles: Dataset) -> None:
    edges = Edges("links", "from", "to", "weight", directed=True)
    with connect.transaction(db):
        assert datasets.save(db, replace(articles, edges=edges)).edges == edges
        assert datasets.save(db, articles).edges == edges
