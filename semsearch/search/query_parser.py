"""What a query asks for: words to rank by, "phrases" that must stand in a hit, and -words that must not.

Everything else a person types is words: no query is a syntax error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from semsearch.errors import InputError
from semsearch.maths.text import Analyzer, tokens

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
    ranked: tuple[str, ...]
    required: tuple[str, ...]
    excluded: tuple[str, ...]


def parse(query: str) -> Question:
    """Take a query apart. InputError for one that is empty, endless, or only says what to leave out."""
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
    return Question(" ".join(kept), (*_content(loose), *required), tuple(required), tuple(excluded))


def plain(query: str) -> Question:
    """A query that is prose, its quotes and dashes mere punctuation, as the queries of test collections are."""
    return Question(query, tuple(_content([query])), (), ())


def _content(parts: list[str]) -> list[str]:
    """The words that are not stop words, in order and as often as they stand; all of them if every one is."""
    words = tokens(" ".join(parts))
    kept = [word for word, term in zip(words, Analyzer().terms(words), strict=True) if term is not None]
    return kept or words
