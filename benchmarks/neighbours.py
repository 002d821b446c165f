"""The 15 nearest of each article of simplewiki: seconds, and recall against all products.

The collection is an LSA in 318 dimensions. The recall is tie-aware: a neighbour counts if its cosine reaches that of
the true kth neighbour minus 1e-6. It is measured on 2,000 random articles. `--db` uses a file with a collection.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import results as written
import sets

from semsearch.maths.neighbours import nearest_rows
from semsearch.storage import chunks, collections
from semsearch.storage.connect import reading

SAMPLE, TIE = 2_000, 1e-6


def semsearch(*arguments: str) -> None:
    """Run a command."""
    subprocess.run([sys.executable, "-m", "semsearch", *arguments], capture_output=True, check=True)


def make(folder: str, data: Path, limit: int | None) -> tuple[str, str]:
    """A file with an LSA of simplewiki; its path and the collection's name."""
    db, rows = str(Path(folder) / "wiki.db"), Path(folder) / "wiki.jsonl"
    rows.write_text("\n".join(map(json.dumps, sets.simplewiki(data, limit))))
    semsearch("ingest", "documents", db, "wiki", str(rows), "--id", "id", "--text", "text")
    semsearch("build", "lsa", db, "wiki", "--dim", "318")
    return db, "wiki_lsa"


def true_limits(vectors: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """(m,) the cosine of the kth nearest other row of some rows, from all products."""
    limits = []
    for part in np.array_split(rows, -(-len(rows) // 200)):
        products = vectors[part] @ vectors.T
        products[np.arange(len(part)), part] = -np.inf
        limits.append(np.partition(products, -k, axis=1)[:, -k])
    return np.concatenate(limits)


def measure(vectors: np.ndarray, k: int) -> dict[str, Any]:
    """Seconds of the wall clock and of all processors, and the recall."""
    nearest_rows(vectors[:9_000], k)  # compiles the kernels
    wall, processor = time.perf_counter(), time.process_time()
    _, cosines = nearest_rows(vectors, k)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    rows = np.random.default_rng(1).choice(len(vectors), min(SAMPLE, len(vectors)), replace=False)
    recall = float((cosines[rows] >= true_limits(vectors, rows, k)[:, None] - TIE).mean())
    shape = {"items": len(vectors), "dim": vectors.shape[1], "k": k}
    return shape | {"seconds": round(wall, 1), "processor_seconds": round(processor, 1), "recall": round(recall, 4)}


def main() -> None:
    """Build, measure, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--db", help="use this file instead of building one")
    parser.add_argument("--collection", default="wiki_lsa", help="the collection in --db")
    parser.add_argument("--documents", type=int, help="use the first N articles only")
    parser.add_argument("-k", type=int, default=15)
    written.add_option(parser, __file__)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path, name = (asked.db, asked.collection) if asked.db else make(folder, asked.data, asked.documents)
        with reading(path) as db:
            _, vectors = chunks.everything(db, collections.get_collection(db, name))
        found = measure(vectors, asked.k)
    print(
        f"{found['items']:,} x {found['dim']}, k {found['k']}: {found['seconds']} s,"
        f" {found['processor_seconds']} s of processor, recall {found['recall']}"
    )
    if asked.json:
        written.write(asked.json, {"neighbours": found}, asked)


if __name__ == "__main__":
    main()
