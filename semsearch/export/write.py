"""Export a collection in the format of the file's suffix; a file appears complete or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from semsearch.errors import InputError
from semsearch.export.arrays import write_npy, write_npz
from semsearch.export.llm import write_llm
from semsearch.export.outgoing import Outgoing, Writer
from semsearch.export.tables import write_parquet, write_projector
from semsearch.export.words import write_binary, write_text
from semsearch.records import Report, silent
from semsearch.storage import collections, vectors
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection

WRITERS: Mapping[str, Writer] = {
    ".npy": Writer(write_npy, ".ids.txt"),
    ".npz": Writer(write_npz),
    ".parquet": Writer(write_parquet),
    ".txt": Writer(write_text),
    ".bin": Writer(write_binary),
    ".tsv": Writer(write_projector, ".metadata.tsv"),
    ".db": Writer(write_llm),
}


def export(db: Connection, name: str, path: Path, *, report: Report = silent) -> list[Path]:
    """Write a collection's vectors, at their original length, to a new file in the format of its suffix.

    Returns the paths written: .npy and .tsv have a second file. They appear when they are complete; after an error or
    Ctrl-C there is none. Raises NotFoundError for an unknown collection; InputError for an unknown suffix, an existing
    file, a missing folder, and ids that the format cannot hold; CapabilityError if the format needs a package that is
    not installed.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InputError(f"{path.name} has none of the suffixes {', '.join(WRITERS)}: the suffix chooses the format")
    second = path.with_name(path.stem + writer.second_suffix) if writer.second_suffix else path
    targets = list(dict.fromkeys([path, second]))
    for target in targets:
        if os.path.lexists(target):
            raise InputError(f"{target} exists already: remove it first, or give another name")
    with snapshot(db):
        opened = collections.open_collection(db, name)
        out = Outgoing(
            db=db,
            collection=opened.collection,
            dataset=opened.dataset,
            count=vectors.count(db, opened.collection),
            report=report,
        )
        _write_atomically(writer, out, targets)
    return targets


def _write_atomically(writer: Writer, out: Outgoing, targets: list[Path]) -> None:
    """Write into a temporary folder on the same disk as the target, and move the files from there."""
    folder = targets[0].parent
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".semsearch-") as temporary:
            drafts = [Path(temporary) / target.name for target in targets]
            writer.write(out, drafts[0], drafts[-1])
            _move_all(drafts, targets)
    except OSError as error:
        raise InputError(
            f"{targets[0]} cannot be written ({error.strerror or error}): check the folder {folder}"
        ) from error


def _move_all(drafts: list[Path], targets: list[Path]) -> None:
    """Move all files or none: neither is of use without the other."""
    moved: list[Path] = []
    try:
        for draft, target in zip(drafts, targets, strict=True):
            os.replace(draft, target)
            moved.append(target)
    except BaseException:
        for target in moved:
            target.unlink()
        raise
