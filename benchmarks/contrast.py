"""`contrast` against `lsa`, alone and fused with the words, on every retrieval set of ir/, scifact/ and ir-more/.

    python benchmarks/contrast.py --data FOLDER [--sets scifact,npl] [--json]

Both are built with the defaults from the same texts, and judged by nDCG@10. The differences have paired standard errors
over the queries. The time is that of the processor, in seconds. The exit code is 1 if `contrast` is below `lsa` by more
than .005 on a set, alone or fused, or if SciFact has less than .66 alone or .705 fused.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import results
import sets
from tabulate import tabulate

import semsearch
from semsearch.maths.metrics import ndcg_at
from semsearch.search.query import rank_all
from semsearch.storage import collections, connect

BUILDERS, MODES = ("lsa", "contrast"), ("vector", "hybrid")
LEAST = -0.005
SCIFACT = {"vector": 0.66, "hybrid": 0.705}


@dataclass(frozen=True)
class Measured:
    """One set: nDCG@10 by builder and mode, and of the words alone; contrast less lsa with the standard error; and
    what the training said."""

    name: str
    documents: int
    text: float
    scores: Mapping[str, Mapping[str, float]]
    difference: Mapping[str, tuple[float, float]]
    kept_lsa: bool
    steps: int
    processor_seconds: Mapping[str, float]

    def missed(self) -> bool:
        """Whether this set misses its target."""
        below = any(self.difference[mode][0] < LEAST for mode in MODES)
        short = self.name == "scifact" and any(self.scores["contrast"][mode] < SCIFACT[mode] for mode in MODES)
        return below or short


def measure(found: sets.TestSet, folder: Path) -> Measured:
    """Ingest, build both with the defaults, and judge every query."""
    path, name = folder / "set.db", found.name.replace("-", "_")
    rows = ({"_id": one.id, "title": one.title, "text": one.text} for one in found.documents)
    seconds = {}
    with semsearch.open(path, create=True) as database:
        database.ingest(name, rows, id="_id", title="title", text=["text"])
        for builder in BUILDERS:
            start = time.process_time()
            database.build(name, builder)
            seconds[builder] = time.process_time() - start
    relevant = found.relevant()
    judged: dict[tuple[str, str], npt.NDArray[np.float64]] = {}
    with connect.reading(str(path)) as db:
        for builder in BUILDERS:
            opened = collections.open_collection(db, f"{name}_{builder}")
            for mode in (*MODES, *(("text",) if builder == "lsa" else ())):
                judged[builder, mode] = np.array(
                    [
                        _ndcg(rank_all(db, opened, found.queries[query], mode=mode), keys)
                        for query, keys in relevant.items()
                    ]
                )
        metrics = collections.run_metrics(db, opened.collection.run)
    gains = {mode: judged["contrast", mode] - judged["lsa", mode] for mode in MODES}
    return Measured(
        name=found.name,
        documents=len(found.documents),
        text=float(judged["lsa", "text"].mean()),
        scores={one: {mode: float(judged[one, mode].mean()) for mode in MODES} for one in BUILDERS},
        difference={mode: (float(gain.mean()), float(gain.std() / np.sqrt(len(gain)))) for mode, gain in gains.items()},
        kept_lsa=bool(metrics["kept_lsa"]),
        steps=int(metrics.get("steps", 0)),
        processor_seconds=seconds,
    )


def _ndcg(ranked: Sequence[str], relevant: set[str]) -> float:
    return ndcg_at(np.array([key in relevant for key in ranked], dtype=bool), len(relevant), 10)


def table(rows: Sequence[Measured]) -> str:
    """One line a set."""
    lines = []
    for row in rows:
        line = {"set": row.name, "docs": f"{row.documents:,}", "words": f"{row.text:.3f}"}
        for mode, said in (("vector", "alone"), ("hybrid", "fused")):
            line |= {f"lsa {said}": f"{row.scores['lsa'][mode]:.3f}"}
            line |= {f"contrast {said}": f"{row.scores['contrast'][mode]:.3f}"}
            line |= {f"difference {said}": "{:+.3f} ± {:.3f}".format(*row.difference[mode])}
        line |= {"kept": "lsa" if row.kept_lsa else "contrast", "steps": f"{row.steps:,}"}
        line |= {"CPU s": f"{row.processor_seconds['contrast']:.0f} (lsa {row.processor_seconds['lsa']:.0f})"}
        lines.append(line | {"target": "fail" if row.missed() else "pass"})
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds ir/, scifact/ and ir-more/")
    names = ",".join([*sets.LOADERS, *sets.MORE])
    parser.add_argument("--sets", default=names, help="comma-separated names (default: all)")
    results.add_option(parser, __file__)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Measure the sets asked for and print the table; 0 if every target is reached."""
    wanted = arguments(given)
    rows = []
    for name in wanted.sets.split(","):
        try:
            found = sets.load(name, wanted.data)
        except sets.SetError as error:
            raise SystemExit(str(error)) from error
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(found, Path(folder)))
        print(table(rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
        if wanted.json:  # after each set: a whole run takes long
            results.write(wanted.json, {"contrast": [asdict(row) for row in rows]}, wanted)
    print(table(rows))
    return 1 if any(row.missed() for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
