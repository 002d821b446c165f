"""The tour is correct: its commands run in order and print what the page shows.

`python -m tests.test_tour` writes the outputs of the page again.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.browser.machine import SEMSEARCH

DOCS = Path(__file__).parents[1] / "docs"
TOUR = DOCS / "tour.md"
CONSOLE = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.M | re.S)
DECIMAL = re.compile(r"-?\d+\.\d+")
TOLERANCE = 0.03  # of scores: libraries and processors round differently
PROGRAMS = {"semsearch": SEMSEARCH, "sqlite-utils": (sys.executable, "-m", "sqlite_utils")}


def prepare_folder(folder: Path) -> dict[str, str]:
    """Put articles.csv and the programs of the tour into a folder; the environment to run commands in."""
    shutil.copy(DOCS / "articles.csv", folder)
    programs = folder / "bin"
    programs.mkdir()
    for name, command in PROGRAMS.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        (programs / name).chmod(0o755)
    path = os.pathsep.join([str(DOCS.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": path}


def run_command(line: str, folder: Path, environment: Mapping[str, str]) -> str:
    """What a command of the tour prints on both streams, with times and dates as an ellipsis."""
    done = subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{line}: {done.stdout}"
    printed = re.sub(r"\b(in|took) (under )?[\d.]+ s\b", r"\1 … s", done.stdout, flags=re.I)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "…", printed).rstrip()


def commands(block: str) -> list[str]:
    """The commands of a console block: the lines that begin with a prompt."""
    return re.findall(r"^\$ (.*)$", block, re.M)


def rewrite(text: str, run: Callable[[str], str]) -> str:
    """The page with the output of every console block written again."""

    def rerun(match: re.Match[str]) -> str:
        outputs = [(line, run(line)) for line in commands(match.group())]
        return "".join(f"$ {line}\n{printed}\n" if printed else f"$ {line}\n" for line, printed in outputs)

    return CONSOLE.sub(rerun, text)


def test_the_tour_prints_what_it_shows(tmp_path: Path) -> None:
    environment = prepare_folder(tmp_path)
    shown = TOUR.read_text()
    verbs = {shlex.split(line)[1] for block in CONSOLE.findall(shown) for line in commands(block)}
    assert {"index", "search", "similar", "update", "cluster", "drop"} <= verbs
    printed = rewrite(shown, lambda line: run_command(line, tmp_path, environment))
    assert DECIMAL.sub("#", printed) == DECIMAL.sub("#", shown)
    pairs = zip(DECIMAL.findall(printed), DECIMAL.findall(shown), strict=True)
    assert all(abs(float(now) - float(then)) <= TOLERANCE for now, then in pairs)


@pytest.mark.parametrize("page", ["tour.md", "../README.md"])
def test_screenshots_exist_and_are_small(page: str) -> None:
    text = (DOCS / page).read_text()
    names = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text) + re.findall(r'<img src="([^"]+)" alt="[^"]+"', text)
    files = [(DOCS / page).parent / name for name in names]
    assert files and all(file.read_bytes().startswith(b"\x89PNG") for file in files)
    assert all(file.stat().st_size < 150_000 for file in files) and sum(file.stat().st_size for file in files) < 500_000


def main() -> None:
    """Write the outputs of the tour again."""
    with TemporaryDirectory() as folder:
        environment = prepare_folder(Path(folder))
        TOUR.write_text(rewrite(TOUR.read_text(), lambda line: run_command(line, Path(folder), environment)))


if __name__ == "__main__":
    main()
