"""Words that a collection knows and that are spelled nearly like one it does not."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from semsearch.errors import written_list
from semsearch.records import Collection
from semsearch.storage import vectors
from semsearch.storage.driver import Connection

_SUGGESTED = 3
_ALIKE = 0.75  # of difflib's ratio: one letter wrong in a word of four


def unknown_words(db: Connection, collection: Collection, words: Sequence[str]) -> str:
    """That a collection has none of these words, with similar spellings that it has: `docs_pmi has no word 'mann' (did
    you mean 'man'?)`."""
    parts = []
    for word, close in zip(words, spelled_like(db, collection, words), strict=True):
        parts.append(f"{word!r} (did you mean {written_list(map(repr, close), 'or')}?)" if close else repr(word))
    return f"{collection.name} has no word {written_list(parts, 'or')}"


def spelled_like(db: Connection, collection: Collection, words: Sequence[str]) -> list[list[str]]:
    """For each of some unknown words the few known ones that are nearest in spelling, the nearest first."""
    every = vectors.all_keys(db, collection)
    return [get_close_matches(word.lower(), every, _SUGGESTED, _ALIKE) for word in words]
