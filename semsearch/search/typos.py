"""Misspelled words of a query: words that occur in no text, and what was probably meant.

The candidates are words of the collection's own vocabulary. A word that no text contains is replaced, first by a word
one edit away, then by itself joined with the next word or split into two, then by a word two edits away (the limits by
length are about those of Elasticsearch's fuzziness AUTO). Of several the most frequent one is taken. Words in quotes,
excluded words and words with digits stay as they are. A word of few texts is not replaced, but a frequent word one edit
away is suggested, if it is so frequent that a slip is likelier than the rare word: one word in a hundred is mistyped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from semsearch.errors import SemsearchError
from semsearch.lru_cache import LruCache
from semsearch.maths.edits import ONE_EDIT_FROM, Spellings, most_edits, spellings
from semsearch.maths.index_terms import whole_phrase, words_of
from semsearch.maths.languages import NONE, language_of
from semsearch.maths.occurrences import runs
from semsearch.maths.text import is_unspaced, stop_words, word_terms
from semsearch.records import Collection, OpenCollection
from semsearch.search.models import encode_text
from semsearch.search.query_parser import loose_parts
from semsearch.storage import collections, dependencies, fulltext, vocabularies
from semsearch.storage.connect import memory_of
from semsearch.storage.driver import Connection

MOST_WORDS = 32  # of a query whose spelling is checked; more are a text
SLIP = 100  # a word is suggested for another if it occurs as many times as often
RARE = 5  # texts that contain a word for which another may be suggested
_TRIED = 10  # candidates for one word that are looked for among the texts
_SHORTEST_PART = 3  # letters of a word that is written together with another
_BEGINNINGS = (4, 5, 6)  # letters of a word compared with terms of five letters
_VOCABULARIES_KEPT = 4


@dataclass(frozen=True)
class Spelling:
    """A query as it was probably meant. `corrected` replaces words that occur nowhere, `suggested` rare ones too; None
    where nothing is to be replaced. `replaced` has the replacement of each word in `corrected`, `unknown` the words
    that occur nowhere and have none."""

    corrected: str | None = None
    suggested: str | None = None
    replaced: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


AS_WRITTEN = Spelling()


@dataclass(frozen=True)
class Vocabulary:
    """The words of a collection, the most frequent first, for looking up by spelling.

    `index` holds the words and then their terms, where these are stems; `word_of` is the row of the word of each, and
    `counts` says how often each word occurs.
    """

    words: Sequence[str]
    counts: Sequence[int]
    places: Mapping[str, int]
    index: Spellings
    word_of: Sequence[int]
    beginnings: Spellings | None  # terms of five letters, of languages without a stemmer

    def frequency(self, word: str) -> int:
        """How often a word occurs; 0 if it is none of the vocabulary."""
        row = self.places.get(word)
        return 0 if row is None else self.counts[row]

    def near(self, word: str, language: str, most: int) -> list[str]:
        """Words within `most` edits, fewer for short words; the best first."""
        found: dict[str, int] = {}
        for spelling in dict.fromkeys([word, *self._stem(word, language)]):
            for row, number in self.index.near(spelling, min(most, most_edits(spelling))):
                if row < len(self.words) or spelling != word:
                    other = self.words[self.word_of[row]]
                    found[other] = min(number, found.get(other, number))
        found |= self._by_beginning(word)
        return sorted(found, key=lambda other: (found[other], other[0] != word[0], self._rank(other)))

    def _stem(self, word: str, language: str) -> list[str]:
        return word_terms([word], language) if len(self.word_of) > len(self.words) else []

    def _by_beginning(self, word: str) -> dict[str, int]:
        """The word with the beginning of a term that is one edit from its own."""
        terms = self.beginnings
        if terms is None or not most_edits(word):
            return {}
        found = [(row, length) for length in _BEGINNINGS for row, _ in terms.near(word[:length], 1)]
        return {terms.words[row] + word[length:]: 1 for row, length in found}

    def _rank(self, word: str) -> int:
        return self.places.get(word, len(self.words))


_vocabularies: LruCache[Vocabulary] = LruCache(_VOCABULARIES_KEPT)  # by file, run and collection


def check(db: Connection, opened: OpenCollection, query: str, mode: str) -> Spelling:
    """How the words of a query were probably meant. What cannot be checked is left as it is."""
    collection = _of_words(db, opened)
    if collection is None or (opened.has_text and opened.dataset.language is None):
        return AS_WRITTEN
    return _Check(db, opened, mode, collection).spelling(query)


def _of_words(db: Connection, opened: OpenCollection) -> Collection | None:
    """The collection with the words of a collection: itself, that of its run, or one that its run read."""
    if opened.of == "word":
        return opened.collection
    if not opened.has_text:
        return None
    beside: list[Collection] = list(collections.of_run(db, opened.collection.run))
    with suppress(SemsearchError):
        beside += dependencies.of_run(db, opened.collection).values()
    return next((each for each in beside if each.of == "word"), None)


@dataclass(frozen=True)
class _Word:
    """A word of a query: as the analyser writes it, as it is written, where it stands, and whether it may be replaced:
    not if it is short, a stop word, or not of letters."""

    text: str
    written: str
    start: int
    end: int
    is_checked: bool


Replacements = dict[tuple[int, int], str]  # by start and end in the query


class _Check:
    """The spelling of one query."""

    def __init__(self, db: Connection, opened: OpenCollection, mode: str, words: Collection) -> None:
        self.db, self.opened, self.mode, self.words = db, opened, mode, words
        self.language = opened.dataset.language or NONE
        self.has_index = opened.has_text and fulltext.is_readable() and fulltext.exists(db, opened.dataset)

    def spelling(self, query: str) -> Spelling:
        """Check the words outside quotes."""
        words = list(self._words(query))
        if len(words) > MOST_WORDS:
            return AS_WRITTEN
        often = [self._frequency(word.text, word.written) if word.is_checked else RARE + 1 for word in words]
        corrected: Replacements = {}
        for at, word in enumerate(words):
            if not often[at] and all(end <= word.start for _, end in corrected):
                corrected |= self._replacement(word, words[at - 1 : at], words[at + 1 : at + 2])
        free = [each for each in zip(words, often, strict=True) if not _is_within(each[0], corrected)]
        suggested = {span: text for word, number in free if number for span, text in self._likelier(word, number)}
        return Spelling(
            _replaced(query, corrected) if corrected else None,
            _replaced(query, corrected | suggested) if suggested else None,
            {query[start:end]: text for (start, end), text in corrected.items()},
            tuple(query[word.start : word.end] for word, number in free if not number),
        )

    def _words(self, query: str) -> Iterator[_Word]:
        """The words outside quotes."""
        stops = stop_words(self.language)
        for start, end in loose_parts(query):
            for run in runs(query[start:end]):
                read = words_of(run[0], self.language)
                if len(read) == 1:
                    is_name = run[0].isupper() and not query.isupper()  # an abbreviation, as spell checkers treat it
                    is_checked = _is_checked(read[0]) and read[0] not in stops and not is_name
                    yield _Word(read[0], run[0], start + run.start(), start + run.end(), is_checked)

    def _frequency(self, word: str, written: str | None = None) -> int:
        """How many texts contain a word, up to RARE + 1; as many if the model knows it."""
        often = self._texts_with(word)
        if often or (self.mode == "text" and self.has_index):
            return often
        with suppress(SemsearchError):  # the search itself says why the collection cannot embed a text
            return 0 if encode_text(self.db, self.opened.collection, written or word) is None else RARE + 1
        return RARE + 1

    def _texts_with(self, word: str) -> int:
        phrase = whole_phrase(word, self.language) if self.has_index else None
        return fulltext.frequency(self.db, self.opened.dataset, phrase, RARE + 1) if phrase else 0

    @property
    def _vocabulary(self) -> Vocabulary:
        key = (*memory_of(self.db, self.words.born), self.words.run, self.words.name)
        return _vocabularies.get_or_compute(key, lambda: _read(self.db, self.words, self.language))

    def _likelier(self, word: _Word, often: int) -> Iterator[tuple[tuple[int, int], str]]:
        """For a rare word the frequent one that is one edit away."""
        if often <= RARE:
            known = self._vocabulary
            other = max(known.near(word.text, self.language, 1), key=known.frequency, default="")
            if known.frequency(other) >= SLIP * often:
                yield (word.start, word.end), other

    def _replacement(self, word: _Word, before: Sequence[_Word], after: Sequence[_Word]) -> Replacements:
        """What to write for an unknown word, or for it and a word beside it."""
        here = (word.start, word.end)
        if one := self._first_known(word, 1):
            return {here: one}
        for first, last in [*((word, each) for each in after), *((each, word) for each in before)]:
            if self._vocabulary.frequency(first.text + last.text):
                return {(first.start, last.end): first.text + last.text}
        two = self._split(word.text) or self._first_known(word, 2)
        return {here: two} if two else {}

    def _first_known(self, word: _Word, most: int) -> str | None:
        """The best word within `most` edits that texts contain; where there are none, that the model knows."""
        known = self._texts_with if self.has_index else self._frequency
        near = self._vocabulary.near(word.text, self.language, most)
        return next((other for other in near[:_TRIED] if known(other)), None)

    def _split(self, word: str) -> str | None:
        """The word as two words of the vocabulary, those whose rarer one is most frequent."""
        known = self._vocabulary
        cuts = [(word[:at], word[at:]) for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)]
        best = max(cuts, key=lambda parts: min(map(known.frequency, parts)), default=())
        return " ".join(best) if best and all(map(known.frequency, best)) else None


def _is_checked(word: str) -> bool:
    is_plain = not is_unspaced(word) and not any(char.isdigit() or char in "+#" for char in word)
    return is_plain and len(word) >= ONE_EDIT_FROM


def _is_within(word: _Word, replaced: Replacements) -> bool:
    return any(start <= word.start < end for start, end in replaced)


def _replaced(query: str, parts: Replacements) -> str:
    """The query with other words at these places."""
    for (start, end), text in sorted(parts.items(), reverse=True):
        query = query[:start] + text + query[end:]
    return query


def _read(db: Connection, collection: Collection, language: str) -> Vocabulary:
    """The vocabulary of a word collection, its terms included where they are stems or beginnings of words."""
    rows = vocabularies.words_of(db, collection)
    words, counts = [row[0] for row in rows], [row[2] for row in rows]
    known = language_of(language)
    terms = [(term, row) for row, (word, term, _) in enumerate(rows) if term and term != word]
    stems = terms if known.stemmer else []
    beginnings = [term for term, _ in terms] if known.grams and not known.stemmer else []
    return Vocabulary(
        words,
        counts,
        {word: row for row, word in enumerate(words)},
        spellings([*words, *(term for term, _ in stems)]),
        [*range(len(words)), *(row for _, row in stems)],
        spellings(beginnings) if beginnings else None,
    )
