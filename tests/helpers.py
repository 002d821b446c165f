"""What tests of several folders share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """The folder that `build(folder)` filled, once for all workers of pytest-xdist: the others wait for the first.

    Whoever writes works on a copy of its files.
    """
    root = factory.getbasetemp()
    folder = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / f"once-{name}"
    ready, failed = folder / ".ready", folder / ".failed"
    try:
        folder.mkdir()
    except FileExistsError:
        while not ready.exists():
            assert not failed.exists(), f"another worker could not build {name}"
            time.sleep(0.05)
        return folder
    try:
        build(folder)
    except BaseException:
        failed.touch()
        raise
    ready.touch()
    return folder
