"""Encoding text with a collection's model. States are kept in memory per file and run, a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semsearch import registry
from semsearch.arrays import FloatArray
from semsearch.builders.base import Encodes
from semsearch.errors import InputError, NotFoundError
from semsearch.images import image_arrays
from semsearch.lru_cache import LruCache
from semsearch.maths.text import stop_words_in
from semsearch.records import Collection, Documents, Images, OpenCollection, Rows, State
from semsearch.search.wordmean import mean_of_words
from semsearch.storage import collections, dependencies, vector_import
from semsearch.storage.connect import memory_of
from semsearch.storage.damage import fitting
from semsearch.storage.driver import Connection
from semsearch.storage.vectors import StoredRows

STATES_KEPT = 8
MOST_WORDS = 64  # of a question; a text of more is a document
ROWS_KEPT = 4096
_stop_words: LruCache[frozenset[str]] = LruCache(STATES_KEPT)
_states: LruCache[State] = LruCache(STATES_KEPT)  # by file, run and when its collection was made


def state_of(db: Connection, collection: Collection) -> State:
    """The state of the run that made a collection, bound to this connection for what it reads by key.

    InputError if another collection that it needs was built anew or is gone.
    """
    read = {option: StoredRows(db, part) for option, part in dependencies.of_run(db, collection).items()}
    key = (*memory_of(db, collection.born), collection.run)
    kept = _states.get_or_compute(key, lambda: State(collections.read_arrays(db, collection.run)))
    rows = {part.of: _rows(StoredRows(db, part), kept) for part in collections.of_run(db, collection.run)}
    return State(kept.arrays, rows, kept.cache, read)


def _rows(stored: StoredRows, state: State) -> Rows:
    """Words are remembered for as long as their run's state is: an update gives other documents, never other words."""
    return _Remembered(stored, state.derived("asked", _Asked)) if stored.collection.of == "word" else stored


class _Asked:
    """Rows that were asked for by key, (dim,) float32 each: as many as stand in a few thousand questions."""

    def __init__(self) -> None:
        self.rows: dict[str, FloatArray] = {}

    def add(self, keys: Sequence[str], rows: FloatArray) -> None:
        """Keep these as well; when they are too many, begin again."""
        if len(self.rows) + len(keys) > ROWS_KEPT:
            self.rows = {}
        self.rows.update(zip(keys, rows, strict=True))


@dataclass(frozen=True)
class _Remembered:
    """Stored rows of which those asked for once are kept: vec0 takes some 50 µs to find one, as questions need them."""

    stored: StoredRows
    asked: _Asked

    def take(self, keys: Sequence[str]) -> FloatArray:
        """As of `StoredRows`; many at once are not kept."""
        if len(keys) > MOST_WORDS:
            return self.stored.take(keys)
        known = self.asked.rows
        if missing := [key for key in keys if key not in known]:
            rows = self.stored.take(missing)
            self.asked.add(missing, rows)
            known = known | dict(zip(missing, rows, strict=True))
        return np.stack([known[key] for key in keys]) if keys else self.stored.take(keys)

    def known(self, keys: Sequence[str]) -> set[str]:
        """As of `StoredRows`."""
        return self.stored.known(keys)


def own_stop_words(db: Connection, opened: OpenCollection) -> frozenset[str]:
    """The words that the build of a collection left out because its user said so, as the analyser spells them."""
    collection, language = opened.collection, opened.dataset.language
    if not opened.has_text or language is None:
        return frozenset()
    key = (*memory_of(db, collection.born), collection.run)

    def read() -> frozenset[str]:
        return stop_words_in(collections.run_option(db, collection.run, "own_stop_words"), language)

    return _stop_words.get_or_compute(key, read)


def takes_text(collection: Collection) -> bool:
    """Whether a text can be placed in a collection: whether its builder, if it is there, embeds texts."""
    if collection.builder == vector_import.BUILDER:
        return True
    try:
        builder = registry.builder(collection.builder)
    except NotFoundError:
        return True  # unknown: encoding a text then raises an error that names the missing builder
    return isinstance(builder, Encodes) and builder.reads == "documents"


def encode_text(db: Connection, collection: Collection, text: str) -> FloatArray | None:
    """The unit vector of a text in a collection, (dim,) float32; None where no word of it is known.

    Imported words have no builder: a text is the mean of its known words. Raises InputError if the collection's
    builder cannot embed text.
    """
    if collection.builder == vector_import.BUILDER:
        return _at_unit_length(mean_of_words(db, collection, text))
    builder = registry.builder(collection.builder)
    if not isinstance(builder, Encodes) or not takes_text(collection):
        name = collection.name
        how = f"`semsearch similar DB {name} ID` finds the items similar to an item"
        how += (
            f", `semsearch search DB {name} --image FILE` those similar to an image" if collection.of == "image" else ""
        )
        raise InputError(f"{name} was built by {collection.builder}, which cannot embed a text: {how}")
    state = state_of(db, collection)
    with fitting(f"The model of {collection.name}"):
        vectors = builder.encode(state, Documents([""], [text]))
    return _at_unit_length(None if vectors is None else vectors[0])


def encode_picture(db: Connection, collection: Collection, content: bytes, *, said: str) -> FloatArray:
    """The vector of a picture file in a collection, (dim,) float32, at the length its builder gives it.

    Raises InputError for what is no picture, which calls the file `said`, and for a collection whose builder cannot
    embed one.
    """
    builder = registry.builder(collection.builder)
    if not isinstance(builder, Encodes) or collection.of != "image":
        raise InputError(
            f"{collection.name} was built by {collection.builder} of {collection.of}s: it cannot embed an image"
        )
    state = state_of(db, collection)
    shape = image_arrays.shape_of_model(state)
    try:
        pixels = image_arrays.at_shape(content, shape)
    except InputError as error:
        raise InputError(f"{said} {error}") from error
    with fitting(f"The model of {collection.name}"):
        vectors = builder.encode(state, Images([""], pixels[None]))
    if vectors is None:
        raise InputError(f"{said} has no features that {collection.name} knows")
    return np.asarray(vectors[0], np.float32)


def _at_unit_length(vector: FloatArray | None) -> FloatArray | None:
    if vector is None:
        return None
    length = float(np.linalg.norm(vector))
    return (vector / length).astype(np.float32) if length > 1e-9 else None
