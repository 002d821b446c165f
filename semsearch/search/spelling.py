"""Words that a collection knows and that are spelled nearly like one it does not."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from semsearch.records import Collection
from semsearch.storage import vectors
from semsearch.storage.driver import Connection

_SUGGESTED = 3
_ALIKE = 0.75  # of difflib's ratio: one letter wrong in a word of four


def spelled_like(db: Connection, collection: Collection, words: Sequence[str]) -> list[list[str]]:
    """For each of some unknown words the few known ones that are nearest in spelling, the nearest first."""
    every = vectors.all_keys(db, collection)
    return [get_close_matches(word.lower(), every, _SUGGESTED, _ALIKE) for word in words]
