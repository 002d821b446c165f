"""The languages that texts are analysed in: stemmer, stop words, and which accented letters stay apart.

A language is known by its English name. Those with a stemmer are Snowball's (snowballstem.org). The others have no
stemmer: their words are cut into character 4-grams, and so are those of languages with long compounds, where this
finds more. NONE is for names, codes and numbers, OTHER for a language that is not listed.

`letters` are accented letters that the alphabet counts as letters of their own (Unicode CLDR, primary differences):
Swedish "för" is not "for". All other accents are folded: "café" is "cafe".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from semsearch.errors import InputError

NONE, OTHER = "none", "other"
AUTO = "auto"  # found from the texts
ENGLISH = "english"


@dataclass(frozen=True)
class Language:
    """How words of a language become terms."""

    name: str
    code: str  # ISO 639-1
    stemmer: str | None = None  # of Snowball
    letters: str = ""  # accented letters that are not folded
    grams: bool = False  # words become character 4-grams

    @property
    def dotless(self) -> bool:
        """Whether the lower case of I is ı and that of İ is i."""
        return self.code in ("tr", "az")

    @property
    def tonal(self) -> bool:
        """Whether marks tell words apart that have nothing else in common, so that none is folded."""
        return self.code == "vi"


_STEMMED = {
    "arabic": "ar", "armenian": "hy", "basque": "eu", "catalan": "ca", "czech": "cs", "danish": "da", "dutch": "nl",
    "english": "en", "esperanto": "eo", "estonian": "et", "finnish": "fi", "french": "fr", "german": "de",
    "greek": "el", "hindi": "hi", "hungarian": "hu", "indonesian": "id", "irish": "ga", "italian": "it",
    "lithuanian": "lt", "nepali": "ne", "norwegian": "no", "persian": "fa", "polish": "pl", "portuguese": "pt",
    "romanian": "ro", "russian": "ru", "serbian": "sr", "spanish": "es", "swedish": "sv", "tamil": "ta",
    "turkish": "tr", "yiddish": "yi",
}  # fmt: skip
_WHOLE = {
    "chinese": "zh", "japanese": "ja", "korean": "ko", "thai": "th", "lao": "lo", "khmer": "km", "burmese": "my",
    "vietnamese": "vi",
}  # fmt: skip
_IN_GRAMS = {
    "afrikaans": "af", "albanian": "sq", "amharic": "am", "azerbaijani": "az", "belarusian": "be", "bengali": "bn",
    "bosnian": "bs", "bulgarian": "bg", "croatian": "hr", "faroese": "fo", "galician": "gl", "georgian": "ka",
    "gujarati": "gu", "hebrew": "he", "icelandic": "is", "kannada": "kn", "kazakh": "kk", "kurdish": "ku",
    "kyrgyz": "ky", "latin": "la", "latvian": "lv", "macedonian": "mk", "malagasy": "mg", "malay": "ms",
    "malayalam": "ml", "maltese": "mt", "marathi": "mr", "mongolian": "mn", "pashto": "ps", "punjabi": "pa",
    "sinhala": "si", "slovak": "sk", "slovenian": "sl", "swahili": "sw", "tagalog": "tl", "telugu": "te",
    "ukrainian": "uk", "urdu": "ur", "uyghur": "ug", "welsh": "cy", "xhosa": "xh", "zulu": "zu",
}  # fmt: skip
_COMPOUNDING = frozenset(
    ("danish", "dutch", "estonian", "finnish", "german", "hungarian", "norwegian", "swedish")
)  # words of parts written together: 4-grams find the parts
_LETTERS = {
    "albanian": "ç", "azerbaijani": "çğöşü", "basque": "ñ", "bosnian": "čćđšž", "croatian": "čćđšž", "czech": "čřšž",
    "danish": "åæø", "esperanto": "ĉĝĥĵŝŭ", "estonian": "äõöšüž", "faroese": "áæíóúýðø", "finnish": "äåö",
    "galician": "ñ", "hungarian": "öü", "icelandic": "áæéíóöúýþð", "latvian": "čģķļņšž", "lithuanian": "čšž",
    "norwegian": "åæø", "polish": "ąćęłńóśźż", "romanian": "ăâîșşțţ", "serbian": "čćđšž", "slovak": "äčôšž",
    "slovenian": "čšž", "spanish": "ñ", "swedish": "äåö", "turkish": "çğöşü",
}  # fmt: skip
LANGUAGES: Mapping[str, Language] = {
    name: Language(
        name, code, name if name in _STEMMED else None, _LETTERS.get(name, ""), name in _COMPOUNDING | _IN_GRAMS.keys()
    )
    for name, code in sorted((_STEMMED | _WHOLE | _IN_GRAMS).items())
}
_WITHOUT_CODE = {NONE: Language(NONE, ""), OTHER: Language(OTHER, "", grams=True)}
_BY_CODE = {language.code: language.name for language in LANGUAGES.values()} | {
    "nb": "norwegian", "nn": "norwegian", "wuu": "chinese", "yue": "chinese", "fil": "tagalog", "ckb": "kurdish",
    "sdh": "kurdish", "hbo": "hebrew", "grc": "greek", "arz": "arabic", "ary": "arabic",
}  # fmt: skip


def language_of(name: str) -> Language:
    """The language of this name, in any case, or of this ISO 639-1 code. InputError, which lists all, for another."""
    asked = name.strip().lower()
    asked = _BY_CODE.get(asked, asked)
    if asked in _WITHOUT_CODE:
        return _WITHOUT_CODE[asked]
    if asked not in LANGUAGES:
        raise InputError(f"The language {name!r} is not known. Choose none, other, or one of: {', '.join(LANGUAGES)}")
    return LANGUAGES[asked]


def checked_language(name: str) -> str:
    """The full name of a language that a user named, or AUTO. InputError for one that is not known."""
    return AUTO if name.strip().lower() == AUTO else language_of(name).name


def by_code(code: str) -> Language | None:
    """The language of an ISO 639-1 code; None for one that is not known here."""
    return LANGUAGES[_BY_CODE[code]] if code in _BY_CODE else None


@cache
def stop_list(name: str) -> tuple[str, ...]:
    """The words of a language's stop list as they are published, in lower case; none where there is no list."""
    path = files("semsearch.maths") / "stop_lists" / f"{name}.txt"
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(word for line in lines if not line.startswith("#") for word in line.split())
