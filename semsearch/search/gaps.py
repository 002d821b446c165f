"""Fill gaps in texts with the model of a collection, and pose gaps in its own documents.

Everything here uses the protocol `Fills` (builders/base.py), so it works for any builder that fills gaps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from semsearch import registry
from semsearch.builders.base import Fills, Gap, Needs
from semsearch.errors import CapabilityError, InputError, NotFoundError, out_of_range
from semsearch.records import Collection, OpenCollection
from semsearch.search.models import state_of
from semsearch.search.query_parser import MAX_QUERY
from semsearch.storage import datasets, vectors
from semsearch.storage.damage import fitting
from semsearch.storage.datasets import text_of
from semsearch.storage.driver import Connection

__all__ = ["Gap", "Posed", "fill", "has_gaps", "pose"]
BLANK = "___"
MAX_K = 100
MAX_GAPS = 64
MAX_POSED = 40  # texts at once
_GAP = re.compile(r"_{3,}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？।])|\n+")
_SHORTEST, _LONGEST = 30, 300  # characters of a sentence that is shown with gaps
_WORDS_PER_GAP = 8


@dataclass(frozen=True)
class Posed:
    """A sentence of a document with gaps: the text between them, the words that were there, and what the model says.

    `parts` (gaps + 1,), `truths` (gaps,) and `gaps` (gaps,).
    """

    key: str
    parts: tuple[str, ...]
    truths: tuple[str, ...]
    gaps: tuple[Gap, ...]

    def is_right(self, number: int) -> bool:
        """Whether the likeliest word of a gap is the one that was there."""
        return bool(self.gaps[number].words) and self.gaps[number].words[0][0] == self.truths[number].lower()


def has_gaps(collection: Collection) -> bool:
    """Whether a collection holds documents and its model fills gaps."""
    return collection.of == "document" and isinstance(registry.load().builders.get(collection.builder), Fills)


def fill(db: Connection, opened: OpenCollection, text: str, *, k: int = 5) -> list[Gap]:
    """The k likeliest words for each ___ of a text, in their order.

    Raises InputError for a collection that cannot fill gaps, a text that is too long or has no gap or too many, and a k
    out of range; CapabilityError for a missing package.
    """
    builder = _builder(opened.collection)
    if not 1 <= k <= MAX_K:
        raise out_of_range("-k", k, least=1, most=MAX_K)
    if len(text) > MAX_QUERY:
        raise InputError(f"The text has {len(text):,} characters: at most {MAX_QUERY:,} are allowed")
    text = _GAP.sub(f" {BLANK} ", text)
    if (gaps := text.count(BLANK)) > MAX_GAPS:
        raise InputError(f"The text has {gaps:,} gaps: at most {MAX_GAPS} are allowed")
    state = state_of(db, opened.collection)
    with fitting(f"The model of {opened.name}"):
        return list(builder.fill(state, text, k))


def pose(
    db: Connection,
    opened: OpenCollection,
    *,
    count: int,
    seed: int,
    k: int = 5,
) -> list[Posed]:
    """Sentences of random documents, each with some known words as gaps; reproducible by the seed.

    Raises as `fill`, and NotFoundError where no document has a sentence with a known word.
    """
    builder = _builder(opened.collection)
    if not 1 <= count <= MAX_POSED:
        raise out_of_range("The number of texts", count, least=1, most=MAX_POSED)
    rng = np.random.default_rng(seed)
    keys = vectors.all_keys(db, opened.collection)
    drawn = [keys[row] for row in rng.permutation(len(keys))[: 4 * count].tolist()]
    rows = datasets.rows_by_key(db, opened.dataset, drawn)
    state = state_of(db, opened.collection)
    result: list[Posed] = []
    with fitting(f"The model of {opened.name}"):
        for key in drawn:
            if key in rows and len(result) < count:
                posed = _posed(builder, state, key, text_of(opened.dataset, rows[key])[1], k, rng)
                result += [] if posed is None else [posed]
    if not result:
        raise NotFoundError(f"No document of {opened.name} has a sentence with a word that the model knows")
    return result


def _posed(builder: Any, state: Any, key: str, text: str, k: int, rng: np.random.Generator) -> Posed | None:
    """A sentence of a text with gaps; None if it has none of a suitable length with a known word."""
    sentences = [one for one in map(str.strip, _SENTENCE.split(text)) if _SHORTEST <= len(one) <= _LONGEST]
    if not sentences:
        return None
    sentence = sentences[int(rng.integers(len(sentences)))].replace(BLANK, " ")
    words = [match for match in re.finditer(r"\w+", sentence) if builder.knows(state, match.group())]
    if not words:
        return None
    n = max(1, len(words) // _WORDS_PER_GAP)
    chosen = [words[at] for at in sorted(rng.permutation(len(words))[:n].tolist())]
    starts, ends = [0, *(match.end() for match in chosen)], [*(match.start() for match in chosen), len(sentence)]
    parts = [sentence[a:b] for a, b in zip(starts, ends, strict=True)]
    gaps = builder.fill(state, f" {BLANK} ".join(parts), k)
    return Posed(key, tuple(parts), tuple(match.group() for match in chosen), tuple(gaps))


def _builder(collection: Collection) -> Any:
    if not has_gaps(collection):
        raise InputError(
            f"{collection.name} was built by {collection.builder}, which fills no gaps: use `semsearch build masked`"
        )
    builder = registry.load().builder(collection.builder)
    for package in builder.needs if isinstance(builder, Needs) else ():
        if find_spec(package) is None:
            raise CapabilityError(f"{collection.builder} needs {package}: pip install 'datasette-semsearch[{package}]'")
    return builder
