"""Fold accents and variants of letters, except those that a language counts as letters of their own."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache

# Letters without a canonical decomposition that readers take for variants of others (Unicode CLDR, root collation).
_VARIANTS = {
    "ß": "ss", "ı": "i", "ł": "l", "đ": "d", "ð": "d", "ø": "o", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h", "ŧ": "t",
    "ς": "σ",
    "ی": "ي", "ى": "ي", "ک": "ك", "ۀ": "ه", "ة": "ه",  # of Persian and Arabic keyboards
    "\u0901": "\u0902",  # candrabindu as anusvara
}  # fmt: skip
_CYRILLIC_LETTERS = "йїўѓќ"  # letters in every language that has them; ё is a variant of е
_LETTERS_WITH_ACCENTS = (range(0x0041, 0x0530), range(0x0590, 0x0780), range(0x1E00, 0x2000))
_NUKTAS = frozenset("\u093c\u09bc\u0a3c\u0abc\u0b3c")


class _Table(dict[int, str]):
    """What each character folds to, by code point, found when it is first asked for."""

    def __init__(self, letters: str) -> None:
        super().__init__({ord(letter): letter for letter in letters + _CYRILLIC_LETTERS})

    def __missing__(self, number: int) -> str:
        result = self[number] = _folded(chr(number))
        return result


def _folded(char: str) -> str:
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if char in _VARIANTS:
        return _VARIANTS[char]
    parts = unicodedata.normalize("NFD", char)
    if any(ord(parts[0]) in letters for letters in _LETTERS_WITH_ACCENTS) or parts[-1] in _NUKTAS:
        kept = "".join(part for part in parts if unicodedata.category(part) != "Mn")
        return "".join(_VARIANTS.get(part, part) for part in kept)
    return "" if unicodedata.category(char) == "Mn" and ord(char) < 0x370 else char


@cache
def folding(letters: str = "", tonal: bool = False) -> Callable[[str], str]:
    """The function that folds a word in NFKC and lower case; accents of these `letters` stay, with `tonal` all do."""
    if tonal:
        return str
    table = _Table(letters)
    return lambda word: word.translate(table)
