"""Co-occurrence counts that are whole numbers: the texts are counted again, with the weight 1 for each pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from semsearch import registry
from semsearch.builders.base import make_options
from semsearch.builders.words import WordOptions, read_words
from semsearch.errors import InputError
from semsearch.maths.cooccurrence import cooccurrences
from semsearch.maths.weighting import log_expected_of_totals
from semsearch.records import Documents, OpenCollection, silent
from semsearch.search.word_contexts import Table
from semsearch.search.words import known_words
from semsearch.storage import collections, datasets
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection

MAX_TOKENS = 3_000_000  # of texts that are counted during a request: about three seconds


def weighs_by_distance(db: Connection, opened: OpenCollection) -> bool:
    """Whether the stored counts of a word collection are weighted by distance, so that they are not whole."""
    return _options(db, opened).used_weighting != "flat"


def whole_counts(db: Connection, opened: OpenCollection, words: Sequence[str]) -> Table:
    """How often each pair of these words co-occurs, 1 per pair of positions within the context window, and its PMI.

    The texts are counted as they are now, with the vocabulary, the window and the unit of text of the build. Raises
    InputError for more than MAX_TOKENS tokens, NotFoundError for unknown words.
    """
    with snapshot(db):
        run = collections.get_run(db, opened.collection.run)
        size = run.metrics.get("words_read", 0.0)
        if size > MAX_TOKENS:
            raise InputError(
                f"{opened.name} was built from {size:,.0f} tokens, and at most {MAX_TOKENS:,} are counted for a page:"
                " build a collection with --distance-weighting flat, whose stored counts are whole"
            )
        known = list(dict.fromkeys(known_words(db, opened.collection, words)))
        items = list(datasets.read_items(db, opened.dataset))
        corpus = Documents([item.key for item in items], [item.text for item in items])
        options = _options(db, opened)
    texts = read_words(corpus, options, silent)
    counts = cooccurrences(texts.stream, texts.starts, len(texts.words), window=options.window, weights="flat")
    where = {word: number for number, word in enumerate(texts.words)}
    kept = [word for word in known if word in where]  # the rows of a word may have been deleted since the build
    numbers = [where[word] for word in kept]
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).reshape(-1)
    log_rows, log_columns = log_expected_of_totals(totals, totals, smoothing=1.0, symmetric=True)
    log_expected = np.add.outer(log_rows[numbers], log_columns[numbers])
    chosen = np.asarray(counts[numbers][:, numbers].toarray(), np.float64)
    with np.errstate(divide="ignore"):
        pmi = np.where(chosen > 0, np.log(chosen) - log_expected, np.nan)
    return Table(tuple(kept), chosen, pmi, np.exp(log_expected))


def _options(db: Connection, opened: OpenCollection) -> WordOptions:
    """The options of the build. Raises InputError for a builder that is not one of words."""
    collection = opened.collection
    builder = registry.load().builder(collection.builder)
    options = make_options(builder, collections.get_run(db, collection.run).options)
    if not isinstance(options, WordOptions):
        raise InputError(f"{collection.name} was built by {collection.builder}, which counts no words")
    return options
