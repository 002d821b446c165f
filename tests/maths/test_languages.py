"""Words and terms in several scripts and languages: what meets, what stays apart, and where a query's words occur."""

from __future__ import annotations

import unicodedata

import pytest

from semsearch.errors import InputError
from semsearch.maths import term_lines
from semsearch.maths.index_terms import indexing, ranked_phrases, whole_phrase
from semsearch.maths.language_finder import find_language
from semsearch.maths.languages import LANGUAGES, checked_language, language_of, stop_list
from semsearch.maths.occurrences import occurrences
from semsearch.maths.text import Analyzer, old_tokens, stop_words, tokens, word_terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("हिन्दी में प्रश्न", ["हिन्दी", "में", "प्रश्न"]),
        ("東京タワー", ["東京", "京タ", "タワ", "ワー"]),
        ("ﾊﾟﾝ と 水", ["パン", "と", "水"]),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("한국어", ["한국", "국어"]),
        ("Tシャツ3枚", ["シャ", "ャツ", "枚"]),
        ("לֶחֶם", ["לֶחֶם"]),
        (unicodedata.normalize("NFD", "việt йод Ελλάδα"), ["việt", "йод", "ελλάδα"]),
        ("می‌خواهم co\u00adoperate", ["میخواهم", "cooperate"]),
        ("İstanbul İYİ", ["istanbul", "iyi"]),
        ("😀🍕 ❤️", []),
    ],
    ids=["Hindi", "Han and kana", "half-width", "Thai", "Hangul", "mixed", "Hebrew", "NFD", "ignored", "İ", "emoji"],
)
def test_words_of_every_script_are_whole(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_the_old_analyser_still_splits_as_it_did() -> None:
    assert old_tokens("हिन्दी café 東京") == ["café", "東京"]
    assert Analyzer(old=True).terms(["café", "the"]) == ["café", None]


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("german", "Straße", "STRASSE"),
        ("german", "Müller", "Muller"),
        ("english", "cafés", "cafe"),
        ("french", "café", "CAFE"),
        ("turkish", "IŞIK", "ışık"),
        ("turkish", "İstanbul", "istanbul"),
        ("turkish", "IBM", "ibm"),
        ("russian", "ёлка", "елка"),
        ("greek", "ΟΔΟΣ", "οδός"),
        ("arabic", "لَحْمٌ", "لحم"),
        ("hindi", "डिफ़ेंस", "डिफेंस"),
        ("polish", "Łódź", "łódź"),
        ("english", "Łódź", "Lodz"),
        ("none", "AB-1233 Ä", "ab-1233 a"),
        ("none", "٢٠١٥", "2015"),
    ],
)
def test_spellings_that_meet(language: str, one: str, other: str) -> None:
    line = indexing(language)
    assert line(one) == line(other) != ""
    assert line(unicodedata.normalize("NFD", one)) == line(one)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [("swedish", "för", "for"), ("spanish", "año", "ano"), ("russian", "й", "и"), ("vietnamese", "má", "mà")]
    + [("turkish", "çay", "cay"), ("polish", "łoś", "los")],
)
def test_letters_of_an_alphabet_stay_apart(language: str, one: str, other: str) -> None:
    line = indexing(language)
    assert line(one) != line(other)


def test_index_terms_hold_words_pairs_and_signs() -> None:
    assert indexing("english")("C++ and C# in vitamin C") == "c c++ and c c# in vitamin c"
    assert indexing("chinese")("北京 x") == "北京 京 x"
    assert indexing("hebrew")("לחם 2015") == "_לחם לחם_ 2015"
    assert [phrase.terms for phrase in ranked_phrases("C++ in 北京", "english")] == [("c++",), ("北京",)]
    single = ranked_phrases("京", "chinese")[0]
    assert single.begins and single.terms == ("京",)
    phrase = whole_phrase("vitamins in 北京大学", "english")
    assert phrase is not None and phrase.terms == ("vitamin", "in", "北京", "京大", "大学")
    assert ranked_phrases("don't", "english")[0].terms == ("don",)
    assert [phrase.said for phrase in ranked_phrases("to be", "english")] == ["to", "be"]
    assert [phrase.said for phrase in ranked_phrases("vitamin C", "english")] == ["vitamin", "c"]
    prose = ranked_phrases("J. Smith wrote about vitamin deficiency in 京", "english")
    assert [phrase.said for phrase in prose] == ["smith", "wrote", "vitamin", "deficiency", "京"]


TEXTS = [
    "plain ASCII words, a b c, and don't",
    "C++ or c# and F#; naïve café\u2019s",
    "Straße ΟΔΟΣ öl ΣΑΣ",
    "北京大学 and हिन्दी में 12 x",
    "",
    "İstanbul IŞIK \ud800 lone",
    "ﾊﾟﾝ 한국어 \u0301 mark",
]


@pytest.mark.parametrize("language", ["english", "german", "turkish", "chinese", "none"])
def test_the_compiled_scanner_writes_the_same_lines(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line = indexing(language)
    monkeypatch.setattr(term_lines, "_COLD_CHARS", 0)
    lines = term_lines.TermLines(language)
    for batch in (TEXTS, TEXTS[::-1], ["new words here", "北京 again"]):
        assert [found.split() for found in lines(batch)] == [line(text).split() for text in batch]


@pytest.mark.parametrize(
    ("language", "text", "query", "marked"),
    [
        ("english", "He was Compressing cafés.", "compressed cafe", ["Compressing", "cafés"]),
        ("chinese", "我在北京大学学习", "北京大学", ["北京大学"]),
        ("chinese", "我在北京", "京", ["京"]),
        ("japanese", "ﾊﾟﾝと小麦", "パン", ["ﾊﾟﾝ"]),
        ("german", "Die Hausordnung der STRASSE", "Haus Straße", ["Hausordnung", "STRASSE"]),
        ("hindi", "बच्चों की किताब", "बच्चे", ["बच्चों"]),
        ("arabic", "أَكَلَ لَحْماً", "لحم", ["لَحْماً"]),
        ("english", "programs in C++ and C", "C++", ["C++"]),
        ("turkish", "IŞIK ve su", "ışık", ["IŞIK"]),
        ("english", unicodedata.normalize("NFD", "Ein Café"), "café", [unicodedata.normalize("NFD", "Café")]),
        (None, "He was Compressing it", "compressed", ["Compressing"]),
    ],
)
def test_marks_are_in_the_original_text(language: str | None, text: str, query: str, marked: list[str]) -> None:
    assert [text[first:last] for first, last in occurrences(text, query, language)] == marked


GERMAN = "Der Hund läuft durch den Wald und sucht einen Stock, den ihm jemand geworfen hat."


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([GERMAN] * 5, "german"),
        (["the ships sail on the ocean", "it has waves and they are high"], "english"),
        (["我在北京大学学习中文，天气很好。"] * 4, "chinese"),
        (["İstanbul büyük şehir", "deniz ve liman", "ekmek ve su"], "turkish"),
        ([f"{letters}-{number}" for number in range(1000, 1040) for letters in ("AB", "XK")], "none"),
        (["Hans Müller", "Maria Rossi", "John Smith", "Olga Ivanova", "Chen Wei", "Ahmed Hassan"], "none"),
        (["😀", "🍕🍕", "🚀 🌙"], "none"),
        (["שָׁלוֹם עוֹלָם", "הַסֵּפֶר עַל הַשֻּׁלְחָן", "יֶלֶד קָטָן רָץ בַּגַּן"], "hebrew"),
        (
            [GERMAN] * 6 + ["The dog runs through the forest and looks for a stick that somebody has thrown."] * 3,
            "german",
        ),
        ([], "none"),
        (["", " "], "none"),
    ],
    ids=[
        "German",
        "English",
        "Chinese",
        "Turkish",
        "codes",
        "names",
        "emoji",
        "pointed Hebrew",
        "mixed",
        "no text",
        "blank",
    ],
)
def test_the_language_of_a_table_is_found(texts: list[str], expected: str) -> None:
    assert find_language(texts) == expected


def test_languages_are_known_by_name_and_code() -> None:
    assert checked_language("German") == checked_language("de") == "german"
    assert checked_language("NONE") == "none" and checked_language("auto") == "auto"
    with pytest.raises(InputError, match="'klingon' is not known. Choose none, other, or one of: afrikaans.*zulu"):
        language_of("klingon")


@pytest.mark.parametrize(
    ("language", "questions"),
    [
        ("arabic", "متى أين كيف كم إلى"),
        ("french", "quand où comment combien pourquoi"),
        ("german", "wer wann warum wo dass"),
        ("greek", "πότε πού και το της από"),
        ("hindi", "क्या कब कितने"),
        ("polish", "kto kiedy gdzie ile"),
        ("russian", "кто сколько какие почему"),
        ("spanish", "quién cuándo dónde cuántos"),
        ("turkish", "kim nerede hangi kaç"),
    ],
)
def test_the_words_of_a_question_are_stop_words(language: str, questions: str) -> None:
    assert set(questions.split()) <= stop_words(language)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_analyses_its_own_stop_words(language: str) -> None:
    """Terms are never empty, and hold no blank: FTS5 would split them."""
    listed = [word for word in stop_list(language) if word in stop_words(language)]
    assert len(listed) >= (20 if stop_list(language) else 0)
    for term in word_terms([*listed, "word", "слово", "كلمة"], language):
        assert term == term.strip() != "" and " " not in term
