"""What the tests of ingest share: sources written from strings, and loading them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semsearch.ingest.load import Loaded, load_documents
from semsearch.ingest.readers import builtin_readers
from semsearch.ingest.sources import read_sources, source_name
from semsearch.storage.driver import Connection

READERS = {reader.name: reader for reader in builtin_readers()}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], str]:
    """Writes a file of this content below tmp_path; returns its path."""

    def write_file(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write_file


@pytest.fixture
def load(db: Connection) -> Callable[..., Loaded]:
    """Ingests sources into the dataset `docs`; options of reading and of loading alike."""

    def load_sources(*sources: str, name: str = "docs", **options: Any) -> Loaded:
        reading = {key: options.pop(key) for key in ("format", "encoding", "stdin", "strict") if key in options}
        items = read_sources(sources, READERS, **reading)
        return load_documents(db, name, items, source=source_name(sources), **options)

    return load_sources


@pytest.fixture
def rows(db: Connection) -> Callable[..., list[tuple[Any, ...]]]:
    """Rows of the table `docs` by key, or those of any statement."""

    def select(statement: str = "select * from docs order by 1") -> list[tuple[Any, ...]]:
        return list(db.execute(statement))

    return select
