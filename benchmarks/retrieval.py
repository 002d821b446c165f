"""How well the real commands retrieve on public test collections, beside cosine tf-idf and LSA at fixed dimensions.

    python benchmarks/retrieval.py --data FOLDER [--sets med,cran] [--json]

Each set is ingested, built with the defaults and evaluated by `semsearch` itself, in a new database. The exit code is 1
if a figure that the project holds itself to is missed. benchmarks/log.md says where the sets come from.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import results
import sets
from tabulate import tabulate

COMMAND = (sys.executable, "-m", "semsearch")
MODES = ("vector", "text", "hybrid")
FIXED = (100, 200, 300, 500)
# What mode vector has to reach: MAP, 11-point precision. One default configuration for all sets.
FIGURES: Mapping[str, tuple[float, float]] = {"med": (0.66, 0.67), "cran": (0.35, 0.375), "cisi": (0.25, 0.265)}
SLACK = 0.03  # MAP that the default dim may lose against the best fixed one


@dataclass(frozen=True)
class Measured:
    """All measured on one set. `modes` and `peers` hold map, p11 and more by name; `fixed` the MAP at each dim."""

    name: str
    documents: int
    queries: int
    dim: int
    seconds: Mapping[str, float]
    modes: Mapping[str, Mapping[str, float]]
    peers: Mapping[str, Mapping[str, float]]
    fixed: Mapping[int, float]

    def best(self) -> tuple[int, float]:
        """The best fixed dim and its MAP."""
        return max(self.fixed.items(), key=lambda item: item[1])

    def missed(self) -> list[str]:
        """The figures that mode vector does not reach, in words; empty if it reaches all."""
        found = self.modes["vector"]
        least_map, least_p11 = FIGURES.get(self.name, (0.0, 0.0))
        bounds = {f"MAP {least_map}": (found["map"], least_map), f"11-pt {least_p11}": (found["p11"], least_p11)}
        dim, best = self.best()
        bounds[f"best fixed (k={dim}) - {SLACK}"] = (found["map"], best - SLACK)
        return [name for name, (value, bound) in bounds.items() if value < bound]


def run(*arguments: str) -> str:
    """What a semsearch command prints. Its own message and this script's end if it fails."""
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"semsearch {' '.join(arguments)}\n{done.stderr.strip()}")
    return done.stdout


def measure_ours(found: sets.TestSet, folder: Path) -> tuple[int, dict[str, float], dict[str, dict[str, float]]]:
    """The dim chosen, seconds of ingest and build, and the metrics of each mode: ingest, build, evaluate."""
    sets.write_beir(found, folder)
    database, corpus = str(folder / "set.db"), str(folder / "corpus.jsonl")
    seconds = {}
    start = time.perf_counter()
    run("ingest", "documents", database, found.name, corpus, "--id", "_id", "--title", "title", "--text", "text")
    seconds["ingest"] = time.perf_counter() - start
    start = time.perf_counter()
    run("build", "lsa", database, found.name)
    seconds["build"] = time.perf_counter() - start
    name = f"{found.name}_lsa"
    judged = ("--queries", str(folder / "queries.jsonl"), "--qrels", str(folder / "qrels.tsv"), "--json")
    modes = {mode: json.loads(run("evaluate", "retrieval", database, name, "--mode", mode, *judged)) for mode in MODES}
    for mode, metrics in modes.items():
        if metrics["queries"] != len(found.relevant()):
            raise SystemExit(
                f"{found.name}: mode {mode} judged {metrics['queries']} of {len(found.relevant())} queries"
            )
    listed: list[dict[str, Any]] = json.loads(run("collections", database, "--json"))
    dim = next(int(collection["dim"]) for collection in listed if collection["name"] == name)
    return dim, seconds, modes


def measure(found: sets.TestSet) -> Measured:
    """Ours and the peers on one set."""
    import peers  # only here: the command line answers without scikit-learn

    with tempfile.TemporaryDirectory() as folder:
        dim, seconds, modes = measure_ours(found, Path(folder))
    documents, queries, _ = found.counts()
    others = {"tf-idf": peers.tfidf(found), "bm25s": peers.bm25(found)}
    return Measured(found.name, documents, queries, dim, seconds, modes, others, peers.fixed_lsa(found, FIXED))


def table(rows: Sequence[Measured]) -> str:
    """One line a set: MAP / 11-point precision / nDCG@10 of each mode and peer; the default dim against fixed ones."""
    return tabulate([_line(row) for row in rows], headers="keys", tablefmt="github", disable_numparse=True)


def _line(row: Measured) -> dict[str, str]:
    best_dim, best = row.best()
    line = {"set": row.name, "docs": f"{row.documents:,}", "queries": str(row.queries), "dim": str(row.dim)}
    line |= {mode: _pair(row.modes[mode]) for mode in MODES}
    line |= {name: _pair(metrics) for name, metrics in row.peers.items()}
    line |= {"best fixed k": f"{best_dim}: {best:.3f}"}
    line["difference"] = f"{row.modes['vector']['map'] - best:+.3f}"
    line["figures"] = "fail: " + ", ".join(row.missed()) if row.missed() else "pass"
    return line


def _pair(metrics: Mapping[str, float]) -> str:
    return f"{metrics['map']:.3f} / {metrics['p11']:.3f} / {metrics['ndcg_at_10']:.3f}"


def fixed_table(rows: Sequence[Measured]) -> str:
    """MAP of LSA at each fixed dim."""
    dims = sorted({dim for row in rows for dim in row.fixed})
    lines = [
        {"set": row.name} | {f"k = {dim}": f"{row.fixed[dim]:.3f}" if dim in row.fixed else "" for dim in dims}
        for row in rows
    ]
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds ir/ and scifact/")
    parser.add_argument("--sets", default=",".join(sets.LOADERS), help="names with commas between; all by default")
    results.add_option(parser, __file__)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Measure the sets asked for and print the tables; 0 if every figure is reached."""
    wanted = arguments(given)
    rows = []
    for name in wanted.sets.split(","):
        try:
            rows.append(measure(sets.load(name, wanted.data)))
        except sets.SetError as error:
            raise SystemExit(str(error)) from error
        print(f"{name} measured", file=sys.stderr)
    print("MAP / 11-point / nDCG@10. tf-idf: scikit-learn, sublinear, its English stop words, Snowball stems.\n")
    print(table(rows))
    print("\nMAP of LSA at fixed dimensions (our weights, ARPACK).\n")
    print(fixed_table(rows))
    if wanted.json:
        results.write(wanted.json, {"retrieval": [asdict(row) for row in rows]}, wanted)
    return 1 if any(row.missed() for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
