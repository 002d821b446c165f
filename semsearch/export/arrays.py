"""numpy's files: a matrix in .npy with its ids beside it, or both in one .npz. Nothing in them is pickled."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from semsearch.export.outgoing import Outgoing


def write_npy(out: Outgoing, path: Path, ids: Path) -> None:
    """float32 (count, dim), row by row, and the ids in the same order, one to a line."""
    with path.open("wb") as file, ids.open("w", encoding="utf-8", newline="\n") as lines:
        _header(file, "<f4", (out.count, out.collection.dim))
        for block in out.blocks():
            file.write(block.vectors.astype("<f4").tobytes())
            lines.writelines(f"{key}\n" for key in out.checked(block, "\n\r", "a line of an ids file"))


def write_npz(out: Outgoing, path: Path, _: Path) -> None:
    """`vectors` float32 (count, dim) and `ids` (count,): int64, or text as wide as the longest."""
    with zipfile.ZipFile(path, "w", allowZip64=True) as archive:
        longest = 1
        with archive.open("vectors.npy", "w", force_zip64=True) as file:
            _header(file, "<f4", (out.count, out.collection.dim))
            for block in out.blocks():
                file.write(block.vectors.astype("<f4").tobytes())
                longest = max(longest, *(len(str(key)) for key in block.keys))
        kind = "<i8" if out.has_integers else f"<U{longest}"
        with archive.open("ids.npy", "w", force_zip64=True) as file:
            _header(file, kind, (out.count,))
            for block in out.blocks():
                file.write(np.array(block.keys, kind).tobytes())


def _header(file: IO[bytes], dtype: str, shape: tuple[int, ...]) -> None:
    """The head of an .npy file (numpy.lib.format, version 1.0): what follows is the values in C order."""
    head: dict[str, Any] = {"descr": dtype, "fortran_order": False, "shape": shape}
    written = io.BytesIO()
    np.lib.format.write_array_header_1_0(written, head)
    file.write(written.getvalue())
