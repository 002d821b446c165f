"""Commands of semsearch in processes of their own that start at once: each is a fork of one that has imported it all.

A kill or a full disk needs a real process. Importing takes twenty times as long as most verbs on a small database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Finished:
    """How a command ended: its exit code, negative for a signal, and what it wrote to standard error."""

    returncode: int
    stderr: str


class Runner:
    """The process that is forked. `start` a command, perhaps kill it, then `wait` for it; one at a time."""

    def __init__(self, process: subprocess.Popen[str], errors: Path) -> None:
        self._process, self._errors = process, errors

    def start(self, arguments: Sequence[str], **environment: str) -> int:
        """Begin a command; its process id."""
        self._send({"arguments": list(arguments), "environment": environment, "errors": str(self._errors)})
        return int(self._line())

    def wait(self) -> Finished:
        """The end of the command that was started."""
        return Finished(int(self._line()), self._errors.read_text(errors="replace"))

    def run(self, arguments: Sequence[str], **environment: str) -> Finished:
        """A command from beginning to end."""
        self.start(arguments, **environment)
        return self.wait()

    def _send(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The process that runs commands has ended: {self._errors.read_text(errors='replace')}")
        return line


@contextmanager
def running(preload: Path | None = None) -> Iterator[Runner]:
    """A runner, with a library preloaded into its commands."""
    added = {"LD_PRELOAD": str(preload)} if preload else {}
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "errors"
        command = [sys.executable, "-m", "tests.torture.runner", folder]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | added, text=True
        ) as process:
            try:
                runner = Runner(process, errors)
                runner._line()  # everything is imported now
                yield runner
            finally:
                assert process.stdin is not None
                process.stdin.close()


def _serve(folder: Path) -> None:
    from tests.torture import corpus

    orders, answers = sys.stdin, os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what commands print
    _import_all(corpus.make(folder, copies=1), corpus)
    print("ready", file=answers)
    for line in orders:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(order)
        print(child, file=answers)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=answers)


def _import_all(database: Path, corpus: Any) -> None:
    """Run each verb once, for what it imports and compiles."""
    from click.testing import CliRunner

    from semsearch.cli.main import assemble

    for verb in corpus.verbs(database):
        result = CliRunner().invoke(assemble(), verb)
        assert result.exit_code == 0, result.output


def _become(order: dict[str, Any]) -> None:
    from semsearch.__main__ import main

    code: Any = 70
    try:
        errors = os.open(order["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(errors, 2)
        os.environ.update(order["environment"])
        sys.argv = ["semsearch", *order["arguments"]]
        main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
