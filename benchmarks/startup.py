"""Processor time of short commands, each in a process of its own: what every use of the command line waits for.

    python benchmarks/startup.py --data FOLDER [--documents 12500] [--rounds 7] [--json]

FOLDER holds simplewiki/ (as in lsa.py). Its first articles become a file with an LSA. Peers: a plain script that asks
sqlite-vec for the nearest of the same vectors, one that asks FTS5 for the words, `sqlite-utils --help`, and Python
alone. The commands take turns; medians are printed. Compiled bytecode is kept, as for an installed package.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import results
import sets
from tabulate import tabulate

QUERY = "music of the harbour"
VEC_SCRIPT = """
import sys, numpy as np
try: import pysqlite3 as sqlite3
except ImportError: import sqlite3
import sqlite_vec
db = sqlite3.connect(sys.argv[1])
db.enable_load_extension(True)
sqlite_vec.load(db)
dim = len(db.execute("select embedding from w_lsa limit 1").fetchone()[0]) // 4
vector = np.ones(dim, np.float32) / dim**0.5
print(db.execute("select id, distance from w_lsa where embedding match ? and k = 10", [vector.tobytes()]).fetchall())
"""
FTS_SCRIPT = """
import sys, sqlite3
db = sqlite3.connect(sys.argv[1])
print(db.execute("select rowid from f where f match ? order by rank limit 10", [sys.argv[2]]).fetchall())
"""


def prepare(folder: Path, data: Path, documents: int) -> tuple[str, str]:
    """A file with an LSA, and one with an FTS5 table, of the first articles."""
    from semsearch import open as open_database
    from semsearch.storage.driver import sqlite3

    articles = list(sets.simplewiki(data, documents))
    path, plain = str(folder / "w.db"), str(folder / "f.db")
    db = sqlite3.connect(path)
    db.execute("create table w (id integer primary key, title text, body text)")
    db.executemany("insert into w (title, body) values (:title, :text)", articles)
    db.commit()
    db.close()
    with open_database(path) as opened:
        opened.index("w", text=["body"], title="title")
    db = sqlite3.connect(plain)
    db.execute("create virtual table f using fts5(body, tokenize='porter unicode61')")
    db.executemany("insert into f values (:text)", articles)
    db.commit()
    db.close()
    return path, plain


def used(command: Sequence[str], environment: dict[str, str]) -> float:
    """Processor seconds of a command and what it started."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:5])} failed")
    return usage.ru_utime + usage.ru_stime


def main(arguments: Sequence[str] | None = None) -> None:
    """Run every command in turn, as often as asked, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=12_500)
    parser.add_argument("--rounds", type=int, default=7)
    results.add_option(parser, __file__)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path, plain = prepare(Path(folder), asked.data, asked.documents)
        bytecode = {"PYTHONPYCACHEPREFIX": str(Path(folder) / "bytecode")}
        environment = {**os.environ, **bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        python = [sys.executable]
        commands = {
            "semsearch --help": [*python, "-m", "semsearch", "--help"],
            "semsearch search": [*python, "-m", "semsearch", "search", path, "w_lsa", QUERY],
            "semsearch similar": [*python, "-m", "semsearch", "similar", path, "w_lsa", "1"],
            "sqlite-vec script": [*python, "-c", VEC_SCRIPT, path],
            "FTS5 script": [*python, "-c", FTS_SCRIPT, plain, QUERY.replace(" ", " OR ")],
            "sqlite-utils --help": [*python, "-m", "sqlite_utils", "--help"],
            "python -c pass": [*python, "-c", "pass"],
        }
        for command in commands.values():
            used(command, environment)  # compiles
        found: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(asked.rounds):
            for name, command in commands.items():
                found[name].append(used(command, environment))
    rows: list[dict[str, Any]] = [
        {"command": name, "processor s": median(times), "least": min(times), "most": max(times)}
        for name, times in found.items()
    ]
    print(tabulate(rows, headers="keys", floatfmt=",.3f"))
    if asked.json:
        results.write(asked.json, {f"{asked.documents} documents": rows}, asked)


if __name__ == "__main__":
    main()
