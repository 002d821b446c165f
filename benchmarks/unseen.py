"""Hybrid ranking against the better of its two parts, on every retrieval set of ir/, scifact/ and ir-more/.

    python benchmarks/unseen.py --data FOLDER [--sets xquad-de,piaf-fr] [--leave-one-out] [--keep FOLDER] [--json]

Each set is built with the defaults. The difference is hybrid less the better part in 11-point precision; its interval
is a paired bootstrap over the queries, which repeats the choice of the better part. The exit code is 1 if a set other
than MED loses more than .010, MED has less than .66, or the mean difference is below 0.

`--leave-one-out` judges the three constants of the fusion on sets that they were not fitted to: the order of the power
mean, the weight without evidence (a weight chosen by evidence keeps its ratio to it), and the number of items that the
prominence of the best one is measured by (0: weights do not depend on the query). For each set the constants are those
with the largest smallest margin to the target on all the other sets. `--keep` continues an interrupted run: each set's
measurements are kept in the folder, and read from there.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import results
import sets
from tabulate import tabulate

import semsearch
from semsearch.maths.metrics import interpolated_11pt, ndcg_at
from semsearch.maths.ranking import EQUAL_WEIGHT, prominence, query_weight, relative_powers
from semsearch.records import OpenCollection
from semsearch.search.fusion import in_order
from semsearch.search.query import default_weight, rank_all, sides_of
from semsearch.search.query_parser import plain
from semsearch.storage import collections, connect
from semsearch.storage.driver import Connection

Doubles = npt.NDArray[np.float64]

MODES = ("vector", "text", "hybrid")
METRICS = ("p11", "mrr", "ndcg_at_10")
EVIDENCE = ("held_out_text", "held_out_even", "held_out_chosen")  # metrics of a run that the weight is chosen by
RESAMPLES = 2000
LEAST, LEAST_MED = -0.010, 0.66
ORDERS, TOP_WEIGHTS = (1, 2, 3, 4), (0.4, 0.45, 0.5, 0.55, 0.6)
NEXT_ITEMS = (0, 5, 10, 20)
CONSTANTS = tuple(itertools.product(ORDERS, TOP_WEIGHTS, NEXT_ITEMS))


@dataclass(frozen=True)
class Measured:
    """One set: the mean of each metric by mode, hybrid less the better part in 11-point precision, and the weight."""

    name: str
    documents: int
    queries: int
    dim: int
    language: str | None  # of the analyser; None where a build does not say
    modes: Mapping[str, Mapping[str, float]]
    better: str  # the mode of the better part
    difference: float
    interval: tuple[float, float]  # 95 %
    weight: float  # of the vector score
    evidence: Mapping[str, float]
    found_nothing: float  # share of the queries for which mode text ranks nothing
    seconds: float
    by_constants: tuple[float, ...] = ()  # 11-point precision of hybrid with each of CONSTANTS; empty if not asked for

    def margins(self) -> Doubles:
        """How far each of CONSTANTS is above this set's target."""
        least = LEAST_MED if self.name == "med" else self.modes[self.better]["p11"] + LEAST
        return np.array(self.by_constants) - least

    def missed(self) -> bool:
        """Whether this set alone misses its target."""
        return self.modes["hybrid"]["p11"] < LEAST_MED if self.name == "med" else self.difference < LEAST


def judge(ranked: Sequence[str], relevant: set[str]) -> tuple[float, float, float, float]:
    """11-point precision, reciprocal rank and nDCG@10 of one ranking, and 1.0 if it is empty."""
    is_relevant = np.array([key in relevant for key in ranked], dtype=bool)
    first = np.flatnonzero(is_relevant)
    reciprocal = 1 / (first[0] + 1) if len(first) else 0.0
    total = len(relevant)
    return interpolated_11pt(is_relevant, total), reciprocal, ndcg_at(is_relevant, total, 10), float(not ranked)


def bootstrap(scores: Mapping[str, Doubles], rng: np.random.Generator) -> tuple[float, float]:
    """The 95 % interval of mean hybrid less the larger of the other two means, over resampled queries (n,)."""
    n = len(scores["hybrid"])
    picked = rng.integers(n, size=(RESAMPLES, n))
    means = {mode: values[picked].mean(axis=1) for mode, values in scores.items()}
    low, high = np.quantile(means["hybrid"] - np.maximum(means["vector"], means["text"]), [0.025, 0.975])
    return float(low), float(high)


def with_constants(db: Connection, opened: OpenCollection, text: str, relevant: set[str], weight: float) -> Doubles:
    """11-point precision of one query with each of CONSTANTS; `weight` is that of the collection."""
    sides = sides_of(db, opened, plain(text, opened.dataset.language), "hybrid", 0.5, None)
    tops = [weighted.side.top(opened.collection.count) for weighted in sides]
    keys = sorted({key for top in tops for key in top}, key=in_order)
    if not keys:
        return np.zeros(len(CONSTANTS))
    scores = np.array([[top.get(key, 0.0) for key in keys] for top in tops])
    is_relevant = np.array([key in relevant for key in keys], dtype=bool)
    found = []
    for order, highest, after in CONSTANTS:
        powers = relative_powers(scores, order)
        fused = powers[0]
        if len(sides) == 2:
            vector, words = prominence(powers, after) if after else np.ones(2)
            share = query_weight(weight * highest / EQUAL_WEIGHT, vector, words)
            fused = share * powers[0] + (1 - share) * powers[1]
        found.append(interpolated_11pt(is_relevant[np.argsort(-fused, kind="stable")], len(relevant)))
    return np.array(found)


def leave_one_out(rows: Sequence[Measured]) -> list[dict[str, str]]:
    """For each set the constants fitted to the others, and what they give on it."""
    margins = np.array([row.margins() for row in rows])
    lines = []
    for place, row in enumerate(rows):
        chosen = int(np.delete(margins, place, axis=0).min(axis=0).argmax())
        order, weight, after = CONSTANTS[chosen]
        reached = row.by_constants[chosen]
        lines.append(
            {"set": row.name, "order": str(order), "weight": f"{weight:g}", "next": str(after)}
            | {"hybrid": f"{reached:.3f}"}
            | {"difference": f"{reached - row.modes[row.better]['p11']:+.3f}"}
            | {"target": "pass" if margins[place, chosen] >= 0 else "fail"}
        )
    return lines


def measure(found: sets.TestSet, folder: Path, *, constants: bool = False) -> Measured:
    """Ingest, build with the defaults, and judge every query in each mode."""
    path, name = folder / "set.db", found.name.replace("-", "_")
    rows = ({"_id": one.id, "title": one.title, "text": one.text} for one in found.documents)
    start = time.perf_counter()
    with semsearch.open(path, create=True) as database:
        database.ingest(name, rows, id="_id", title="title", text=["text"])
        database.build(name, "lsa")
    seconds = time.perf_counter() - start
    relevant = found.relevant()
    with connect.reading(str(path)) as db:
        opened = collections.open_collection(db, f"{name}_lsa")
        metrics = collections.run_metrics(db, opened.collection.run)
        judged = {
            mode: np.array(
                [judge(rank_all(db, opened, found.queries[query], mode=mode), keys) for query, keys in relevant.items()]
            )
            for mode in MODES
        }
        weight = default_weight(db, opened.collection)
        tried = [
            with_constants(db, opened, found.queries[query], keys, weight)
            for query, keys in relevant.items()
            if constants
        ]
    means = {mode: dict(zip(METRICS, table.mean(axis=0).tolist(), strict=False)) for mode, table in judged.items()}
    better = max(MODES[:2], key=lambda mode: means[mode]["p11"])
    return Measured(
        name=found.name,
        documents=len(found.documents),
        queries=len(relevant),
        dim=opened.collection.dim,
        language=getattr(opened.dataset, "language", None),
        modes=means,
        better=better,
        difference=means["hybrid"]["p11"] - means[better]["p11"],
        interval=bootstrap({mode: table[:, 0] for mode, table in judged.items()}, np.random.default_rng(0)),
        weight=weight,
        evidence={what: metrics[what] for what in EVIDENCE if what in metrics},
        found_nothing=float(judged["text"][:, -1].mean()),
        seconds=seconds,
        by_constants=tuple(np.mean(tried, axis=0).tolist()) if tried else (),
    )


def table(rows: Sequence[Measured]) -> str:
    """One line a set: 11-point / MRR / nDCG@10 of each mode, the difference with its interval, weight and evidence."""
    return tabulate([_line(row) for row in rows], headers="keys", tablefmt="github", disable_numparse=True)


def _line(row: Measured) -> dict[str, str]:
    line = {"set": row.name, "docs": f"{row.documents:,}", "queries": f"{row.queries:,}", "dim": str(row.dim)}
    line["language"] = row.language or ""
    line |= {mode: " / ".join(f"{row.modes[mode][name]:.3f}" for name in METRICS) for mode in MODES}
    line |= {"better": row.better, "difference": f"{row.difference:+.3f}"}
    line["95 %"] = "{:+.3f} … {:+.3f}".format(*row.interval)
    line["weight"] = f"{row.weight:.2f}"
    line["evidence"] = ", ".join(f"{name} {value:.2f}" for name, value in row.evidence.items())
    line["finds nothing"] = f"{row.found_nothing:.1%}"
    return line | {"target": "fail" if row.missed() else "pass"}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds ir/, scifact/ and ir-more/")
    names = ",".join([*sets.LOADERS, *sets.MORE])
    parser.add_argument("--sets", default=names, help="comma-separated names (default: all)")
    parser.add_argument("--leave-one-out", action="store_true", help="fit the constants on the other sets")
    parser.add_argument("--keep", type=Path, help="folder of the sets' measurements, to continue an interrupted run")
    results.add_option(parser, __file__)
    return parser.parse_args(given)


def measured(name: str, wanted: argparse.Namespace) -> Measured:
    """The measurements of a set, from the folder of those that are kept if they are there."""
    kept = wanted.keep and wanted.keep / f"{name}.json"
    if kept and kept.exists():
        return Measured(**json.loads(kept.read_text(encoding="utf-8")))
    try:
        found = sets.load(name, wanted.data)
    except sets.SetError as error:
        raise SystemExit(str(error)) from error
    with tempfile.TemporaryDirectory() as folder:
        row = measure(found, Path(folder), constants=wanted.leave_one_out)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(asdict(row)), encoding="utf-8")
    print(f"{name} measured", file=sys.stderr)
    return row


def main(given: Sequence[str] | None = None) -> int:
    """Measure the sets asked for and print the table; 0 if every target is reached."""
    wanted = arguments(given)
    rows = [measured(name, wanted) for name in wanted.sets.split(",")]
    print(table(rows))
    mean = float(np.mean([row.difference for row in rows]))
    print(f"\nMean difference {mean:+.4f}, smallest {min(row.difference for row in rows):+.4f}")
    parts: dict[str, list[dict[str, Any]]] = {"unseen": [asdict(row) for row in rows]}
    if wanted.leave_one_out and len(rows) > 1:
        parts["leave_one_out"] = list(leave_one_out(rows))
        print("\n" + tabulate(parts["leave_one_out"], headers="keys", tablefmt="github", disable_numparse=True))
    if wanted.json:
        results.write(wanted.json, parts, wanted)
    return 1 if mean < 0 or any(row.missed() for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
