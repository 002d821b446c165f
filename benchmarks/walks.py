"""Speed of random walks and node vectors, compared with PecanPy and a loop over Python lists, in turn in one run.

    python benchmarks/walks.py [--nodes 60000] [--edges 300000] [--rounds 3] [--peer PYTHON] [--large] [--json]
    python benchmarks/walks.py --data FOLDER [--set blogcatalog] --peer PYTHON

The graph is drawn with power-law degrees. PYTHON is an interpreter of an environment with PecanPy (`pip install
pecanpy`), which needs an older numpy; without it its lines are left out. `--large` takes 1,000,000 edges of 200,000
nodes through the commands `ingest edges`, `build prone` and `build deepwalk`, in processes of their own, and through
`sqlite-utils insert --csv`. `--data` (as in graphs.py)
embeds a labelled graph by node2vec, 128 dimensions, ten walks of 80 nodes from each node: ours with its defaults,
PecanPy with its own walks and gensim's word2vec (window 10, one epoch), p = 1, q = 0.5. Both are evaluated by their
labels.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import graphs
import numpy as np
import results
import scipy.sparse as sp
from tabulate import tabulate

from semsearch.maths.prone import factor_graph, propagate
from semsearch.maths.walks import random_walks, start_nodes

LENGTH = 80
MAX_ADDRESSES = 8_000_000_000  # bytes that each command of --large may address
SLOW = 500  # walks that slow libraries are asked for
PEER = """
import sys, time, json, numpy as np
from pecanpy import pecanpy
path, p, q, walks = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
g = (pecanpy.FirstOrderUnweighted if p == q == 1 else pecanpy.SparseOTF)(p=p, q=q, workers=2)
g.read_edg(path, weighted=False, directed=False)
nodes = g.nodes
def walk(times):
    start = time.perf_counter()
    found = g.simulate_walks(times, %d)
    return len(found) / (time.perf_counter() - start)
walk(walks)  # compiles
print(json.dumps(walk(walks)))
"""


PEER_WHOLE = """
import sys, time, numpy as np
from pecanpy import pecanpy
path, out, length = sys.argv[1], sys.argv[2], int(sys.argv[3])
g = pecanpy.SparseOTF(p=1, q=0.5, workers=2)
g.read_edg(path, weighted=False, directed=False)
g.simulate_walks(1, 3)  # compiles
start = time.perf_counter()
vectors = g.embed(dim=128, num_walks=10, walk_length=length, window_size=10, epochs=1)
seconds = time.perf_counter() - start
np.savez(out, vectors=vectors, nodes=np.array(g.nodes))
print(seconds)
"""


def power_law(n: int, m: int, seed: int = 0) -> sp.csr_matrix:
    """(n, n) edges of weight 1 between nodes drawn by a power law, repeats and self-loops taken out."""
    rng = np.random.default_rng(seed)
    chance = rng.pareto(1.2, n) + 1
    ends = rng.choice(n, (2, int(1.3 * m)), p=chance / chance.sum())
    ends = np.unique(np.sort(ends[:, ends[0] != ends[1]], axis=0), axis=1)
    source, target = ends[:, rng.permutation(ends.shape[1])[:m]]
    both = (np.concatenate([source, target]), np.concatenate([target, source]))
    return sp.csr_matrix((np.ones(2 * len(source), np.float32), both), shape=(n, n))


def ours(A: sp.csr_matrix, p: float, q: float) -> float:
    """Walks a second, ten from every node."""
    starts = start_nodes(A, 10, np.random.default_rng(0))
    random_walks(A, starts[:16], LENGTH, seed=0, p=p, q=q)  # compiled, as in the second command on a machine
    start = time.perf_counter()
    random_walks(A, starts, LENGTH, seed=0, p=p, q=q)
    return len(starts) / (time.perf_counter() - start)


def lists(A: sp.csr_matrix) -> float:
    """Walks a second over lists of neighbours, as one writes it first."""
    neighbours = [A.indices[a:b].tolist() for a, b in zip(A.indptr[:-1], A.indptr[1:], strict=True)]
    starts = start_nodes(A, 1, np.random.default_rng(0))[:SLOW].tolist()
    begin = time.perf_counter()
    for node in starts:
        walk = [node]
        for _ in range(LENGTH - 1):
            walk.append(random.choice(neighbours[walk[-1]]))
    return len(starts) / (time.perf_counter() - begin)


def pecanpy(python: str, edges: str, p: float, q: float) -> float:
    """Walks a second by PecanPy on two cores, after a first round that compiles it."""
    done = subprocess.run(
        [python, "-c", PEER % LENGTH, edges, str(p), str(q), "1"], stdout=subprocess.PIPE, text=True, check=True
    )
    return float(json.loads(done.stdout.splitlines()[-1]))


def prone(A: sp.csr_matrix) -> float:
    """Seconds of both stages, 128 dimensions."""
    start = time.perf_counter()
    propagate(A, factor_graph(A, 128, rng=np.random.default_rng(0))[0])
    return time.perf_counter() - start


def large(folder: Path, n: int = 200_000, m: int = 1_000_000) -> list[dict[str, Any]]:
    """Processor seconds and peak memory of each command, from edges in a file to a file that can be searched.

    The peer of `ingest edges` is `sqlite-utils insert --csv`, which numbers no nodes and adds up no weights.
    """
    upper = sp.triu(power_law(n, m)).tocoo()
    edges = np.stack([upper.row, upper.col], axis=1)
    np.savetxt(folder / "g.csv", edges, fmt="%d", delimiter=",", header="source,target", comments="")
    ours = [sys.executable, "-m", "semsearch"]
    db, graph, source = str(folder / "g.db"), "g", str(folder / "g.csv")
    commands = {
        "ingest edges": [*ours, "ingest", "edges", db, graph, source],
        "sqlite-utils insert --csv": [
            sys.executable,
            "-m",
            "sqlite_utils",
            "insert",
            str(folder / "p.db"),
            "e",
            source,
            "--csv",
        ],
        "build prone": [*ours, "build", "prone", db, graph, "--dim", "128"],
        "build deepwalk": [*ours, "build", "deepwalk", db, graph],
    }
    return [{"what": name, "edges": len(edges)} | _used(command, len(edges)) for name, command in commands.items()]


def _used(command: Sequence[str], edges: int) -> dict[str, float]:
    """What a command used, with at most MAX_ADDRESSES bytes of addresses: a run that would take more ends cleanly."""
    start = time.perf_counter()
    bounds = (MAX_ADDRESSES, MAX_ADDRESSES)
    process = subprocess.Popen(
        command,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, bounds),
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:5])} failed")
    processor = used.ru_utime + used.ru_stime
    return {
        "s": time.perf_counter() - start,
        "processor s": processor,
        "edges per processor s": edges / processor,
        "peak GB": used.ru_maxrss / 1e6,
    }


def whole(data: Path, name: str, python: str, folder: Path, length: int = LENGTH) -> list[dict[str, Any]]:
    """Seconds of node2vec from a graph in memory to vectors, and micro-F1 of those, ours and PecanPy's."""
    found = graphs.load(data, name)
    edges = np.stack([found.graph.source, found.graph.target], axis=1)
    np.savetxt(folder / "e.tsv", edges[edges[:, 0] != edges[:, 1]], fmt="%d", delimiter="\t")
    graphs.embed(found.graph, "node2vec", {"num_walks": 1, "walk_length": 2})  # compiled
    vectors, seconds = graphs.embed(found.graph, "node2vec", {"walk_length": length, "q": 0.5})
    rows = [{"what": "node2vec, ours", "s": seconds} | _judged(vectors, found.labels)]
    command = [python, "-c", PEER_WHOLE, str(folder / "e.tsv"), str(folder / "v.npz"), str(length)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    with np.load(folder / "v.npz", allow_pickle=False) as kept:
        theirs = np.zeros((len(found.graph), kept["vectors"].shape[1]), np.float32)
        theirs[kept["nodes"].astype(int)] = kept["vectors"]
    return [
        *rows,
        {"what": "node2vec, PecanPy", "s": float(done.stdout.splitlines()[-1])} | _judged(theirs, found.labels),
    ]


def _judged(vectors: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    scores = graphs.score_shares(vectors, labels, shares=graphs.SHARES, shuffles=5)
    return {f"micro {score.share:.0%}": 100 * score.micro_f1 for score in scores}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every line in turn, as often as asked, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int)
    parser.add_argument("--edges", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer")
    parser.add_argument("--large", action="store_true")
    results.add_option(parser, __file__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--set", default="blogcatalog")
    parser.add_argument("--length", type=int, default=LENGTH)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        if asked.large:
            rows = large(Path(folder), asked.nodes or 200_000, asked.edges or 1_000_000)
        elif asked.data:
            rows = whole(asked.data, asked.set, asked.peer or sys.executable, Path(folder), asked.length)
        else:
            A = power_law(asked.nodes or 60_000, asked.edges or 300_000)
            rows = compared(asked, A, Path(folder) / "edges.tsv")
    print(tabulate(rows, headers="keys", floatfmt=",.2f"))
    if asked.json:
        part = "large" if asked.large else asked.set if asked.data else "compared"
        results.write(asked.json, {part: rows}, asked)


def compared(asked: argparse.Namespace, A: sp.csr_matrix, path: Path) -> list[dict[str, Any]]:
    """The table of walks and of prone."""
    upper = sp.triu(A).tocoo()
    np.savetxt(path, np.stack([upper.row, upper.col], axis=1), fmt="%d", delimiter="\t")
    lines: dict[str, Callable[[], float]] = {
        "uniform, ours": lambda: ours(A, 1, 1),
        "uniform, Python lists": lambda: lists(A),
        "p=0.5 q=2, ours": lambda: ours(A, 0.5, 2),
        "p=4 q=0.25, ours": lambda: ours(A, 4, 0.25),
        "prone (seconds)": lambda: prone(A),
    }
    if asked.peer:
        lines["uniform, PecanPy"] = lambda: pecanpy(asked.peer, str(path), 1, 1)
    found: dict[str, list[float]] = {name: [] for name in lines}
    for _ in range(asked.rounds):
        for name, measure in lines.items():
            found[name].append(measure())
    middle = {name: median(values) for name, values in found.items()}
    return [
        {
            "what": name,
            "per second": value,
            "ours is": middle["uniform, ours"] / value if name.startswith("uniform, ") else None,
            "least": min(found[name]),
            "most": max(found[name]),
        }
        for name, value in middle.items()
    ]


if __name__ == "__main__":
    main()
