"""The thumbnail of an item that is a picture: its URL, which names its content, and its words for who cannot see it."""

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
    """What an <img> needs."""

    url: str
    alt: str
    width: int
    height: int


def thumb_of(datasette: Any, target: Target, hit: Hit) -> Thumb | None:
    """The thumbnail of a hit; None where it is no picture, or one whose file may not be read for pages."""
    dataset = target.dataset
    if dataset.kind != "images" or not may_read(datasette, dataset, hit.row):
        return None
    told = dataset.image_column is None  # of a table of somebody's own the size is not known before it is seen
    width, height = (hit.row.get(name) or 1 if told else 1 for name in ("width", "height"))
    url = url_of(datasette, target, "thumbnail", hit.id, v=version_of(dataset, hit.row))
    return Thumb(url, present.alt_of(target.dataset, hit), int(width), int(height))


def url_of(datasette: Any, target: Target, what: str, id: Any = None, **arguments: Any) -> str:
    """The URL of a picture that pages show."""
    page = what if id is None else f"{what}/{tilde_encode(str(id))}"
    return links.collection(datasette, target.database.name, target.collection.name, page, **arguments)


def version_of(dataset: Dataset, row: Mapping[str, Any]) -> str:
    """What changes when a row's picture does, 12 hex digits."""
    content = row.get(dataset.image_column or "content")
    told = content if isinstance(content, bytes) else str(row.get("digest") or row.get("path")).encode()
    return hashlib.blake2b(told, digest_size=6).hexdigest()


def may_read(datasette: Any, dataset: Dataset, row: Mapping[str, Any]) -> bool:
    """Whether a row's picture may be shown: its own bytes may. A linked file may where the plugin's setting
    `picture_folders` lists a folder it lies in: a path in a database is no reason to read a server's files."""
    if isinstance(row.get(dataset.image_column or "content"), bytes):
        return True
    path = row.get("path") if dataset.image_column is None else None
    if not isinstance(path, str):
        return False
    real = os.path.realpath(path)
    folders = (datasette.plugin_config("semsearch") or {}).get("picture_folders") or []
    return any(os.path.commonpath([real, os.path.realpath(folder)]) == os.path.realpath(folder) for folder in folders)
