"""A small transformer learns the grammar of planted sentences, fills gaps anywhere, and places texts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import semsearch
from semsearch.builders.masked import Masked, MaskedOptions
from semsearch.errors import BuildError, InputError
from semsearch.records import Device, Documents, Fitted, silent

pytest.importorskip("torch")
ANIMALS, TOOLS = ("cat", "dog", "horse", "goat"), ("hammer", "saw", "drill", "chisel")


def texts(n: int = 800) -> list[str]:
    rng = np.random.default_rng(0)
    found = []
    for row in range(n):
        names, does = (ANIMALS, "sleeps quietly in the barn") if row % 2 else (TOOLS, "hangs firmly on the wall")
        found.append(f"the {rng.choice(names)} {does} while the {rng.choice(names)} {does}")
    return found


def fit(corpus: list[str], **options: Any) -> Fitted:
    chosen = MaskedOptions(**{"dim": 32, "context": 21, "batch_size": 16, "lr": 0.005, "epochs": 12} | options)
    documents = Documents([str(row) for row in range(len(corpus))], corpus)
    return Masked().fit(documents, chosen, rng=np.random.default_rng(0), device=Device(), report=silent)


@cache
def planted() -> Fitted:
    return fit(texts())


def test_it_fills_a_gap_from_both_sides() -> None:
    assert planted().metrics["held_out_perplexity"] < 3 < planted().metrics["words"]
    for text, names in (("the ___ sleeps quietly", ANIMALS), ("the ___ hangs firmly", TOOLS)):
        (gap,) = Masked().fill(planted().state(), text, 4)
        assert len({word for word, _ in gap.words} & set(names)) >= 3  # a word from afar may be among them
        chances = [chance for _, chance in gap.words]
        assert chances == sorted(chances, reverse=True) and 0.5 < sum(chances) <= 1 + 1e-6


@pytest.mark.parametrize("init", ["pmi", "random"])
def test_both_starts_learn(init: str) -> None:
    assert fit(texts(), init=init, epochs=8).metrics["held_out_accuracy"] > 0.4


@pytest.mark.parametrize(
    ("text", "gaps"),
    [
        ("___", 1),
        ("___ sleeps quietly in the ___", 2),
        ("___ " * 30, 30),
        (" ".join(["the", "___", "sleeps"] * 30), 30),
        ("cat " * 200 + "___" + " cat" * 200, 1),
        ("unheard ___ words", 1),
    ],
    ids=["alone", "both ends", "thirty", "longer than the context", "far inside", "unknown neighbours"],
)
def test_gaps_anywhere(text: str, gaps: int) -> None:
    found = Masked().fill(planted().state(), text, 3)
    assert len(found) == gaps and all(len(gap.words) == 3 for gap in found)


def test_documents_are_placed_by_what_they_say() -> None:
    vectors = planted().embeddings[0].vectors
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    same = np.add.outer(np.arange(800), np.arange(800)) % 2 == 0
    assert cosines[same].mean() > cosines[~same].mean() + 0.3
    assert np.abs(vectors.mean(axis=0)).max() < 0.1  # centred


@pytest.mark.parametrize(
    "corpus", [["word"] * 500, ["a", ""], [f"w{row}" for row in range(9)]], ids=["one word", "empty", "few"]
)
def test_too_few_words_are_an_error(corpus: list[str]) -> None:
    with pytest.raises(BuildError, match="masked needs 50 words, 5 of them different"):
        fit(corpus)


def test_options_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(InputError, match="--dim 30 is no multiple of --heads 4"):
        MaskedOptions(dim=30)
    with pytest.raises(InputError, match="choose one"):
        MaskedOptions(epochs=1, seconds=1.0)


def test_one_long_text_and_unspaced_writing() -> None:
    long = " ".join(texts(300))
    assert np.isfinite(fit([*texts(20), long], epochs=1).embeddings[0].vectors).all()
    assert np.isfinite(
        fit(["猫在谷仓里安静地睡觉" * 4, "锤子挂在墙上很牢固" * 4] * 10, epochs=1).embeddings[0].vectors
    ).all()


def test_fill_from_a_file(tmp_path: Path) -> None:
    with semsearch.open(tmp_path / "a.db", create=True) as db:
        db.ingest("notes", ({"id": row, "text": text} for row, text in enumerate(texts(60))), id="id", text=["text"])
        db.build("notes", "masked", dim=16, context=16, epochs=2)
        db.build("notes", "lsa")
        gaps = db.fill("notes_masked", "the _____ sleeps ___", k=2)
        assert len(gaps) == 2 and len(gaps[0].words) == 2
        for collection, text, k, message in (
            ("notes_masked", "no gap", 5, "has no gap: write ___"),
            ("notes_masked", "___ " * 65, 5, "65 gaps: at most 64"),
            ("notes_masked", "___" + "a" * 5000, 5, "at most 4,096"),
            ("notes_masked", "___", 0, "-k"),
            ("notes_lsa", "___", 5, "fills no gaps: use `semsearch build masked`"),
        ):
            with pytest.raises(InputError, match=message):
                db.fill(collection, text, k=k)
        db.ingest("notes", [{"id": 999, "text": "the cat sleeps"}], id="id", text=["text"])
        assert db.update("notes_masked").updated[0].update.added == 1
        assert len(db.search("notes_masked", "the goat sleeps", mode="vector", k=3)) == 3
