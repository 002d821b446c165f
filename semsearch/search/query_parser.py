"""What a query asks for: words to rank by, "phrases" that must stand in a hit, and -words that must not.

Everything else a person types is words: no query is a syntax error.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

from semsearch.errors import InputError
from semsearch.maths.index_terms import ranked_phrases, whole_phrase
from semsearch.maths.languages import ENGLISH
from semsearch.records import Phrase

MAX_QUERY = 4096
_PART = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"|(?P<rest>[^\s"]+))')
_LETTER = re.compile(r"\w")


@dataclass(frozen=True)
class Question:
    """A query taken apart.

    `text` is what to embed: all of it without the excluded parts. `ranked` are words and phrases for BM25, a word as
    often as it was said. `required` and `excluded` are phrases, possibly of one word.
    """

    text: str
    ranked: tuple[Phrase, ...]
    required: tuple[Phrase, ...]
    excluded: tuple[Phrase, ...]


def parse(query: str, language: str | None = ENGLISH, own: Set[str] = frozenset()) -> Question:
    """Take a query apart; `language` is that of the full-text index, None for the old analyser, `own` are further stop
    words.

    Raises InputError for one that is empty, endless, or only says what to leave out.
    """
    if not query.strip():
        raise InputError("The query is empty: enter some words")
    if len(query) > MAX_QUERY:
        raise InputError(f"The query has {len(query):,} characters: the limit is {MAX_QUERY:,}")
    kept: list[str] = []
    loose: list[str] = []
    required: list[str] = []
    excluded: list[str] = []
    for part in _PART.finditer(query):
        said = part["phrase"] if part["phrase"] is not None else part["rest"]
        if not _LETTER.search(said):
            continue
        if part["minus"]:
            excluded.append(said)
            continue
        kept.append(said)
        (required if part["phrase"] is not None else loose).append(said)
    if excluded and not kept:
        raise InputError("The query has only excluded words: add some words to search by")
    demanded = _phrases(required, language)
    ranked = (*ranked_phrases(" ".join(loose), language, own), *demanded)
    return Question(" ".join(kept), ranked, demanded, _phrases(excluded, language))


def loose_parts(query: str) -> list[tuple[int, int]]:
    """Where the words of a query are that are neither in quotes nor excluded: start and end of each part."""
    return [part.span("rest") for part in _PART.finditer(query) if part["rest"] is not None and not part["minus"]]


def plain(query: str, language: str | None = ENGLISH, own: Set[str] = frozenset()) -> Question:
    """A query that is prose, its quotes and dashes mere punctuation, as the queries of test collections are."""
    return Question(query, tuple(ranked_phrases(query, language, own)), (), ())


def _phrases(said: list[str], language: str | None) -> tuple[Phrase, ...]:
    return tuple(phrase for phrase in (whole_phrase(each, language) for each in said) if phrase is not None)
