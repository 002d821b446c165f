"""The benchmarks are scripts, not a package: they find each other beside themselves."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from semsearch.cli.main import assemble

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of semsearch run in this process: what the start of a new one costs is measured, but not tested."""
    start = subprocess.run

    def run(command: Any, **options: Any) -> Any:
        if tuple(command[1:3]) != ("-m", "semsearch"):
            return start(command, **options)
        done = CliRunner().invoke(assemble(), list(command[3:]))
        return subprocess.CompletedProcess(command, done.exit_code, done.stdout, done.stderr)

    monkeypatch.setattr(subprocess, "run", run)
