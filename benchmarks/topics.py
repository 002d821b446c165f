"""Topics and clusters of 20 Newsgroups, and copies planted in AG News, with the defaults.

    python benchmarks/topics.py --data FOLDER [--json]

Topics: the mean NPMI of the six strongest words of each rotated topic, over pairs of words, with all messages (headers
included) as reference corpus; a pair that no message holds counts -1. Clusters: the adjusted Rand index with the 20
groups. Copies: 500 articles with 10 % of their words replaced at random, 500 cut to 80 %; a pair with a copy is right
if it is the copy and its original. The exit code is 1 if a figure misses its target.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import random
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import results
import scipy.sparse as sp
from tabulate import tabulate

import semsearch
from semsearch.maths.counts import count_terms
from semsearch.maths.text import Analyzer
from semsearch.search.components import topics
from semsearch.storage import connect
from semsearch.storage.collections import open_collection

WORDS = 6  # of a topic
EACH = 500  # copies of each kind
LEAST = {"NPMI": 0.37, "lowest NPMI": 0.05, "ARI": 0.34, "edited": 0.98, "cut": 0.90, "precision": 0.995}


def newsgroups(data: Path) -> tuple[list[str], list[str]]:
    """The messages and their groups, both parts of the bydate split."""
    texts, groups = [], []
    for part in ("train", "test"):
        with tarfile.open(data / "20newsgroups" / f"20news-bydate-{part}.tar.gz") as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None:
                    texts.append(file.read().decode("latin-1"))
                    groups.append(member.name.split("/")[-2])
    return texts, groups


def npmi(holds: sp.csc_matrix, columns: Sequence[int]) -> float:
    """The mean normalised pointwise mutual information of all pairs of these columns of (documents, terms), -1..1."""
    n = holds.shape[0]
    share = [holds[:, column].nnz / n for column in columns]
    found = []
    for one in range(len(columns)):
        for other in range(one):
            both = holds[:, columns[one]].multiply(holds[:, columns[other]]).nnz / n
            found.append(-1.0 if not both else np.log(both / (share[one] * share[other])) / -np.log(both))
    return float(np.mean(found))


def topic_coherence(database: Path, texts: Sequence[str]) -> dict[str, float]:
    """Mean and lowest NPMI of the rotated topics' words."""
    counts = count_terms(texts, Analyzer(), min_documents=2)
    column = {surface: place for place, surface in enumerate(counts.surfaces)}
    holds = (counts.matrix > 0).tocsc()
    with connect.reading(str(database)) as db:
        found = topics(db, open_collection(db, "news_lsa"), k=50, rotated=True)
    words = [[str(hit.id) for hit in topic.ends[0].words[:WORDS]] for topic in found.topics]
    values = [npmi(holds, [column[word] for word in one]) for one in words]
    return {"topics": float(len(values)), "NPMI": float(np.mean(values)), "lowest NPMI": min(values)}


def clusters(database: Path, groups: Sequence[str]) -> dict[str, float]:
    """The adjusted Rand index with the groups: 20 clusters, and as many as are chosen."""
    from sklearn.metrics import adjusted_rand_score

    with semsearch.open(database) as db:
        found = {number: db.cluster("news_lsa", number) for number in (20, None)}
    of = {
        number: adjusted_rand_score([groups[int(key) - 1] for key in one.keys], one.numbers)
        for number, one in found.items()
    }
    return {"ARI": of[20], "ARI, number chosen": of[None], "clusters chosen": float(len(found[None].clusters))}


def with_copies(data: Path) -> list[dict[str, str]]:
    """The articles of AG News, and copies whose ids begin with `edited-` and `cut-`."""
    with gzip.open(data / "ag-news" / "test.csv.gz", "rt", encoding="utf-8") as lines:
        texts = [f"{title}\n{text}" for _, title, text in csv.reader(lines)]
    rng = random.Random(0)
    vocabulary = sorted({word for text in texts for word in text.split() if word.isalpha()})
    long = [place for place, text in enumerate(texts) if len(text.split()) >= 20]
    rows = [{"id": str(place), "text": text} for place, text in enumerate(texts)]
    for number, place in enumerate(rng.sample(long, 2 * EACH)):
        words = texts[place].split()
        if number < EACH:
            for at in rng.sample(range(len(words)), round(0.1 * len(words))):
                words[at] = rng.choice(vocabulary)
            rows.append({"id": f"edited-{place}", "text": " ".join(words)})
        else:
            rows.append({"id": f"cut-{place}", "text": " ".join(words[: round(0.8 * len(words))])})
    return rows


def copies(data: Path, database: Path) -> dict[str, float]:
    """Recall of the edited and of the cut copies, and precision of all pairs with a copy."""
    with semsearch.open(database, create=True) as db:
        db.ingest("agnews", with_copies(data), id="id", text=["text"])
        db.build("agnews", "lsa")
        pairs = [(pair.one, pair.other) for pair in db.duplicates("agnews_lsa")]
    touching = [sorted(pair, key=lambda key: "-" in key) for pair in pairs if any("-" in key for key in pair)]
    right = [copy for original, copy in touching if copy.split("-")[1] == original]
    kinds = {kind: sum(copy.startswith(kind) for copy in right) / EACH for kind in ("edited", "cut")}
    return kinds | {"precision": len(right) / max(1, len(touching))}


def main(given: Sequence[str] | None = None) -> int:
    """Measure and print; 0 if every figure is reached."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds 20newsgroups/ and ag-news/")
    results.add_option(parser, __file__)
    wanted = parser.parse_args(given)
    texts, groups = newsgroups(wanted.data)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "news.db"
        with semsearch.open(database, create=True) as db:
            rows = ({"id": number, "text": text} for number, text in enumerate(texts, 1))
            db.ingest("news", rows, id="id", text=["text"])
            db.build("news", "lsa")
        found |= topic_coherence(database, texts) | clusters(database, groups)
        found |= copies(wanted.data, Path(folder) / "agnews.db")
    rows_ = [
        {"figure": name, "value": f"{value:.3f}", "at least": LEAST.get(name, "")} for name, value in found.items()
    ]
    print(tabulate(rows_, headers="keys"))
    if wanted.json:
        results.write(wanted.json, {"topics": found}, wanted)
    return 1 if any(found[name] < least for name, least in LEAST.items()) else 0


if __name__ == "__main__":
    sys.exit(main())
