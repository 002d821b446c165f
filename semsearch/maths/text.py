"""From text to terms: normalise, split into words, remove stop words, stem or cut into character 4-grams.

The words of a text are runs of letters, digits and combining marks, after Unicode NFKC and lower-casing. A run of a
script without spaces (Han, kana, Hangul, Thai, Lao, Khmer, Burmese) becomes its overlapping pairs of characters, each
with its marks. Marks without a meaning of their own (joiners, soft hyphens, the Arabic stretch, directions) are
removed. This holds in every language. docs/languages.md describes what depends on it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
import Stemmer

from semsearch.errors import InputError
from semsearch.maths.folding import folding
from semsearch.maths.languages import ENGLISH, language_of, stop_list
from semsearch.maths.stopwords import ENGLISH as ENGLISH_STOP_WORDS

GRAM = 4  # letters of a gram: McNamee & Mayfield, "Character N-gram Tokenization for European Language Text Retrieval"
_EDGE = "_"  # begins and ends a word in its grams, so that grams of a whole word match only this word
# Scripts written without spaces between words, and Hangul, whose particles join their words.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
IGNORED = "\u00ad\u0640\u061c\u180b-\u180d\u200c-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
BASIC, _LATER_PLANES = range(0x300, 0xFFFF), range(0x10000, 0x1F000)

_PLAIN = re.compile(r"[a-z0-9]{2,}")
_PLAIN_WITH_SIGNS = re.compile(r"[a-z0-9]+(?:\+\+|#)?")
_IS_IGNORED = re.compile(f"[{IGNORED}]")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_OLD_WORD = re.compile(r"[^\W_]{2,}")


@cache
def mark_ranges(numbers: Sequence[int] = (*BASIC, *_LATER_PLANES)) -> str:
    """The combining marks among these code points, as ranges of a character class of `re`."""
    categories = map(unicodedata.category, map(chr, numbers))
    numbers = [number for number, category in zip(numbers, categories, strict=True) if category[0] == "M"]
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


def is_mark(char: str) -> bool:
    """Whether a character is a combining mark, which belongs to a word as its letters do."""
    return unicodedata.category(char)[0] == "M"


def is_odd(char: str) -> bool:
    """Whether splitting a text at this character takes more than to know it: it is ignored, or of unspaced writing."""
    return bool(_IS_IGNORED.match(char) or _IS_UNSPACED.match(char))


_LETTERS_WITH_SIGNS = re.compile(r"[^\W_]+(?:\+\+|#)?")


@cache
def _special() -> re.Pattern[str]:
    """A character that needs the long pattern: one of unspaced scripts, a mark, or one beyond the first plane."""
    return re.compile(f"[{_UNSPACED[:-3]}{mark_ranges(BASIC)}\U00010000-\U0010ffff]")


@cache
def _word() -> re.Pattern[str]:
    """A run of an unspaced script, or a word of others, with ++ or # where they end it."""
    spaced = rf"(?:[^\W_{_UNSPACED}]|(?![{_UNSPACED}])[{mark_ranges()}])"
    return re.compile(rf"[{_UNSPACED}][{_UNSPACED}{mark_ranges()}]*|{spaced}+(?:\+\+|#)?")


@cache
def _cluster() -> re.Pattern[str]:
    return re.compile(f"[^{mark_ranges()}][{mark_ranges()}]*|[{mark_ranges()}]+")


def clusters(text: str) -> list[str]:
    """The characters of a text, each with the combining marks that follow it."""
    return _cluster().findall(text)


def normal(text: str) -> str:
    """A text as its words are spelled: NFKC, in lower case, without ignored characters."""
    if not text.isascii():
        text = _IS_IGNORED.sub("", unicodedata.normalize("NFKC", text))
        return text.lower().replace("i\u0307", "i")  # the lower case of İ
    return text.lower()


def written_words(text: str) -> list[str]:
    """The words of a text that is `normal`, in order, of any length: runs of unspaced scripts are whole."""
    if text.isascii():
        return _PLAIN_WITH_SIGNS.findall(text)
    return (_word() if _special().search(text) else _LETTERS_WITH_SIGNS).findall(text)


def is_unspaced(word: str) -> bool:
    """Whether a word of `written_words` is a run of a script without spaces."""
    return not word.isascii() and _IS_UNSPACED.match(word) is not None


def pairs(run: str) -> list[str]:
    """The overlapping pairs of a run's characters; of one character that one."""
    parts = clusters(run)
    return [one + other for one, other in zip(parts, parts[1:], strict=False)] or parts


def tokens(text: str) -> list[str]:
    """The words of a text in order, after Unicode NFKC and lower-casing: runs of two or more letters, digits or marks,
    and the pairs of runs of unspaced scripts."""
    if text.isascii():
        return _PLAIN.findall(text.lower())
    result: list[str] = []
    for word in written_words(normal(text)):
        if is_unspaced(word):
            result += pairs(word)
        elif len(word := word.rstrip("+#")) > 1:
            result.append(word)
    return result


def old_tokens(text: str) -> list[str]:
    """The words of a text as versions before 0.2 split them: a combining mark ended a word."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _OLD_WORD.findall(text.lower())


@dataclass(frozen=True)
class Analyzer:
    """How words become terms, in one language: stop words are removed, other words are stemmed (Snowball), and accents
    folded. `own` are further stop words. `old` is the analyser of versions before 0.2, which knew English only and
    folded nothing."""

    stem: bool = True
    stop: bool = True
    language: str = ENGLISH
    old: bool = False
    own: frozenset[str] = frozenset()

    def prepared(self, texts: Iterable[str]) -> Iterable[str]:
        """The texts as `tokens` reads them. Turkish and Azerbaijani lower-case I and İ differently."""
        return map(dotless_lower, texts) if self._dotless else texts

    def tokens(self, text: str) -> list[str]:
        """The words of a text, as `tokens`."""
        if self.old:
            return old_tokens(text)
        return tokens(dotless_lower(text) if self._dotless else text)

    @property
    def _dotless(self) -> bool:
        return not self.old and language_of(self.language).dotless

    def terms(self, words: Sequence[str]) -> list[str | None]:
        """The term of each word; None for a stop word."""
        if not self.stem:
            stems = list(words)
        elif self.old:
            stems = _stemmer(ENGLISH).stemWords(list(words))
        else:
            stems = word_terms(words, self.language)
        if not self.stop and not self.own:
            return list(stems)
        listed = ENGLISH_STOP_WORDS if self.old else stop_words(self.language)
        stops = listed | self.own if self.stop else self.own
        return [None if word in stops else stem for word, stem in zip(words, stems, strict=True)]

    def content_words(self, text: str) -> list[str]:
        """The distinct words of a text that are not stop words, in order; all of them if every one is."""
        words = list(dict.fromkeys(self.tokens(text)))
        kept = [word for word, term in zip(words, self.terms(words), strict=True) if term is not None]
        return kept or words


def analyzer_of(language: str | None, *, stop: bool = True) -> Analyzer:
    """The analyser of the language of a full-text index; None: the one of versions before 0.2."""
    return Analyzer(stop=stop, old=True) if language is None else Analyzer(stop=stop, language=language)


def dotless_lower(text: str) -> str:
    """A text with I and İ in lower case as Turkish has them: ı and i."""
    return text.replace("I\u0307", "i").replace("İ", "i").replace("I", "ı")


def word_terms(words: Sequence[str], language: str) -> list[str]:
    """The term of each word: its stem with accents folded; without a stemmer the beginning of the word, folded.

    A stem that folding changes is stemmed again, so that "café" and "cafe" meet where stemmers spare an accented end.
    """
    known = language_of(language)
    fold = folding(known.letters, known.tonal)
    if known.stemmer is None:
        folded = [word if word.isascii() else fold(word) for word in words]
        return [word[: _beginning(word)] for word in folded] if known.grams else folded
    stemmer = _stemmer(known.stemmer)
    stems: list[str] = stemmer.stemWords(list(words))
    for at in [at for at, stemmed in enumerate(stems) if not stemmed.isascii()]:
        if (folded_stem := fold(stems[at])) != stems[at]:
            stems[at] = fold(stemmer.stemWord(folded_stem))
    if "" in stems:  # of some stop words Snowball's Greek stemmer leaves nothing
        stems = [stem or fold(word) or word for stem, word in zip(stems, words, strict=True)]
    return stems


_TRUNCATED = 5  # letters that stand for a word's stem


def _beginning(word: str) -> int:
    return len(word) if any(char.isdigit() for char in word) else _TRUNCATED


@cache
def stop_words(language: str) -> frozenset[str]:
    """The stop words of a language, as `written_words` and `tokens` spell words."""
    if language == ENGLISH:
        return ENGLISH_STOP_WORDS | {"a", "i"}
    return frozenset(word for listed in stop_list(language) for word in written_words(normal(listed)))


def stop_words_in(listed: str | None, language: str) -> frozenset[str]:
    """The words of a list of stop words, one or more to a line, as the analyser of a language spells words.

    # begins a comment. Raises InputError for a list without a word.
    """
    if listed is None:
        return frozenset()
    text = " ".join(line.partition("#")[0] for line in listed.splitlines())
    words = frozenset(written_words(normal(dotless_lower(text) if language_of(language).dotless else text)))
    if not words:
        raise InputError("The list of stop words has no word: leave out --stop, or give a file with words")
    return words


def grams(word: str) -> list[str]:
    """The overlapping 4-grams of a word between two edges; a word with a digit is one gram."""
    if any(char.isdigit() for char in word):
        return [word]
    edged = f"{_EDGE}{word}{_EDGE}"
    return [edged[at : at + GRAM] for at in range(max(1, len(edged) - GRAM + 1))]


@lru_cache(maxsize=8)
def _stemmer(name: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(name)


def pack(terms: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Terms as one array of bytes, for a state. Terms are words and hold no newline."""
    return np.frombuffer("\n".join(terms).encode("utf-8"), dtype=np.uint8)


def unpack(packed: npt.NDArray[np.uint8]) -> list[str]:
    """The inverse of `pack`."""
    return packed.tobytes().decode("utf-8").split("\n") if packed.size else []
