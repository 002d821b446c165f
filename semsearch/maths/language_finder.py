"""Find the language of texts, offline.

English is known by its stop words. Other languages are found by py3langid (Lui & Baldwin, "langid.py: An Off-the-shelf
Language Identification Tool", 2012), whose probabilities vote over stretches of the texts. Names, codes and numbers get
no clear vote and have the language `none`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

from semsearch.maths.languages import ENGLISH, LANGUAGES, NONE, OTHER, by_code
from semsearch.maths.text import normal, stop_words, written_words

SAMPLE = 200  # texts that are read
_LENGTH = 400  # characters read of each
_STRETCH = 60  # characters that are classified together, at least
_LEAST_VOTE = 0.35  # mean probability of the language, over all stretches
_ENGLISH_STOP_WORDS, _ENGLISH_LEAD = 0.15, 1.3  # least share of the words, and against the next language's share
_NO_LANGUAGE = ("zxx", "und", "mis", "mul")  # ISO 639-2: no linguistic content, undetermined, uncoded, several


def find_language(texts: Sequence[str]) -> str:
    """The name of the language of most of the texts, from a sample of them; `none` where no language is clear."""
    step = max(1, len(texts) // SAMPLE)
    sample = [text[:_LENGTH] for text in islice(texts, 0, None, step) if text and not text.isspace()]
    words = [word for text in sample for word in written_words(normal(text))]
    if _is_english(words):
        return ENGLISH
    if 2 * sum(len(word) > 1 and not any(map(str.isdigit, word)) for word in words) < len(words) or not words:
        return NONE
    return _voted(sample)


def _is_english(words: Sequence[str]) -> bool:
    if sum(map(str.isascii, words)) < 0.95 * len(words):
        return False
    shares = Counter({name: sum(word in stop_words(name) for word in words) for name in LANGUAGES if stop_words(name)})
    (first, most), (_, next_most) = shares.most_common(2)
    return first == ENGLISH and most >= _ENGLISH_STOP_WORDS * len(words) and most >= _ENGLISH_LEAD * next_most


def _voted(sample: Iterable[str]) -> str:
    votes: defaultdict[str, float] = defaultdict(float)
    stretches = list(_stretches(sample))
    for stretch in stretches:
        code, probability = _identifier().classify(stretch)
        votes[code] += float(probability)
    code, most = max(votes.items(), key=lambda vote: (vote[1], vote[0]))
    if code in _NO_LANGUAGE or most < _LEAST_VOTE * len(stretches):
        return NONE
    known = by_code(code)
    return OTHER if known is None else known.name


def _stretches(texts: Iterable[str]) -> Iterator[str]:
    """The texts, short ones joined."""
    held = ""
    for text in texts:
        held = f"{held} {text}" if held else text
        if len(held) >= _STRETCH:
            yield held
            held = ""
    if held:
        yield held


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # here: it takes a second, which English need not wait

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
