"""The ten nearest vectors from memory, compared with sqlite-vec, numpy and faiss, on synthetic and real vectors.

    python benchmarks/search.py [--data FOLDER] [--rows 1000000] [--dim 256] [--rounds 25] [--json]

All methods answer every query in turn, round by round, in one process with the file in the page cache. vec0 gets its
best settings: unit vectors, pages of 64 KB, memory mapping. A result counts for recall if its exact cosine reaches that
of the tenth nearest minus 1e-6, because near-duplicates tie. Filtered: one row in a hundred, by `id in (…)` for vec0.
`--tiers` instead measures what each bound of memory means, on vectors around 5,000 centres of Zipf sizes whose spectrum
decays: processor time and recall of each tier of `search/resident.py`, and of sqlite-vec, which serves beyond them.
With FOLDER it also searches the articles of `simplewiki` there, built by `semsearch build lsa --dim 256`, by their
titles.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
import results
from sets import simplewiki
from tabulate import tabulate

from semsearch.records import Collection
from semsearch.search import models, resident
from semsearch.search.scorers import VectorScorer
from semsearch.storage import chunks, collections, connect, datasets, vectors
from semsearch.storage.driver import Connection
from semsearch.storage.keys import shape_of

K = 10
PAGE_SIZE = 65_536
COMMAND = (sys.executable, "-m", "semsearch")
Ask = Callable[[np.ndarray], Sequence[str]]


@dataclass(frozen=True)
class Row:
    """One way of one set: median milliseconds, how many times faster than vec0, and the share of the ten it finds."""

    vectors: str
    way: str
    ms: float
    vec0_times: float
    recall: float


def made_up(rows: int, dim: int, n_queries: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around 2,000 centres and questions of the same kind, as topics make them."""
    rng = np.random.default_rng(11)
    centres = rng.standard_normal((2000, dim)).astype(np.float32)

    def some(n: int) -> np.ndarray:
        made = centres[rng.integers(0, len(centres), n)] + rng.standard_normal((n, dim), dtype=np.float32)
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    return some(rows), some(n_queries)


def zipf_clusters(rows: int, dim: int, n_queries: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around 5,000 centres of Zipf sizes with a decaying spectrum, and questions of the same kind."""
    rng = np.random.default_rng(12)
    spectrum = (1 / np.sqrt(1 + np.arange(dim) / 8)).astype(np.float32)
    centres = rng.standard_normal((5000, dim), dtype=np.float32) * spectrum
    sizes = 1 / (np.arange(5000) + 10.0)

    def some(n: int) -> np.ndarray:
        of = rng.choice(5000, n, p=sizes / sizes.sum())
        made = centres[of] + 0.7 * spectrum * rng.standard_normal((n, dim), dtype=np.float32)
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    return some(rows), some(n_queries)


def run_tiers(options: argparse.Namespace, folder: str) -> list[dict[str, object]]:
    """Processor milliseconds of a query, recall and memory in each tier."""
    matrix, questions = zipf_clusters(options.rows, options.dim, options.rounds)
    exact = [np.sort(matrix @ question)[-K] - 1e-6 for question in questions]
    found = []
    with stored(matrix, folder) as (db, collection, _):
        collection = replace(collection, key_type="integer")
        for tier in (*resident.TIERS, "file"):
            resident.enable_cache(0)
            resident.enable_cache(
                {"floats": 9 * matrix.nbytes, "file": 1}.get(tier) or resident.bytes_of(collection, tier)
            )
            while not resident.compiled():
                time.sleep(0.1)
            assert resident.tier_of(collection) == tier
            start = time.process_time()
            held = resident.resident(db, collection)
            read = time.process_time() - start
            spent, reached = [], []
            for question, least in zip(questions, exact, strict=True):
                start = time.process_time()
                hits = VectorScorer(db, collection, question).top(K)
                spent.append(1000 * (time.process_time() - start))
                reached.append(np.mean([matrix[int(key)] @ question >= least for key in hits]))
            size = held.nbytes / 1e6 if held else 0.0
            row = {"tier": tier, "MB": size, "read, processor s": read, "processor ms": median(spent)}
            found.append(row | {"recall": float(np.mean(reached))})
    slowest = found[-1]["processor ms"]
    return [row | {"file / tier": slowest / row["processor ms"]} for row in found]


@contextmanager
def stored(matrix: np.ndarray, folder: str) -> Iterator[tuple[Connection, Collection, float]]:
    """A file that holds these vectors, open for reading, and how many rows a second were written."""
    path = str(Path(folder) / "vectors.db")
    with connect.writing(path, create=True) as db:
        db.execute(f"pragma page_size = {PAGE_SIZE}")
        db.execute("vacuum")
        db.execute("create table things (id integer primary key, body text)")
        with connect.transaction(db):
            datasets.save(db, datasets.draft(shape_of(db, "things"), text_columns=["body"]))
            start = time.perf_counter()
            number = vectors.create(db, matrix.shape[1], "integer")
            vectors.write(db, number, list(map(str, range(len(matrix)))), matrix, "integer")
        rate = len(matrix) / (time.perf_counter() - start)
    collection = Collection(1, "v", "things", "x", 1, "document", number, matrix.shape[1], len(matrix), "")
    with connect.reading(path) as db:
        yield db, collection, rate


def ways(db: Connection, collection: Collection, matrix: np.ndarray, keys: Sequence[str]) -> dict[str, Ask]:
    """Every way to ask for the nearest ten."""
    held = _held(db, collection)
    floats = resident.Floats(held.keys, matrix)
    codes = held if isinstance(held, resident.Coded) else None
    few = [str(key) for key in keys[:: max(100, len(keys) // 100_000)]]
    found: dict[str, Ask] = {
        "vec0": lambda q: [one.key for one in vectors.nearest(db, collection, q, K)],
        "ours": lambda q: list(held.nearest(q, K, None, lambda some: _exactly(db, collection, q, some))),
        "ours, exact": lambda q: list(floats.nearest(q, K, None, dict)),
        "vec0, 1 % of rows": lambda q: [one.key for one in vectors.nearest(db, collection, q, K, few)],
        "ours, 1 % of rows": lambda q: list(held.nearest(q, K, few, lambda some: _exactly(db, collection, q, some))),
    }
    print(f"{len(keys):,} × {collection.dim}: {held.nbytes / 1e6:,.0f} MB in memory{' as codes' if codes else ''}")
    if (index := _faiss(matrix)) is not None:
        found["faiss, exact"] = lambda q: [keys[at] for at in index.search(q[None], K)[1][0]]
    return found


def _held(db: Connection, collection: Collection) -> resident.Resident:
    resident.enable_cache()
    while not resident.compiled():
        time.sleep(0.1)
    start = time.perf_counter()
    held = resident.resident(db, collection)
    assert held is not None
    print(f"read in {time.perf_counter() - start:.1f} s")
    return held


def _exactly(db: Connection, collection: Collection, q: np.ndarray, keys: Sequence[str]) -> dict[str, float]:
    return {one.key: 1 - one.distance for one in vectors.distances(db, collection, q, keys)}


def _faiss(matrix: np.ndarray):
    try:
        import faiss
    except ImportError:
        print("faiss is not installed: pip install faiss-cpu")
        return None
    index = faiss.IndexFlatIP(matrix.shape[1])
    index.add(matrix)
    return index


def measure(
    name: str, asked: dict[str, Ask], matrix: np.ndarray, keys: Sequence[str], questions: np.ndarray
) -> list[Row]:
    """Each way's median time and recall, the ways in turn for each question."""
    where = {key: row for row, key in enumerate(keys)}
    few = np.zeros(len(keys), bool)
    few[:: max(100, len(keys) // 100_000)] = True
    took: dict[str, list[float]] = {way: [] for way in asked}
    reached: dict[str, list[float]] = {way: [] for way in asked}
    for q in questions:
        cosines = matrix @ q
        for way, ask in asked.items():
            start = time.perf_counter()
            found = ask(q)
            took[way].append(1000 * (time.perf_counter() - start))
            tenth = np.partition(cosines[few] if "1 %" in way else cosines, -K)[-K]
            reached[way].append(float(np.mean([cosines[where[key]] >= tenth - 1e-6 for key in found])) * len(found) / K)
    rows = []
    for way, ms in took.items():
        peer = median(took["vec0, 1 % of rows" if "1 %" in way else "vec0"])
        rows.append(Row(name, way, median(ms), peer / median(ms), float(np.mean(reached[way]))))
    return rows


def bandwidth(matrix: np.ndarray) -> float:
    """Bytes a second that reading all the vectors with numpy's sum reaches, the best of five."""
    flat = matrix.reshape(-1)
    best = min(_seconds(lambda: flat.sum()) for _ in range(5))
    return float(matrix.nbytes / best)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rescoring(db: Connection, collection: Collection, matrix: np.ndarray, keys: Sequence[str]) -> None:
    """What scoring 400 candidates exactly costs, from memory and from the file."""
    rng = np.random.default_rng(3)
    rows = np.sort(rng.integers(0, len(keys), 400))
    some, q = [keys[row] for row in rows], matrix[0]
    memory = median(_seconds(lambda: np.einsum("ij,j->i", matrix[rows], q)) for _ in range(15))
    file = median(_seconds(lambda: vectors.distances(db, collection, q, some)) for _ in range(15))
    print(f"400 candidates scored exactly: {1000 * memory:.2f} ms from memory, {1000 * file:.2f} ms from the file")


def run_made_up(options: argparse.Namespace, folder: str) -> list[Row]:
    """A million vectors that nobody learned."""
    matrix, questions = made_up(options.rows, options.dim, options.rounds)
    with stored(matrix, folder) as (db, collection, rate):
        print(f"written at {rate:,.0f} rows/s; memory is read at {bandwidth(matrix) / 1e9:.1f} GB/s (numpy's sum)")
        keys = list(map(str, range(len(matrix))))
        rescoring(db, collection, matrix, keys)
        return measure("made up", ways(db, collection, matrix, keys), matrix, keys, questions)


def run_real(options: argparse.Namespace, folder: str) -> list[Row]:
    """Simple English Wikipedia by LSA, asked by titles."""
    path, source = str(Path(folder) / "wiki.db"), str(Path(folder) / "rows.jsonl")
    titles = []
    with open(source, "w", encoding="utf-8") as rows:
        for article in simplewiki(Path(options.data)):
            titles.append(article["title"])
            rows.write(json.dumps(article) + "\n")
    subprocess.run(
        [*COMMAND, "ingest", "documents", path, "wiki", source, "--id", "id"], check=True, capture_output=True
    )
    subprocess.run([*COMMAND, "build", "lsa", path, "wiki", "--dim", str(options.dim)], check=True, capture_output=True)
    with connect.reading(path) as db:
        collection = collections.get_collection(db, "wiki_lsa")
        keys, matrix = chunks.everything(db, collection)
        folded = [models.encode_text(db, collection, title) for title in titles[:: len(titles) // (2 * options.rounds)]]
        questions = np.array([vector for vector in folded if vector is not None][: options.rounds])
        return measure("simplewiki", ways(db, collection, matrix, keys), matrix, keys, questions)


def main() -> int:
    """Read the command line, run both sets, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--tiers", action="store_true")
    results.add_option(parser, __file__)
    options = parser.parse_args()
    if options.tiers:
        with tempfile.TemporaryDirectory() as folder:
            tiers = run_tiers(options, folder)
        print(tabulate(tiers, headers="keys", floatfmt=",.3f"))
        if options.json:
            results.write(options.json, {"tiers": tiers}, options)
        return 0
    rows: list[Row] = []
    for run in (run_made_up, run_real)[: 2 if options.data else 1]:
        with tempfile.TemporaryDirectory() as folder:
            rows += run(options, folder)
    print()
    print(tabulate([asdict(row) for row in rows], headers="keys", floatfmt=("", "", ".2f", ".1f", ".4f")))
    if options.json:
        results.write(options.json, {"search": [asdict(row) for row in rows]}, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
