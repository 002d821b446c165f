"""One row as builders and hashes read it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

PICTURE = ("content", "digest")  # of an images dataset: the bytes, or the hash of the file that `path` names


class TextItem(NamedTuple):
    """One row as text: its key, its rowid (in tables without a key), its title and its body; for an image the digest of
    its bytes, which are read only where they are needed."""

    key: str
    row_hint: int | None
    title: str
    body: str
    picture: bytes = b""

    @property
    def text(self) -> str:
        """Title and body, as builders read them."""
        return f"{self.title}\n{self.body}" if self.title else self.body

    def hash(self) -> bytes:
        """16 bytes that change when the text or the image changes."""
        text = f"{self.title}\0{self.body}".encode("utf-8", "replace")
        return hashlib.blake2b(text + self.picture, digest_size=16).digest()


def digest_of(values: Sequence[Any]) -> bytes:
    """A hash of 16 bytes of an image's bytes or of their hash; empty if there is neither."""
    given = [value if isinstance(value, bytes) else str(value).encode() for value in values if value is not None]
    return hashlib.blake2b(b"\0".join(given), digest_size=16).digest() if given else b""
