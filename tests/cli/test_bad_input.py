"""Whatever goes wrong is one line that says what to do, exit 1, and the file as it was before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from semsearch.storage.driver import sqlite3
from tests.helpers import content
from tests.planted import TOPICS

Run = Callable[..., Result]


@pytest.fixture
def built(run: Run, path: str, tmp_path: Path) -> str:
    """A database with one built dataset, `news`."""
    source = tmp_path / "news.csv"
    source.write_text("code,title,body\n" + "\n".join(f"{title[:3]},{title},{body}" for title, body in TOPICS))
    assert run("ingest", "documents", path, "news", source, "--id", "code").exit_code == 0
    assert run("build", path, "news").exit_code == 0
    return path


def fails(result: Result, said: str) -> None:
    assert result.exit_code == 1, result.output
    lines = result.stderr.strip().splitlines()
    assert lines[-1].startswith("Error: ") and said in f"{lines[-1]}\n", result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "DB", "news_lsa", ""), "The query is empty"),
        (("search", "DB", "news_lsa", "moon", "-k", "0"), "-k must be between 1 and 4,096, not 0"),
        (("search", "DB", "news_lsa", "moon", "-k", "5000"), "-k must be between 1 and 4,096, not 5,000"),
        (("search", "DB", "nothing", "moon"), "there are news_lsa, news_lsa_words"),
        (("search", "DB", "news_lsa_words", "moon", "--mode", "text"), "use the mode vector"),
        (("similar", "DB", "news_lsa", "zzz"), "has no document 'zzz'"),
        (("build", "lsa", "DB", "nothing"), "No dataset 'nothing': there are news"),
        (("build", "DB", "nothing"), "No dataset 'nothing': there are news"),
        (("build", "magic", "DB", "news"), "No builder 'magic': there are "),
        (("build", "lsa", "DB", "news", "--dim", "0"), "--dim must be at least 1, not 0"),
        (("build", "lsa", "DB", "news", "--name", "news"), "already a table"),
        (("build", "lsa", "DB", "news", "--name", "_semsearch_x"), "are internal"),
        (("build", "lsa", "DB", "news", "--min-df", "99"), "contains a word to learn from"),
        (("index", "DB", "nothing"), "it has news\n"),
        (("index", "DB", "news", "--text", "colour"), "has no column 'colour'"),
        (("drop", "DB", "nothing"), "No collection or dataset 'nothing'"),
        (("runs", "DB", "99"), "No run 99"),
        (("collections", "/nowhere/x.db"), "There is no file"),
        (("ingest", "documents", "/nowhere/x.db", "d", "SOURCE"), "cannot be opened"),
        (("ingest", "documents", "DB", "news_lsa", "SOURCE"), "already a table or view"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_one_line_and_nothing_changed(
    run: Run, built: str, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = content(built)
    places = {"DB": built, "SOURCE": str(tmp_path / "news.csv")}
    fails(run(*(places.get(argument, argument) for argument in arguments)), said)
    assert content(built) == before


def test_a_dataset_of_no_documents(run: Run, path: str) -> None:
    db = sqlite3.connect(path)
    db.execute("create table empty (id integer primary key, body text)")
    db.commit()
    db.close()
    before = content(path)
    fails(run("index", path, "empty"), "holds 0 documents")
    assert content(path) == before


def test_wrong_usage_exits_2(run: Run, built: str) -> None:
    assert run("search", built).exit_code == 2
    assert run("search", built, "news_lsa", "x", "--mode", "magic").exit_code == 2


def test_unknown_words_are_no_error(run: Run, built: str) -> None:
    result = run("search", built, "news_lsa", "xyzzy", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout) == []
    assert "news_lsa has no word of the query" in result.stderr


@pytest.mark.parametrize(
    ("content_of_file", "said"),
    [
        (b"code,body\na,caf\xe9\n", "--encoding"),
        (b"code,body\na,nul\0byte\n", "NUL"),
        (b"code,body\na,one,two\n", "Line 2"),
        (b"code,body\na,one\na,two\n", "again"),
        (b"", "is empty"),
        (b"code,body\na," + b"x" * (50 << 20), "line"),
    ],
    ids=["wrong encoding", "NUL byte", "ragged", "duplicate ids", "empty", "50 MB line"],
)
def test_a_bad_source_changes_nothing(run: Run, built: str, tmp_path: Path, content_of_file: bytes, said: str) -> None:
    source = tmp_path / "bad.csv"
    source.write_bytes(content_of_file)
    before = content(built)
    result = run("ingest", "documents", built, "news", source, "--id", "code", "--text", "body")
    fails(result, "")
    assert said in result.stderr
    assert content(built) == before


def test_a_locked_file(run: Run, built: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semsearch.storage.connect.BUSY_MS", 50)
    other = sqlite3.connect(built, isolation_level=None)
    other.execute("begin immediate")
    fails(run("drop", built, "news_lsa"), "locked by another program")
    other.execute("rollback")
    other.close()


def interrupt(arguments: list[str], after: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run semsearch with a pause at one stage, and press Ctrl-C when it is reached."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{PAUSE[after]}\nfrom semsearch.cli.main import main\nmain()", *arguments],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not (folder / "paused").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


STOP = "import pathlib, time\ndef pause(*a, **k):\n    pathlib.Path('paused').touch()\n    time.sleep(60)\n"
PAUSE = {
    "ingest": STOP + "import semsearch.storage.datasets as d\nd.save = pause",
    "fit": STOP + "import semsearch.builders.lsa as l\nl.truncated_svd = pause",
    "write": STOP + "import semsearch.storage.vectors as v\nv.make_view = pause",
}


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal here")
@pytest.mark.parametrize("stage", PAUSE)
def test_ctrl_c_leaves_the_file_as_it_was(built: str, tmp_path: Path, stage: str) -> None:
    before = content(built)
    source = str(tmp_path / "news.csv")
    ingest = ["ingest", "documents", built, "more", source, "--id", "code"]
    done = interrupt(ingest if stage == "ingest" else ["build", "lsa", built, "news"], stage, tmp_path)
    assert done.returncode == 1 and done.stderr.strip().splitlines()[-1] == "Error: Interrupted: nothing was written"
    assert content(built) == before


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal here")
def test_ctrl_c_in_the_first_ingest_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("some text")
    done = interrupt(
        ["ingest", "documents", str(tmp_path / "new.db"), "d", str(tmp_path / "a.txt")], "ingest", tmp_path
    )
    assert done.returncode == 1
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "paused"]
