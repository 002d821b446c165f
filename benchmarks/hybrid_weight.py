"""The quality of the weight that a collection chooses for hybrid search, compared with fixed weights and single modes.

    python benchmarks/hybrid_weight.py --data FOLDER [--sets med,cran] [--share 0.5] [--wiki 10000,50000,125721]

Each set is built with the defaults in a new database, and every judged query ranks all documents: 11-point precision,
for SciFact nDCG@10. `--share` keeps only that share of the documents, drawn with seed 0, to show how the weight changes
as a collection grows. So does `--wiki`, on the first articles of Simple English Wikipedia, which has no judgements. The
exit code is 1 if a figure misses its target (whole sets only).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import sets
from tabulate import tabulate

from semsearch import registry
from semsearch.builders.lsa import LsaOptions, default_dim
from semsearch.building import build
from semsearch.evaluate.retrieval import evaluate_retrieval
from semsearch.maths.counts import count_terms
from semsearch.maths.factor import Matrix, truncated_svd
from semsearch.maths.ranking import hybrid_weight, self_retrieval
from semsearch.maths.text import Analyzer
from semsearch.maths.weighting import idf, log_tfidf
from semsearch.storage import connect, datasets, keys

WEIGHTS = (0.25, 0.5, 0.75)
FIGURES: Mapping[str, float] = {"med": 0.66, "cran": 0.385, "cisi": 0.27, "cacm": 0.36, "npl": 0.30, "scifact": 0.69}
SLACK = 0.01  # what hybrid may lose against the better of its two sides


@dataclass(frozen=True)
class Weighed:
    """What one set gave: its measure, the weight made of it, and the figure of each way to rank."""

    name: str
    documents: int
    measure: float
    weight: float
    figures: Mapping[str, float]

    def missed(self) -> list[str]:
        """The bounds that the default does not reach, in words."""
        bounds = {"the figure to reach": FIGURES.get(self.name, 0.0)}
        bounds["the better side"] = max(self.figures["vector"], self.figures["text"]) - SLACK
        return [f"{name} {bound:.3f}" for name, bound in bounds.items() if self.figures["hybrid"] < bound]


def thinned(found: sets.TestSet, share: float) -> sets.TestSet:
    """The set with a part of its documents, and the judgements of those."""
    if share >= 1:
        return found
    rng = np.random.default_rng(0)
    rows = np.sort(rng.permutation(len(found.documents))[: int(share * len(found.documents))])
    documents = tuple(found.documents[row] for row in rows)
    ids = {document.id for document in documents}
    judged = {
        query: {doc: score for doc, score in docs.items() if doc in ids} for query, docs in found.judgements.items()
    }
    return replace(found, documents=documents, judgements=judged)


def weigh(found: sets.TestSet) -> Weighed:
    """Build the set and judge every way to rank it."""
    measure = "ndcg_at_10" if found.name == "scifact" else "p11"
    with tempfile.TemporaryDirectory() as folder, connect.writing(f"{folder}/set.db", create=True) as db:
        db.execute("create table docs (id text primary key, title text, body text)")
        rows = [(document.id, document.title, document.text) for document in found.documents]
        db.executemany("insert into docs values (?, ?, ?)", rows)
        dataset = datasets.draft(keys.shape_of(db, "docs"), text_columns=["body"], title_column="title")
        built = build.build(db, dataset, registry.load().builder("lsa"), {})

        def figure(mode: str, weight: float | None = None) -> float:
            judged = evaluate_retrieval(db, "docs_lsa", found.queries, found.judgements, mode=mode, weight=weight)
            return float(judged.as_dict()[measure] or 0)

        figures = {mode: figure(mode) for mode in ("vector", "text", "hybrid")}
        figures |= {f"{weight:g}": figure("hybrid", weight) for weight in WEIGHTS}
    metrics = built.run.metrics
    return Weighed(found.name, len(found.documents), metrics["self_retrieval"], metrics["hybrid_weight"], figures)


def wiki(data: Path, n: int) -> dict[str, str]:
    """The measure and the weight of the first n articles, and what finding them takes beside factoring."""
    texts = [article["text"] for article in sets.simplewiki(data, n)]
    counts = count_terms(texts, Analyzer(), min_documents=2)
    weights = idf(len(texts), counts.documents)
    X = log_tfidf(counts.matrix, weights)
    start = time.perf_counter()
    svd = truncated_svd(Matrix(X), default_dim(n), rng=np.random.default_rng(0))
    factoring = time.perf_counter() - start
    V = svd.Vt.T * svd.s.astype(np.float32) ** LsaOptions().power
    documents = X @ V
    start = time.perf_counter()
    found = self_retrieval(
        counts.matrix, lambda some: log_tfidf(some, weights) @ V, documents, rng=np.random.default_rng(0)
    )
    seconds = time.perf_counter() - start
    share = hybrid_weight(found or 0.0, *documents.shape)
    line = {"articles": f"{n:,}", "dim": str(len(svd.s)), "measure": f"{found:.3f}", "weight": f"{share:.2f}"}
    return line | {"factoring s": f"{factoring:.1f}", "weighing s": f"{seconds:.2f}"}


def table(rows: Sequence[Weighed]) -> str:
    """One line a set."""
    lines = [
        {"set": row.name, "docs": f"{row.documents:,}", "measure": f"{row.measure:.3f}", "weight": f"{row.weight:.2f}"}
        | {name: f"{value:.3f}" for name, value in row.figures.items()}
        | {"figures": "fail: " + ", ".join(row.missed()) if row.missed() else "pass"}
        for row in rows
    ]
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)


def main(given: Sequence[str] | None = None) -> int:
    """Measure and print; 0 if every figure is reached."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds ir/ and scifact/")
    parser.add_argument("--sets", default=",".join(sets.LOADERS), help="comma-separated names (default: all)")
    parser.add_argument("--share", type=float, default=1.0, help="share of the documents to keep, 0 to 1")
    parser.add_argument("--wiki", default="", metavar="N,N", help="numbers of articles to use instead of the sets")
    wanted = parser.parse_args(given)
    if wanted.wiki:
        lines = [wiki(wanted.data, int(n)) for n in wanted.wiki.split(",")]
        print(tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True))
        return 0
    rows = [weigh(thinned(sets.load(name, wanted.data), wanted.share)) for name in wanted.sets.split(",")]
    print(table(rows))
    return 1 if wanted.share >= 1 and any(row.missed() for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
