"""Which format a file's suffix means, and files that appear whole or not at all."""

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
    """Write a collection's vectors, at the length they had, to a new file whose suffix says the format.

    Returns the files written: .npy and .tsv have a second one beside them. They appear when they are whole; after an
    error or Ctrl-C there is none. Raises NotFoundError for an unknown collection; InputError for an unknown suffix, a
    file that exists, a folder that does not, and ids that the format cannot hold; CapabilityError where a format needs
    a package that is not installed.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InputError(f"{path.name} has none of the suffixes {', '.join(WRITERS)}: they say what to write")
    beside = path.with_name(path.stem + writer.beside) if writer.beside else path
    targets = list(dict.fromkeys([path, beside]))
    for target in targets:
        if os.path.lexists(target):
            raise InputError(f"{target} exists already: remove it first, or write to another name")
    with snapshot(db):
        opened = collections.open_collection(db, name)
        out = Outgoing(
            db=db,
            collection=opened.collection,
            dataset=opened.dataset,
            count=vectors.count(db, opened.collection),
            report=report,
        )
        _written_whole(writer, out, targets)
    return targets


def _written_whole(writer: Writer, out: Outgoing, targets: list[Path]) -> None:
    """Write into a folder beside the target, on the same disk, and move from there."""
    folder = targets[0].parent
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".semsearch-") as made:
            drafts = [Path(made) / target.name for target in targets]
            writer.write(out, drafts[0], drafts[-1])
            _moved(drafts, targets)
    except OSError as error:
        raise InputError(
            f"{targets[0]} cannot be written: {error.strerror or error}; check the folder {folder}"
        ) from error


def _moved(drafts: list[Path], targets: list[Path]) -> None:
    """Move all, or none: neither file is of use without the other."""
    done: list[Path] = []
    try:
        for draft, target in zip(drafts, targets, strict=True):
            os.replace(draft, target)
            done.append(target)
    except BaseException:
        for target in done:
            target.unlink()
        raise
