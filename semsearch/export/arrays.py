"""numpy's files: a matrix in .npy with a second file of ids, or both in one .npz. Nothing is pickled."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from semsearch.export.outgoing import Outgoing


def write_npy(out: Outgoing, path: Path, ids: Path) -> None:
    """float32 (count, dim) in row order, and the ids in the same order, one per line."""
    with path.open("wb") as file, ids.open("w", encoding="utf-8", newline="\n") as lines:
        _write_header(file, "<f4", (out.count, out.collection.dim))
        for block in out.blocks():
            file.write(block.vectors.astype("<f4").tobytes())
            lines.writelines(f"{key}\n" for key in out.checked_keys(block, "\n\r", "a line of an ids file"))


def write_npz(out: Outgoing, path: Path, _: Path) -> None:
    """`vectors` float32 (count, dim) and `ids` (count,), int64 or text of the width of the longest id."""
    with zipfile.ZipFile(path, "w", allowZip64=True) as archive:
        longest = 1  # characters of an id
        with archive.open("vectors.npy", "w", force_zip64=True) as file:
            _write_header(file, "<f4", (out.count, out.collection.dim))
            for block in out.blocks():
                file.write(block.vectors.astype("<f4").tobytes())
                longest = max(longest, *(len(str(key)) for key in block.keys))
        dtype = "<i8" if out.has_integers else f"<U{longest}"
        with archive.open("ids.npy", "w", force_zip64=True) as file:
            _write_header(file, dtype, (out.count,))
            for block in out.blocks():
                file.write(np.array(block.keys, dtype).tobytes())


def _write_header(file: IO[bytes], dtype: str, shape: tuple[int, ...]) -> None:
    """Write the header of an .npy file (numpy.lib.format, version 1.0); the values follow in C order."""
    header: dict[str, Any] = {"descr": dtype, "fortran_order": False, "shape": shape}
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, header)
    file.write(content.getvalue())
