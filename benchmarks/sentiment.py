"""Text classification from document vectors, compared with a bag of words: all labels, 100, and 100 chosen actively.

    python benchmarks/sentiment.py --data FOLDER [--database FILE] [--sets MR,CR] [--without-newsgroups] [--json]

Word vectors are learned from Simple English Wikipedia by `build pmi`, or taken from a database with a collection of
them. MR, CR, Subj and MPQA are tested in ten folds, TREC and SST-2 by their own split, 20 Newsgroups by date. All
methods have the same training and test items and the logistic regression of `classify`, with C chosen within the
training items. The bag of words is tf-idf of all words.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import results
import sets
from tabulate import tabulate

import semsearch
from semsearch import registry
from semsearch.evaluate.labels import Fold, cross_validation_folds
from semsearch.maths import classifier
from semsearch.maths.counts import count_terms
from semsearch.maths.suggest import most_informative
from semsearch.maths.text import Analyzer
from semsearch.maths.weighting import idf, log_tfidf

FOLDS, SEEDS, FEW, ROUND = 10, 10, 100, 20
BAG = "bag of words"


@dataclass(frozen=True)
class Way:
    """A builder and its options; `words`: whether it reads the large corpus's words, or those that lsa learnt of the
    set's own texts. `joined` names ways whose vectors are joined instead."""

    name: str
    builder: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    words: str = ""
    joined: tuple[str, ...] = ()


WAYS = (
    Way("lsa", "lsa"),
    Way("mean", "wordmean", {"weights": "mean"}, "wiki"),
    Way("sif", "wordmean", {"weights": "sif"}, "wiki"),
    Way("mean_1", "wordmean", {"weights": "mean", "components": 1}, "wiki"),
    Way("own", "wordmean", {"weights": "sif"}, "own"),
    Way("own_1", "wordmean", {"weights": "sif", "components": 1}, "own"),
    Way("joined", joined=("sif", "own")),
)
ALL, FEWEST = "joined", "sif"  # the ways that figures with all labels and with a hundred are asked of
SETS = {  # files, each with the part its items are in; without a part the set is judged in folds
    "MR": {"rt-polarity.all": ""},
    "CR": {"custrev.all": ""},
    "Subj": {"subj.all": ""},
    "MPQA": {"mpqa.all": ""},
    "TREC": {"TREC.train.all": "train", "TREC.test.all": "test"},
    "SST-2": {"stsa.binary.train": "train", "stsa.binary.dev": "dev", "stsa.binary.test": "test"},
}
COUNTS = {"MR": 10_662, "CR": 3_775, "Subj": 10_000, "MPQA": 10_606, "TREC": 5_952, "SST-2": 9_613}
LEAST = {"MR": 73.0, "CR": 76.0, "SST-2": 77.0}  # per cent
NEWSGROUPS = (11_314, 7_532)


@dataclass(frozen=True)
class Texts:
    """A set: texts, labels as numbers, and the part each text is in."""

    name: str
    texts: Sequence[str]
    y: np.ndarray
    parts: Sequence[str]

    def turns(self) -> list[Fold]:
        """Ten folds, or the set's own split."""
        if not any(self.parts):
            return cross_validation_folds(np.eye(int(self.y.max()) + 1, dtype=bool)[self.y], FOLDS)
        return [tuple(np.flatnonzero([part == side for part in self.parts]) for side in ("train", "test"))]


def load(name: str, data: Path) -> Texts:
    """A set of sentences, checked by count."""
    rows = []
    for file, part in SETS[name].items():
        for line in sets._read(data / "sentiment" / file).strip("\n").split("\n"):
            label, _, text = line.partition(" ")
            rows.append((text, int(label), part))
    if len(rows) != COUNTS[name]:
        raise sets.SetError(f"{name} has {len(rows)} sentences; published: {COUNTS[name]}")
    return Texts(name, [row[0] for row in rows], np.array([row[1] for row in rows]), [row[2] for row in rows])


def newsgroups(data: Path, *, stripped: bool) -> Texts:
    """20 Newsgroups by date; `stripped` of headers, footers and quotes as scikit-learn strips them."""
    from sklearn.datasets import _twenty_newsgroups as strip

    rows = []
    for part, published in zip(("train", "test"), NEWSGROUPS, strict=True):
        before = len(rows)
        with tarfile.open(data / "20newsgroups" / f"20news-bydate-{part}.tar.gz") as archive:
            for member in archive:
                if member.isfile():
                    content = archive.extractfile(member)
                    assert content is not None
                    text = content.read().decode("latin-1")
                    if text.count("\n") < text.count("\t"):  # a copy that is about has tabs where lines end
                        text = text.replace("\t", "\n")
                    if stripped:
                        text = strip.strip_newsgroup_header(text)
                        text = strip.strip_newsgroup_quoting(strip.strip_newsgroup_footer(text))
                    rows.append((text, member.name.split("/")[-2], part))
        if len(rows) - before != published:
            raise sets.SetError(f"20 Newsgroups has {len(rows) - before} messages to {part}; published: {published}")
    names = sorted({row[1] for row in rows})
    title = "20 Newsgroups, stripped" if stripped else "20 Newsgroups"
    return Texts(title, [r[0] for r in rows], np.array([names.index(r[1]) for r in rows]), [r[2] for r in rows])


def word_vectors(db: semsearch.Database, data: Path, *, given: bool) -> str:
    """The collection of words to read: the first of a database that was given, or learnt from Simple Wikipedia."""
    for found in db.collections() if given else ():
        if found.of == "word":
            return found.name
    db.ingest("wiki", sets.simplewiki(data), id="id", text=["text"])
    return db.build("wiki", "pmi", dim=300).collections[0].name


def features(db: semsearch.Database, found: Texts, ways: Sequence[Way], words: str) -> dict[str, Any]:
    """Each way's rows for the texts, in their order; texts without a vector are rows of zeros."""
    name = "".join(letter if letter.isalnum() else "_" for letter in found.name.lower())
    db.ingest(name, ({"id": row, "text": text} for row, text in enumerate(found.texts)), id="id", text=["text"])
    if any(way.words == "own" for way in ways):
        db.build(name, "pmi", name=f"{name}_pmi")
    made: dict[str, Any] = {}
    for way in ways:
        begin = time.perf_counter()
        if way.joined:
            made[way.name] = classifier.standardise(np.concatenate([made[one] for one in way.joined], axis=1))
            continue
        read = {"wiki": words, "own": f"{name}_pmi"}.get(way.words)
        options = way.options | ({"words": read} if read else {})
        collection = db.build(name, way.builder, name=f"{name}_{way.name}", **options).collections[0]
        keys, vectors = db.vectors(collection.name)
        rows = np.zeros((len(found.texts), vectors.shape[1]), np.float32)
        rows[[int(key) for key in keys]] = vectors
        made[way.name] = classifier.standardise(rows)
        print(f"{found.name}, {way.name}: {time.perf_counter() - begin:.1f} s to build", file=sys.stderr)
    counts = count_terms(found.texts, Analyzer(stem=False, stop=False))
    made[BAG] = log_tfidf(counts.matrix, idf(len(found.texts), counts.documents))
    return made


def accuracy(X: Any, y: np.ndarray, turns: Sequence[Fold], seed: int = 0) -> float:
    """Per cent of the judged items that are told right."""
    rng, right, total = np.random.default_rng(seed), 0, 0
    for learnt, asked in turns:
        told, _ = classifier.predict_from(X, y, learnt, asked, int(y.max()) + 1, rng)
        right += int((told.argmax(axis=1) == y[asked]).sum())
        total += len(asked)
    return 100 * right / total


def few_turns(found: Texts) -> Iterator[Fold]:
    """For each seed a hundred items at random; judged on the set's test part, or on a third that is never drawn."""
    for seed in range(SEEDS):
        pool, asked = pool_of(found, seed)
        yield np.random.default_rng((seed, 1)).permutation(pool)[:FEW], asked


def pool_of(found: Texts, seed: int) -> Fold:
    """Items that may be labelled, and items that are judged."""
    if any(found.parts):
        return found.turns()[0]
    order = np.random.default_rng(seed).permutation(len(found.y))
    third = len(order) // 3
    return order[third:], order[:third]


def suggested(X: Any, y: np.ndarray, pool: np.ndarray, seed: int) -> np.ndarray:
    """A hundred items as `classify --suggest 20` names them, five times over, their labels being said each time."""
    rng, known, labels = np.random.default_rng(seed), np.empty(0, np.int64), int(y.max()) + 1
    while len(known) < FEW:
        rest = np.setdiff1d(pool, known)
        told = None
        if len(np.unique(y[known])) > 1:
            told = classifier.fit_and_predict(X[known], y[known], X[rest], labels, 1.0)
        known = np.concatenate([known, rest[most_informative(X[rest], X[known], told, ROUND, rng)]])
    return known


def measure(db: semsearch.Database, found: Texts, ways: Sequence[Way], words: str) -> dict[str, dict[str, float]]:
    """Per way: accuracy with all labels, with a hundred at random and with a hundred suggested; means over seeds."""
    made, scores = features(db, found, ways, words), {}
    for name, X in made.items():
        score = {"all": accuracy(X, found.y, found.turns())}
        if found.name in ("MR", "SST-2", "TREC"):
            drawn = [accuracy(X, found.y, [turn]) for turn in few_turns(found)]
            score |= {"100": float(np.mean(drawn))}
            if name in ("lsa", FEWEST):
                chosen = []
                for seed in range(SEEDS):
                    pool, asked = pool_of(found, seed)
                    chosen.append(accuracy(X, found.y, [(suggested(X, found.y, pool, seed), asked)]))
                better = np.subtract(chosen, drawn)
                score |= {"100 suggested": float(np.mean(chosen)), "better": float(better.mean())}
                score |= {"error": float(better.std(ddof=1) / np.sqrt(SEEDS))}
        scores[name] = score
        told = ", ".join(f"{what} {value:.1f}" for what, value in score.items())
        print(f"{found.name}, {name}: {told}", file=sys.stderr)
    return scores


def table(found: dict[str, dict[str, dict[str, float]]], what: str) -> str:
    """One line a set, one column a way."""
    names = list(dict.fromkeys(name for scores in found.values() for name in scores))
    lines = [
        {"set": each} | {name: f"{scores[name][what]:.1f}" if what in scores.get(name, {}) else "" for name in names}
        for each, scores in found.items()
        if any(what in score for score in scores.values())
    ]
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)


def verdicts(found: dict[str, dict[str, dict[str, float]]]) -> list[dict[str, str]]:
    """Each figure to be reached, and what was."""
    lines = []

    def add(what: str, least: float, reached: float) -> None:
        passed = "pass" if reached >= least else "fail"
        lines.append({"figure": what, "to reach": f"{least:.1f}", "reached": f"{reached:.1f}", "": passed})

    for name, scores in found.items():
        if name in LEAST and ALL in scores:
            add(f"{name}, {ALL}", LEAST[name], scores[ALL]["all"])
        for way in ("mean", "own"):
            if f"{way}_1" in scores:
                add(f"{name}, {way} joined with a component", scores[way]["all"] - 0.2, scores[f"{way}_1"]["all"])
        few = scores.get(FEWEST, {})
        if name in ("MR", "SST-2") and few:
            add(f"{name}, 100 labels, {FEWEST} beside {BAG}", scores[BAG]["100"], few["100"])
        if name == "MR" and few:
            add("MR, 100 suggested labels beside random ones", few["100"], few["100 suggested"])
        if name == "20 Newsgroups":
            add(f"{name}, lsa", 80.0, scores["lsa"]["all"])
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and keep the numbers if asked; exit 1 where a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--database", type=Path, help="database with a word collection; it is copied")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--without-newsgroups", action="store_true")
    results.add_option(parser, __file__)
    asked = parser.parse_args(arguments)
    ways = [way for way in WAYS if "wordmean" in registry.load().builders or way.builder == "lsa"]
    found: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sentiment.db"
        if asked.database:
            shutil.copy(asked.database, file)
        with semsearch.open(file, create=True) as db:
            words = word_vectors(db, asked.data, given=bool(asked.database)) if len(ways) > 1 else ""
            for name in filter(None, asked.sets.split(",")):
                found[name] = measure(db, load(name, asked.data), ways, words)
            for stripped in () if asked.without_newsgroups else (False, True):
                texts = newsgroups(asked.data, stripped=stripped)
                found[texts.name] = measure(db, texts, [WAYS[0]], words)
    titles = {"all": "all labels", "100": "100 labels", "100 suggested": "100 suggested", "better": "better by"}
    for what, title in titles.items():
        print(f"\nAccuracy, {title}\n\n{table(found, what)}")
    lines = verdicts(found)
    print(f"\n{tabulate(lines, headers='keys', tablefmt='github', disable_numparse=True)}")
    if asked.json:
        results.write(asked.json, found, asked)
    sys.exit(any(line[""] == "fail" for line in lines))


if __name__ == "__main__":
    main()
