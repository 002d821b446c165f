"""Vectors with a known answer, in a file, ready to leave it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from semsearch.ingest.vectors import VectorSource, load_vectors
from semsearch.storage import connect
from semsearch.storage.driver import Connection
from tests.export.given import Given


@pytest.fixture
def given() -> Given:
    """6,000 words, more than any reader or writer takes at once; `second` is nearly `first`."""
    rng = np.random.default_rng(4)
    words = ["first", "second", "naïve", "東京", "don't", *(f"word{number}" for number in range(5995))]
    vectors = rng.standard_normal((len(words), 8)) * 10 ** rng.uniform(-2, 2, (len(words), 1))
    vectors[1] = 3 * vectors[0] + 0.01 * vectors[1] / np.linalg.norm(vectors[1])
    return Given(words, vectors.astype(np.float32))


@pytest.fixture
def stored(db: Connection, given: Given, tmp_path: Path) -> Connection:
    """The collection `words` of these, in a database."""
    source = tmp_path / "given.npz"
    np.savez(source, ids=np.array(given.words), vectors=given.vectors)
    load_vectors(db, "words", VectorSource(str(source)))
    connect.checkpoint(db)
    return db
