"""Trainings in the middle, each in a file beside the database: `my.db.semsearch/NAME.ckpt`.

A checkpoint is no part of the database, which is written once a training is done. The file is a zip of arrays (.npz)
with one more entry, JSON; nothing in it is pickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import quote

import numpy as np

from semsearch.errors import DatabaseError
from semsearch.records import Checkpoint
from semsearch.storage.connect import file_of
from semsearch.storage.driver import Connection

LONGEST = 200  # bytes of a file's name; most systems allow 255
MAX_SILENCE = 600.0  # seconds after which a training that tells nothing counts as ended
_FACTS = "facts.json"


def path_for(db: Connection, name: str) -> Path | None:
    """Where the checkpoint of the collection `name` stands; None for a database in memory."""
    file, inode = file_of(db)
    called = quote(name, safe="")
    if len(called) > LONGEST:
        called = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    return Path(f"{file}.semsearch") / f"{called}.ckpt" if inode else None


def progress_path(path: Path) -> Path:
    """Where the progress of a training stands, beside its checkpoint."""
    return path.with_suffix(".progress")


def write_progress(path: Path, told: Mapping[str, Any]) -> None:
    """Replace the file of a training's progress, which a page can read while it runs. Raises OSError."""
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".progress.new")
    fresh.write_text(json.dumps(told), "utf-8")
    os.replace(fresh, progress_path(path))


def read_progress(db: Connection) -> list[tuple[dict[str, Any], float]]:
    """What each training of this file has told last, and how many seconds ago; those that are silent for longer than
    MAX_SILENCE or cannot be read are left out."""
    file, inode = file_of(db)
    found = []
    for path in sorted(Path(f"{file}.semsearch").glob("*.progress")) if inode else ():
        with suppress(OSError, ValueError):
            silent = time() - path.stat().st_mtime
            if silent <= MAX_SILENCE:
                found.append((json.loads(path.read_text("utf-8")), max(0.0, silent)))
    return found


def write(path: Path, made_with: Mapping[str, Any], checkpoint: Checkpoint) -> None:
    """Replace the file at once, so that an interruption leaves the old one or the new one."""
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".new")
    facts = {"made_with": made_with, "facts": checkpoint.facts}
    arrays: dict[str, Any] = dict(checkpoint.arrays)
    with open(fresh, "w+b") as file:
        np.savez(file, **arrays)
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(_FACTS, json.dumps(facts))
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def read(path: Path) -> tuple[dict[str, Any], Checkpoint] | None:
    """What a training was made with, and where it is; None without a file. DatabaseError for one that is damaged."""
    if not path.exists():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            told = json.loads(archive.read(_FACTS))
        with np.load(path, allow_pickle=False) as arrays:
            result = {name: arrays[name] for name in arrays.files if name != _FACTS}
        return told["made_with"], Checkpoint(told["facts"], result)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise DatabaseError(f"{path} is not a checkpoint ({error}): delete it, or build without --resume") from error


def remove(path: Path) -> None:
    """Take the file away, and its folder when nothing else is in it. What cannot be taken away stays."""
    with suppress(OSError):
        progress_path(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        path.with_suffix(".new").unlink(missing_ok=True)
        path.parent.rmdir()
