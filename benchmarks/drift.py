"""When to rebuild: what folding in loses compared with a rebuild, and what `semsearch update` says about drift.

    python benchmarks/drift.py --data FOLDER [--json]

Two kinds of growth, on test collections with judgements. Within a collection: a model of a random part, with the rest
folded in. Across collections: a model of one, with another folded in. Both have the default options and rank by vector
score only. The score is the MAP of all queries, after folding in and after a rebuild. `seen` is the share of the new
documents that the model represents, (1 - unknown) (1 - residual), over what it expects of documents like its own.
`advice` is that of `semsearch update` (semsearch.building.staleness.why_rebuild). Both thresholds of that rule come
from this table.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import results
import sets
from tabulate import tabulate

from semsearch.arrays import FloatArray
from semsearch.builders.lsa import Lsa, LsaOptions
from semsearch.building.staleness import why_rebuild
from semsearch.maths import metrics
from semsearch.records import Device, Documents, Fitted, silent

WITHIN = ("med", "cran", "cisi", "cacm", "scifact")
PARTS = (0.95, 0.8, 0.67, 0.5, 0.25)
ACROSS = (("lisa", "cisi"), ("cran", "med"), ("med", "cran"), ("cisi", "cran"), ("cisi", "cacm"))
ACROSS += (("lisa", "cacm"), ("scifact", "med"), ("lisa", "med"))
Row = dict[str, Any]


def corpus(texts: Sequence[str]) -> Documents:
    """Texts as a builder reads them, numbered."""
    return Documents([str(row) for row in range(len(texts))], texts)


def fit(texts: Sequence[str]) -> Fitted:
    """A model with default options."""
    rng = np.random.default_rng(0)
    return Lsa().fit(corpus(texts), LsaOptions(), rng=rng, device=Device(), report=silent)


def unit(model: Fitted, texts: Sequence[str]) -> FloatArray:
    """(n, k) float32 rows of unit length; a text of unknown words stays zero."""
    vectors = Lsa().encode(model.state(), corpus(texts))
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def mean_average_precision(model: Fitted, texts: Sequence[str], found: sets.TestSet, first: int) -> float:
    """MAP of a collection's queries over all texts; its documents are those from `first` on."""
    number = {document.id: first + row for row, document in enumerate(found.documents)}
    relevant = {query: [number[one] for one in wanted] for query, wanted in found.relevant().items()}
    scores = unit(model, [found.queries[query] for query in relevant]) @ unit(model, texts).T
    order = np.argsort(-scores, axis=1, kind="stable")
    pairs = zip(order, relevant.values(), strict=True)
    return float(np.mean([metrics.average_precision(np.isin(row, wanted), len(wanted)) for row, wanted in pairs]))


def compare(name: str, fitted: Sequence[str], fresh: Sequence[str], judged: sets.TestSet, everything: Row) -> Row:
    """One line: a model of some texts, others folded in, beside the build of everything."""
    model = fit(fitted)
    drift = Lsa().drift(model.state(), corpus(fresh), Lsa().encode(model.state(), corpus(fresh)))
    usual = (1 - model.metrics["expected_unknown"]) * (1 - model.metrics["expected_residual"])
    folded = mean_average_precision(model, everything["texts"], judged, everything["first"])
    return {
        "model": name,
        "fitted": len(fitted),
        "folded in": len(fresh),
        "unknown": drift["unknown"],
        "expected unknown": model.metrics["expected_unknown"],
        "residual": drift["residual"],
        "expected residual": model.metrics["expected_residual"],
        "seen": (1 - drift["unknown"]) * (1 - drift["residual"]) / usual,
        "MAP folded in": folded,
        "MAP rebuilt": everything["map"],
        "folded / rebuilt": folded / everything["map"],
        "advice": "rebuild" if why_rebuild(model.metrics, [{**drift, "texts": len(fresh)}], len(fresh)) else "",
    }


def texts_of(found: sets.TestSet) -> list[str]:
    """Titles and texts, as `ingest` composes them."""
    return [f"{document.title}\n{document.text}" for document in found.documents]


def rebuilt(texts: Sequence[str], judged: sets.TestSet, first: int) -> Row:
    """The build of all texts, and its MAP."""
    return {"texts": texts, "first": first, "map": mean_average_precision(fit(texts), texts, judged, first)}


def within(name: str, data: Path) -> list[Row]:
    """A random part of a collection is fitted, the rest folded in."""
    judged = sets.load(name, data)
    texts = texts_of(judged)
    everything = rebuilt(texts, judged, 0)
    order = np.random.default_rng(0).permutation(len(texts))
    lines = []
    for part in PARTS:
        cut = int(part * len(texts))
        fitted, fresh = ([texts[row] for row in rows] for rows in (order[:cut], order[cut:]))
        lines.append(compare(f"{part:.0%} of {name}", fitted, fresh, judged, everything))
    return lines


def across(one: str, other: str, data: Path) -> Row:
    """One collection is fitted, another folded in; the other's queries."""
    fitted, judged = texts_of(sets.load(one, data)), sets.load(other, data)
    fresh = texts_of(judged)
    everything = rebuilt([*fitted, *fresh], judged, len(fitted))
    return compare(f"{one}, then {other}", fitted, fresh, judged, everything)


def rounded(line: Row) -> Row:
    """A line as it is printed."""
    return {key: f"{value:.3f}" if isinstance(value, float) else value for key, value in line.items()}


def main(given: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the test collections")
    results.add_option(parser, __file__)
    wanted = parser.parse_args(given)
    try:
        lines = [line for name in WITHIN for line in within(name, wanted.data)]
        lines += [across(one, other, wanted.data) for one, other in ACROSS]
    except sets.SetError as error:
        raise SystemExit(str(error)) from error
    print(tabulate([rounded(line) for line in lines], headers="keys", tablefmt="github", disable_numparse=True))
    if wanted.json:
        results.write(wanted.json, {"drift": lines}, wanted)


if __name__ == "__main__":
    main()
