"""The time of each stage of an LSA build on Simple English Wikipedia, compared with scikit-learn and gensim.

    python benchmarks/lsa.py --data FOLDER [--documents N] [--k 256] [--json]

Every stage of every library runs in its own process, in turn, so that its peak memory is its own. Then the commands
`semsearch ingest documents` and `semsearch build lsa` run. This process stays small and imports no numpy, because on
Linux the peak memory of a child begins with the size of its parent.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import results
import sets
from tabulate import tabulate

COMMAND = (sys.executable, "-m", "semsearch")
STAGE = (sys.executable, str(Path(__file__).with_name("stages.py")))
LIBRARIES = {  # by stage; in this order, since one writes what the next reads
    "words": ("in turn",),  # ours and scikit-learn in one process: a ratio that the machine's other work leaves alone
    "ascii": ("in turn",),
    "count": ("ours", "scikit-learn", "gensim"),
    "weigh": ("ours", "scikit-learn", "gensim"),
    "factor": ("ours", "scikit-learn", "gensim", "reference"),
    "pipeline": ("ours", "gensim"),
}
COUNTING = ("words", "ascii")
MEGABYTE = 1e6
PEAK_LIMIT = 2.5e9  # bytes, the whole build
SECONDS_LIMIT = 600.0

Measured = dict[str, Any]


def write_texts(data: Path, limit: int | None, folder: Path) -> int:
    """Write the articles as corpus.jsonl, for the commands, and as bare texts, for the stages; how many there are."""
    written = 0
    with (folder / "corpus.jsonl").open("w") as corpus, (folder / "texts.jsonl").open("w") as texts:
        for article in sets.simplewiki(data, limit):
            corpus.write(json.dumps(article) + "\n")
            texts.write(json.dumps(article["text"]) + "\n")
            written += 1
    return written


def stage(name: str, library: str, folder: Path, k: int) -> Measured:
    """One stage by one library in a new process: seconds of each repetition, peak bytes, quality; or what it lacks."""
    done = subprocess.run([*STAGE, name, library, str(folder), str(k)], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"stage {name} of {library} failed with exit code {done.returncode}")
    measured: Measured = json.loads(done.stdout)
    return measured


def command(*arguments: str) -> Measured:
    """A semsearch command in a new process: its seconds and peak bytes."""
    start = time.perf_counter()
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"semsearch {' '.join(arguments)} failed with exit code {process.returncode}")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"seconds": [time.perf_counter() - start], "peak": peak}


def stages(folder: Path, k: int, names: Sequence[str] = tuple(LIBRARIES)) -> dict[str, dict[str, Measured]]:
    """Stages by all libraries, ours first, since it writes what the next stage of everybody reads."""
    found: dict[str, dict[str, Measured]] = {}
    for name in names:
        for library in LIBRARIES[name]:
            measured = stage(name, library, folder, k)
            found.setdefault(name, {}).update(_apart(measured) if library == "in turn" else {library: measured})
        for library in found[name]:
            print(" ".join(_line(name, library, found[name][library], found[name]["ours"]).values()), file=sys.stderr)
    if "factor" in found:
        _against_the_best(found["factor"])
    return found


def _against_the_best(factored: dict[str, Measured]) -> None:
    """Take the reference out, and say of each library how much of its energy is missing."""
    best = factored.pop("reference")["quality"]["energy"]
    for measured in factored.values():
        if "quality" in measured:
            measured["quality"]["deficit"] = 1 - measured["quality"].pop("energy") / best


def _apart(measured: Measured) -> dict[str, Measured]:
    """What two libraries took in one process, as if each had had its own; whose memory the peak is cannot be told."""
    if "missing" in measured:
        return {"ours": measured}
    return {
        library: {"seconds": seconds, "quality": measured["quality"][library]}
        for library, seconds in measured["seconds"].items()
    }


def commands(folder: Path) -> dict[str, Measured]:
    """`ingest documents` and `build lsa` of the whole corpus, as a user runs them."""
    database = str(folder / "wiki.db")
    searched = ("--id", "id", "--text", "text")
    found = {
        "ingest documents": command("ingest", "documents", database, "wiki", str(folder / "corpus.jsonl"), *searched)
    }
    found["build lsa"] = command("build", "lsa", database, "wiki")
    found["database"] = {"seconds": [], "peak": os.path.getsize(database)}
    return found


def table(found: Mapping[str, Mapping[str, Measured]]) -> str:
    """Per stage and library: median seconds, how many runs, peak memory, theirs over ours, quality."""
    lines = [
        _line(name, library, measured, libraries["ours"])
        for name, libraries in found.items()
        for library, measured in libraries.items()
    ]
    return tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)


def _line(name: str, library: str, measured: Measured, ours: Measured) -> dict[str, str]:
    line = {"stage": name, "library": library}
    if "missing" in measured:
        return line | {"seconds": f"({measured['missing']} is not installed)"}
    seconds = median(measured["seconds"])
    quality = ", ".join(
        f"{key} {value:,.4g}" if value < 1 else f"{key} {value:,.0f}" for key, value in _shown(measured)
    )
    return line | {
        "seconds": f"{seconds:.2f}",
        "runs": str(len(measured["seconds"])),
        "theirs / ours": "" if library == "ours" else f"{seconds / median(ours['seconds']):.1f}",
        "peak MB": f"{measured['peak'] / MEGABYTE:,.0f}" if "peak" in measured else "",
        "quality": quality,
    }


def _shown(measured: Measured) -> list[tuple[str, float]]:
    return [(key, round(value, 6)) for key, value in measured["quality"].items()]


def commands_table(found: Mapping[str, Measured]) -> str:
    """Wall time and peak memory of each command, and the limits."""
    timed = {name: measured for name, measured in found.items() if measured["seconds"]}
    lines = [
        {"command": name, "seconds": f"{median(one['seconds']):.1f}", "peak MB": f"{one['peak'] / MEGABYTE:,.0f}"}
        for name, one in timed.items()
    ]
    seconds = sum(median(one["seconds"]) for one in timed.values())
    peak = max(one["peak"] for one in timed.values())
    verdict = "pass" if seconds <= SECONDS_LIMIT and peak <= PEAK_LIMIT else "fail"
    lines.append({"command": "both", "seconds": f"{seconds:.1f}", "peak MB": f"{peak / MEGABYTE:,.0f}"})
    limits = f"limits {SECONDS_LIMIT:.0f} s and {PEAK_LIMIT / MEGABYTE:,.0f} MB: {verdict}"
    shown = tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)
    return f"{shown}\n\n{limits}; the database is {found['database']['peak'] / MEGABYTE:,.0f} MB"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds simplewiki/")
    parser.add_argument("--documents", type=int, help="use the first N articles only")
    parser.add_argument("--k", type=int, default=256, help="dimensions of the factor stage (256)")
    parser.add_argument("--only", choices=("counting", "stages", "commands"), help="run only this part")
    results.add_option(parser, __file__)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    """Measure and print."""
    wanted = arguments(given)
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            result["documents"] = write_texts(wanted.data, wanted.documents, folder)
        except sets.SetError as error:
            raise SystemExit(str(error)) from error
        print(f"{result['documents']:,} articles; medians of the runs; 1 run where it takes a minute\n", flush=True)
        if wanted.only != "commands":
            result["stages"] = stages(folder, wanted.k, COUNTING if wanted.only == "counting" else tuple(LIBRARIES))
            print(table(result["stages"]), flush=True)
        if wanted.only in (None, "commands"):
            result["commands"] = commands(folder)
            print(f"\n{commands_table(result['commands'])}")
    if wanted.json:
        results.write(wanted.json, {"lsa": result}, wanted)


if __name__ == "__main__":
    main()
