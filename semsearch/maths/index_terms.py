"""Terms of the full-text index: the text that FTS5 stores, and the phrases that a query looks up.

Terms are joined by blanks. A run of an unspaced script gives its pairs and then its last character, so that each
character begins one term: a query of one character looks up the terms that begin with it. A word of a language without
a stemmer, or with long compounds, gives its 4-grams. "C++" gives "c" and "c++".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from functools import cache, lru_cache

from semsearch.maths.folding import folding
from semsearch.maths.languages import language_of
from semsearch.maths.text import (
    Analyzer,
    clusters,
    dotless_lower,
    grams,
    is_unspaced,
    normal,
    old_tokens,
    pairs,
    stop_words,
    word_terms,
    written_words,
)
from semsearch.records import Phrase

_SHORT_QUERY = 3  # words beside which a single letter counts ("vitamin C"); in prose it is an initial or a list mark
_APOSTROPHES = "'’ʼ"
_LONE_LETTER = re.compile(rf"(?<=[{_APOSTROPHES}])[^\W\d_](?!\w)|(?<!\w)[^\W\d_](?=[{_APOSTROPHES}])")


class _Terms(dict[str, str]):
    """The terms of each word, joined by blanks, found when the word first occurs."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language

    def __missing__(self, word: str) -> str:
        result = self[word] = " ".join(index_terms(word, self.language))
        return result


def index_terms(word: str, language: str) -> list[str]:
    """The terms of one word of `written_words`, in order."""
    if is_unspaced(word):
        last = clusters(word)[-1]
        found = pairs(word)
        return _folded(found if found == [last] else [*found, last], language)
    bare = word.rstrip("+#")
    found = _letter_terms(bare, language)
    return found if bare == word else [*found, word]


def _letter_terms(word: str, language: str) -> list[str]:
    return grams(_folded([word], language)[0]) if language_of(language).grams else word_terms([word], language)


def _folded(words: Sequence[str], language: str) -> list[str]:
    known = language_of(language)
    fold = folding(known.letters, known.tonal)
    return [fold(word) or word for word in words]


def indexing(language: str | None) -> Callable[[str], str]:
    """The function from a text to its terms, joined by blanks; with None the text itself, for the old analyser."""
    if language is None:
        return str
    terms, dotless = _Terms(language), language_of(language).dotless

    def line(text: str) -> str:
        words = written_words(normal(dotless_lower(text) if dotless else text))
        return " ".join([terms[word] for word in words])

    return line


def words_of(text: str, language: str | None) -> list[str]:
    """The words of a query, as `written_words`, without the halves of contractions that are one letter (don't)."""
    if language is None:
        return old_tokens(text)
    text = _LONE_LETTER.sub(" ", text)
    return written_words(normal(dotless_lower(text) if language_of(language).dotless else text))


def ranked_phrases(text: str, language: str | None, own: Set[str] = frozenset()) -> list[Phrase]:
    """What to rank by: a phrase for each word that is no stop word of the language and none of `own`, as often as it
    occurs; all if every one is."""
    if language is None:
        old = Analyzer(old=True)
        words = old.tokens(text)
        kept = [word for word, term in zip(words, old.terms(words), strict=True) if term is not None]
        return [Phrase(word, (word,)) for word in kept or words]
    words = words_of(text, language)
    stops = stop_words(language) | own
    content = [word for word in words if word not in stops] or words
    longer = [word for word in content if len(word) > 1 or is_unspaced(word)]
    return [_word_phrase(word, language) for word in (content if len(longer) <= _SHORT_QUERY else longer)]


@lru_cache(maxsize=4096)
def _word_phrase(word: str, language: str) -> Phrase:
    if is_unspaced(word):
        found = _folded(pairs(word), language)
        return Phrase(word, tuple(found), together=False, begins=len(clusters(word)) == 1)
    if word[-1] in "+#":
        return Phrase(word, (word,))
    return Phrase(word, tuple(_letter_terms(word, language)), together=not language_of(language).grams)


def whole_phrase(text: str, language: str | None) -> Phrase | None:
    """A phrase of consecutive words that a text must contain; None if there is no word in it."""
    if language is None:
        return Phrase(text, (text,))
    words = words_of(text, language)
    if not words:
        return None
    terms = [term for word in words[:-1] for term in index_terms(word, language)]
    last = _word_phrase(words[-1], language)
    return Phrase(text, (*terms, *last.terms), begins=last.begins)


@cache
def matching(language: str | None) -> Callable[[str], tuple[str, ...]]:
    """The function from a written word to the terms by which it matches a query's word."""
    if language is None:
        old = Analyzer(stop=False, old=True)
        return lambda word: tuple(term for term in old.terms(old.tokens(word)) if term)
    return lambda word: _word_phrase(word, language).terms
