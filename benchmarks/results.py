"""The measurements of a script as JSON: each part with its date, device, versions and arguments, without local paths.

`--json` alone writes to results/SCRIPT.json next to the scripts, `--json FILE` to another file. A part that is measured
again replaces the earlier one; the other parts of the file stay.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import semsearch

FOLDER = Path(__file__).parent / "results"
PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "torch", "sqlite-vec", "datasette", "gensim")


def add_option(parser: argparse.ArgumentParser, script: str) -> None:
    """Adds --json; `script` is the script's own __file__."""
    default = FOLDER / f"{Path(script).stem}.json"
    help = f"also write the measurements as JSON; without FILE to {FOLDER.name}/{default.name} beside this script"
    parser.add_argument("--json", nargs="?", const=default, type=Path, metavar="FILE", help=help)


def write(path: Path, parts: Mapping[str, Any], asked: argparse.Namespace) -> None:
    """Write what was measured, by part; `asked` is the command line."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    head = {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "device": device(),
        "versions": {"python": platform.python_version(), **_versions()},
        "arguments": {name: value for name, value in vars(asked).items() if _is_plain(value)},
    }
    made = before | {part: head | {"measured": measured} for part, measured in parts.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made, indent=1, default=_number) + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """What was measured, by part, without the rest."""
    return {part: found["measured"] for part, found in json.loads(path.read_text(encoding="utf-8")).items()}


def device() -> str:
    """The processor, how much of it a script may use, and a GPU that torch has been asked for."""
    said = f"{_processor()}, {os.cpu_count()} cores, OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'not set')}"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        said += f", {torch.cuda.get_device_name()}"
    return said


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _versions() -> dict[str, str]:
    found = {"semsearch": semsearch.__version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _is_plain(value: Any) -> bool:
    """Whether an argument says how something was measured, not where its files lie."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, bool | int | float) or (isinstance(value, str) and os.sep not in value)


def _number(value: Any) -> Any:
    """numpy's numbers and arrays as Python's."""
    return value.tolist()
