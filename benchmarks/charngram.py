"""Unknown words: character n-grams fitted to word vectors, compared with fastText, on RareWords.

    python benchmarks/charngram.py --data FOLDER [--documents N] [--epochs 1] [--without-gensim]

Both are trained on Simple English Wikipedia. The test pairs of RareWords (Luong, Socher & Manning 2013) have a word
with fewer than five occurrences there, so that neither has learned it. The score is Spearman's correlation of the
cosine with human judgements.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from tabulate import tabulate

from semsearch.builders.base import make_options
from semsearch.builders.pmi import Pmi
from semsearch.evaluate.words import read_similarities
from semsearch.maths.metrics import spearman
from semsearch.maths.text import tokens
from semsearch.records import Device, Documents, silent

sys.path.append(str(Path(__file__).parents[1] / "plugins" / "semsearch-charngram"))
from semsearch_charngram import Charngram

Pair = tuple[str, str, float]
LEAST = 0.25


def texts_of(data: Path, documents: int | None) -> list[str]:
    """The articles, or the first of them."""
    with gzip.open(data / "simplewiki" / "simplewiki.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for _, line in zip(range(documents or 10**9), lines, strict=False)]


def judged(pairs: Sequence[Pair], vector: Callable[[str], np.ndarray]) -> float:
    """Spearman's correlation of cosines with people's scores."""

    def cosine(one: str, other: str) -> float:
        a, b = vector(one), vector(other)
        return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))

    return spearman(np.array([cosine(a, b) for a, b, _ in pairs]), np.array([score for *_, score in pairs]))


def ours(texts: Sequence[str]) -> tuple[set[str], Callable[[str], np.ndarray], float, float]:
    """What is known, a word's vector, and seconds of processor for the words and for their n-grams."""
    corpus = Documents([str(row) for row in range(len(texts))], texts)
    asked = {"rng": np.random.default_rng(0), "device": Device(), "report": silent}
    begun = process_time()
    words = Pmi().fit(corpus, make_options(Pmi(), {"contexts": False, "min_count": 5}), **asked).embeddings[0]
    between = process_time()
    builder = Charngram()
    corpus = Documents(corpus.keys, texts, {"words": words})
    fitted = builder.fit(corpus, make_options(builder, {}), **asked)
    state = fitted.state({"words": words})
    seconds = (between - begun, process_time() - between)
    return set(words.keys), lambda word: builder.encode(state, Documents([""], [word]))[0], *seconds


def theirs(texts: Iterable[str], epochs: int) -> tuple[Callable[[str], np.ndarray], float]:
    """gensim's FastText: a word's vector, and seconds of processor."""
    from gensim.models import FastText

    sentences = [tokens(text) for text in texts]
    begun = process_time()
    model = FastText(sentences, vector_size=300, sg=1, min_count=5, epochs=epochs, workers=2, seed=0)
    return lambda word: model.wv[word], process_time() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds simplewiki/ and word-eval/")
    parser.add_argument("--documents", type=int, help="use the first N articles only")
    parser.add_argument("--epochs", type=int, default=1, help="epochs of FastText (default: 1; its own default is 5)")
    parser.add_argument("--without-gensim", action="store_true", help="leave FastText out")
    wanted = parser.parse_args()
    begun = perf_counter()
    texts = texts_of(wanted.data, wanted.documents)
    known, vector, words, ngrams = ours(texts)
    every = read_similarities(str(wanted.data / "word-eval" / "EN-RW-STANFORD.txt"))
    pairs = [pair for pair in every if not known.issuperset(pair[:2])]
    rows = [["charngram", judged(pairs, vector), words + ngrams]]
    if not wanted.without_gensim:
        peer, seconds = theirs(texts, wanted.epochs)
        rows.append([f"gensim FastText, epochs {wanted.epochs}", judged(pairs, peer), seconds])
    print(f"{len(texts):,} articles, {len(known):,} words, {len(pairs):,} of {len(every):,} pairs with an unknown word")
    print(tabulate(rows, headers=["", "Spearman", "CPU seconds"], tablefmt="github", floatfmt=".3f"))
    print(f"n-grams alone: {ngrams:.0f} CPU seconds; at least {LEAST} is required; {perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
