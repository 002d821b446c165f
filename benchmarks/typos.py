"""Typo tolerance: rankings for misspelled queries, as written and with words replaced, on public test collections.

    python benchmarks/typos.py --data FOLDER [--sets med,cran,xquad-de] [--json]

Each query gets one slip in one of its words of five letters or more, one that makes it a word that no text contains: a
letter left out, put in, exchanged or swapped with its neighbour, each as often. Reported are the 11-point precision of
hybrid rankings of the right query, of what `search` makes of it, of the misspelled one as it is written, and of what
`search` makes of that; how many misspelled queries are restored; how many right ones are changed, because a word of
them is in no text; and the milliseconds of the check. The peer is
`difflib.get_close_matches` over the same vocabulary, with its defaults.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import results
import sets
from tabulate import tabulate

import semsearch
from semsearch.maths.metrics import interpolated_11pt
from semsearch.records import OpenCollection
from semsearch.search.query import rank_all
from semsearch.search.typos import check
from semsearch.storage import collections, connect, vocabularies
from semsearch.storage.driver import Connection

SETS = ("med", "cran", "cisi", "lisa", "scifact", "xquad-en", "xquad-de", "xquad-ru", "xquad-ar", "xquad-hi", "piaf-fr")
MOST_QUERIES = 100
SHORTEST = 5  # letters of a word that gets a slip
PEER_QUERIES = 30  # difflib takes up to seconds for each


@dataclass(frozen=True)
class Measured:
    """One set. Precision is the mean 11-point precision of hybrid rankings, shares are of the queries."""

    name: str
    queries: int
    words: int  # of the vocabulary
    right: float  # precision of the queries without a slip
    right_corrected: float
    misspelled: float
    corrected: float
    restored: float  # share that `check` restores
    changed: float  # share of the right queries that `check` changes
    milliseconds: float  # of `check`, median
    peer_restored: float
    peer_milliseconds: float


def slip(word: str, rng: np.random.Generator) -> str:
    """The word with one slip after its first letter."""
    at, letter = int(rng.integers(1, len(word))), word[int(rng.integers(len(word)))]
    kinds = [word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :]]
    kinds.append(word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :])
    return kinds[int(rng.integers(len(kinds)))]


def misspelled(db: Connection, opened: OpenCollection, query: str, rng: np.random.Generator) -> tuple[str, str, str]:
    """The query with a slip that makes a word unknown, the word and the slip; the query itself if there is none."""
    words = [word for word in query.split() if len(word) >= SHORTEST and not any(map(str.isdigit, word))]
    for word in rng.permutation(words).tolist():
        for _ in range(5):
            wrong = slip(word.lower(), rng)
            unknown = check(db, opened, wrong, "hybrid")
            if wrong != word.lower() and (unknown.corrected or unknown.unknown):
                return query.replace(word, wrong, 1), word.lower(), wrong
    return query, "", ""


def measure(found: sets.TestSet, folder: Path) -> Measured:
    """Ingest, build with the defaults, and rank every query three times."""
    path, name = folder / "set.db", found.name.replace("-", "_")
    rows = ({"_id": one.id, "title": one.title, "text": one.text} for one in found.documents)
    with semsearch.open(path, create=True) as database:
        database.ingest(name, rows, id="_id", title="title", text=["text"])
        database.build(name, "lsa")
    rng, relevant = np.random.default_rng(0), found.relevant()
    chosen = rng.permutation(sorted(relevant))[:MOST_QUERIES].tolist()
    table, times, restored, changed, slips = [], [], [], [], []
    with connect.reading(str(path)) as db:
        opened = collections.open_collection(db, f"{name}_lsa")
        words = vocabularies.words_of(db, collections.get_collection(db, f"{name}_lsa_words"))
        for query in chosen:
            right = found.queries[query]
            wrong, word, typed = misspelled(db, opened, right, rng)
            if not word:
                continue
            start = time.perf_counter()
            spelling = check(db, opened, wrong, "hybrid")
            times.append(time.perf_counter() - start)
            answered = spelling.corrected or wrong
            restored.append(answered.lower() == right.lower())
            checked = check(db, opened, right, "hybrid").corrected or right
            changed.append(checked != right)
            slips.append((word, typed))
            table.append([_precision(db, opened, text, relevant[query]) for text in (right, checked, wrong, answered)])
    peer, seconds = _peer([word for word, _, _ in words], slips[:PEER_QUERIES])
    means = np.array(table).mean(axis=0).tolist()
    shares = [float(np.mean(restored)), float(np.mean(changed)), 1000 * float(np.median(times))]
    return Measured(found.name, len(table), len(words), *means, *shares, peer, 1000 * seconds)


def _precision(db: Connection, opened: OpenCollection, text: str, relevant: set[str]) -> float:
    ranked = rank_all(db, opened, text, mode="hybrid")
    return interpolated_11pt(np.array([key in relevant for key in ranked], dtype=bool), len(relevant))


def _peer(words: Sequence[str], slips: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """The share of slips that difflib restores, and its median seconds."""
    times, right = [], []
    for word, typed in slips:
        start = time.perf_counter()
        near = get_close_matches(typed, words, n=1)
        times.append(time.perf_counter() - start)
        right.append(near == [word])
    return float(np.mean(right)), float(np.median(times))


def main(given: Sequence[str] | None = None) -> None:
    """Measure the sets asked for and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds ir/, scifact/ and ir-more/")
    parser.add_argument("--sets", default=",".join(SETS), help="comma-separated names (default: all)")
    results.add_option(parser, __file__)
    asked = parser.parse_args(given)
    rows = []
    for name in asked.sets.split(","):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(sets.load(name, asked.data), Path(folder)))
        print(f"{name} measured", file=sys.stderr)
    print(tabulate([asdict(row) for row in rows], headers="keys", tablefmt="github", floatfmt=".3f"))
    if asked.json:
        results.write(asked.json, {"typos": [asdict(row) for row in rows]}, asked)


if __name__ == "__main__":
    main()
