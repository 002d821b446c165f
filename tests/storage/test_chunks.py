"""All vectors block by block: the quick way and the slow way give the same, after deletes too."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.records import Collection
from semsearch.storage import chunks, connect, shadow, vectors
from semsearch.storage.driver import Connection


@pytest.fixture(params=[True, False], ids=["integers", "texts"])
def stored(db: Connection, request: pytest.FixtureRequest) -> tuple[Collection, list[str], np.ndarray]:
    """2,500 vectors, of which some of the first and of the last blocks were deleted and two written again."""
    key_type = "integer" if request.param else "text"
    matrix = np.random.default_rng(1).standard_normal((2500, 8)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    keys = [str(3 * number) for number in range(2500)]
    with connect.transaction(db):
        number = vectors.create(db, 8, key_type)
    vectors.write(db, number, keys, matrix, key_type)
    gone = {"0", "30", "3000", "7497"}
    typed = [int(key) if request.param else key for key in gone]
    db.executemany(f"delete from {vectors.table_name(number)} where id = ?", [[key] for key in typed])
    vectors.write(db, number, ["30", "99999"], matrix[:2], key_type)
    left = [(key, row) for key, row in zip(keys, matrix, strict=True) if key not in gone]
    left += [("30", matrix[0]), ("99999", matrix[1])]
    collection = Collection(1, "c", "d", "lsa", 1, "document", number, 8, len(left), "", key_type=key_type)
    return collection, [key for key, _ in left], np.stack([row for _, row in left])


@pytest.mark.parametrize("known", [shadow.KNOWN, ()], ids=["by blobs", "by rows"])
def test_every_vector_once(db: Connection, stored: tuple, known: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow, "KNOWN", known)
    collection, keys, matrix = stored
    found, vectors_found = chunks.everything(db, collection)
    assert sorted(found) == sorted(keys)
    rows = [keys.index(key) for key in found]
    assert vectors_found == pytest.approx(matrix[rows], abs=1e-6)  # a unit vector is divided by its length once more
    assert sum(len(block.vectors) for block in chunks.blocks(db, collection, every=2)) < len(keys)


def test_both_ways_give_one_order(db: Connection, stored: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = chunks.everything(db, stored[0])[0]
    monkeypatch.setattr(shadow, "KNOWN", ())
    assert chunks.everything(db, stored[0])[0] == quick


def test_nothing(db: Connection) -> None:
    with connect.transaction(db):
        number = vectors.create(db, 3, "integer")
    keys, matrix = chunks.everything(
        db, Collection(1, "c", "d", "lsa", 1, "document", number, 3, 0, "", key_type="integer")
    )
    assert keys == [] and matrix.shape == (0, 3)
