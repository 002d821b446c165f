"""Word vectors on Simple English Wikipedia, compared with scipy, scikit-learn and gensim.

    python benchmarks/words.py --data FOLDER [--documents N] [--k 300] [--only PART] [--without-gensim] [--json]

Counting and factorisation are measured stage by stage, each library in its own process, in turn. Then the commands
`semsearch ingest documents` and `semsearch build pmi` run, and gensim's word2vec on the same words. This process stays
small and imports no numpy, because on Linux the peak memory of a child begins with the size of its parent.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import lsa
import results
import sets
from tabulate import tabulate

STAGE = (sys.executable, str(Path(__file__).with_name("word_stages.py")))
ROUNDS = 3
Measured = dict[str, Any]
# What is to be reached: of ours, or of the peer's over ours.
RATIOS = {"count": 2.5, "factor": 2.5, "text to vectors": 12.0}
LEAST = {"WS-353": 0.70, "MEN": 0.72, "SimLex": 0.285, "Google mul, top 30,000": 0.35}
PEAK_LIMIT = 4e9


def stage(name: str, library: str, folder: Path, data: Path, k: int) -> Measured:
    """One stage by one library in a new process."""
    asked = [*STAGE, name, library, str(folder), str(data), str(k)]
    done = subprocess.run(asked, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"stage {name} of {library} failed with exit code {done.returncode}")
    print(f"{name} by {library}: measured", file=sys.stderr)
    measured: Measured = json.loads(done.stdout)
    return measured


def in_turn(name: str, libraries: Sequence[str], rounds: int, folder: Path, data: Path, k: int) -> dict[str, Measured]:
    """A stage by each library, ours first, in turn, `rounds` times; the seconds of all rounds together."""
    found: dict[str, Measured] = {}
    for _ in range(rounds):
        for library in libraries:
            one = stage(name, library, folder, data, k)
            if library in found and "seconds" in one:
                one["seconds"] += found[library]["seconds"]
                one["peak"] = max(one["peak"], found[library]["peak"])
            found[library] = one
    return found


def stages(folder: Path, data: Path, k: int) -> dict[str, dict[str, Measured]]:
    """Counting, weighing and factoring, in the order in which they need each other."""
    found = {"count": in_turn("count", ("ours", "scipy"), ROUNDS, folder, data, k)}
    found["weigh"] = in_turn("weigh", ("ours",), 1, folder, data, k)
    found["factor"] = in_turn("factor", ("ours", "scikit-learn"), 1, folder, data, k)
    return found


def whole(folder: Path, data: Path, k: int, *, gensim: bool) -> dict[str, Measured]:
    """From text to vectors: ours into new files, three times, and gensim's once, which takes many times as long."""
    found: dict[str, Measured] = {}
    for _ in range(ROUNDS):
        one = _commands(folder, k)
        one["seconds"] += found.get("ours", {"seconds": []})["seconds"]
        found["ours"] = one
    found["ours"]["quality"] = stage("judge", "ours", folder, data, k)["quality"] | found["ours"]["quality"]
    if gensim:
        found["gensim"] = stage("train", "gensim", folder, data, k)
    return found


def _commands(folder: Path, k: int) -> Measured:
    """`build pmi` of a file with the articles and nothing else."""
    database = folder / "wiki.db"
    for file in folder.glob("wiki.db*"):
        file.unlink()
    columns = ("--id", "id", "--text", "text")
    lsa.command("ingest", "documents", str(database), "wiki", str(folder / "corpus.jsonl"), *columns)
    before = os.path.getsize(database)
    built = lsa.command("build", "pmi", str(database), "wiki", "--dim", str(k))
    sizes = {"MB of the file before": before, "MB of the file": os.path.getsize(database)}
    return built | {"quality": {name: size / lsa.MEGABYTE for name, size in sizes.items()}}


def table(found: Mapping[str, Mapping[str, Measured]]) -> str:
    """Per stage and library: median seconds, how many runs, theirs over ours, peak memory."""
    lines = []
    for name, libraries in found.items():
        for library, measured in libraries.items():
            if "missing" in measured:
                lines.append({"stage": name, "library": library, "seconds": f"({measured['missing']} is missing)"})
            elif measured["seconds"]:
                ours = median(libraries["ours"]["seconds"])
                seconds = median(measured["seconds"])
                lines.append(
                    {
                        "stage": name,
                        "library": library,
                        "seconds": f"{seconds:.2f}",
                        "runs": str(len(measured["seconds"])),
                        "theirs / ours": "" if library == "ours" else f"{seconds / ours:.1f}",
                        "peak MB": f"{measured['peak'] / lsa.MEGABYTE:,.0f}",
                    }
                )
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)


def quality_table(found: Mapping[str, Mapping[str, Measured]]) -> str:
    """What the vectors of each way score."""
    columns = {
        f"{name}, {library}": measured["quality"]
        for name in ("factor", "text to vectors")
        for library, measured in found.get(name, {}).items()
        if "quality" in measured
    }
    names = list(dict.fromkeys(name for quality in columns.values() for name in quality))
    lines = [
        {"score": name, **{title: _number(quality.get(name)) for title, quality in columns.items()}} for name in names
    ]
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}" if abs(value) <= 1 else f"{value:,.0f}"


def verdicts(found: Mapping[str, Mapping[str, Measured]]) -> str:
    """Each figure to be reached, and what was."""
    lines = []
    for name, least in RATIOS.items():
        for library, measured in found.get(name, {}).items():
            if library != "ours" and measured.get("seconds"):
                ratio = median(measured["seconds"]) / median(found[name]["ours"]["seconds"])
                lines.append(_verdict(f"{name} against {library}", f"{least:g}x", f"{ratio:.1f}x", ratio >= least))
    for name, peer in (("factor", "scikit-learn"), ("text to vectors", "gensim")):
        ways = found.get(name, {})
        if "quality" not in ways.get(peer, {}):
            continue
        for score in ("WS-353", "MEN", "SimLex"):
            mine, theirs = ways["ours"]["quality"][score], ways[peer]["quality"][score]
            lines.append(_verdict(f"{score} beside {peer}", f"{theirs:.3f}", f"{mine:.3f}", mine >= theirs))
    ours = found.get("text to vectors", {}).get("ours")
    if ours:
        for name, least in LEAST.items():
            reached = ours["quality"].get(name, 0.0)
            lines.append(_verdict(name, f"{least:g}", f"{reached:.3f}", reached >= least))
        peak = ours["peak"]
        lines.append(_verdict("peak memory", f"{PEAK_LIMIT / 1e9:g} GB", f"{peak / 1e9:.2f} GB", peak <= PEAK_LIMIT))
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)


def _verdict(what: str, least: str, reached: str, passed: bool) -> dict[str, str]:
    return {"figure": what, "to reach": least, "reached": reached, "": "pass" if passed else "fail"}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds simplewiki/ and word-eval/")
    parser.add_argument("--documents", type=int, help="use the first N articles only")
    parser.add_argument("--k", type=int, default=300, help="dimensions (300)")
    parser.add_argument("--without-gensim", action="store_true", help="skip word2vec, which takes ten minutes")
    parser.add_argument("--only", choices=("stages", "whole"), help="run only this part")
    results.add_option(parser, __file__)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    """Measure and print."""
    wanted = arguments(given)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            documents = lsa.write_texts(wanted.data, wanted.documents, folder)
        except sets.SetError as error:
            raise SystemExit(str(error)) from error
        size = stage("prepare", "ours", folder, wanted.data, wanted.k)["quality"]
        found = {} if wanted.only == "whole" else stages(folder, wanted.data, wanted.k)
        if wanted.only != "stages":
            gensim = not wanted.without_gensim
            found["text to vectors"] = whole(folder, wanted.data, wanted.k, gensim=gensim)
    print(f"{documents:,} articles, {size['words']:,.0f} words, {size['vocabulary']:,.0f} different; medians\n")
    print(f"{table(found)}\n\n{quality_table(found)}\n\n{verdicts(found)}")
    if wanted.json:
        results.write(wanted.json, found | {"size": size}, wanted)


if __name__ == "__main__":
    main()
