"""What a browser test needs of the machine: its own Chromium, and a `semsearch serve` that ends with the test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = (
    "--no-sandbox",  # root in a container cannot start it otherwise
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "/usr/bin/chromium")
SEMSEARCH = (sys.executable, "-c", "from semsearch.cli.main import main; main()")  # .venv-next has no such script


def find_browser() -> str | None:
    """The path of a Chromium or Chrome on this machine, or None."""
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


@contextmanager
def serving(file: Path, log: Path) -> Iterator[str]:
    """The address of `semsearch serve FILE` on a free port, stopped at the end; what it says goes to `log`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("w") as said:
        command = [*SEMSEARCH, "serve", str(file), "--port", str(port)]
        process = subprocess.Popen(command, cwd=file.parent, stdout=said, stderr=subprocess.STDOUT)
        try:
            yield _answering(f"http://127.0.0.1:{port}", process, log)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _answering(base: str, process: subprocess.Popen[bytes], log: Path) -> str:
    """The address, once it answers."""
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(base + "/-/versions.json", timeout=5):
                return base
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(f"{base} does not answer: {log.read_text()}")


def follow(link: Any) -> None:
    """Click a link or button, and wait until what it leads to has loaded: a click alone waits for its first byte."""
    with link.page.expect_navigation():
        link.click()


INSTALL = "install chromium (on Debian: apt-get install chromium)"


def do_without(reason: str) -> None:
    """Skip, saying why; where CI is set nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}: CI must run the browser tests", pytrace=False)
    pytest.skip(f"{reason}: browser tests are skipped on this machine, and run in CI")
