"""Where the words of a query occur in a text as it was written, before it was normalised."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from semsearch.maths.index_terms import matching, ranked_phrases
from semsearch.maths.text import IGNORED, clusters, is_unspaced, mark_ranges, normal, written_words
from semsearch.records import Phrase

Span = tuple[int, int]
_ASCII_RUN = re.compile(r"[^\W_]+(?:\+\+|#)?")  # as `_run`, where no character is a mark or ignored


@cache
def _run() -> re.Pattern[str]:
    """Letters, digits, marks and ignored characters without anything between them, with ++ or # where they end."""
    return re.compile(rf"(?:[^\W_]|[{IGNORED}{mark_ranges()}])+(?:\+\+|#)?")


def runs(text: str) -> Iterator[re.Match[str]]:
    """The words of a text as they are written; a run without spaces is one."""
    return (_ASCII_RUN if text.isascii() else _run()).finditer(text)


def occurrences(text: str, query: str, language: str | None) -> list[Span]:
    """Start and end of each word of a text that matches a word of the query by its terms; of runs without spaces, of
    each matching part. `language` is that of the full-text index."""
    return [
        (match.start() + first, match.start() + last)
        for match in runs(text)
        for first, last in _in_run(match[0], query, language)
    ]


@lru_cache(maxsize=20_000)
def _in_run(run: str, query: str, language: str | None) -> tuple[Span, ...]:
    """The matching parts of one run. Cached, because the same words occur on every page."""
    wanted = _wanted(query, language)
    words = written_words(normal(run))
    if language is None or len(words) == 1 and not is_unspaced(words[0]):
        return ((0, len(run)),) if _matches(matching(language)(words[0] if language else run), wanted) else ()
    return tuple(_in_unspaced(run, wanted, language))


@lru_cache(maxsize=64)
def _wanted(query: str, language: str | None) -> tuple[Phrase, ...]:
    """The query's words; of the old analyser by its stems."""
    phrases = ranked_phrases(query, language)
    return tuple(phrases if language else [Phrase(each.said, matching(None)(each.said)) for each in phrases])


def _matches(terms: Sequence[str], wanted: Sequence[Phrase]) -> bool:
    """Whether a word's terms are those of a query's word; of several, half of the shorter word's."""
    for phrase in wanted:
        shared = len({*terms} & {*phrase.terms})
        if shared and 2 * shared >= min(len(terms), len(phrase.terms)):
            return True
    return False


def _in_unspaced(run: str, wanted: Sequence[Phrase], language: str) -> list[Span]:
    """The matching parts of a run that holds script without spaces: pairs that overlap or touch are one part."""
    spelled, places = _spelled(run)
    pairs = {term for phrase in wanted if not phrase.begins for term in phrase.terms}
    begins = {term for phrase in wanted if phrase.begins for term in phrase.terms}
    spans: list[Span] = []
    at = 0
    for word in written_words("".join(spelled)):
        parts = clusters(word)
        first = at = _place(spelled, word, at)
        at += len(parts)
        if not is_unspaced(word):
            if _matches(matching(language)(word), wanted):
                spans.append((places[first][0], places[at - 1][1]))
            continue
        for place, part in enumerate(parts):
            last = place + 1 if "".join(parts[place : place + 2]) in pairs else place
            if last > place or part in begins:
                spans.append((places[first + place][0], places[min(first + last, at - 1)][1]))
    return _joined(spans)


def _spelled(run: str) -> tuple[list[str], list[Span]]:
    """The normal characters of a run, each with its marks, and where each is in the run.

    Half-width voiced kana are two characters that normalise to one, so that marks of any width stay with their letter.
    """
    spelled: list[str] = []
    places: list[Span] = []
    for match in re.finditer(rf".[{mark_ranges()}{IGNORED}ﾞﾟ]*", run, re.DOTALL):
        for part in clusters(normal(match[0])):
            spelled.append(part)
            places.append(match.span())
    return spelled, places


def _place(spelled: Sequence[str], word: str, start: int) -> int:
    """The position of the characters of a word in the list, from `start` on."""
    length = len(clusters(word))
    return next(
        (at for at in range(start, len(spelled) - length + 1) if "".join(spelled[at : at + length]) == word), start
    )


def _joined(spans: Sequence[Span]) -> list[Span]:
    result: list[Span] = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1]:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result
