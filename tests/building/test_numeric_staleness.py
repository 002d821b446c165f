"""Update of what was made of a table's numbers: rows that come, change and go, and what stands in the way of none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from semsearch import registry
from semsearch.building import build as engine
from semsearch.building.staleness import stale_rows
from semsearch.building.update import update
from semsearch.errors import NotFoundError
from semsearch.ingest.columns import describe_rows
from semsearch.storage import chunks, collections
from semsearch.storage.driver import Connection

BOTH = {"columns": "price,area"}


def flats(db: Connection, key: str = "id integer primary key") -> None:
    """Forty flats whose price goes with their area, the larger the later."""
    db.execute(f"create table flats ({key}, price real, area real, note text)")
    values = [(100.0 * n + n % 7, 10.0 * n, f"a flat of {n}") for n in range(1, 41)]
    db.executemany("insert into flats (price, area, note) values (?, ?, ?)", values)
    engine.build(db, describe_rows(db, "flats"), registry.load().builder("pca"), dict(BOTH))


@pytest.fixture
def built(db: Connection) -> Connection:
    """The flats, by the principal components of price and area."""
    flats(db)
    return db


def vectors(db: Connection) -> dict[str, np.ndarray]:
    keys, found = chunks.everything(db, collections.get_collection(db, "flats_pca"))
    return dict(zip(keys, found, strict=True))


def counts(db: Connection) -> tuple[int, int, int]:
    (found,) = update(db, "flats_pca").updated
    return found.update.added, found.update.changed, found.update.deleted


def test_rows_that_came_changed_and_went_are_followed(built: Connection) -> None:
    before = vectors(built)
    assert stale_rows(built, ["flats_pca"]) == {"flats_pca": 0} and counts(built) == (0, 0, 0)
    built.execute("insert into flats (price, area) values (4100, 410)")
    built.execute("update flats set area = 401, price = 4007 where id = 3")
    built.execute("update flats set note = 'sold' where id = 4")  # says nothing of price and area
    built.execute("delete from flats where id in (1, 2)")
    assert stale_rows(built, ["flats_pca"]) == {"flats_pca": 4} and counts(built) == (1, 1, 2)
    after = vectors(built)
    assert set(after) == set(before) - {"1", "2"} | {"41"}
    assert all((after[key] == before[key]).all() for key in after if key not in ("3", "41"))
    assert after["3"] @ after["41"] > 0.9 and after["3"] @ before["3"] < 0  # from the smallest to the largest
    assert stale_rows(built, ["flats_pca"]) == {"flats_pca": 0} and counts(built) == (0, 0, 0)


def test_rows_of_a_table_without_a_key(db: Connection) -> None:
    flats(db, key="place text")
    db.execute("update flats set price = 1 where area = 20")
    db.execute("delete from flats where area = 30")
    assert counts(db) == (0, 1, 1) and len(vectors(db)) == 39


def test_a_row_without_numbers_has_no_vector_and_is_in_nobodys_way(
    built: Connection, path: str, run: Callable[..., Any]
) -> None:
    engine.build(built, describe_rows(built, "flats"), registry.load().builder("lsa"), {"dim": 2})
    built.execute("insert into flats (price, area, note) values (null, 410, 'another flat of 3')")
    built.execute("update flats set area = 'large' where id = 5")
    done = run("update", path)
    assert done.exit_code == 0, done.stderr
    assert "flats_pca: 1 deleted" in done.stderr and "flats_lsa: 1 added" in done.stderr
    assert "2 rows have no vector: a column has no number there" in done.stderr
    built.execute("update flats set price = 4100 where note = 'another flat of 3'")
    assert counts(built) == (1, 0, 0) and "41" in vectors(built) and "5" not in vectors(built)


def test_a_column_that_is_gone_is_said_and_in_nobodys_way(built: Connection) -> None:
    engine.build(built, describe_rows(built, "flats"), registry.load().builder("lsa"), {"dim": 2})
    built.execute("alter table flats rename column area to size")
    built.execute("insert into flats (price, note) values (1, 'another flat of 3')")
    with pytest.raises(NotFoundError, match="no column 'area': it has id, price, size, note; `semsearch build pca DB"):
        update(built, "flats_pca")
    outcome = update(built)
    assert list(outcome.left) == ["flats_pca"] and [one.collection.name for one in outcome.updated] == ["flats_lsa"]
    assert stale_rows(built, ["flats_pca"]) == {"flats_pca": None}
