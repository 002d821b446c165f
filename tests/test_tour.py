"""The tour says what is so: its commands run as they stand there, in their order, and its pictures are there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from semsearch.storage import driver
from tests.browser.machine import SEMSEARCH
from tests.conftest import TOPICS

DOCS = Path(__file__).parents[1] / "docs"
TOUR = (DOCS / "tour.md").read_text()
SQLITE_UTILS = (sys.executable, "-m", "sqlite_utils")


ROWS = (
    *TOPICS,
    ("Bank", "a bank lends money and interest rates say what the money costs"),
    ("Etna", "a volcano on an island: its eruption sent ash over the sea"),
)


def commands(markdown: str) -> list[list[str]]:
    """The commands in the blocks of a page, then those within its sentences; without the two that serve."""
    blocks = re.findall(r"^```\n((?:semsearch|sqlite-utils) .*?)^```", markdown, re.M | re.S)
    lines = [line for block in blocks for line in re.split(r"\n(?=semsearch |sqlite-utils )", block)]
    lines += re.findall(r"`(semsearch [^`]*)`", markdown)
    return [words for words in map(shlex.split, lines) if words[1] not in ("serve", "demo")]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with my.db, its table `articles`, and a home with a folder of notes."""
    db = driver.sqlite3.connect(str(tmp_path / "my.db"))
    db.execute("create table articles (id integer primary key, title text, body text)")
    db.executemany("insert into articles (title, body) values (?, ?)", ROWS)
    db.commit()
    db.close()
    (tmp_path / "notes").mkdir()
    for title, body in ROWS:
        (tmp_path / "notes" / f"{title}.md").write_text(body)
    return tmp_path


def test_every_command_of_the_tour_runs(place):
    said = commands(TOUR)
    assert [words[1] for words in said].count("index") == 2 and len(said) >= 8
    for words in said:
        begin = SEMSEARCH if words[0] == "semsearch" else SQLITE_UTILS
        rest = [word.replace("~", str(place)) for word in words[1:]]
        done = subprocess.run([*begin, *rest], cwd=place, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"


@pytest.mark.parametrize("page", ["tour.md", "../README.md"])
def test_pictures_are_there_and_small(page):
    text = (DOCS / page).read_text()
    found = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text) + re.findall(r'<img src="([^"]+)" alt="[^"]+"', text)
    files = [(DOCS / page).parent / name for name in found]
    assert files and all(file.read_bytes().startswith(b"\x89PNG") for file in files)
    assert all(file.stat().st_size < 150_000 for file in files) and sum(file.stat().st_size for file in files) < 500_000
