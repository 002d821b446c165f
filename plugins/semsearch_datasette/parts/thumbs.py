"""The thumbnail of an image: its URL, which changes with its content, its alternative text and its size."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasette.utils import tilde_encode

from semsearch import present
from semsearch.records import Dataset, Hit
from semsearch_datasette import links
from semsearch_datasette.target import Target


@dataclass(frozen=True)
class Thumb:
    """The attributes of an <img>."""

    url: str
    alt: str
    width: int
    height: int


def thumb_of(datasette: Any, target: Target, hit: Hit) -> Thumb | None:
    """The thumbnail of a hit; None if it is not an image, or if its file may not be shown."""
    dataset = target.dataset
    if dataset.kind != "images" or not may_read(datasette, dataset, hit.row):
        return None
    has_size = dataset.image_column is None  # a table that was not ingested by semsearch does not store the size
    width, height = (hit.row.get(name) or 1 if has_size else 1 for name in ("width", "height"))
    url = url_of(datasette, target, "thumbnail", hit.id, v=version_of(dataset, hit.row))
    return Thumb(url, present.alt_of(target.dataset, hit), int(width), int(height))


def url_of(datasette: Any, target: Target, kind: str, id: Any = None, **arguments: Any) -> str:
    """The URL of an image of this kind (`thumbnail`, `component`, …)."""
    page = kind if id is None else f"{kind}/{tilde_encode(str(id))}"
    return links.collection(datasette, target.database.name, target.collection.name, page, **arguments)


def version_of(dataset: Dataset, row: Mapping[str, Any]) -> str:
    """A digest of a row's image, 12 hex digits."""
    content = row.get(dataset.image_column or "content")
    identity = content if isinstance(content, bytes) else str(row.get("digest") or row.get("path")).encode()
    return hashlib.blake2b(identity, digest_size=6).hexdigest()


def may_read(datasette: Any, dataset: Dataset, row: Mapping[str, Any]) -> bool:
    """Whether a row's image may be shown: bytes in the row may, a linked file only if it is in a folder of the plugin's
    setting `picture_folders`. A path in a database must not give access to the server's files."""
    if isinstance(row.get(dataset.image_column or "content"), bytes):
        return True
    path = row.get("path") if dataset.image_column is None else None
    if not isinstance(path, str):
        return False
    real = os.path.realpath(path)
    folders = (datasette.plugin_config("semsearch") or {}).get("picture_folders") or []
    return any(os.path.commonpath([real, os.path.realpath(folder)]) == os.path.realpath(folder) for folder in folders)
