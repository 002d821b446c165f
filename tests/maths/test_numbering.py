"""Scanning words in compiled code against splitting text by text: the same words, numbers and places for any text."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch.maths import codepoints, counts, numbering, tally
from semsearch.maths.counts import count_known_terms, count_terms, word_numbers
from semsearch.maths.numbering import number_words
from semsearch.maths.text import Analyzer, tokens

ODD_ONES = [
    "ΟΔΟΣ ΟΔΟΣ. ΟΔΟΣ' x Σ ΑΣ",
    "Σ:Α Α:Σ Α.Σ.Α αΣ\u0301 ΑΣ\u00adΑ",
    "İstanbul Iı DİYARBAKIR",
    "Straße STRASSE ẞ",
    "ǅ Ǆungla ǈ ŉ ǰ",
    "ﬁle oﬃce ﬅ ﬆ",
    "Ａｂｃ１２３　ＡＢ",
    "½ x² 1º ™ … a…b ﷺ ㎏ ㍿",
    "e\u0301t\u0301 cafe\u0301 =\u0338 <\u0338b a\u0338",
    "\u0301ab \u0308\u0301x ,\u0301a",
    "\u1100\u1161\u11a8 각 \uac00\u11a8 \u1161\u1161",
    "٣٤٥ १२३ 𝟘𝟙 Ⅳⅷ ⅓",
    "中文，文本 ｶﾞｷﾞ がか\u3099",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 a😀b 😀 𐐀𐐁",
    "\x00ab\x00c\x00",
    "a\ud800b \udfff\ud800 \ud83d\ude00x",
    "",
    " ",
    "a",
    "ab",
    "_ab_cd_",
    "K Å Ω Ⱥ ȺȾ",
    "l·l l'l don’t",
    "a\u200db\u200c\ufeff",
    "\u09c7\u09be \u0b47\u0b3e \u1025\u102e \U00016d63\U00016d67",
    "ͅᾼ ᾳ ᾼ ΐ",
    "שָׁלוֹם مرحبا كتابٌ",
    "\u0344 \u0f73 \u2adc",
    "ſ ſt ẛ\u0323",
]


def plain(texts: Sequence[str]) -> tuple[list[str], list[int], list[int]]:
    words: dict[str, int] = {}
    stream, starts = [], [0]
    for text in texts:
        stream += [words.setdefault(word, len(words)) for word in tokens(text)]
        starts.append(len(stream))
    return list(words), stream, starts


def agree(texts: Sequence[str]) -> None:
    words, stream, starts = number_words(texts)
    expected = plain(texts)
    assert words == expected[0]
    assert stream.tolist() == expected[1] and starts.tolist() == expected[2]


def drawn(rng: random.Random, points: Sequence[int]) -> str:
    """A text of points now and then, and between them what they might touch: letters, marks, separators."""
    touched = "abΑΣσ İß' .:=<,\n_\u0301\u0338\u0327\u00ad\u11a8é中9"
    size = rng.choice((0, 1, 3, 10, 40))
    return "".join(chr(rng.choice(points)) if rng.random() < 0.4 else rng.choice(touched) for _ in range(size))


def test_texts_that_were_chosen_to_be_hard() -> None:
    agree(ODD_ONES)
    agree(["".join(ODD_ONES)])
    for text in ODD_ONES:
        agree([text])


def test_every_code_point_between_neighbours() -> None:
    """All of the table, each between letters and near a Σ, and before a mark that composes; a sample of those beyond.

    What is beyond the table is left to `tokens`, whatever it is: each block of 256 code points gives three.
    """
    beyond = [point + step for point in range(codepoints.PLANE, 0x110000, 256) for step in (0, 85, 251)]
    points = [*range(codepoints.PLANE), *beyond]
    agree(
        [
            " ".join(f"aΣ{chr(point)}b Σ{chr(point)}\u0301Σ" for point in points[start : start + 256])
            for start in range(0, len(points), 256)
        ]
    )


PLANES = {
    "latin, greek and cyrillic": range(0x600),
    "marks": [point for point in range(0x10000) if unicodedata.combining(chr(point))],
    "what NFKC changes": [p for p in range(0x20000) if not unicodedata.is_normalized("NFKC", chr(p))],
    "what casing changes": [p for p in range(0x20000) if chr(p).lower() != chr(p) or len(chr(p).upper()) > 1],
    "first plane": range(0x10000),
    "all planes": range(0x110000),
}


@pytest.mark.parametrize("points", PLANES.values(), ids=PLANES)
def test_random_texts(points: Sequence[int]) -> None:
    rng = random.Random(len(points))
    agree([drawn(rng, points) for _ in range(4000)])


def test_batches_threads_and_growth_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Far more words than a batch holds (262,144 characters), met again in later batches and by other threads."""
    monkeypatch.setattr(numbering, "thread_count", lambda: 3)
    rng = random.Random(5)
    vocabulary = [f"wort{number}é½"[: rng.randrange(2, 11)] for number in range(3000)]
    agree([" ".join(rng.choices(vocabulary, k=rng.randrange(60))) for _ in range(5000)])
    agree(["x" * 300_000, "", "ab " * 100_000, "", ""])
    agree([])


def test_what_is_separated_is_split_alone() -> None:
    """The rule behind it all: a separator may be cut at, whatever stands on its two sides."""
    separators = [chr(p) for p in range(0x10000) if codepoints.table()[p] & 3 == codepoints.SEPARATOR]
    assert {" ", "\n", ",", "(", "。"} <= set(separators) and not {"=", "'", ".", ":", "\u00ad", "\u0301"} & set(
        separators
    )
    rng = random.Random(1)
    for separator in separators:
        one, other = drawn(rng, range(0x600)), drawn(rng, range(0x3000))
        assert tokens(one + separator + other) == tokens(one) + tokens(other)


def texts_with_stems() -> list[str]:
    """More than the 100,000 characters from which text is scanned by compiled code that is loaded."""
    rng = random.Random(3)
    words = ["compressed", "compress", "files", "Filed", "naïve", "Ⅳ", "the", "été½", "x", "running"]
    return [" ".join(rng.choices(words, k=rng.randrange(30))) for _ in range(2000)]


KERNELS = (counts.number, tally.count_rows, tally.count_documents, tally.count_numbers)


def on_each_path(monkeypatch: pytest.MonkeyPatch, compute: Callable[[], Any]) -> list[Any]:
    """What is computed while the kernels are not loaded, which so little text does not load, and with them."""
    results = []
    for ready in (False, True):
        with monkeypatch.context() as patched:
            for kernel in KERNELS:
                patched.setattr(kernel, "ready", ready)
            results.append(compute())
    return results


@pytest.mark.parametrize("least", [1, 1000])
def test_counts_are_the_same_bytes_on_both_paths(monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    texts = texts_with_stems()
    one, two = on_each_path(monkeypatch, lambda: count_terms(texts, Analyzer(), min_documents=least))
    assert one.terms == two.terms and one.surfaces == two.surfaces
    assert one.totals.tolist() == two.totals.tolist() and one.documents.tolist() == two.documents.tolist()
    assert_same_bytes(one.matrix, two.matrix)
    assert_same_bytes(
        *on_each_path(monkeypatch, lambda: count_known_terms(texts, Analyzer(), {"compress": 1, "iv": 0}))
    )


def assert_same_bytes(one: sp.csr_matrix, two: sp.csr_matrix) -> None:
    assert one.has_canonical_format and two.has_canonical_format and one.shape == two.shape
    for part in ("data", "indices", "indptr"):
        assert getattr(one, part).dtype == getattr(two, part).dtype
        assert getattr(one, part).tobytes() == getattr(two, part).tobytes()


def test_much_text_is_scanned_and_little_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = []

    def spy(texts: Iterable[str]) -> Any:
        scanned.append(True)
        return number_words(texts)

    monkeypatch.setattr(counts, "number_words", spy)
    monkeypatch.setattr(counts.number, "ready", True)
    assert word_numbers(["little text"])[0] == ["little", "text"] and not scanned
    words, stream, starts = word_numbers(iter(["much text " * 10_000, "much more text"]))
    assert scanned and words == ["much", "text", "more"]
    assert stream.tolist() == [0, 1] * 10_000 + [0, 2, 1] and starts.tolist() == [0, 20_000, 20_003]
    assert stream.dtype == np.int32
