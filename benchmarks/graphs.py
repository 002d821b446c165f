"""The quality of node vectors: labels and links of public graphs, with the defaults of every builder.

    python benchmarks/graphs.py --data FOLDER [--graphs a,b] [--builders a,b] [--shuffles 10]
                                [--pq] [--windows] [--links]

FOLDER holds graphs/: blogcatalog.mat, Homo_sapiens.mat (PPI) and POS.mat (Wikipedia words) as published by the authors
of node2vec, and cora, citeseer, pubmed as .npz with the Planetoid splits. Labels: one-vs-rest logistic regression on
unit vectors, C = 1, with a regularised intercept as in liblinear; each item gets as many labels as it has; means over
shuffles, next to the numbers of the methods' papers and CogDL's leaderboard. Planetoid: accuracy on the test nodes
after training on the few labels of the split. `--pq` tries nine settings of node2vec. `--windows` adds single
windows to the default. `--links` hides a fifth of the edges and predicts them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import results
import scipy.io
from tabulate import tabulate

from semsearch import registry
from semsearch.builders.base import make_options
from semsearch.evaluate.labels import score_shares
from semsearch.evaluate.links import hide_edges, score_links
from semsearch.maths.logistic import one_against_rest
from semsearch.records import Device, Graph, silent

SHARES = (0.1, 0.5, 0.9)
LABELLED = {"blogcatalog": "blogcatalog.mat", "ppi": "Homo_sapiens.mat", "pos": "POS.mat"}
SPLIT = ("cora", "citeseer", "pubmed")
BUILDERS = ("netmf", "prone", "deepwalk", "node2vec")
# Micro-F1 at 10, 50 and 90 %: Zhang et al. 2019 (table 4), CogDL's leaderboard (90 %); NetMF's 10 and 50 % are goals.
PUBLISHED = {
    ("blogcatalog", "netmf"): (38.0, 42.0, 43.4),
    ("blogcatalog", "prone"): (36.2, 41.2, 43.6),
    ("blogcatalog", "deepwalk"): (36.2, 40.9, 42.7),
    ("blogcatalog", "node2vec"): (36.3, 41.1, 42.3),
    ("pos", "netmf"): (None, None, 58.5),
    ("pos", "prone"): (None, None, 57.6),
    ("pos", "deepwalk"): (None, None, 51.4),
    ("pos", "node2vec"): (None, None, 56.0),
    ("ppi", "netmf"): (18.3, 24.0, 24.9),
    ("ppi", "prone"): (18.2, 24.6, 26.3),
    ("ppi", "deepwalk"): (16.4, 21.1, 22.7),
    ("ppi", "node2vec"): (16.2, 21.6, 24.1),
}


@dataclass(frozen=True)
class Labelled:
    """A graph, whether node i has label j, (n, c), and for Planetoid's sets the nodes to train and to test on."""

    name: str
    graph: Graph
    labels: np.ndarray
    train: np.ndarray | None = None
    test: np.ndarray | None = None


def load(data: Path, name: str) -> Labelled:
    """One of the sets."""
    data /= "graphs"
    if name in LABELLED:
        found = scipy.io.loadmat(data / LABELLED[name])
        edges = found["network"].tocoo()
        once = edges.row <= edges.col
        ends = (edges.row[once].astype(np.int64), edges.col[once].astype(np.int64))
        labels = np.asarray(found["group"].todense()) > 0
        return Labelled(name, _graph(len(labels), *ends, edges.data[once].astype(np.float64)), labels)
    with np.load(data / f"{name}.npz", allow_pickle=False) as found:
        edges, classes = found["edges"].astype(np.int64), found["labels"]
        graph = _graph(len(classes), edges[:, 0], edges[:, 1], np.ones(len(edges)))
        labels = classes[:, None] == np.arange(classes.max() + 1)
        return Labelled(name, graph, labels, found["train_index"], found["test_index"])


def _graph(n: int, source: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Graph:
    return Graph([str(row) for row in range(n)], source, target, weight)


def embed(graph: Graph, builder: str, given: Mapping[str, Any], seed: int = 0) -> tuple[np.ndarray, float]:
    """Vectors (n, 128) and the seconds of the fit."""
    made = registry.load().builder(builder)
    options = make_options(made, {"dim": 128, **given})
    start = perf_counter()
    fitted = made.fit(graph, options, rng=np.random.default_rng(seed), device=Device(), report=silent)
    return fitted.embeddings[0].vectors, perf_counter() - start


def _named(builder: str, given: Mapping[str, Any]) -> str:
    return " ".join([builder, *(f"{name}={value:g}" for name, value in given.items())])


def labels_row(found: Labelled, builder: str, given: Mapping[str, Any], shuffles: int) -> dict[str, Any]:
    """One line of the table of labels."""
    vectors, seconds = embed(found.graph, builder, given)
    scores = score_shares(vectors, found.labels, shares=SHARES, shuffles=shuffles)
    row: dict[str, Any] = {"graph": found.name, "builder": _named(builder, given), "seconds": round(seconds, 2)}
    for score in scores:
        row[f"micro {score.share:.0%}"] = round(100 * score.micro_f1, 2)
    for score in scores:
        row[f"macro {score.share:.0%}"] = round(100 * score.macro_f1, 2)
    return row | {
        "published micro": " ".join(
            "–" if figure is None else str(figure) for figure in PUBLISHED.get((found.name, builder), ())
        )
    }


def accuracy_row(found: Labelled, builder: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """One line of the table of Planetoid splits: accuracy by C = 10, since few are trained on."""
    vectors, seconds = embed(found.graph, builder, given)
    X = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    W, b = one_against_rest(X[found.train], found.labels[found.train], C=10.0)
    right = (X[found.test] @ W + b).argmax(axis=1) == found.labels[found.test].argmax(axis=1)
    return {
        "graph": found.name,
        "builder": _named(builder, given),
        "seconds": round(seconds, 2),
        "accuracy": round(100 * right.mean(), 1),
    }


def link_rows(found: Labelled, builder: str) -> list[dict[str, Any]]:
    """The lines of one builder in the table of links; the heuristics stand beside the vectors."""
    split = hide_edges(found.graph, 0.2, np.random.default_rng(0))
    vectors, seconds = embed(split.seen, builder, {})
    scores = score_links(split, vectors, rng=np.random.default_rng(1))
    return [
        {
            "graph": found.name,
            "builder": builder,
            "by": one.by,
            "AUC": round(one.auc, 4),
            "precision@100": one.precision,
        }
        for one in scores
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, and print a table each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--graphs", default=",".join([*LABELLED, *SPLIT]))
    parser.add_argument("--builders", default=",".join(BUILDERS))
    parser.add_argument("--shuffles", type=int, default=10)
    parser.add_argument("--pq", action="store_true")
    parser.add_argument("--windows", action="store_true", help="windows 1, 2 and 10 alone, next to the default")
    parser.add_argument("--links", action="store_true")
    results.add_option(parser, __file__)
    asked = parser.parse_args(arguments)
    tables: dict[str, list[dict[str, Any]]] = {"labels": [], "planetoid": [], "links": []}
    windows: list[dict[str, Any]] = [{}, *({"window": window} for window in (1, 2, 10) if asked.windows)]
    settings = [{"p": p, "q": q} for p in (0.25, 1.0, 4.0) for q in (0.25, 1.0, 4.0)]
    for name in asked.graphs.split(","):
        found = load(asked.data, name)
        if asked.pq:
            tables["labels"] += [labels_row(found, "node2vec", given, asked.shuffles) for given in settings]
        for builder in () if asked.pq else asked.builders.split(","):
            if asked.links:
                tables["links"] += link_rows(found, builder)
            elif name in LABELLED:
                tables["labels"] += [labels_row(found, builder, given, asked.shuffles) for given in windows]
            else:
                tables["planetoid"] += [accuracy_row(found, builder, given) for given in windows]
    for rows in filter(None, tables.values()):
        print(tabulate(rows, headers="keys"), end="\n\n")
    if asked.json:
        results.write(asked.json, {name: rows for name, rows in tables.items() if rows}, asked)


if __name__ == "__main__":
    main()
