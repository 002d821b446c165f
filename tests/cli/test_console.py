"""The standard streams: any encoding of the output, closed streams, a full disk behind the output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from semsearch.cli import console
from semsearch.errors import InputError

TEXTS = ["bread \U0001f35e and water", "rocket to the moon ☾", "bread from the oven", "the rocket and the moon"]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with a collection whose titles no 8-bit encoding can print."""
    folder = tmp_path_factory.mktemp("console")
    lines = [json.dumps({"id": n, "body": text}, ensure_ascii=False) for n, text in enumerate(TEXTS)]
    (folder / "docs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    path = str(folder / "a.db")
    semsearch("ingest", "documents", path, "d", str(folder / "docs.jsonl"))
    semsearch("build", path, "d")
    yield path


def semsearch(*arguments: str, shell: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Runs the command in a process of its own; `shell` redirects its streams."""
    line = ["sh", "-c", f'exec "$0" -m semsearch "$@" {shell}', sys.executable, *arguments]
    return subprocess.run(line, capture_output=True, timeout=60, env={**os.environ, **environment})


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "gbk"])
def test_what_an_encoding_lacks_is_escaped(searched: str, encoding: str) -> None:
    table = semsearch("search", searched, "d_lsa", "bread", PYTHONIOENCODING=encoding)
    assert (table.returncode, b"\\U0001f35e" in table.stdout) == (0, True)
    rows = semsearch("search", searched, "d_lsa", "bread", "--json", PYTHONIOENCODING=encoding)
    assert TEXTS[0] in json.dumps(json.loads(rows.stdout.decode(encoding)), ensure_ascii=False)


def test_utf8_output_is_not_escaped(searched: str) -> None:
    rows = semsearch("search", searched, "d_lsa", "bread", "--json", PYTHONIOENCODING="utf-8")
    assert TEXTS[0].encode() in rows.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("shape", ["--json", "--table"])
def test_a_full_disk_behind_the_output_is_one_line(searched: str, shape: str) -> None:
    result = semsearch("search", searched, "d_lsa", "bread", shape, shell=">/dev/full")
    assert result.returncode == 1
    assert result.stderr.decode().splitlines()[-1].startswith("Error: The output cannot be read or written (No space")
    assert b"Traceback" not in result.stderr and b"Exception ignored" not in result.stderr


@pytest.mark.parametrize("shell", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_output_streams_are_no_error(searched: str, shell: str) -> None:
    result = semsearch("search", searched, "d_lsa", "bread", shell=shell)
    assert (result.returncode, b"Traceback" in result.stderr) == (0, False)


@pytest.mark.parametrize(
    "command",
    [
        ("ingest", "documents", "{}.new", "d", "-", "--format", "csv"),
        ("ingest", "vectors", "{}.new", "v", "-"),
        ("ingest", "edges", "{}.new", "g", "-", "--format", "csv"),
        ("search", "{}", "d_lsa", "-"),
    ],
    ids=" ".join,
)
def test_a_closed_standard_input_is_one_line(searched: str, command: tuple[str, ...]) -> None:
    result = semsearch(*(part.format(searched) for part in command), shell="<&-")
    assert result.returncode == 1
    assert result.stderr.decode().strip().splitlines()[-1].startswith("Error: Standard input is closed")
    assert not Path(f"{searched}.new").exists()


def test_a_query_that_is_not_text(searched: str) -> None:
    result = semsearch("search", searched, "d_lsa", "-", shell="< " + searched, PYTHONIOENCODING="utf-8")
    assert b"Error: Standard input is not utf-8" in result.stderr


def test_a_closed_input_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="Standard input is closed"):
        console.read_input()
